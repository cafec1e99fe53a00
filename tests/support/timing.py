"""Waiting in tests: until a condition holds, or for a call, never longer than TIMEOUT."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

TIMEOUT = 60.0
"""Seconds after which a test gives up on something that usually comes at once."""


def wait_until(happened: Callable[[], Any], failing: Callable[[], str] = str) -> Any:
    """The first true thing that `happened` gives; a failure, told by `failing`, where it gives none for too long."""
    end = time.monotonic() + TIMEOUT
    while not (found := happened()):
        assert time.monotonic() < end, failing()
        time.sleep(0.02)
    return found


def with_timeout(function: Callable[[], Any]) -> Any:
    """What `function` gives or raises; a TimeoutError where it hangs, and then nobody waits for its end."""
    outcome: Future[Any] = Future()

    def run() -> None:
        try:
            outcome.set_result(function())
        except BaseException as error:
            outcome.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return outcome.result(TIMEOUT)
