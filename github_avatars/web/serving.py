"""An ASGI application on a local socket, served by uvicorn until a signal stops it."""

import asyncio
import errno
import logging
import os
import signal
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from github_avatars.errors import BadInput, BadOption, Busy, InUse
from github_avatars.web.guard import Guard, add_headers
from github_avatars.web.limits import client_key
from github_avatars.web.problems import problem

MAX_CONNECTIONS = 128
"""Connections that are served at the same time. Requests on further ones get Busy."""

CLIENT_CONNECTIONS = 32
"""Of these, the connections of one client."""

OPEN_CONNECTIONS = 640
"""Connections, served or not; further ones are closed at once."""

CLIENT_OPEN_CONNECTIONS = 256
"""Of these, the connections of one client."""

HEAD_SECONDS = 10.0
"""The time limit for the head of a request, and for reading the end of the response before."""

EXCHANGE_SECONDS = 120.0
"""The time limit from the head of a request until its response is sent."""

SHUTDOWN_SECONDS = 3
"""Seconds that requests in progress get to finish after a signal."""


def run(app: ASGIApp, sock: socket.socket, on_ready: Callable[[str], object]) -> None:
    """Serve until SIGINT or SIGTERM. `on_ready` is called with the address when the server accepts requests."""
    name, port = sock.getsockname()[:2]
    server = Server(app, lambda: on_ready(f"http://{f'[{name}]' if ':' in name else name}:{port}"))
    # After its shutdown, uvicorn raises the signal again, which would end the process as if it were killed.
    previous = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        server.run(sockets=[sock])
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


class Server(uvicorn.Server):
    """Calls `on_ready` when it accepts requests and handles signals. Logs only exceptions."""

    def __init__(self, app: ASGIApp, on_ready: Callable[[], object]) -> None:
        config = uvicorn.Config(
            app,
            http=_Protocol,
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        )
        super().__init__(config)
        logging.getLogger("uvicorn.error").addFilter(_is_exception)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept requests."""
        await super().startup(sockets)
        self._on_ready()


def _is_exception(record: logging.LogRecord) -> bool:
    return record.exc_info is not None


class _Protocol(H11Protocol):
    """uvicorn's HTTP/1.1 connection, with time limits, a limit for each client, and our errors and headers."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._timer = self.loop.call_later(HEAD_SECONDS, transport.abort)
        self._client_key = client_key(self.client[0] if self.client else "")
        everyone = [each for each in self.connections if isinstance(each, _Protocol)]
        own = [each for each in everyone if each._client_key == self._client_key]
        if len(everyone) > OPEN_CONNECTIONS or len(own) > CLIENT_OPEN_CONNECTIONS:
            transport.abort()
        elif _served(everyone) > MAX_CONNECTIONS or _served(own) > CLIENT_CONNECTIONS:
            self.app = _BUSY

    def connection_lost(self, exc: Exception | None) -> None:
        self._timer.cancel()
        super().connection_lost(exc)

    def handle_events(self) -> None:
        cycle = self.cycle
        super().handle_events()
        if self.cycle is not cycle:
            self._restart_timer(EXCHANGE_SECONDS)

    def on_response_complete(self) -> None:
        self._restart_timer(HEAD_SECONDS)
        # This may begin the next request.
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            response = problem(BadInput(f"{msg} Use a browser or another client for HTTP/1.1."))
            response.headers["Connection"] = "close"
            add_headers(response.headers)
            head = h11.Response(status_code=response.status_code, headers=response.raw_headers)
            for event in (head, h11.Data(bytes(response.body)), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _restart_timer(self, seconds: float) -> None:
        self._timer.cancel()
        self._timer = self.loop.call_later(seconds, self.transport.abort)


def _served(connections: Iterable[_Protocol]) -> int:
    return sum(each.app is not _BUSY for each in connections)


def _busy() -> ASGIApp:
    response = problem(Busy("This page's server has too many connections: try again in a moment."))
    response.headers["Connection"] = "close"
    return Guard(response, None)


_BUSY = _busy()
"""The application for connections beyond the limits."""


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
