"""github-avatars report."""

import argparse
from pathlib import Path

from github_avatars.cli.command import Subparsers, add_command


def add(subparsers: Subparsers) -> None:
    """Add the command."""
    report = add_command(subparsers, "report", run)
    report.add_argument("evaluation", type=Path, metavar="JSON", help="what evaluate --json wrote")
    report.add_argument("directory", type=Path, metavar="DIR", help="the folder that was evaluated")
    report.add_argument("-o", "--output", type=Path, required=True, metavar="HTML", help="the page to write")


def run(arguments: argparse.Namespace) -> None:
    """Make one HTML page of an evaluation that `evaluate --json` wrote."""
    from github_avatars.evaluation import report

    page = report.page(report.read(arguments.evaluation), arguments.directory)
    arguments.output.write_text(page, encoding="utf-8")
    print(arguments.output)
