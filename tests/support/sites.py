"""The page's server in a thread, with a stand-in for GitHub behind it."""

import http.client
import json
import socket
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, NamedTuple

import uvicorn

from github_avatars.classifier import Classifier, shipped
from github_avatars.demo import AVATARS, GitHubStandIn
from github_avatars.github import DEADLINE, GitHub
from github_avatars.picture.decoding import MAX_BYTES
from github_avatars.training import dataset
from github_avatars.web.app import Site, application
from github_avatars.web.guard import LOOPBACK
from github_avatars.web.limits import TokenBuckets
from tests.support.timing import TIMEOUT, wait_until

EXAMPLES = dataset.read_index(AVATARS)
"""The accounts that the stand-in knows."""

DEFAULT = next(example for example in EXAMPLES if example.label == "default")


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
    port: int, path: str, body: Any = None, *, method: str | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    """Send one request to 127.0.0.1; the method is POST if there is a body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
    try:
        connection.request(method or ("GET" if body is None else "POST"), path, body, dict(headers or {}))
        response = connection.getresponse()
        names = {name.lower(): value for name, value in response.getheaders()}
        return Response(response.status, names, response.read())
    finally:
        connection.close()


class PageServer:
    """A running server of the page."""

    def __init__(self, standin: GitHubStandIn, port: int) -> None:
        self.standin = standin
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    def request(self, path: str, body: Any = None, **options: Any) -> Response:
        return request(self.port, path, body, **options)


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
        site = Site(github, classifier or shipped(), about, threads, buckets or TokenBuckets(burst=100_000))
        with _serve(application(site, hosts)) as port:
            yield PageServer(standin, port)


@contextmanager
def _serve(app: Any) -> Iterator[int]:
    """Serve an application with uvicorn in a thread; yields the port on 127.0.0.1."""
    config = uvicorn.Config(app, log_config=None, lifespan="off", ws="none", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port: int = sock.getsockname()[1]
        thread = threading.Thread(target=server.run, args=([sock],), daemon=True)
        thread.start()
        try:
            wait_until(lambda: server.started)
            yield port
        finally:
            server.should_exit = True
            thread.join(TIMEOUT)
            assert not thread.is_alive()
