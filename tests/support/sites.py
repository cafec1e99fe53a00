"""The page's server in a thread, with a stand-in for GitHub behind it."""

import http.client
import json
import socket
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

from github_avatars.classifier import Classifier, shipped
from github_avatars.demo import AVATARS, GitHubStandIn
from github_avatars.github import DEADLINE, GitHub
from github_avatars.picture.decoding import MAX_BYTES
from github_avatars.training import dataset
from github_avatars.web.app import Site, application
from github_avatars.web.guard import LOOPBACK
from github_avatars.web.limits import TokenBuckets, UploadBudget
from github_avatars.web.serving import Server
from tests.support.timing import TIMEOUT

EXAMPLES = dataset.read_index(AVATARS)
"""The accounts that the stand-in knows."""

DEFAULT = next(example for example in EXAMPLES if example.label == "default")

UPLOAD = b"POST /api/pictures HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n"
"""The head of an upload of so many bytes. The server responds with the status 100 when it begins to read them."""


def picture_of(login: str) -> bytes:
    """The picture file of an account that the stand-in knows."""
    (file,) = (example.file for example in EXAMPLES if example.login == login)
    return (AVATARS / file).read_bytes()


class Response(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def request(
    port: int,
    path: str,
    body: Any = None,
    *,
    method: str | None = None,
    headers: Mapping[str, str] | None = None,
    client: str = "127.0.0.1",
) -> Response:
    """Send one request to 127.0.0.1 from the address `client`; the method is POST if there is a body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT, source_address=(client, 0))
    try:
        connection.request(method or ("GET" if body is None else "POST"), path, body, dict(headers or {}))
        return _read(connection.getresponse())
    finally:
        connection.close()


def receive(connection: socket.socket) -> Response:
    """The next response on a connection."""
    response = http.client.HTTPResponse(connection)
    response.begin()
    return _read(response)


def send_endlessly(port: int, method: str, path: str, max_bytes: int) -> int:
    """Send a request with an endless body. Returns the bytes sent until the server closes the connection."""
    sent = 0
    chunk = b"10000\r\n" + bytes(0x10000) + b"\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT) as connection, suppress(ConnectionError):
        connection.sendall(
            f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        )
        while sent < max_bytes:
            connection.sendall(chunk)
            sent += len(chunk)
    return sent


def _read(response: http.client.HTTPResponse) -> Response:
    return Response(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())


class PageServer:
    """A running server of the page."""

    def __init__(self, standin: GitHubStandIn, port: int) -> None:
        self.standin = standin
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    def request(self, path: str, body: Any = None, **options: Any) -> Response:
        return request(self.port, path, body, **options)

    def connect(self, *, small_buffer: bool = False) -> socket.socket:
        """A connection, with a buffer for few of the received bytes if `small_buffer` is true."""
        connection = socket.socket()
        if small_buffer:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(TIMEOUT)
        connection.connect(("127.0.0.1", self.port))
        return connection

    def send(self, data: bytes) -> Response:
        """Send these bytes, instead of a request; returns the first response."""
        with self.connect() as connection:
            connection.sendall(data)
            return receive(connection)


def reset(server: PageServer) -> Iterator[PageServer]:
    """For a fixture: the server without recorded requests, and without faults for the next test."""
    server.standin.requests.clear()
    yield server
    server.standin.faults.clear()
    server.standin.mode = None


@contextmanager
def page_server(
    *,
    classifier: Classifier | None = None,
    buckets: TokenBuckets | None = None,
    uploads: UploadBudget | None = None,
    hosts: frozenset[str] | None = LOOPBACK,
    deadline: float = DEADLINE,
) -> Iterator[PageServer]:
    """The page's server. A fetch from GitHub takes at most `deadline` seconds, each read a third of that."""
    with (
        GitHubStandIn() as standin,
        GitHub(standin.url, read_timeout=deadline / 3, deadline=deadline, backoff=0.01) as github,
        ThreadPoolExecutor(32) as threads,
    ):
        about = {"github": standin.url, "demo": True, "max_bytes": MAX_BYTES, "version": "0"}
        # Tests send more requests than people do.
        site = Site(github, classifier or shipped(), about, threads, buckets or TokenBuckets(burst=100_000), uploads)
        with _serve(application(site, hosts)) as port:
            yield PageServer(standin, port)


@contextmanager
def _serve(app: Any) -> Iterator[int]:
    """Serve an application in a thread; yields the port on 127.0.0.1."""
    ready = threading.Event()
    server = Server(app, ready.set)
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port: int = sock.getsockname()[1]
        thread = threading.Thread(target=server.run, args=([sock],), daemon=True)
        thread.start()
        try:
            assert ready.wait(TIMEOUT)
            yield port
        finally:
            server.should_exit = True
            thread.join(TIMEOUT)
            assert not thread.is_alive()
