"""What several test files stand on: the stand-in for GitHub over avatars/, and Cog's real server as a process."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Self

import pytest

from github_avatars.demo import GitHubStandIn

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 60.0
"""Seconds after which a test gives up on something that usually comes at once."""

# Of a shell without job control, what runs in the background ignores Ctrl-C, and so would all that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)


def eventually(happened: Callable[[], Any], failing: Callable[[], str] = str) -> Any:
    """The first true thing that `happened` gives; a failure, told by `failing`, where it gives none for too long."""
    end = time.monotonic() + PATIENCE
    while not (found := happened()):
        assert time.monotonic() < end, failing()
        time.sleep(0.02)
    return found


def in_time(function: Callable[[], Any]) -> Any:
    """What `function` gives or raises; a TimeoutError where it hangs, and then nobody waits for its end."""
    outcome: Future[Any] = Future()

    def run() -> None:
        try:
            outcome.set_result(function())
        except BaseException as error:
            outcome.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return outcome.result(PATIENCE)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    return port


def clean_environment(**variables: str) -> dict[str, str]:
    """This process's environment without what steers Cog, Python or the project, and with `variables`."""
    steering = ("COG_", "GITHUB_", "PYTHON")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(steering) and name != "PORT"}
    return kept | variables


def living_processes(group: int) -> list[int]:
    """The ids of the processes of a group that have not ended, by Linux's /proc."""
    living = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # ended meanwhile
            state, _, its_group = status.read_text().rpartition(")")[2].split()[:3]
            if int(its_group) == group and state != "Z":
                living.append(int(status.parent.name))
    return living


class CogServer:
    """Cog's HTTP server, started by `command` in a process group of its own that lasts no longer than the `with`."""

    def __init__(
        self, command: Sequence[str | Path], folder: Path, port: int, environment: Mapping[str, str], output: Path
    ) -> None:
        self.port = port
        self.stdout = output / "stdout"
        self.stderr = output / "stderr"
        with self.stdout.open("wb") as stdout, self.stderr.open("wb") as stderr:
            self.process = subprocess.Popen(
                command, cwd=folder, env=environment, stdout=stdout, stderr=stderr, start_new_session=True
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        patience: float = PATIENCE,
    ) -> tuple[int, Any]:
        """The status and the decoded JSON of one answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=patience)
        try:
            content = None if body is None else json.dumps(body)
            connection.request(method, path, content, {"Content-Type": "application/json", **(headers or {})})
            response = connection.getresponse()
            return response.status, json.loads(response.read() or "null")
        finally:
            connection.close()

    def predict(self, **inputs: object) -> dict[str, Any]:
        """What an accepted prediction comes to: the whole answer, succeeded or failed."""
        status, answer = self.ask("POST", "/predictions", {"input": inputs})
        assert status == 200, answer
        assert isinstance(answer, dict)
        return answer

    def health(self) -> dict[str, Any]:
        """The answer of /health-check; empty while the server does not listen yet."""
        try:
            status, answer = self.ask("GET", "/health-check")
        except (ConnectionError, http.client.HTTPException):
            assert self.process.poll() is None, self.log()
            return {}
        assert status == 200
        return dict(answer)

    def when(self, status: str) -> dict[str, Any]:
        """The answer of /health-check as soon as the server is in this state."""
        healths: list[dict[str, Any]] = [{}]

        def reached() -> bool:
            healths.append(self.health())
            settled = {"READY", "SETUP_FAILED", "DEFUNCT"} - {status}
            assert healths[-1].get("status") not in settled, f"{healths[-1]}\n{self.log()}"
            return healths[-1].get("status") == status

        eventually(reached, lambda: f"{healths[-1]}\n{self.log()}")
        return healths[-1]

    def log(self) -> str:
        return self.stderr.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def github_for_all() -> Iterator[GitHubStandIn]:
    """The stand-in whose address long-lived servers are given. A test takes `github`, which is this one made clean."""
    with GitHubStandIn() as standin:
        yield standin


@pytest.fixture
def github(github_for_all: GitHubStandIn) -> Iterator[GitHubStandIn]:
    """The stand-in for GitHub over avatars/, with nothing asked of it yet and no faults."""
    # A test may leave requests behind whose answers nobody waits for.
    eventually(lambda: not github_for_all.in_flight)
    github_for_all.requests.clear()
    github_for_all.most_in_flight = 0
    yield github_for_all
    github_for_all.faults.clear()


@pytest.fixture(scope="module")
def start_cog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., CogServer]]:
    """Starts Cog's server in `folder` for the predictor in `project`; it ends with the module's tests at the latest.

    Keyword arguments are environment variables.
    """
    with ExitStack() as servers:

        def start(folder: Path, github_url: str, project: Path = ROOT, **variables: str) -> CogServer:
            port = free_port()
            environment = clean_environment(
                COG_PREDICT_TYPE_STUB=f"{project / 'predict.py'}:Predictor",
                COG_MAX_CONCURRENCY="32",
                PORT=str(port),
                GITHUB_URL=github_url,
                PYTHONPATH=str(project),
                # Cog starts its worker as `python`.
                PATH=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
                **variables,
            )
            command = [sys.executable, "-m", "cog.server.http", "--host", "127.0.0.1"]
            output = tmp_path_factory.mktemp("server")
            return servers.enter_context(CogServer(command, folder, port, environment, output))

        yield start
