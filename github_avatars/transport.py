"""The HTTP session under github.py: kept connections, nothing of the user's, and answers that are whole in time."""

import http.client
import io
import math
import socket
import time
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter

from github_avatars import cancellation

USER_AGENT = "github-avatars"

CONNECTIONS = 32
"""Connections kept open to each host: as many threads can fetch side by side; a further one waits its turn."""


class Session(requests.Session):
    """A session that keeps connections and nothing else: no cookies, no redirects, no passwords.

    A read timeout bounds the whole answer, from the request to its last byte, not the pause between two bytes as it
    does elsewhere in requests. `direct` passes by the proxies that the environment names.
    """

    def __init__(self, direct: bool) -> None:
        super().__init__()
        for scheme in ("http://", "https://"):
            self.mount(scheme, _Adapter(pool_maxsize=CONNECTIONS, pool_block=True))
        # Pictures are compressed already; asking for more would only invite small bodies that unfold to huge ones.
        self.headers.update({"User-Agent": USER_AGENT, "Accept": "image/*", "Accept-Encoding": "identity"})
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        # Any auth of its own keeps requests from sending what ~/.netrc holds for github.com.
        self.auth = lambda request: request
        self.trust_env = not direct

    def get_redirect_target(self, resp: requests.Response) -> None:
        """None, as even with allow_redirects=False requests would read the whole body of a redirect."""


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


class _HTTPConnection(urllib3.connection.HTTPConnection):
    response_class = _TimedResponse


class _HTTPSConnection(urllib3.connection.HTTPSConnection):
    response_class = _TimedResponse


class _Adapter(HTTPAdapter):
    def get_connection_with_tls_context(self, *args: Any, **options: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **options)
        pool.ConnectionCls = _HTTPSConnection if pool.scheme == "https" else _HTTPConnection
        return pool
