"""The stand-in itself: a server over the pictures of avatars/ that answers as GitHub does, or as a fault says."""

import hashlib
import logging
import math
import re
import select
import socket
import socketserver
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from github_avatars.demo import rest
from github_avatars.demo.thumbnails import thumbnail
from github_avatars.errors import BadDataset
from github_avatars.picture import formats
from github_avatars.training import dataset

logger = logging.getLogger(__name__)

AVATARS = Path(__file__).parents[2] / "avatars"
NOT_FOUND = b"<!DOCTYPE html><title>Page not found</title><p>This is not the web page you are looking for.</p>\n"


class Exchange(BaseHTTPRequestHandler):
    """One client's connection and the request on it that is being answered; what a fault is given."""

    protocol_version = "HTTP/1.1"
    # With it on, every body on a kept connection would wait 40 ms until the client acknowledges the head.
    disable_nagle_algorithm = True
    server: "_Server"

    def respond(self, status: int, headers: Mapping[str, str] | None = None, body: bytes = b"") -> None:
        """Send a whole answer. Content-Length is that of `body` unless `headers` say otherwise."""
        self.begin(status, {"Content-Length": str(len(body)), **(headers or {})})
        if self.command != "HEAD":
            self.pause(self.server.standin.delay(len(body)))
            self.wfile.write(body)

    def begin(self, status: int, headers: Mapping[str, str]) -> None:
        """Send the head of an answer."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def usual_response(self) -> tuple[int, dict[str, str], bytes]:
        """What GitHub would answer: status, headers, body."""
        standin = self.server.standin
        if self.path.startswith(f"{rest.ROOT}/"):
            return standin.rest.answer(self.path, self.headers.get("Authorization", ""))
        status, headers, body = standin.usual_response(self.path)
        if "ETag" in headers and self.headers.get("If-None-Match") == headers["ETag"]:
            return 304, {name: value for name, value in headers.items() if name != "Content-Type"}, b""
        return status, headers, body

    def pause(self, seconds: float) -> None:
        """Wait, but not beyond the end of the stand-in, nor for a client that hangs up."""
        # Nothing more is to be read of a request: what comes is the connection's end.
        select.select([self.connection], [], [], seconds)

    def do_GET(self) -> None:
        """Answer by the fault at the request's path, or by the mode, or else as GitHub does."""
        standin = self.server.standin
        with standin.counted(self.path):
            self.pause(standin.latency)
            everywhere = standin.mode.fault if standin.mode else None
            fault = standin.faults.get(urlsplit(self.path).path, everywhere)
            usual = None if fault and fault(self) else self.usual_response()
        # No longer counted as in flight, since whoever gets it may ask again before this thread goes on.
        if usual:
            self.respond(*usual)

    do_HEAD = do_GET  # noqa: N815 (http.server looks for this name)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Log through the logging module, where it is quiet by default."""
        logger.debug(format, *args)


Fault = Callable[[Exchange], bool]
"""Answers in GitHub's place and says True, or says False to leave it at the usual answer."""


@dataclass(frozen=True)
class Mode:
    """A way in which GitHub misbehaves towards everybody."""

    help: str
    """What GitHub does, in one line."""
    fault: Fault
    listening: bool = True
    """False where no connection is taken at all."""


class GitHubStandIn:
    """The stand-in over the pictures that index.csv in the folder `avatars` lists, on 127.0.0.1 while its `with` lasts.

    `port` 0 takes a free one. `latency` is seconds before every answer, `bandwidth` the bytes a second that all answers
    share. `faults` are met at their paths and `mode` everywhere else; both may change while it runs. `tls` makes it
    speak HTTPS. Raises BadDataset if the index cannot be used.

    Asked by `?s=64`, it sends a custom avatar 64 pixels a side. Default ones come whole whatever is asked, as GitHub
    seems to serve them, unless it `resizes_identicons`.
    """

    def __init__(
        self,
        avatars: Path = AVATARS,
        *,
        port: int = 0,
        latency: float = 0.0,
        bandwidth: float = math.inf,
        faults: Mapping[str, Fault] | None = None,
        mode: Mode | None = None,
        tls: ssl.SSLContext | None = None,
        resizes_identicons: bool = False,
    ) -> None:
        self.latency = latency
        self.bandwidth = bandwidth
        self.faults = dict(faults or {})
        self.mode = mode
        self.connections = 0
        """How many connections were made."""
        self.requests: Counter[str] = Counter()
        """How many requests came for each path (with its query)."""
        self.in_flight = 0
        """How many requests wait for an answer."""
        self.max_in_flight = 0
        """How many did at once, at the most."""
        self._sent = 0.0
        self._lock = threading.Lock()
        examples = dataset.read_index(avatars)
        self._account_ids = {example.login.lower(): example.account_id for example in examples}
        self._pictures = {example.account_id: avatars / example.file for example in examples}
        resized = {example.account_id for example in examples if resizes_identicons or example.label == "custom"}
        self._resized = frozenset(resized)
        for path in self._pictures.values():
            if not path.is_file():
                raise BadDataset(f"{avatars / dataset.INDEX} lists {path}, which is no file: restore it, or its index.")
        self._server = _Server(("127.0.0.1", port), self, tls)
        self.rest = rest.Rest(self.url, self._account_ids)
        """The REST API, whose token and rate limit may be changed."""
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        """The address, as http://127.0.0.1:40123; what GITHUB_URL wants to be."""
        return f"{'https' if self._server.tls else 'http'}://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        if not self.mode or self.mode.listening:
            self.listen()
        return self

    def __exit__(self, *_: object) -> None:
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.end_connections()
        self._server.server_close()

    def listen(self) -> None:
        """Begin to take connections; to be called only after a mode in which none are taken."""
        self._server.server_activate()
        self._thread.start()

    def usual_response(self, path: str) -> tuple[int, dict[str, str], bytes]:
        """What GitHub answers at `path`: status, headers, body."""
        route = urlsplit(path).path
        if (asked := re.fullmatch(r"/([^/]+)\.png", route)) and asked[1].lower() in self._account_ids:
            location = f"{self.url}/u/{self._account_ids[asked[1].lower()]}?v=4"
            return 302, {"Location": location, "Content-Type": "text/html", "Cache-Control": "no-cache"}, b""
        if (asked := re.fullmatch(r"/u/([0-9]{1,18})", route)) and int(asked[1]) in self._pictures:
            body = self._picture(int(asked[1]), parse_qs(urlsplit(path).query).get("s", [""])[0])
            etag = f'"{hashlib.sha256(body).hexdigest()}"'
            return 200, {"Content-Type": formats.media_type(body), "ETag": etag, "Cache-Control": "max-age=300"}, body
        return 404, {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-cache"}, NOT_FOUND

    def _picture(self, account_id: int, size: str) -> bytes:
        """The file that an account shows, of so many pixels a side where that is a number and less than it has."""
        data = self._pictures[account_id].read_bytes()
        resized = size.isdecimal() and len(size) < 5 and account_id in self._resized
        return thumbnail(data, int(size)) if resized else data

    def delay(self, size: int) -> float:
        """Seconds until the line is free of what was sent before and of so many bytes more."""
        with self._lock:
            now = time.monotonic()
            self._sent = max(self._sent, now) + size / self.bandwidth
            return self._sent - now

    @contextmanager
    def counted(self, path: str) -> Iterator[None]:
        """Counts a request for `path` while it is being answered."""
        with self._lock:
            self.requests[path] += 1
            self.in_flight += 1
            self.max_in_flight = max(self.max_in_flight, self.in_flight)
        try:
            yield
        finally:
            with self._lock:
                self.in_flight -= 1


class _Server(socketserver.ThreadingTCPServer):
    """Not http.server's: that one asks the name service for its own name before it starts."""

    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], standin: GitHubStandIn, tls: ssl.SSLContext | None) -> None:
        self.standin = standin
        self.tls = tls
        self._open: set[socket.socket] = set()
        super().__init__(address, Exchange, bind_and_activate=False)
        try:
            self.server_bind()
        except OSError:
            self.server_close()
            raise

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        if self.tls:
            # The handshake waits for the first read, which is the connection's own thread's.
            connection = self.tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        self.standin.connections += 1
        self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        # Only closed: the base class says goodbye first, and then `resetting` could not reset.
        request.close()

    def end_connections(self) -> None:
        """End what clients keep open, so that the threads that wait on it come to their end too."""
        for connection in self._open.copy():
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, _request: Any, client_address: Any) -> None:
        logger.debug("the connection of %s broke", client_address, exc_info=True)
