"""github-avatars explain."""

import argparse
from dataclasses import asdict
from pathlib import Path

from github_avatars.cli.command import Subparsers, add_command, add_json, write_json
from github_avatars.errors import BadInput, BadLogin


def add(subparsers: Subparsers) -> None:
    """Add the command."""
    explain = add_command(subparsers, "explain", run)
    explain.add_argument("subject", metavar="FILE|LOGIN", help="a picture file, or else a GitHub login")
    explain.add_argument("-o", "--output", type=Path, required=True, metavar="PNG", help="the picture to write")
    add_json(explain)


def run(arguments: argparse.Namespace) -> None:
    """Draw why a picture or an account's avatar is judged as it is."""
    from github_avatars.explanation import drawing, explaining
    from github_avatars.files import is_file
    from github_avatars.github import fetch
    from github_avatars.picture import decoding

    subject = arguments.subject
    given = is_file(subject)
    try:
        data = decoding.read_bytes(subject) if given else fetch(subject).data
    except BadLogin as error:
        raise BadInput(f"There is no such picture file, and {error}") from error
    found = explaining.explain(decoding.load(data, subject if given else f"The avatar of {subject}"))
    drawing.draw(found).save(arguments.output, "PNG")
    print(explaining.in_words(found))
    contributions = [asdict(one) for one in found.contributions]
    write_json(
        arguments.json,
        {**asdict(found.verdict), "base": found.base, "score": found.score, "contributions": contributions},
    )
