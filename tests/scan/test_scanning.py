"""Scans from Python, as in a notebook."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from github_avatars import identicon
from github_avatars.demo import AVATARS, MODES, GitHubStandIn, once, responding
from github_avatars.errors import BadFile, BadInput, BadOption, InUse, RateLimited, Unreachable
from github_avatars.github import Account, rate_limit
from github_avatars.scan import Observer, Scan, ScanOptions, Sources, scan
from github_avatars.scan.options import MAX_CONCURRENCY
from github_avatars.scan.store import Store
from github_avatars.training import dataset
from tests.support.holding import Hold

EXAMPLES = dataset.read_index(AVATARS)
BY_LOGIN = {example.login: example for example in EXAMPLES}
LOGINS = [example.login for example in EXAMPLES[::40]]


@pytest.fixture(autouse=True)
def github_url(github: GitHubStandIn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GITHUB_URL", github.url)
    monkeypatch.chdir(tmp_path)


class Recorder(Observer):
    """Records the calls of a scan."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, object]] = []

    def begin(self, accounts: int, done: int) -> None:
        self.calls.append(("begin", (accounts, done)))

    def advance(self, outcomes: list[str]) -> None:
        self.calls += [("advance", outcome) for outcome in outcomes]

    def wait(self, seconds: float) -> None:
        self.calls.append(("wait", seconds))


def test_rows_contain_a_prediction_or_an_error() -> None:
    octocat, default, nobody = scan(["octocat", "default-0", "nobody"], ScanOptions(ordered=True))
    assert (octocat.login, octocat.status, octocat.error) == ("octocat", "judged", None)
    assert octocat.prediction
    assert (octocat.prediction.label, octocat.prediction.username) == ("custom", "octocat")
    assert octocat.prediction.account_id is octocat.account_id is None
    assert default.prediction
    assert (default.prediction.label, default.prediction.verified) == ("default", True)
    assert default.account_id == BY_LOGIN["default-0"].account_id
    (octocat,) = scan(["octocat"], ScanOptions(via="page"))
    assert octocat.account_id == BY_LOGIN["octocat"].account_id
    assert (nobody.status, nobody.prediction, nobody.unsure) == ("no-such-account", None, None)
    assert "has no account nobody" in str(nobody.error)


def test_sources_may_be_logins_files_and_accounts(github: GitHubStandIn, tmp_path: Path) -> None:
    example = BY_LOGIN["default-1"]
    (tmp_path / "logins.txt").write_text("octocat\n")
    sources: list[str | Account] = ["logins.txt", "default-0", Account(None, example.account_id)]
    rows = list(scan(sources, ScanOptions(ordered=True)))
    assert [(row.login, row.prediction and row.prediction.label) for row in rows] == [
        ("octocat", "custom"),
        ("default-0", "default"),
        (None, "default"),
    ]
    assert github.requests["/default-1?s=64"] == 0


def test_nothing_is_kept_by_default(github: GitHubStandIn, tmp_path: Path) -> None:
    assert len(list(scan(["octocat"]))) == len(list(scan(["octocat"]))) == 1
    assert github.requests["/octocat?s=64"] == 2
    assert list(tmp_path.iterdir()) == []


def test_scan_with_a_store_resumes(github: GitHubStandIn, tmp_path: Path) -> None:
    options = ScanOptions(db=tmp_path / "scan.db", concurrency=1)
    first = list(islice(scan(LOGINS, options), 3))
    requests = github.requests.total()
    again = list(scan(LOGINS, options))
    assert all(row in again for row in first)
    assert sorted(str(row.login) for row in again) == sorted(LOGINS)
    # At most the accounts in flight are requested again.
    assert github.requests.total() - requests <= 2 * len(LOGINS)
    assert all(github.requests[f"/{row.login}?s=64"] == 1 for row in first)


def test_store_of_another_host_is_refused_before_any_request(
    github: GitHubStandIn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    options = ScanOptions(db=tmp_path / "scan.db", ordered=True)
    before = list(scan(["octocat"], options))
    with Store(options.db) as store, pytest.raises(BadFile, match="has the results of"):
        store.check_host("https://github.com")
    with GitHubStandIn() as other:
        monkeypatch.setenv("GITHUB_URL", other.url)
        monkeypatch.setenv("GITHUB_TOKEN", "secret")
        for sources in (Sources(["octocat"]), Sources(lists=[("followers", "octocat")])):
            with pytest.raises(BadFile, match=rf"scan\.db has the results of {github.url}, not of {other.url}: give"):
                list(scan(sources, options))
        identicon.render(1).save(tmp_path / "anna.png")
        assert next(scan(Sources(images=tmp_path), options)).status == "judged"
        assert not other.requests
    monkeypatch.setenv("GITHUB_URL", f"{github.url.upper()}/")
    assert list(scan(["octocat"], options)) == before


def test_store_without_a_host_gets_the_one_of_the_next_scan(github: GitHubStandIn, tmp_path: Path) -> None:
    options = ScanOptions(db=tmp_path / "scan.db")
    before = list(scan(["octocat"], options))
    with Store(options.db) as store, store.transaction() as connection:
        connection.execute("DROP TABLE hosts")
    requests = github.requests.total()
    assert list(scan(["octocat"], options)) == before
    assert github.requests.total() == requests
    with Store(options.db) as store, pytest.raises(BadFile, match="another path"):
        store.check_host("https://github.com")


def test_abandoned_scan_releases_its_store(tmp_path: Path) -> None:
    path = tmp_path / "scan.db"
    rows = scan(LOGINS, ScanOptions(db=path))
    next(rows)
    with pytest.raises(InUse, match="in use by another run"):
        Store(path)
    rows.close()  # type: ignore[attr-defined]
    Store(path).close()


def test_summary_counts_the_accounts() -> None:
    with Scan(["octocat", "Octocat", "default-0", "nobody"]) as running:
        assert running.summary().pending == 3
        list(running.rows())
        summary = running.summary()
    assert summary.counts == {"custom": 1, "default": 1, "no-such-account": 1}
    assert (summary.inputs, summary.unsure, summary.not_own, summary.pending) == (4, 0, 0, 0)
    assert str(summary).startswith("4 rows, 3 accounts: 1 default, 1 custom, 1 failed (1 no-such-account)\n")


def test_observer_receives_the_progress(tmp_path: Path) -> None:
    options = ScanOptions(db=tmp_path / "scan.db")
    list(scan(["octocat"], options))
    recorder = Recorder()
    list(scan(["octocat", "default-0", "nobody"], options, observer=recorder))
    first, *others = recorder.calls
    assert first == ("begin", (3, 1))
    assert sorted(others) == [("advance", "default"), ("advance", "no-such-account")]


def test_observer_receives_the_wait_for_a_rate_limit(github: GitHubStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limit, "DEFAULT_WAIT", timedelta())
    github.faults["/octocat"] = once(responding(429))
    recorder = Recorder()
    (row,) = scan(["octocat"], observer=recorder)
    assert row.status == "judged"
    assert "wait" in dict(recorder.calls)


def test_rate_limit_ends_a_scan_that_does_not_wait(github: GitHubStandIn) -> None:
    github.faults["/octocat"] = responding(429, {"Retry-After": "3600"})
    statuses = {}
    with Scan(["default-0", "octocat"], ScanOptions(wait=False)) as running:
        with pytest.raises(RateLimited) as raised:
            for row in running.rows():
                statuses[row.login] = row.status
        assert running.summary().pending == 1
    assert raised.value.until
    assert statuses == {"default-0": "judged", "octocat": "pending"}


@pytest.mark.parametrize("mode", ["portal", "404"])
def test_outage_during_a_refresh_keeps_all_verdicts(github: GitHubStandIn, tmp_path: Path, mode: str) -> None:
    logins = [example.login for example in EXAMPLES[::8]]
    options = ScanOptions(db=tmp_path / "scan.db", ordered=True, concurrency=4)
    before = [replace(row, checked=None) for row in scan(logins, options)]
    with Store(options.db) as store, store.transaction() as connection:
        connection.execute("UPDATE accounts SET checked = '2020-01-01T00:00:00Z'")
    github.mode = MODES[mode]
    failed: set[str | None] = set()
    try:
        for _ in range(2):
            with pytest.raises(Unreachable, match="accounts in a row have no avatar"):
                list(scan(logins, replace(options, refresh=timedelta(days=1))))
            with Store(options.db) as store:
                failed |= {row.login for row in store.rows(options.unsure) if row.status != "judged"}
    finally:
        github.mode = None
    assert 10 <= len(failed) < len(logins)
    # Without a refresh, too, the accounts that failed are requested again.
    assert [replace(row, checked=None) for row in scan(logins, options)] == before


def test_stopped_scan_has_rows_for_all_inputs(github: GitHubStandIn) -> None:
    hold = Hold()
    github.faults |= {f"/{login}": hold for login in LOGINS[3:]}
    statuses = []
    with Scan(LOGINS, ScanOptions(concurrency=2)) as running:
        for row in running.rows():
            statuses.append(row.status)
            if len(statuses) == 3:
                running.stop()
    hold.release.set()
    assert running.stopped
    assert statuses == ["judged"] * 3 + ["pending"] * (len(LOGINS) - 3)


def test_pictures_are_kept_as_github_sent_them(github: GitHubStandIn, tmp_path: Path) -> None:
    options = ScanOptions(db=tmp_path / "scan.db")
    list(scan(["octocat", "nobody"], options))
    list(scan(["octocat", "nobody"], replace(options, keep_pictures=True)))
    with Store(options.db) as store:
        pictures = [picture for _, picture in store.rows_with_pictures(options.unsure)]
    assert pictures == [(AVATARS / BY_LOGIN["octocat"].file).read_bytes(), None]
    assert github.requests["/nobody?s=64"] == 1


def test_pictures_on_disk_are_classified_each_time(github: GitHubStandIn, tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    identicon.render(2).save(tmp_path / "pictures/anna.png")
    options = ScanOptions(db=tmp_path / "scan.db")
    (row,) = scan(Sources(images="pictures"), options)
    assert (row.login, row.prediction and row.prediction.label, row.pictures) == ("anna", "default", 1)
    photo = next(AVATARS / example.file for example in EXAMPLES if example.family == "photo-landscape")
    (tmp_path / "pictures/anna.png").write_bytes(photo.read_bytes())
    (row,) = scan(Sources(images=tmp_path / "pictures"), options)
    assert (row.login, row.prediction and row.prediction.label) == ("anna", "custom")
    assert not github.requests


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"concurrency": 0}, "concurrency is 0"),
        ({"concurrency": MAX_CONCURRENCY + 1}, "concurrency is 513: give 1 to 512"),
        ({"rate": float("nan")}, "rate is nan"),
        ({"size": 0}, "size is 0"),
        ({"unsure": (0.9, 0.1)}, r"unsure range is 0\.9\.\.0\.1"),
    ],
)
def test_impossible_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(BadOption, match=message):
        ScanOptions(**options)


@pytest.mark.parametrize("sources", [lambda: Sources(), lambda: Sources(["zeke"], images="pictures")])
def test_sources_are_accounts_or_pictures(sources: Callable[[], Sources]) -> None:
    with pytest.raises(BadInput, match=r"Either accounts or --images are required, but (neither|both) was given"):
        sources()


def test_impossible_login_is_refused_before_any_request(github: GitHubStandIn, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="b@d"):
        next(scan(["octocat", "b@d"], ScanOptions(db=tmp_path / "scan.db")))
    assert not github.requests
    Store(tmp_path / "scan.db").close()
