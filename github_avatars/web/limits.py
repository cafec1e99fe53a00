"""How often one client may ask: a bucket of tokens for each, which fills as time goes by."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import ip_address, ip_network

BURST = 120
"""What a client may ask at once after a pause; a list of names is asked without waiting up to here."""

PER_SECOND = 10.0
"""What it may ask in the long run."""

CLIENTS = 10_000
"""Clients remembered; beyond, the one that was silent the longest is forgotten, and so begins anew."""


class Buckets:
    """The buckets of all clients. Not for use from several threads. `clock` gives seconds."""

    def __init__(
        self,
        burst: int = BURST,
        per_second: float = PER_SECOND,
        clients: int = CLIENTS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._burst = burst
        self._per_second = per_second
        self._clients = clients
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        """Of each client, the silent ones first: the tokens that were left, and when."""

    def take(self, address: str) -> float:
        """Take a token of the client at an IP address: 0, or the seconds until there is one again."""
        client, now = _client(address), self._clock()
        left, since = self._left.pop(client, (float(self._burst), now))
        left = min(self._burst, left + (now - since) * self._per_second)
        wait = 0.0 if left >= 1 else (1 - left) / self._per_second
        self._left[client] = (left - 1 if not wait else left, now)
        if len(self._left) > self._clients:
            self._left.popitem(last=False)
        return math.ceil(wait * 1000) / 1000


def _client(address: str) -> str:
    """Who asks from an IP address: of IPv6, whoever has the network of 64 bits, as one household gets."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    return str(found) if found.version == 4 else str(ip_network((int(found), 64), strict=False))
