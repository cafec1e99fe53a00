"""The lock files that script/lock writes, read with the parser that pip uses."""

import re
from typing import NamedTuple

from packaging.requirements import Requirement

from tests.support.processes import ROOT


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
