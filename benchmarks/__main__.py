"""Runs the benchmarks and writes docs/benchmarks.json and docs/benchmarks.md."""

import argparse
import json
import platform
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.against import checkout
from benchmarks.page import DOCS, PARTS, load_results, render
from github_avatars.cli.process import print_error
from github_avatars.errors import GitHubAvatarsError
from github_avatars.files import write_atomically
from github_avatars.training.fitting import versions

COMPARED = ("picture", "server", "start", "scan")
"""The parts that can measure the code of another commit in the same rounds."""


def describe_machine() -> dict[str, str]:
    """Return the date, the processors, and the versions of Python and the packages that the results depend on."""
    today = datetime.now(UTC).date().isoformat()
    return {"date": today, "machine": _processors(), **versions("requests", "cog")}


def _processors() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{len(models)} × {models[0]}" if models else f"{platform.system()}, {platform.machine()}"


def main(words: Sequence[str] | None = None) -> int:
    """Parse the command line and measure. Return 1 after an error."""
    parser = argparse.ArgumentParser(prog="script/benchmark", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"any of {', '.join(PARTS)} (default: all)")
    parser.add_argument("--rounds", type=int, default=10, help="how often to measure each candidate (default: 10)")
    parser.add_argument("--docs", type=Path, default=DOCS, help="folder of benchmarks.json and benchmarks.md")
    parser.add_argument(
        "--against", metavar="COMMIT", help=f"measure the code of this commit, too, in {', '.join(COMPARED)}"
    )
    arguments = parser.parse_args(words)
    if arguments.rounds < 2:
        parser.error("--rounds must be at least 2")
    if unknown := set(arguments.parts) - set(PARTS):
        parser.error(f"unknown part {', '.join(sorted(unknown))}: use any of {', '.join(PARTS)}")
    try:
        results = load_results(arguments.docs)
        with checkout(arguments.against) if arguments.against else nullcontext() as other:
            for part in arguments.parts or PARTS:
                print(f"Measuring {part} …", file=sys.stderr)
                options = {"other": other} if other and part in COMPARED else {}
                results[part] = {
                    "made": describe_machine(),
                    "measured": PARTS[part].measure(arguments.rounds, **options),
                }
                # Written after each part, so that an interruption loses only one part.
                write_atomically(arguments.docs / "benchmarks.json", json.dumps(results, indent=1) + "\n")
                write_atomically(arguments.docs / "benchmarks.md", render(results))
    except (GitHubAvatarsError, OSError) as error:
        return print_error(error)
    return 0


if __name__ == "__main__":
    sys.exit(main())
