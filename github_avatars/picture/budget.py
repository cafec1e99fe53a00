"""A budget for the memory of decoded pictures, which the threads of a process share."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from github_avatars import cancellation


class Budget:
    """A semaphore whose holders take different parts of `capacity`. They get them in the order of their arrival.

    Parts of at most `uncounted` are free: their holders never wait, and no lock is taken.
    """

    def __init__(self, capacity: int, uncounted: int = 0) -> None:
        self._capacity = capacity
        self._uncounted = uncounted
        self._available = capacity
        self._changed = threading.Condition()
        self._queue: deque[object] = deque()
        self._holders: set[int] = set()
        """The ids of the threads that hold a part."""

    @contextmanager
    def hold(self, cost: int) -> Iterator[None]:
        """Within this context, hold `cost` of the budget, at most all of it. Wait until that is available.

        A thread that already holds a part gets another one for free: it could otherwise wait for itself. Raises
        concurrent.futures.CancelledError as soon as the running work is canceled while it waits.
        """
        thread = threading.get_ident()
        if cost <= self._uncounted or thread in self._holders:
            yield
            return
        cost = min(cost, self._capacity)
        self._take(cost)
        self._holders.add(thread)
        try:
            yield
        finally:
            self._holders.discard(thread)
            with self._changed:
                self._available += cost
                self._changed.notify_all()

    def _take(self, cost: int) -> None:
        ticket = object()
        with cancellation.on_cancel(self._wake_all), self._changed:
            self._queue.append(ticket)
            try:
                while self._queue[0] is not ticket or self._available < cost:
                    # Before each wait, because the cancellation may have come before this thread had the lock.
                    cancellation.pause(0)
                    self._changed.wait()
                self._available -= cost
            finally:
                self._queue.remove(ticket)
                self._changed.notify_all()

    def _wake_all(self) -> None:
        with self._changed:
            self._changed.notify_all()
