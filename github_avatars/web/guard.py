"""Checks on every request and headers on every response, whatever the path."""

import asyncio
from urllib.parse import SplitResult, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from github_avatars.errors import BadInput, Busy
from github_avatars.web.bodies import Body
from github_avatars.web.problems import problem

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
"""The host names under which a server on loopback accepts requests."""

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
"""The Content-Security-Policy: only our own files, nothing inline, and no HTML that is built from text."""

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


PART_BYTES = 65_536
"""The size of the parts in which a response is sent. The next part waits until the client has read most of this one."""


def add_headers(headers: MutableHeaders) -> None:
    """Add HEADERS to those of a response. Unless it has another Cache-Control, it is not cached."""
    headers.update(HEADERS)
    headers.setdefault("Cache-Control", "no-store")


class Guard:
    """An ASGI application that rejects requests of foreign sites and adds HEADERS to every response of `app`.

    It bounds what is read of each request's body. If the server stops, it responds to requests in progress with Busy.

    `hosts` are the accepted host names; None accepts any. Another site can make a browser send requests to this server:
    under its own name, if its DNS entry points here (DNS rebinding), or as cross-site requests, which browsers label.
    Of cross-site requests, only navigation to a page is accepted.
    """

    def __init__(self, app: ASGIApp, hosts: frozenset[str] | None) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        body = Body(receive)
        is_stopping = is_sending = False

        async def send_safely(message: Message) -> None:
            nonlocal is_sending
            if message["type"] == "http.response.start":
                if not is_stopping:
                    await body.discard()
                is_sending = True
                headers = MutableHeaders(scope=message)
                add_headers(headers)
                if not body.complete:
                    # Otherwise the server would continue to read what the client still sends.
                    headers["Connection"] = "close"
            else:
                message = await _send_all_but_last_part(message, send)
            await send(message)

        rejection = self._rejection(scope["method"], scope["path"], Headers(scope=scope))
        app = problem(rejection, 403) if rejection else self._app
        try:
            await app(scope, body.receive, send_safely)
        except asyncio.CancelledError:
            is_stopping = True
            if not is_sending:
                busy = Busy("This page's server is shutting down: try again when it runs again.")
                await problem(busy)(scope, receive, send_safely)

    def _rejection(self, method: str, path: str, headers: Headers) -> BadInput | None:
        host = headers.get("host", "")
        name = _split(f"//{host}").hostname or ""
        if name not in self._hosts if self._hosts is not None else host and not name:
            return BadInput(f"{host[:100]!r} is not the name of this server: use http://127.0.0.1 or localhost.")
        origin = headers.get("origin")
        is_foreign = headers.get("sec-fetch-site", "none") not in ("none", "same-origin")
        is_navigation = method == "GET" and not path.startswith("/api/") and headers.get("sec-fetch-dest") == "document"
        if (is_foreign and not is_navigation) or (origin is not None and _split(origin).netloc != (host or None)):
            return BadInput("The request comes from another site, and only this server's own page is allowed.")
        return None


async def _send_all_but_last_part(message: Message, send: Send) -> Message:
    """Send all parts of a body but the last, and return that."""
    body = memoryview(message.get("body", b""))
    while len(body) > PART_BYTES:
        await send({**message, "body": bytes(body[:PART_BYTES]), "more_body": True})
        body = body[PART_BYTES:]
    return {**message, "body": bytes(body)}


def _split(url: str) -> SplitResult:
    """The parts of a URL; all are empty if it is malformed."""
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")
