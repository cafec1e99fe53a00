"""What to do while GitHub wants fewer requests: wait, visibly, or give up."""

import sys
from datetime import UTC, datetime, timedelta

from github_avatars import cancellation
from github_avatars.errors import RateLimited

UNTOLD = timedelta(minutes=1)
"""How long to wait where GitHub does not say.

Source: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
"""

MARGIN = timedelta(seconds=1)
"""GitHub tells whole seconds, by a clock that may differ a little."""


def refuse(limited: RateLimited) -> None:
    """Raise it."""
    raise limited


def end(limited: RateLimited) -> datetime:
    """When GitHub may be asked again."""
    now = datetime.now(UTC)
    return max(limited.until or now + UNTOLD, now) + MARGIN


def wait(limited: RateLimited) -> None:
    """Return when GitHub answers again; until then, standard error shows why, and on a terminal how long still."""
    again = end(limited)
    print(f"{limited} Waiting until {again:%H:%M:%S} UTC.", file=sys.stderr, flush=True)
    while (left := again - datetime.now(UTC)) > timedelta():
        _show(f"{timedelta(seconds=round(left.total_seconds()))} left")
        cancellation.pause(min(1.0, left.total_seconds()))
    _show("")


def _show(text: str) -> None:
    # In place of what the line showed before, which a file could not forget.
    if sys.stderr.isatty():
        print(f"\r{text}\033[K", end="", file=sys.stderr, flush=True)
