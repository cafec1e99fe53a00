"""Checkouts whose code is measured in the same run: this one, and one of another commit."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from github_avatars.errors import BadOption
from tests.support.processes import ROOT, clean_environment


@dataclass(frozen=True)
class Checkout:
    """A folder with the code of a commit."""

    name: str
    """What the tables call it."""
    root: Path


THIS = Checkout("ours", ROOT)


@contextmanager
def checkout(commit: str) -> Iterator[Checkout]:
    """A git worktree of a commit, which is removed at the end. It runs with the packages of this environment.

    Raises BadOption if there is no such commit.
    """
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "checkout"
        try:
            _git("worktree", "add", "--detach", str(root), f"{commit}^{{commit}}")
        except subprocess.CalledProcessError as error:
            raise BadOption(f"--against {commit}: git reports {error.stderr.strip()!r}; give a commit.") from error
        try:
            yield Checkout(f"commit {_git('-C', str(root), 'rev-parse', '--short', 'HEAD')}", root)
        finally:
            _git("worktree", "remove", "--force", str(root))


def _git(*words: str) -> str:
    result = subprocess.run(["git", *words], cwd=ROOT, check=True, capture_output=True, text=True)  # noqa: S607
    return result.stdout.strip()


class Worker:
    """A process that calls functions of worker.py with the code of a checkout."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def call(self, function: str, **arguments: object) -> float:
        """The seconds that the function reports."""
        if not self._process.stdin or not self._process.stdout:
            raise RuntimeError("the worker has no pipes")
        self._process.stdin.write(json.dumps([function, arguments]) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the worker failed in {function}")
        return float(line)


@contextmanager
def worker(measured: Checkout) -> Iterator[Worker]:
    """Start a worker, which ends with this context."""
    # With -P, the folder of the script, which has other modules, is not searched for imports.
    command = [sys.executable, "-P", str(ROOT / "benchmarks" / "worker.py")]
    variables = clean_environment(PYTHONPATH=str(measured.root))
    with subprocess.Popen(
        command, cwd=measured.root, env=variables, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        try:
            yield Worker(process)
        finally:
            process.kill()
