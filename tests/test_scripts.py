"""The scripts in script/, run as programs from a folder outside of the project."""

import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from github_avatars import identicon
from github_avatars.cli import local
from github_avatars.demo import AVATARS, Exchange, GitHubStandIn
from github_avatars.service import SLOTS
from github_avatars.training import dataset
from tests.support import processes
from tests.support.cog_server import CogServer
from tests.support.processes import ROOT, clean_environment, free_port, living_processes
from tests.support.requirements import run_or_skip
from tests.support.timing import TIMEOUT, wait_until

SCRIPTS = sorted((ROOT / "script").iterdir())
PYTHON_SCRIPTS = [script.name for script in SCRIPTS if 'exec "$root/.venv/bin/python"' in script.read_text()]


def run(script: str | Path, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a script until it ends; the options are those of `processes.run`."""
    return processes.run([ROOT / "script" / script, *arguments], **options)


def error_line(result: subprocess.CompletedProcess[str]) -> str:
    """The error of a script that fails with one line on standard error and nothing on standard output."""
    assert (result.returncode, result.stdout) == (1, ""), result
    assert result.stderr.endswith("\n")
    (line,) = result.stderr.splitlines()
    return line


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_script_is_executable_stops_at_the_first_failure_and_begins_with_its_purpose(script: Path) -> None:
    shebang, comment, *_ = script.read_text(encoding="utf-8").splitlines()
    assert shebang == "#!/usr/bin/env bash"
    assert re.match(r"# [A-Z].{20,}", comment)
    assert stat.S_IMODE(script.stat().st_mode) & 0o111 == 0o111
    assert "\nset -euo pipefail\n" in script.read_text(encoding="utf-8")
    subprocess.run(["bash", "-n", script], check=True)


@pytest.mark.parametrize("name", ["start", *PYTHON_SCRIPTS])
def test_help_works_in_any_folder(name: str, tmp_path: Path) -> None:
    result = run(name, "--help", folder=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("usage: ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["predict", "server"])
def test_unknown_option_is_reported_with_the_usage_of_the_script(name: str, tmp_path: Path) -> None:
    result = run(name, "--nonsense", folder=tmp_path)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith(f"usage: script/{name} ")
    assert result.stderr.endswith(f"\nscript/{name}: error: unrecognized arguments: --nonsense\n")


def test_predict_uses_the_github_of_the_environment(github: GitHubStandIn, tmp_path: Path) -> None:
    login = next(example.login for example in dataset.read_index(AVATARS) if example.label == "default")
    environment = clean_environment(GITHUB_URL=github.url)
    result = run("predict", "-i", f"username={login}", folder=tmp_path, environment=environment)
    expected = {"username": login, "href": f"{github.url}/{login}.png", "prediction": "default"}
    assert json.loads(result.stdout) == expected
    assert github.requests[f"/{login}.png"] == 1


def test_predict_resolves_a_file_relative_to_the_working_directory(tmp_path: Path) -> None:
    folder = tmp_path / "a folder"
    folder.mkdir()
    identicon.render(583231).save(folder / "ein Bild=1.png")
    result = run("predict", "-i", "image=@../a folder/ein Bild=1.png", folder=folder)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == '{"username": null, "href": null, "prediction": "default"}\n'


def test_predict_prints_an_error_as_one_line(tmp_path: Path) -> None:
    port = free_port()
    environment = clean_environment(GITHUB_URL=f"http://127.0.0.1:{port}")
    line = error_line(run("predict", "-i", "username=octocat", folder=tmp_path, environment=environment))
    assert line.startswith(f"error: 127.0.0.1:{port} ")
    assert "octocat" in line


WRONG_NUMBER = "Exactly one of username and image is required, but "


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (["username=no login"], "'no login' is not a valid GitHub login"),
        (["username="], "'' is not a valid GitHub login"),
        ([], f"{WRONG_NUMBER}neither"),
        (["username=octocat", "image=@/dev/null"], f"{WRONG_NUMBER}both"),
        (["login=octocat"], "-i login=octocat is "),
        (["octocat"], "-i octocat is "),
        (["line\nbreak"], "-i line break is "),
        (["username=a", "username=octocat"], "-i username=… "),
        (["image=picture.png"], "image is the text 'picture.png'"),
        (["image="], "image is the text ''"),
        (["username=@octocat"], "username is a file: "),
        (["image=@/dev/null"], "The image cannot be read (It is not a regular file)"),
        (["image=@gone.png"], "The image cannot be read (No such file"),
        (["image=@"], "The image cannot be read (Is a directory)"),
    ],
)
def test_predict_names_the_wrong_input(
    inputs: list[str], message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["", "predict", *(word for text in inputs for word in ("-i", text))])
    assert local.main() == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"error: {message}")
    assert err.index("\n") == len(err) - 1


def test_predict_names_a_bad_address_of_github(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["", "predict", "-i", "username=octocat"])
    for address in (
        "github.example.com",
        "ftp://github.example.com",
        "https://a.com/path",
        "http://[::1",
        "http://a:b",
    ):
        monkeypatch.setenv("GITHUB_URL", address)
        assert local.main() == 1
        assert capsys.readouterr().err == (
            f"error: GITHUB_URL is '{address}': give an address like https://github.example.com.\n"
        )


def test_interrupted_predict_ends_at_once_and_prints_nothing(github: GitHubStandIn, tmp_path: Path) -> None:
    arrived, release = threading.Event(), threading.Event()

    def wait_for_release(_: Exchange) -> bool:
        arrived.set()
        release.wait(TIMEOUT)
        return False

    github.faults["/octocat.png"] = wait_for_release
    process = subprocess.Popen(
        [ROOT / "script" / "predict", "-i", "username=octocat"],
        cwd=tmp_path,
        env=clean_environment(GITHUB_URL=github.url),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        try:
            assert arrived.wait(TIMEOUT)
            os.killpg(process.pid, signal.SIGINT)
            assert process.communicate(timeout=TIMEOUT) == ("", "")
            assert process.returncode == 130
            # The interrupted fetch is not retried.
            assert github.requests["/octocat.png"] == 1
        finally:
            release.set()
            process.kill()


def start_demo_server(folder: Path) -> CogServer:
    port = free_port()
    command: list[str | Path] = [ROOT / "script" / "server", "--demo", "--port", str(port)]
    return CogServer(command, folder, port, clean_environment(), folder)


@pytest.fixture(scope="module")
def demo_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CogServer]:
    (ROOT / ".cog" / "openapi_schema.json").unlink(missing_ok=True)
    with start_demo_server(tmp_path_factory.mktemp("server")) as server:
        server.wait_for_status("READY")
        yield server


def test_server_predicts_as_the_image_does(demo_server: CogServer) -> None:
    output = demo_server.predict(username="octocat")["output"]
    assert output["href"].startswith("http://127.0.0.1:")
    assert output == {"username": "octocat", "href": output["href"], "prediction": "custom"}
    assert f'"message":"Server ready","num_slots":{SLOTS},' in demo_server.log()
    schema = (ROOT / "openapi.json").read_bytes()
    assert (ROOT / ".cog" / "openapi_schema.json").read_bytes() == schema
    assert demo_server.request("GET", "/openapi.json") == (200, json.loads(schema))
    assert demo_server.request("POST", "/predictions", {"input": {"username": 5}})[0] == 422


def test_server_on_a_port_in_use_is_one_line(demo_server: CogServer, tmp_path: Path) -> None:
    line = error_line(run("server", "--port", str(demo_server.port), folder=tmp_path))
    assert line.startswith(f"error: Port {demo_server.port} ")
    assert "--port" in line
    assert demo_server.health()["status"] == "READY"


@pytest.mark.parametrize("port", ["99999", "0"])
def test_server_on_an_impossible_port_is_one_line(port: str, tmp_path: Path) -> None:
    line = error_line(run("server", "--port", port, folder=tmp_path))
    assert line == f"error: There is no port {port}: give one of 1 to 65535 with --port."


def test_sigterm_ends_the_server_its_worker_and_the_stand_in(tmp_path: Path) -> None:
    with start_demo_server(tmp_path) as server:
        server.wait_for_status("READY")
        stand_in = urlsplit(server.predict(username="octocat")["output"]["href"])
        if Path("/proc").is_dir():
            assert len(living_processes(server.process.pid)) >= 2
        server.process.terminate()
        assert server.process.wait(TIMEOUT) == 0
        wait_until(lambda: not living_processes(server.process.pid), lambda: "a process still runs")
        for port in (server.port, stand_in.port):
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT).close()
        assert server.stdout.read_bytes() == b""
        assert "Traceback" not in server.log()


def test_bootstrap_does_nothing_for_groups_that_are_up_to_date(tmp_path: Path) -> None:
    run("bootstrap", "test", folder=tmp_path)
    markers = [ROOT / ".venv" / f"installed-{group}" for group in ("serve", "train", "test")]
    before = [marker.stat().st_mtime_ns for marker in markers]
    for arguments in ([], ["serve"], ["train"], ["test"]):
        result = run("bootstrap", *arguments, folder=tmp_path)
        assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert [marker.stat().st_mtime_ns for marker in markers] == before


def test_bootstrap_names_the_groups(tmp_path: Path) -> None:
    result = run("bootstrap", "nonsense", folder=tmp_path)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == "script/bootstrap: there is no group nonsense: give serve, train, notebook or test.\n"


@pytest.mark.parametrize("installer", ["pip", "uv"])
def test_first_prediction_needs_less_than_400_megabytes_and_groups_accumulate(installer: str, tmp_path: Path) -> None:
    project = tmp_path / "a project"
    for name in subprocess.check_output(["git", "ls-files"], cwd=ROOT, text=True).splitlines():
        if (ROOT / name).exists():
            (project / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, project / name)
    tools = tmp_path / "tools"
    tools.mkdir()
    if installer == "uv":
        (tools / "uv").symlink_to(Path(sys.executable).with_name("uv"))
    folders = [folder for folder in os.environ["PATH"].split(os.pathsep) if not Path(folder, "uv").exists()]
    environment = clean_environment(PATH=os.pathsep.join([str(tools), *folders]))
    command: list[str | Path] = [project / "script" / "predict", "--demo", "-i", "username=octocat"]
    first = run_or_skip(command, tmp_path, environment)
    assert first.returncode == 0, first.stderr
    assert json.loads(first.stdout)["prediction"] == "custom"
    steps = re.findall("^script/bootstrap: .+ …$", first.stderr, re.MULTILINE)
    assert [step.split()[1] for step in steps] == ["creating", "installing", "installing"]
    files = (project / ".venv").rglob("*")
    assert sum(file.stat().st_blocks * 512 for file in files if file.is_file() and not file.is_symlink()) < 400e6
    assert run_or_skip(command, tmp_path, environment).stderr == ""

    def versions() -> set[str]:
        return {path.name for path in (project / ".venv" / "lib").glob("python*/site-packages/*.dist-info")}

    before = versions()
    assert "scikit_learn" not in str(before)
    train = run_or_skip([project / "script" / "bootstrap", "train"], tmp_path, environment)
    assert train.returncode == 0, train.stderr
    assert before < versions()
    assert run_or_skip(command, tmp_path, environment).stderr == ""


@pytest.fixture
def bare_path(tmp_path: Path) -> str:
    """A PATH with the tools of the scripts, but without Python and Cog."""
    folder = tmp_path / "tools"
    folder.mkdir()
    for name in ("bash", "cat", "dirname"):
        tool = shutil.which(name)
        assert tool
        (folder / name).symlink_to(tool)
    return str(folder)


def test_bootstrap_without_python_is_one_line(tmp_path: Path, bare_path: str) -> None:
    project = tmp_path / "a project"
    for name in ("script/bootstrap", "requirements/local.txt"):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, project / name)
    environment = clean_environment(PYTHON="/bin/false", PATH=bare_path)
    line = error_line(run(project / "script" / "bootstrap", folder=tmp_path, environment=environment))
    assert line.startswith("script/bootstrap: Python 3.11 or newer with venv is required: install it ")
    assert not (project / ".venv").exists()


def test_build_without_cog_is_one_line(tmp_path: Path, bare_path: str) -> None:
    line = error_line(run("build", folder=tmp_path, environment=clean_environment(PATH=bare_path)))
    assert line.startswith("script/build: the cog command is missing: install Cog (https://cog.run) and Docker, ")


def test_test_runs_every_check_of_the_commit_hooks() -> None:
    hooks = re.findall(r"entry: (.+)", (ROOT / ".pre-commit-config.yaml").read_text())
    commands = [re.sub(r" --(check|quiet|no-cache|force-exclude)\b| \.$", "", hook) for hook in hooks]
    script = re.sub(r" --(check|quiet|no-cache)\b| \.$", "", (ROOT / "script/test").read_text(), flags=re.MULTILINE)
    assert len(commands) == 4
    assert all(f"\n{command}\n" in script for command in commands)
