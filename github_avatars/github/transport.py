"""The HTTP session under github.py: connections kept, none to where GitHub cannot be, and answers whole in time."""

import http.client
import io
import math
import socket
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any, cast
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter

from github_avatars.github import cancellation, hosts

USER_AGENT = "github-avatars"

CONNECTIONS = 32
"""Connections kept open to each host: as many threads can fetch side by side; a further one waits its turn."""

HEADERS = {
    "User-Agent": USER_AGENT,
    "Accept": "image/*",
    # Pictures are compressed already; asking for more would only invite small bodies that unfold to huge ones.
    "Accept-Encoding": "identity",
}


_Pool = tuple[Any, bool]


@dataclass(frozen=True)
class HTTPResponse:
    """A whole answer over HTTP, or as much of its body as was wanted."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class PrivateAddress(Exception):
    """A host's name leads to an IP address that is not public; nothing was sent there."""


class Session(HTTPAdapter):
    """Connections that are kept, and nothing else that sessions keep: no cookies, no redirects, no passwords.

    A read timeout bounds the whole answer, from the request to its last byte, not the pause between two bytes as it
    does elsewhere in urllib3; a connect timeout bounds the look-up of the name, every address tried, and TLS.

    Requests raise PrivateAddress where a connection would leave the public internet, unless the host is
    `private_host`, or that one was found at a private address before. `direct` passes by the proxies that the
    environment names; with a proxy, it is the proxy that looks names up and connects, and nothing is checked here.
    """

    def __init__(self, *, direct: bool, private_host: str | None) -> None:
        super().__init__(pool_maxsize=CONNECTIONS, pool_block=True)
        self._reach = _Reach(private_host)
        self._environment = requests.Session()
        self._environment.trust_env = not direct
        self._pools: dict[tuple[str, str], _Pool] = {}

    @contextmanager
    def get(
        self, url: str, timeout: urllib3.Timeout, headers: Mapping[str, str] = MappingProxyType({})
    ) -> Iterator[urllib3.BaseHTTPResponse]:
        """The answer at `url`, to be read within the `with`. Raises what requests and urllib3 raise.

        `headers` are sent besides HEADERS, or in their place.

        From requests are the proxies, the certificates and the choice of a connection, once for each host. Its own way
        to send a request takes twice as long, for what is of no use here.
        """
        parts = urlsplit(url)
        origin = parts.scheme, parts.netloc
        if origin not in self._pools:
            self._pools[origin] = self._pool(url)
        pool, asks_proxy = self._pools[origin]
        response: urllib3.BaseHTTPResponse = pool.urlopen(
            "GET",
            url if asks_proxy else (parts.path or "/") + (parts.query and f"?{parts.query}"),
            headers={**HEADERS, **headers},
            timeout=timeout,
            redirect=False,
            retries=False,
            preload_content=False,
            assert_same_host=False,
        )
        try:
            yield response
        finally:
            # A connection whose answer was not read to its end is closed before another may use it.
            response.close()
            response.release_conn()

    def _pool(self, url: str) -> _Pool:
        """The connections to the host of `url`, and whether what is asked on them is the whole address."""
        request = requests.PreparedRequest()
        request.prepare_url(url, None)
        found = self._environment.merge_environment_settings(url, {}, None, None, None)
        pool: Any = self.get_connection_with_tls_context(request, found["verify"], found["proxies"])
        self.cert_verify(pool, url, found["verify"], None)  # type: ignore[no-untyped-call]
        pool.ConnectionCls = partial(_HTTPSConnection if pool.scheme == "https" else _HTTPConnection, reach=self._reach)
        return pool, self.request_url(request, found["proxies"]) != request.path_url


class _Reader(io.RawIOBase):
    """What a socket receives until its timeout, counted from now on; sockets count anew for every byte."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket) -> None:
        self._raw = raw
        self._sock = sock
        self._end = time.monotonic() + (sock.gettimeout() or math.inf)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer comes too slowly")
        self._sock.settimeout(left)
        with cancellation.interruptible(self._sock):
            return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _TimedResponse(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp: Any = io.BufferedReader(_Reader(self.fp.detach(), sock))


class _Reach:
    """Which IP addresses a session may connect to: public ones, and others once `home` was found at one."""

    def __init__(self, home: str | None) -> None:
        self._home = home
        self._private = False

    def check(self, host: str, ip: str) -> None:
        if hosts.is_public(ip):
            return
        if host == self._home:
            self._private = True
        if not self._private:
            raise PrivateAddress(ip)


def _look_up(host: str, port: int, seconds: float) -> list[Any]:
    """What socket.getaddrinfo gives, or TimeoutError: by itself it waits as long as the system's resolver likes."""
    found: Future[list[Any]] = Future()

    def look_up() -> None:
        try:
            found.set_result(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except UnicodeError:
            found.set_exception(OSError(f"{host!r} cannot be a name"))
        except Exception as error:
            found.set_exception(error)

    # Not of a pool: at its end, Python would wait for the pool's threads, and they for the resolver.
    threading.Thread(target=look_up, daemon=True).start()
    return found.result(seconds)


def _connect(found: tuple[Any, ...], seconds: float, options: Iterable[tuple[Any, ...]]) -> socket.socket:
    """A socket connected to one address of those that were found."""
    family, kind, protocol, _, address = found
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


class _HTTPConnection(urllib3.connection.HTTPConnection):
    response_class = _TimedResponse

    def __init__(self, *args: Any, reach: _Reach, **options: Any) -> None:
        super().__init__(*args, **options)
        self._reach = reach

    def _new_conn(self) -> socket.socket:
        """A socket that is connected to the host, and has what is left of the connect timeout for TLS.

        The address that is checked is the very one that is connected to, so that no second look-up comes between.
        """
        # Every request of this project names one.
        end = time.monotonic() + cast(float, self.timeout)
        failure = OSError("the name has no address")
        addresses = _look_up(self._dns_host, self.port, end - time.monotonic())
        for number, found in enumerate(addresses):
            if not self.proxy:
                self._reach.check(self.host, found[4][0])
            share = (end - time.monotonic()) / (len(addresses) - number)
            try:
                sock = _connect(found, share, self.socket_options or ())
            except OSError as error:
                failure = error
            else:
                sock.settimeout(max(end - time.monotonic(), 0.001))
                return sock
        raise urllib3.exceptions.NewConnectionError(self, f"no address takes a connection ({failure})") from failure


class _HTTPSConnection(_HTTPConnection, urllib3.connection.HTTPSConnection):
    pass
