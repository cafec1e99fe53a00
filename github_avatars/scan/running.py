"""A scan from end to end: sources → store → engine → store → rows and a summary."""

import argparse
import hashlib
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from itertools import chain, islice
from typing import BinaryIO

from tqdm import tqdm

from github_avatars import classifier
from github_avatars.errors import BadInput, GitHubError, RateLimited
from github_avatars.github import Account, GitHub, Pace
from github_avatars.scan import formats, images, options, rows, sources, summary
from github_avatars.scan.engine import Engine, judge_images, judges
from github_avatars.scan.listing import Listing
from github_avatars.scan.progress import Bar
from github_avatars.scan.redaction import redaction
from github_avatars.scan.rows import Row
from github_avatars.scan.store import PAGE, Due, Store, name_of, time

AGES = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}

FOREVER = "9999-12-31T23:59:59Z"
"""Later than anything was checked."""

Write = Callable[[Iterable[Row]], None]


def run(arguments: argparse.Namespace) -> None:
    """Run the scan that the arguments ask for. Raises KeyboardInterrupt where it was ended by Ctrl-C.

    Raises BadInput for what is wrong in them and for a store that cannot be used; and what an Engine raises, once the
    rows and the summary are written.
    """
    band = rows.band(arguments.unsure)
    before = _before(arguments)
    options.check(arguments)
    model = classifier.shipped()
    stop, failure = threading.Event(), None
    with Store(arguments.db) as store, _output(arguments) as write:
        listing = Listing(store)
        store.begin(_named(arguments, listing), hashlib.sha256(classifier.MODEL.read_bytes()).hexdigest())
        listing.end()
        inputs, accounts, count = store.count(before)
        due = store.due(options.size(arguments), before)
        if not arguments.ordered:
            write(store.rows_not_due(band, before))
        with judges(count) as pool, Bar(accounts, accounts - count) as bar, _ended_by_interrupt(stop):
            engine = Engine(
                due,
                GitHub,
                model,
                pool,
                stop,
                concurrency=arguments.concurrency,
                pace=Pace(arguments.rate).delay if arguments.rate else None,
                countdown=None if arguments.no_wait else bar.wait,
            )
            try:
                for outcomes in judge_images(due, model, pool, stop) if arguments.images else engine:
                    store.write(outcomes)
                    if not arguments.ordered:
                        write(store.rows_of((outcome.number for outcome in outcomes), band))
                    bar.count(outcomes)
            except GitHubError as error:
                failure = error
        store.end(failure.kind if failure else "interrupted" if stop.is_set() else "complete")
        if arguments.ordered:
            write(store.rows(band))
        else:
            for page in _pages(chain(engine.left, due)):
                write(store.rows_of((one.number for one in page), band))
        found = summary.in_words(store.tally(band), inputs, band)
    print(found, file=sys.stderr)
    if failure:
        raise _kept(failure, arguments.db)
    if stop.is_set():
        raise KeyboardInterrupt


def _before(arguments: argparse.Namespace) -> str | None:
    """The time since when what was checked need not be checked again; None where it never need."""
    if arguments.images:
        return FOREVER
    if arguments.refresh is None:
        return None
    found = re.fullmatch(r"([0-9]{1,6})([dhms])", arguments.refresh)
    if not found:
        raise BadInput(f"--refresh {arguments.refresh[:100]!r} is no age: give a number and d, h, m or s, as 30d.")
    return time(datetime.now(UTC) - timedelta(**{AGES[found[2]]: int(found[1])}))


def _named(arguments: argparse.Namespace, listing: Listing) -> Iterator[tuple[str, Account]]:
    if arguments.images:
        return images.find(arguments.images)
    return ((name_of(account), account) for account in sources.accounts(arguments, listing))


@contextmanager
def _output(arguments: argparse.Namespace) -> Iterator[Write]:
    """What writes rows to where they are wanted: to stdout, or to a file that has its name only once it is whole."""
    ending = arguments.output.suffix[1:] if arguments.output else ""
    name = arguments.format or (ending if ending in formats.FORMATS else "table")
    if not arguments.output:
        with _written(arguments, name, sys.stdout.buffer) as write:
            yield write
        return
    partial = arguments.output.with_name(f".{arguments.output.name}.partial")
    try:
        file = partial.open("wb")
    except OSError as error:
        raise BadInput(f"{arguments.output} cannot be written ({error.strerror}): give another file as -o.") from error
    try:
        with file, _written(arguments, name, file) as write:
            yield write
        partial.replace(arguments.output)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def _written(arguments: argparse.Namespace, name: str, file: BinaryIO) -> Iterator[Write]:
    writer = formats.writer(name, file)
    redact = redaction() if arguments.redact else None
    # Where both are shown on the terminal, the bar makes room.
    room = tqdm.external_write_mode if file.isatty() else nullcontext

    def write(found: Iterable[Row]) -> None:
        with room():
            writer.write(map(redact, found) if redact else found)

    yield write
    writer.close()


@contextmanager
def _ended_by_interrupt(stop: threading.Event) -> Iterator[None]:
    """Within the `with`, the first Ctrl-C sets `stop`; a second one is as ever."""
    usual = signal.getsignal(signal.SIGINT)

    def interrupted(*_: object) -> None:
        stop.set()
        signal.signal(signal.SIGINT, usual)

    signal.signal(signal.SIGINT, interrupted)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, usual)


def _pages(due: Iterator[Due]) -> Iterator[list[Due]]:
    while page := list(islice(due, PAGE)):
        yield page


def _kept(failure: GitHubError, path: str) -> GitHubError:
    text = f"{failure} What was found is kept in {path}: run the same command then to go on."
    if path == ":memory:":
        text = str(failure)
    return RateLimited(text, failure.until) if isinstance(failure, RateLimited) else type(failure)(text)
