"""The HTTP server of the stand-in."""

import hashlib
import io
import logging
import math
import re
import select
import signal
import socket
import socketserver
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from github_avatars.demo import graphql
from github_avatars.demo.graph import Graph
from github_avatars.demo.rest import ROOT, RateLimit, Rest, StandInResponse
from github_avatars.errors import BadDataset, BadOption
from github_avatars.picture import formats
from github_avatars.resources import AVATARS

logger = logging.getLogger(__name__)

APPS = {"stand-in-ci[bot]": (41898282, 15368), "Copilot": (198982749, 946600)}
"""The account ids and the ids of GitHub Apps by their logins. /in/APP-ID serves a logo, /u/ID an identicon."""

NOT_FOUND = b"<!DOCTYPE html><title>Page not found</title><p>This is not the web page you are looking for.</p>\n"


class Exchange(BaseHTTPRequestHandler):
    """A connection of a client, and the current request on it. Faults receive it to send their response."""

    protocol_version = "HTTP/1.1"
    # Otherwise each body on a kept connection would wait 40 ms until the client acknowledges the head.
    disable_nagle_algorithm = True
    server: "_Server"
    body = b""
    """The body of a POST request."""

    def respond(self, status: int, headers: Mapping[str, str] | None = None, body: bytes = b"") -> None:
        """Send a response. Content-Length is that of `body` unless `headers` contain another one."""
        self.send_head(status, {"Content-Length": str(len(body)), **(headers or {})})
        self.pause(self.server.standin.delay(len(body)))
        self.wfile.write(body)

    def send_head(self, status: int, headers: Mapping[str, str]) -> None:
        """Send the status line and the headers."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def usual_response(self) -> StandInResponse:
        """The response that GitHub would send."""
        standin = self.server.standin
        if self.path == graphql.PATH:
            return standin.graphql.respond(self.body, self.headers.get("Authorization", ""))
        if self.path.startswith(f"{ROOT}/"):
            return standin.rest.respond(self.path, self.url, self.headers.get("Authorization", ""))
        response = standin.usual_response(self.path, self.url)
        if "ETag" in response.headers and self.headers.get("If-None-Match") == response.headers["ETag"]:
            headers = {name: value for name, value in response.headers.items() if name != "Content-Type"}
            return StandInResponse(304, headers, b"")
        return response

    @property
    def url(self) -> str:
        """The address by which the client reaches the stand-in. Within a container it differs from that outside."""
        standin = self.server.standin
        host = self.headers["Host"]
        return f"{standin.scheme}://{host}" if host else standin.url

    def pause(self, seconds: float) -> None:
        """Wait, but only until the stand-in is closed or the client closes the connection."""
        # No more data is expected: the connection becomes readable when it is closed.
        select.select([self.connection], [], [], seconds)

    def do_GET(self) -> None:
        """Respond by the fault for the requested path, or else by the mode, or else as GitHub does."""
        standin = self.server.standin
        with standin.counted(self.path):
            self.pause(standin.latency)
            mode_fault = standin.mode.fault if standin.mode else None
            fault = standin.faults.get(urlsplit(self.path).path, mode_fault)
            response = None if fault and fault(self) else self.usual_response()
        # Not counted as in flight, because the client may send its next request before this thread continues.
        if response:
            self.respond(*response)

    def do_POST(self) -> None:
        """Read the body, and respond as to GET."""
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.do_GET()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Log with the logging module instead of printing."""
        logger.debug(format, *args)


Fault = Callable[[Exchange], bool]
"""Sends a response and returns True, or returns False so that the usual response is sent."""


@dataclass(frozen=True)
class Mode:
    """A way in which GitHub responds to all requests."""

    description: str
    """What GitHub does, in one line."""
    fault: Fault
    listening: bool = True
    """False if connections are refused."""


class GitHubStandIn:
    """A stand-in for GitHub, with the pictures of a folder `avatars` that contains an index.csv.

    It serves within its `with` statement. It listens on the address `host`; "0.0.0.0" means all addresses of this
    machine. Redirects and links lead to the host that the client has requested. `port` 0 selects a free port. `latency`
    is in seconds before each response, `bandwidth` in bytes per second for all responses together. `faults` apply to
    their paths and `mode` to all others; both may change at any time. With `tls` it serves HTTPS. Raises BadDataset if
    the index cannot be used, and BadOption if it cannot listen on the address or port.

    /LOGIN.png redirects to /u/ID; /LOGIN serves the same picture, and so does /u/e?email=LOGIN@example.com. /u/e serves
    one picture for all other commit addresses.

    With the query ?s=64 it serves a custom avatar at 64 pixels per side, and an identicon unchanged, as GitHub seems to
    do. `resize_identicons` resizes these too.

    With `graph`, it also has the accounts of a Graph, with their followers. Their custom avatars are those of the
    folder, in turn.
    """

    def __init__(
        self,
        avatars: Path = AVATARS,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        latency: float = 0.0,
        bandwidth: float = math.inf,
        faults: Mapping[str, Fault] | None = None,
        mode: Mode | None = None,
        tls: ssl.SSLContext | None = None,
        resize_identicons: bool = False,
        graph: Graph | None = None,
    ) -> None:
        self.latency = latency
        self.bandwidth = bandwidth
        self.faults = dict(faults or {})
        self.mode = mode
        self.connections = 0
        """The number of connections so far."""
        self.requests: Counter[str] = Counter()
        """The number of requests so far by path, including the query."""
        self.in_flight = 0
        """The number of requests without a response."""
        self.max_in_flight = 0
        """The maximum of `in_flight` so far."""
        self._sent = 0.0
        self._lock = threading.Lock()
        # Imported here because the help of `github-avatars demo` imports this module and must not wait for Pillow.
        from github_avatars.training import dataset

        examples = dataset.read_index(avatars)
        self._account_ids = {example.login.lower(): example.account_id for example in examples}
        pictures = {example.account_id: avatars / example.file for example in examples}
        self._resizable = {example.account_id for example in examples if resize_identicons or example.label == "custom"}
        for path in pictures.values():
            if not path.is_file():
                raise BadDataset(f"{avatars / dataset.INDEX} lists {path}, which is missing: restore it or the index.")
        self._pictures: dict[int, Path | None] = {**pictures}
        """The files by account id; None for identicons of the graph."""
        self.rest = Rest(self._account_ids, graph)
        """The REST API; its token and rate limit may change at any time."""
        self.page_limit = RateLimit(60, 60)
        """The rate limit of the addresses /LOGIN.png in the mode page-limit."""
        if graph:
            self._add(graph, [avatars / example.file for example in examples if example.label == "custom"])
        self.graphql = graphql.GraphQL(self._account_ids, {login: ids[0] for login, ids in APPS.items()}, self.rest)
        """The GraphQL API; its attributes may change at any time."""
        self._server = _Server((host, port), self, tls)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def _add(self, graph: Graph, custom: Sequence[Path]) -> None:
        self._account_ids.update(graph.accounts)
        for place, (account_id, has_default) in enumerate(
            zip(graph.accounts.values(), graph.has_default_avatar, strict=True)
        ):
            self._pictures[account_id] = None if has_default else custom[place % len(custom)]
            if not has_default:
                self._resizable.add(account_id)

    @property
    def scheme(self) -> str:
        """The scheme of its addresses: http or https."""
        return "https" if self._server.tls else "http"

    @property
    def url(self) -> str:
        """The address on this machine, such as http://127.0.0.1:40123, for GITHUB_URL."""
        host, port = self._server.server_address[:2]
        return f"{self.scheme}://{'127.0.0.1' if host == '0.0.0.0' else host!s}:{port}"  # noqa: S104

    def __enter__(self) -> Self:
        if not self.mode or self.mode.listening:
            self.listen()
        return self

    def __exit__(self, *_: object) -> None:
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.close_connections()
        self._server.server_close()

    def listen(self) -> None:
        """Start to accept connections. Only needed after a mode that refuses them."""
        self._server.server_activate()
        self._thread.start()

    def usual_response(self, path: str, url: str) -> StandInResponse:
        """The response that GitHub would send for `path`. It redirects to `url`."""
        route = urlsplit(path).path
        if (match := re.fullmatch(r"/([^/]+)\.png", route)) and match[1].lower() in self._account_ids:
            location = f"{url}/u/{self._account_ids[match[1].lower()]}?v=4"
            headers = {"Location": location, "Content-Type": "text/html", "Cache-Control": "no-cache"}
            return StandInResponse(302, headers, b"")
        if body := self._body(route, parse_qs(urlsplit(path).query)):
            etag = f'"{hashlib.sha256(body).hexdigest()}"'
            headers = {"Content-Type": formats.media_type(body), "ETag": etag, "Cache-Control": "max-age=300"}
            return StandInResponse(200, headers, body)
        return StandInResponse(
            404, {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-cache"}, NOT_FOUND
        )

    def _body(self, route: str, query: Mapping[str, Sequence[str]]) -> bytes | None:
        """The picture at an address of the avatar host; None if there is none."""
        size = query.get("s", [""])[0]
        if route == "/u/e":
            login, _, domain = query.get("email", [""])[0].lower().partition("@")
            account_id = self._account_ids.get(login) if domain == "example.com" else None
            # GitHub serves one picture for all unknown addresses.
            return self._picture(account_id, size) if account_id else _identicon(1)
        if match := re.fullmatch(r"/u/([0-9]{1,18})", route):
            if int(match[1]) in dict(APPS.values()):
                return _identicon(int(match[1]))
            return self._picture(int(match[1]), size) if int(match[1]) in self._pictures else None
        if (match := re.fullmatch(r"/in/([0-9]{1,18})", route)) and self._resizable:
            return self._picture(min(self._resizable), size) if int(match[1]) in dict(APPS.values()).values() else None
        account_id = self._account_ids.get(route[1:].lower())
        return self._picture(account_id, size) if account_id else None

    def _picture(self, account_id: int, size: str) -> bytes:
        from github_avatars.demo.thumbnails import thumbnail

        path = self._pictures[account_id]
        if path is None:
            return _identicon(account_id)
        data = path.read_bytes()
        is_resized = size.isdecimal() and len(size) < 5 and account_id in self._resizable
        return thumbnail(data, int(size)) if is_resized else data

    def delay(self, size: int) -> float:
        """Seconds until the bandwidth allows that `size` more bytes have been sent."""
        with self._lock:
            now = time.monotonic()
            self._sent = max(self._sent, now) + size / self.bandwidth
            return self._sent - now

    @contextmanager
    def counted(self, path: str) -> Iterator[None]:
        """Count a request for `path`, as in flight within this context."""
        with self._lock:
            self.requests[path] += 1
            self.in_flight += 1
            self.max_in_flight = max(self.max_in_flight, self.in_flight)
        try:
            yield
        finally:
            with self._lock:
                self.in_flight -= 1


def run(standin: GitHubStandIn, report_url: Callable[[str], None]) -> None:
    """Serve until the process receives SIGTERM or SIGINT. `report_url` is called with the address at the start."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with standin:
        report_url(standin.url)
        stop.wait()


@cache
def _identicon(account_id: int) -> bytes:
    from github_avatars import identicon

    file = io.BytesIO()
    identicon.render(account_id).save(file, "PNG")
    return file.getvalue()


class _Server(socketserver.ThreadingTCPServer):
    """The server class of http.server is not used, because it resolves its own host name when it starts."""

    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], standin: GitHubStandIn, tls: ssl.SSLContext | None) -> None:
        self.standin = standin
        self.tls = tls
        self._open: set[socket.socket] = set()
        super().__init__(address, Exchange, bind_and_activate=False)
        try:
            self.server_bind()
        except (OSError, OverflowError) as error:
            self.server_close()
            reason = getattr(error, "strerror", None) or error
            raise BadOption(f"{address[0]}, port {address[1]}, cannot be used ({reason}): give another.") from error

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        if self.tls:
            # The handshake happens at the first read, in the thread of the connection.
            connection = self.tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        self.standin.connections += 1
        self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        # The base class would shut down the socket first, so that `resetting` could not reset it.
        request.close()

    def close_connections(self) -> None:
        """Close the connections that clients keep open, which also ends the threads that wait on them."""
        for connection in self._open.copy():
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, _request: Any, client_address: Any) -> None:
        logger.debug("the connection of %s failed", client_address, exc_info=True)
