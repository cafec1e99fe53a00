"""What shows on standard error how far a scan has come."""

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from typing import Self

from tqdm import tqdm

from github_avatars.scan.store import Outcome


class Bar:
    """A bar of so many accounts, of which some are done already; its end shows what the others came to."""

    def __init__(self, accounts: int, done: int) -> None:
        self._bar = tqdm(total=accounts, initial=done, unit="account", mininterval=1)
        self._counts: Counter[str] = Counter()
        self._waiting = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def count(self, outcomes: Iterable[Outcome]) -> None:
        """Show these, too."""
        came = [each.finding.label or each.finding.status if each.finding else "unchanged" for each in outcomes]
        self._counts.update(came)
        self._bar.set_postfix_str(", ".join(f"{count:,} {name}" for name, count in self._counts.items()), refresh=False)
        if self._waiting:
            self._waiting = 0
            self._bar.set_description_str("", refresh=False)
        self._bar.update(len(came))

    def wait(self, seconds: float) -> None:
        """Show that it takes so long until GitHub is asked again."""
        if (left := round(seconds)) != self._waiting:
            self._waiting = left
            again = timedelta(seconds=left)
            self._bar.set_description_str(f"GitHub wants fewer requests: it is asked again in {again}")
