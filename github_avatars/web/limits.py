"""A rate limit for each client, as a token bucket."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import ip_address, ip_network

BURST = 120
"""Requests that a client can make without waiting after a pause. A list of names uses them first."""

REQUESTS_PER_SECOND = 10.0
"""The average rate that a client can sustain."""

MAX_CLIENTS = 10_000
"""Clients that are remembered; beyond that, the longest idle one is forgotten and would start with a full bucket."""


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


def client_key(address: str) -> str:
    """The key of a client: its IPv4 address, or its IPv6 /64 network, because one household has a whole /64."""
    try:
        ip = ip_address(address)
    except ValueError:
        return address
    return str(ip) if ip.version == 4 else str(ip_network((int(ip), 64), strict=False))
