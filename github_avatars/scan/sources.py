"""The options that tell which accounts are meant, for every command that takes many; and what they come to.

Nothing heavy is imported before the accounts are asked for, since --help needs the options alone.
"""

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from github_avatars.errors import BadInput
from github_avatars.github import Account

if TYPE_CHECKING:
    from github_avatars.github import Kind
    from github_avatars.scan.listing import Listing

LISTS: "dict[Kind, tuple[str, str]]" = {
    "stargazers": ("OWNER/REPO", "who starred a repository"),
    "contributors": ("OWNER/REPO", "who committed to a repository"),
    "members": ("ORG", "the members of an organization, as far as they show it"),
    "followers": ("LOGIN", "who follows an account"),
}
"""By kind of list: what it is of, and who is on it."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options to a command."""
    parser.add_argument(
        "sources",
        nargs="*",
        metavar="LOGIN|FILE|-",
        help="a login, a text or CSV file of them, or - for standard input",
    )
    parser.add_argument("--column", metavar="NAME", help="CSV column with the logins (default: login, username, …)")
    for kind, (of, who) in LISTS.items():
        parser.add_argument(f"--{kind}", action="append", default=[], metavar=of, help=f"{who}, from GitHub's API")
    parser.add_argument(
        "--token-file",
        type=Path,
        metavar="FILE",
        help="file with a token for GitHub's API (default: the environment variable GITHUB_TOKEN; else none)",
    )
    parser.add_argument(
        "--no-wait", action="store_true", help="end with an error where GitHub wants fewer requests, instead of waiting"
    )


def lists(arguments: argparse.Namespace) -> "list[tuple[Kind, str]]":
    """The lists of GitHub that the options name, each by its kind and what it is of."""
    return [(kind, name) for kind in LISTS for name in getattr(arguments, kind)]


def named(arguments: argparse.Namespace) -> bool:
    """Whether the options name any accounts."""
    return bool(arguments.sources or lists(arguments))


def accounts(arguments: argparse.Namespace, listing: "Listing | None" = None) -> Iterator[Account]:
    """The accounts that the options name: of the sources, then of each list, one page after the other.

    Lists are read through `listing` where there is one, else from their beginning.

    Raises BadInput where nothing is named, and BadInput or BadLogin where a name is impossible, before the first
    account is given; later what lists.pages raises.
    """
    from github_avatars.github import api, rate_limit
    from github_avatars.github.lists import MAX_PAGES, PAGE_SIZE, check_name, pages
    from github_avatars.scan import account_files

    pages_of = listing.pages if listing else pages
    asked = lists(arguments)
    if not named(arguments):
        raise BadInput("No accounts are named: give logins, a file of them, - for standard input, or a list of GitHub.")
    for kind, name in asked:
        check_name(kind, name)
    token = api.read_token(arguments.token_file, os.environ) if asked else None
    yield from account_files.read(arguments.sources, arguments.column)
    wait = rate_limit.give_up if arguments.no_wait else getattr(arguments, "wait", rate_limit.wait)
    with api.API(token=token, wait=wait) as github:
        for kind, name in asked:
            for number, page in enumerate(pages_of(github, kind, name)):
                yield from page.accounts
                if number == 0 and kind == "stargazers" and page.page_count == MAX_PAGES:
                    most = MAX_PAGES * PAGE_SIZE
                    print(f"note: GitHub lists only the first {most:,} stargazers of {name}.", file=sys.stderr)
