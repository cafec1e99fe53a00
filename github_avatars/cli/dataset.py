"""github-avatars dataset."""

import argparse
from dataclasses import asdict
from pathlib import Path

from github_avatars.cli.command import Subparsers, add_command, add_json, progress_bar, write_json
from github_avatars.errors import BadDataset


def add(subparsers: Subparsers) -> None:
    """Add the commands."""
    dataset = subparsers.add_parser("dataset", help="Look after a folder of labelled pictures.", allow_abbrev=False)
    one = add_command(dataset.add_subparsers(metavar="COMMAND", required=True), "check", check)
    one.add_argument("directory", type=Path, metavar="DIR", help="folder with default/ and custom/, or an index.csv")
    add_json(one)


def check(arguments: argparse.Namespace) -> None:
    """Report duplicates, label conflicts, unreadable files and the balance of a folder of labelled pictures.

    Ends with exit code 1 where a file is unreadable, or where the same or nearly the same picture is under both labels.
    Copies under one label are only reported; training keeps those of equal pixels on one side of each split.
    """
    from github_avatars.training import duplicates

    found = duplicates.check(arguments.directory, progress=progress_bar("picture"))
    print(duplicates.as_text(found))
    write_json(arguments.json, asdict(found))
    if found.faults():
        raise BadDataset(f"{arguments.directory} is not fit for training ({', '.join(found.faults())}): mend that.")
