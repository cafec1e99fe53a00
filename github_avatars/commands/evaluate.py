"""github-avatars evaluate."""

import argparse
from pathlib import Path

from github_avatars.commands import Among, add_json, bar, command, write_json


def add(among: Among) -> None:
    """Add the command."""
    evaluate = command(among, "evaluate", run)
    evaluate.add_argument(
        "directory", type=Path, metavar="DIR", help="folder with default/ and custom/, or an index.csv"
    )
    add_json(evaluate)


def run(arguments: argparse.Namespace) -> None:
    """Score the classifier on a folder of labelled pictures."""
    from github_avatars import evaluation

    result = evaluation.evaluate(arguments.directory, progress=bar("picture"))
    print(evaluation.as_text(result))
    write_json(arguments, result.as_json())
