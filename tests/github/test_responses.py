"""Each account gets its own picture, whatever else the server sends on the connections. With real sockets."""

import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import trustme

from github_avatars.demo import AVATARS, Exchange, Fault, GitHubStandIn, Mode, interim, responding
from github_avatars.demo.modes import PNG
from github_avatars.errors import Unreachable
from github_avatars.github import GitHub, transport
from github_avatars.github.client import RETRIES
from github_avatars.github.transport import MAX_INTERIM_RESPONSES
from github_avatars.training import dataset
from tests.support.fetching import fetch_error
from tests.support.timing import TIMEOUT, with_timeout

ACCOUNTS = dataset.read_index(AVATARS)[::9]
PICTURES = {account.account_id: (AVATARS / account.file).read_bytes() for account in ACCOUNTS}
THREADS = 8
FORGED = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(PNG), PNG)


@pytest.fixture
def standin() -> Iterator[GitHubStandIn]:
    with GitHubStandIn() as standin:
        yield standin


@pytest.fixture
def client(standin: GitHubStandIn) -> Iterator[GitHub]:
    with GitHub(standin.url, backoff=0) as client:
        yield client


def fetch_all(client: GitHub, etags: dict[int, str] | None = None) -> dict[int, bytes | str | None]:
    """The pictures of all accounts, by several threads: None if unchanged, or the message if GitHub is Unreachable."""

    def fetch(account: dataset.Example) -> bytes | str | None:
        try:
            avatar = client.fetch_by_id(account.account_id, etag=(etags or {}).get(account.account_id))
        except Unreachable as error:
            return str(error)
        assert avatar.account_id == account.account_id
        return None if avatar.unchanged else avatar.data

    with ThreadPoolExecutor(THREADS) as pool:
        ids = [account.account_id for account in ACCOUNTS]
        return dict(zip(ids, with_timeout(lambda: list(pool.map(fetch, ACCOUNTS))), strict=True))


def for_every_third(fault: Fault) -> Mode:
    """A mode in which other accounts use the connections of those that the fault applies to."""
    affected = {f"/u/{account.account_id}?v=4" for account in ACCOUNTS[::3]}
    return Mode("", lambda exchange: exchange.path in affected and fault(exchange))


@pytest.mark.parametrize(
    "statuses", [(100,), (102,), (103,), (199,), (100, 102, 103, 103), (103,) * MAX_INTERIM_RESPONSES], ids=str
)
def test_interim_responses_are_skipped(client: GitHub, standin: GitHubStandIn, statuses: tuple[int, ...]) -> None:
    standin.mode = for_every_third(interim(*statuses))
    assert fetch_all(client) == PICTURES
    assert standin.connections <= THREADS


def test_interim_responses_without_a_pause_are_skipped(client: GitHub, standin: GitHubStandIn) -> None:
    standin.mode = for_every_third(interim(103, pause=0))
    assert fetch_all(client) == PICTURES


@pytest.mark.parametrize("statuses", [(103,) * (MAX_INTERIM_RESPONSES + 1), (101,), (103, 101)], ids=str)
def test_endless_interim_responses_and_another_protocol_are_failures(
    client: GitHub, standin: GitHubStandIn, statuses: tuple[int, ...]
) -> None:
    standin.mode = for_every_third(interim(*statuses))
    fetched = fetch_all(client)
    affected = [account.account_id for account in ACCOUNTS[::3]]
    assert all("sent no complete response" in str(fetched.pop(account_id)) for account_id in affected)
    assert fetched == {account_id: data for account_id, data in PICTURES.items() if account_id not in affected}
    assert standin.requests[f"/u/{affected[0]}?v=4"] == 1 + RETRIES


def picture_then(more: bytes) -> Fault:
    """A fault that sends more bytes after the usual response."""

    def fault(exchange: Exchange) -> bool:
        status, headers, body = exchange.usual_response()
        exchange.send_head(status, {**headers, "Content-Length": str(len(body))})
        exchange.wfile.write(body + more)
        return True

    return fault


def chunked_picture_then(more: bytes) -> Fault:
    def fault(exchange: Exchange) -> bool:
        status, headers, body = exchange.usual_response()
        exchange.send_head(status, {**headers, "Transfer-Encoding": "chunked"})
        exchange.wfile.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) + more)
        return True

    return fault


MORE = {"a byte": b"x", "a line": b"\r\n", "a response": FORGED, "many responses": FORGED * 5000, "hints": FORGED[:20]}


@pytest.mark.parametrize("send", [picture_then, chunked_picture_then])
@pytest.mark.parametrize("more", MORE.values(), ids=MORE)
def test_bytes_after_a_picture(
    client: GitHub, standin: GitHubStandIn, send: Callable[[bytes], Fault], more: bytes
) -> None:
    standin.mode = for_every_third(send(more))
    assert fetch_all(client) == PICTURES


@pytest.mark.parametrize("more", MORE.values(), ids=MORE)
def test_connection_with_bytes_after_a_picture_is_not_used_again(
    client: GitHub, standin: GitHubStandIn, more: bytes
) -> None:
    """Even if the bytes are read together with the picture, so that the socket has none left."""
    first, second = ACCOUNTS[:2]
    standin.faults[f"/u/{first.account_id}"] = picture_then(more)
    for number, account in enumerate((first, second, second), 1):
        assert client.fetch_by_id(account.account_id).data == PICTURES[account.account_id]
        assert standin.connections == min(number, 2)


def test_content_length_that_is_too_small(client: GitHub, standin: GitHubStandIn) -> None:
    def fault(exchange: Exchange) -> bool:
        status, headers, body = exchange.usual_response()
        exchange.send_head(status, {**headers, "Content-Length": "100"})
        exchange.wfile.write(body[:100] + FORGED + body[100:])
        return True

    standin.mode = for_every_third(fault)
    affected = {account.account_id for account in ACCOUNTS[::3]}
    assert fetch_all(client) == {
        account_id: data[:100] if account_id in affected else data for account_id, data in PICTURES.items()
    }


@pytest.mark.parametrize(
    "parts",
    [
        [b"\r\n" + FORGED],
        [b"Content-Length: 0\r\n\r\n" + FORGED],
        [b"Content-Length: %d\r\n\r\n" % len(FORGED), FORGED],
        [b"Transfer-Encoding: chunked\r\n\r\n", b"%x\r\n%b\r\n0\r\n\r\n" % (len(FORGED), FORGED)],
        [b"Transfer-Encoding: chunked\r\n\r\n"],
    ],
    ids=["unannounced", "announced as empty", "announced", "chunked", "announced but not sent"],
)
def test_body_of_an_unchanged_picture(client: GitHub, standin: GitHubStandIn, parts: list[bytes]) -> None:
    def fault(exchange: Exchange) -> bool:
        assert exchange.usual_response().status == 304
        exchange.wfile.write(b"HTTP/1.1 304 Not Modified\r\n" + parts[0])
        for part in parts[1:]:
            exchange.wfile.write(part)
        return True

    etags = {account.account_id: client.fetch_by_id(account.account_id).etag or "" for account in ACCOUNTS[::3]}
    standin.mode = for_every_third(fault)
    assert fetch_all(client, etags) == {
        account_id: None if account_id in etags else data for account_id, data in PICTURES.items()
    }


@pytest.mark.parametrize("status", [204, 404, 302])
def test_body_of_a_response_without_one(client: GitHub, standin: GitHubStandIn, status: int) -> None:
    """The accounts with such a response fail; all others are right."""

    def fault(exchange: Exchange) -> bool:
        head = f"HTTP/1.1 {status} \r\nContent-Length: 0\r\nLocation: /u/{ACCOUNTS[1].account_id}?v=4\r\n\r\n"
        exchange.wfile.write(head.encode() + FORGED)
        return True

    for account in ACCOUNTS[::3]:
        standin.faults[f"/{account.login}.png"] = fault
    with ThreadPoolExecutor(THREADS) as pool:
        affected = [pool.submit(client.fetch, account.login) for account in ACCOUNTS[::3]]
        assert fetch_all(client) == PICTURES
    for future in affected:
        if status == 302:
            assert future.result().data == PICTURES[ACCOUNTS[1].account_id]
        else:
            assert future.exception()


@pytest.mark.parametrize("data", [FORGED, b""])
def test_data_or_end_between_two_requests(client: GitHub, standin: GitHubStandIn, data: bytes) -> None:
    fetched, sent = threading.Event(), threading.Event()

    def respond(exchange: Exchange) -> bool:
        picture_then(b"")(exchange)
        fetched.wait(TIMEOUT)
        exchange.wfile.write(data)
        exchange.connection.shutdown(socket.SHUT_WR)
        sent.set()
        return True

    first, second = ACCOUNTS[:2]
    standin.faults[f"/u/{first.account_id}"] = respond
    assert client.fetch_by_id(first.account_id).data == PICTURES[first.account_id]
    fetched.set()
    assert sent.wait(TIMEOUT)
    assert client.fetch_by_id(second.account_id).data == PICTURES[second.account_id]
    assert standin.connections == 2


@pytest.mark.parametrize("data", [FORGED, b""])
def test_data_or_end_before_the_first_request(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    connect = transport._connect
    received = bytearray()

    def connect_and_wait(*arguments: Any) -> socket.socket:
        sock = connect(*arguments)
        assert select.select([sock], [], [], TIMEOUT)[0]
        return sock

    def serve(listener: socket.socket) -> None:
        for _ in range(1 + RETRIES):
            connection, _ = listener.accept()
            # The client closes the connection, which resets it if there is unread data.
            with connection, suppress(OSError):
                connection.sendall(data)
                connection.shutdown(socket.SHUT_WR)
                received.extend(connection.recv(1000))

    monkeypatch.setattr(transport, "_connect", connect_and_wait)
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        ThreadPoolExecutor(1) as pool,
        GitHub(f"http://127.0.0.1:{listener.getsockname()[1]}", backoff=0) as client,
    ):
        listener.settimeout(TIMEOUT)
        server = pool.submit(serve, listener)
        fetch_error(client, Unreachable)
        server.result()
    assert received == b""


@pytest.mark.parametrize("size", [8191, 8192, 8193, 12_000])
def test_bytes_after_a_picture_over_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """One record of TLS contains both, so that the rest of the record is neither in the socket nor in the response."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "authority.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)

    def fault(exchange: Exchange) -> bool:
        body = PNG.ljust(size, b"\0")
        exchange.send_head(200, {"Content-Length": str(size)})
        exchange.wfile.write(body + FORGED)
        return True

    first, second = ACCOUNTS[:2]
    with GitHubStandIn(tls=context) as standin, GitHub(standin.url, backoff=0) as client:
        standin.faults[f"/u/{first.account_id}"] = fault
        assert len(client.fetch(first.login).data) == size
        for _ in range(2):
            assert client.fetch(second.login).data == PICTURES[second.account_id]
        assert standin.connections == 2


def test_kept_connections_are_used_again(client: GitHub, standin: GitHubStandIn) -> None:
    """Including those of responses without a body."""
    standin.faults["/nobody.png"] = responding(404, {}, b"not here")
    for account in ACCOUNTS[:5]:
        etag = client.fetch(account.login).etag
        assert client.fetch(account.login, etag=etag).unchanged
    assert standin.connections == 1
