"""Work in threads that is cancelled: over real sockets, and in real event loops."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor

import pytest

from github_avatars.demo import Exchange, GitHubStandIn
from github_avatars.github import GitHub, cancellation
from tests.support.timing import TIMEOUT


@pytest.fixture
def thread() -> Iterator[ThreadPoolExecutor]:
    """A pool of a single thread: what comes next has to wait for what runs."""
    with ThreadPoolExecutor(1) as pool:
        yield pool


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """A socket on which nothing comes."""
    here, there = socket.socketpair()
    with here, there:
        here.settimeout(TIMEOUT)
        yield here


def cancelled(thread: ThreadPoolExecutor, work: Callable[[], object], begun: threading.Event) -> None:
    """Run `work`, cancel it once it has begun, and see that its thread comes free long before TIMEOUT is over."""

    async def main() -> None:
        task = asyncio.create_task(cancellation.run(thread, work))
        await asyncio.to_thread(begun.wait, TIMEOUT)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    thread.submit(int).result(TIMEOUT / 2)


def test_what_it_returns_and_raises_comes_through(thread: ThreadPoolExecutor) -> None:
    assert asyncio.run(cancellation.run(thread, divmod, 7, 2)) == (3, 1)
    assert asyncio.run(cancellation.run(thread, int, "11", base=2)) == 3
    with pytest.raises(ZeroDivisionError):
        asyncio.run(cancellation.run(thread, divmod, 1, 0))


def test_waiting_on_a_socket_ends(thread: ThreadPoolExecutor, silent: socket.socket) -> None:
    begun = threading.Event()
    received = []

    def work() -> None:
        begun.set()
        with cancellation.interruptible(silent):
            received.append(silent.recv(1))

    cancelled(thread, work, begun)
    # Where the cancelling came before recv, that was not even called.
    assert received in ([b""], [])


def test_pause_ends(thread: ThreadPoolExecutor) -> None:
    begun, ended = threading.Event(), []

    def work() -> None:
        begun.set()
        try:
            cancellation.pause(TIMEOUT)
        except CancelledError as error:
            ended.append(error)

    cancelled(thread, work, begun)
    assert ended


def test_no_waiting_begins_afterwards(thread: ThreadPoolExecutor, silent: socket.socket) -> None:
    begun, refused = threading.Event(), []

    def work() -> None:
        begun.set()
        with pytest.raises(CancelledError):
            cancellation.pause(TIMEOUT)
        with pytest.raises(CancelledError), cancellation.interruptible(silent):
            pass
        refused.append(True)

    cancelled(thread, work, begun)
    assert refused
    # The socket was not touched: it may be another's by then.
    silent.sendall(b"still open")


def test_socket_that_is_no_longer_waited_on_stays_open(thread: ThreadPoolExecutor, silent: socket.socket) -> None:
    begun = threading.Event()

    def work() -> None:
        silent.settimeout(0.001)
        with pytest.raises(TimeoutError), cancellation.interruptible(silent):
            silent.recv(1)
        begun.set()
        cancellation.pause(TIMEOUT)

    cancelled(thread, work, begun)
    silent.sendall(b"still open")


def test_one_cancelled_ends_no_other(silent: socket.socket) -> None:
    begun, others = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        cancellation.pause(TIMEOUT)

    def other() -> bytes:
        with cancellation.interruptible(silent):
            others.set()
            return silent.recv(1)

    async def main(pool: ThreadPoolExecutor) -> None:
        one = asyncio.create_task(cancellation.run(pool, work))
        another = asyncio.create_task(cancellation.run(pool, other))
        await asyncio.to_thread(begun.wait, TIMEOUT)
        await asyncio.to_thread(others.wait, TIMEOUT)
        one.cancel()
        with pytest.raises(asyncio.CancelledError):
            await one
        assert not another.done()
        silent.shutdown(socket.SHUT_RD)
        assert await another == b""

    with ThreadPoolExecutor(2) as pool:
        asyncio.run(main(pool))


def test_fetch_that_waits_for_an_answer_ends_and_asks_no_more(
    thread: ThreadPoolExecutor, github: GitHubStandIn
) -> None:
    arrived, end = threading.Event(), threading.Event()

    def hold(_: Exchange) -> bool:
        arrived.set()
        end.wait(TIMEOUT)
        return False

    github.faults["/octocat.png"] = hold
    with GitHub(github.url, read_timeout=2 * TIMEOUT, deadline=2 * TIMEOUT) as fetcher:
        cancelled(thread, lambda: fetcher.fetch("octocat"), arrived)
        assert github.requests["/octocat.png"] == 1
        end.set()
        github.faults.clear()
        assert fetcher.fetch("octocat").login == "octocat"


def test_outside_of_run_nothing_is_cancelled(silent: socket.socket) -> None:
    started = time.monotonic()
    cancellation.pause(0.01)
    assert time.monotonic() > started
    with cancellation.interruptible(silent):
        silent.sendall(b"open")
