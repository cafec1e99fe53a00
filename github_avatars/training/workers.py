"""Processes that share the work of one command, and end with it."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager

GRACE = 5.0
"""Seconds for which a worker survives SIGTERM."""


@contextmanager
def process_pool() -> Iterator[ProcessPoolExecutor]:
    """A pool with a process per processor. When the context ends, tasks that have not started are canceled."""
    # Forking a process that has threads can deadlock.
    pool = ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("spawn"), initializer=_initialize)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _initialize() -> None:
    """Leave signals that end the command to the parent process, and end when it ends, even by kill -9.

    A terminal or a service manager sends them to all processes. The pool itself uses SIGTERM if it is broken.
    """
    for name in ("SIGINT", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: threading.Timer(GRACE, os._exit, [1]).start())
    parent = multiprocessing.parent_process()

    def end_with_parent() -> None:
        if parent:
            parent.join()
        os._exit(1)

    threading.Thread(target=end_with_parent, daemon=True).start()
