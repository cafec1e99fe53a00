"""What every request and every answer of the page's server goes through, whatever its path."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from github_avatars.errors import BadInput
from github_avatars.web.problems import problem

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
"""The names of this machine, by which alone a page on loopback is asked for."""

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
"""The Content-Security-Policy: nothing but our own files, nothing inline, and no HTML made from text."""

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
    """Refuses what no page of ours asks, and gives every answer of `app` the HEADERS.

    `names` are the hosts that may be asked for, None where any may. A foreign page can make a browser send requests
    here: under a name of its own, which the name service leads here, or across sites, which the browser then tells.
    Of the latter, only a link that someone follows is answered.
    """

    def __init__(self, app: ASGIApp, names: frozenset[str] | None) -> None:
        self._app = app
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
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

        refusal = self._refusal(scope["method"], scope["path"], Headers(scope=scope))
        app = problem(refusal, 403) if refusal else self._app
        await app(scope, receive, send_with_headers)

    def _refusal(self, method: str, path: str, headers: Headers) -> BadInput | None:
        host = headers.get("host", "")
        if self._names is not None and _name(host) not in self._names:
            return BadInput(f"{host[:100]!r} is not this server's name: ask for http://127.0.0.1 or localhost.")
        origin = headers.get("origin")
        foreign = headers.get("sec-fetch-site", "none") not in ("none", "same-origin")
        followed = method == "GET" and not path.startswith("/api/") and headers.get("sec-fetch-dest") == "document"
        if (foreign and not followed) or (origin is not None and urlsplit(origin).netloc != host):
            return BadInput("Another site asks here, which only this server's own page may: open the page itself.")
        return None


def _name(host: str) -> str:
    """The name in a Host header, without the port."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
