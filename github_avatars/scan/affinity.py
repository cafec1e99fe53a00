"""Threads that stay on one processor, because Python runs one at a time anyway.

Threads that wait for a network hand the global interpreter lock (GIL) over to each other many times per request. If the
next thread is on another processor, the system has to wake that processor first. If processors are free, this takes as
long as the work itself. Only Linux can keep threads on a processor.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_STATUS = Path("/proc/thread-self/stat")
_PROCESSOR = 36
"""The place of the processor among the fields after the name of the thread. Source: proc_pid_stat(5), field 39."""


def current_processor() -> int | None:
    """The number of the processor that the calling thread runs on; None if that is unknown."""
    try:
        return int(_STATUS.read_text().rpartition(")")[2].split()[_PROCESSOR])
    except (OSError, ValueError, IndexError):
        return None


def stay_on(processor: int | None) -> None:
    """Keep the calling thread, and those that it starts, on a processor. Does nothing where that is impossible."""
    if processor is not None and hasattr(os, "sched_setaffinity"):
        with suppress(OSError):
            os.sched_setaffinity(0, {processor})


@contextmanager
def on_one_processor() -> Iterator[None]:
    """Within this context, the calling thread, and those that it starts, stay on the processor that it runs on."""
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
    stay_on(current_processor())
    try:
        yield
    finally:
        if allowed:
            os.sched_setaffinity(0, allowed)
