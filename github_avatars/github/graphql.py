"""Ids and profiles of many accounts from GitHub's GraphQL API, 100 accounts in a query. It requires a token.

A query of 100 accounts costs one of the 5,000 points that a token has per hour.
Source: https://docs.github.com/en/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api
"""

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from github_avatars.errors import GitHubError, NoProfile, Refused
from github_avatars.github.accounts import LOGIN, Account, is_account_id
from github_avatars.github.api import API

BATCH = 100
"""Accounts in a query."""

MAX_NODE = 2**32 - 1
"""The largest id that `_node` can encode."""

IDS = """
fragment U on User { databaseId }
fragment O on Organization { databaseId }
fragment B on Bot { databaseId }
"""

PROFILES = """
fragment U on User {
  databaseId createdAt name company location
  followers { totalCount } following { totalCount }
  repositories(privacy: PUBLIC, ownerAffiliations: OWNER) { totalCount }
}
fragment O on Organization {
  databaseId createdAt name location
  repositories(privacy: PUBLIC, ownerAffiliations: OWNER) { totalCount }
}
fragment B on Bot { databaseId createdAt }
"""
"""Source: https://docs.github.com/en/graphql/reference/objects"""

NODES = {"u": "U", "o": "O", "b": "BOT"}
"""The prefixes of aliases, with those of node ids: users, organizations, GitHub Apps."""


@dataclass(frozen=True)
class Profile:
    """What GitHub's API says about an account; None for what it does not say."""

    account_id: int | None = None
    type: str | None = None
    """User, Organization or Bot."""
    created_at: str | None = None
    """When the account was created, in UTC, for example 2011-01-25T18:44:36Z."""
    name: str | None = None
    company: str | None = None
    location: str | None = None
    followers: int | None = None
    following: int | None = None
    public_repositories: int | None = None


def profiles(api: API, accounts: Sequence[Account], *, ids_only: bool = False) -> list[Profile | GitHubError]:
    """The profile of each account, at most BATCH; only type and id if `ids_only`, which is less work for GitHub.

    An account that the API does not show is NoProfile, and one whose profile it refuses is Refused; neither affects the
    others. An account without a possible login or id has an empty profile. If GitHub has another account under the
    login, because an account was renamed, the one with the id counts.

    Raises RateLimited, Unreachable, LoginRequired, or BadToken.
    """
    fragments = IDS if ids_only else PROFILES
    found: dict[int, Profile | Refused] = {}
    logins = {f"a{place}": account.login or "" for place, account in enumerate(accounts) if _has_login(account)}
    for alias, answer in _ask(api, "repositoryOwner(login: ", "String!", "...U ...O", logins, fragments).items():
        account_id = accounts[int(alias[1:])].account_id
        if isinstance(answer, Refused) or (answer and account_id in (None, answer.account_id)):
            found[int(alias[1:])] = answer
    nodes = [
        (f"{prefix}{place}", _node(kind, account.account_id or 0))
        for place, account in enumerate(accounts)
        if place not in found and _has_node(account)
        for prefix, kind in NODES.items()
    ]
    for start in range(0, len(nodes), BATCH):
        part = dict(nodes[start : start + BATCH])
        for alias, answer in _ask(api, "node(id: ", "ID!", "...U ...O ...B", part, fragments).items():
            if answer:
                found[int(alias[1:])] = answer
    return [found.get(place) or _missing(api, account) for place, account in enumerate(accounts)]


def _has_login(account: Account) -> bool:
    return LOGIN.fullmatch(account.login or "") is not None


def _has_node(account: Account) -> bool:
    return account.account_id is not None and account.account_id <= MAX_NODE


def _node(kind: str, account_id: int) -> str:
    """The node id of an account: the MessagePack array [0, id], in base64.

    Source: pairs of ids and node ids in responses of the REST API
    """
    packed = bytes([0x92, 0x00, 0xCE]) + account_id.to_bytes(4, "big")
    return f"{kind}_{base64.urlsafe_b64encode(packed).decode().rstrip('=')}"


def _missing(api: API, account: Account) -> Profile | NoProfile:
    if account.is_bot:
        return Profile(account.account_id, "Bot")
    if not _has_login(account) and not _has_node(account):
        return Profile()
    name = account.login or f"id {account.account_id}"
    return NoProfile(
        f"{api.url} does not show the account {name}: it is suspended, deleted, or a managed user of an enterprise."
    )


def _ask(
    api: API, field: str, variable: str, selection: str, values: Mapping[str, str], fragments: str
) -> dict[str, Profile | Refused | None]:
    """The profile, the refusal or None for each alias, whose `values` are the arguments of `field`."""
    if not values:
        return {}
    used = [
        fragment for fragment in fragments.strip().split("fragment ") if fragment and f"...{fragment[0]}" in selection
    ]
    variables = ", ".join(f"${alias}: {variable}" for alias in values)
    fields = "\n".join(f"{alias}: {field}${alias}) {{ __typename {selection} }}" for alias in values)
    document = f"query({variables}) {{\n{fields}\n}}\n" + "".join(f"fragment {fragment}" for fragment in used)
    subject = "the profiles of " + ("1 account" if len(values) == 1 else f"{len(values)} accounts")
    data, errors = api.query(document, values, subject)
    refusals = dict(_refusals(errors))
    answers: dict[str, Profile | Refused | None] = {}
    for alias, value in values.items():
        entry = data.get(alias)
        if entry is not None:
            try:
                answers[alias] = _parse(entry)
            except (TypeError, ValueError, AttributeError) as error:
                raise api.unexpected(subject) from error
        elif alias in refusals:
            answers[alias] = Refused(f"{api.url} refuses the profile of {value} ({refusals[alias]}).")
        else:
            answers[alias] = None
    return answers


def _refusals(errors: Iterable[Any]) -> Iterable[tuple[str, str]]:
    """The aliases of errors other than "not found", with their types."""
    for error in errors:
        match error:
            case {"path": [str(alias), *_], "type": str(kind)} if kind != "NOT_FOUND":
                yield alias, kind[:50]
            case {"path": [str(alias), *_]} if "type" not in error:
                yield alias, "an internal error"


def _parse(entry: Any) -> Profile | None:
    """The profile in an entry of the response; None for an account of another type. Raises ValueError."""
    if "databaseId" not in entry:
        return None
    texts = [entry.get(key) for key in ("__typename", "createdAt", "name", "company", "location")]
    counts = [entry.get(key) and entry[key]["totalCount"] for key in ("followers", "following", "repositories")]
    if not is_account_id(entry["databaseId"]):
        raise ValueError("the id is impossible")
    if not all(text is None or isinstance(text, str) for text in texts):
        raise ValueError("a text is not a string")
    if not all(count is None or (type(count) is int and 0 <= count < 2**63) for count in counts):
        raise ValueError("a count is not an integer")
    return Profile(entry["databaseId"], *texts, *counts)
