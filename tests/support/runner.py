"""A process that has imported the command, and forks for each run: starting takes milliseconds instead of a second."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.processes import ROOT, clean_environment

PROGRAM = """
import json, os, sys
from github_avatars.cli import command_line
from github_avatars.scan import Scan, formats
from github_avatars.cli import progress
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os._exit(command_line.main(json.loads(line)))
    print(child, flush=True)
    _, status = os.waitpid(child, 0)
    print(os.waitstatus_to_exitcode(status), flush=True)
"""


class Run:
    """A run of the command in a process of its own."""

    def __init__(self, runner: "subprocess.Popen[str]", words: list[str]) -> None:
        assert runner.stdin
        assert runner.stdout
        self._runner = runner
        runner.stdin.write(json.dumps(words) + "\n")
        runner.stdin.flush()
        self.pid = int(runner.stdout.readline())

    def wait(self) -> int:
        """The exit code, negative for a signal."""
        assert self._runner.stdout
        return int(self._runner.stdout.readline())


class Runner:
    """Starts runs of the command, one after the other."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def start(self, *words: str | Path) -> Run:
        """Start a run. Wait for its end before starting the next one."""
        return Run(self._process, [str(word) for word in words])


@contextmanager
def runner(folder: Path, **variables: str) -> Iterator[Runner]:
    """A runner whose runs have this working directory and these environment variables."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        cwd=folder,
        env=clean_environment(PYTHONPATH=str(ROOT), **variables),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        try:
            yield Runner(process)
        finally:
            assert process.stdin
            process.stdin.close()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
