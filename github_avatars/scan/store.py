"""What is known of accounts, in one SQLite file that any program can read.

What was written stays, whatever ends the program, kill -9 included: a batch of outcomes is there or is not. Memory does
not grow with the number of accounts, since they are read by pages.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Self

from github_avatars.errors import BadInput
from github_avatars.github import Account
from github_avatars.scan import schema
from github_avatars.scan.findings import JUDGED, PASSING, Finding
from github_avatars.scan.rows import Row, UncertaintyRange, row

PAGE = 1000
"""Rows that are read at once."""


@dataclass(frozen=True)
class Due:
    """An account to be asked for, or whose pictures are to be judged; `size` and `etag` are to be asked with."""

    number: int
    name: str
    login: str | None
    account_id: int | None
    size: int | None
    etag: str | None


@dataclass(frozen=True)
class Outcome:
    """What came of an account; `finding` is None where its avatar is what it was."""

    number: int
    finding: Finding | None
    size: int | None = None
    etag: str | None = None


def name_of(account: Account) -> str:
    """What tells an account from others: its id, or where that is not known, its login, whose case does not matter."""
    return f"@{_text(account.login or '').lower()}" if account.account_id is None else f"#{account.account_id}"


def time(moment: datetime) -> str:
    """A moment as the store has it, as 2026-11-24T12:30:00Z."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def now() -> str:
    """The present moment as the store has it."""
    return time(datetime.now(UTC))


class Store:
    """The store in the file `path`, made if need be; ":memory:" for one that ends with the program.

    Only one program at a time can have it. Raises BadInput, here and in every method, where the file is something else,
    is in use, or cannot be read or written. To be closed, or used in a `with` statement, by the thread that made it.

    `before`, wherever it is asked for, is a time: what was checked earlier is to be checked again; None: nothing is.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._model = ""
        with self._told():
            self._connection = schema.connect(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def begin(self, named: Iterable[tuple[str, Account]], model: str) -> None:
        """Begin a run over these accounts, each with its name; `model` is the sha256 of the model that judges.

        Accounts that another model has judged are due, since rows by two models could not be compared.
        """
        self._model = model
        with self.changing() as connection:
            connection.execute("DELETE FROM inputs")
            connection.execute("INSERT INTO runs (started, model) VALUES (?, ?)", (now(), model))
        remaining = (
            (_text(name), None if account.login is None else _text(account.login), account.account_id)
            for name, account in named
        )
        while batch := list(islice(remaining, PAGE)):
            with self.changing() as connection:
                connection.executemany(
                    "INSERT INTO accounts (name, login, named_id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", batch
                )
                connection.executemany(
                    "INSERT INTO inputs (login, account_id, account)"
                    " SELECT ?2, ?3, number FROM accounts WHERE name = ?1",
                    batch,
                )
        with self.changing() as connection:
            connection.execute(
                "UPDATE accounts SET settled = 0, etag = NULL"
                " WHERE model != ? AND label IS NOT NULL AND number IN (SELECT account FROM inputs)",
                (model,),
            )

    def end(self, outcome: str) -> None:
        """Note how the run ended."""
        with self.changing() as connection:
            connection.execute(
                "UPDATE runs SET ended = ?, outcome = ? WHERE number = (SELECT max(number) FROM runs)",
                (now(), outcome),
            )

    def count(self, before: str | None) -> tuple[int, int, int]:
        """How many inputs the run has, how many accounts they are, and how many of these are due."""
        ((inputs, accounts, due),) = self.ask(
            "SELECT (SELECT count(*) FROM inputs), count(*), ifnull(sum(NOT settled OR ifnull(checked < ?, 0)), 0)"
            " FROM accounts WHERE number IN (SELECT account FROM inputs)",
            before,
        )
        return inputs, accounts, due

    def due(self, size: int | None, before: str | None) -> Iterator[Due]:
        """The run's accounts that are to be asked for, each once, though outcomes be written meanwhile.

        A new picture is to be asked for in `size`, one that is known in the size that it has.
        """
        last = 0
        while page := self.ask(
            "SELECT number, name, login, named_id, iif(etag IS NULL, ?, size), etag FROM accounts"
            " WHERE number > ? AND number IN (SELECT account FROM inputs) AND (NOT settled OR checked < ?)"
            " ORDER BY number LIMIT ?",
            *(size, last, before, PAGE),
        ):
            last = page[-1][0]
            yield from (Due(*values) for values in page)

    def write(self, outcomes: Iterable[Outcome]) -> None:
        """Keep what came of accounts; all of it, or where the program is killed meanwhile, nothing.

        Where the host or the network was to blame, an earlier verdict is kept beside the error.
        """
        checked = now()
        with self.changing() as connection:
            for outcome in outcomes:
                finding = outcome.finding
                if finding is None:
                    connection.execute(
                        "UPDATE accounts SET settled = 1, status = ?, error = NULL, checked = ? WHERE number = ?",
                        (JUDGED, checked, outcome.number),
                    )
                elif finding.status in PASSING:
                    connection.execute(
                        "UPDATE accounts SET settled = 0, status = ?, error = ?, checked = ? WHERE number = ?",
                        (finding.status, finding.error, checked, outcome.number),
                    )
                else:
                    connection.execute(
                        """
                        UPDATE accounts SET settled = 1, status = :status, error = :error, label = :label,
                        probability = :probability, github_grey = :github_grey, distinct_colors = :distinct_colors,
                        identicon_error = :identicon_error, verified = :verified, pictures = :pictures,
                        agreed = :agreed, left_out = :left_out, account_id = :account_id, href = :href, etag = :etag,
                        size = :size, model = :model, fetched = :fetched, checked = :checked WHERE number = :number
                        """,
                        {
                            **vars(finding),
                            "number": outcome.number,
                            "etag": outcome.etag,
                            "size": outcome.size,
                            "model": self._model,
                            "fetched": checked if finding.status == JUDGED else None,
                            "checked": checked,
                        },
                    )

    def rows(self, band: UncertaintyRange) -> Iterator[Row]:
        """A row for each input of the run, in their order."""
        last = 0
        while page := self.ask("SELECT * FROM found WHERE place > ? ORDER BY place LIMIT ?", last, PAGE):
            last = page[-1][0]
            yield from (_row(values, band) for values in page)

    def rows_not_due(self, band: UncertaintyRange, before: str | None) -> Iterator[Row]:
        """The rows of the inputs whose accounts are not due."""
        last = 0
        while page := self.ask(
            "SELECT * FROM found WHERE place > ? AND settled AND ifnull(checked >= ?2, ?2 IS NULL)"
            " ORDER BY place LIMIT ?",
            *(last, before, PAGE),
        ):
            last = page[-1][0]
            yield from (_row(values, band) for values in page)

    def rows_of(self, numbers: Iterable[int], band: UncertaintyRange) -> list[Row]:
        """The rows of the inputs that are these accounts."""
        page = self.ask(
            "SELECT * FROM found WHERE account IN (SELECT value FROM json_each(?)) ORDER BY place",
            json.dumps(list(numbers)),
        )
        return [_row(values, band) for values in page]

    def tally(self, band: UncertaintyRange) -> Counter[str]:
        """How many accounts of the run came to what: by label or status, and of the judged, "unsure" and "not theirs".

        Not theirs is an identicon, to be seen in full, of another account than the one that shows it.
        """
        counts = self.ask(
            """
            SELECT iif(status = 'judged', label, status), count(*),
            ifnull(sum(status = 'judged' AND probability BETWEEN ? AND ?), 0),
            ifnull(sum(status = 'judged' AND label = 'default' AND verified = 0), 0)
            FROM accounts WHERE number IN (SELECT account FROM inputs) GROUP BY 1
            """,
            *band,
        )
        found = Counter({name: count for name, count, _, _ in counts})
        found["unsure"] = sum(count for _, _, count, _ in counts)
        found["not theirs"] = sum(count for _, _, _, count in counts)
        return found

    def ask(self, query: str, *values: object) -> list[Any]:
        """The rows that a query gives."""
        with self._told():
            return self._connection.execute(query, values).fetchall()

    @contextmanager
    def changing(self) -> Iterator[sqlite3.Connection]:
        """What is done within the `with` is done wholly or, where it ends in an error, not at all."""
        with self._told():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.rollback()
                raise
            self._connection.commit()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorname", "") == "SQLITE_BUSY":
                raise BadInput(
                    f"{self._path} is in use by another run: let that end, or give another file as --db."
                ) from error
            raise BadInput(f"{self._path} cannot be used ({error}): give another file as --db.") from error


def _row(values: tuple[Any, ...], band: UncertaintyRange) -> Row:
    _, _, _, checked, login, named_id, *found = values
    finding = Finding(*found)
    if finding.verified is not None:
        finding = replace(finding, verified=bool(finding.verified))
    return row(Account(login, named_id), finding, checked, band)


def _text(text: str) -> str:
    """What SQLite takes as text: halves of characters, as of an argument that is no UTF-8, are escaped."""
    return text.encode("utf-8", "backslashreplace").decode()
