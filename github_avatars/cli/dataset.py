"""github-avatars dataset."""

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
from github_avatars.errors import BadDataset


def add(subparsers: Subparsers) -> None:
    """Add the commands."""
    dataset = subparsers.add_parser("dataset", help="Check a folder of labeled pictures.", allow_abbrev=False)
    parser = add_command(dataset.add_subparsers(metavar="COMMAND", required=True), "check", check)
    add_directory(parser)
    add_json(parser)


def check(arguments: argparse.Namespace) -> None:
    """Report duplicates, label conflicts, unreadable files and the balance of a folder of labeled pictures.

    The exit code is 1 if a file is unreadable, or if the same or nearly the same picture has both labels. Duplicates
    with one label are only reported; training keeps pictures with equal pixels on one side of each split.
    """
    from github_avatars.training import duplicates

    with json_output(arguments.json, dataset_files(arguments.directory)) as file:
        result = duplicates.check(arguments.directory, progress=progress_bar("picture"))
        print(duplicates.as_text(result))
        write_json(file, asdict(result))
    if problems := result.problems():
        raise BadDataset(f"{arguments.directory} cannot be trained on ({', '.join(problems)}): correct that.")
