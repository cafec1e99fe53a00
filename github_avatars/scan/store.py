"""The results of a scan in one SQLite file, which any program can read.

What was written survives any end of the program, kill -9 included: a batch of outcomes is written completely or not at
all. Rows are read in pages, so memory does not grow with the number of accounts.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, overload

from github_avatars.errors import BadFile
from github_avatars.github import Account, Profile
from github_avatars.scan.results import PAGE, Results
from github_avatars.scan.rows import JUDGED, TRANSIENT, Result, Row
from github_avatars.scan.schema import CHECKED

LISTED = "(SELECT value FROM json_each(?))"
"""In SQL, the elements of a JSON array."""

OF_DEPTH = "EXISTS (SELECT 1 FROM inputs WHERE account = number AND depth = ?)"
"""Whether an account belongs to an input of this depth."""

JUDGED_INPUTS = (
    "FROM inputs JOIN accounts ON number = account"
    " WHERE depth = ?1 AND status = 'judged' AND label = ifnull(?2, label) AND place > ?3"
)
"""The classified inputs of a depth, with a label unless it is NULL, from a place on."""


@dataclass(frozen=True)
class DueAccount:
    """An account to request, or whose pictures on disk to classify."""

    number: int
    key: str
    login: str | None
    account_id: int | None
    size: int | None
    """The side in pixels to request; None for the original."""
    etag: str | None
    judged: bool = False
    """Whether its last request had an avatar."""
    avatar_url: str | None = None
    email: str | None = None
    identified: bool = False
    """Whether its id was looked up in this run, after its avatar was fetched by login."""

    @property
    def is_by_login(self) -> bool:
        """Whether it is requested by its login, because nothing else of it is known."""
        return self.account_id is None and self.avatar_url is None and (self.email is None or self.login is not None)


@dataclass(frozen=True)
class Outcome:
    """The outcome for an account that was due."""

    number: int
    result: Result | None
    """None if the avatar is unchanged."""
    size: int | None = None
    etag: str | None = None
    picture: bytes | None = None
    """The file to keep, if any."""
    profile: Profile | None = None
    """The profile of the account, if it was looked up."""


def account_key(account: Account) -> str:
    """The key that identifies an account: its id, or else its login in lower case, its commit address or its avatar."""
    if account.account_id is not None:
        return f"#{account.account_id}"
    if account.login is None and (address := account.email or account.avatar_url):
        return f"<{_text(address)}>"
    return f"@{_text(account.login or '').lower()}"


def account_keys(account: Account) -> list[str]:
    """All keys that the same account can have: that of `account_key`, and that of its login."""
    key = account_key(account)
    return [key, account_key(Account(account.login))] if account.login and account.account_id is not None else [key]


def _values(key: str, account: Account) -> tuple[Any, ...]:
    """An account with its key as parameters of SQL."""
    login, email, avatar_url = _text(account.login), _text(account.email), _text(account.avatar_url)
    return _text(key), login, account.account_id, email, account.forgeable, avatar_url


def format_time(moment: datetime) -> str:
    """A moment as the store writes it, for example 2026-11-24T12:30:00Z."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def now() -> str:
    """The current time as the store writes it."""
    return format_time(datetime.now(UTC))


class Store(Results):
    """The store in the file `path`, created if necessary; ":memory:" keeps nothing.

    Only one program at a time can open it. The constructor and all methods raise InUse, or BadFile if the file is not a
    store or cannot be read or written. Close it, or use it in a `with` statement, in the thread that created it.

    In several methods, `cutoff` is a time: accounts that were checked earlier are due again. None means none are.
    """

    def __init__(self, path: str | Path) -> None:
        super().__init__(path)
        self._model, self._keep_pictures, self._verify, self._profiles = "", False, False, False

    def check_host(self, url: str) -> None:
        """Raise BadFile if the accounts are those of another host than `url`, which is like GitHub.base."""
        for (known,) in self.query("SELECT url FROM hosts"):
            if known != url:
                raise BadFile(
                    f"{self._path} has the results of {known}, not of {url}: "
                    f"give another path, or set GITHUB_URL to {known}."
                )

    def begin(
        self,
        accounts: Iterable[tuple[str, Account]],
        model: str,
        *,
        host: str | None = None,
        keep_pictures: bool = False,
        verify: bool = False,
        profiles: bool = False,
        keep_pages: bool = False,
    ) -> None:
        """Begin a run over accounts with their keys; `model` is the sha256 of the model that classifies them.

        `host` is the address of the host of the accounts; None for pictures on disk. Raises the error of `check_host`
        before it iterates over `accounts`. A store without a host gets this one.

        Accounts that another model classified become due, because predictions of two models are not comparable. With
        `keep_pictures`, so do accounts without a kept picture; with `verify`, default avatars that were fetched by
        login and not verified; with `profiles`, accounts without a profile.

        With `keep_pages`, the pages of GitHub's lists stay in the store until a run is complete, because this run reads
        more lists. Otherwise the next run reads its lists again.
        """
        self._model, self._keep_pictures, self._verify, self._profiles = model, keep_pictures, verify, profiles
        if host:
            self.check_host(host)
        with self.transaction() as connection:
            if host:
                connection.execute("DELETE FROM hosts")
                connection.execute("INSERT INTO hosts VALUES (?)", (host,))
            connection.execute("DELETE FROM inputs")
            connection.execute("INSERT INTO runs (started, model) VALUES (?, ?)", (now(), model))
        remaining = iter(accounts)
        while batch := list(islice(remaining, PAGE)):
            with self.transaction() as connection:
                self.add_inputs(connection, batch)
        with self.transaction() as connection:
            self.begin_depth(connection)
            if not keep_pages:
                connection.execute("DELETE FROM pages")

    def add_inputs(
        self, connection: sqlite3.Connection, accounts: Iterable[tuple[str, Account]], depth: int = 0
    ) -> None:
        """Add inputs to the run, with the keys of their accounts, in an open `transaction`."""
        batch = [(*_values(key, account), depth) for key, account in accounts]
        connection.executemany(
            "INSERT INTO accounts (name, login, named_id, email, avatar_url) VALUES (?1, ?2, ?3, ?4, ?6)"
            " ON CONFLICT DO NOTHING",
            [values[:6] for values in batch],
        )
        # The source of an earlier run may not have had the address of the avatar.
        connection.executemany(
            "UPDATE accounts SET avatar_url = ?6, login = ?2, settled = 0, etag = NULL"
            " WHERE name = ?1 AND ?6 IS NOT NULL AND avatar_url IS NOT ?6",
            [values[:6] for values in batch],
        )
        connection.executemany(
            "INSERT INTO inputs (login, account_id, email, forgeable, depth, account)"
            " SELECT ?2, ?3, ?4, ?5, ?7, number FROM accounts WHERE name = ?1",
            batch,
        )

    def begin_depth(self, connection: sqlite3.Connection, depth: int = 0) -> None:
        """Determine which accounts of this depth are due, in an open `transaction`, after all of them were added."""
        connection.execute(
            f"UPDATE accounts SET settled = 0, etag = NULL WHERE label IS NOT NULL AND {OF_DEPTH}"  # noqa: S608
            " AND (model != ? OR (? AND number NOT IN (SELECT account FROM pictures)))",
            (depth, self._model, self._keep_pictures),
        )
        if self._verify:
            connection.execute(
                "UPDATE accounts SET settled = 0, etag = NULL WHERE label = 'default' AND verified IS NULL"  # noqa: S608
                f" AND named_id IS NULL AND email IS NULL AND avatar_url IS NULL AND {OF_DEPTH}",
                (depth,),
            )
        if self._profiles:
            connection.execute(
                f"UPDATE accounts SET settled = 0 WHERE status = 'judged' AND {OF_DEPTH}"  # noqa: S608
                " AND number NOT IN (SELECT account FROM profiles)",
                (depth,),
            )
        connection.execute(f"UPDATE accounts SET crc = crc32({CHECKED}) WHERE crc IS NULL")  # noqa: S608

    def end(self, outcome: str) -> None:
        """Record how the run ended."""
        with self.transaction() as connection:
            connection.execute(
                "UPDATE runs SET ended = ?, outcome = ? WHERE number = (SELECT max(number) FROM runs)",
                (now(), outcome),
            )
            if outcome == "complete":
                connection.execute("DELETE FROM pages")

    def count(self, cutoff: str | None, depth: int = 0) -> tuple[int, int, int]:
        """The numbers of inputs of the run, of accounts among them, and of accounts of this depth that are due."""
        ((inputs, accounts),) = self.query("SELECT count(*), count(DISTINCT account) FROM inputs")
        ((due,),) = self.query(
            f"SELECT count(*) FROM accounts WHERE {OF_DEPTH} AND (NOT settled OR checked < ?)",  # noqa: S608
            *(depth, cutoff),
        )
        return inputs, accounts, due

    def due(self, size: int | None, cutoff: str | None, depth: int = 0) -> Iterator[DueAccount]:
        """The accounts of this depth that are due, each once, even if outcomes are written meanwhile.

        A new picture is requested in `size`, a known one in the size that it has.
        """
        last = 0
        while page := self.query(
            "SELECT number, name, login, named_id, iif(etag IS NULL, ?, size), etag, status = 'judged', avatar_url,"  # noqa: S608
            f" email FROM accounts WHERE number > ? AND {OF_DEPTH} AND (NOT settled OR checked < ?)"
            " ORDER BY number LIMIT ?",
            *(size, last, depth, cutoff, PAGE),
        ):
            last = page[-1][0]
            yield from (DueAccount(*values) for values in page)

    def write(self, outcomes: Iterable[Outcome]) -> None:
        """Write outcomes in one transaction. An error leaves an earlier prediction in the store."""
        checked = now()
        outcomes = list(outcomes)
        predicted = [outcome.number for outcome in outcomes if outcome.result and outcome.result.prediction]
        # Each statement lets other threads run, and then waits for them, so it has many accounts where possible.
        with self.transaction() as connection:
            connection.execute(f"DELETE FROM pictures WHERE account IN {LISTED}", (json.dumps(predicted),))  # noqa: S608
            for outcome in outcomes:
                if outcome.result and outcome.result.prediction:
                    self._write_prediction(connection, outcome, outcome.result, checked)
                else:
                    # Without a result, the avatar is unchanged.
                    self._write_status(connection, outcome.number, outcome.result or Result(status=JUDGED), checked)
                if profile := outcome.profile:
                    texts = (profile.created_at, profile.name, profile.company, profile.location)
                    counts = (profile.followers, profile.following, profile.public_repositories)
                    connection.execute(
                        "INSERT OR REPLACE INTO profiles VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                        (outcome.number, profile.type, *(_text(text) for text in texts), *counts),
                    )
            connection.execute(
                f"UPDATE accounts SET crc = crc32({CHECKED}) WHERE number IN {LISTED}",  # noqa: S608
                (json.dumps([outcome.number for outcome in outcomes]),),
            )

    def _write_status(self, connection: sqlite3.Connection, number: int, result: Result, checked: str) -> None:
        """An account that had a prediction is never settled by an error: it is requested again by the next run."""
        connection.execute(
            """
            UPDATE accounts SET settled = :status = 'judged' OR (:final AND label IS NULL), status = :status,
            error = :error, account_id = iif(label IS NULL, :account_id, account_id),
            href = iif(label IS NULL, :href, href), checked = :checked WHERE number = :number
            """,
            {
                "number": number,
                "status": result.status,
                "final": result.status not in TRANSIENT,
                "error": _text(result.error),
                "account_id": result.account_id,
                "href": _text(result.href),
                "checked": checked,
            },
        )

    def _write_prediction(self, connection: sqlite3.Connection, outcome: Outcome, result: Result, checked: str) -> None:
        connection.execute(
            """
            UPDATE accounts SET settled = 1, status = :status, error = NULL, label = :label,
            probability = :probability, github_grey = :github_grey, distinct_colors = :distinct_colors,
            identicon_error = :identicon_error, verified = :verified, pictures = :pictures, agreed = :agreed,
            left_out = :left_out, account_id = :account_id, href = :href, etag = :etag, size = :size, model = :model,
            fetched = :checked, checked = :checked WHERE number = :number
            """,
            {
                **Row(**vars(result), login=None).columns(),
                "left_out": _text(result.skipped_pictures),
                "href": _text(result.href),
                "number": outcome.number,
                "etag": outcome.etag,
                "size": outcome.size,
                "model": self._model,
                "checked": checked,
            },
        )
        if outcome.picture is not None:
            connection.execute("INSERT INTO pictures VALUES (?, ?)", (outcome.number, outcome.picture))

    def inputs_among(self, keys: Iterable[str]) -> set[str]:
        """Those of these keys that belong to an input of the run."""
        rows = self.query(
            "SELECT name FROM accounts WHERE name IN (SELECT value FROM json_each(?))"
            " AND number IN (SELECT account FROM inputs)",
            json.dumps(list(keys)),
        )
        return {name for (name,) in rows}

    def count_judged(self, depth: int, label: str | None) -> int:
        """The number of accounts that `judged` returns."""
        ((count,),) = self.query(f"SELECT count(*) {JUDGED_INPUTS}", depth, label, 0)
        return int(count)

    def judged(self, depth: int, label: str | None) -> Iterator[tuple[str, Account]]:
        """The classified accounts of this depth with their keys, in the order of the input.

        Only those with this label; None for both labels.
        """
        last = 0
        columns = "place, name, inputs.login, inputs.account_id, avatar_url"
        while page := self.query(
            f"SELECT {columns} {JUDGED_INPUTS} ORDER BY place LIMIT ?4",
            *(depth, label, last, PAGE),
        ):
            last = page[-1][0]
            yield from ((key, Account(*values)) for _, key, *values in page)

    def add_edges(self, connection: sqlite3.Connection, edges: Iterable[tuple[str, str]]) -> None:
        """Add edges from followers to the accounts that they follow, both as account_key, in an open `transaction`.

        Edges that the store has already are omitted. Raises sqlite3.IntegrityError, which `transaction` translates to
        BadFile, if an account is not in the store.
        """
        connection.executemany(
            "INSERT INTO edges VALUES"
            " ((SELECT number FROM accounts WHERE name = ?), (SELECT number FROM accounts WHERE name = ?))"
            " ON CONFLICT DO NOTHING",
            edges,
        )

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A context that commits its changes at the end, or rolls them back after an error."""
        with self._translate_errors():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.rollback()
                raise
            self._connection.commit()


@overload
def _text(text: str) -> str: ...
@overload
def _text(text: None) -> None: ...
def _text(text: str | None) -> str | None:
    """`text` for SQLite: lone surrogates, from arguments and file names that are not UTF-8, are escaped."""
    return None if text is None else text.encode("utf-8", "backslashreplace").decode()
