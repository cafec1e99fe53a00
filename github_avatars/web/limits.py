"""What clients can use at most: a number of requests, and memory for uploads."""

import asyncio
import math
import time
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_address, ip_network

from github_avatars.errors import Busy
from github_avatars.picture.decoding import MAX_BYTES

BURST = 120
"""Requests that a client can make without waiting after a pause. A list of names uses them first."""

REQUESTS_PER_SECOND = 10.0
"""The average rate that a client can sustain."""

MAX_CLIENTS = 10_000
"""Clients that are remembered; beyond that, the longest idle one is forgotten and would start with a full bucket."""

UPLOAD_BYTES = 8 * MAX_BYTES
"""Bytes of uploads in progress. Encoding the answer with its pictures takes several times as much memory."""

CLIENT_UPLOAD_BYTES = 4 * MAX_BYTES
"""Of these, the bytes of one client. A slow upload occupies its bytes until it is complete."""

UPLOAD_WAIT_SECONDS = 5.0
"""The time that an upload waits for others to end."""


class TokenBuckets:
    """The token buckets of all clients. Not thread-safe. `clock` returns seconds."""

    def __init__(
        self,
        burst: int = BURST,
        per_second: float = REQUESTS_PER_SECOND,
        max_clients: int = MAX_CLIENTS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._burst = burst
        self._per_second = per_second
        self._max_clients = max_clients
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        """For each client, the longest idle first: the tokens left, and the time of that count."""

    def take(self, address: str) -> float:
        """Take a token of the client at an IP address. Returns 0, or the seconds to wait if there is none."""
        client, now = client_key(address), self._clock()
        tokens, since = self._buckets.pop(client, (float(self._burst), now))
        tokens = min(self._burst, tokens + (now - since) * self._per_second)
        wait = 0.0 if tokens >= 1 else (1 - tokens) / self._per_second
        self._buckets[client] = (tokens if wait else tokens - 1, now)
        if len(self._buckets) > self._max_clients:
            self._buckets.popitem(last=False)
        return math.ceil(wait * 1000) / 1000


class UploadBudget:
    """The memory for the uploads of all clients, in bytes. For one event loop."""

    def __init__(
        self,
        max_bytes: int = UPLOAD_BYTES,
        client_bytes: int = CLIENT_UPLOAD_BYTES,
        wait_seconds: float = UPLOAD_WAIT_SECONDS,
    ) -> None:
        self._max_bytes = max_bytes
        self._client_bytes = client_bytes
        self._wait_seconds = wait_seconds
        self._used: Counter[str] = Counter()
        """The reserved bytes of each client."""
        self._released = asyncio.Event()
        """Set, and replaced, whenever bytes are released."""

    @asynccontextmanager
    async def reserve(self, address: str, size: int) -> AsyncIterator[None]:
        """Reserve bytes for the client at an IP address. Raises Busy if they are not available in time."""
        client = client_key(address)
        try:
            async with asyncio.timeout(self._wait_seconds):
                while self._used.total() + size > self._max_bytes or self._used[client] + size > self._client_bytes:
                    await self._released.wait()
                self._used[client] += size
        except TimeoutError as error:
            raise Busy("This page's server receives too many pictures: try again in a moment.") from error
        try:
            yield
        finally:
            self._used[client] -= size
            if not self._used[client]:
                del self._used[client]
            self._released.set()
            self._released = asyncio.Event()


def client_key(address: str) -> str:
    """The key of a client: its IPv4 address, or its IPv6 /64 network, because one household has a whole /64."""
    try:
        ip = ip_address(address)
    except ValueError:
        return address
    return str(ip) if ip.version == 4 else str(ip_network((int(ip), 64), strict=False))
