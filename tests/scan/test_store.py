import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from github_avatars.classifier import Verdict
from github_avatars.errors import BadInput, GitHubAvatarsError, NoSuchAccount, Unreachable
from github_avatars.features import Features
from github_avatars.github import Account
from github_avatars.scan.findings import FIELDS, STATUSES, Finding, failed, judged
from github_avatars.scan.rows import NAMES, UNSURE, Row, band, row
from github_avatars.scan.store import PAGE, Outcome, Store, name_of
from tests.support.processes import ROOT

MODEL = "0" * 64
LATER = "9999-12-31T23:59:59Z"
ZEKE, ANNA, SEVEN = Account("zeke", None), Account("anna", 12), Account(None, 7)
DEFAULT = judged(Verdict("default", 0.99, Features(300, 2, 0.0)), verified=True, pictures=1, agreed=1, account_id=3)
CUSTOM = judged(Verdict("custom", 0.5, Features(0, 200, 0.9)), pictures=1, agreed=1, account_id=12, href="https://a/b")
BROKEN = failed(Unreachable("github.com gave no whole answer"))


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "scan.db")


@pytest.fixture
def store(path: str) -> Iterator[Store]:
    with Store(path) as store:
        yield store


def begin(store: Store, *accounts: Account, model: str = MODEL) -> None:
    store.begin(((name_of(account), account) for account in accounts), model)


def due(store: Store, before: str | None = None) -> list[str]:
    return [one.name for one in store.due(64, before)]


def number(store: Store, name: str) -> int:
    ((found,),) = store.ask("SELECT number FROM accounts WHERE name = ?", name)
    return int(found)


def write(store: Store, name: str, finding: Finding | None, etag: str | None = None) -> None:
    store.write([Outcome(number(store, name), finding, 64, etag)])


# Accounts


def test_a_repeated_account_is_due_once_and_has_a_row_each_time(store: Store) -> None:
    begin(store, ZEKE, ANNA, Account("Zeke", None), SEVEN, Account("anna-renamed", 12))
    assert due(store) == ["@zeke", "#12", "#7"]
    assert store.count(None) == (5, 3, 3)
    write(store, "@zeke", DEFAULT)
    assert [(one.login, one.label) for one in store.rows(UNSURE)] == [
        ("zeke", "default"),
        ("anna", None),
        ("Zeke", "default"),
        (None, None),
        ("anna-renamed", None),
    ]


def test_whatever_a_source_calls_a_login_is_none_elses_name(store: Store) -> None:
    odd = ["#12", "@zeke", ":x", "", "\udcff", "\x00", "ZEKE\n"]
    begin(store, ZEKE, ANNA, *(Account(login, None) for login in odd))
    assert len(due(store)) == 2 + len(odd)
    assert [one.login for one in store.rows(UNSURE)][2:] == [*odd[:4], "\\udcff", *odd[5:]]


def test_what_is_due_is_told_with_what_to_ask_by(store: Store) -> None:
    begin(store, ZEKE, ANNA)
    write(store, "@zeke", DEFAULT, etag='"a"')
    store._connection.execute("UPDATE accounts SET size = NULL WHERE name = '@zeke'")
    first, second = store.due(64, LATER)
    assert (first.login, first.account_id, first.size, first.etag) == ("zeke", None, None, '"a"')
    assert (second.login, second.account_id, second.size, second.etag) == ("anna", 12, 64, None)


def test_more_than_a_page_is_due_once_each_though_outcomes_are_written_meanwhile(store: Store) -> None:
    count = 2 * PAGE + 1
    begin(store, *(Account(f"a{place}", None) for place in range(count)))
    names = []
    for one in store.due(64, None):
        names.append(one.name)
        store.write([Outcome(one.number, DEFAULT if one.number % 2 else BROKEN)])
    assert names == [f"@a{place}" for place in range(count)]
    assert [one.login for one in store.rows(UNSURE)] == [name[1:] for name in names]
    assert len(list(store.rows_not_due(UNSURE, None))) == PAGE + 1


# Outcomes


def test_what_was_found_is_read_as_it_was_written(path: str) -> None:
    odd = replace(CUSTOM, error=None, left_out="x.png: not-a-picture", verified=False, pictures=3, agreed=2)
    with Store(path) as store:
        begin(store, ZEKE, ANNA)
        write(store, "@zeke", odd)
        write(store, "#12", DEFAULT)
    with Store(path) as store:
        begin(store, ZEKE, ANNA)
        (first, second) = store.rows(UNSURE)
        assert first == row(ZEKE, odd, first.checked, UNSURE)
        assert second == row(ANNA, DEFAULT, first.checked, UNSURE)
        assert (first.unsure, second.unsure, first.verified, second.verified) == (True, False, False, True)
        ((model, etag),) = set(store.ask("SELECT model, etag FROM accounts"))
        assert (model, etag) == (MODEL, None)


def test_a_settled_account_is_not_due_again_but_one_that_the_host_failed_is(path: str) -> None:
    with Store(path) as store:
        begin(store, ZEKE, ANNA, SEVEN)
        write(store, "@zeke", failed(NoSuchAccount("unknown")))
        write(store, "#12", BROKEN)
    with Store(path) as store:
        begin(store, ZEKE, ANNA, SEVEN)
        assert due(store) == ["#12", "#7"]
        assert due(store, LATER) == ["@zeke", "#12", "#7"]
        assert [one.login for one in store.rows_not_due(UNSURE, None)] == ["zeke"]
        assert list(store.rows_not_due(UNSURE, LATER)) == []


def test_a_verdict_outlives_an_outage(store: Store) -> None:
    begin(store, ZEKE)
    write(store, "@zeke", DEFAULT, etag='"a"')
    (before,) = store.rows(UNSURE)
    write(store, "@zeke", BROKEN)
    (shown,) = store.rows(UNSURE)
    assert (shown.status, shown.label, shown.probability, shown.verified) == ("unreachable", None, None, None)
    assert shown.error == BROKEN.error
    write(store, "@zeke", None)
    (after,) = store.rows(UNSURE)
    assert replace(after, checked=before.checked) == before


def test_what_another_model_has_judged_is_due_again(store: Store) -> None:
    begin(store, ZEKE, ANNA)
    write(store, "@zeke", DEFAULT, etag='"a"')
    write(store, "#12", failed(NoSuchAccount("unknown")))
    begin(store, ZEKE, ANNA, model=MODEL)
    assert due(store) == []
    begin(store, ZEKE, ANNA, model="1" * 64)
    (one,) = store.due(64, None)
    assert (one.name, one.etag) == ("@zeke", None)
    write(store, "@zeke", CUSTOM)
    assert due(store) == []
    begin(store, ANNA, model=MODEL)
    assert due(store) == []


def test_the_times_tell_when_a_picture_came_and_when_it_was_asked_for(store: Store) -> None:
    begin(store, ZEKE, ANNA, SEVEN)
    write(store, "@zeke", DEFAULT)
    write(store, "#12", failed(NoSuchAccount("unknown")))
    times = store.ask("SELECT fetched IS NULL, checked IS NULL FROM accounts ORDER BY number")
    assert times == [(0, 0), (1, 0), (1, 1)]


def test_the_tally_counts_accounts_of_this_run(store: Store) -> None:
    begin(store, Account("earlier", None))
    write(store, "@earlier", DEFAULT)
    begin(store, ZEKE, ZEKE, ANNA, SEVEN, Account("thief", 9), Account("late", None))
    write(store, "@zeke", DEFAULT)
    write(store, "#12", CUSTOM)
    write(store, "#7", BROKEN)
    write(store, "#9", replace(DEFAULT, verified=False))
    found = {name: count for name, count in store.tally(UNSURE).items() if count}
    assert found == {"default": 2, "custom": 1, "unreachable": 1, "pending": 1, "unsure": 1, "not theirs": 1}


def test_what_is_not_written_wholly_is_not_written(store: Store) -> None:
    begin(store, ZEKE, ANNA)
    with pytest.raises(BadInput, match="cannot be used"):
        store.write([Outcome(number(store, "@zeke"), DEFAULT), Outcome(2, replace(DEFAULT, pictures="many"))])  # type: ignore[arg-type]
    assert due(store) == ["@zeke", "#12"]


# Files


def test_a_store_is_had_by_one_program_at_a_time(store: Store, path: str) -> None:
    with pytest.raises(BadInput, match=r"scan\.db is in use by another run"):
        Store(path)
    program = f"from github_avatars.scan.store import Store; Store({path!r})"
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert "is in use by another run" in ran.stderr
    store.close()
    Store(path).close()


def test_other_files_are_refused_and_stay_as_they_are(tmp_path: Path) -> None:
    foreign = tmp_path / "foreign.db"
    connection = sqlite3.connect(foreign)
    connection.execute("CREATE TABLE accounts (balance)")
    connection.close()
    (tmp_path / "text").write_bytes(b"octocat\n" * 100)
    for path, why in ((foreign, "no store of a scan"), (tmp_path / "text", "not a database"), (tmp_path, "unable")):
        content = path.read_bytes() if path.is_file() else b""
        with pytest.raises(BadInput, match=why):
            Store(str(path))
        assert path.is_dir() or path.read_bytes() == content


def test_a_damaged_store_is_told(path: str) -> None:
    with Store(path) as store:
        begin(store, *(Account(f"a{place}", None) for place in range(2000)))
    data = bytearray(Path(path).read_bytes())
    data[8192:] = bytes(len(data) - 8192)
    Path(path).write_bytes(data)
    with pytest.raises(BadInput, match=r"scan\.db cannot be used \(.*malformed"), Store(path) as store:
        begin(store, ZEKE)
        list(store.rows(UNSURE))


def test_the_file_can_be_read_by_any_program(path: str) -> None:
    with Store(path) as store:
        begin(store, ZEKE, ANNA)
        write(store, "@zeke", DEFAULT)
        store.end("complete")
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT login, label FROM found WHERE status = 'judged'").fetchall() == [
            ("zeke", "default")
        ]
        ((outcome, model),) = connection.execute("SELECT outcome, model FROM runs WHERE ended >= started")
    connection.close()
    assert (outcome, model) == ("complete", MODEL)


# Rows


def test_the_statuses_are_a_closed_set() -> None:
    assert set(STATUSES) == {
        *("judged", "pending"),
        *("bad-login", "no-such-account", "unreachable", "login-required", "foreign-redirect"),
        *("not-a-picture", "too-large"),
    }
    # What fetching and decoding raise, but for the rate limit, which leaves an account pending.
    raised = {error for error in GitHubAvatarsError.__subclasses__() for error in error.__subclasses__()}
    assert {error.kind for error in raised} - set(STATUSES) == {"rate-limited", "no-such-repository"}


def test_a_row_has_what_a_finding_has() -> None:
    assert set(FIELDS) < set(NAMES)
    assert set(NAMES) - set(FIELDS) == {"login", "unsure", "checked"}
    found = row(Account("zeke", 5), replace(CUSTOM, account_id=6), None)
    assert isinstance(found, Row)
    assert found.account_id == 5


@pytest.mark.parametrize("text", ["", "0.5", "0.9..0.1", "-1..0.5", "0..1.5", "nan..1", "0..nan", "a..b", "0...5..1"])
def test_a_band_that_is_none(text: str) -> None:
    with pytest.raises(BadInput, match="unsure band"):
        band(text)


def test_a_band() -> None:
    assert band("0.05..0.95") == UNSURE
    assert band("0..1") == (0, 1)
