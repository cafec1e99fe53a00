"""github-avatars map."""

import argparse
from pathlib import Path

from github_avatars.cli.command import Subparsers, add_command
from github_avatars.cli.scan import add_unsure, parse_unsure
from github_avatars.errors import BadFile, BadOption
from github_avatars.files import open_output
from github_avatars.text import printable


def add(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = add_command(subparsers, "map", run)
    parser.add_argument("db", metavar="FILE", help="the file that scan --db wrote")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FILE", help="file to write: .html, or .graphml for Gephi"
    )
    add_unsure(parser)
    parser.add_argument("--redact", action="store_true", help="hash the logins, as scan --redact does")


def run(arguments: argparse.Namespace) -> None:
    """Draw the accounts of a scan, who follows whom, and the communities that they form.

    The page shows each account by its avatar, or as a dot in the color of its prediction. It also shows the features of
    all accounts, and lists them. It contains everything that it needs. Of more than 5,000 accounts, it shows the
    communities and a sample.

    Two accounts are connected if one follows the other and the scan read a list that says so (scan --followers).
    """
    from github_avatars.web.map import FORMATS, write

    kinds = [kind for kind in FORMATS if arguments.output.suffix.lower() == f".{kind}"]
    if not kinds:
        raise BadOption(f"--output is {arguments.output}: give a name that ends in .html or .graphml.")
    unsure = parse_unsure(arguments.unsure)
    if not Path(arguments.db).is_file():
        raise BadFile(f"There is no file {arguments.db}: give the file that scan --db wrote.")
    with open_output(arguments.output, (arguments.db + suffix for suffix in ("", "-journal", "-wal", "-shm"))) as file:
        write(arguments.db, file, kinds[0], unsure=unsure, redact=arguments.redact)
    print(printable(str(arguments.output)))
