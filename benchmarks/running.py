"""Start servers and the stand-in for GitHub as separate processes, and measure what a server uses."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.support.cog_server import COMMAND, CogServer, add_schema, cog_variables
from tests.support.processes import ROOT, clean_environment, free_port


@dataclass(frozen=True)
class Usage:
    """The resident memory in bytes and the open file descriptors of a process group."""

    memory: int
    descriptors: int


def measure_usage(group: int) -> Usage:
    """Sum up what the processes of a group use, from Linux's /proc."""
    memory = descriptors = 0
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # the process may end meanwhile
            if int((process / "stat").read_text().rpartition(")")[2].split()[2]) == group:
                memory += int((process / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
                descriptors += len(list((process / "fd").iterdir()))
    return Usage(memory, descriptors)


def processor_seconds(group: int) -> float:
    """The processor seconds that the processes of a group have used so far, from Linux's /proc."""
    ticks = 0
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # the process may end meanwhile
            fields = (process / "stat").read_text().rpartition(")")[2].split()
            if int(fields[2]) == group:
                ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


@contextmanager
def stand_in(**options: object) -> Iterator[str]:
    """Run the stand-in for GitHub with these command-line options, and yield its URL."""
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    command = [sys.executable, "-m", "github_avatars", "demo", *words]
    environment = clean_environment()
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            url = next(iter(process.stdout or ()), "").strip()
            if not url:
                raise RuntimeError("the stand-in for GitHub does not start")
            yield url
        finally:
            process.kill()


@contextmanager
def our_server(folder: Path, github: str = "", root: Path = ROOT) -> Iterator[CogServer]:
    """Start the server of the checkout in `root`, with its temporary files and its output in the new `folder`."""
    port = free_port()
    command = [sys.executable, "-m", "github_avatars.cli.local", "serve", "--port", str(port)]
    environment = _environment(folder, github) | {"PYTHONPATH": str(root)}
    with CogServer(command, root, port, environment, folder) as server:
        yield server


@contextmanager
def baseline_server(name: str, folder: Path, github: str = "") -> Iterator[CogServer]:
    """Start the server with the Predictor of baselines/NAME.py and our OpenAPI schema."""
    port = free_port()
    environment = _environment(folder, github)
    environment |= cog_variables(ROOT / "benchmarks" / "baselines" / f"{name}.py", port)
    add_schema(folder)
    with CogServer(COMMAND, folder, port, environment, folder) as server:
        yield server


def _environment(folder: Path, github: str) -> dict[str, str]:
    temporary = folder / "temporary"
    temporary.mkdir(parents=True)
    return clean_environment(TMPDIR=str(temporary), **({"GITHUB_URL": github} if github else {}))
