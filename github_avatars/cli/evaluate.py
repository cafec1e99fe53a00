"""github-avatars evaluate."""

import argparse
from pathlib import Path

from github_avatars.cli.command import Among, add_json, bar, command, write_json


def add(among: Among) -> None:
    """Add the command."""
    evaluate = command(among, "evaluate", run)
    evaluate.add_argument(
        "directory", type=Path, metavar="DIR", help="folder with default/ and custom/, or an index.csv"
    )
    add_json(evaluate)


def run(arguments: argparse.Namespace) -> None:
    """Score the classifier on a folder of labelled pictures."""
    from github_avatars.evaluation import evaluating

    result = evaluating.evaluate(arguments.directory, progress=bar("picture"))
    print(evaluating.as_text(result))
    write_json(arguments, result.as_json())
