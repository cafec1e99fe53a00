"""Work in threads that stops waiting where whoever asked for it is cancelled.

A thread cannot be stopped from outside, but what it waits for can be taken from it. `run` tells the work that it starts
of its cancellation, and the two ways to wait, `pause` and `interruptible`, heed it. A fetch whose answer nobody wants
any more thus leaves its thread to the next one.
"""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor
from contextlib import contextmanager, suppress
from contextvars import ContextVar, copy_context
from functools import partial
from typing import ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class _Cancellation:
    """Of one piece of work: whether it was cancelled, and the socket that its thread waits on, if on any."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.cancelled = threading.Event()
        self.socket: socket.socket | None = None

    def cancel(self) -> None:
        with self.lock:
            self.cancelled.set()
            if self.socket:
                # Whoever reads from it finds the end of the stream; closing it would not wake them. Only what urllib3
                # makes for TLS within the TLS of a proxy cannot do so: there the fetch goes on until its timeout.
                with suppress(OSError, AttributeError):
                    self.socket.shutdown(socket.SHUT_RDWR)


_current: ContextVar[_Cancellation] = ContextVar("cancellation of the work that runs")


async def run(
    executor: Executor, work: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> Result:
    """What work(*args, **kwargs) returns or raises in a thread of `executor`; cancelling this ends its waiting."""
    cancellation = _Cancellation()
    context = copy_context()
    context.run(_current.set, cancellation)
    try:
        call = partial(context.run, work, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(executor, call)
    except asyncio.CancelledError:
        cancellation.cancel()
        raise


def pause(seconds: float) -> None:
    """Sleep. Raises concurrent.futures.CancelledError, at once, where the work that runs is cancelled."""
    if _current.get(_Cancellation()).cancelled.wait(seconds):
        raise CancelledError


@contextmanager
def interruptible(sock: socket.socket) -> Iterator[None]:
    """Where the work that runs is cancelled within the `with`, or was before, `sock` comes to its end."""
    cancellation = _current.get(_Cancellation())
    with cancellation.lock:
        cancellation.socket = sock
    try:
        pause(0)
        yield
    finally:
        with cancellation.lock:
            cancellation.socket = None
