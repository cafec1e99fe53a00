"""GitHub's wish for fewer requests: how its answers say so."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from github_avatars.errors import RateLimited


def told(status: int, headers: Mapping[str, str]) -> bool:
    """Whether an answer of this status says so, by what is in its headers.

    Source: https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api#rate-limit-errors
    """
    if status == 403 and "x-ratelimit-reset" in headers:
        return headers.get("x-ratelimit-remaining", "0") == "0"
    asked_to_wait = "Retry-After" in headers or headers.get("x-ratelimit-remaining") == "0"
    return status == 429 or (asked_to_wait and status in (403, 503))


def error(host: str, status: int, headers: Mapping[str, str], refused: str) -> RateLimited:
    """The error for such an answer, which `refused` somebody's avatar or something else."""
    end = until(headers)
    when = f"after {end:%Y-%m-%d %H:%M:%S} UTC" if end else "in some minutes"
    return RateLimited(f"{host} wants fewer requests (HTTP {status}) and refuses {refused}: ask again {when}.", end)


def until(headers: Mapping[str, str]) -> datetime | None:
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
