"""What a command shares with the process: standard streams, signals that end it, and its exit code."""

import atexit
import gc
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager, suppress
from io import RawIOBase, TextIOWrapper
from types import FrameType
from typing import Any, cast

from github_avatars.errors import BadFile, GitHubAvatarsError
from github_avatars.text import printable

STOP_SIGNALS = {
    getattr(signal, name): description
    for name, description in {"SIGINT": "interrupted", "SIGTERM": "terminated", "SIGHUP": "the terminal closed"}.items()
    if hasattr(signal, name)
}
"""The signals that end a command, and how its last line on standard error calls each."""


class Stopped(KeyboardInterrupt):
    """A signal ends the command."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def run(command: Callable[[], int | None]) -> int:
    """Run a command and return its exit code, after printing its error, if any, as one line on standard error."""
    # At its end, Python searches everything that was imported for garbage. That takes a tenth of the time of predicting
    # for a file.
    atexit.register(gc.freeze)
    replace_closed_streams()
    with on_stop(_raise_stopped):
        try:
            code = _run_to_exit(command)
            sys.stdout.flush()
        except BrokenPipeError:
            # The reader has closed the pipe.
            code = 1
        except (GitHubAvatarsError, OSError) as error:
            code = print_error(error)
        except KeyboardInterrupt as interrupt:
            number = interrupt.number if isinstance(interrupt, Stopped) else signal.SIGINT
            print_error(STOP_SIGNALS[number])
            code = 128 + number
        except BrokenExecutor as error:
            code = print_error(f"A worker process was killed, perhaps for lack of memory: run again. ({error})")
        if code:
            _flush_or_discard()
        return code


def _run_to_exit(command: Callable[[], int | None]) -> int:
    try:
        return command() or 0
    except SystemExit as end:  # argparse ends the process after --help and after wrong usage
        return int(end.code or 0)


def print_error(error: Exception | str) -> int:
    """Print an error as one line on standard error, with unprintable characters escaped, and return exit code 1."""
    with suppress(OSError):  # a closed terminal
        print("error:", printable(" ".join(str(error).splitlines())), file=sys.stderr, flush=True)
    return 1


@contextmanager
def on_stop(handler: Callable[[int], object]) -> Iterator[None]:
    """Within this context, call `handler` with the number of each of STOP_SIGNALS, at the first SIGTERM or SIGHUP only.

    These are often sent twice, to the process and to its group, and must not interrupt the cleanup. Signals that the
    process ignores, as nohup requests, are still ignored.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    terminals = [number for number in range(3) if os.isatty(number)]

    def handle(number: int, _: FrameType | None) -> None:
        if number != signal.SIGINT:
            signal.signal(number, signal.SIG_IGN)
        if number == getattr(signal, "SIGHUP", None):
            for descriptor in terminals:
                # Otherwise the next output, such as that of a progress bar, is an error.
                _replace_by_null(descriptor)
        handler(number)

    previous = {number: signal.getsignal(number) for number in STOP_SIGNALS}
    handled = [number for number in STOP_SIGNALS if previous[number] != signal.SIG_IGN]
    for number in handled:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number in handled:
            if signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, previous[number])


def _raise_stopped(number: int) -> None:
    raise Stopped(number)


class _Closed(RawIOBase):
    """A stream that was closed when the process started."""

    def writable(self) -> bool:
        return True

    def write(self, _: Any) -> int:
        raise BadFile("Standard output is closed: redirect it, to /dev/null if it is not needed.")


def replace_closed_streams() -> None:
    """Make standard streams that were closed when the process started safe to use.

    Input is empty, output raises BadFile, and errors are dropped. Text that the encoding of a stream lacks is escaped.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # Otherwise the next file that is opened, such as the store, would become a standard stream.
            _replace_by_null(number)
    if sys.stdout is None:
        sys.stdout = TextIOWrapper(cast(Any, _Closed()), write_through=True)
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 (open until the process ends)
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _replace_by_null(number: int) -> None:
    null = os.open(os.devnull, os.O_RDWR)
    if null == number:
        os.set_inheritable(number, True)
    else:
        os.dup2(null, number)
        os.close(null)


def _flush_or_discard() -> None:
    """Write what is in the buffer of standard output, or drop it: Python reports an error in it at its exit."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError, GitHubAvatarsError):
        _replace_by_null(1)
