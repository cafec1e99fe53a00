"""GitHub's lists, read through a store: a run that is ended while it reads one is gone on with where it was."""

import json
from collections.abc import Iterator

from github_avatars.github import API, Account, Kind, Page, lists
from github_avatars.scan.store import Store

SCHEMA = """
CREATE TABLE IF NOT EXISTS pages (
    number INTEGER PRIMARY KEY,
    list TEXT NOT NULL,
    accounts TEXT NOT NULL,
    cursor TEXT,
    count INTEGER
) STRICT
"""
"""Pages of lists as GitHub gave them, for as long as not all accounts of the run are in the store."""


class Listing:
    """Gives the pages of lists, and keeps those that GitHub gives."""

    def __init__(self, store: Store) -> None:
        self._store = store
        with store.changing() as connection:
            connection.execute(SCHEMA)

    def pages(self, api: API, kind: Kind, name: str) -> Iterator[Page]:
        """The pages that lists.pages gives, of which those that are kept are not asked for. Raises what that raises."""
        title = f"{kind} {name.lower()}"
        last = None
        for last in self._kept(title):
            yield last
        if last is None or last.cursor:
            for page in lists.pages(api, kind, name, last.cursor if last else None):
                self._keep(title, page)
                yield page

    def end(self) -> None:
        """Let go of all pages: what they tell is in the store."""
        with self._store.changing() as connection:
            connection.execute("DELETE FROM pages")

    def _kept(self, title: str) -> Iterator[Page]:
        last = 0
        while found := self._store.ask(
            "SELECT number, accounts, cursor, count FROM pages WHERE list = ? AND number > ? ORDER BY number LIMIT 1",
            *(title, last),
        ):
            ((last, accounts, cursor, count),) = found
            yield Page(tuple(Account(*one) for one in json.loads(accounts)), cursor, count)

    def _keep(self, title: str, page: Page) -> None:
        accounts = json.dumps([(one.login, one.account_id) for one in page.accounts])
        with self._store.changing() as connection:
            connection.execute(
                "INSERT INTO pages (list, accounts, cursor, count) VALUES (?, ?, ?, ?)",
                (title, accounts, page.cursor, page.page_count),
            )
