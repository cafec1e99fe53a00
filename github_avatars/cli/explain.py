"""github-avatars explain."""

import argparse
from pathlib import Path

from github_avatars.cli.command import Subparsers, add_command, add_json, write_json


def add(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = add_command(subparsers, "explain", run)
    parser.add_argument("subject", metavar="FILE|LOGIN", help="a picture file or a GitHub login")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="PNG", help="the picture to write")
    add_json(parser)


def run(arguments: argparse.Namespace) -> None:
    """Draw why a picture file or an account's avatar gets its prediction."""
    from github_avatars import explanation
    from github_avatars.files import write_atomically
    from github_avatars.github import GitHub

    with GitHub() as github:
        explained = explanation.explain_file_or_account(arguments.subject, github)
    write_atomically(arguments.output, explanation.encode_png(explanation.draw(explained)))
    print(explanation.as_text(explained))
    write_json(arguments.json, explained.as_json())
