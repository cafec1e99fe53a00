"""Functions that create faults of the stand-in."""

import socket
import struct
from collections.abc import Iterable, Mapping

from github_avatars.demo.standin import Exchange, Fault


def responding(status: int, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Fault:
    """A fault that always sends this response.

    `headers` may contain a false Content-Length; the connection is closed then.
    """

    def fault(exchange: Exchange) -> bool:
        exchange.respond(status, headers, body)
        exchange.close_connection = "Content-Length" in (headers or {})
        return True

    return fault


def dripping(pieces: Iterable[bytes], pause: float = 0.0, headers: Mapping[str, str] | None = None) -> Fault:
    """A fault that sends `pieces` as the body, with `pause` seconds before each, and closes the connection.

    `headers` replace the usual ones. If they are None, no head is sent, so that the pieces are the whole response.
    """
    pieces = list(pieces)

    def fault(exchange: Exchange) -> bool:
        exchange.close_connection = True
        if headers is not None:
            exchange.send_head(200, headers)
        for piece in pieces:
            exchange.pause(pause)
            exchange.wfile.write(piece)
        return True

    return fault


def resetting(data: bytes = b"") -> Fault:
    """A fault that sends `data`, without a head, and resets the connection."""

    def fault(exchange: Exchange) -> bool:
        exchange.close_connection = True
        exchange.wfile.write(data)
        # With a linger time of 0, closing sends RST instead of FIN.
        exchange.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return True

    return fault


def interim(*statuses: int, pause: float = 0.02) -> Fault:
    """A fault that sends interim responses with these statuses, and the usual response `pause` seconds later."""

    def fault(exchange: Exchange) -> bool:
        for status in statuses:
            exchange.send_head(status, {"Link": "</style.css>; rel=preload"})
        exchange.pause(pause)
        return False

    return fault


def once(fault: Fault, times: int = 1) -> Fault:
    """`fault` for the first request (or the first `times` requests), then the usual response."""
    remaining = iter(range(times))
    return lambda exchange: next(remaining, None) is not None and fault(exchange)
