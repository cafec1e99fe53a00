"""Threads that stay on one processor, because Python runs one at a time anyway.

Threads that wait for a network hand the global interpreter lock (GIL) over to each other many times per request. If the
next thread is on another processor, the system has to wake that processor first. If processors are free, this takes as
long as the work itself. Only Linux can keep threads on a processor; elsewhere, the sets of processors are empty.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_STATUS = Path("/proc/thread-self/stat")
_PROCESSOR = 36
"""The place of the processor among the fields after the name of the thread. Source: proc_pid_stat(5), field 39."""

_THREADS = Path("/proc/self/task")


def current() -> set[int]:
    """The processor that the calling thread runs on; empty if it is unknown."""
    try:
        return {int(_STATUS.read_text().rpartition(")")[2].split()[_PROCESSOR])}
    except (OSError, ValueError, IndexError):
        return set()


def allowed() -> set[int]:
    """The processors that the calling thread may run on; empty if they are unknown."""
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()


def restrict(processors: set[int], thread: int = 0) -> None:
    """Keep a thread, and those that it starts, on these processors. Does nothing if there are none.

    `thread` is the system's id of a thread; 0 is the calling one.
    """
    if processors and hasattr(os, "sched_setaffinity"):
        with suppress(OSError):
            os.sched_setaffinity(thread, processors)


def restrict_process(processors: set[int]) -> None:
    """Keep all threads of this process, and those that they start, on these processors."""
    with suppress(OSError):
        for thread in _THREADS.iterdir():
            restrict(processors, int(thread.name))


@contextmanager
def on_one_processor() -> Iterator[None]:
    """Within this context, the calling thread, and those that it starts, stay on the processor that it runs on."""
    before = allowed()
    restrict(current())
    try:
        yield
    finally:
        restrict(before)
