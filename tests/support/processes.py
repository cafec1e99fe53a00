"""Processes that tests start: where the project is, clean environments, free ports."""

import os
import signal
import socket
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# A background job of a shell without job control ignores Ctrl-C, and so would everything that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)


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
