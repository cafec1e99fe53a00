"""A scan from end to end: sources → store → engine → store → rows and a summary."""

import hashlib
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import chain, islice
from types import TracebackType
from typing import Self

from github_avatars import classifier
from github_avatars.errors import BadOption, BadToken, GitHubError
from github_avatars.github import API, Account, GitHub, Pace, hosts
from github_avatars.scan.engine import Engine, classify_images
from github_avatars.scan.expansion import Expander, estimate
from github_avatars.scan.identification import IdLookup
from github_avatars.scan.options import Observer, ScanOptions
from github_avatars.scan.results import PAGE
from github_avatars.scan.rows import Row
from github_avatars.scan.sources import Sources
from github_avatars.scan.store import Store, format_time
from github_avatars.scan.summary import Summary

FOREVER = "9999-12-31T23:59:59Z"
"""Later than every account was checked."""


def scan(
    sources: Sources | Iterable[str | Account],
    options: ScanOptions | None = None,
    *,
    observer: Observer | None = None,
) -> Iterator[Row]:
    """Scan the avatars of many accounts and yield a Row for each input, including failed and repeated ones.

    `sources` are logins, paths of files of logins and Accounts, or a `Sources`. Use `Scan` for a summary, or to stop
    early. Raises the errors of `Scan`.
    """
    with Scan(sources, options, observer=observer) as running:
        yield from running.rows()


class Scan:
    """One run of a scan. Use it in a `with` statement, and iterate over `rows` once.

    `observer` has the callbacks for progress. `store` is an open store to use instead of the file `options.db`.
    `github` creates a client.

    Raises BadInput for impossible sources or options, InUse or BadFile for the store, and BadModel. On entry, it reads
    the sources and raises the errors of Sources.accounts, and BadFile if the store is that of another host.
    """

    def __init__(
        self,
        sources: Sources | Iterable[str | Account],
        options: ScanOptions | None = None,
        *,
        observer: Observer | None = None,
        store: Store | None = None,
        github: Callable[[], GitHub] = GitHub,
    ) -> None:
        self._sources = sources if isinstance(sources, Sources) else Sources(tuple(sources))
        self._options = options or ScanOptions()
        self._observer = observer or Observer()
        self._classifier = classifier.shipped()
        self._owns_store = store is None
        self._store = store or Store(self._options.db)
        self._github = github
        self._resources = ExitStack()
        self._api: API | None = None
        self._expander: Expander | None = None
        self._stop = threading.Event()

    def __enter__(self) -> Self:
        try:
            options, sources = self._options, self._sources
            host = None
            if not sources.images:
                with self._github() as github:
                    host = github.base
                self._api = self._open_api(host)
            if expansion := sources.expansion:
                api = self._resources.enter_context(
                    sources.open_api(wait=options.wait, observer=self._observer, is_stopped=self._stop.is_set)
                )
                self._expander = Expander(
                    expansion,
                    self._store,
                    api,
                    self._observer,
                    is_stopped=self._stop.is_set,
                    is_omitted=sources.is_omitted,
                )
                if sources.lists:
                    self._observer.note(estimate(expansion, expansion.limit, has_token=bool(sources.token)))
            accounts = sources.accounts(self._store, wait=options.wait, observer=self._observer)
            model = hashlib.sha256(classifier.MODEL.read_bytes()).hexdigest()
            self._store.begin(
                accounts,
                model,
                host=host,
                keep_pictures=options.keep_pictures,
                verify=self._api is not None,
                profiles=options.profiles,
                keep_pages=expansion is not None,
            )
            if expansion and not sources.lists:
                _, listed, _ = self._store.count(None)
                self._observer.note(estimate(expansion, listed, has_token=bool(sources.token)))
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._resources.close()
        if self._owns_store:
            self._store.close()

    def _open_api(self, host: str) -> API | None:
        """The API for profiles, and for the ids of avatars that are fetched by login; None if it is not needed.

        Raises BadToken, and BadOption if profiles are requested without a token.
        """
        profiles = self._options.profiles
        if not profiles and (self._options.via == "page" or hosts.avatars_url(host) is None):
            return None
        token = self._sources.token
        if profiles and not token:
            raise BadOption("--profiles needs a token for GitHub's API: give one in GITHUB_TOKEN or with --token-file.")
        return self._resources.enter_context(API(host, token=token)) if token else None

    def stop(self) -> None:
        """End the scan early: accounts that were not classified yet get rows with the status "pending"."""
        self._stop.set()

    @property
    def stopped(self) -> bool:
        """Whether the scan was stopped."""
        return self._stop.is_set()

    def summary(self) -> Summary:
        """The summary of the accounts so far."""
        return self._store.summary(self._options.unsure)

    def rows(self) -> Iterator[Row]:
        """A row for each input, and for each account that an expansion adds.

        All outcomes are in the store before their rows are returned.

        Raises RateLimited if the scan does not wait, the error of Engine in an outage, and the errors of
        Expander.expand; before that, all rows are returned, with the status "pending" for accounts without an outcome.
        """
        store, unsure, failure = self._store, self._options.unsure, None
        depth = 0
        try:
            yield from self._rows_of_depth(depth)
            while not self.stopped and self._expander and self._expander.expand(depth) and not self.stopped:
                depth += 1
                yield from self._rows_of_depth(depth)
        except (GitHubError, BadToken) as error:
            # A wait for a rate limit ends with its error when the scan is stopped.
            failure = None if self.stopped else error
        store.end(failure.kind if failure else "interrupted" if self.stopped else "complete")
        yield from store.rows(unsure) if self._options.ordered else store.rows_below(unsure, depth)
        if failure:
            raise failure

    def _rows_of_depth(self, depth: int) -> Iterator[Row]:
        """Scan the accounts of this depth. The rows and the errors are those of `rows`; none if they are ordered."""
        options, store, failure = self._options, self._store, None
        cutoff = self._cutoff()
        _, accounts, due_count = store.count(cutoff, depth)
        due = store.due(options.requested_size, cutoff, depth)
        if not options.ordered:
            yield from store.rows_not_due(options.unsure, cutoff, depth)
        self._observer.begin(accounts, accounts - due_count)
        engine = Engine(
            due,
            self._github,
            self._classifier,
            self._stop,
            concurrency=options.concurrency,
            delay=Pace(options.rate).delay if options.rate else None,
            on_wait=self._observer.wait if options.wait else None,
            keep_pictures=options.keep_pictures,
            via=options.via,
            id_lookup=IdLookup(self._api),
            profiles=self._api if options.profiles else None,
            on_note=self._observer.note,
        )
        try:
            for outcomes in classify_images(due, self._classifier, self._stop) if self._sources.images else engine:
                store.write(outcomes)
                if not options.ordered:
                    yield from store.rows_of((outcome.number for outcome in outcomes), options.unsure)
                self._observer.advance(
                    [outcome.result.label_or_status if outcome.result else "unchanged" for outcome in outcomes]
                )
        except (GitHubError, BadToken) as error:
            failure = error
        if not options.ordered:
            unfinished = chain(engine.unfinished, due)
            while page := list(islice(unfinished, PAGE)):
                yield from store.rows_of((account.number for account in page), options.unsure)
        if failure:
            raise failure

    def _cutoff(self) -> str | None:
        """The time before which a check is too old; None if no check is."""
        if self._sources.images:
            return FOREVER
        refresh = self._options.refresh
        return None if refresh is None else format_time(datetime.now(UTC) - refresh)
