"""The size of the container's Python packages."""

from collections.abc import Iterable
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from github_avatars.evaluation.tables import table

LISTED = 8
"""Packages in the table; the others are summed up."""


def measure(_: int) -> dict[str, Any]:
    """Return the bytes of each package on disk, without compiled Python files."""
    names = with_dependencies(["github-avatars", "cog"]) - {"github-avatars"}
    return {"packages": {name: _size(name) for name in sorted(names)}}


def with_dependencies(names: Iterable[str]) -> set[str]:
    """Return the names of these distributions and of everything they require in this environment."""
    required: set[str] = set()
    pending = set(map(canonicalize_name, names))
    while pending:
        name = pending.pop()
        required.add(name)
        for requirement in map(Requirement, distribution(name).requires or ()):
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                pending.add(canonicalize_name(requirement.name))
        pending -= required
    return required


def _size(name: str) -> int:
    package = distribution(name)
    paths = [Path(str(package.locate_file(file))) for file in package.files or ()]
    return sum(path.stat().st_size for path in paths if path.suffix != ".pyc" and path.exists())


def section(results: dict[str, Any]) -> str:
    """Write the section of the page."""
    sizes = sorted(results["packages"].items(), key=lambda item: -item[1])
    others = sizes[LISTED:]
    rows = [(name, f"{size / 1e6:.1f}") for name, size in sizes[:LISTED]]
    rows.append((f"{len(others)} others", f"{sum(size for _, size in others) / 1e6:.1f}"))
    return f"""\
## The image

The container's Python packages take {sum(results["packages"].values()) / 1e6:.1f} MB, without Python and the system.

{table(("package", "MB"), rows)}
"""
