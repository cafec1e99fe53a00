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

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def begin(self, accounts: int, done: int) -> None:
        """Show the bar."""
        self._bar = tqdm(total=accounts, initial=done, unit="account", mininterval=1)

    def advance(self, outcomes: list[str]) -> None:
        """Add these outcomes to the bar."""
        if self._bar is None:
            return
        self._counts.update(outcomes)
        self._bar.set_postfix_str(", ".join(f"{count:,} {name}" for name, count in self._counts.items()), refresh=False)
        if self._seconds_left:
            self._seconds_left = 0
            self._bar.set_description_str("", refresh=False)
        self._bar.update(len(outcomes))

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
