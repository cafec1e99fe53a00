"""Errors as HTTP responses: a status, and JSON that the page displays."""

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
"""HTTP statuses; the first class that an error is an instance of determines its status."""


def problem(error: GitHubAvatarsError, status: int | None = None) -> JSONResponse:
    """The response for an error: its kind and message, whether a retry may succeed, and from what time."""
    until: datetime | None = getattr(error, "until", None)
    content = {
        "kind": error.kind,
        "message": str(error),
        "retry": error.retry,
        "until": until.isoformat() if until else None,
    }
    status = status or next(status for kind, status in STATUSES.items() if isinstance(error, kind))
    return JSONResponse(content, status, _retry_after(until) if until else None)


def unexpected() -> JSONResponse:
    """The response for a fault of this program. Its traceback goes to the log only."""
    content = {
        "kind": "unexpected",
        "message": "This page's server has an internal error: its log contains details. Please report it.",
        "retry": False,
        "until": None,
    }
    return JSONResponse(content, 500)


def _retry_after(until: datetime) -> dict[str, str]:
    return {"Retry-After": str(max(0, math.ceil((until - datetime.now(UTC)).total_seconds())))}
