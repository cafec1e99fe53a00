"""HTTP for `GitHub` and `API`: kept connections, timeouts for whole responses, and checked IP addresses."""

import http.client
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.util.wait import wait_for_read

from github_avatars.errors import ForeignRedirect, Unreachable
from github_avatars.github import hosts
from github_avatars.github.responses import Response

CONNECTIONS = 32
"""The size of the connection pool of each host, and so the number of threads that can fetch at the same time."""

HEADERS = {
    "User-Agent": "github-avatars",
    "Accept": "image/*",
    # Pictures are compressed already, and a compressed body may expand to a huge one.
    "Accept-Encoding": "identity",
}

PLAIN_TARGET = re.compile(r"/[A-Za-z0-9/._~?=&+-]*")
"""Paths and queries of addresses in which nothing needs to be encoded."""

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
        read: Callable[[Response], bytes],
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
                return HTTPResponse(response.status, response.fields, content)
        except PrivateAddress as error:
            raise ForeignRedirect(
                f"{host} has the private address {error}, so {subject} is not requested from it: "
                "check DNS and GITHUB_URL."
            ) from error
        except (requests.RequestException, urllib3.exceptions.HTTPError, http.client.HTTPException, OSError) as error:
            raise Unreachable(
                f"{host} sent no complete response for {subject} ({type(error).__name__}): "
                "check the network and GITHUB_URL, or try again later."
            ) from error

    @contextmanager
    def _open(
        self, url: str, timeout: urllib3.Timeout, headers: Mapping[str, str], body: bytes | None
    ) -> Iterator[Response]:
        """The response at `url`, whose headers have been read, and whose body can be read within this context.

        Proxies, certificates and the choice of a pool are those of requests, computed once for each host. Connections
        and their pools are those of urllib3. The request itself is written here, because requests and urllib3 take
        several times as long for features that are not needed.
        """
        parts = urlsplit(url)
        origin = parts.scheme, parts.netloc
        if origin not in self._pools:
            self._pools[origin] = self._make_pool(url)
        pool, sends_whole_url = self._pools[origin]
        if sends_whole_url:
            headers = {**headers, **pool.proxy_headers}
        request = _request(url, sends_whole_url, {**HEADERS, **headers}, body)
        connection = pool._get_conn()
        response: Response | None = None
        try:
            timeout = timeout.clone()
            timeout.start_connect()
            connection.timeout = timeout.connect_timeout
            if connection.is_closed:
                if pool.proxy and not sends_whole_url:
                    pool._prepare_proxy(connection)
                if connection.is_closed:
                    connection.connect()
            connection.sock.settimeout(connection.timeout)
            # A server may respond, and close the connection, before it has read the request.
            with suppress(BrokenPipeError, ConnectionResetError):
                connection.send(request)
            connection.sock.settimeout(max(cast(float, timeout.read_timeout), 0.001))
            response = connection.response_class(connection.sock, method="GET" if body is None else "POST")
            response.begin()
            yield response
        finally:
            is_complete = response is not None and response.isclosed() and not response.will_close
            if response:
                response.close()
            if not is_complete:
                connection.close()
            pool._put_conn(connection)

    def _make_pool(self, url: str) -> Pool:
        request = requests.PreparedRequest()
        request.prepare_url(url, None)
        settings = self._environment.merge_environment_settings(url, {}, None, None, None)
        pool: Any = self.get_connection_with_tls_context(request, settings["verify"], settings["proxies"])
        self.cert_verify(pool, url, settings["verify"], None)  # type: ignore[no-untyped-call]
        connection = _HTTPSConnection if pool.scheme == "https" else _HTTPConnection
        pool.ConnectionCls = partial(connection, policy=self._policy)
        return pool, self.request_url(request, settings["proxies"]) != request.path_url


def _request(url: str, whole_url: bool, headers: Mapping[str, str], body: bytes | None) -> bytes:
    """A request as bytes. Raises InvalidHeader if a header contains a line break."""
    parts = urlsplit(url)
    target = (parts.path or "/") + (parts.query and f"?{parts.query}")
    if not PLAIN_TARGET.fullmatch(target):
        target = urllib3.util.parse_url(target).request_uri
    method = "GET" if body is None else "POST"
    host = parts.netloc.rpartition("@")[2]
    lines = [f"{method} {f'{parts.scheme}://{host}' if whole_url else ''}{target} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    if any("\r" in line or "\n" in line for line in lines):
        raise urllib3.exceptions.InvalidHeader("a header contains a line break")
    return "\r\n".join([*lines, "\r\n"]).encode("iso-8859-1", "replace") + (body or b"")


def _announces_forbidden_body(response: Response) -> bool:
    """Whether the headers announce a body that the status forbids. If it is sent, it arrives later.

    A 304 may have such headers nevertheless. Its connection is then closed in vain, because the response is not read.
    """
    is_announced = response.fields.get("Content-Length", "0") != "0" or "Transfer-Encoding" in response.fields
    return is_announced and response.status in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)


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
        self.response_class = partial(Response, connection=self)  # type: ignore[assignment]
        self.has_excess = False
        """Whether bytes after the end of a response were read from the socket."""
        self._policy = policy

    @property
    def is_connected(self) -> bool:
        """Whether another request can be sent. Otherwise, the pool opens a new connection."""
        return self.sock is not None and not self.has_excess and not _has_input(self.sock)

    def send(self, data: Any) -> None:
        """Send a request. Raises ProtocolError if data has been received, which cannot be the response to it."""
        if self.sock is None:
            self.connect()
        if not self.is_connected:
            raise urllib3.exceptions.ProtocolError("the server sends data without a request")
        super().send(data)

    def _new_conn(self) -> socket.socket:
        """A socket connected to the host, with the rest of the connect timeout as its timeout, for TLS.

        It connects to the same address that was checked: a second DNS request could return another one.
        """
        self.has_excess = False
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
