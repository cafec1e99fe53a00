"""What a caller can set for a scan: its options and its callbacks."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal

from github_avatars.classifier import Label
from github_avatars.errors import BadOption
from github_avatars.github import Via, rate_limit
from github_avatars.scan.rows import UNSURE, UncertaintyRange, check_uncertainty_range

MAX_CONCURRENCY = 512

MAX_AGE = timedelta(days=36_500)
"""The maximum age of a refresh. Python has no dates before the year 1."""

MAX_DEPTH = 100

MAX_ACCOUNTS = 10_000_000
"""The maximum limit of an expansion."""

Relation = Literal["followers", "following"]


@dataclass(frozen=True)
class Expansion:
    """Continues a scan from its accounts to their followers, breadth first. Raises BadOption for an impossible value.

    The accounts of the sources have the depth 0, those on the lists of an account the next larger depth than it.
    """

    depth: int = 1
    """The largest depth."""
    relation: Relation = "followers"
    """The lists to read: the followers of an account, or the accounts that it follows."""
    only: Label | None = None
    """Continue only from accounts with this label; None: from all that were classified."""
    limit: int = 5000
    """The maximum number of accounts in total, those of the sources included."""

    def __post_init__(self) -> None:
        if not 1 <= self.depth <= MAX_DEPTH:
            raise BadOption(f"The depth is {self.depth}: give 1 to {MAX_DEPTH}.")
        if not 1 <= self.limit <= MAX_ACCOUNTS:
            raise BadOption(f"The limit is {self.limit} accounts: give 1 to {MAX_ACCOUNTS:,}.")


@dataclass(frozen=True)
class ScanOptions:
    """The options of a scan. Raises BadOption for an impossible value."""

    db: str | Path = ":memory:"
    """The SQLite file that keeps the results, so that the same scan resumes; ":memory:" keeps nothing."""
    refresh: timedelta | None = None
    """Check accounts again that were checked longer ago than this; None: never."""
    size: int | None = 64
    """The side in pixels that is requested; None requests originals. GitHub serves identicons as originals anyway."""
    keep_pictures: bool = False
    """Keep each avatar in the store as GitHub sent it. Requests originals, whatever `size` is."""
    via: Via = "login"
    """How to fetch by a login: "login" from the avatar host, "page" from the account's page. Enterprise hosts always
    use "page"."""
    profiles: bool = False
    """Look up the profile of each account in GitHub's GraphQL API, which requires a token."""
    concurrency: int = 16
    """The number of fetches in flight."""
    rate: float | None = None
    """The maximum number of accounts per second; None: no limit."""
    wait: bool = True
    """Wait until a rate limit ends. If false, RateLimited ends the scan."""
    unsure: UncertaintyRange = UNSURE
    """A prediction is unsure if its probability lies within this range."""
    ordered: bool = False
    """Report the rows in the order of the input at the end of the scan, instead of as they come."""

    def __post_init__(self) -> None:
        if not 1 <= self.concurrency <= MAX_CONCURRENCY:
            raise BadOption(f"The concurrency is {self.concurrency}: give 1 to {MAX_CONCURRENCY}.")
        if self.refresh is not None and not timedelta() <= self.refresh <= MAX_AGE:
            raise BadOption(f"The age of --refresh is {self.refresh}: give 0 to {MAX_AGE.days:,} days.")
        if self.size is not None and self.size < 1:
            raise BadOption(f"The size is {self.size}: give a number of pixels, or None for originals.")
        if self.rate is not None:
            rate_limit.check_rate(self.rate)
        check_uncertainty_range(self.unsure)

    @property
    def requested_size(self) -> int | None:
        """The side in pixels that is requested; None for originals."""
        return None if self.keep_pictures else self.size


class Observer:
    """The callbacks of a scan, called in the thread that iterates over its rows. These do nothing: override them."""

    def begin(self, accounts: int, done: int) -> None:
        """The scan has `accounts` accounts, of which `done` need no request. Called again for each depth."""

    def expand(self, depth: int, lists: int, remaining: int | None) -> None:
        """Of the lists of accounts at this depth, `lists` are left to be read. Called before each page.

        `remaining` is the number of requests that GitHub's API accepts until its limit ends; None if it is unknown.
        """

    def advance(self, outcomes: list[str]) -> None:
        """More accounts are done: for each, its label, its status, or "unchanged"."""

    def wait(self, seconds: float) -> None:
        """GitHub limits the rate. Called about once a second with the time that is left."""

    def note(self, message: str) -> None:
        """Something that the user should know, such as a list that GitHub cuts off."""
