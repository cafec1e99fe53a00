"""The lock files that script/lock writes, read with the parser that pip uses, and commands that need a registry."""

import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
from packaging.requirements import Requirement

from tests.support.processes import ROOT

NETWORK_ERROR = re.compile(
    r"error sending request|dns error|failed to lookup|Connection(Error| ?refused)|NewConnection|timed? ?out"
)
"""Matches the output of pip and uv if the package registry is unreachable."""


class Pin(NamedTuple):
    """One package of a lock file."""

    requirement: Requirement
    hashes: frozenset[str]

    @property
    def name(self) -> str:
        return self.requirement.name

    @property
    def version(self) -> str:
        """The pinned version. Fails unless exactly one version is allowed."""
        (specifier,) = self.requirement.specifier
        assert specifier.operator == "==", self.requirement
        return specifier.version


def logical_lines(name: str) -> list[str]:
    """The lines of a requirements file without comments; lines that end with a backslash are joined with the next."""
    text = re.sub(r"\\\n\s*", "", (ROOT / name).read_text())
    return [line for line in text.splitlines() if not line.startswith("#")]


def pins(name: str) -> list[Pin]:
    """The packages of a lock file, whose first line is an option for pip."""
    split = [line.split("--hash=") for line in logical_lines(name)[1:]]
    return [Pin(Requirement(package), frozenset(map(str.strip, hashes))) for package, *hashes in split]


def run_or_skip(
    command: Sequence[str | Path], folder: Path, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command that needs the package registry. Skips the test if the registry is unreachable."""
    result = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    if result.returncode and NETWORK_ERROR.search(result.stderr):
        pytest.skip("the package registry is unreachable")
    return result
