"""What script/report runs: an evaluation, made first where there is none, as an HTML page."""

import argparse
import subprocess
import sys
from pathlib import Path

from github_avatars.cli import command_line

ROOT = Path(__file__).resolve().parents[3]
AVATARS = ROOT / "avatars"
EVALUATION = ROOT / "docs" / "evaluation.json"
REPORT = ROOT / "build" / "report.html"


def main() -> int:
    """Parse the command line, evaluate where needed, write the page and print its path; 1 for an error."""
    parser = argparse.ArgumentParser(prog="script/report", description="Make one HTML page of an evaluation.")
    parser.add_argument(
        "evaluation",
        type=Path,
        nargs="?",
        help="what evaluate --json wrote (default: docs/evaluation.json, made first where missing)",
    )
    parser.add_argument("--avatars", type=Path, default=AVATARS, help="the folder evaluated (default: avatars/)")
    parser.add_argument("-o", "--output", type=Path, default=REPORT, help="the page (default: build/report.html)")
    arguments = parser.parse_args()
    if arguments.avatars != AVATARS and arguments.evaluation is None:
        parser.error("--avatars also needs the evaluation of that folder")
    if arguments.evaluation is None and not EVALUATION.exists():
        # Standard output is for the page's path alone.
        evaluated = subprocess.run([ROOT / "script" / "evaluate"], stdout=sys.stderr, check=False)  # noqa: S603
        if evaluated.returncode:
            return evaluated.returncode
    if arguments.output == REPORT:
        REPORT.parent.mkdir(exist_ok=True)
    evaluation = arguments.evaluation or EVALUATION
    return command_line.main(["report", str(evaluation), str(arguments.avatars), "-o", str(arguments.output)])


if __name__ == "__main__":
    sys.exit(main())
