"""The progress of a scan on standard error."""

import sys
from collections import Counter
from datetime import timedelta
from typing import Self

from tqdm import tqdm

from github_avatars.scan import Observer
from github_avatars.text import printable


class ProgressBar(Observer):
    """A bar of all accounts that counts the outcomes of this run. Use it in a `with` statement."""

    def __init__(self) -> None:
        self._bar: tqdm | None = None  # type: ignore[type-arg]
        self._counts: Counter[str] = Counter()
        self._seconds_left = 0
        self._description = ""
        self._depth = 0
        self._budget = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def begin(self, accounts: int, done: int) -> None:
        """Show the bar, or new totals."""
        if self._bar is None:
            # The interval alone decides when it is drawn, because a list adds no account that is done.
            self._bar = tqdm(total=accounts, initial=done, unit="account", mininterval=1, miniters=0)
        else:
            self._bar.total, self._bar.n = accounts, done
            self._show(f"depth {self._depth + 1}: avatars{self._budget}")

    def expand(self, depth: int, lists: int, remaining: int | None) -> None:
        """Show the depth, the lists that are left, and the requests that the API accepts."""
        self._depth = depth
        self._budget = "" if remaining is None else f", {remaining:,} API requests left"
        self._show(f"depth {depth}: {lists:,} lists to read{self._budget}")

    def advance(self, outcomes: list[str]) -> None:
        """Add these outcomes to the bar."""
        if self._bar is None:
            return
        self._counts.update(outcomes)
        self._bar.set_postfix_str(", ".join(f"{count:,} {name}" for name, count in self._counts.items()), refresh=False)
        self._show(self._description)
        self._bar.update(len(outcomes))

    def _show(self, description: str) -> None:
        """Show a description of what is done, unless a rate limit is waited for."""
        self._description, self._seconds_left = description, 0
        if self._bar is not None:
            self._bar.set_description_str(description, refresh=False)
            self._bar.update(0)

    def wait(self, seconds: float) -> None:
        """Show the time that is left."""
        previous, self._seconds_left = self._seconds_left, round(seconds)
        time_left = timedelta(seconds=self._seconds_left)
        if self._bar is None:
            # While a list is read, there is no bar yet.
            if sys.stderr.isatty():
                text = f"{time_left} left" if time_left else ""
                print(f"\r{text}\033[K", end="", file=sys.stderr, flush=True)
        elif self._seconds_left != previous:
            self._bar.set_description_str(f"GitHub limits the rate of requests: next request in {time_left}")

    def note(self, message: str) -> None:
        """Print a note."""
        print("note:", printable(message), file=sys.stderr, flush=True)
