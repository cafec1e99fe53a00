"""The account ids of avatars that were fetched by login, which show whether an identicon is the account's own."""

import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime

from github_avatars.errors import BadToken, GitHubError, RateLimited
from github_avatars.github import API, Account, Avatar, GitHub, graphql, rate_limit

IDENTICON_HEAD = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x01\xa4\x00\x00\x01\xa4\x08"
"""How the file of an identicon begins: a PNG of 420 × 420 pixels with 8 bits per channel."""

MAX_IDENTICON = 4096
"""Bytes. GitHub's identicons have 1,486 to 1,600; other programs compress them less well."""


def resembles_identicon(avatar: Avatar) -> bool:
    """Whether the file of an avatar could be an identicon as GitHub serves it; it is not decoded."""
    return avatar.data.startswith(IDENTICON_HEAD) and len(avatar.data) <= MAX_IDENTICON


class IdLookup:
    """Finds account ids by login, as far as this needs no waiting: from the GraphQL API, or from the accounts' pages.

    Without an `api`, which must have a token, or while it fails, the ids come from the pages. While GitHub limits the
    rate of these, too, no request is sent, and the ids remain unknown. May be used from many threads.
    """

    def __init__(self, api: API | None = None) -> None:
        self.batch = graphql.BATCH if api else 1
        """The number of logins to look up at once."""
        self._api = api
        self._advice = "" if api else ": a token in GITHUB_TOKEN prevents this"
        self._resume_api = self._resume_pages = 0.0
        self._notes: list[str] = []
        self._has_note = False

    def take_note(self) -> str | None:
        """A message for the user, once, after avatars could not be verified because of a rate limit."""
        return self._notes.pop() if self._notes else None

    def ids(self, github: GitHub, logins: Sequence[str]) -> list[int | None]:
        """The id of each account; None if it is unknown."""
        if self._api and time.monotonic() >= self._resume_api:
            try:
                results = graphql.profiles(self._api, [Account(login) for login in logins], ids_only=True)
            except (GitHubError, BadToken) as error:
                self._resume_api = _resume(error)
            else:
                return [result.account_id if isinstance(result, graphql.Profile) else None for result in results]
        return [self._id_from_page(github, login) for login in logins]

    def _id_from_page(self, github: GitHub, login: str) -> int | None:
        if time.monotonic() >= self._resume_pages:
            try:
                return github.account_id(login)
            except RateLimited as limited:
                self._resume_pages = _resume(limited)
                if not self._has_note:
                    self._has_note = True
                    self._notes.append(f"{limited} Until then, default avatars are not verified{self._advice}.")
            except GitHubError:
                pass
        return None


def _resume(error: GitHubError | BadToken) -> float:
    """The time, as time.monotonic, from which to send requests again."""
    if isinstance(error, RateLimited):
        with suppress(RateLimited):
            return time.monotonic() + (rate_limit.resume_time(error) - datetime.now(UTC)).total_seconds()
    return float("inf") if isinstance(error, BadToken) else time.monotonic() + rate_limit.DEFAULT_WAIT.total_seconds()
