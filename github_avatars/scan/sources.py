"""A description of what to scan → accounts with their keys in the store."""

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property, partial
from itertools import islice
from pathlib import Path

from github_avatars.errors import BadFile, BadInput, RateLimited
from github_avatars.github import API, Account, Kind, api, check_login, lists, rate_limit
from github_avatars.scan import account_files, commits, images, stored_lists
from github_avatars.scan.gharchive import GHArchive
from github_avatars.scan.options import Expansion, Observer
from github_avatars.scan.store import Store, account_key, account_keys


@dataclass(frozen=True)
class Sources:
    """What to scan: accounts, or pictures on disk. Raises BadInput unless it is exactly one of them."""

    names: Sequence[str | Account] = ()
    """Accounts in any spelling of github.parse, paths of files of accounts, and "-" for standard input; see
    account_files.read."""
    column: str | None = None
    """The column of the files with the accounts; by default, it is recognized by its name."""
    lists: Sequence[tuple[Kind, str]] = ()
    """GitHub's lists by kind and name, for example ("forks", "octocat/hello-world"). The contributors of an
    organization are those of all its repositories."""
    token_file: Path | None = None
    """A file with a token for the lists; by default, the environment variable GITHUB_TOKEN is used."""
    images: str | Path | None = None
    """A folder with a picture, or a folder of pictures, for each account."""
    git: Sequence[str | Path] = ()
    """Local Git repositories; the accounts are the authors and co-authors of their commits (commits.py)."""
    gharchive: GHArchive | None = None
    """Files of GH Archive; the accounts are those that caused the events."""
    no_bots: bool = False
    """Omit the accounts of GitHub Apps."""
    expansion: Expansion | None = None
    """Scan the accounts on the lists of followers of these accounts, too (expansion.py)."""

    def __post_init__(self) -> None:
        if bool(self.images) == bool(self.names or self.lists or self.git or self.gharchive):
            given = "both" if self.images else "neither"
            raise BadInput(
                f"Either accounts or --images are required, but {given} was given: "
                "give logins, files, -, lists of GitHub or another source of accounts, or a folder of pictures."
            )
        if self.images and self.expansion:
            raise BadInput("Pictures on disk have no followers: give either a depth or --images.")

    def accounts(self, store: Store, *, wait: bool, observer: Observer) -> Iterator[tuple[str, Account]]:
        """The accounts with their keys: those of the names, the commits, the events, and then those of each list.

        Names can be repeated; each other source has an account once. With an expansion, all sources together have an
        account once, and end at its limit. Files are read before the first request.

        An interrupted run resumes a list after the last page that `store` has. If GitHub limits the rate, RateLimited
        is raised, unless `wait` is true and the limit ends within rate_limit.MAX_WAIT. Raises the errors of
        images.find, account_files.read, commits.accounts, GHArchive.accounts and stored_lists.accounts; those for
        impossible names are raised before the first account.
        """
        accounts = self._without_bots(self._accounts(store, wait, observer), observer)
        return _limited(accounts, self.expansion.limit, observer) if self.expansion else accounts

    def is_omitted(self, account: Account) -> bool:
        """Whether the options omit this account."""
        return self.no_bots and account.is_bot

    @cached_property
    def token(self) -> str | None:
        """The token for the lists, which is read once. Raises the errors of api.read_token."""
        return api.read_token(self.token_file, os.environ)

    def open_api(self, *, wait: bool, observer: Observer, is_stopped: Callable[[], bool] = lambda: False) -> API:
        """The API for the lists. At a rate limit it waits, or raises RateLimited without `wait` or when stopped."""

        def report(limited: RateLimited, remaining: timedelta) -> None:
            if is_stopped():
                raise limited
            observer.wait(remaining.total_seconds())

        def wait_for_reset(limited: RateLimited) -> None:
            observer.note(f"{limited} Waiting until {rate_limit.resume_time(limited):%Y-%m-%d %H:%M:%S} UTC.")
            rate_limit.wait(limited, partial(report, limited))

        return API(token=self.token, wait=wait_for_reset if wait else rate_limit.give_up)

    def _without_bots(
        self, accounts: Iterable[tuple[str, Account]], observer: Observer
    ) -> Iterator[tuple[str, Account]]:
        omitted = 0
        for key, account in accounts:
            if self.is_omitted(account):
                omitted += 1
            else:
                yield key, account
        if omitted:
            observer.note(f"Omitted accounts of GitHub Apps: {omitted:,}.")

    def _accounts(self, store: Store, wait: bool, observer: Observer) -> Iterator[tuple[str, Account]]:
        if self.images:
            yield from images.find(self.images, observer.note)
            return
        for kind, name in self.lists:
            if kind == "contributors" and "/" not in name:
                check_login(name)
            else:
                lists.check_name(kind, name)
        if self.lists:
            _ = self.token
        for account in account_files.read(self.names, self.column):
            yield account_key(account), account
        yield from _distinct(commits.accounts(self.git, observer.note))
        if self.gharchive:
            yield from _distinct(self.gharchive.accounts(observer.note))
        if not self.lists:
            return

        with self.open_api(wait=wait, observer=observer) as github:
            for kind, name in self.lists:
                yield from _distinct(stored_lists.accounts(store, github, kind, name, observer.note))


def _limited(accounts: Iterable[tuple[str, Account]], limit: int, observer: Observer) -> Iterator[tuple[str, Account]]:
    """The first `limit` accounts, each once, also if it is given by its id and by its login."""
    distinct = _distinct((account for _, account in accounts), account_keys)
    yield from islice(distinct, limit)
    if next(distinct, None):
        observer.note(f"The sources have more accounts than the limit (--limit) of {limit:,}: the others are omitted.")


def _distinct(
    accounts: Iterable[Account], keys: Callable[[Account], Sequence[str]] = lambda account: [account_key(account)]
) -> Iterator[tuple[str, Account]]:
    """The accounts with their keys, each once: none of its `keys` is that of an account before it.

    A temporary file holds the keys, so that memory stays flat.
    """
    with closing(sqlite3.connect("", isolation_level=None)) as connection:
        try:
            # One transaction that is never committed: the file is discarded in any case.
            connection.executescript(
                "PRAGMA journal_mode = OFF; CREATE TABLE keys (key PRIMARY KEY) WITHOUT ROWID; BEGIN"
            )
            for account in accounts:
                new = [
                    connection.execute("INSERT OR IGNORE INTO keys VALUES (?)", (key,)).rowcount
                    for key in keys(account)
                ]
                if all(new):
                    yield account_key(account), account
        except sqlite3.Error as error:
            raise BadFile(f"A temporary file cannot be written ({error}): free disk space.") from error
