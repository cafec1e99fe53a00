"""A fault of the stand-in that holds requests, so that tests can act while a fetch waits."""

import threading

from github_avatars.demo import Exchange
from tests.support.timing import TIMEOUT


class Hold:
    """Holds each request until `release` is set, then sends the usual response."""

    def __init__(self) -> None:
        self.release = threading.Event()
        self._arrived = threading.Semaphore(0)

    def __call__(self, _: Exchange) -> bool:
        self._arrived.release()
        assert self.release.wait(TIMEOUT)
        return False

    def wait_for_request(self, timeout: float = TIMEOUT) -> bool:
        """Whether a further request has arrived within this time, in seconds."""
        return self._arrived.acquire(timeout=timeout)
