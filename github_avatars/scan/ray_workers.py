"""What workers of a cluster do: tables of names or pictures in, tables of rows out, by the local engine's functions.

Each is made once, with its model, and called again and again.
"""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from github_avatars import classifier
from github_avatars.errors import GitHubError
from github_avatars.github import GitHub
from github_avatars.scan import addresses, formats, images, names, rows, store
from github_avatars.scan.accounts import Account
from github_avatars.scan.engine import Engine
from github_avatars.scan.findings import PENDING, Finding

TEXT = "text"
"""What Ray calls the one column of a text file."""


class Pace:
    """Tells all workers when to ask, so that together they ask for no more than `rate` accounts a second."""

    def __init__(self, rate: float) -> None:
        self._pause = 1 / rate
        self._next = time.monotonic()

    def wait(self) -> float:
        """Seconds after which whoever calls may ask for one account."""
        now = time.monotonic()
        due = max(self._next, now)
        self._next = due + self._pause
        return due - now


class Accounts:
    """Fetches avatars and judges them.

    `columns` are those with the logins and the account ids; `pause` tells how many seconds to wait before each account.
    """

    def __init__(
        self,
        *,
        columns: tuple[str | None, str | None],
        github: str,
        size: int | None,
        concurrency: int,
        patient: bool,
        pause: Callable[[], float] | None,
        band: rows.Band,
    ) -> None:
        self._columns = columns
        self._size = size
        self._pause = pause
        self._band = band
        self._failure: str | None = None
        self._run = partial(
            Engine,
            github=partial(GitHub, github),
            classifier=classifier.shipped(),
            judges=ThreadPoolExecutor(1),
            stop=threading.Event(),
            concurrency=concurrency,
            countdown=(lambda _: None) if patient else None,
        )

    def __call__(self, batch: Any) -> Any:
        """The rows of a table of accounts."""
        accounts = list(self._accounts(batch))
        found: dict[int, Finding] = {}
        try:
            for outcomes in () if self._failure else self._run(self._due(accounts)):
                found |= {outcome.number: outcome.finding for outcome in outcomes if outcome.finding}
        except GitHubError as error:
            # As the local engine does, it asks for no more; what is done is kept, and the other rows say what is not.
            self._failure = str(error)
        left = Finding(PENDING, self._failure)
        return _table(accounts, [found.get(number, left) for number in range(len(accounts))], self._band)

    def _accounts(self, batch: Any) -> Iterator[Account]:
        cells: list[list[Any]] = [batch[name].to_pylist() if name else [None] * len(batch) for name in self._columns]
        if self._columns[0] == TEXT:
            return (Account(login, None) for login in names.uncommented(cells[0]))
        return names.of_rows(([_text(login), _text(number)] for login, number in zip(*cells, strict=True)), 0, 1)

    def _due(self, accounts: list[Account]) -> Iterator[store.Due]:
        for number, account in enumerate(accounts):
            if self._pause:
                time.sleep(self._pause())
            yield store.Due(number, "", account.login, account.account_id, self._size, None)


class Pictures:
    """Judges the pictures of accounts, each a file or a folder whose address is under `item`."""

    def __init__(self, *, band: rows.Band) -> None:
        self._classifier = classifier.shipped()
        self._band = band

    def __call__(self, batch: Any) -> Any:
        """The rows of a table of such addresses."""
        accounts, found = [], []
        for address in batch["item"].to_pylist():
            with addresses.local(address) as path:
                accounts.append(images.account(path))
                found.append(replace(images.judge(self._classifier, [f":{path}"])[0], href=address))
        return _table(accounts, found, self._band)


def _text(value: Any) -> str:
    """A cell as a CSV file would have it; whole numbers may come as fractions where a column has gaps."""
    return "" if value is None else str(int(value) if isinstance(value, float) and value.is_integer() else value)


def _table(accounts: list[Account], found: list[Finding], band: rows.Band) -> Any:
    import pyarrow

    checked = store.time(datetime.now(UTC))
    judged = [vars(rows.row(*pair, checked, band)) for pair in zip(accounts, found, strict=True)]
    return pyarrow.Table.from_pylist(judged, formats.schema())
