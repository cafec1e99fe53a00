"""A small stand-in for GitHub on this machine, serving the pictures of avatars/.

    with GitHubStandIn() as standin:
        GitHub(standin.url).fetch("octocat")

It answers as github.com and avatars.githubusercontent.com do, both at one address: /LOGIN.png redirects to
/u/ACCOUNT-ID?v=4, which serves the picture; strangers get 404. Everything goes over real sockets.

`faults` make it misbehave: a mapping of paths to functions that stand in for the usual answer there.
`answering`, `dripping` and `resetting` make such functions, `once` limits one to the first requests.
"""

import argparse
import hashlib
import logging
import re
import signal
import socket
import socketserver
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from github_avatars import dataset
from github_avatars.errors import BadDataset

logger = logging.getLogger(__name__)

AVATARS = Path(__file__).parent.parent / "avatars"
MEDIA_TYPES = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif", b"RIFF": "image/webp"}
NOT_FOUND = b"<!DOCTYPE html><title>Page not found</title><p>This is not the web page you are looking for.</p>\n"


class Exchange(BaseHTTPRequestHandler):
    """One client's connection and the request on it that is being answered; what a fault is given."""

    protocol_version = "HTTP/1.1"
    # With it on, every body on a kept connection would wait 40 ms until the client acknowledges the head.
    disable_nagle_algorithm = True
    server: "_Server"

    def answer(self, status: int, headers: Mapping[str, str] | None = None, body: bytes = b"") -> None:
        """Send a whole answer. Content-Length is that of `body` unless `headers` say otherwise."""
        self.begin(status, {"Content-Length": str(len(body)), **(headers or {})})
        if self.command != "HEAD":
            self.wfile.write(body)

    def begin(self, status: int, headers: Mapping[str, str]) -> None:
        """Send the head of an answer."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def pause(self, seconds: float) -> None:
        """Wait, but not beyond the end of the stand-in."""
        self.server.standin.closing.wait(seconds)

    def do_GET(self) -> None:
        """Answer by the fault at the request's path, or else as GitHub does."""
        standin = self.server.standin
        with standin.counted(self.path):
            self.pause(standin.latency)
            fault = standin.faults.get(urlsplit(self.path).path)
            if fault is None or not fault(self):
                self.answer(*standin.usual_answer(self.path))

    do_HEAD = do_GET  # noqa: N815 (http.server looks for this name)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Log through the logging module, where it is quiet by default."""
        logger.debug(format, *args)


Fault = Callable[[Exchange], bool]
"""Answers in GitHub's place and says True, or says False to leave it at the usual answer."""


def answering(status: int, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Fault:
    """The fault that always gives this answer. `headers` may lie, as about Content-Length; then the connection ends."""

    def fault(exchange: Exchange) -> bool:
        exchange.answer(status, headers, body)
        exchange.close_connection = "Content-Length" in (headers or {})
        return True

    return fault


def dripping(pieces: Iterable[bytes], pause: float = 0.0, headers: Mapping[str, str] | None = None) -> Fault:
    """The fault that sends `pieces`, with `pause` seconds before each, as a body of no announced length.

    `headers` replace the usual ones; None sends no head at all, so that the pieces are the raw answer.
    """
    pieces = list(pieces)

    def fault(exchange: Exchange) -> bool:
        exchange.close_connection = True
        if headers is not None:
            exchange.begin(200, headers)
        for piece in pieces:
            exchange.pause(pause)
            exchange.wfile.write(piece)
        return True

    return fault


def resetting(sent: bytes = b"") -> Fault:
    """The fault that sends the raw bytes `sent` and then resets the connection."""

    def fault(exchange: Exchange) -> bool:
        exchange.close_connection = True
        exchange.wfile.write(sent)
        # With a linger time of 0, closing sends RST instead of FIN.
        exchange.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return True

    return fault


def once(fault: Fault, times: int = 1) -> Fault:
    """`fault` for the first request (or `times` requests), the usual answer afterwards."""
    turns = iter(range(times))
    return lambda exchange: next(turns, None) is not None and fault(exchange)


class GitHubStandIn:
    """The stand-in over the pictures that index.csv in the folder `avatars` lists, on 127.0.0.1 while its `with` lasts.

    `port` 0 takes a free one. `latency` is seconds before every answer. Raises BadDataset if the index cannot be used.
    """

    def __init__(
        self,
        avatars: Path = AVATARS,
        *,
        port: int = 0,
        latency: float = 0.0,
        faults: Mapping[str, Fault] | None = None,
    ) -> None:
        self.latency = latency
        self.faults = dict(faults or {})
        self.closing = threading.Event()
        self.connections = 0
        """How many connections were made."""
        self.requests: Counter[str] = Counter()
        """How many requests came for each path (with its query)."""
        self.most_in_flight = 0
        """How many requests were being answered at once, at the most."""
        self._in_flight = 0
        self._lock = threading.Lock()
        examples = dataset.read_index(avatars)
        self._account_ids = {example.login.lower(): example.account_id for example in examples}
        self._pictures = {example.account_id: avatars / example.file for example in examples}
        for path in self._pictures.values():
            if not path.is_file():
                raise BadDataset(f"{avatars / dataset.INDEX} lists {path}, which is no file: restore it, or its index.")
        self._server = _Server(("127.0.0.1", port), self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        """The address, as http://127.0.0.1:40123; what GITHUB_URL wants to be."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.end_connections()
        self._server.server_close()
        self._thread.join()

    def usual_answer(self, path: str) -> tuple[int, dict[str, str], bytes]:
        """What GitHub answers at `path`: status, headers, body."""
        route = urlsplit(path).path
        if (asked := re.fullmatch(r"/([^/]+)\.png", route)) and asked[1].lower() in self._account_ids:
            location = f"{self.url}/u/{self._account_ids[asked[1].lower()]}?v=4"
            return 302, {"Location": location, "Content-Type": "text/html", "Cache-Control": "no-cache"}, b""
        if (asked := re.fullmatch(r"/u/([0-9]{1,18})", route)) and int(asked[1]) in self._pictures:
            body = self._pictures[int(asked[1])].read_bytes()
            media_type = next((name for magic, name in MEDIA_TYPES.items() if body.startswith(magic)), "image/png")
            etag = f'"{hashlib.sha256(body).hexdigest()}"'
            return 200, {"Content-Type": media_type, "ETag": etag, "Cache-Control": "max-age=300"}, body
        return 404, {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-cache"}, NOT_FOUND

    @contextmanager
    def counted(self, path: str) -> Iterator[None]:
        """Counts a request for `path` while it is being answered."""
        with self._lock:
            self.requests[path] += 1
            self._in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self._in_flight)
        try:
            yield
        finally:
            with self._lock:
                self._in_flight -= 1


class _Server(socketserver.ThreadingTCPServer):
    """Not http.server's: that one asks the name service for its own name before it starts."""

    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], standin: GitHubStandIn) -> None:
        self.standin = standin
        self._open: set[socket.socket] = set()
        super().__init__(address, Exchange)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
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


def main() -> None:
    """Serve until SIGTERM or SIGINT; the first line on stdout is the address."""
    parser = argparse.ArgumentParser(prog="python -m github_avatars.demo", description="A stand-in for GitHub.")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (default: a free one)")
    parser.add_argument("--avatars", type=Path, default=AVATARS, help="folder with index.csv (default: %(default)s)")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before every answer (default: 0)")
    options = parser.parse_args()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with GitHubStandIn(options.avatars, port=options.port, latency=options.latency) as standin:
        print(standin.url, flush=True)
        stop.wait()


if __name__ == "__main__":
    main()
