"""github-avatars collect."""

import argparse
import json
from pathlib import Path

from github_avatars.cli.command import Subparsers, add_command, progress_bar


def add(subparsers: Subparsers) -> None:
    """Add the command."""
    collect = add_command(subparsers, "collect", run)
    collect.add_argument("--logins", type=Path, required=True, metavar="FILE", help="text file with one login a line")
    collect.add_argument(
        "-o", "--output", type=Path, required=True, metavar="DIR", help="folder to write to, or go on with"
    )
    collect.add_argument(
        "--rate", type=float, default=2.0, metavar="N", help="accounts a second at the most (default: %(default)s)"
    )
    collect.add_argument(
        "--balance", action="store_true", help="do not keep pictures of the label that is ahead in number"
    )


def run(arguments: argparse.Namespace) -> None:
    """Fetch the avatars of a list of accounts and label each by proof.

    To the pixel the identicon of its account id: default/. No identicon at all: custom/. Between: review/, for a person
    to move. Run again, it goes on where it was ended; see errors.csv and aside.csv in the folder for what is not there.
    """
    from github_avatars.github import GitHub
    from github_avatars.scan import collection

    logins = collection.read_logins(arguments.logins)
    with GitHub() as github:
        summary = collection.collect(
            logins,
            arguments.output,
            github,
            rate=arguments.rate,
            balance=arguments.balance,
            progress=progress_bar("account"),
        )
    print(json.dumps(summary))
