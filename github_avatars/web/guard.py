"""Checks on every request and headers on every response, whatever the path."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from github_avatars.errors import BadInput
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


class Guard:
    """An ASGI application that rejects requests of foreign sites and adds HEADERS to every response of `app`.

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

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        rejection = self._rejection(scope["method"], scope["path"], Headers(scope=scope))
        app = problem(rejection, 403) if rejection else self._app
        await app(scope, receive, send_with_headers)

    def _rejection(self, method: str, path: str, headers: Headers) -> BadInput | None:
        host = headers.get("host", "")
        if self._hosts is not None and _host_name(host) not in self._hosts:
            return BadInput(f"{host[:100]!r} is not the name of this server: use http://127.0.0.1 or localhost.")
        origin = headers.get("origin")
        is_foreign = headers.get("sec-fetch-site", "none") not in ("none", "same-origin")
        is_navigation = method == "GET" and not path.startswith("/api/") and headers.get("sec-fetch-dest") == "document"
        if (is_foreign and not is_navigation) or (origin is not None and urlsplit(origin).netloc != host):
            return BadInput("The request comes from another site, and only this server's own page is allowed.")
        return None


def _host_name(host: str) -> str:
    """The name in a Host header, without the port."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
