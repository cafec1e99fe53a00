"""How fast GitHub is asked: when the next account may be asked for."""

import time

from github_avatars.errors import BadInput

RATES = (0.001, 1000.0)
"""Accounts a second."""


def check(rate: float) -> None:
    """Raise BadInput where the rate is out of bounds."""
    if not RATES[0] <= rate <= RATES[1]:
        raise BadInput(f"The rate is {rate}: give {RATES[0]:g} to {RATES[1]:g} accounts a second.")


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
