"""Accounts that are due → outcomes, as they come: threads fetch and classify.

    due accounts ─▶ threads that fetch and classify ─▶ batches of outcomes

An avatar that was fetched by login and could be an identicon is classified only after the id of its account was looked
up, for many accounts at once, so that it can be verified:

    threads ─▶ avatars without an id ─▶ a thread that looks up the ids and classifies

The threads stay on one processor; see `affinity` for the reason. All decisions are made in the caller's thread; the
other threads only put events into a queue. At most twice as many accounts as threads are in flight, from being taken
out of `due` to being returned in an outcome; as many more, or three batches of the id lookup, wait for their ids. This
bounds the memory, and the number of accounts that are requested again after a kill.
"""

import math
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from queue import Empty, SimpleQueue

from github_avatars import affinity
from github_avatars.classifier import Classifier
from github_avatars.errors import BadImage, BadToken, GitHubError, RateLimited
from github_avatars.github import API, CONNECTIONS, Account, Avatar, GitHub, Via, graphql, rate_limit
from github_avatars.prediction import Prediction, needs_original, predict_avatar
from github_avatars.scan import images
from github_avatars.scan.identification import IdLookup, resembles_identicon
from github_avatars.scan.outage import CONTROL, OutageDetector
from github_avatars.scan.profiling import ProfileLookup
from github_avatars.scan.rows import Result
from github_avatars.scan.store import DueAccount, Outcome

BATCH = 32
"""The number of accounts with pictures on disk that are classified together."""

MAX_DELAY = 2.0
"""The maximum number of seconds that an avatar waits for the ids of others to be looked up together with its own."""

TICK = 0.2
"""The maximum number of seconds between two checks whether to stop."""

Batch = Sequence[tuple[DueAccount, Avatar]]


class Engine:
    """Fetches and classifies the accounts in `due`. Iterate over it once, for batches of outcomes.

    At most `concurrency` fetches are in flight; `delay` returns the seconds to wait before the next one. During a rate
    limit, `on_wait` is called with the seconds that are left; without it, or if the limit lasts longer than
    rate_limit.MAX_WAIT, the iteration raises that RateLimited. After OUTAGE consecutive accounts without an avatar, it
    raises the last of the HOST_FAILURES, or Unreachable. In both cases, the accounts in flight are finished first. When
    `stop` is set, the iteration ends at once. `unfinished` are then the accounts that were taken out of `due` and have
    no outcome. `via` is as in GitHub.fetch; default avatars that are fetched by login are verified with the ids of
    `id_lookup`. With the API `profiles`, outcomes have the profiles of their accounts. `on_note` is called with
    messages for the user.
    """

    def __init__(
        self,
        due: Iterator[DueAccount],
        github: Callable[[], GitHub],
        classifier: Classifier,
        stop: threading.Event,
        *,
        concurrency: int,
        delay: Callable[[], float] | None = None,
        on_wait: Callable[[float], object] | None = None,
        keep_pictures: bool = False,
        via: Via = "page",
        id_lookup: IdLookup | None = None,
        profiles: API | None = None,
        on_note: Callable[[str], object] = lambda _: None,
    ) -> None:
        self.bytes = 0
        """The number of bytes of the fetched pictures."""
        self._profiles = ProfileLookup(profiles, due) if profiles else None
        self._due = iter(()) if profiles else due
        self._github = github
        self._classifier = classifier
        self._stop = stop
        self._concurrency = concurrency
        self._delay = delay
        self._on_wait = on_wait
        self._keep_pictures = keep_pictures
        self._via: Via = via
        self._id_lookup = id_lookup
        self._on_note = on_note
        self._max_unidentified = max(2 * concurrency, 3 * id_lookup.batch if id_lookup else 0)
        self._tasks: SimpleQueue[Callable[[GitHub], None] | None] = SimpleQueue()
        self._events: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._in_flight: dict[int, DueAccount] = {}
        self._waiting: deque[DueAccount] = deque()
        self._unidentified: dict[int, tuple[DueAccount, Avatar]] = {}
        self._lookups: dict[int, DueAccount] = {}
        self._lookup_deadline = math.inf
        self._outcomes: list[Outcome] = []
        self._next_start: float | None = None
        self._resume = 0.0
        self._outage = OutageDetector()
        self._failure: GitHubError | BadToken | None = None

    @property
    def unfinished(self) -> list[DueAccount]:
        """The accounts that were taken out of `due` and have no outcome."""
        unidentified = (due for due, _ in self._unidentified.values())
        profiles = self._profiles.batch if self._profiles else ()
        unfinished = (*self._in_flight.values(), *unidentified, *self._lookups.values(), *self._waiting, *profiles)
        return [due for due in unfinished if due.number != CONTROL]

    def __iter__(self) -> Iterator[list[Outcome]]:
        # A client has CONNECTIONS connections; more threads would wait for each other.
        clients = [self._github() for _ in range(0, self._concurrency, CONNECTIONS)]
        processors = affinity.current()
        try:
            for number in range(self._concurrency):
                # Not a pool: at exit, Python would wait for its threads and for what they wait for.
                client = clients[number // CONNECTIONS]
                threading.Thread(target=self._run_tasks, args=(client, processors), daemon=True).start()
            yield from self._run()
        finally:
            for _ in range(self._concurrency):
                self._tasks.put(None)
            for client in clients:
                client.close()

    def _run(self) -> Iterator[list[Outcome]]:
        while not self._is_over():
            self._start_profiles()
            self._start_fetches()
            self._start_lookups()
            if not (self._in_flight or self._waiting or self._lookups or (self._profiles and self._profiles.batch)):
                break
            self._process_events()
            if self._outcomes:
                outcomes, self._outcomes = self._outcomes, []
                yield [self._profiles.complete(outcome) for outcome in outcomes] if self._profiles else outcomes
                for outcome in outcomes:
                    del self._in_flight[outcome.number]
        if self._failure:
            raise self._failure

    def _is_over(self) -> bool:
        if self._stop.is_set():
            return not self._outcomes
        is_profiling = self._profiles is not None and self._profiles.is_running
        return self._failure is not None and not (
            self._in_flight or self._unidentified or self._lookups or is_profiling
        )

    def _start_profiles(self) -> None:
        """Look up the profiles of the next accounts, so that enough wait for being fetched."""
        if self._profiles is None or self._stop.is_set() or self._failure or time.monotonic() < self._resume:
            return
        if len(self._waiting) < graphql.BATCH and self._profiles.start():
            self._tasks.put(partial(self._look_up_profiles, self._profiles))

    def _start_fetches(self) -> None:
        """Put as many due accounts into the task queue as the limits allow now."""
        if self._stop.is_set() or self._failure:
            return
        while (
            len(self._in_flight) < 2 * self._concurrency
            and len(self._unidentified) + len(self._lookups) < self._max_unidentified
        ):
            # Taken before the delay is over: otherwise the end of `due` would be noticed one delay late.
            if not self._waiting:
                self._waiting.extend(islice(self._due, 1))
            if not self._waiting or self._seconds_to_next_start() > 0:
                return
            due = self._waiting.popleft()
            self._in_flight[due.number] = due
            self._tasks.put(partial(self._fetch, due))
            self._next_start = None

    def _start_lookups(self) -> None:
        """Look up the ids of avatars that wait for them, together if more of them are to come soon."""
        if self._id_lookup is None or self._stop.is_set():
            return
        is_last = not self._in_flight and (self._failure is not None or not self._waiting)
        while self._unidentified and (
            is_last or len(self._unidentified) >= self._id_lookup.batch or time.monotonic() >= self._lookup_deadline
        ):
            numbers = list(islice(self._unidentified, self._id_lookup.batch))
            batch = [self._unidentified.pop(number) for number in numbers]
            self._lookups |= {due.number: due for due, _ in batch}
            self._tasks.put(partial(self._look_up, self._id_lookup, batch))
        if not self._unidentified:
            self._lookup_deadline = math.inf

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

    def _run_tasks(self, github: GitHub, processors: set[int]) -> None:
        """The work of a fetching thread."""
        affinity.restrict(processors)
        while task := self._tasks.get():
            try:
                task(github)
            except Exception as error:
                self._events.put(partial(_reraise, error))

    def _fetch(self, due: DueAccount, github: GitHub) -> None:
        account = Account(due.login, due.account_id, due.avatar_url, due.email)
        try:
            avatar = github.fetch(account, size=due.size, etag=due.etag, via=self._via)
        except (GitHubError, BadImage) as error:
            self._events.put(partial(self._on_failed, due, error))
            return
        waits_for_id = resembles_identicon(avatar) and self._can_be_identified(due, avatar)
        result = None if avatar.unchanged or waits_for_id or due.number == CONTROL else self._classify(due, avatar)
        self._events.put(partial(self._on_fetched, due, avatar, result))

    def _look_up(self, id_lookup: IdLookup, batch: Batch, github: GitHub) -> None:
        ids = id_lookup.ids(github, [due.login or "" for due, _ in batch])
        for (due, avatar), account_id in zip(batch, ids, strict=True):
            due, avatar = replace(due, account_id=account_id, identified=True), replace(avatar, account_id=account_id)
            self._events.put(partial(self._on_identified, due, avatar, self._classify(due, avatar)))

    def _classify(self, due: DueAccount, avatar: Avatar) -> Prediction | BadImage:
        try:
            return predict_avatar(avatar, self._classifier, size=due.size)
        except BadImage as error:
            return error

    def _look_up_profiles(self, lookup: ProfileLookup, _: GitHub) -> None:
        try:
            profiles = lookup.look_up()
        except (GitHubError, BadToken) as error:
            self._events.put(partial(self._on_profiles_failed, lookup, error))
        else:
            self._events.put(lambda: self._waiting.extend(lookup.finish(profiles)))

    # The events change the state, so only the caller's thread processes them.

    def _on_fetched(self, due: DueAccount, avatar: Avatar, result: Prediction | BadImage | None) -> None:
        self._outage.on_success("fetch", due)
        self.bytes += len(avatar.data)
        if due.number == CONTROL:
            del self._in_flight[CONTROL]
        elif self._profiles and (refusal := self._profiles.refusal(due, avatar)):
            self._outcomes.append(Outcome(due.number, refusal))
        elif avatar.unchanged:
            self._outcomes.append(Outcome(due.number, None))
        elif result is None:
            self._wait_for_id(due, avatar)
        else:
            self._on_classified(due, avatar, result)

    def _can_be_identified(self, due: DueAccount, avatar: Avatar) -> bool:
        """Whether the avatar has no account id, and looking it up could help to verify it."""
        is_unknown = avatar.account_id is None and due.is_by_login and not due.identified
        return is_unknown and self._via == "login" and self._id_lookup is not None

    def _wait_for_id(self, due: DueAccount, avatar: Avatar) -> None:
        del self._in_flight[due.number]
        self._lookup_deadline = min(self._lookup_deadline, time.monotonic() + MAX_DELAY)
        self._unidentified[due.number] = due, avatar

    def _on_identified(self, due: DueAccount, avatar: Avatar, result: Prediction | BadImage) -> None:
        if self._id_lookup and (note := self._id_lookup.take_note()):
            self._on_note(note)
        del self._lookups[due.number]
        self._in_flight[due.number] = due
        self._on_classified(due, avatar, result)

    def _on_classified(self, due: DueAccount, avatar: Avatar, prediction: Prediction | BadImage) -> None:
        if isinstance(prediction, BadImage):
            result = Result.of_error(prediction, avatar.account_id, avatar.href)
            self._count_failure("decode", due, prediction)
        else:
            result = Result.of_prediction(prediction)
            self._outage.on_success("decode")
        if isinstance(prediction, Prediction) and needs_original(prediction, due.size):
            self._requeue(replace(due, size=None, etag=None))
        elif result.is_unverified_default and self._can_be_identified(due, avatar):
            self._wait_for_id(due, avatar)
        else:
            picture = avatar.data if self._keep_pictures and result.prediction else None
            self._outcomes.append(Outcome(due.number, result, due.size, avatar.etag, picture))

    def _on_failed(self, due: DueAccount, error: GitHubError | BadImage) -> None:
        if isinstance(error, RateLimited):
            self._requeue(due)
            self._wait(error)
            return
        if due.number == CONTROL:
            del self._in_flight[CONTROL]
            self._failure = self._outage.on_control_failure(due, error)
            return
        self._outcomes.append(Outcome(due.number, Result.of_error(error)))
        self._count_failure("fetch", due, error)

    def _on_profiles_failed(self, lookup: ProfileLookup, error: GitHubError | BadToken) -> None:
        lookup.fail()
        if isinstance(error, RateLimited):
            self._wait(error)
        else:
            self._failure = error

    def _wait(self, limited: RateLimited) -> None:
        """Send no requests until a rate limit ends, or end the run."""
        try:
            if self._on_wait is None:
                raise limited
            if time.monotonic() > self._resume:
                wait = rate_limit.resume_time(limited) - datetime.now(UTC)
                self._resume = time.monotonic() + wait.total_seconds()
        except RateLimited as failure:
            self._failure = failure

    def _count_failure(self, step: str, due: DueAccount, error: GitHubError | BadImage) -> None:
        match self._outage.on_failure(step, due, error):
            case DueAccount() as control:
                self._waiting.appendleft(control)
            case GitHubError() as failure:
                self._failure = failure

    def _requeue(self, due: DueAccount) -> None:
        del self._in_flight[due.number]
        self._waiting.append(due)


def _reraise(error: Exception) -> None:
    raise error


def classify_images(
    due: Iterator[DueAccount], classifier: Classifier, stop: threading.Event
) -> Iterator[list[Outcome]]:
    """The outcomes for accounts with pictures on disk, in batches, until `stop` is set."""
    submitted: deque[tuple[list[DueAccount], Future[list[Result]]]] = deque()
    processors = os.cpu_count() or 1
    pool = ThreadPoolExecutor(processors)
    try:
        while True:
            while not stop.is_set() and len(submitted) < 2 * processors:
                if not (batch := list(islice(due, BATCH))):
                    break
                submitted.append((batch, pool.submit(images.classify, classifier, [account.key for account in batch])))
            if not submitted:
                return
            batch, future = submitted.popleft()
            yield [Outcome(account.number, result) for account, result in zip(batch, future.result(), strict=True)]
    finally:
        pool.shutdown(cancel_futures=True)
