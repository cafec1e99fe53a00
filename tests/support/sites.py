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

from github_avatars.classifier import shipped
from github_avatars.demo import GitHubStandIn
from github_avatars.github import DEADLINE, GitHub
from github_avatars.picture.decoding import MAX_BYTES
from github_avatars.web.answers import Here, Judge
from github_avatars.web.app import application
from github_avatars.web.guard import LOOPBACK
from github_avatars.web.limits import Buckets
from tests.support.timing import TIMEOUT, wait_until


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def ask(
    port: int, path: str, body: Any = None, *, method: str | None = None, headers: Mapping[str, str] | None = None
) -> Answer:
    """One answer; a body makes it a POST."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
    try:
        connection.request(method or ("GET" if body is None else "POST"), path, body, dict(headers or {}))
        response = connection.getresponse()
        told = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, told, response.read())
    finally:
        connection.close()


class Site:
    """A running server of the page."""

    def __init__(self, standin: GitHubStandIn, port: int) -> None:
        self.standin = standin
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    def ask(self, path: str, body: Any = None, **more: Any) -> Answer:
        """One answer; a body makes it a POST."""
        return ask(self.port, path, body, **more)


def afresh(running: Site) -> Iterator[Site]:
    """For a fixture: the site, with nothing asked of GitHub yet, and no fault left to the next test."""
    running.standin.requests.clear()
    yield running
    running.standin.faults.clear()
    running.standin.mode = None


@contextmanager
def site(
    *,
    judge: Judge | None = None,
    buckets: Buckets | None = None,
    names: frozenset[str] | None = LOOPBACK,
    deadline: float = DEADLINE,
) -> Iterator[Site]:
    """A site, until the `with` ends. GitHub gets `deadline` seconds for a fetch and a third of them for an answer."""
    with (
        GitHubStandIn() as standin,
        GitHub(standin.url, read_timeout=deadline / 3, deadline=deadline, backoff=0.01) as github,
        ThreadPoolExecutor(32) as threads,
    ):
        about = {"github": standin.url, "demo": True, "cog": None, "max_bytes": MAX_BYTES, "version": "0"}
        # Tests ask more than people do.
        plenty = Buckets(burst=100_000)
        app = application(judge or Here(github, shipped()), about, threads, names, buckets or plenty)
        with serving(app) as port:
            yield Site(standin, port)


@contextmanager
def serving(app: Any) -> Iterator[int]:
    """An application behind uvicorn in a thread; the port on 127.0.0.1."""
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
