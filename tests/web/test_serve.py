"""The command `serve` as a process."""

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from github_avatars.cli import command_line
from github_avatars.demo import MODES, GitHubStandIn
from tests.support.processes import ROOT, clean_environment
from tests.support.sites import UPLOAD, receive, request
from tests.support.timing import TIMEOUT, wait_until


@contextmanager
def started(*words: str | Path, folder: Path, **variables: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """The server as a process on a free port, and that port."""
    process = subprocess.Popen(
        [*words, "--port", "0"],
        cwd=folder,
        env=clean_environment(**variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stdout
            address = process.stdout.readline().strip()
            assert re.fullmatch(r"http://127\.0\.0\.1:\d+", address)
            yield process, int(address.rpartition(":")[2])
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_demo_is_served_until_a_signal(number: int, tmp_path: Path) -> None:
    with started(ROOT / "script" / "web", "--demo", folder=tmp_path) as (process, port):
        assert request(port, "/octocat.json").json["prediction"] == "custom"
        assert request(port, "/api/about").json["demo"] is True
        assert request(port, "/", headers={"Host": "evil.example"}).status == 403
        assert "server" not in request(port, "/").headers
        process.send_signal(number)
        assert process.communicate(timeout=TIMEOUT) == ("", "")
        assert process.returncode == 0
    assert list(tmp_path.iterdir()) == []


def test_waiting_clients_learn_of_the_shutdown(github: GitHubStandIn, tmp_path: Path) -> None:
    github.faults["/octocat.png"] = MODES["silence"].fault
    command = (sys.executable, "-m", "github_avatars.cli", "serve")
    variables = {"GITHUB_URL": github.url, "PYTHONPATH": str(ROOT)}
    with started(*command, folder=tmp_path, **variables) as (process, port), ThreadPoolExecutor() as threads:
        waiting = threads.submit(request, port, "/octocat.json")
        wait_until(lambda: github.requests["/octocat.png"])
        with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT) as upload:
            upload.sendall(UPLOAD % 100)
            assert upload.recv(1000).startswith(b"HTTP/1.1 100 ")
            process.terminate()
            for response in (receive(upload), waiting.result()):
                assert response.status == 429
                assert response.json["message"].startswith("This page's server is shutting down: ")
        assert process.communicate(timeout=TIMEOUT) == ("", "")
        assert process.returncode == 0


def error_of(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """The line that the command prints when it fails."""
    assert command_line.main(["serve", *words]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    return captured.err


def test_unusable_address_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = error_of(capsys, "--port", str(port))
    assert line == (
        f"error: 127.0.0.1, port {port}, cannot be used (Address already in use): give another --port or --host.\n"
    )
    assert error_of(capsys, "--port", "99999").startswith("error: There is no port 99999: ")
    assert "cannot be used" in error_of(capsys, "--host", "no.such.host.invalid")


def test_missing_package_is_an_error() -> None:
    program = (
        "import sys; sys.modules['uvicorn'] = None\n"
        "from github_avatars import cli; sys.exit(cli.main(['serve', '--demo']))"
    )
    process = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert (process.returncode, process.stdout) == (1, "")
    assert process.stderr == "error: The package uvicorn is missing: pip install 'github-avatars[web]'\n"
