"""A description of what to scan → accounts with their keys in the store."""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from github_avatars.errors import BadFile, BadInput, RateLimited
from github_avatars.github import API, Account, Kind, Page, api, is_account_id, lists, rate_limit
from github_avatars.scan import account_files, images
from github_avatars.scan.options import Observer
from github_avatars.scan.store import Store, account_key


@dataclass(frozen=True)
class Sources:
    """What to scan: accounts, or pictures on disk. Raises BadInput unless it is exactly one of them."""

    names: Sequence[str | Account] = ()
    """Logins, paths of text or CSV files of logins, "-" for standard input, and accounts; see account_files.read."""
    column: str | None = None
    """The CSV column with the logins."""
    lists: Sequence[tuple[Kind, str]] = ()
    """GitHub's lists by kind and name, for example ("stargazers", "octocat/hello-world")."""
    token_file: Path | None = None
    """A file with a token for the lists; by default, the environment variable GITHUB_TOKEN is used."""
    images: str | Path | None = None
    """A folder with a picture, or a folder of pictures, for each account."""

    def __post_init__(self) -> None:
        if bool(self.images) == bool(self.names or self.lists):
            given = "both" if self.images else "neither"
            raise BadInput(
                f"Either accounts or --images are required, but {given} was given: "
                "give logins, files, - or lists of GitHub, or a folder of pictures."
            )

    def accounts(self, store: Store, *, wait: bool, observer: Observer) -> Iterator[tuple[str, Account]]:
        """The accounts with their keys: those of the names, then those of each list.

        An interrupted run resumes a list after the last page that `store` has. If GitHub limits the rate, RateLimited
        is raised, unless `wait` is true and the limit ends within rate_limit.MAX_WAIT. Raises the errors of
        images.find, account_files.read and lists.pages; those for impossible names are raised before the first account.
        """
        if self.images:
            yield from images.find(self.images)
            return
        for account in self._named_and_listed(store, wait, observer):
            yield account_key(account), account

    def _named_and_listed(self, store: Store, wait: bool, observer: Observer) -> Iterator[Account]:
        for kind, name in self.lists:
            lists.check_name(kind, name)
        token = api.read_token(self.token_file, os.environ) if self.lists else None
        yield from account_files.read(self.names, self.column)
        if not self.lists:
            return

        def wait_for_reset(limited: RateLimited) -> None:
            observer.note(f"{limited} Waiting until {rate_limit.resume_time(limited):%Y-%m-%d %H:%M:%S} UTC.")
            rate_limit.wait(limited, lambda remaining: observer.wait(remaining.total_seconds()))

        with API(token=token, wait=wait_for_reset if wait else rate_limit.give_up) as github:
            for kind, name in self.lists:
                for number, page in enumerate(_pages(store, github, kind, name)):
                    yield from page.accounts
                    if number == 0 and kind == "stargazers" and page.page_count == lists.MAX_PAGES:
                        most = lists.MAX_PAGES * lists.PAGE_SIZE
                        observer.note(f"GitHub lists only the first {most:,} stargazers of {name}.")


def _pages(store: Store, github: API, kind: Kind, name: str) -> Iterator[Page]:
    """The pages of a list: those that the store has, then the others, which are added to the store."""
    title = f"{kind} {name.lower()}"
    # Otherwise a list that once had no end would fail forever.
    with store.transaction() as connection:
        connection.execute(
            "DELETE FROM pages WHERE list = ?1 AND (SELECT count(*) FROM pages WHERE list = ?1) >= ?2",
            (title, lists.PAGE_LIMIT),
        )
    cursors: dict[str, None] = {}
    number = 0
    while rows := store.query(
        "SELECT number, accounts, cursor, count FROM pages WHERE list = ? AND number > ? ORDER BY number LIMIT 1",
        *(title, number),
    ):
        ((number, accounts, cursor, page_count),) = rows
        try:
            page = Page(tuple(Account(*account) for account in json.loads(accounts)), cursor, page_count)
        except (ValueError, TypeError) as error:
            raise BadFile(f"The store has a damaged page of the {title}: give another path as --db.") from error
        if cursor in cursors or not all(is_account_id(account.account_id) for account in page.accounts):
            # Version 0.1.0 stored pages unchecked. The list is read again from here on.
            with store.transaction() as connection:
                connection.execute("DELETE FROM pages WHERE list = ? AND number >= ?", (title, number))
            break
        yield page
        if cursor is None:
            return
        cursors[cursor] = None
    for new_page in lists.pages(github, kind, name, list(cursors)):
        accounts = json.dumps([(account.login, account.account_id) for account in new_page.accounts])
        with store.transaction() as connection:
            connection.execute(
                "INSERT INTO pages (list, accounts, cursor, count) VALUES (?, ?, ?, ?)",
                (title, accounts, new_page.cursor, new_page.page_count),
            )
        yield new_page
