"""Errors as the page gets them: an HTTP status, and JSON that the page draws."""

import math
from datetime import UTC, datetime

from starlette.responses import JSONResponse

from github_avatars.errors import (
    BadImage,
    BadInput,
    BadLogin,
    Busy,
    GitHubAvatarsError,
    GitHubError,
    NoSuchAccount,
    RateLimited,
    TooLarge,
)

STATUSES: dict[type[GitHubAvatarsError], int] = {
    BadInput: 400,
    BadLogin: 400,
    NoSuchAccount: 404,
    TooLarge: 413,
    BadImage: 422,
    Busy: 429,
    RateLimited: 503,
    GitHubError: 502,
    GitHubAvatarsError: 500,
}
"""The status of the first of these that an error is."""


def problem(error: GitHubAvatarsError, status: int | None = None) -> JSONResponse:
    """The answer that tells an error: its kind and message, whether and from when on to ask again."""
    until = getattr(error, "until", None)
    content = {
        "kind": error.kind,
        "message": str(error),
        "retry": error.retry,
        "until": until.isoformat() if until else None,
    }
    status = status or next(status for kind, status in STATUSES.items() if isinstance(error, kind))
    return JSONResponse(content, status, _retry_after(until) if until else None)


def unexpected() -> JSONResponse:
    """The answer that tells a fault of this program, whose traceback is in the log."""
    content = {
        "kind": "unexpected",
        "message": "This page's server met a fault of its own: its log tells more, so please report it.",
        "retry": False,
        "until": None,
    }
    return JSONResponse(content, 500)


def _retry_after(until: datetime) -> dict[str, str]:
    return {"Retry-After": str(max(0, math.ceil((until - datetime.now(UTC)).total_seconds())))}
