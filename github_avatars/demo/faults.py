"""Faults to put into a stand-in: functions that answer a request in GitHub's place."""

import socket
import struct
from collections.abc import Iterable, Mapping

from github_avatars.demo.standin import Exchange, Fault


def responding(status: int, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Fault:
    """The fault that always gives this answer. `headers` may lie, as about Content-Length; then the connection ends."""

    def fault(exchange: Exchange) -> bool:
        exchange.respond(status, headers, body)
        exchange.close_connection = "Content-Length" in (headers or {})
        return True

    return fault


def dripping(pieces: Iterable[bytes], pause: float = 0.0, headers: Mapping[str, str] | None = None) -> Fault:
    """The fault that sends `pieces`, with `pause` seconds before each, as a body of no announced length.

    `headers` replace the usual ones; None sends no head at all, so that the pieces are the raw answer.
    """
    pieces = list(pieces)

    def fault(exchange: Exchange) -> bool:
        exchange.close_connection = True
        if headers is not None:
            exchange.begin(200, headers)
        for piece in pieces:
            exchange.pause(pause)
            exchange.wfile.write(piece)
        return True

    return fault


def resetting(sent: bytes = b"") -> Fault:
    """The fault that sends the raw bytes `sent` and then resets the connection."""

    def fault(exchange: Exchange) -> bool:
        exchange.close_connection = True
        exchange.wfile.write(sent)
        # With a linger time of 0, closing sends RST instead of FIN.
        exchange.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return True

    return fault


def once(fault: Fault, times: int = 1) -> Fault:
    """`fault` for the first request (or `times` requests), the usual answer afterwards."""
    turns = iter(range(times))
    return lambda exchange: next(turns, None) is not None and fault(exchange)
