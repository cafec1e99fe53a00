"""Waiting for the end of a rate limit, visibly."""

import sys
from datetime import timedelta

from github_avatars.errors import RateLimited
from github_avatars.github import rate_limit


def wait(limited: RateLimited) -> None:
    """Return when GitHub accepts requests again. Standard error shows the reason, and on a terminal a countdown."""
    print(f"{limited} Waiting until {rate_limit.resume_time(limited):%H:%M:%S} UTC.", file=sys.stderr, flush=True)
    rate_limit.wait(limited, _show if sys.stderr.isatty() else lambda _: None)


def _show(remaining: timedelta) -> None:
    text = f"{timedelta(seconds=round(remaining.total_seconds()))} left" if remaining else ""
    # Overwrites the previous text.
    print(f"\r{text}\033[K", end="", file=sys.stderr, flush=True)
