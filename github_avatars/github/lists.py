"""GitHub's lists of accounts, page by page: stargazers, contributors, members, followers."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qs, urlsplit

from github_avatars.errors import BadOption, GitHubError, NoSuchAccount, NoSuchRepository, Unreachable
from github_avatars.github.accounts import Account, check_login, is_account_id
from github_avatars.github.api import API, APIResponse

Kind = Literal["stargazers", "contributors", "members", "followers"]

PATHS: dict[Kind, str] = {
    "stargazers": "/repos/{}/stargazers",
    "contributors": "/repos/{}/contributors",
    "members": "/orgs/{}/members",
    "followers": "/users/{}/followers",
}
"""The path of each list in the API.

Sources: https://docs.github.com/en/rest/activity/starring, https://docs.github.com/en/rest/repos/repos,
https://docs.github.com/en/rest/orgs/members, https://docs.github.com/en/rest/users/followers
"""

PAGE_SIZE = 100
"""Accounts per page: GitHub's maximum."""

MAX_PAGES = 400
"""The number of pages after which GitHub cuts off a list of stargazers.

Source: https://github.com/PyGithub/PyGithub/issues/1876
"""

PAGE_LIMIT = 10_000
"""The number of pages after which reading a list fails. A faulty host could link to more pages forever."""

MAX_LINK = 2000
"""The longest address of a page, in characters."""

LOGIN = re.compile(r"[A-Za-z0-9_-]{1,100}(?:\[bot\])?")
"""Logins in lists. Those of GitHub Apps end with [bot]; these apps have an avatar at the address with their id."""

REPOSITORY = re.compile(r"([^/]*)/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}")


@dataclass(frozen=True)
class Page:
    """One page of a list."""

    accounts: tuple[Account, ...]
    """The accounts in GitHub's order, each with login and id."""
    cursor: str | None
    """The address of the next page; None for the last page."""
    page_count: int | None
    """The number of pages of the list; None for the last page."""


def pages(api: API, kind: Kind, name: str, cursors: Sequence[str] = ()) -> Iterator[Page]:
    """The pages of a list of a repository (OWNER/REPO), an organization or a login.

    With the `cursors` of pages that were read before, in their order, only the pages after them. Contributors without
    an account are omitted.

    Raises BadOption or BadLogin for an invalid name, before any request; NoSuchRepository or NoSuchAccount; the errors
    of API.get; and Unreachable for a response that is not a list of accounts, and for links to more than PAGE_LIMIT
    pages or to one that was read before. Pages before an error remain valid.
    """
    check_name(kind, name)
    subject = f"the {kind} of {name}"
    url = cursors[-1] if cursors else f"{api.url}{PATHS[kind].format(name)}?per_page={PAGE_SIZE}"
    read = set(cursors)
    for _ in range(len(cursors), PAGE_LIMIT):
        response = api.get(url, subject, _missing(api, kind, name))
        read |= {url, response.url}
        next_url = response.links.get("next")
        if next_url in read or len(next_url or "") > MAX_LINK:
            break
        yield Page(tuple(_accounts(api, response, subject)), next_url, _page_number(response.links.get("last")))
        if next_url is None:
            return
        url = next_url
    raise Unreachable(f"{api.url} links the pages of {subject} without end: check GITHUB_URL.")


def check_name(kind: Kind, name: str) -> None:
    """Raise BadOption or BadLogin if a list of this kind cannot belong to `name`."""
    if kind in ("members", "followers"):
        check_login(name)
    elif match := REPOSITORY.fullmatch(name):
        check_login(match[1])
    else:
        raise BadOption(f"--{kind} is {name[:100]!r}: give a repository as OWNER/REPO.")


def _missing(api: API, kind: Kind, name: str) -> GitHubError:
    if kind in ("members", "followers"):
        noun = "organization" if kind == "members" else "account"
        return NoSuchAccount(f"{api.url} has no {noun} {name}: check the spelling.")
    return NoSuchRepository(
        f"{api.url} has no repository {name}, or does not show it: check the spelling; "
        "for a private one, give a token that may read it."
    )


def _accounts(api: API, response: APIResponse, subject: str) -> Iterator[Account]:
    # The list of contributors of an empty repository has no content.
    entries = [] if response.data is None else response.data if isinstance(response.data, list) else [response.data]
    for entry in entries:
        match entry:
            case {"login": str(login), "id": account_id} if LOGIN.fullmatch(login) and is_account_id(account_id):
                yield Account(login, account_id)
            case None | {"type": "Anonymous"}:
                pass
            case _:
                raise api.unexpected(subject)


def _page_number(url: str | None) -> int | None:
    number = parse_qs(urlsplit(url or "").query).get("page", [""])[0]
    return int(number) if re.fullmatch("[0-9]{1,9}", number) else None
