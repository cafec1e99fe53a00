"""Servers and the stand-in for GitHub as processes of their own, and what a server holds meanwhile."""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from github_avatars.github import CONNECTIONS

ROOT = Path(__file__).resolve().parent.parent

FLOOR = [sys.executable, "-m", "cog.server.http", "--host", "127.0.0.1"]
"""The command that serves a Predictor of floors/."""

TIMEOUT = 60.0
"""Seconds after which something that usually comes at once counts as never to come."""

Found = TypeVar("Found")


def wait_until(happened: Callable[[], Found], pause: float = 0.05) -> Found:
    """The first true thing that `happened` gives, asked every `pause` seconds. Raises TimeoutError where none comes."""
    end = time.monotonic() + TIMEOUT
    while not (found := happened()):
        if time.monotonic() > end:
            raise TimeoutError("the server or the stand-in for GitHub does not start, or does not come to rest")
        time.sleep(pause)
    return found


@dataclass(frozen=True)
class Use:
    """What the server's processes hold: resident memory in bytes, summed over them, and open file descriptors."""

    memory: int
    descriptors: int


@dataclass(frozen=True)
class Server:
    """A server that runs: its port on 127.0.0.1, its process group, and where it asks and puts temporary files."""

    port: int
    group: int
    github: str
    temporary: Path

    def connection(self) -> http.client.HTTPConnection:
        """A connection to it, to be closed."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT)

    def is_ready(self) -> bool:
        """Whether it takes predictions."""
        with closing(self.connection()) as connection:
            try:
                connection.request("GET", "/health-check")
                return bool(json.loads(connection.getresponse().read())["status"] == "READY")
            except (OSError, http.client.HTTPException):
                return False

    def use(self) -> Use:
        """What its processes hold at this moment, by Linux's /proc."""
        memory = descriptors = 0
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # it may end meanwhile
                if int((process / "stat").read_text().rpartition(")")[2].split()[2]) == self.group:
                    memory += int((process / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
                    descriptors += len(list((process / "fd").iterdir()))
        return Use(memory, descriptors)


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """Our server over the stand-in, both with their files in `folder`; ready, and ended with the `with`.

    Raises TimeoutError where it does not get ready.
    """
    with stand_in(folder) as github, ours(folder / "ours", github) as server:
        yield server


@contextmanager
def stand_in(folder: Path, latency: float = 0.0) -> Iterator[str]:
    """The address of a stand-in for GitHub that waits `latency` seconds before each of its answers."""
    address = folder / "stand-in"
    command = [sys.executable, "-m", "github_avatars", "demo", "--latency", str(latency)]
    with running(command, address, ROOT):
        yield wait_until(lambda: address.read_text().strip())


@contextmanager
def ours(folder: Path, github: str) -> Iterator[Server]:
    """Our server, ready, with its files in the new `folder`."""
    port = free_port()
    command = [sys.executable, "-m", "github_avatars.cli.local", "serve", "--port", str(port)]
    with _ready(command, folder, ROOT, port, github) as server:
        yield server


@contextmanager
def floor(name: str, folder: Path, github: str) -> Iterator[Server]:
    """The server with another Predictor, floors/NAME.py, ready, with its files in the new `folder`."""
    port = free_port()
    with _ready(FLOOR, folder, folder, port, github, **of_floor(name, folder, port)) as server:
        yield server


def of_floor(name: str, folder: Path, port: int) -> dict[str, str]:
    """The environment in which FLOOR serves floors/NAME.py out of `folder`, by the same contract as ours."""
    (folder / ".cog").mkdir(parents=True, exist_ok=True)
    shutil.copyfile(ROOT / "openapi.json", folder / ".cog" / "openapi_schema.json")
    return {
        "COG_PREDICT_TYPE_STUB": f"{ROOT / 'benchmarks' / 'floors' / name}.py:Predictor",
        "COG_MAX_CONCURRENCY": str(CONNECTIONS),
        "PORT": str(port),
        # Cog starts its worker as `python`.
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "MALLOC_ARENA_MAX": "1",
    }


@contextmanager
def _ready(command: list[str], folder: Path, where: Path, port: int, github: str, **variables: str) -> Iterator[Server]:
    temporary = folder / "temporary"
    temporary.mkdir(parents=True)
    variables |= {"GITHUB_URL": github, "TMPDIR": str(temporary)}
    with running(command, folder / "log", where, **variables) as process:
        server = Server(port, process.pid, github, temporary)
        wait_until(server.is_ready)
        yield server


def free_port() -> int:
    """A port on 127.0.0.1 that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@contextmanager
def running(command: list[str], output: Path, where: Path, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    """A command in the folder `where`, in a process group of its own, all of which ends with the `with`."""
    steering = ("COG_", "GITHUB_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(steering)}
    with output.open("wb") as file:
        process = subprocess.Popen(
            command,
            cwd=where,
            env=kept | variables,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
