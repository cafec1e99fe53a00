"""Accounts that are due → what came of each, as they come: fetched side by side in threads, judged on every core.

    due ─▶ threads that fetch ─▶ pool that judges ─▶ outcomes, in batches

All decisions are made in one thread, the caller's: the others put calls into a queue, which it makes. At most twice as
many accounts as threads are under way between being taken from those due and being handed out, so memory is bounded,
and whoever keeps what is handed out has no more than these to ask for again after a kill.
"""

import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from queue import Empty, SimpleQueue

from github_avatars.classifier import Classifier
from github_avatars.errors import HOST_FAILURES, OUTAGE, BadImage, GitHubError, RateLimited
from github_avatars.github import CONNECTIONS, Avatar, GitHub, rate_limit
from github_avatars.scan import findings, images
from github_avatars.scan.findings import Finding, failed
from github_avatars.scan.store import Due, Outcome

CHUNK = 32
"""Accounts that are judged at once; fewer where no more have arrived."""

FEW = 1000
"""Accounts that are judged in threads. For more it pays to start processes: that takes a third of a second, and an
account that is judged in a thread keeps the others from fetching for half a millisecond."""

TICK = 0.2
"""Seconds after which it is looked at whether to stop, though nothing happens."""

Countdown = Callable[[float], object]
"""Is told, again and again, how many seconds are left until GitHub is asked again."""


@contextmanager
def judges(accounts: int) -> Iterator[Executor]:
    """Where so many accounts are to be judged: on every core, in processes unless they are few."""
    cores = os.cpu_count() or 1
    if accounts <= FEW:
        pool: Executor = ThreadPoolExecutor(cores)
    else:
        # Forking a process that has threads may lock up.
        pool = ProcessPoolExecutor(cores, multiprocessing.get_context("spawn"), initializer=_begin)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _begin() -> None:
    """What a process that judges does first: leave Ctrl-C to its parent, and end when that does, be it by kill -9."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def follow() -> None:
        if parent:
            parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


class Engine:
    """Asks for the accounts `due` and judges them; to be iterated over once, for batches of outcomes.

    At most `concurrency` are fetched at once; `pace` tells how many seconds to wait before each. Where GitHub wants
    fewer requests, it is waited for, of which `countdown` is told; without one, that ends the iteration. It ends by
    that RateLimited and, after OUTAGE of HOST_FAILURES in a row, by the last of these, in both cases once what is under
    way has come in; and without an error, at once, when `stop` is set. `left` is then what was taken from `due` and not
    handed out.
    """

    def __init__(
        self,
        due: Iterator[Due],
        github: Callable[[], GitHub],
        classifier: Classifier,
        judges: Executor,
        stop: threading.Event,
        *,
        concurrency: int,
        pace: Callable[[], float] | None = None,
        countdown: Countdown | None = None,
    ) -> None:
        self.bytes = 0
        """How many bytes of pictures came."""
        self._due = due
        self._github = github
        self._judge = partial(findings.judge, classifier)
        self._judges = judges
        self._stop = stop
        self._concurrency = concurrency
        self._pace = pace
        self._countdown = countdown
        self._tasks: SimpleQueue[Due | None] = SimpleQueue()
        self._calls: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._under_way: dict[int, Due] = {}
        self._waiting: deque[Due] = deque()
        self._unjudged: list[tuple[Due, Avatar]] = []
        self._judging = 0
        self._outcomes: list[Outcome] = []
        self._next: float | None = None
        self._resume = 0.0
        self._failures = 0
        self._failure: GitHubError | None = None

    @property
    def left(self) -> list[Due]:
        """What was taken and not handed out."""
        return [*self._under_way.values(), *self._waiting]

    def __iter__(self) -> Iterator[list[Outcome]]:
        # A further connection of one hub would wait its turn.
        hubs = [self._github() for _ in range(0, self._concurrency, CONNECTIONS)]
        try:
            for number in range(self._concurrency):
                # Not of a pool: at its end, Python would wait for what its threads still wait for.
                threading.Thread(target=self._work, args=(hubs[number // CONNECTIONS],), daemon=True).start()
            yield from self._run()
        finally:
            for _ in range(self._concurrency):
                self._tasks.put(None)
            for hub in hubs:
                hub.close()

    def _run(self) -> Iterator[list[Outcome]]:
        while not self._is_over():
            self._take()
            if not self._under_way and not self._waiting:
                break
            self._hear()
            self._have_judged()
            if self._outcomes:
                outcomes, self._outcomes = self._outcomes, []
                yield outcomes
                for outcome in outcomes:
                    del self._under_way[outcome.number]
        if self._failure:
            raise self._failure

    def _is_over(self) -> bool:
        if self._stop.is_set():
            return not self._unjudged and not self._judging and not self._outcomes
        return self._failure is not None and not self._under_way

    def _take(self) -> None:
        """Have fetched what is due, as much and as soon as may be."""
        if self._stop.is_set() or self._failure:
            return
        while len(self._under_way) < 2 * self._concurrency:
            # Taken before its time has come: else the end would be noticed a pause too late.
            if not self._waiting:
                self._waiting.extend(islice(self._due, 1))
            if not self._waiting or self._delay() > 0:
                return
            due = self._waiting.popleft()
            self._under_way[due.number] = due
            self._tasks.put(due)
            self._next = None

    def _delay(self) -> float:
        """Seconds until the next account may be asked for."""
        now = time.monotonic()
        if self._next is None:
            self._next = now + (self._pace() if self._pace else 0.0)
        return max(self._next, self._resume) - now

    def _hear(self) -> None:
        """Make the calls that have come in, after waiting for one."""
        now = time.monotonic()
        if self._countdown and now < self._resume:
            self._countdown(self._resume - now)
        soon = max(self._next or now, self._resume) - now
        with suppress(Empty):
            self._calls.get(timeout=min(TICK, soon) if soon > 0 else TICK)()
            while True:
                self._calls.get_nowait()()

    def _have_judged(self) -> None:
        while self._unjudged and self._judging < (os.cpu_count() or 1):
            chunk, self._unjudged = self._unjudged[:CHUNK], self._unjudged[CHUNK:]
            future = self._judges.submit(self._judge, [(avatar, due.size) for due, avatar in chunk])
            future.add_done_callback(partial(self._hand_over, chunk))
            self._judging += 1

    def _hand_over(self, chunk: Sequence[tuple[Due, Avatar]], future: Future[list[Finding]]) -> None:
        self._calls.put(partial(self._judged, chunk, future))

    def _work(self, github: GitHub) -> None:
        """What each thread that fetches does."""
        while due := self._tasks.get():
            try:
                avatar = fetch(github, due)
            except (GitHubError, BadImage) as error:
                self._calls.put(partial(self._failed, due, error))
            except Exception as error:
                self._calls.put(partial(_reraise, error))
            else:
                self._calls.put(partial(self._fetched, due, avatar))

    # The calls, which change the state; _hand_over and _work, which other threads run, only put them into the queue.

    def _fetched(self, due: Due, avatar: Avatar) -> None:
        self._failures = 0
        self.bytes += len(avatar.data)
        if avatar.unchanged:
            self._outcomes.append(Outcome(due.number, None))
        else:
            self._unjudged.append((due, avatar))

    def _judged(self, chunk: Sequence[tuple[Due, Avatar]], future: Future[list[Finding]]) -> None:
        self._judging -= 1
        for (due, avatar), finding in zip(chunk, future.result(), strict=True):
            if finding.wants_original and due.size:
                self._put_back(replace(due, size=None, etag=None))
            else:
                self._outcomes.append(Outcome(due.number, finding, due.size, avatar.etag))

    def _failed(self, due: Due, error: GitHubError | BadImage) -> None:
        if isinstance(error, RateLimited):
            self._put_back(due)
            if self._countdown is None:
                self._failure = error
            elif time.monotonic() > self._resume:
                self._resume = time.monotonic() + (rate_limit.resume_time(error) - datetime.now(UTC)).total_seconds()
            return
        self._outcomes.append(Outcome(due.number, failed(error)))
        self._failures = self._failures + 1 if isinstance(error, HOST_FAILURES) else 0
        if self._failures == OUTAGE and isinstance(error, GitHubError):
            self._failure = error

    def _put_back(self, due: Due) -> None:
        del self._under_way[due.number]
        self._waiting.append(due)


def fetch(github: GitHub, due: Due) -> Avatar:
    """The avatar of an account that is due, by its id where that is known, which takes a request less."""
    if due.account_id is not None:
        return github.fetch_by_id(due.account_id, size=due.size, etag=due.etag)
    return github.fetch(due.login or "", size=due.size, etag=due.etag)


def _reraise(error: Exception) -> None:
    raise error


def judge_images(
    due: Iterator[Due], classifier: Classifier, judges: Executor, stop: threading.Event
) -> Iterator[list[Outcome]]:
    """What is found of each account by its pictures on disk, in batches; ends early, at once, when `stop` is set."""
    under_way: deque[tuple[list[Due], Future[list[Finding]]]] = deque()
    while True:
        while not stop.is_set() and len(under_way) < 2 * (os.cpu_count() or 1):
            if not (chunk := list(islice(due, CHUNK))):
                break
            under_way.append((chunk, judges.submit(images.judge, classifier, [one.name for one in chunk])))
        if not under_way:
            return
        chunk, future = under_way.popleft()
        yield [Outcome(one.number, finding) for one, finding in zip(chunk, future.result(), strict=True)]
