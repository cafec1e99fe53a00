"""The image: megabytes of Python packages that the container installs, and of our files, against the bare needs."""

from collections.abc import Iterable
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from github_avatars.evaluation.tables import table

ROOT = Path(__file__).resolve().parent.parent

BARE = ("scikit-learn", "pillow", "cog")
"""What a service that classifies pictures with scikit-learn under Cog cannot do without."""


def measure(_: int) -> dict[str, Any]:
    """Bytes on disk, without compiled copies of Python files: of each package, and of our files."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    named = {canonicalize_name(name.strip()) for name, pinned, _ in (line.partition("==") for line in lines) if pinned}
    installed, bare = needs({*named, "cog"}), needs(BARE)
    carried = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    return {
        "packages": {name: {"bytes": _bytes(distribution(name)), "bare": name in bare} for name in sorted(installed)},
        "ours": {"files": len(carried), "bytes": sum((ROOT / name).stat().st_size for name in carried)},
    }


def needs(names: Iterable[str]) -> set[str]:
    """The distributions of these names, and all that they need in this environment."""
    found: set[str] = set()
    left = set(map(canonicalize_name, names))
    while left:
        name = left.pop()
        found.add(name)
        for text in distribution(name).requires or ():
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                left.add(canonicalize_name(requirement.name))
        left -= found
    return found


def _bytes(package: Distribution) -> int:
    paths = [Path(str(package.locate_file(file))) for file in package.files or ()]
    return sum(path.stat().st_size for path in paths if path.suffix != ".pyc" and path.exists())


def page(found: dict[str, Any]) -> str:
    """The section of the page."""
    packages = found["packages"]
    largest = sorted(packages, key=lambda name: -packages[name]["bytes"])
    total = sum(one["bytes"] for one in packages.values())
    bare = sum(one["bytes"] for one in packages.values() if one["bare"])
    rows = [(name, _mb(packages[name]["bytes"]), "yes" if packages[name]["bare"] else "") for name in largest]
    ours, names = found["ours"], ", ".join(BARE)
    return f"""\
## The image

The container's Python packages take {_mb(total)} MB. That is {total / bare:.3f} times the {_mb(bare)} MB of {names}
and all that they need. Our own {ours["files"]} files take {ours["bytes"] / 1000:.0f} kB. Python and the system under it
are not counted.

{table(("package", "MB", f"needed by {names}"), rows)}
"""


def _mb(size: int) -> str:
    return f"{size / 1e6:.1f}"


if __name__ == "__main__":
    print(page(measure(1)))
