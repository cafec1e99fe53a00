"""github-avatars review."""

import argparse
from pathlib import Path

from github_avatars.cli.command import Subparsers, add_command, web_packages
from github_avatars.cli.scan import add_unsure
from github_avatars.errors import BadInput


def add(subparsers: Subparsers) -> None:
    """Add the command."""
    one = add_command(subparsers, "review", run)
    one.add_argument("db", metavar="FILE", help="the file that scan --db wrote")
    one.add_argument("--port", type=int, default=8001, metavar="N", help="port (default: %(default)s; 0: a free one)")
    add_unsure(one)
    one.add_argument(
        "--export", type=Path, metavar="DIR", help="write what was labelled there as training data, and end"
    )


def run(arguments: argparse.Namespace) -> None:
    """Label what a scan is unsure of, on a page for a browser.

    Prints the page's address and serves until it is interrupted. The keys d, c and u say default, custom and unsure; z
    takes the last one back. Labels are kept in the file, with the pictures that were shown.
    """
    from github_avatars.scan import rows
    from github_avatars.scan.labels import Labels
    from github_avatars.scan.store import Store

    band = rows.band(arguments.unsure)
    if not Path(arguments.db).is_file():
        raise BadInput(f"There is no file {arguments.db}: give the one that scan --db wrote.")
    if arguments.export:
        with Store(arguments.db) as store:
            counts = Labels(store, band).export(arguments.export)
        print(", ".join(f"{count:,} {label}" for label, count in counts.items()), "in", arguments.export)
        return
    with web_packages():
        from github_avatars.web import review
    review.serve(arguments.db, band, arguments.port)
