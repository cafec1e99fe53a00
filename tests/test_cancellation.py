"""Cancellation of work in threads, with real sockets and event loops."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor

import pytest

from github_avatars import cancellation
from github_avatars.demo import GitHubStandIn
from github_avatars.github import GitHub
from tests.support.holding import Hold
from tests.support.timing import TIMEOUT


@pytest.fixture
def thread() -> Iterator[ThreadPoolExecutor]:
    """A pool with one thread: further work waits until the current one ends."""
    with ThreadPoolExecutor(1) as pool:
        yield pool


@pytest.fixture
def silent_socket() -> Iterator[socket.socket]:
    """A socket that receives nothing."""
    here, there = socket.socketpair()
    with here, there:
        here.settimeout(TIMEOUT)
        yield here


def cancel(thread: ThreadPoolExecutor, work: Callable[[], object], has_started: Callable[[float], object]) -> None:
    """Run `work`, cancel it as soon as it has started, and check that its thread is free long before TIMEOUT."""

    async def main() -> None:
        task = asyncio.create_task(cancellation.run(thread, work))
        await asyncio.to_thread(has_started, TIMEOUT)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    thread.submit(int).result(TIMEOUT / 2)


def test_run_returns_and_raises_like_the_function(thread: ThreadPoolExecutor) -> None:
    assert asyncio.run(cancellation.run(thread, divmod, 7, 2)) == (3, 1)
    assert asyncio.run(cancellation.run(thread, int, "11", base=2)) == 3
    with pytest.raises(ZeroDivisionError):
        asyncio.run(cancellation.run(thread, divmod, 1, 0))


def test_cancellation_ends_reading_from_a_socket(thread: ThreadPoolExecutor, silent_socket: socket.socket) -> None:
    started = threading.Event()
    received = []

    def work() -> None:
        started.set()
        with cancellation.interruptible(silent_socket):
            received.append(silent_socket.recv(1))

    cancel(thread, work, started.wait)
    # If the work is canceled before recv, recv is not called.
    assert received in ([b""], [])


def test_cancellation_ends_a_pause(thread: ThreadPoolExecutor) -> None:
    started, errors = threading.Event(), []

    def work() -> None:
        started.set()
        try:
            cancellation.pause(TIMEOUT)
        except CancelledError as error:
            errors.append(error)

    cancel(thread, work, started.wait)
    assert errors


def test_canceled_work_cannot_wait_again(thread: ThreadPoolExecutor, silent_socket: socket.socket) -> None:
    started, finished = threading.Event(), threading.Event()

    def work() -> None:
        started.set()
        with pytest.raises(CancelledError):
            cancellation.pause(TIMEOUT)
        with pytest.raises(CancelledError), cancellation.interruptible(silent_socket):
            pass
        finished.set()

    cancel(thread, work, started.wait)
    assert finished.is_set()
    # The socket is still open: other work may use it in the meantime.
    silent_socket.sendall(b"still open")


def test_socket_stays_open_after_the_context(thread: ThreadPoolExecutor, silent_socket: socket.socket) -> None:
    started = threading.Event()

    def work() -> None:
        silent_socket.settimeout(0.001)
        with pytest.raises(TimeoutError), cancellation.interruptible(silent_socket):
            silent_socket.recv(1)
        started.set()
        cancellation.pause(TIMEOUT)

    cancel(thread, work, started.wait)
    silent_socket.sendall(b"still open")


def test_cancellation_affects_no_other_work(silent_socket: socket.socket) -> None:
    started, other_started = threading.Event(), threading.Event()

    def work() -> None:
        started.set()
        cancellation.pause(TIMEOUT)

    def other_work() -> bytes:
        with cancellation.interruptible(silent_socket):
            other_started.set()
            return silent_socket.recv(1)

    async def main(pool: ThreadPoolExecutor) -> None:
        task = asyncio.create_task(cancellation.run(pool, work))
        other_task = asyncio.create_task(cancellation.run(pool, other_work))
        await asyncio.to_thread(started.wait, TIMEOUT)
        await asyncio.to_thread(other_started.wait, TIMEOUT)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not other_task.done()
        silent_socket.shutdown(socket.SHUT_RD)
        assert await other_task == b""

    with ThreadPoolExecutor(2) as pool:
        asyncio.run(main(pool))


def test_canceled_fetch_ends_and_is_not_retried(thread: ThreadPoolExecutor, github: GitHubStandIn) -> None:
    github.faults["/octocat.png"] = hold = Hold()
    with GitHub(github.url, read_timeout=2 * TIMEOUT, deadline=2 * TIMEOUT) as client:
        cancel(thread, lambda: client.fetch("octocat"), hold.wait_for_request)
        assert github.requests["/octocat.png"] == 1
        hold.release.set()
        github.faults.clear()
        assert client.fetch("octocat").login == "octocat"


def test_work_outside_of_run_is_never_canceled(silent_socket: socket.socket) -> None:
    started = time.monotonic()
    cancellation.pause(0.01)
    assert time.monotonic() > started
    with cancellation.interruptible(silent_socket):
        silent_socket.sendall(b"open")
