"""When the next account may be asked for."""

import time


class Pace:
    """Keeps all who ask it together to `rate` accounts a second."""

    def __init__(self, rate: float) -> None:
        self._pause = 1 / rate
        self._next = time.monotonic()

    def wait(self) -> float:
        """Seconds after which whoever calls may ask for one more account."""
        now = time.monotonic()
        # Counted from when it was time, lest every delay add up; but more than one that was missed is not made up.
        due = max(self._next, now - self._pause)
        self._next = due + self._pause
        return max(0.0, due - now)
