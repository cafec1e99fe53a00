"""The reading of HTTP responses: a deadline for the whole response, and nothing that follows it.

http.client parses headers with the package email, and urllib3 wraps its responses, which takes longer than the rest of
a request for a small picture. Only compressed bodies, which GitHub does not send, need urllib3.
"""

import http.client
import io
import socket
import time
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Protocol, cast

import urllib3

from github_avatars import cancellation

MAX_INTERIM_RESPONSES = 10
"""How many interim responses, such as 100 Continue and 103 Early Hints, are skipped before a response."""


class Connection(Protocol):
    """What a response needs to know of its connection."""

    has_excess: bool
    """Set if bytes after the end of a response were read from the socket."""


class DeadlineReader(io.RawIOBase):
    """Reads from a socket until a deadline: its timeout, counted from the creation of this object."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket) -> None:
        self._raw = raw
        self._sock = sock
        self._deadline = time.monotonic() + cast(float, sock.gettimeout())
        self.at_end = False
        """Set this to read no more."""

    def readable(self) -> bool:
        """Always True."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Read into the buffer and return the number of bytes. Raises TimeoutError after the deadline."""
        if self.at_end:
            return 0
        left = self._deadline - time.monotonic()
        # A timeout of zero would make the socket non-blocking.
        if left <= 0:
            raise TimeoutError("the response takes too long")
        self._sock.settimeout(left)
        with cancellation.interruptible(self._sock):
            return self._raw.readinto(buffer)

    def close(self) -> None:
        """Close the underlying stream."""
        self._raw.close()
        super().close()


class _ResponseReader(io.BufferedReader):
    """A buffer for one response. When it is closed, it marks the connection if it contains more than the response."""

    def __init__(self, source: DeadlineReader, connection: Connection) -> None:
        super().__init__(source)
        self._source = source
        self._connection = connection

    def read(self, size: int | None = -1, /) -> bytes:
        """Read at most this many bytes. urllib3 passes the size of a chunk without checking its sign."""
        if size is None or size < 0:
            raise http.client.HTTPException("a chunk has a negative size")
        return super().read(size)

    def close(self) -> None:
        if not self.closed:
            # Otherwise `peek` would wait for data if the buffer is empty.
            self._source.at_end = True
            self._connection.has_excess = bool(self.peek())
        super().close()


class Response(http.client.HTTPResponse):
    """A response whose body may be read until the deadline."""

    def __init__(self, sock: socket.socket, *args: Any, connection: Connection, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp: Any = _ResponseReader(DeadlineReader(self.fp.detach(), sock), connection)
        self.fields = urllib3.HTTPHeaderDict()
        """The headers."""

    def begin(self) -> None:
        """Read the status line and the headers. Raises HTTPException."""
        version, self.status, reason = self._read_status()
        if not version.startswith("HTTP/1."):
            raise http.client.UnknownProtocol(version)
        self.code, self.reason, self.version = self.status, reason.strip(), 10 if version == "HTTP/1.0" else 11
        self.fields = _fields(http.client._read_headers(self.fp))  # type: ignore[attr-defined]
        # The base class reads a few of them.
        self.headers = self.msg = cast(http.client.HTTPMessage, self.fields)
        codings = self.fields.get("Transfer-Encoding", "").lower().split(",")
        self.chunked = "chunked" in map(str.strip, codings)
        self.chunk_left = None
        self.length = None if self.chunked else self._announced_length()
        self.will_close = self._check_close() or (not self.chunked and self.length is None)  # type: ignore[attr-defined]

    def _announced_length(self) -> int | None:
        if self.status in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED) or self._method == "HEAD":  # type: ignore[attr-defined]
            return 0
        lengths = {length.strip() for length in self.fields.get("Content-Length", "").split(",")}
        if len(lengths) > 1:
            raise http.client.HTTPException("the headers announce different lengths")
        (length,) = lengths
        return int(length) if length.isascii() and length.isdecimal() else None

    def stream(self, size: int) -> Iterator[bytes]:
        """The body in pieces of at most this many bytes, decompressed.

        Raises HTTPException, OSError or urllib3's HTTPError if it is not complete.
        """
        if "Content-Encoding" in self.fields:
            yield from urllib3.HTTPResponse(
                self, self.fields, self.status, preload_content=False, original_response=self, request_method="GET"
            ).stream(size)
            return
        while piece := self.read(size):
            yield piece
        if self.length:
            raise http.client.IncompleteRead(b"", self.length)

    def _read_status(self) -> tuple[str, int, str]:
        """The status line of the final response. The base class skips no interim response but 100 Continue."""
        for _ in range(1 + MAX_INTERIM_RESPONSES):
            version, status, reason = super()._read_status()  # type: ignore[misc]
            if status >= HTTPStatus.OK:
                return version, status, reason
            if status == HTTPStatus.SWITCHING_PROTOCOLS:
                break
            http.client._read_headers(self.fp)  # type: ignore[attr-defined]
        raise http.client.BadStatusLine(f"{status} {reason}")


def _fields(lines: list[bytes]) -> urllib3.HTTPHeaderDict:
    """The headers of lines that end with an empty one. A line that begins with a space continues the previous one."""
    headers = urllib3.HTTPHeaderDict()
    fields: list[str] = []
    for line in lines:
        text = line.decode("iso-8859-1").rstrip("\r\n")
        if text[:1] in (" ", "\t") and fields:
            fields[-1] += f" {text.strip()}"
        elif text:
            fields.append(text)
    for field in fields:
        name, _, value = field.partition(":")
        headers.add(name.strip(), value.strip())
    return headers
