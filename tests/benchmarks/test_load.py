"""The client sends requests over kept-alive connections and checks every response."""

import math
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from benchmarks import load
from tests.support.timing import TIMEOUT

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ntrue"


@contextmanager
def server(*responses: bytes) -> Iterator[int]:
    """A server that sends these responses over one connection, one per request, and then closes it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                for response in responses:
                    connection.recv(1 << 16)
                    connection.sendall(response)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(TIMEOUT)


def send(port: int, count: int, deadline: float = math.inf) -> list[tuple[float, float]]:
    request = load.predict_request({"username": "octocat"}, lambda status, body: (status, body) == (200, b"true"))
    return load.send_all(port, iter([request] * count), 1, deadline)


def test_requests_share_a_connection_and_end_with_the_last() -> None:
    with server(OK, OK, OK) as port:
        responses = send(port, 3)
    assert len(responses) == 3
    ends = [finished for finished, _ in responses]
    assert ends == sorted(ends)
    assert all(seconds > 0 for _, seconds in responses)


def test_no_request_starts_after_the_deadline() -> None:
    with server() as port:
        assert send(port, 1, time.perf_counter()) == []


@pytest.mark.parametrize(
    "responses",
    [
        [OK.replace(b"true", b"fail")],
        [OK.replace(b"200", b"500")],
        [OK + b"more", OK],
        [OK[:-1]],
        [b""],
        [OK.replace(b"Content-Length", b"Something-Else")],
    ],
)
def test_a_wrong_or_incomplete_response_is_an_error(responses: list[bytes]) -> None:
    with server(*responses) as port, pytest.raises(load.BadResponse, match="octocat"):
        send(port, 2)


def test_a_server_without_response_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "TIMEOUT", 0.01)
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(load.BadResponse, match="no response"):
        send(listener.getsockname()[1], 1)
