"""Accounts that are due → outcomes, as they come: threads fetch, and a pool with a worker per processor classifies.

    due accounts ─▶ fetching threads ─▶ classifying pool ─▶ batches of outcomes

All decisions are made in the caller's thread; the other threads only put events into a queue. At most twice as many
accounts as threads are in flight, from being taken out of `due` to being returned in an outcome. This bounds the
memory, and the number of accounts that are requested again after a kill.
"""

import os
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from queue import Empty, SimpleQueue

from github_avatars.classifier import Classifier
from github_avatars.errors import (
    HOST_FAILURES,
    OUTAGE,
    BadImage,
    BadLogin,
    GitHubError,
    NoSuchAccount,
    RateLimited,
    Unreachable,
)
from github_avatars.github import CONNECTIONS, Avatar, GitHub, rate_limit
from github_avatars.prediction import Prediction, predict_avatars
from github_avatars.scan import images
from github_avatars.scan.rows import Result
from github_avatars.scan.store import DueAccount, Outcome
from github_avatars.workers import process_pool

BATCH = 32
"""The maximum number of accounts that are classified together."""

MAX_THREADED = 1000
"""The maximum number of accounts for which threads classify. Starting processes takes a third of a second; a thread
that classifies delays the fetching threads by half a millisecond per account."""

TICK = 0.2
"""The maximum number of seconds between two checks whether to stop."""

CONTROL = -1
"""The number of the account that is requested a second time to check whether the host works; it has no outcome."""

Batch = Sequence[tuple[DueAccount, Avatar]]
Predictions = list[Prediction | BadImage]


@contextmanager
def worker_pool(accounts: int) -> Iterator[Executor]:
    """A pool with a worker per processor that classifies this number of accounts: processes, or threads for few."""
    if accounts > MAX_THREADED:
        with process_pool() as pool:
            yield pool
        return
    threads = ThreadPoolExecutor(os.cpu_count() or 1)
    try:
        yield threads
    finally:
        threads.shutdown(cancel_futures=True)


class Engine:
    """Fetches and classifies the accounts in `due`. Iterate over it once, for batches of outcomes.

    At most `concurrency` fetches are in flight; `delay` returns the seconds to wait before the next one. During a rate
    limit, `on_wait` is called with the seconds that are left; without it, or if the limit lasts longer than
    rate_limit.MAX_WAIT, the iteration raises that RateLimited. After
    OUTAGE consecutive accounts without an avatar, it raises the last of the HOST_FAILURES, or Unreachable. In both
    cases, the accounts in flight are finished first. When `stop` is set, the iteration ends at once. `unfinished` are
    then the accounts that were taken out of `due` and have no outcome.
    """

    def __init__(
        self,
        due: Iterator[DueAccount],
        github: Callable[[], GitHub],
        classifier: Classifier,
        pool: Executor,
        stop: threading.Event,
        *,
        concurrency: int,
        delay: Callable[[], float] | None = None,
        on_wait: Callable[[float], object] | None = None,
        keep_pictures: bool = False,
    ) -> None:
        self.bytes = 0
        """The number of bytes of the fetched pictures."""
        self._due = due
        self._github = github
        self._classifier = classifier
        self._pool = pool
        self._stop = stop
        self._concurrency = concurrency
        self._delay = delay
        self._on_wait = on_wait
        self._keep_pictures = keep_pictures
        self._tasks: SimpleQueue[DueAccount | None] = SimpleQueue()
        self._events: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._in_flight: dict[int, DueAccount] = {}
        self._waiting: deque[DueAccount] = deque()
        self._unclassified: list[tuple[DueAccount, Avatar]] = []
        self._submitted_batches = 0
        self._outcomes: list[Outcome] = []
        self._next_start: float | None = None
        self._resume = 0.0
        self._consecutive_failures: Counter[str] = Counter()
        self._control: DueAccount | None = None
        self._failure: GitHubError | None = None

    @property
    def unfinished(self) -> list[DueAccount]:
        """The accounts that were taken out of `due` and have no outcome."""
        return [due for due in (*self._in_flight.values(), *self._waiting) if due.number != CONTROL]

    def __iter__(self) -> Iterator[list[Outcome]]:
        # A client has CONNECTIONS connections; more threads would wait for each other.
        clients = [self._github() for _ in range(0, self._concurrency, CONNECTIONS)]
        try:
            for number in range(self._concurrency):
                # Not a pool: at exit, Python would wait for its threads and for what they wait for.
                client = clients[number // CONNECTIONS]
                threading.Thread(target=self._fetch_tasks, args=(client,), daemon=True).start()
            yield from self._run()
        finally:
            for _ in range(self._concurrency):
                self._tasks.put(None)
            for client in clients:
                client.close()

    def _run(self) -> Iterator[list[Outcome]]:
        while not self._is_over():
            self._start_fetches()
            if not self._in_flight and not self._waiting:
                break
            self._process_events()
            self._submit_batches()
            if self._outcomes:
                outcomes, self._outcomes = self._outcomes, []
                yield outcomes
                for outcome in outcomes:
                    del self._in_flight[outcome.number]
        if self._failure:
            raise self._failure

    def _is_over(self) -> bool:
        if self._stop.is_set():
            return not self._unclassified and not self._submitted_batches and not self._outcomes
        return self._failure is not None and not self._in_flight

    def _start_fetches(self) -> None:
        """Put as many due accounts into the task queue as the limits allow now."""
        if self._stop.is_set() or self._failure:
            return
        while len(self._in_flight) < 2 * self._concurrency:
            # Taken before the delay is over: otherwise the end of `due` would be noticed one delay late.
            if not self._waiting:
                self._waiting.extend(islice(self._due, 1))
            if not self._waiting or self._seconds_to_next_start() > 0:
                return
            due = self._waiting.popleft()
            self._in_flight[due.number] = due
            self._tasks.put(due)
            self._next_start = None

    def _seconds_to_next_start(self) -> float:
        now = time.monotonic()
        if self._next_start is None:
            self._next_start = now + (self._delay() if self._delay else 0.0)
        return max(self._next_start, self._resume) - now

    def _process_events(self) -> None:
        """Wait for an event, at most until the next fetch may start, and process all that have come."""
        now = time.monotonic()
        if self._on_wait and now < self._resume:
            self._on_wait(self._resume - now)
        seconds = max(self._next_start or now, self._resume) - now
        with suppress(Empty):
            self._events.get(timeout=min(TICK, seconds) if seconds > 0 else TICK)()
            while True:
                self._events.get_nowait()()

    def _submit_batches(self) -> None:
        while self._unclassified and self._submitted_batches < (os.cpu_count() or 1):
            batch, self._unclassified = self._unclassified[:BATCH], self._unclassified[BATCH:]
            avatars = [(avatar, due.size) for due, avatar in batch]
            future = self._pool.submit(predict_avatars, avatars, self._classifier)
            future.add_done_callback(partial(self._put_classified, batch))
            self._submitted_batches += 1

    def _put_classified(self, batch: Batch, future: Future[Predictions]) -> None:
        """Called by a thread of the pool."""
        self._events.put(partial(self._on_classified, batch, future))

    def _fetch_tasks(self, github: GitHub) -> None:
        """The work of a fetching thread."""
        while due := self._tasks.get():
            try:
                avatar = fetch(github, due)
            except (GitHubError, BadImage) as error:
                self._events.put(partial(self._on_failed, due, error))
            except Exception as error:
                self._events.put(partial(_reraise, error))
            else:
                self._events.put(partial(self._on_fetched, due, avatar))

    # The events change the state, so only the caller's thread processes them.

    def _on_fetched(self, due: DueAccount, avatar: Avatar) -> None:
        self._count_failure("fetch", None)
        self.bytes += len(avatar.data)
        if due.number == CONTROL:
            del self._in_flight[CONTROL]
            return
        self._control = replace(due, number=CONTROL, judged=False)
        if avatar.unchanged:
            self._outcomes.append(Outcome(due.number, None))
        else:
            self._unclassified.append((due, avatar))

    def _on_classified(self, batch: Batch, future: Future[Predictions]) -> None:
        self._submitted_batches -= 1
        for (due, avatar), prediction in zip(batch, future.result(), strict=True):
            if isinstance(prediction, BadImage):
                result = Result.of_error(prediction, avatar.account_id, avatar.href)
            else:
                result = Result.of_prediction(prediction)
            self._count_failure("decode", prediction if isinstance(prediction, BadImage) else None)
            if result.needs_original and due.size:
                self._requeue(replace(due, size=None, etag=None))
            else:
                picture = avatar.data if self._keep_pictures and result.prediction else None
                self._outcomes.append(Outcome(due.number, result, due.size, avatar.etag, picture))

    def _on_failed(self, due: DueAccount, error: GitHubError | BadImage) -> None:
        if isinstance(error, RateLimited):
            self._requeue(due)
            try:
                if self._on_wait is None:
                    raise error
                if time.monotonic() > self._resume:
                    wait = rate_limit.resume_time(error) - datetime.now(UTC)
                    self._resume = time.monotonic() + wait.total_seconds()
            except RateLimited as failure:
                self._failure = failure
            return
        if due.number == CONTROL:
            del self._in_flight[CONTROL]
            self._failure = _outage(error)
            return
        self._outcomes.append(Outcome(due.number, Result.of_error(error)))
        is_usual = isinstance(error, BadLogin) or (isinstance(error, NoSuchAccount) and not due.judged)
        self._count_failure("fetch", None if is_usual else error)

    def _count_failure(self, step: str, error: GitHubError | BadImage | None) -> None:
        """Count consecutive failures of a step, and end the run after OUTAGE of them.

        Many accounts in a row can be deleted. So if they are missing, an account that had an avatar in this run is
        requested again, and only if that fails, too, the run ends.
        """
        self._consecutive_failures[step] = self._consecutive_failures[step] + 1 if error else 0
        if error and self._consecutive_failures[step] == OUTAGE:
            if isinstance(error, NoSuchAccount) and self._control:
                self._waiting.appendleft(self._control)
            else:
                self._failure = _outage(error)

    def _requeue(self, due: DueAccount) -> None:
        del self._in_flight[due.number]
        self._waiting.append(due)


def fetch(github: GitHub, due: DueAccount) -> Avatar:
    """The avatar of an account; by its id if it is known, which saves a request."""
    if due.account_id is not None:
        return github.fetch_by_id(due.account_id, size=due.size, etag=due.etag)
    return github.fetch(due.login or "", size=due.size, etag=due.etag)


def _outage(error: GitHubError | BadImage) -> GitHubError:
    """The error that ends a run whose last account failed with this one."""
    if isinstance(error, HOST_FAILURES):
        return error
    return Unreachable(f"{OUTAGE} accounts in a row have no avatar, which is probably an outage. The last one: {error}")


def _reraise(error: Exception) -> None:
    raise error


def classify_images(
    due: Iterator[DueAccount], classifier: Classifier, pool: Executor, stop: threading.Event
) -> Iterator[list[Outcome]]:
    """The outcomes for accounts with pictures on disk, in batches, until `stop` is set."""
    submitted: deque[tuple[list[DueAccount], Future[list[Result]]]] = deque()
    while True:
        while not stop.is_set() and len(submitted) < 2 * (os.cpu_count() or 1):
            if not (batch := list(islice(due, BATCH))):
                break
            submitted.append((batch, pool.submit(images.classify, classifier, [account.key for account in batch])))
        if not submitted:
            return
        batch, future = submitted.popleft()
        yield [Outcome(account.number, result) for account, result in zip(batch, future.result(), strict=True)]
