"""github-avatars evaluate."""

import argparse
from pathlib import Path

from github_avatars.cli.command import Subparsers, add_command, add_json, progress_bar, write_json


def add(subparsers: Subparsers) -> None:
    """Add the command."""
    evaluate = add_command(subparsers, "evaluate", run)
    evaluate.add_argument(
        "directory", type=Path, metavar="DIR", help="folder with default/ and custom/, or an index.csv"
    )
    add_json(evaluate)


def run(arguments: argparse.Namespace) -> None:
    """Score the classifier on a folder of labelled pictures."""
    from github_avatars.evaluation import evaluating

    result = evaluating.evaluate(arguments.directory, progress=progress_bar("picture"))
    print(evaluating.as_text(result))
    write_json(arguments.json, result.as_json())
