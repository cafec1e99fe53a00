"""What one client can use of the page's server: requests, bytes, memory, connections and time."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from github_avatars.demo import MODES, responding
from github_avatars.errors import Busy
from github_avatars.picture.decoding import MAX_BYTES
from github_avatars.web import bodies, serving
from github_avatars.web.bodies import DISCARDED_BYTES
from github_avatars.web.guard import HEADERS
from github_avatars.web.limits import TokenBuckets, UploadBudget
from github_avatars.web.serving import CLIENT_CONNECTIONS
from tests.support.sites import DEFAULT, UPLOAD, PageServer, page_server, picture_of, receive, send_endlessly
from tests.support.timing import TIMEOUT, wait_until

PICTURE = picture_of(DEFAULT.login)


@contextmanager
def upload_in_progress(server: PageServer) -> Iterator[socket.socket]:
    """An upload of PICTURE of which the server awaits the first byte."""
    with server.connect() as connection:
        connection.sendall(UPLOAD % len(PICTURE))
        assert connection.recv(1000).startswith(b"HTTP/1.1 100 ")
        yield connection


def is_closed(connection: socket.socket, size: int = 1) -> bool:
    """Whether the server has closed the connection. If not, up to `size` bytes are received."""
    try:
        return connection.recv(size) == b""
    except ConnectionError:
        return True


def test_too_large_picture_gets_a_response(server: PageServer) -> None:
    largest = PICTURE + bytes(MAX_BYTES - len(PICTURE))
    assert server.request("/api/pictures", largest).json["prediction"] == "default"
    response = server.request("/api/pictures", largest + b"1")
    assert (response.status, response.json["kind"]) == (413, "too-large")
    assert server.request("/api/pictures", bytes(DISCARDED_BYTES - 1)).status == 413


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/api/pictures"), ("GET", "/api/about"), ("GET", "/octocat.json"), ("GET", "/page/app.js"), ("PUT", "/")],
)
def test_endless_body_is_not_read_to_its_end(server: PageServer, method: str, path: str) -> None:
    assert send_endlessly(server.port, method, path, 20 * DISCARDED_BYTES) < 3 * DISCARDED_BYTES
    assert server.request("/api/about").status == 200


def test_body_must_arrive_in_time(server: PageServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "READ_SECONDS", 0.1)
    monkeypatch.setattr(bodies, "DISCARD_SECONDS", 0.1)
    with upload_in_progress(server) as connection:
        connection.sendall(b"a")
        response = receive(connection)
        assert (response.status, response.headers["connection"]) == (400, "close")
        assert response.json["message"].startswith("The picture did not arrive within ")
        assert is_closed(connection)
    with server.connect() as connection:
        connection.sendall(b"GET /api/about HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\na")
        response = receive(connection)
        assert (response.status, response.headers["connection"]) == (200, "close")
        assert is_closed(connection)


def test_small_unexpected_body_is_ignored(server: PageServer) -> None:
    with server.connect() as connection:
        for _ in range(2):
            connection.sendall(
                b"GET /api/about HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n" + bytes(100)
            )
            assert receive(connection).status == 200


def test_upload_waits_until_memory_is_released() -> None:
    async def reserve_twice() -> list[str]:
        budget = UploadBudget(max_bytes=10, client_bytes=10, wait_seconds=TIMEOUT)
        events = []

        async def second() -> None:
            async with budget.reserve("10.0.0.2", 6):
                events.append("second")

        async with budget.reserve("10.0.0.1", 5):
            task = asyncio.create_task(second())
            async with budget.reserve("10.0.0.2", 5):
                events.append("first")
            await asyncio.sleep(0)
        await task
        return events

    assert asyncio.run(reserve_twice()) == ["first", "second"]


@pytest.mark.parametrize(("address", "size"), [("10.0.0.1", 2), ("10.0.0.2", 5), ("10.0.0.2", 11)])
def test_upload_that_does_not_fit_in_time_is_busy(address: str, size: int) -> None:
    async def reserve() -> None:
        budget = UploadBudget(max_bytes=10, client_bytes=7, wait_seconds=0)
        async with budget.reserve("10.0.0.1", 6):
            async with budget.reserve("10.0.0.1", 1), budget.reserve("10.0.0.2", 3):
                pass
            with pytest.raises(Busy):
                async with budget.reserve(address, size):
                    pass

    asyncio.run(reserve())


def test_uploads_share_the_memory() -> None:
    with page_server(uploads=UploadBudget(client_bytes=len(PICTURE), wait_seconds=0.01)) as server:
        with upload_in_progress(server) as connection:
            response = server.request("/api/pictures", PICTURE)
            assert (response.status, response.json["kind"], response.json["retry"]) == (429, "busy", True)
            assert server.request("/api/pictures", PICTURE, client="127.0.0.2").status == 200
            connection.sendall(PICTURE)
            assert receive(connection).status == 200
        assert server.request("/api/pictures", PICTURE).status == 200
        # A body of unknown length is taken for the largest possible one.
        assert server.request("/api/pictures", iter([PICTURE])).status == 429


def test_client_above_the_rate_limit_gets_a_time_to_retry() -> None:
    with page_server(buckets=TokenBuckets(burst=3, per_second=0.01)) as server:
        assert [server.request("/octocat.json").status for _ in range(3)] == [200, 200, 200]
        responses = [
            server.request("/octocat.json"),
            server.request("/api/accounts?login=octocat"),
            server.request("/api/pictures", PICTURE),
            server.request("/api/examples/default-0"),
            server.request("/api/identicons/1.png"),
        ]
        for response in responses:
            assert (response.status, response.json["kind"], response.json["retry"]) == (429, "busy", True)
            assert 0 < int(response.headers["retry-after"]) <= 100
        assert server.standin.requests["/octocat.png"] == 3
        assert server.request("/").status == 200


def test_bucket_refills() -> None:
    now = 0.0
    buckets = TokenBuckets(burst=2, per_second=0.5, clock=lambda: now)
    assert [buckets.take("1.2.3.4") for _ in range(3)] == [0, 0, 2.0]
    assert buckets.take("1.2.3.5") == 0
    now = 1.0
    assert buckets.take("1.2.3.4") == 1.0
    now = 2.0
    assert [buckets.take("1.2.3.4") for _ in range(2)] == [0, 2.0]
    now = 1000.0
    assert [buckets.take("1.2.3.4") for _ in range(3)] == [0, 0, 2.0]


def test_ipv6_clients_share_the_bucket_of_their_network() -> None:
    buckets = TokenBuckets(burst=1, per_second=0.5, clock=lambda: 0.0)
    assert buckets.take("2001:db8::1") == 0
    assert buckets.take("2001:db8::ffff:1") > 0
    assert buckets.take("2001:db8:0:1::1") == 0
    assert buckets.take("somewhere") == 0


def test_number_of_remembered_clients_is_limited() -> None:
    buckets = TokenBuckets(burst=1, per_second=0.5, max_clients=10, clock=lambda: 0.0)
    for number in range(1000):
        buckets.take(f"10.0.{number // 250}.{number % 250}")
    assert len(buckets._buckets) == 10


def test_response_that_is_not_read_keeps_its_memory_reserved(caplog: pytest.LogCaptureFixture) -> None:
    largest = PICTURE + bytes(MAX_BYTES - len(PICTURE))
    with page_server(uploads=UploadBudget(client_bytes=MAX_BYTES, wait_seconds=0.01)) as server:
        with server.connect(small_buffer=True) as connection:
            connection.sendall(UPLOAD % MAX_BYTES + largest)
            assert connection.recv(25, socket.MSG_WAITALL) == b"HTTP/1.1 100 Continue\r\n\r\n"[:25]
            assert connection.recv(1)
            assert server.request("/api/pictures", PICTURE).status == 429
        wait_until(lambda: server.request("/api/pictures", PICTURE).status == 200)
    assert caplog.text == ""


def test_malformed_body_during_the_response_is_not_logged(
    server: PageServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(bodies, "DISCARD_SECONDS", 0.01)
    server.standin.faults["/octocat.png"] = responding(200, {}, PICTURE + bytes(MAX_BYTES - len(PICTURE)))
    with server.connect(small_buffer=True) as connection:
        connection.sendall(
            b"GET /api/accounts?login=octocat HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        assert connection.recv(1)
        connection.sendall(b"zz\r\n")
        while not is_closed(connection, 65536):
            pass
    assert server.request("/api/about").status == 200
    assert caplog.text == ""


def test_silent_connections_of_a_client_do_not_block_others(
    server: PageServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "MAX_CONNECTIONS", CLIENT_CONNECTIONS + 1)
    with ExitStack() as silent:
        for number in range(CLIENT_CONNECTIONS + 3):
            connection = silent.enter_context(server.connect())
            connection.sendall(b"GET / HTTP/1.1\r\n"[: number % 3])
        response = server.request("/api/about")
        assert (response.status, response.json["kind"], response.headers["connection"]) == (429, "busy", "close")
        assert {name: response.headers.get(name.lower()) for name in HEADERS} == HEADERS
        assert server.request("/api/pictures", bytes(MAX_BYTES)).status == 429
        assert server.request("/api/about", client="127.0.0.2").status == 200
    wait_until(lambda: server.request("/api/about").status == 200)


def test_all_clients_share_the_connections(server: PageServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "MAX_CONNECTIONS", 1)
    with upload_in_progress(server) as connection:
        assert server.request("/api/about", client="127.0.0.2").status == 429
        connection.sendall(PICTURE)
        assert receive(connection).status == 200
    wait_until(lambda: server.request("/api/about", client="127.0.0.2").status == 200)


@pytest.mark.parametrize("limit", ["OPEN_CONNECTIONS", "CLIENT_OPEN_CONNECTIONS"])
def test_further_connections_are_closed_at_once(
    server: PageServer, limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with upload_in_progress(server):
        monkeypatch.setattr(serving, limit, 1)
        with server.connect() as connection:
            assert is_closed(connection)


@pytest.mark.parametrize("head", [b"", b"GET /api/about HT", b"GET /api/about HTTP/1.1\r\nHost: localhost\r\n"])
def test_head_must_arrive_in_time(server: PageServer, head: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "HEAD_SECONDS", 0.1)
    with server.connect() as connection:
        connection.sendall(head)
        assert is_closed(connection)
    monkeypatch.undo()
    with server.connect() as connection:
        for _ in range(2):
            connection.sendall(b"GET /api/about HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert receive(connection).status == 200
            monkeypatch.setattr(serving, "HEAD_SECONDS", 0.1)
        connection.sendall(head)
        assert is_closed(connection)


def test_exchange_must_end_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "EXCHANGE_SECONDS", 0.1)
    with page_server(deadline=10 * TIMEOUT) as server:
        server.standin.mode = MODES["silence"]
        with server.connect() as connection:
            connection.sendall(b"GET /octocat.json HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert is_closed(connection)
