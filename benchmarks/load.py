"""An HTTP client that keeps a server busy over several kept-alive connections, from one thread and on raw sockets."""

import json
import math
import selectors
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

TIMEOUT = 20.0
"""Seconds without any response after which the server counts as hung."""

RETRY_DELAY = 0.001
"""Seconds before a request that got 409 is sent again."""


class BadResponse(Exception):
    """A response is wrong, incomplete or missing."""


@dataclass(frozen=True)
class Request:
    """An HTTP request as bytes, and a function that checks the status and the body of its response."""

    data: bytes
    is_right: Callable[[int, bytes], bool]


@dataclass
class Outcome:
    """The responses to many requests."""

    responses: list[tuple[float, float]] = field(default_factory=list)
    """For each response, the time of `time.perf_counter` at its end, and the seconds since the request was sent."""

    retries: int = 0
    """How often a request got 409 and was sent again. Cog frees a slot slightly after it has sent the response."""


def predict_request(inputs: dict[str, str], is_right: Callable[[int, bytes], bool]) -> Request:
    """Create the request for a prediction."""
    body = json.dumps({"input": inputs}).encode()
    head = (
        "POST /predictions HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return Request(head.encode() + body, is_right)


def send_all(port: int, requests: Iterator[Request], concurrency: int, deadline: float = math.inf) -> Outcome:
    """Send requests to 127.0.0.1 over `concurrency` connections, each as soon as the previous response is complete.

    No request starts after the deadline, a time of `time.perf_counter`. Raises BadResponse or OSError, which ends all.
    """
    outcome = Outcome()
    refused: list[_Connection] = []
    with selectors.DefaultSelector() as selector:
        connections = [_Connection(socket.create_connection(("127.0.0.1", port))) for _ in range(concurrency)]

        def send_next(connection: _Connection) -> None:
            request = next(requests, None) if time.perf_counter() < deadline else None
            if request:
                connection.start(request)
            else:
                selector.unregister(connection.socket)

        try:
            for connection in connections:
                selector.register(connection.socket, selectors.EVENT_READ, connection)
                send_next(connection)
            while selector.get_map():
                ready = selector.select(RETRY_DELAY if refused else TIMEOUT)
                if not ready and not refused:
                    raise BadResponse(f"no response within {TIMEOUT:.0f} seconds")
                for connection in refused:
                    connection.send()
                outcome.retries += len(refused)
                refused.clear()
                for key, _ in ready:
                    connection = key.data
                    status = connection.receive()
                    if status == 409:
                        refused.append(connection)
                    elif status:
                        now = time.perf_counter()
                        outcome.responses.append((now, now - connection.started))
                        send_next(connection)
        finally:
            for connection in connections:
                connection.socket.close()
    return outcome


class _Connection:
    """A connection with one request in flight."""

    def __init__(self, connected: socket.socket) -> None:
        self.socket = connected
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.started = 0.0
        self._request: Request
        self._received = b""

    def start(self, request: Request) -> None:
        """Send a new request."""
        self._request = request
        self.started = time.perf_counter()
        self.send()

    def send(self) -> None:
        """Send the current request, for the first time or again."""
        self._received = b""
        self.socket.sendall(self._request.data)

    def receive(self) -> int | None:
        """Read from the socket. Return the status once the response is complete, else None. Raises BadResponse."""
        piece = self.socket.recv(1 << 20)
        self._received += piece
        head, blank_line, body = self._received.partition(b"\r\n\r\n")
        missing = _content_length(head) - len(body) if blank_line else 1
        if missing < 0 or (missing > 0 and not piece):
            raise self._bad_response()
        if missing > 0:
            return None
        status = int(head[9:12])
        if status != 409 and not self._request.is_right(status, body):
            raise self._bad_response()
        return status

    def _bad_response(self) -> BadResponse:
        return BadResponse(f"{self._request.data[:300]!r} got {self._received[:1000]!r}")


def _content_length(head: bytes) -> int:
    for line in head.lower().splitlines():
        if line.startswith(b"content-length:"):
            return int(line[15:])
    raise BadResponse(f"no Content-Length in {head!r}")
