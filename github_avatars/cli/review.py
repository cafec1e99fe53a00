"""github-avatars review."""

import argparse
from pathlib import Path

from github_avatars.cli.command import Subparsers, add_command, print_address
from github_avatars.cli.scan import add_unsure, parse_unsure
from github_avatars.errors import BadFile
from github_avatars.text import printable


def add(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = add_command(subparsers, "review", run)
    parser.add_argument("db", metavar="FILE", help="the file that scan --db wrote")
    parser.add_argument(
        "--port", type=int, default=8001, metavar="N", help="port (default: %(default)s; 0: any free port)"
    )
    add_unsure(parser)
    parser.add_argument(
        "--export",
        type=Path,
        metavar="DIR",
        help="write the labeled pictures to a new folder as training data",
    )


def run(arguments: argparse.Namespace) -> None:
    """Label the accounts that a scan is unsure of, on a page in a browser.

    Prints the page's address and serves until it is interrupted. The keys d, c and u label an account as default,
    custom or unsure; z undoes the last label. Labels are stored in the file, with the pictures that were shown.
    """
    from github_avatars.scan.labels import Labels
    from github_avatars.scan.store import Store

    uncertain = parse_unsure(arguments.unsure)
    if not Path(arguments.db).is_file():
        raise BadFile(f"There is no file {arguments.db}: give the file that scan --db wrote.")
    if arguments.export:
        with Store(arguments.db) as store:
            counts = Labels(store, uncertain).export(arguments.export)
        print(
            ", ".join(f"{count:,} {label}" for label, count in counts.items()), "in", printable(str(arguments.export))
        )
        return
    from github_avatars.web import review

    review.serve(arguments.db, uncertain, arguments.port, print_address)
