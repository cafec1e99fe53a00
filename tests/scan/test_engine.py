"""The engine, over real sockets to the stand-in for GitHub."""

import os
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

import synthesis
from github_avatars import classifier, identicon
from github_avatars.demo import AVATARS, Exchange, GitHubStandIn, once, resetting, responding
from github_avatars.errors import OUTAGE, RateLimited, Unreachable
from github_avatars.github import Avatar, GitHub, Pace, rate_limit
from github_avatars.github.client import RETRIES
from github_avatars.prediction import Prediction
from github_avatars.scan.engine import Engine, classify_images
from github_avatars.scan.rows import Result
from github_avatars.scan.store import DueAccount, Outcome
from github_avatars.training import dataset
from github_avatars.training.degradation import Degradation
from tests.support.avatars import write_avatars
from tests.support.holding import Hold
from tests.support.processes import ROOT
from tests.support.timing import TIMEOUT, wait_until, with_timeout

pytestmark = pytest.mark.alone

EXAMPLES = dataset.read_index(AVATARS)
BY_LOGIN = {example.login: example for example in EXAMPLES}
OCTOCAT = BY_LOGIN["octocat"].account_id


@pytest.fixture(scope="module")
def avatars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Accounts with the own identicon, another account's identicon, a lossy identicon, and a photo."""
    return write_avatars(
        tmp_path_factory.mktemp("avatars"),
        {
            "hans": (11, identicon.render(11)),
            "thief": (41, identicon.render(51)),
            "lossy": (42, Degradation(200, "BOX", False, "jpeg 90").apply(identicon.render(42))),
            "paul": (21, synthesis.draw("photo-landscape", 0).data),
        },
    )


class EngineRun:
    """An engine for accounts of the stand-in, with its outcomes."""

    def __init__(self, url: str, *accounts: str | DueAccount, size: int | None = 64, **options: object) -> None:
        due = [
            account if isinstance(account, DueAccount) else due_account(number, account, size)
            for number, account in enumerate(accounts, 1)
        ]
        self.logins = {account.number: account.login for account in due}
        self.outcomes: list[Outcome] = []
        self.stop = threading.Event()
        self.due = iter(due)
        self.engine = Engine(
            self.due,
            lambda: GitHub(url, backoff=0, deadline=TIMEOUT),
            classifier.shipped(),
            self.stop,
            **{"concurrency": 4, **options},  # type: ignore[arg-type]
        )

    def run(self) -> dict[str | None, Result | None]:
        """The results by login, after the engine has ended."""
        with_timeout(self._iterate)
        return self.results()

    def results(self) -> dict[str | None, Result | None]:
        return {self.logins[outcome.number]: outcome.result for outcome in self.outcomes}

    def statuses(self) -> list[str]:
        """The statuses in the order of the accounts; the engine returns outcomes as they come."""
        outcomes = sorted(self.outcomes, key=lambda outcome: outcome.number)
        return [outcome.result.status for outcome in outcomes if outcome.result]

    def unfinished(self) -> list[str | None]:
        return [account.login for account in (*self.engine.unfinished, *self.due)]

    def _iterate(self) -> None:
        for outcomes in self.engine:
            self.outcomes += outcomes


def due_account(
    number: int, login: str, size: int | None = 64, account_id: int | None = None, etag: str | None = None
) -> DueAccount:
    return DueAccount(number, f"@{login}", login, account_id, size, etag)


def prediction(result: Result | None) -> Prediction:
    assert result
    assert result.prediction, result
    return result.prediction


def test_accounts_are_fetched_once_and_classified(github: GitHubStandIn) -> None:
    examples = EXAMPLES[::12]
    run = EngineRun(github.url, *(example.login for example in examples))
    results = run.run()
    assert len(run.outcomes) == len(examples)
    assert set(github.requests.values()) == {1}
    for example in examples:
        predicted = prediction(results[example.login])
        assert predicted.label == example.label
        assert predicted.account_id == example.account_id
        assert predicted.verified is (True if example.label == "default" else None)


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="only Linux can keep threads on a processor")
def test_threads_stay_on_one_processor(github: GitHubStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    allowed, used = os.sched_getaffinity(0), []
    fetch = GitHub.fetch

    def record_and_fetch(*arguments: Any, **options: Any) -> Avatar:
        used.append(os.sched_getaffinity(0))
        return fetch(*arguments, **options)

    monkeypatch.setattr(GitHub, "fetch", record_and_fetch)
    EngineRun(github.url, *(example.login for example in EXAMPLES[::12])).run()
    assert len(used) == len(EXAMPLES[::12])
    (processor,) = used[0]
    assert processor in allowed
    assert used == len(used) * [{processor}]
    assert os.sched_getaffinity(0) == allowed


def test_thumbnails_are_requested_by_default_and_originals_on_request(github: GitHubStandIn) -> None:
    thumbnail = EngineRun(github.url, "octocat")
    thumbnail.run()
    original = EngineRun(github.url, "octocat", size=None)
    assert prediction(original.run()["octocat"]).verified is False
    assert [f"/u/{OCTOCAT}?v=4&s=64", f"/u/{OCTOCAT}?v=4"] == [
        path for path in github.requests if path.startswith("/u/")
    ]
    assert thumbnail.engine.bytes < original.engine.bytes


def test_known_account_id_saves_a_request(github: GitHubStandIn) -> None:
    run = EngineRun(github.url, due_account(1, "octocat", account_id=OCTOCAT))
    predicted = prediction(run.run()["octocat"])
    assert (predicted.label, predicted.account_id) == ("custom", OCTOCAT)
    assert dict(github.requests) == {f"/u/{OCTOCAT}?v=4&s=64": 1}


def test_thumbnail_of_a_default_avatar_is_requested_again_as_original(avatars: Path) -> None:
    with GitHubStandIn(avatars) as github:
        results = EngineRun(github.url, "hans", "thief", "lossy", "paul").run()
        requests = [path for path in github.requests if path.startswith("/u/")]
    verdicts = {login: (prediction(result).label, prediction(result).verified) for login, result in results.items()}
    assert verdicts == {
        "hans": ("default", True),
        "thief": ("default", False),
        "lossy": ("default", False),
        "paul": ("custom", None),
    }
    # The stand-in serves the identicon of hans as an original at once.
    assert sorted(requests) == [
        *("/u/11?v=4&s=64", "/u/21?v=4&s=64"),
        *("/u/41?v=4", "/u/41?v=4&s=64", "/u/42?v=4", "/u/42?v=4&s=64"),
    ]


def test_verdicts_are_the_same_if_github_resizes_identicons(avatars: Path) -> None:
    with GitHubStandIn(avatars, resize_identicons=True) as github:
        results = EngineRun(github.url, "hans", "paul").run()
        assert github.requests["/u/11?v=4&s=64"] == github.requests["/u/11?v=4"] == 1
    hans, paul = prediction(results["hans"]), prediction(results["paul"])
    assert (hans.label, hans.verified, paul.label) == ("default", True, "custom")


def test_unchanged_avatar_is_not_sent_again(github: GitHubStandIn) -> None:
    first = EngineRun(github.url, "octocat")
    first.run()
    (outcome,) = first.outcomes
    assert outcome.etag
    again = EngineRun(
        github.url, due_account(1, "octocat", etag=outcome.etag), due_account(2, "default-0", etag='"other"')
    )
    results = again.run()
    assert results["octocat"] is None
    assert results["default-0"]
    assert again.engine.bytes == (AVATARS / BY_LOGIN["default-0"].file).stat().st_size


@pytest.mark.parametrize("keep_pictures", [True, False])
def test_picture_is_part_of_the_outcome_on_request(github: GitHubStandIn, keep_pictures: bool) -> None:
    run = EngineRun(github.url, "octocat", "nobody", size=None, keep_pictures=keep_pictures)
    run.run()
    pictures = {run.logins[outcome.number]: outcome.picture for outcome in run.outcomes}
    original = (AVATARS / BY_LOGIN["octocat"].file).read_bytes()
    assert pictures == {"octocat": original if keep_pictures else None, "nobody": None}


def test_failed_account_does_not_affect_the_others(github: GitHubStandIn) -> None:
    github.faults[f"/u/{OCTOCAT}"] = responding(200, {}, b"<html>")
    github.faults["/default-1.png"] = resetting()
    run = EngineRun(github.url, "nobody", "b@d", "octocat", "default-1", "default-0")
    statuses = {login: result.status for login, result in run.run().items() if result}
    assert statuses == {
        "nobody": "no-such-account",
        "b@d": "bad-login",
        "octocat": "not-a-picture",
        "default-1": "unreachable",
        "default-0": "judged",
    }
    assert run.unfinished() == []


def test_damaged_picture_is_an_error_with_the_account_id(github: GitHubStandIn) -> None:
    github.faults[f"/u/{OCTOCAT}"] = responding(200, {}, b"\x89PNG\r\n\x1a\n" + bytes(100))
    results = EngineRun(github.url, "octocat", "default-0").run()
    octocat, other = results["octocat"], results["default-0"]
    assert octocat
    assert other
    assert (octocat.status, other.status) == ("not-a-picture", "judged")
    assert octocat.account_id == OCTOCAT
    assert "The avatar of octocat" in str(octocat.error)


def test_consecutive_host_failures_end_the_run(github: GitHubStandIn) -> None:
    logins = [example.login for example in EXAMPLES[:60]]
    for login in logins[20:]:
        github.faults[f"/{login}.png"] = resetting()
    run = EngineRun(github.url, *logins, concurrency=1)
    with pytest.raises(Unreachable, match=logins[20 + OUTAGE - 1]):
        run.run()
    # The accounts in flight are finished.
    assert OUTAGE <= run.statuses().count("unreachable") <= OUTAGE + 2
    assert run.statuses().count("judged") == 20
    assert run.engine.unfinished == []
    assert len(run.outcomes) + len(run.unfinished()) == len(logins)


def test_host_failures_between_successes_do_not_end_the_run(github: GitHubStandIn) -> None:
    logins = [example.login for example in EXAMPLES[: 3 * OUTAGE]]
    for login in logins[::2]:
        github.faults[f"/{login}.png"] = resetting()
    run = EngineRun(github.url, *logins, concurrency=1)
    run.run()
    assert run.statuses() == ["unreachable", "judged"] * (3 * OUTAGE // 2)
    assert github.requests[f"/{logins[0]}.png"] == 1 + RETRIES


@pytest.mark.parametrize("body", [b"<html>", b"\x89PNG\r\n\x1a\n" + bytes(100)], ids=["HTML", "damaged"])
def test_consecutive_responses_that_are_not_pictures_end_the_run(github: GitHubStandIn, body: bytes) -> None:
    examples = EXAMPLES[:60]
    github.faults |= {f"/u/{example.account_id}": responding(200, {}, body) for example in examples[20:]}
    run = EngineRun(github.url, *(example.login for example in examples), concurrency=1)
    with pytest.raises(Unreachable, match=rf"{OUTAGE} accounts in a row .* {examples[20 + OUTAGE - 1].login}\b"):
        run.run()
    assert run.statuses()[:20] == ["judged"] * 20
    assert OUTAGE <= run.statuses().count("not-a-picture") <= OUTAGE + 2
    assert len(run.outcomes) + len(run.unfinished()) == len(examples)


def judged_accounts(*logins: str) -> list[DueAccount]:
    """Accounts that an earlier run has classified."""
    return [replace(due_account(number, login), judged=True) for number, login in enumerate(logins, 1)]


@pytest.mark.parametrize("available", [0, 20])
def test_outage_that_hides_accounts_ends_the_run(github: GitHubStandIn, available: int) -> None:
    logins = [example.login for example in EXAMPLES[:60]]
    last = logins[available + OUTAGE - 1]

    def begin_outage(_: Exchange) -> bool:
        github.faults |= {f"/{login}.png": responding(404) for login in logins}
        return False

    github.faults[f"/{logins[available]}.png"] = responding(404)
    github.faults |= {f"/{login}.png": responding(404) for login in logins[available + 1 :]}
    github.faults[f"/{last}.png"] = lambda exchange: begin_outage(exchange) or responding(404)(exchange)
    run = EngineRun(github.url, *judged_accounts(*logins), concurrency=1)
    control = logins[available - 1] if available else last
    with pytest.raises(Unreachable, match=rf"{OUTAGE} accounts in a row .* has no account {control}"):
        run.run()
    assert run.statuses()[:available] == ["judged"] * available
    assert OUTAGE <= run.statuses().count("no-such-account") <= OUTAGE + 2
    assert len(run.outcomes) + len(run.unfinished()) == len(logins)


def test_many_deleted_accounts_are_no_outage(github: GitHubStandIn) -> None:
    deleted = [f"deleted-{number}" for number in range(3 * OUTAGE)]
    run = EngineRun(github.url, *judged_accounts("octocat", *deleted, "default-0"), concurrency=1)
    run.run()
    assert Counter(run.statuses()) == {"judged": 2, "no-such-account": len(deleted)}
    assert run.unfinished() == []
    # The account that was available shows that the host works.
    assert github.requests["/octocat.png"] > 1


def test_unknown_accounts_are_no_outage(github: GitHubStandIn) -> None:
    run = EngineRun(github.url, *(f"unknown-{number}" for number in range(2 * OUTAGE)), concurrency=1)
    run.run()
    assert run.statuses() == ["no-such-account"] * 2 * OUTAGE


def test_rate_limit_is_waited_for(github: GitHubStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limit, "DEFAULT_WAIT", timedelta())
    logins = [example.login for example in EXAMPLES[:30]]
    github.faults[f"/{logins[10]}.png"] = once(responding(429))
    remaining: list[float] = []
    run = EngineRun(github.url, *logins, on_wait=remaining.append)
    assert set(run.run()) == set(logins)
    assert set(run.statuses()) == {"judged"}
    assert github.requests[f"/{logins[10]}.png"] == 2
    assert remaining
    assert max(remaining) <= rate_limit.MARGIN.total_seconds()
    assert remaining == sorted(remaining, reverse=True)


def test_rate_limit_ends_the_run_without_a_callback(github: GitHubStandIn) -> None:
    logins = [example.login for example in EXAMPLES[:200]]
    github.faults[f"/{logins[50]}.png"] = responding(429, {"Retry-After": "3600"})
    run = EngineRun(github.url, *logins)
    with pytest.raises(RateLimited) as raised:
        run.run()
    assert raised.value.until
    unfinished = run.unfinished()
    assert logins[50] in unfinished
    assert sorted([*unfinished, *run.results()]) == sorted(logins)  # type: ignore[type-var]
    assert 42 <= len(run.outcomes) <= 60
    assert all(github.requests[f"/{login}.png"] == 0 for login in logins[60:])


@pytest.mark.parametrize("retry_after", ["86500", "9" * 30, "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_rate_limit_of_more_than_a_day_ends_the_run(github: GitHubStandIn, retry_after: str) -> None:
    logins = [example.login for example in EXAMPLES[:30]]
    github.faults[f"/{logins[10]}.png"] = responding(429, {"Retry-After": retry_after})
    waits: list[float] = []
    run = EngineRun(github.url, *logins, on_wait=waits.append)
    with pytest.raises(RateLimited) as raised:
        run.run()
    assert raised.value.until
    assert raised.value.until - datetime.now(UTC) > rate_limit.MAX_WAIT
    assert not waits
    assert sorted([*run.unfinished(), *run.results()]) == sorted(logins)  # type: ignore[type-var]


def test_concurrency_limits_the_fetches_in_flight(github: GitHubStandIn) -> None:
    github.latency = 0.01
    try:
        EngineRun(github.url, *(example.login for example in EXAMPLES[:100]), concurrency=5).run()
        assert github.max_in_flight == 5
    finally:
        github.latency = 0.0


def test_concurrency_may_exceed_the_connections_of_a_client(github: GitHubStandIn) -> None:
    together = threading.Barrier(40)

    def meet(_: Exchange) -> bool:
        with suppress(threading.BrokenBarrierError):
            together.wait(TIMEOUT)
        return False

    logins = [example.login for example in EXAMPLES[:40]]
    github.faults |= {f"/{login}.png": meet for login in logins}
    assert len(EngineRun(github.url, *logins, concurrency=40).run()) == 40
    assert github.max_in_flight == 40


def test_rate_is_not_exceeded(github: GitHubStandIn) -> None:
    started = time.monotonic()
    EngineRun(github.url, *(example.login for example in EXAMPLES[:11]), delay=Pace(20.0).delay).run()
    # Ten intervals. A busy machine takes longer, so there is no upper bound.
    assert time.monotonic() - started >= 0.5 - 0.05


def test_accounts_taken_from_due_are_bounded(github: GitHubStandIn) -> None:
    hold = Hold()
    logins = [example.login for example in EXAMPLES[:50]]
    github.faults |= {f"/{login}.png": hold for login in logins}
    run = EngineRun(github.url, *logins, concurrency=4)
    thread = threading.Thread(target=run.run)
    thread.start()
    wait_until(lambda: github.max_in_flight == 4)
    assert len(run.engine.unfinished) == 8
    hold.release.set()
    thread.join()
    assert len(run.outcomes) == 50


def test_stop_ends_the_run_at_once() -> None:
    logins = [example.login for example in EXAMPLES[:100]]
    hanging = {f"/{login}.png": lambda exchange: bool(exchange.pause(TIMEOUT)) for login in logins[30:]}
    # This stand-in's end releases the hanging requests.
    with GitHubStandIn(faults=hanging) as github:
        run = EngineRun(github.url, *logins)

        def stop() -> None:
            wait_until(lambda: len(run.outcomes) == 30 and github.max_in_flight == 4)
            run.stop.set()

        thread = threading.Thread(target=stop)
        thread.start()
        assert set(run.run()) == set(logins[:30])
        thread.join()
    assert len(run.unfinished()) == 70


def test_pictures_on_disk_are_classified_in_their_order() -> None:
    examples = EXAMPLES[::8]
    due = [
        DueAccount(number, f":{AVATARS / example.file}", None, None, None, None)
        for number, example in enumerate(examples)
    ]
    batches = classify_images(iter(due), classifier.shipped(), threading.Event())
    labels = [(outcome.number, prediction(outcome.result).label) for outcome in chain.from_iterable(batches)]
    assert labels == [(number, example.label) for number, example in enumerate(examples)]


def test_classifying_pictures_on_disk_stops(tmp_path: Path) -> None:
    identicon.render(1).save(tmp_path / "one.png")
    stop = threading.Event()
    due = iter(DueAccount(number, f":{tmp_path}/one.png", None, None, None, None) for number in range(1_000_000))
    count = 0
    for batch in classify_images(due, classifier.shipped(), stop):
        count += len(batch)
        stop.set()
    assert 0 < count == next(due).number < 10_000


def test_scan_imports_no_scikit_learn() -> None:
    """It would take each process a second and a hundred megabytes."""
    program = "import sys; from github_avatars.scan import scanning; print({'scipy', 'sklearn'} & sys.modules.keys())"
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert (ran.stdout, ran.stderr) == ("set()\n", "")
