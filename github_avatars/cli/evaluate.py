"""github-avatars evaluate."""

import argparse
from dataclasses import asdict

from github_avatars.cli.command import (
    Subparsers,
    add_command,
    add_directory,
    add_json,
    dataset_files,
    json_output,
    progress_bar,
    write_json,
)


def add(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = add_command(subparsers, "evaluate", run)
    add_directory(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> None:
    """Score the classifier on a folder of labeled pictures."""
    from github_avatars.evaluation import evaluating, tables

    with json_output(arguments.json, dataset_files(arguments.directory)) as file:
        evaluation = evaluating.evaluate(arguments.directory, progress=progress_bar("picture"))
        print(tables.as_text(evaluation))
        write_json(file, asdict(evaluation))
