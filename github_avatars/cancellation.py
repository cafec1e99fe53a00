"""Cancellation of work that runs in threads.

Python cannot stop a thread from outside. Work started with `run` therefore waits by `pause`, `interruptible` and
`on_cancel` only, which end when its caller is canceled. A fetch that nobody needs any more thus frees its thread.
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor
from contextlib import AbstractContextManager, contextmanager, suppress
from contextvars import ContextVar, copy_context
from functools import partial
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    import socket

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class _Cancellation:
    """Whether one piece of work is canceled, and the function that then wakes its thread, if it waits."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.canceled = threading.Event()
        self.wake: Callable[[], object] | None = None

    def cancel(self) -> None:
        with self.lock:
            self.canceled.set()
            if self.wake:
                self.wake()


_current: ContextVar[_Cancellation] = ContextVar("cancellation of the running work", default=_Cancellation())  # noqa: B039
"""By default, one that nobody cancels: work that was not started with `run`."""


async def run(
    executor: Executor, work: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> Result:
    """Return or raise the result of work(*args, **kwargs) in a thread of `executor`.

    If this coroutine is canceled, so is the work.
    """
    # Imported here, where it is in use already, because its import takes long and this module is always needed.
    import asyncio

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
    """Sleep. Raises concurrent.futures.CancelledError as soon as the running work is canceled."""
    if _current.get().canceled.wait(seconds):
        raise CancelledError


@contextmanager
def on_cancel(wake: Callable[[], object]) -> Iterator[None]:
    """Within this context, `wake` is called as soon as the running work is canceled, by the thread that cancels it.

    Raises concurrent.futures.CancelledError if it is canceled already. Such contexts cannot be nested.
    """
    cancellation = _current.get()
    with cancellation.lock:
        cancellation.wake = wake
    try:
        pause(0)
        yield
    finally:
        with cancellation.lock:
            cancellation.wake = None


def interruptible(sock: "socket.socket") -> AbstractContextManager[None]:
    """Within this context, reading from the socket ends as soon as the running work is canceled.

    Raises concurrent.futures.CancelledError if it is canceled already.
    """

    def end_stream() -> None:
        # Imported here, where it is in use already, because classifying a file needs this module but no socket.
        import socket

        # A thread that reads from the socket then receives the end of the stream; closing would not wake it.
        # urllib3's wrapper for TLS inside a proxy's TLS has no shutdown: that fetch lasts until its timeout.
        with suppress(OSError, AttributeError):
            sock.shutdown(socket.SHUT_RDWR)

    return on_cancel(end_stream)
