"""GitHub's lists of accounts, page by page: stargazers, contributors, members, followers."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qs, urlsplit

from github_avatars.errors import BadInput, GitHubError, NoSuchAccount, NoSuchRepository, Unreachable
from github_avatars.github.api import API, APIResponse
from github_avatars.github.client import Account, check_login

Kind = Literal["stargazers", "contributors", "members", "followers"]

PATHS: dict[Kind, str] = {
    "stargazers": "/repos/{}/stargazers",
    "contributors": "/repos/{}/contributors",
    "members": "/orgs/{}/members",
    "followers": "/users/{}/followers",
}
"""Where in the API each list is.

Sources: https://docs.github.com/en/rest/activity/starring, https://docs.github.com/en/rest/repos/repos,
https://docs.github.com/en/rest/orgs/members, https://docs.github.com/en/rest/users/followers
"""

PAGE_SIZE = 100
"""Accounts a page: the most that GitHub gives."""

MAX_PAGES = 400
"""Of stargazers; GitHub lists no more, however many there are.

Source: https://github.com/PyGithub/PyGithub/issues/1876
"""

REPOSITORY = re.compile(r"([^/]*)/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}")


@dataclass(frozen=True)
class Page:
    """A part of a list."""

    accounts: tuple[Account, ...]
    """In GitHub's order, each with login and id."""
    cursor: str | None
    """What `pages` goes on by after this page; None after the last one."""
    page_count: int | None
    """How many pages the list has, as GitHub says; None on the last page."""


def pages(api: API, kind: Kind, name: str, cursor: str | None = None) -> Iterator[Page]:
    """The pages of the list of `name`: a repository (OWNER/REPO), an organization, or a login.

    With the `cursor` of a page, those after it. Contributors whom GitHub knows by e-mail address alone are not listed.

    Raises BadInput or BadLogin for an impossible name, before anything is asked; NoSuchRepository or NoSuchAccount; and
    what API.get raises. Pages that came before an error hold.
    """
    check_name(kind, name)
    what = f"the {kind} of {name}"
    url = cursor or f"{api.url}{PATHS[kind].format(name)}?per_page={PAGE_SIZE}"
    while True:
        reply = api.get(url, what, _missing(api, kind, name))
        following = reply.links.get("next")
        yield Page(tuple(_accounts(api, reply, what)), following, _number(reply.links.get("last")))
        if following is None:
            return
        url = following


def check_name(kind: Kind, name: str) -> None:
    """Raise BadInput or BadLogin where no list of this kind can be of `name`."""
    if kind in ("members", "followers"):
        check_login(name)
    elif found := REPOSITORY.fullmatch(name):
        check_login(found[1])
    else:
        raise BadInput(f"--{kind} is {name[:100]!r}: give a repository as OWNER/REPO.")


def _missing(api: API, kind: Kind, name: str) -> GitHubError:
    if kind in ("members", "followers"):
        whom = "organization" if kind == "members" else "account"
        return NoSuchAccount(f"{api.url} knows no {whom} {name}: check the spelling.")
    return NoSuchRepository(
        f"{api.url} knows no repository {name}, or does not show it: check the spelling; "
        "of a private one, give a token that may read it."
    )


def _accounts(api: API, reply: APIResponse, what: str) -> Iterator[Account]:
    # Of an empty repository's contributors there is nothing to say at all.
    for entry in [] if reply.data is None else reply.data if isinstance(reply.data, list) else [reply.data]:
        match entry:
            case {"login": str(login), "id": int(account_id)}:
                yield Account(login, account_id)
            case None | {"type": "Anonymous"}:
                pass
            case _:
                raise Unreachable(f"{api.url} answers with something else than {what}: check GITHUB_URL.")


def _number(last: str | None) -> int | None:
    number = parse_qs(urlsplit(last or "").query).get("page", [""])[0]
    return int(number) if re.fullmatch("[0-9]{1,9}", number) else None
