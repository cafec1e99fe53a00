"""Waiting in tests and benchmarks: until a condition holds, or for a call, never longer than TIMEOUT."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

TIMEOUT = 60.0
"""Seconds after which an event that usually takes a moment counts as failed."""

Result = TypeVar("Result")


def wait_until(
    condition: Callable[[], Result | None], describe: Callable[[], str] = str, pause: float = 0.02
) -> Result:
    """Return the first true result of `condition`, which is called every `pause` seconds.

    Raises TimeoutError, with the result of `describe` as its message, after TIMEOUT.
    """
    end = time.monotonic() + TIMEOUT
    while not (result := condition()):
        if time.monotonic() > end:
            raise TimeoutError(describe())
        time.sleep(pause)
    return result


def with_timeout(function: Callable[[], Any]) -> Any:
    """Return or raise the result of `function`. Raises TimeoutError after TIMEOUT, without waiting for its end."""
    outcome: Future[Any] = Future()

    def run() -> None:
        try:
            outcome.set_result(function())
        except BaseException as error:
            outcome.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return outcome.result(TIMEOUT)
