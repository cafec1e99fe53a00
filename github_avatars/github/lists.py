"""GitHub's lists of accounts and repositories, page by page.

LISTS describes each kind of list: where it is, of what, and where its entries contain an account. `pages` reads any of
them, and resumes after the pages that were read before.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

from github_avatars.errors import (
    BadLogin,
    BadOption,
    GitHubError,
    ListUnavailable,
    NoSuchAccount,
    NoSuchRepository,
    Unreachable,
)
from github_avatars.github.accounts import Account, check_login, is_account_id, of_fields
from github_avatars.github.api import API

Kind = Literal["stargazers", "contributors", "forks", "issues", "members", "followers", "following", "repositories"]


@dataclass(frozen=True)
class List:
    """A kind of list."""

    path: str
    """The path in the API; {} is the name."""
    owner: Literal["repository", "organization", "account"]
    """What the name is of."""
    account: str | None = None
    """The key of the account in an entry; None if the entry is the account."""
    query: str = ""
    """Parameters of the first request. An order by age keeps the pages in place while the list grows."""
    restriction: str = ""
    """Who may read the list, and what to do otherwise; for errors."""


STARS = (
    "GitHub lists stargazers only to the admins and collaborators of a repository: give the token of one of them, "
    "or read the stars from files of GH Archive with --gharchive, --event WatchEvent and --repo."
)
"""Since 2026-06-30. Source: https://docs.github.com/en/rest/activity/starring"""

LISTS: dict[Kind, List] = {
    "stargazers": List("/repos/{}/stargazers", "repository", restriction=STARS),
    "contributors": List("/repos/{}/contributors", "repository"),
    "forks": List("/repos/{}/forks", "repository", "owner", "sort=oldest&"),
    "issues": List("/repos/{}/issues", "repository", "user", "state=all&sort=created&direction=asc&"),
    "members": List("/orgs/{}/members", "organization"),
    "followers": List("/users/{}/followers", "account"),
    "following": List("/users/{}/following", "account"),
    "repositories": List("/orgs/{}/repos", "organization", query="sort=created&direction=asc&"),
}
"""The lists by kind. The entries of "repositories" are the repositories of an organization; "issues" include pull
requests.

Sources: https://docs.github.com/en/rest/activity/starring, https://docs.github.com/en/rest/repos,
https://docs.github.com/en/rest/issues/issues, https://docs.github.com/en/rest/orgs/members,
https://docs.github.com/en/rest/users/followers
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
    repositories: tuple[str, ...] = ()
    """For a list of repositories, these as OWNER/REPO, and no accounts."""


def pages(api: API, kind: Kind, name: str, cursors: Sequence[str] = ()) -> Iterator[Page]:
    """The pages of a list of a repository (OWNER/REPO), an organization or a login.

    With the `cursors` of pages that were read before, in their order, only the pages after them. Entries without an
    account, such as anonymous contributors, are omitted.

    Raises BadOption or BadLogin for an invalid name, before any request; NoSuchRepository or NoSuchAccount; the errors
    of API.get; and Unreachable for a response that is not such a list, and for links to more than PAGE_LIMIT pages or
    to one that was read before. Pages before an error remain valid.
    """
    check_name(kind, name)
    subject = f"the {kind} of {name}"
    first = f"{api.url}{LISTS[kind].path.format(name)}?{LISTS[kind].query}per_page={PAGE_SIZE}"
    url = cursors[-1] if cursors else first
    read = set(cursors)
    for _ in range(len(cursors), PAGE_LIMIT):
        try:
            response = api.get(url, subject, _missing(api, kind, name))
        except ListUnavailable as error:
            raise ListUnavailable(f"{error} {LISTS[kind].restriction}".rstrip()) from error
        read |= {url, response.url}
        next_url = response.links.get("next")
        if next_url in read or len(next_url or "") > MAX_LINK:
            break
        try:
            entries = [entry for each in _list(response.data) if (entry := _parse(api, kind, each))]
        except ValueError as error:
            raise api.unexpected(subject) from error
        accounts = tuple(entry for entry in entries if isinstance(entry, Account))
        repositories = tuple(entry for entry in entries if isinstance(entry, str))
        yield Page(accounts, next_url, _page_number(response.links.get("last")), repositories)
        if next_url is None:
            return
        url = next_url
    raise Unreachable(f"{api.url} links the pages of {subject} without end: check GITHUB_URL.")


def check_name(kind: Kind, name: str) -> None:
    """Raise BadOption or BadLogin if a list of this kind cannot belong to `name`."""
    if LISTS[kind].owner == "repository":
        check_repository(kind, name)
    else:
        check_login(name)


def check_repository(option: str, name: str) -> str:
    """Return `name` if it can be a repository. Raises BadOption, which names the option, or BadLogin."""
    match = REPOSITORY.fullmatch(name)
    if not match:
        raise BadOption(f"--{option} is {name[:100]!r}: give a repository as OWNER/REPO.")
    check_login(match[1])
    return name


def _is_repository(name: str) -> bool:
    with suppress(BadOption, BadLogin):
        return bool(check_repository("repo", name))
    return False


def _missing(api: API, kind: Kind, name: str) -> GitHubError:
    if LISTS[kind].owner != "repository":
        advice = ", or give a repository as OWNER/REPO" if kind == "repositories" else ""
        return NoSuchAccount(f"{api.url} has no {LISTS[kind].owner} {name}: check the spelling{advice}.")
    return NoSuchRepository(
        f"{api.url} has no repository {name}, or does not show it: check the spelling; "
        f"for a private one, give a token that may read it. {LISTS[kind].restriction}".rstrip()
    )


def _list(data: Any) -> list[Any]:
    # The list of contributors of an empty repository has no content.
    return [] if data is None else data if isinstance(data, list) else [data]


def _parse(api: API, kind: Kind, entry: Any) -> Account | str | None:
    """The account or repository in an entry of a list; None if it has none. Raises ValueError."""
    key = LISTS[kind].account
    match entry:
        case {"full_name": str(name)} if kind == "repositories" and _is_repository(name):
            return name
        case {"login": str(login), "id": account_id} if LOGIN.fullmatch(login) and is_account_id(account_id):
            avatar_url = entry.get("avatar_url")
            return of_fields(login, account_id, avatar_url if isinstance(avatar_url, str) else None, api.base)
        case None | {"type": "Anonymous"}:
            return None
        case {**values} if key in values:
            return _parse(api, kind, values[key])
        case _:
            raise ValueError(f"not an entry of {kind}")


def _page_number(url: str | None) -> int | None:
    number = parse_qs(urlsplit(url or "").query).get("page", [""])[0]
    return int(number) if re.fullmatch("[0-9]{1,9}", number) else None
