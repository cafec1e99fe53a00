"""Processes that tests and benchmarks start: the project's folder, clean environments, free ports, output."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from tests.support.timing import TIMEOUT

ROOT = Path(__file__).resolve().parents[2]

# A background job of a shell without job control ignores SIGINT, a job under nohup ignores SIGHUP, and so would all
# processes that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)


def free_port() -> int:
    """A port on 127.0.0.1 on which no process listens."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port: int = sock.getsockname()[1]
    return port


def clean_environment(**variables: str) -> dict[str, str]:
    """This process's environment without the variables that configure Cog, Python or the project, but with these."""
    prefixes = ("COG_", "GITHUB_", "PYTHON")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(prefixes) and name != "PORT"}
    return kept | variables


def run(
    command: Sequence[str | Path],
    *,
    folder: Path = ROOT,
    environment: Mapping[str, str] | None = None,
    stdin: str = "",
    timeout: float = TIMEOUT,
) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end and return its exit code and output (default: in a clean environment)."""
    return subprocess.run(
        command,
        cwd=folder,
        env=clean_environment() if environment is None else environment,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=timeout,
    )


def run_python(program: str, *arguments: str | Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run a Python program in the project's folder, with these environment variables."""
    return run([sys.executable, "-c", program, *arguments], environment=clean_environment(**variables))


def living_processes(group: int) -> list[int]:
    """The ids of the processes of a process group that have not ended, from Linux's /proc."""
    living = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # the process has ended in the meantime
            state, _, process_group = status.read_text().rpartition(")")[2].split()[:3]
            if int(process_group) == group and state != "Z":
                living.append(int(status.parent.name))
    return living
