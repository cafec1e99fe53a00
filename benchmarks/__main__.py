"""Runs the benchmarks and writes docs/benchmarks.json and docs/benchmarks.md."""

import argparse
import importlib
import json
import platform
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from github_avatars.errors import BadDataset, GitHubAvatarsError

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("picture", "server", "start", "scan", "packages", "growth")
"""The modules of this package that measure, in the order of the page; each has measure(rounds) and page(found)."""

VERSIONS = ("numpy", "pillow", "scikit-learn", "requests", "cog", "torch")

HEAD = """\
# Benchmarks

`script/benchmark` writes this page and [benchmarks.json](benchmarks.json), all of it or the parts that it is given by
name. The ratios are what counts: whatever is compared took turns in one run. A time is processor time, unless something
else is said: the median, and in brackets the middle half of what was seen.
"""


def machine() -> dict[str, Any]:
    """What the measuring was done on and with."""
    found = {"date": datetime.now(UTC).date().isoformat(), "machine": _processor(), "python": platform.python_version()}
    for name in VERSIONS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return f"{platform.system()}, {platform.machine()}"
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{len(models)} × {models[0]}" if models else f"{platform.system()}, {platform.machine()}"


def page(found: dict[str, Any]) -> str:
    """All that has been measured, as Markdown."""
    sections = [HEAD]
    for part in PARTS:
        if part not in found:
            continue
        made = dict(found[part]["made"])
        where = f"{made.pop('date')}, {made.pop('machine')}, " + ", ".join(
            f"{key} {value}" for key, value in made.items()
        )
        sections.append(f"{_module(part).page(found[part]['measured']).strip()}\n\nMeasured on {where}.\n")
    return "\n".join(sections)


def _module(part: str) -> Any:
    return importlib.import_module(f"benchmarks.{part}")


def main(words: Sequence[str] | None = None) -> int:
    """Parse the command line and measure; 1 for an error, told in one line."""
    parser = argparse.ArgumentParser(prog="script/benchmark", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"any of {', '.join(PARTS)} (default: all)")
    parser.add_argument("--rounds", type=int, default=15, help="how often each thing is measured (default: 15)")
    parser.add_argument("--docs", type=Path, default=ROOT / "docs", help="folder of the page and its data")
    arguments = parser.parse_args(words)
    if arguments.rounds < 2:
        parser.error("--rounds must be at least 2")
    if unknown := set(arguments.parts) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}: give any of {', '.join(PARTS)}")
    results = arguments.docs / "benchmarks.json"
    try:
        found = _known(results)
        for part in arguments.parts or PARTS:
            print(f"Measuring: {part} …", file=sys.stderr)
            found[part] = {"made": machine(), "measured": _module(part).measure(arguments.rounds)}
            # Written after each part, so that what ends a later one costs nothing.
            results.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
            (arguments.docs / "benchmarks.md").write_text(page(found), encoding="utf-8")
            if part == "growth":
                _module(part).draw(found[part]["measured"], arguments.docs)
    except (GitHubAvatarsError, OSError) as error:
        print("error:", " ".join(str(error).splitlines()), file=sys.stderr)
        return 1
    return 0


def _known(results: Path) -> dict[str, Any]:
    try:
        known: dict[str, Any] = json.loads(results.read_bytes()) if results.exists() else {}
    except ValueError as error:
        raise BadDataset(f"{results} is not JSON ({error}): restore it from the repository, or delete it.") from error
    return known


if __name__ == "__main__":
    sys.exit(main())
