"""The engine over real sockets to the stand-in; its threads and queues are looked at from outside alone."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

import synthesis
from github_avatars import classifier, identicon
from github_avatars.demo import AVATARS, Exchange, GitHubStandIn, once, resetting, responding
from github_avatars.errors import OUTAGE, RateLimited, Unreachable
from github_avatars.github import GitHub, Pace, rate_limit
from github_avatars.github.client import RETRIES
from github_avatars.scan.engine import MAX_THREADED, Engine, classify_images, worker_pool
from github_avatars.scan.rows import Result
from github_avatars.scan.store import DueAccount, Outcome
from github_avatars.training import dataset
from github_avatars.training.dataset import Example
from github_avatars.training.degradation import Degradation
from tests.support.processes import ROOT
from tests.support.timing import TIMEOUT, wait_until, with_timeout

pytestmark = pytest.mark.alone

EXAMPLES = dataset.read_index(AVATARS)
BY_LOGIN = {example.login: example for example in EXAMPLES}
SMEARED = Degradation(200, "BOX", False, "jpeg 90").apply(identicon.render(42))


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Accounts: one with its own identicon, one with another's, one with a picture like one, one with a photo."""
    folder = tmp_path_factory.mktemp("shown")
    identicon.render(11).save(folder / "hans.png")
    identicon.render(51).save(folder / "thief.png")
    (folder / "smear.png").write_bytes(SMEARED)
    (folder / "paul.png").write_bytes(synthesis.draw("photo-landscape", 0).data)
    kinds = {"hans": ("default", 11), "thief": ("custom", 41), "smear": ("custom", 42), "paul": ("custom", 21)}
    dataset.write_index(
        folder,
        [Example(f"{login}.png", label, login, number, "") for login, (label, number) in kinds.items()],  # type: ignore[arg-type]
    )
    return folder


class Scan:
    """An engine over accounts of the stand-in, and what it handed out."""

    def __init__(self, url: str, *asked: str | DueAccount, size: int | None = 64, **options: object) -> None:
        named = [one if isinstance(one, DueAccount) else due(number, one, size) for number, one in enumerate(asked, 1)]
        self.names = {one.number: one.login for one in named}
        self.outcomes: list[Outcome] = []
        self.stop = threading.Event()
        self.waited: list[float] = []
        self.due = iter(named)
        self._pool = ThreadPoolExecutor(2)
        self.engine = Engine(
            self.due,
            lambda: GitHub(url, backoff=0, deadline=TIMEOUT),
            classifier.shipped(),
            self._pool,
            self.stop,
            **{"concurrency": 4, **options},  # type: ignore[arg-type]
        )

    def run(self) -> dict[str | None, Result | None]:
        try:
            with_timeout(self._collect)
        finally:
            self._pool.shutdown()
        return self.found()

    def found(self) -> dict[str | None, Result | None]:
        return {self.names[outcome.number]: outcome.result for outcome in self.outcomes}

    def statuses(self) -> list[str]:
        return [outcome.result.status for outcome in self.outcomes if outcome.result]

    def left(self) -> list[str | None]:
        return [one.login for one in (*self.engine.unfinished, *self.due)]

    def _collect(self) -> None:
        for outcomes in self.engine:
            self.outcomes += outcomes


def due(
    number: int, login: str, size: int | None = 64, account_id: int | None = None, etag: str | None = None
) -> DueAccount:
    return DueAccount(number, f"@{login}", login, account_id, size, etag)


# Verdicts


def test_accounts_are_judged_each_once(github: GitHubStandIn) -> None:
    examples = EXAMPLES[::12]
    scan = Scan(github.url, *(example.login for example in examples))
    found = scan.run()
    assert len(scan.outcomes) == len(examples)
    labels = [finding and finding.label for finding in (found[example.login] for example in examples)]
    assert labels == [example.label for example in examples]
    assert set(github.requests.values()) == {1}
    for example in examples:
        finding = found[example.login]
        assert finding
        assert finding.account_id == example.account_id
        assert finding.verified is (True if example.label == "default" else None)


def test_small_pictures_are_asked_for_unless_in_full(github: GitHubStandIn) -> None:
    number = BY_LOGIN["octocat"].account_id
    small = Scan(github.url, "octocat")
    small.run()
    full = Scan(github.url, "octocat", size=None)
    found = full.run()["octocat"]
    assert [f"/u/{number}?v=4&s=64", f"/u/{number}?v=4"] == [path for path in github.requests if path.startswith("/u/")]
    assert small.engine.bytes < full.engine.bytes
    assert found
    assert found.verified is False


def test_where_the_id_is_known_one_request_does(github: GitHubStandIn) -> None:
    number = BY_LOGIN["octocat"].account_id
    scan = Scan(github.url, due(1, "octocat", account_id=number))
    found = scan.run()["octocat"]
    assert found
    assert (found.label, found.account_id) == ("custom", number)
    assert dict(github.requests) == {f"/u/{number}?v=4&s=64": 1}


def test_what_looks_like_an_identicon_is_asked_for_in_full(shown: Path) -> None:
    with GitHubStandIn(shown) as github:
        found = Scan(github.url, "hans", "thief", "smear", "paul").run()
        asked = [path for path in github.requests if path.startswith("/u/")]
    verified = {login: (finding.label, finding.verified) for login, finding in found.items() if finding}
    assert verified == {
        "hans": ("default", True),
        "thief": ("default", False),
        "smear": ("default", False),
        "paul": ("custom", None),
    }
    # The identicon came whole at once.
    assert sorted(asked) == [
        *("/u/11?v=4&s=64", "/u/21?v=4&s=64"),
        *("/u/41?v=4", "/u/41?v=4&s=64", "/u/42?v=4", "/u/42?v=4&s=64"),
    ]


def test_the_verdicts_hold_should_github_resize_identicons(shown: Path) -> None:
    with GitHubStandIn(shown, resize_identicons=True) as github:
        found = Scan(github.url, "hans", "paul").run()
        assert github.requests["/u/11?v=4&s=64"] == github.requests["/u/11?v=4"] == 1
    hans, paul = found["hans"], found["paul"]
    assert hans
    assert paul
    assert (hans.label, hans.verified, paul.label) == ("default", True, "custom")


def test_what_is_unchanged_is_not_sent(github: GitHubStandIn) -> None:
    first = Scan(github.url, "octocat")
    first.run()
    (outcome,) = first.outcomes
    assert outcome.etag
    again = Scan(github.url, due(1, "octocat", etag=outcome.etag), due(2, "default-0", etag='"other"'))
    found = again.run()
    assert found["octocat"] is None
    assert found["default-0"]
    assert again.engine.bytes == (AVATARS / BY_LOGIN["default-0"].file).stat().st_size


# Failures


def test_a_failure_is_told_and_the_rest_goes_on(github: GitHubStandIn) -> None:
    number = BY_LOGIN["octocat"].account_id
    github.faults[f"/u/{number}"] = responding(200, {}, b"<html>")
    github.faults["/default-1.png"] = resetting()
    scan = Scan(github.url, "nobody", "b@d", "octocat", "default-1", "default-0")
    found = scan.run()
    statuses = {login: finding.status for login, finding in found.items() if finding}
    assert statuses == {
        "nobody": "no-such-account",
        "b@d": "bad-login",
        "octocat": "not-a-picture",
        "default-1": "unreachable",
        "default-0": "judged",
    }
    assert scan.left() == []


def test_a_picture_that_is_damaged_is_told(github: GitHubStandIn) -> None:
    github.faults[f"/u/{BY_LOGIN['octocat'].account_id}"] = responding(200, {}, b"\x89PNG\r\n\x1a\n" + bytes(100))
    found = Scan(github.url, "octocat", "default-0").run()
    octocat, other = found["octocat"], found["default-0"]
    assert octocat
    assert other
    assert (octocat.status, other.status) == ("not-a-picture", "judged")
    assert octocat.account_id == BY_LOGIN["octocat"].account_id


def test_failures_of_the_host_in_a_row_end_the_scan(github: GitHubStandIn) -> None:
    logins = [example.login for example in EXAMPLES[:60]]
    for login in logins[20:]:
        github.faults[f"/{login}.png"] = resetting()
    scan = Scan(github.url, *logins, concurrency=1)
    with pytest.raises(Unreachable, match=logins[20 + OUTAGE - 1]):
        scan.run()
    # What was under way has come in, too.
    assert OUTAGE <= scan.statuses().count("unreachable") <= OUTAGE + 2
    assert scan.statuses().count("judged") == 20
    assert [one.login for one in scan.engine.unfinished] == []
    assert len(scan.outcomes) + len(scan.left()) == len(logins)


def test_failures_with_others_between_them_do_not(github: GitHubStandIn) -> None:
    logins = [example.login for example in EXAMPLES[: 3 * OUTAGE]]
    for login in logins[::2]:
        github.faults[f"/{login}.png"] = resetting()
    scan = Scan(github.url, *logins, concurrency=1)
    scan.run()
    assert scan.statuses() == ["unreachable", "judged"] * (3 * OUTAGE // 2)
    assert github.requests[f"/{logins[0]}.png"] == 1 + RETRIES


# Rate limits


def test_where_github_wants_fewer_requests_it_is_waited_for(
    github: GitHubStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_limit, "DEFAULT_WAIT", timedelta())
    logins = [example.login for example in EXAMPLES[:30]]
    github.faults[f"/{logins[10]}.png"] = once(responding(429))
    waited: list[float] = []
    scan = Scan(github.url, *logins, on_wait=waited.append)
    found = scan.run()
    assert set(scan.statuses()) == {"judged"}
    assert set(found) == set(logins)
    assert github.requests[f"/{logins[10]}.png"] == 2
    assert waited
    assert max(waited) <= rate_limit.MARGIN.total_seconds()
    assert waited == sorted(waited, reverse=True)


def test_or_else_the_scan_ends_with_what_came(github: GitHubStandIn) -> None:
    logins = [example.login for example in EXAMPLES[:200]]
    github.faults[f"/{logins[50]}.png"] = responding(429, {"Retry-After": "3600"})
    scan = Scan(github.url, *logins)
    with pytest.raises(RateLimited) as raised:
        scan.run()
    assert raised.value.until
    left = scan.left()
    assert logins[50] in left
    assert sorted([*left, *scan.found()]) == sorted(logins)  # type: ignore[type-var]
    assert 42 <= len(scan.outcomes) <= 60
    assert all(github.requests[f"/{login}.png"] == 0 for login in logins[60:])


# Limits


def test_no_more_are_fetched_at_once_than_asked_for(github: GitHubStandIn) -> None:
    github.latency = 0.01
    try:
        Scan(github.url, *(example.login for example in EXAMPLES[:100]), concurrency=5).run()
        assert github.max_in_flight == 5
    finally:
        github.latency = 0.0


def test_more_can_be_fetched_at_once_than_one_pool_has_connections(github: GitHubStandIn) -> None:
    together = threading.Barrier(40)

    def meet(_: Exchange) -> bool:
        with suppress(threading.BrokenBarrierError):
            together.wait(TIMEOUT)
        return False

    logins = [example.login for example in EXAMPLES[:40]]
    github.faults |= {f"/{login}.png": meet for login in logins}
    assert len(Scan(github.url, *logins, concurrency=40).run()) == 40
    assert github.max_in_flight == 40


def test_the_rate_is_kept(github: GitHubStandIn) -> None:
    started = time.monotonic()
    Scan(github.url, *(example.login for example in EXAMPLES[:11]), delay=Pace(20.0).delay).run()
    # Ten pauses; how much longer it takes is the machine's mood.
    assert time.monotonic() - started >= 0.5 - 0.05


def test_no_more_are_taken_than_promised(github: GitHubStandIn) -> None:
    answered = threading.Event()

    def wait(_: Exchange) -> bool:
        answered.wait(TIMEOUT)
        return False

    logins = [example.login for example in EXAMPLES[:50]]
    github.faults |= {f"/{login}.png": wait for login in logins}
    scan = Scan(github.url, *logins, concurrency=4)
    running = threading.Thread(target=scan.run)
    running.start()
    wait_until(lambda: github.max_in_flight == 4)
    assert len(scan.engine.unfinished) == 8
    answered.set()
    running.join()
    assert len(scan.outcomes) == 50


def test_it_stops_at_once_with_what_came() -> None:
    logins = [example.login for example in EXAMPLES[:100]]
    hanging = {f"/{login}.png": lambda exchange: bool(exchange.pause(TIMEOUT)) for login in logins[30:]}
    # One of its own, whose end ends the waiting.
    with GitHubStandIn(faults=hanging) as github:
        scan = Scan(github.url, *logins)

        def stop() -> None:
            wait_until(lambda: len(scan.outcomes) == 30 and github.max_in_flight == 4)
            scan.stop.set()

        stopping = threading.Thread(target=stop)
        stopping.start()
        assert set(scan.run()) == set(logins[:30])
        stopping.join()
    assert len(scan.left()) == 70


# Cores


@pytest.mark.parametrize("accounts", [MAX_THREADED, MAX_THREADED + 1], ids=["threads", "processes"])
def test_pictures_on_disk_are_judged_on_every_core(accounts: int) -> None:
    examples = EXAMPLES[::8]
    named = [
        DueAccount(number, f":{AVATARS / one.file}", None, None, None, None) for number, one in enumerate(examples)
    ]

    def outcomes() -> Iterator[Outcome]:
        with worker_pool(accounts) as pool:
            for batch in classify_images(iter(named), classifier.shipped(), pool, threading.Event()):
                yield from batch

    found = [(outcome.number, outcome.result.label) for outcome in outcomes() if outcome.result]
    assert found == [(number, one.label) for number, one in enumerate(examples)]


def test_judging_pictures_on_disk_stops(tmp_path: Path) -> None:
    identicon.render(1).save(tmp_path / "one.png")
    stop = threading.Event()
    named = iter(DueAccount(number, f":{tmp_path}/one.png", None, None, None, None) for number in range(1_000_000))
    count = 0
    with worker_pool(1) as pool:
        for batch in classify_images(named, classifier.shipped(), pool, stop):
            count += len(batch)
            stop.set()
    assert 0 < count == next(named).number < 10_000


def test_what_judges_imports_no_more_than_judging_needs() -> None:
    """In each of its processes that would take a second, and a hundred megabytes."""
    program = "import sys; from github_avatars.scan import scanning; print({'scipy', 'sklearn'} & sys.modules.keys())"
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert (ran.stdout, ran.stderr) == ("set()\n", "")
