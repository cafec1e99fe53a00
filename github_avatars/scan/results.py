"""Reading the results of a scan from its store."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from github_avatars.errors import BadFile, InUse
from github_avatars.features import Features
from github_avatars.github import Account, Profile
from github_avatars.prediction import Prediction
from github_avatars.scan.rows import JUDGED, PROFILE_COLUMNS, Result, Row, UncertaintyRange, make_row
from github_avatars.scan.schema import connect
from github_avatars.scan.summary import Summary

PAGE = 1000
"""The number of rows that are read at once."""

PROFILE = ", ".join(PROFILE_COLUMNS)


class Results:
    """An open store whose results can be read. Store adds what writes them."""

    def __init__(self, path: str | Path) -> None:
        self._path = path
        with self._translate_errors():
            self._connection = connect(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def query(self, sql: str, *values: object) -> list[Any]:
        """The rows that a query returns."""
        with self._translate_errors():
            return self._connection.execute(sql, values).fetchall()

    def rows(self, unsure: UncertaintyRange) -> Iterator[Row]:
        """A row for each input of the run, in their order."""
        return (row for _, row in self.numbered_rows(unsure))

    def numbered_rows(self, unsure: UncertaintyRange) -> Iterator[tuple[int, Row]]:
        """The rows, each with the number of its account."""
        return self._rows(unsure, "true")

    def rows_with_pictures(self, unsure: UncertaintyRange) -> Iterator[tuple[Row, bytes | None]]:
        """The rows, each with the kept picture of its account; None if there is none."""
        return ((row, self.picture(number)) for number, row in self.numbered_rows(unsure))

    def picture(self, number: int) -> bytes | None:
        """The kept picture of the account with this number; None if there is none."""
        pictures = self.query("SELECT data FROM pictures WHERE account = ?", number)
        return pictures[0][0] if pictures else None

    def host(self) -> str | None:
        """The address of the host of the accounts, like GitHub.base; None if it is unknown."""
        hosts = self.query("SELECT url FROM hosts")
        return hosts[0][0] if hosts else None

    def rows_not_due(self, unsure: UncertaintyRange, cutoff: str | None, depth: int = 0) -> Iterator[Row]:
        """The rows of the inputs of this depth whose accounts are not due."""
        condition = "depth = ?4 AND settled AND ifnull(checked >= ?3, ?3 IS NULL)"
        return (row for _, row in self._rows(unsure, condition, cutoff, depth))

    def rows_below(self, unsure: UncertaintyRange, depth: int) -> Iterator[Row]:
        """The rows of the inputs with a larger depth."""
        return (row for _, row in self._rows(unsure, "depth > ?3", depth))

    def rows_of(self, numbers: Iterable[int], unsure: UncertaintyRange) -> Iterator[Row]:
        """The rows of the inputs that are the accounts with these numbers."""
        condition = "account IN (SELECT value FROM json_each(?3))"
        return (row for _, row in self._rows(unsure, condition, json.dumps(list(numbers))))

    def _rows(self, unsure: UncertaintyRange, condition: str, *values: object) -> Iterator[tuple[int, Row]]:
        """The account number and the row of each input for which the condition is true; its parameters begin at ?3."""
        last = 0
        while page := self.query(
            f"SELECT found.*, {PROFILE} FROM found LEFT JOIN profiles USING (account)"  # noqa: S608
            f" WHERE place > ?1 AND {condition} ORDER BY place LIMIT ?2",
            *(last, PAGE, *values),
        ):
            last = page[-1][0]
            for _, number, *columns in page:
                yield number, _row(columns, unsure)
            if len(page) < PAGE:
                return

    def edges(self) -> Iterator[tuple[int, int]]:
        """The account numbers of the follower and of the followed account of each edge, in ascending order."""
        last = (0, 0)
        while page := self.query(
            "SELECT follower, followed FROM edges WHERE (follower, followed) > (?, ?)"
            " ORDER BY follower, followed LIMIT ?",
            *(*last, PAGE),
        ):
            last = page[-1]
            yield from page

    def summary(self, unsure: UncertaintyRange) -> Summary:
        """The summary of the accounts of the run."""
        ((inputs,),) = self.query("SELECT count(*) FROM inputs")
        groups = self.query(
            """
            SELECT iif(status = 'judged', label, status), count(*),
            ifnull(sum(status = 'judged' AND probability BETWEEN ? AND ?), 0),
            ifnull(sum(status = 'judged' AND label = 'default' AND verified = 0), 0),
            ifnull(sum(status = 'judged' AND label = 'default' AND verified IS NULL AND href LIKE 'http%'), 0)
            FROM accounts WHERE number IN (SELECT account FROM inputs) GROUP BY 1
            """,
            *unsure,
        )
        return Summary(
            Counter({name: count for name, count, *_ in groups}),
            unsure=sum(group[2] for group in groups),
            not_own=sum(group[3] for group in groups),
            unverified=sum(group[4] for group in groups),
            range=unsure,
            inputs=inputs,
        )

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, UnicodeDecodeError) as error:
            if getattr(error, "sqlite_errorname", "") == "SQLITE_BUSY":
                raise InUse(
                    f"{self._path} is in use by another run: wait until it ends, or give another path."
                ) from error
            raise BadFile(f"{self._path} cannot be used ({error}): give another path.") from error


def _row(columns: list[Any], unsure: UncertaintyRange) -> Row:
    """The row for the columns of `found`, from `settled` on."""
    _, checked, login, named_id, email, forgeable, depth, status, error, label, probability, *more = columns
    github_grey, distinct_colors, identicon_error, verified, pictures, agreed, skipped_pictures, *more = more
    account_id, href, *profile = more
    prediction = None
    if status == JUDGED:
        prediction = Prediction(
            label,
            probability,
            Features(github_grey, distinct_colors, identicon_error),
            account_id=account_id,
            verified=None if verified is None else bool(verified),
            username=login,
            href=href,
        )
    else:
        # An earlier prediction stays in the store, but its columns do not belong to this status.
        pictures, agreed, skipped_pictures = 0, 0, None
    result = Result(
        status=status,
        error=error,
        prediction=prediction,
        pictures=pictures,
        agreed=agreed,
        skipped_pictures=skipped_pictures,
        account_id=account_id,
        href=href,
    )
    account = Account(login, named_id, email=email, forgeable=bool(forgeable))
    row = make_row(account, result, checked, unsure, depth)
    return row if profile[0] is None else replace(row, profile=Profile(row.account_id, *profile))
