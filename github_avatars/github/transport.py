"""HTTP for `GitHub` and `API`: kept connections, timeouts for whole responses, and checked IP addresses."""

import http.client
import io
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.util.wait import wait_for_read

from github_avatars import cancellation
from github_avatars.errors import ForeignRedirect, Unreachable
from github_avatars.github import hosts

CONNECTIONS = 32
"""The size of the connection pool of each host, and so the number of threads that can fetch at the same time."""

MAX_INTERIM_RESPONSES = 10
"""How many interim responses, such as 100 Continue and 103 Early Hints, are skipped before a response."""

TOLERANCE = 0.1
"""By which part of itself a timeout for a whole response may be exceeded, because each change of the socket's timeout
lets other threads run, and then waits for them."""

HEADERS = {
    "User-Agent": "github-avatars",
    "Accept": "image/*",
    # Pictures are compressed already, and a compressed body may expand to a huge one.
    "Accept-Encoding": "identity",
}

NO_RETRIES = urllib3.Retry.from_int(False, redirect=False)
"""What urllib3 would create for each request with `retries=False`."""

Pool = tuple[Any, bool]
"""A connection pool of urllib3, and whether its requests contain the whole address, as those to a proxy do."""


@dataclass(frozen=True)
class HTTPResponse:
    """A response with its body, or with the part of the body that was read."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class PrivateAddress(Exception):
    """A host name resolves to an IP address that is not public. Nothing is sent there."""


class Session(HTTPAdapter):
    """Connection pools without the other state of a requests.Session: no cookies, no redirects, no passwords.

    Each response belongs to its own request: interim responses are skipped, and no request is sent on a connection that
    has received bytes after the previous response, or before the first request.

    A read timeout limits the time for the whole response, from the request to its last byte; in urllib3, it limits the
    pause between two bytes. A connect timeout limits the time for DNS, for connecting to all addresses, and for TLS.

    A connection to an address that is not public is refused, unless the host is `private_host` or that host has a
    private address itself. `direct` ignores the proxies that the environment names. A proxy resolves names and connects
    itself, so addresses are not checked then.
    """

    def __init__(self, *, direct: bool, private_host: str | None) -> None:
        super().__init__(pool_maxsize=CONNECTIONS, pool_block=True)
        self._policy = AddressPolicy(private_host)
        self._environment = requests.Session()
        self._environment.trust_env = not direct
        self._pools: dict[tuple[str, str], Pool] = {}

    def request(
        self,
        url: str,
        subject: str,
        timeout: urllib3.Timeout,
        headers: Mapping[str, str],
        read: Callable[[urllib3.BaseHTTPResponse], bytes],
        body: bytes | None = None,
    ) -> HTTPResponse:
        """Get `url`, or post `body` to it, with `headers` in addition to HEADERS or replacing them.

        `read` returns the body of the response.

        `subject` is what the URL stands for, for error messages. Raises ForeignRedirect for a private address, and
        Unreachable for all other failures.
        """
        host = urlsplit(url).netloc
        try:
            with self._open(url, timeout, headers, body) as response:
                content = b"" if _announces_forbidden_body(response) else read(response)
                return HTTPResponse(response.status, response.headers, content)
        except PrivateAddress as error:
            raise ForeignRedirect(
                f"{host} has the private address {error}, so {subject} is not requested from it: "
                "check DNS and GITHUB_URL."
            ) from error
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise Unreachable(
                f"{host} sent no complete response for {subject} ({type(error).__name__}): "
                "check the network and GITHUB_URL, or try again later."
            ) from error

    @contextmanager
    def _open(
        self, url: str, timeout: urllib3.Timeout, headers: Mapping[str, str], body: bytes | None
    ) -> Iterator[urllib3.BaseHTTPResponse]:
        """The response at `url`, whose body can be read within this context.

        Proxies, certificates and the choice of a pool are those of requests, computed once for each host. The request
        itself goes to urllib3 directly, because requests takes twice as long for features that are not needed here.
        """
        parts = urlsplit(url)
        origin = parts.scheme, parts.netloc
        if origin not in self._pools:
            self._pools[origin] = self._make_pool(url)
        pool, sends_whole_url = self._pools[origin]
        response: urllib3.BaseHTTPResponse = pool.urlopen(
            "GET" if body is None else "POST",
            url if sends_whole_url else (parts.path or "/") + (parts.query and f"?{parts.query}"),
            body=body,
            headers={**HEADERS, **headers},
            timeout=timeout,
            redirect=False,
            retries=NO_RETRIES,
            preload_content=False,
            assert_same_host=False,
        )
        try:
            yield response
        finally:
            # Closes the connection unless the response was read to its end.
            response.close()
            response.release_conn()

    def _make_pool(self, url: str) -> Pool:
        request = requests.PreparedRequest()
        request.prepare_url(url, None)
        settings = self._environment.merge_environment_settings(url, {}, None, None, None)
        pool: Any = self.get_connection_with_tls_context(request, settings["verify"], settings["proxies"])
        self.cert_verify(pool, url, settings["verify"], None)  # type: ignore[no-untyped-call]
        connection = _HTTPSConnection if pool.scheme == "https" else _HTTPConnection
        pool.ConnectionCls = partial(connection, policy=self._policy)
        return pool, self.request_url(request, settings["proxies"]) != request.path_url


def _announces_forbidden_body(response: urllib3.BaseHTTPResponse) -> bool:
    """Whether the headers announce a body that the status forbids. If it is sent, it arrives later.

    A 304 may have such headers nevertheless. Its connection is then closed in vain, because the response is not read.
    """
    is_announced = response.headers.get("Content-Length", "0") != "0" or "Transfer-Encoding" in response.headers
    return is_announced and response.status in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)


class DeadlineReader(io.RawIOBase):
    """Reads from a socket until a deadline: its timeout, counted from the creation of this object."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket) -> None:
        self._raw = raw
        self._sock = sock
        self._timeout = cast(float, sock.gettimeout())
        self._deadline = time.monotonic() + self._timeout
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
        if left < (1 - TOLERANCE) * self._timeout:
            self._timeout = left
            self._sock.settimeout(left)
        with cancellation.interruptible(self._sock):
            return self._raw.readinto(buffer)

    def close(self) -> None:
        """Close the underlying stream."""
        self._raw.close()
        super().close()


class _ResponseReader(io.BufferedReader):
    """A buffer for one response. When it is closed, it marks the connection if it contains more than the response."""

    def __init__(self, source: DeadlineReader, connection: "_HTTPConnection") -> None:
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


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, connection: "_HTTPConnection", **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp: Any = _ResponseReader(DeadlineReader(self.fp.detach(), sock), connection)

    def _read_status(self) -> tuple[str, int, str]:
        """The status line of the final response. The base class skips no interim response but 100 Continue."""
        for _ in range(1 + MAX_INTERIM_RESPONSES):
            version, status, reason = super()._read_status()  # type: ignore[misc]
            if status >= HTTPStatus.OK:
                return version, status, reason
            if status == HTTPStatus.SWITCHING_PROTOCOLS:
                break
            http.client.parse_headers(self.fp)
        raise http.client.BadStatusLine(f"{status} {reason}")


class AddressPolicy:
    """The IP addresses to which a session connects: public ones, and all if `private_host` has a private one."""

    def __init__(self, private_host: str | None) -> None:
        self._private_host = private_host
        self._allows_private = False

    def check(self, host: str, ip: str) -> None:
        """Raise PrivateAddress unless connecting to the host at this IP address is allowed."""
        if hosts.is_public(ip):
            return
        if host == self._private_host:
            self._allows_private = True
        if not self._allows_private:
            raise PrivateAddress(ip)


def _resolve(host: str, port: int, seconds: float) -> list[Any]:
    """The result of socket.getaddrinfo, which has no timeout of its own. Raises TimeoutError and OSError."""
    addresses: Future[list[Any]] = Future()

    def resolve() -> None:
        try:
            addresses.set_result(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except UnicodeError:
            addresses.set_exception(OSError(f"{host!r} is not a host name"))
        except Exception as error:
            addresses.set_exception(error)

    # A daemon thread, because Python would wait for the threads of a pool when it exits.
    threading.Thread(target=resolve, daemon=True).start()
    return addresses.result(seconds)


def _connect(info: tuple[Any, ...], seconds: float, options: Iterable[tuple[Any, ...]]) -> socket.socket:
    """A socket connected to one address, given as socket.getaddrinfo returns it."""
    family, kind, protocol, _, address = info
    sock = socket.socket(family, kind, protocol)
    try:
        for option in options:
            sock.setsockopt(*option)
        sock.settimeout(max(seconds, 0.001))
        sock.connect(address)
    except OSError:
        sock.close()
        raise
    return sock


def _has_input(sock: socket.socket) -> bool:
    """Whether the socket has data to read, or its end. This may consume data."""
    if not wait_for_read(sock, 0) and not (isinstance(sock, ssl.SSLSocket) and sock.pending()):
        return False
    timeout = sock.gettimeout()
    sock.settimeout(0)
    try:
        # What can be read may be one of TLS's own messages.
        sock.recv(1)
    except (BlockingIOError, ssl.SSLWantReadError):
        return False
    except OSError:
        return True
    finally:
        sock.settimeout(timeout)
    return True


class _HTTPConnection(urllib3.connection.HTTPConnection):
    def __init__(self, *args: Any, policy: AddressPolicy, **options: Any) -> None:
        super().__init__(*args, **options)
        self.response_class = partial(_Response, connection=self)  # type: ignore[assignment]
        self.has_excess = False
        """Whether bytes after the end of a response were read from the socket."""
        self._is_new = True
        self._policy = policy

    @property
    def is_connected(self) -> bool:
        """Whether another request can be sent. Otherwise, the pool opens a new connection."""
        return self.sock is not None and not self.has_excess and not _has_input(self.sock)

    def send(self, data: Any) -> None:
        """Send a request. Raises ProtocolError if data has been received, which cannot be the response to it.

        The pool has checked a connection that it has kept; this checks a new one.
        """
        if self.sock is None:
            self.connect()
        if self._is_new and not self.is_connected:
            raise urllib3.exceptions.ProtocolError("the server sends data without a request")
        self._is_new = False
        super().send(data)

    def _new_conn(self) -> socket.socket:
        """A socket connected to the host, with the rest of the connect timeout as its timeout, for TLS.

        It connects to the same address that was checked: a second DNS request could return another one.
        """
        self.has_excess, self._is_new = False, True
        # Every request has a timeout.
        deadline = time.monotonic() + cast(float, self.timeout)
        failure = OSError("the name has no address")
        addresses = _resolve(self._dns_host, self.port, deadline - time.monotonic())
        for number, info in enumerate(addresses):
            if not self.proxy:
                self._policy.check(self.host, info[4][0])
            share = (deadline - time.monotonic()) / (len(addresses) - number)
            try:
                sock = _connect(info, share, self.socket_options or ())
            except OSError as error:
                failure = error
            else:
                sock.settimeout(max(deadline - time.monotonic(), 0.001))
                return sock
        raise urllib3.exceptions.NewConnectionError(self, f"no address accepts a connection ({failure})") from failure


class _HTTPSConnection(_HTTPConnection, urllib3.connection.HTTPSConnection):
    pass
