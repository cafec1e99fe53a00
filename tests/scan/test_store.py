"""The store: accounts, outcomes and the SQLite file."""

import random
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle
from pathlib import Path

import pytest

from github_avatars.errors import BadFile, InUse, NoSuchAccount, NotAPicture, Unreachable
from github_avatars.features import Features
from github_avatars.github import Account
from github_avatars.prediction import Prediction
from github_avatars.scan.results import PAGE
from github_avatars.scan.rows import UNSURE, Result, Row, make_row
from github_avatars.scan.store import Outcome, Store, account_key
from tests.support.processes import ROOT

MODEL = "0" * 64
LATER = "9999-12-31T23:59:59Z"
ZEKE, ANNA, SEVEN = Account("zeke", None), Account("anna", 12), Account(None, 7)
DEFAULT = Result.of_prediction(Prediction("default", 0.99, Features(300, 2, 0.0), account_id=3, verified=True))
CUSTOM = Result.of_prediction(Prediction("custom", 0.5, Features(0, 200, 0.9), account_id=12, href="https://a/b"))
FOREIGN = Result.of_prediction(Prediction("default", 0.99, Features(300, 2, 0.0), account_id=3, verified=False))
BROKEN = Result.of_error(Unreachable("github.com did not answer"))
UNKNOWN = Result.of_error(NoSuchAccount("unknown"))
NO_PICTURE = Result.of_error(NotAPicture("a web page"), account_id=5, href="https://c/d")


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "scan.db")


@pytest.fixture
def store(path: str) -> Iterator[Store]:
    with Store(path) as store:
        yield store


def begin(store: Store, *accounts: Account, model: str = MODEL, keep_pictures: bool = False) -> None:
    keyed = ((account_key(account), account) for account in accounts)
    store.begin(keyed, model, keep_pictures=keep_pictures)


def due_keys(store: Store, cutoff: str | None = None) -> list[str]:
    return [account.key for account in store.due(64, cutoff)]


def account_number(store: Store, key: str) -> int:
    ((number,),) = store.query("SELECT number FROM accounts WHERE name = ?", key)
    return int(number)


def write(store: Store, key: str, result: Result | None, etag: str | None = None, picture: bytes | None = None) -> None:
    store.write([Outcome(account_number(store, key), result, 64, etag, picture)])


def logins(store: Store) -> list[str | None]:
    return [row.login for row in store.rows(UNSURE)]


def test_repeated_account_is_due_once_and_has_a_row_each_time(store: Store) -> None:
    begin(store, ZEKE, ANNA, Account("Zeke", None), SEVEN, Account("anna-renamed", 12))
    assert due_keys(store) == ["@zeke", "#12", "#7"]
    assert store.count(None) == (5, 3, 3)
    write(store, "@zeke", DEFAULT)
    assert [(row.login, row.status) for row in store.rows(UNSURE)] == [
        ("zeke", "judged"),
        ("anna", "pending"),
        ("Zeke", "judged"),
        (None, "pending"),
        ("anna-renamed", "pending"),
    ]


def test_odd_login_never_has_the_key_of_another_account(store: Store) -> None:
    odd = ["#12", "@zeke", ":x", "", "\udcff", "\x00", "ZEKE\n"]
    begin(store, ZEKE, ANNA, *(Account(login, None) for login in odd))
    assert len(due_keys(store)) == 2 + len(odd)
    assert logins(store)[2:] == [*odd[:4], "\\udcff", *odd[5:]]


def test_due_accounts_have_what_the_request_needs(store: Store) -> None:
    begin(store, ZEKE, ANNA)
    write(store, "@zeke", DEFAULT, etag='"a"')
    with store.transaction() as connection:
        connection.execute("UPDATE accounts SET size = NULL WHERE name = '@zeke'")
    zeke, anna = store.due(64, LATER)
    assert (zeke.login, zeke.account_id, zeke.size, zeke.etag) == ("zeke", None, None, '"a"')
    assert (anna.login, anna.account_id, anna.size, anna.etag) == ("anna", 12, 64, None)


def test_due_accounts_are_paged_correctly_while_outcomes_are_written(store: Store) -> None:
    count = 2 * PAGE + 1
    begin(store, *(Account(f"a{number}", None) for number in range(count)))
    keys = []
    for account in store.due(64, None):
        keys.append(account.key)
        store.write([Outcome(account.number, DEFAULT if account.number % 2 else BROKEN)])
    assert keys == [f"@a{number}" for number in range(count)]
    assert logins(store) == [key[1:] for key in keys]
    assert len(list(store.rows_not_due(UNSURE, None))) == PAGE + 1


def test_results_are_read_as_they_were_written(path: str) -> None:
    assert CUSTOM.prediction
    partial = Result.of_prediction(
        replace(CUSTOM.prediction, verified=False), pictures=3, agreed=2, skipped_pictures="x.png: not-a-picture"
    )
    with Store(path) as store:
        begin(store, ZEKE, ANNA)
        write(store, "@zeke", partial)
        write(store, "#12", DEFAULT)
    with Store(path) as store:
        begin(store, ZEKE, ANNA)
        zeke, anna = store.rows(UNSURE)
        assert zeke.columns() == make_row(ZEKE, partial, zeke.checked).columns()
        assert anna.columns() == make_row(ANNA, DEFAULT, anna.checked).columns()
        assert (zeke.unsure, anna.unsure) == (True, False)
        assert zeke.prediction == replace(CUSTOM.prediction, verified=False, username="zeke")
        assert set(store.query("SELECT model, etag FROM accounts")) == {(MODEL, None)}


@pytest.mark.parametrize("failure", [BROKEN, NO_PICTURE], ids=lambda failure: failure.status)
def test_settled_account_is_not_due_but_a_host_failure_is(path: str, failure: Result) -> None:
    with Store(path) as store:
        begin(store, ZEKE, ANNA, SEVEN)
        write(store, "@zeke", UNKNOWN)
        write(store, "#12", failure)
    with Store(path) as store:
        begin(store, ZEKE, ANNA, SEVEN)
        assert due_keys(store) == ["#12", "#7"]
        assert due_keys(store, LATER) == ["@zeke", "#12", "#7"]
        assert [row.login for row in store.rows_not_due(UNSURE, None)] == ["zeke"]
        assert list(store.rows_not_due(UNSURE, LATER)) == []


@pytest.mark.parametrize("failure", [BROKEN, UNKNOWN, NO_PICTURE], ids=lambda failure: failure.status)
def test_prediction_survives_any_failure(store: Store, failure: Result) -> None:
    begin(store, ZEKE)
    write(store, "@zeke", DEFAULT, etag='"a"')
    (before,) = store.rows(UNSURE)
    for _ in range(2):
        write(store, "@zeke", failure)
        (during,) = store.rows(UNSURE)
        assert (during.status, during.prediction, during.unsure) == (failure.status, None, None)
        assert (during.error, during.pictures, during.agreed) == (failure.error, 0, 0)
        (account,) = store.due(64, None)
        assert (account.etag, account.judged) == ('"a"', False)
    write(store, "@zeke", None)
    assert due_keys(store) == []
    (after,) = store.rows(UNSURE)
    assert replace(after, checked=before.checked) == before


def test_accounts_classified_by_another_model_are_due(store: Store) -> None:
    begin(store, ZEKE, ANNA)
    write(store, "@zeke", DEFAULT, etag='"a"')
    write(store, "#12", UNKNOWN)
    begin(store, ZEKE, ANNA, model=MODEL)
    assert due_keys(store) == []
    begin(store, ZEKE, ANNA, model="1" * 64)
    (account,) = store.due(64, None)
    assert (account.key, account.etag) == ("@zeke", None)
    write(store, "@zeke", CUSTOM)
    assert due_keys(store) == []
    begin(store, ANNA, model=MODEL)
    assert due_keys(store) == []


def test_kept_picture_follows_the_result(store: Store) -> None:
    def pictures() -> list[bytes | None]:
        return [picture for _, picture in store.rows_with_pictures(UNSURE)]

    begin(store, ZEKE, ANNA, keep_pictures=True)
    write(store, "@zeke", CUSTOM, picture=b"1")
    assert pictures() == [b"1", None]
    for result in (None, BROKEN, UNKNOWN, NO_PICTURE):
        write(store, "@zeke", result)
        assert pictures() == [b"1", None]
    write(store, "@zeke", CUSTOM, picture=b"2")
    assert pictures() == [b"2", None]
    write(store, "@zeke", CUSTOM)
    assert pictures() == [None, None]


def test_accounts_without_a_kept_picture_are_due(store: Store) -> None:
    begin(store, ZEKE, ANNA)
    write(store, "@zeke", DEFAULT, etag='"a"')
    write(store, "#12", UNKNOWN)
    begin(store, ZEKE, ANNA)
    assert due_keys(store) == []
    begin(store, ZEKE, ANNA, keep_pictures=True)
    (account,) = store.due(None, None)
    assert (account.key, account.etag) == ("@zeke", None)
    write(store, "@zeke", DEFAULT, picture=b"1")
    begin(store, ZEKE, ANNA, keep_pictures=True)
    assert due_keys(store) == []


def test_times_of_the_picture_and_of_the_last_request(store: Store) -> None:
    begin(store, ZEKE, ANNA, SEVEN)
    write(store, "@zeke", DEFAULT)
    write(store, "#12", UNKNOWN)
    missing = store.query("SELECT fetched IS NULL, checked IS NULL FROM accounts ORDER BY number")
    assert missing == [(0, 0), (1, 0), (1, 1)]


def test_summary_counts_the_accounts_of_this_run(store: Store) -> None:
    begin(store, Account("earlier", None))
    write(store, "@earlier", DEFAULT)
    begin(store, ZEKE, ZEKE, ANNA, SEVEN, Account("thief", 9), Account("late", None))
    write(store, "@zeke", DEFAULT)
    write(store, "#12", CUSTOM)
    write(store, "#7", BROKEN)
    write(store, "#9", FOREIGN)
    summary = store.summary(UNSURE)
    assert summary.counts == {"default": 2, "custom": 1, "unreachable": 1, "pending": 1}
    assert (summary.inputs, summary.pending, summary.unsure, summary.not_own) == (6, 1, 1, 1)


def test_batch_is_written_completely_or_not_at_all(store: Store) -> None:
    begin(store, ZEKE, ANNA)
    invalid = replace(DEFAULT, pictures="many")  # type: ignore[arg-type]
    with pytest.raises(BadFile, match="cannot be used"):
        store.write([Outcome(account_number(store, "@zeke"), DEFAULT), Outcome(2, invalid)])
    assert due_keys(store) == ["@zeke", "#12"]


def test_only_one_program_can_open_a_store(store: Store, path: str) -> None:
    with pytest.raises(InUse, match=r"scan\.db is in use by another run"):
        Store(path)
    program = f"from github_avatars.scan.store import Store; Store({path!r})"
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert "is in use by another run" in ran.stderr
    store.close()
    Store(path).close()


def test_other_files_are_refused_and_unchanged(tmp_path: Path) -> None:
    foreign = tmp_path / "foreign.db"
    connection = sqlite3.connect(foreign)
    connection.execute("CREATE TABLE accounts (balance)")
    connection.close()
    (tmp_path / "text").write_bytes(b"octocat\n" * 100)
    for path, reason in ((foreign, "not the store"), (tmp_path / "text", "not a database"), (tmp_path, "unable")):
        content = path.read_bytes() if path.is_file() else b""
        with pytest.raises(BadFile, match=reason):
            Store(path)
        assert path.is_dir() or path.read_bytes() == content


def test_damaged_store_is_refused_and_unchanged(path: str) -> None:
    with Store(path) as store:
        begin(store, *(Account(f"a{number}", None) for number in range(2000)))
    data = bytearray(Path(path).read_bytes())
    data[8192:] = bytes(len(data) - 8192)
    Path(path).write_bytes(data)
    with pytest.raises(BadFile, match=r"scan\.db is damaged \(.*\): restore a copy, or give another path"):
        Store(path)
    assert Path(path).read_bytes() == data
    assert [file.name for file in Path(path).parent.iterdir()] == ["scan.db"]


def filled(path: str, accounts: int) -> None:
    """Create a store with default, custom and unknown accounts."""
    with Store(path) as store:
        begin(store, *(Account(f"account-{number}", None) for number in range(accounts)), keep_pictures=True)
        results = cycle([DEFAULT, CUSTOM, DEFAULT, UNKNOWN, DEFAULT])
        store.write(
            [
                Outcome(due.number, result, 64, f'"{due.key}"')
                for due, result in zip(store.due(64, None), results, strict=False)
            ]
        )
        store.end("complete")


def test_flipped_bits_never_change_rows(path: str) -> None:
    filled(path, 300)
    data = Path(path).read_bytes()

    def rows() -> list[Row]:
        with Store(path) as store:
            begin(store, *(Account(f"account-{number}", None) for number in range(300)))
            return list(store.rows(UNSURE))

    expected = rows()
    detected = 0
    generator = random.Random(1)
    for _ in range(100):
        damaged = bytearray(data)
        for bit in generator.sample(range(8 * len(data)), 3):
            damaged[bit // 8] ^= 1 << bit % 8
        Path(path).write_bytes(damaged)
        try:
            assert rows() == expected
        except BadFile:
            detected += 1
    assert detected > 50


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ("UPDATE accounts SET probability = 0.98 WHERE number = 1", "the checksum of account 1 is wrong"),
        ("UPDATE accounts SET label = 'custom' WHERE number = 3", "the checksum of account 3 is wrong"),
        ("UPDATE accounts SET login = CAST(x'ff' AS TEXT) WHERE number = 1", "an account is not UTF-8"),
        ("DELETE FROM accounts WHERE number = 2", "a row belongs to no account"),
        ("INSERT INTO edges VALUES (1, 99)", "a row belongs to no account"),
        ("DROP VIEW found; CREATE VIEW found AS SELECT * FROM accounts", "its tables are not those of a scan"),
    ],
)
def test_values_that_the_store_did_not_write_are_refused(path: str, damage: str, message: str) -> None:
    filled(path, 6)
    connection = sqlite3.connect(path)
    # Without the trigger, like a flipped bit, the change leaves the checksum as it is.
    connection.executescript(f"DROP TRIGGER accounts_changed; {damage}")
    connection.close()
    with pytest.raises(BadFile, match=rf"scan\.db is damaged \({message}\): restore a copy"):
        Store(path)


def test_other_programs_can_change_an_account(path: str) -> None:
    filled(path, 6)
    connection = sqlite3.connect(path)
    connection.executescript("UPDATE accounts SET label = 'custom' WHERE number = 1")
    connection.close()
    for _ in range(2):
        with Store(path) as store:
            assert next(store.rows(UNSURE)).label_or_status == "custom"
            begin(store, Account("account-0", None))


WITHOUT_CHECKSUMS = "DROP TRIGGER accounts_changed; ALTER TABLE accounts DROP COLUMN crc"


@pytest.mark.parametrize("change", ["", WITHOUT_CHECKSUMS], ids=["version 1", "without checksums"])
def test_store_of_an_earlier_version_is_converted(path: str, change: str) -> None:
    connection = sqlite3.connect(path)
    connection.executescript((Path(__file__).parent / "store-version-1.sql").read_text() + change)
    connection.close()
    for _ in range(2):
        with Store(path) as store:
            assert [(row.login, row.account_id, row.label_or_status, row.email) for row in store.rows(UNSURE)] == [
                ("zeke", 3, "default", None),
                ("anna", 12, "custom", None),
                ("hans", None, "no-such-account", None),
                (None, 7, "pending", None),
            ]
            with store.transaction() as connection:
                store.add_edges(connection, [("@zeke", "#12")])
            assert list(store.edges()) == [(1, 2)]
    with Store(path) as store:
        begin(store, ZEKE, ANNA, Account("hans"), SEVEN)
        assert due_keys(store) == ["#7"]
        assert store.query("SELECT count(*) FROM accounts WHERE crc IS NULL") == [(0,)]
    Store(path).close()


def test_apps_in_a_store_of_an_earlier_version_are_due(path: str) -> None:
    connection = sqlite3.connect(path)
    connection.executescript((Path(__file__).parent / "store-version-1.sql").read_text())
    connection.executescript("UPDATE accounts SET login = 'x-ci[bot]' WHERE number = 2")
    connection.close()
    with Store(path) as store:
        begin(store, ZEKE, Account("x-ci[bot]", 12))
        assert due_keys(store) == ["#12"]


def test_damage_of_a_store_of_an_earlier_version_is_detected(path: str) -> None:
    connection = sqlite3.connect(path)
    connection.executescript((Path(__file__).parent / "store-version-1.sql").read_text())
    connection.executescript("UPDATE accounts SET crc = 1 WHERE number = 1")
    connection.close()
    with pytest.raises(BadFile, match="the checksum of account 1 is wrong"):
        Store(path)


def test_address_of_an_avatar_and_a_commit_address_are_kept(path: str) -> None:
    app, someone = Account("x-ci[bot]", 9, "https://a.test/in/3"), Account(None, email="Someone@example.com")
    logo = Account(None, avatar_url="https://a.test/in/4")
    with Store(path) as store:
        begin(store, replace(app, avatar_url=None), someone, logo)
        write(store, "#9", CUSTOM)
        begin(store, app, someone, logo)
        first, second, third = store.due(64, None)
    assert (first.login, first.account_id, first.avatar_url) == ("x-ci[bot]", 9, "https://a.test/in/3")
    assert (second.key, second.email) == ("<Someone@example.com>", "Someone@example.com")
    assert (third.key, third.avatar_url) == ("<https://a.test/in/4>", "https://a.test/in/4")
    with Store(path) as store:
        assert [(row.login, row.email) for row in store.rows(UNSURE)] == [
            ("x-ci[bot]", None),
            (None, "Someone@example.com"),
            (None, None),
        ]


def test_edges_are_kept_once_in_the_order_of_their_accounts(path: str) -> None:
    accounts = [Account(f"a{number}") for number in range(60)]
    keys = [account_key(account) for account in accounts]
    pairs = [(follower, followed) for follower in range(60) for followed in range(60) if follower != followed]
    shuffled = random.Random(1).sample(pairs, len(pairs))
    with Store(path) as store:
        begin(store, *accounts)
        for _ in range(2):
            with store.transaction() as connection:
                store.add_edges(connection, ((keys[follower], keys[followed]) for follower, followed in shuffled))
    with Store(path) as store:
        begin(store, ZEKE)
        assert len(pairs) > 2 * PAGE
        assert list(store.edges()) == [(follower + 1, followed + 1) for follower, followed in pairs]


def test_edges_are_written_with_the_rest_of_a_transaction_or_not_at_all(store: Store) -> None:
    begin(store, ZEKE, ANNA)
    with pytest.raises(KeyboardInterrupt), store.transaction() as connection:
        store.add_edges(connection, [("@zeke", "#12")])
        raise KeyboardInterrupt
    with pytest.raises(BadFile, match="NOT NULL"), store.transaction() as connection:
        store.add_edges(connection, [("@zeke", "#12"), ("@zeke", "@nobody")])
    assert list(store.edges()) == []


def test_other_programs_can_read_the_file(path: str) -> None:
    with Store(path) as store:
        begin(store, ZEKE, ANNA)
        write(store, "@zeke", DEFAULT)
        store.end("complete")
    connection = sqlite3.connect(path)
    results = connection.execute("SELECT login, label FROM found WHERE status = 'judged'").fetchall()
    runs = connection.execute("SELECT outcome, model FROM runs WHERE ended >= started").fetchall()
    connection.close()
    assert results == [("zeke", "default")]
    assert runs == [("complete", MODEL)]
