"""GitHub's lists whose pages are kept in the store while a run reads them, so that an interrupted run resumes.

`pages` reads one list. A source that follows the entries of a list to other lists reads each of them with `pages`, in a
fixed order: the next run then repeats the same path from the store and continues where this one ended.
"""

import json
from collections.abc import Callable, Iterator

from github_avatars.errors import BadFile, ListUnavailable, NoSuchRepository
from github_avatars.github import API, Account, Kind, Page, is_account_id, lists
from github_avatars.scan.store import Store

Note = Callable[[str], object]
"""Receives a message for the user."""


def accounts(store: Store, github: API, kind: Kind, name: str, note: Note) -> Iterator[Account]:
    """The accounts on a list; those of the contributors of an organization are those of all its repositories.

    Accounts can be repeated. Raises the errors of lists.pages, and ListUnavailable for a restricted list that is empty.
    """
    if kind == "contributors" and "/" not in name:
        yield from _contributors_of_organization(store, github, name, note)
        return
    for number, page in enumerate(pages(store, github, kind, name)):
        if number == 0 and not page.accounts and (restriction := lists.LISTS[kind].restriction):
            # GitHub may answer with an empty list instead of a refusal.
            raise ListUnavailable(f"The {kind} of {name} are an empty list, which may be a refusal. {restriction}")
        yield from page.accounts
        if number == 0 and kind == "stargazers" and page.page_count == lists.MAX_PAGES:
            note(f"GitHub lists only the first {lists.MAX_PAGES * lists.PAGE_SIZE:,} stargazers of {name}.")


def _contributors_of_organization(store: Store, github: API, name: str, note: Note) -> Iterator[Account]:
    for page in pages(store, github, "repositories", name):
        for repository in page.repositories:
            try:
                for contributors in pages(store, github, "contributors", repository):
                    yield from contributors.accounts
            except (NoSuchRepository, ListUnavailable) as error:
                # It would fail again in each run, and the others would never be read.
                note(f"The contributors of {repository} are omitted. {error}")


def pages(store: Store, github: API, kind: Kind, name: str) -> Iterator[Page]:
    """The pages of a list: those that the store has, then the others, which are added to the store.

    Raises the errors of lists.pages, and BadFile if the store has a damaged page.
    """
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
        ((number, entries, cursor, page_count),) = rows
        try:
            page = _decode(entries, cursor, page_count)
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
        with store.transaction() as connection:
            connection.execute(
                "INSERT INTO pages (list, accounts, cursor, count) VALUES (?, ?, ?, ?)",
                (title, _encode(new_page), new_page.cursor, new_page.page_count),
            )
        yield new_page


def _encode(page: Page) -> str:
    """The entries of a page for the store: a repository is its name, an account is a list of its fields."""
    fields = ((account.login, account.account_id, account.avatar_url) for account in page.accounts)
    return json.dumps([*page.repositories, *(values if values[2] else values[:2] for values in fields)])


def _decode(entries: str, cursor: str | None, page_count: int | None) -> Page:
    """The inverse of `_encode`. Raises ValueError or TypeError."""
    decoded = json.loads(entries)
    repositories = tuple(entry for entry in decoded if isinstance(entry, str))
    listed = tuple(Account(*entry) for entry in decoded if not isinstance(entry, str))
    return Page(listed, cursor, page_count, repositories)
