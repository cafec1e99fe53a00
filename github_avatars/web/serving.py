"""An ASGI application on a local socket, served by uvicorn until a signal stops it."""

import errno
import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from github_avatars.errors import BadOption, InUse

MAX_CONNECTIONS = 128
"""Connections that are served at the same time; further clients get 503."""

SHUTDOWN_SECONDS = 3
"""Seconds that requests in progress get to finish after a signal."""


def run(app: ASGIApp, sock: socket.socket, on_ready: Callable[[str], object]) -> None:
    """Serve until SIGINT or SIGTERM. `on_ready` is called with the address when the server accepts requests."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        server_header=False,
        proxy_headers=False,
        limit_concurrency=MAX_CONNECTIONS,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
    name, port = sock.getsockname()[:2]
    server = _Server(config, lambda: on_ready(f"http://{f'[{name}]' if ':' in name else name}:{port}"))
    # After its shutdown, uvicorn raises the signal again, which would end the process as if it were killed.
    previous = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        server.run(sockets=[sock])
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


class _Server(uvicorn.Server):
    """Calls `on_ready` when it accepts requests and handles signals."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], object]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready()


@contextmanager
def listen(host: str, port: int) -> Iterator[socket.socket]:
    """A socket that listens on the address, opened first so that a wrong address fails before anything is loaded.

    Port 0 means any free port. Raises InUse if another process uses the port, BadOption if the address is wrong.
    """
    if not 0 <= port < 2**16:
        raise BadOption(f"There is no port {port}: give 0 to 65535 with --port; 0 means any free port.")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        sock = socket.create_server((host, port), family=family)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
        kind = InUse if error.errno == errno.EADDRINUSE else BadOption
        raise kind(f"{host}, port {port}, cannot be used ({reason}): give another --port or --host.") from error
    with sock:
        yield sock
