"""github-avatars explain."""

import argparse
from pathlib import Path

from github_avatars.cli.command import Subparsers, add_command, add_json, json_output, write_json


def add(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = add_command(subparsers, "explain", run)
    parser.add_argument(
        "subject", metavar="FILE|ACCOUNT", help="a picture file, or a GitHub login or the address of an account"
    )
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="PNG", help="the picture to write")
    add_json(parser)


def run(arguments: argparse.Namespace) -> None:
    """Draw why a picture file or an account's avatar gets its prediction."""
    from github_avatars import explanation
    from github_avatars.files import is_file, open_output
    from github_avatars.github import GitHub

    inputs = [arguments.subject] if is_file(arguments.subject) else []
    with (
        json_output(arguments.json, [*inputs, arguments.output]) as json_file,
        open_output(arguments.output, inputs) as picture,
        GitHub() as github,
    ):
        explained = explanation.explain_file_or_account(arguments.subject, github)
        picture.write(explanation.encode_png(explanation.draw(explained)))
        print(explanation.as_text(explained))
        write_json(json_file, explained.as_json())
