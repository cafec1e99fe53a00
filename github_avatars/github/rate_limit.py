"""GitHub's wish for fewer requests: how its answers say so."""

import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from github_avatars.errors import BadInput, RateLimited
from github_avatars.github import cancellation


def is_rate_limited(status: int, headers: Mapping[str, str]) -> bool:
    """Whether an answer of this status says so, by what is in its headers.

    Source: https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api#rate-limit-errors
    """
    if status == 403 and "x-ratelimit-reset" in headers:
        return headers.get("x-ratelimit-remaining", "0") == "0"
    asked_to_wait = "Retry-After" in headers or headers.get("x-ratelimit-remaining") == "0"
    return status == 429 or (asked_to_wait and status in (403, 503))


def to_error(host: str, status: int, headers: Mapping[str, str], refused: str) -> RateLimited:
    """The error for such an answer, which `refused` somebody's avatar or something else."""
    end = retry_time(headers)
    when = f"after {end:%Y-%m-%d %H:%M:%S} UTC" if end else "in some minutes"
    return RateLimited(f"{host} wants fewer requests (HTTP {status}) and refuses {refused}: ask again {when}.", end)


def retry_time(headers: Mapping[str, str]) -> datetime | None:
    """When GitHub will answer again: Retry-After is seconds or an HTTP date, x-ratelimit-reset seconds since 1970."""
    after, reset = headers.get("Retry-After", ""), headers.get("x-ratelimit-reset", "")
    try:
        if after.isdigit():
            return datetime.now(UTC) + timedelta(seconds=int(after))
        if after:
            date = parsedate_to_datetime(after)
            # The oldest of HTTP's three forms names no zone, and means UTC nevertheless.
            return date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
        return datetime.fromtimestamp(int(reset), UTC)
    except (ValueError, OverflowError, OSError):
        return None


RATES = (0.001, 1000.0)
"""Accounts a second."""


def check_rate(rate: float) -> None:
    """Raise BadInput where the rate is out of bounds."""
    if not RATES[0] <= rate <= RATES[1]:
        raise BadInput(f"The rate is {rate}: give {RATES[0]:g} to {RATES[1]:g} accounts a second.")


class Pace:
    """Keeps all who ask it together to `rate` accounts a second."""

    def __init__(self, rate: float) -> None:
        self._pause = 1 / rate
        self._next = time.monotonic()

    def delay(self) -> float:
        """Seconds after which whoever calls may ask for one more account."""
        now = time.monotonic()
        # Counted from when it was time, lest every delay add up; but more than one that was missed is not made up.
        due = max(self._next, now - self._pause)
        self._next = due + self._pause
        return max(0.0, due - now)


DEFAULT_WAIT = timedelta(minutes=1)
"""How long to wait where GitHub does not say.

Source: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
"""

MARGIN = timedelta(seconds=1)
"""GitHub tells whole seconds, by a clock that may differ a little."""


def give_up(limited: RateLimited) -> None:
    """Raise it."""
    raise limited


def resume_time(limited: RateLimited) -> datetime:
    """When GitHub may be asked again."""
    now = datetime.now(UTC)
    return max(limited.until or now + DEFAULT_WAIT, now) + MARGIN


def wait(limited: RateLimited) -> None:
    """Return when GitHub answers again; until then, standard error shows why, and on a terminal how long still."""
    again = resume_time(limited)
    print(f"{limited} Waiting until {again:%H:%M:%S} UTC.", file=sys.stderr, flush=True)
    while (left := again - datetime.now(UTC)) > timedelta():
        _show(f"{timedelta(seconds=round(left.total_seconds()))} left")
        cancellation.pause(min(1.0, left.total_seconds()))
    _show("")


def _show(text: str) -> None:
    # In place of what the line showed before, which a file could not forget.
    if sys.stderr.isatty():
        print(f"\r{text}\033[K", end="", file=sys.stderr, flush=True)
