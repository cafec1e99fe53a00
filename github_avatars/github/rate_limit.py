"""GitHub's rate limits: how a response announces one, and how long to wait."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from github_avatars import cancellation
from github_avatars.errors import BadOption, RateLimited

MIN_RATE = 0.001
MAX_RATE = 1000.0
"""Accounts per second."""

DEFAULT_WAIT = timedelta(minutes=1)
"""How long to wait if the response does not say.

Source: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
"""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

MAX_WAIT = timedelta(days=1)
"""The longest wait. GitHub's rate limits end within an hour; a later time comes from a faulty host or clock."""

LATEST = datetime(9999, 1, 1, tzinfo=UTC)
"""All later times are replaced by this one, so that calculations stay within the range of datetime."""

MARGIN = timedelta(seconds=1)
"""Added to each wait, because GitHub's times are whole seconds of a clock that may differ from ours."""


def is_rate_limited(status: int, headers: Mapping[str, str]) -> bool:
    """Whether a response with this status and these headers announces a rate limit.

    Source: https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api#rate-limit-errors
    """
    if status == 403 and "x-ratelimit-reset" in headers:
        return headers.get("x-ratelimit-remaining", "0") == "0"
    must_wait = "Retry-After" in headers or headers.get("x-ratelimit-remaining") == "0"
    return status == 429 or (must_wait and status in (403, 503))


def to_error(host: str, status: int, headers: Mapping[str, str], subject: str) -> RateLimited:
    """The error for a response that announces a rate limit. `subject` is what was requested, as in "octocat"."""
    reset = retry_time(headers)
    when = f"after {reset:%Y-%m-%d %H:%M:%S} UTC" if reset else "in a few minutes"
    return RateLimited(
        f"{host} limits the rate of requests (HTTP {status}) and refuses {subject}: retry {when}.", reset
    )


def retry_time(headers: Mapping[str, str]) -> datetime | None:
    """The time (UTC) from which GitHub accepts requests again, at most LATEST; None if the headers do not say.

    Retry-After is a number of seconds or an HTTP date; x-ratelimit-reset is in seconds since 1970. The latter does not
    count while requests remain, because another limit, a secondary one, is exceeded then.
    """
    after, reset = headers.get("Retry-After", ""), headers.get("x-ratelimit-reset", "")
    if headers.get("x-ratelimit-remaining", "0") != "0":
        reset = ""
    try:
        if after.isdecimal():
            date = datetime.now(UTC) + timedelta(seconds=int(after))
        elif after:
            date = parsedate_to_datetime(after)
            # The oldest of HTTP's three date formats has no time zone; it is UTC.
            date = date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
        else:
            date = EPOCH + timedelta(seconds=int(reset))
    except OverflowError:
        return LATEST
    except ValueError:
        return None
    return min(date, LATEST)


def check_rate(rate: float) -> None:
    """Raise BadOption if the rate, in accounts per second, is out of bounds."""
    if not MIN_RATE <= rate <= MAX_RATE:
        raise BadOption(f"The rate is {rate}: give {MIN_RATE:g} to {MAX_RATE:g} accounts per second.")


class Pace:
    """Limits all callers together to `rate` accounts per second."""

    def __init__(self, rate: float) -> None:
        self._interval = 1 / rate
        self._next = time.monotonic()

    def delay(self) -> float:
        """Seconds that the caller must wait before it requests the next account."""
        now = time.monotonic()
        # Count from the scheduled time, so that delays do not accumulate, but catch up at most one missed interval.
        due = max(self._next, now - self._interval)
        self._next = due + self._interval
        return max(0.0, due - now)


def resume_time(limited: RateLimited) -> datetime:
    """The time (UTC) at which to send the next request. Raises `limited` if it is more than MAX_WAIT away."""
    now = datetime.now(UTC)
    until = max(limited.until or now + DEFAULT_WAIT, now)
    if until - now > MAX_WAIT:
        raise limited
    return until + MARGIN


def wait(limited: RateLimited, report: Callable[[timedelta], None] = lambda _: None) -> None:
    """Return when GitHub accepts requests again. Raises `limited` if that is more than MAX_WAIT away.

    `report` is called about once a second with the remaining time, and with zero at the end.
    """
    end = resume_time(limited)
    while (remaining := end - datetime.now(UTC)) > timedelta():
        report(remaining)
        cancellation.pause(min(1.0, remaining.total_seconds()))
    report(timedelta())


def give_up(limited: RateLimited) -> None:
    """Raise the error instead of waiting."""
    raise limited
