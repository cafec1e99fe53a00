"""github-avatars collect."""

import argparse
import json
from pathlib import Path

from github_avatars.cli.command import Subparsers, add_command
from github_avatars.cli.scan import with_hint
from github_avatars.errors import GitHubError


def add(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = add_command(subparsers, "collect", run)
    parser.add_argument("--logins", type=Path, required=True, metavar="FILE", help="text file with one login per line")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="DIR", help="folder to write to, new or of an earlier run"
    )
    parser.add_argument(
        "--rate", type=float, default=2.0, metavar="N", help="maximum accounts per second (default: %(default)s)"
    )
    parser.add_argument(
        "--balance", action="store_true", help="keep no picture of a label that has more pictures than the other"
    )


def run(arguments: argparse.Namespace) -> None:
    """Fetch the avatars of a list of accounts and label each by proof.

    Pictures that equal the identicon of their account's id go to default/, pictures that are not an identicon to
    custom/, and all others to review/, for a person to move. The same command resumes after an interruption. The files
    errors.csv and aside.csv list what is missing and why.
    """
    from github_avatars.cli.progress import ProgressBar
    from github_avatars.scan import account_files, collect

    logins = account_files.read_logins(arguments.logins)
    try:
        with ProgressBar() as progress:
            counts = collect(
                logins, arguments.output, rate=arguments.rate, balance=arguments.balance, observer=progress
            )
    except GitHubError as error:
        hint = f"Everything fetched so far is in {arguments.output}: run the same command again to resume."
        raise with_hint(error, hint) from error
    print(json.dumps(counts))
