"""An ASGI application on a socket of this machine, by uvicorn, until it is told to stop."""

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from github_avatars.errors import BadInput

AT_ONCE = 128
"""Connections that are answered; beyond, a client gets 503."""

ENDING = 3
"""Seconds that what is being answered gets to come to its end, once the server is told to stop."""


def run(app: ASGIApp, sock: socket.socket) -> None:
    """Serve until SIGINT or SIGTERM; prints the address when it listens."""
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
    server = _Server(config, f"http://{f'[{name}]' if ':' in name else name}:{bound}")
    # Uvicorn raises the signal that told it to stop once more, which would end us as if killed.
    ignored = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        server.run(sockets=[sock])
    finally:
        for number, handler in ignored.items():
            signal.signal(number, handler)


class _Server(uvicorn.Server):
    """Prints its address once it is ready for requests, and for signals."""

    def __init__(self, config: uvicorn.Config, address: str) -> None:
        super().__init__(config)
        self._address = address

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        print(self._address, flush=True)


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """A socket at the address, so that what is wrong with it is told before anything is loaded. Raises BadInput."""
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
