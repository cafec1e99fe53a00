"""The real server and the stand-in for GitHub as processes of their own, and what the server holds meanwhile."""

import http.client
import json
import os
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

PATIENCE = 60.0
"""Seconds after which something that usually comes at once counts as never to come."""

Found = TypeVar("Found")


def eventually(happened: Callable[[], Found]) -> Found:
    """The first true thing that `happened` gives. Raises TimeoutError where none comes."""
    end = time.monotonic() + PATIENCE
    while not (found := happened()):
        if time.monotonic() > end:
            raise TimeoutError("the server or the stand-in for GitHub does not start, or does not come to rest")
        time.sleep(0.05)
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
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)

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
    """A server over the stand-in, both with their files in `folder`; ready, and ended with the `with`.

    Raises TimeoutError where it does not get ready.
    """
    temporary = folder / "temporary"
    temporary.mkdir()
    address, port = folder / "stand-in", _free_port()
    with _running("github_avatars.demo", output=address):
        github = eventually(lambda: address.read_text().strip())
        command = ("github_avatars.local", "serve", "--port", str(port))
        with _running(*command, output=folder / "log", GITHUB_URL=github, TMPDIR=str(temporary)) as group:
            server = Server(port, group, github, temporary)
            eventually(server.is_ready)
            yield server


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@contextmanager
def _running(module: str, *arguments: str, output: Path, **variables: str) -> Iterator[int]:
    """`python -m module` in a process group of its own, whose id this gives; all of it ends with the `with`."""
    steering = ("COG_", "GITHUB_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(steering)}
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            env=kept | variables,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process.pid
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
