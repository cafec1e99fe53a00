"""The profiles of due accounts, looked up a batch ahead of their fetches."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

from github_avatars.errors import GitHubError
from github_avatars.github import API, Account, Avatar, Profile, graphql
from github_avatars.scan.rows import Result
from github_avatars.scan.store import DueAccount, Outcome


class ProfileLookup:
    """Takes the accounts out of `due`, and finds their profiles with the `api`. Only `look_up` may block."""

    def __init__(self, api: API, due: Iterator[DueAccount]) -> None:
        self._api = api
        self._due = due
        self._results: dict[int, Profile | GitHubError] = {}
        self.batch: list[DueAccount] = []
        """The accounts that were taken out of `due`, and are being looked up, or are to be again."""
        self.is_running = False

    def start(self) -> bool:
        """Whether there is a batch to look up now."""
        if not self.is_running:
            self.batch = self.batch or list(islice(self._due, graphql.BATCH))
            self.is_running = bool(self.batch)
            return self.is_running
        return False

    def look_up(self) -> list[Profile | GitHubError]:
        """The profiles of the batch, or their errors. Raises the errors of graphql.profiles."""
        accounts = [Account(due.login, due.account_id, due.avatar_url) for due in self.batch]
        return graphql.profiles(self._api, accounts)

    def finish(self, results: Sequence[Profile | GitHubError]) -> list[DueAccount]:
        """The accounts of the batch, which are now to be fetched, by their ids if these are known."""
        batch, self.batch, self.is_running = self.batch, [], False
        for due, result in zip(batch, results, strict=True):
            self._results[due.number] = result
        return [_with_id(due, result) for due, result in zip(batch, results, strict=True)]

    def fail(self) -> None:
        """The batch could not be looked up, and is to be again."""
        self.is_running = False

    def refusal(self, due: DueAccount, avatar: Avatar) -> Result | None:
        """The result for an account whose avatar was fetched although the API does not show the account, else None."""
        error = self._results.get(due.number)
        return Result.of_error(error, avatar.account_id, avatar.href) if isinstance(error, GitHubError) else None

    def complete(self, outcome: Outcome) -> Outcome:
        """The outcome with the profile of its account."""
        result = self._results.pop(outcome.number, None)
        return replace(outcome, profile=result) if isinstance(result, Profile) else outcome


def _with_id(due: DueAccount, result: Profile | GitHubError) -> DueAccount:
    if isinstance(result, Profile) and due.is_by_login:
        return replace(due, account_id=result.account_id)
    return due
