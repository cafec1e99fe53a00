"""The page's server: its judge, its threads, and uvicorn."""

import os
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.metadata import version

import uvicorn

from github_avatars import classifier
from github_avatars.demo import GitHubStandIn
from github_avatars.errors import BadInput
from github_avatars.github import DEADLINE, GitHub
from github_avatars.image import MAX_BYTES
from github_avatars.transport import CONNECTIONS
from github_avatars.web.answers import Here, Judge
from github_avatars.web.app import application
from github_avatars.web.cog_server import CogServer
from github_avatars.web.guard import LOOPBACK

SHOWING = 6.0
"""Seconds for fetching an avatar that a Cog server has judged: only to show it."""

AT_ONCE = 128
"""Connections that are answered; beyond, a client gets 503."""

ENDING = 3
"""Seconds that what is being answered gets to come to its end, once the server is told to stop."""


def serve(host: str, port: int, *, cog: str | None = None, demo: bool = False) -> None:
    """Serve the page until SIGINT or SIGTERM; prints its address when it listens.

    `cog` is the address of a Cog server that gives the verdicts, in the place of this process. With `demo`, a stand-in
    answers in the place of GitHub. Raises BadInput where the address cannot be used, BadModel.
    """
    with _listening(host, port) as sock, _github(demo, DEADLINE if cog is None else SHOWING) as github:
        shipped = classifier.shipped()
        judge: Judge = CogServer(cog, github, shipped) if cog else Here(github, shipped)
        about = {
            "github": github.base,
            "demo": demo,
            "cog": judge.base if isinstance(judge, CogServer) else None,
            "max_bytes": MAX_BYTES,
            "version": version("github-avatars"),
        }
        threads = ThreadPoolExecutor(CONNECTIONS)
        app = application(judge, about, threads, LOOPBACK if host in LOOPBACK else None)
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            server_header=False,
            proxy_headers=False,
            limit_concurrency=AT_ONCE,
            timeout_graceful_shutdown=ENDING,
        )
        name, bound = sock.getsockname()[:2]
        _run(_Server(config, f"http://{f'[{name}]' if ':' in name else name}:{bound}"), sock)
        threads.shutdown(wait=False, cancel_futures=True)


class _Server(uvicorn.Server):
    """Prints its address once it is ready for requests, and for signals."""

    def __init__(self, config: uvicorn.Config, address: str) -> None:
        super().__init__(config)
        self._address = address

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        print(self._address, flush=True)


def _run(server: uvicorn.Server, sock: socket.socket) -> None:
    """Run until told to stop. Uvicorn raises the signal that told it once more, which would end us as if killed."""
    ignored = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        server.run(sockets=[sock])
    finally:
        for number, handler in ignored.items():
            signal.signal(number, handler)


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    """A socket at the address, so that what is wrong with it is told before anything is loaded."""
    if not 0 <= port < 2**16:
        raise BadInput(f"There is no port {port}: give one of 0 to 65535 with --port, 0 for any that is free.")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        sock = socket.create_server((host, port), family=family)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
        raise BadInput(f"{host}, port {port}, cannot be used ({reason}): give another --port or --host.") from error
    with sock:
        yield sock


@contextmanager
def _github(demo: bool, deadline: float) -> Iterator[GitHub]:
    if demo:
        with GitHubStandIn() as standin, GitHub(standin.url, deadline=deadline) as github:
            yield github
    else:
        with GitHub(deadline=deadline) as github:
            yield github
