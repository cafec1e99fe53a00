"""Scans with profiles from the stand-in's GraphQL API."""

import csv
import io
import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from github_avatars.cli import command_line
from github_avatars.demo import AVATARS, MODES, GitHubStandIn, responding
from github_avatars.demo.graphql import PATH
from github_avatars.errors import BadOption, BadToken, RateLimited, Unreachable
from github_avatars.github import Account, rate_limit
from github_avatars.scan import Observer, Row, Scan, ScanOptions, Sources, scan
from github_avatars.scan.rows import COLUMNS, PROFILE_COLUMNS, redactor
from github_avatars.training import dataset
from tests.support.avatars import needs_original

EXAMPLES = dataset.read_index(AVATARS)[::3]
LOGINS = [example.login for example in EXAMPLES]
TOKEN = "ghp_0123456789tokentokentoken"
OPTIONS = ScanOptions(profiles=True, ordered=True)

pytestmark = pytest.mark.alone


@pytest.fixture(autouse=True)
def standin(github: GitHubStandIn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[GitHubStandIn]:
    monkeypatch.setenv("GITHUB_URL", github.url)
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    monkeypatch.chdir(tmp_path)
    yield github
    github.graphql.hidden, github.graphql.failing = set(), set()
    github.graphql.rate_limit.limit = 5000


def by_login(rows: Iterator[Row]) -> dict[str | None, Row]:
    return {row.login: row for row in rows}


def test_profiles_and_verified_avatars_need_one_request_and_one_query_per_hundred(standin: GitHubStandIn) -> None:
    rows = by_login(scan(LOGINS, OPTIONS))
    for example in EXAMPLES:
        row = rows[example.login]
        assert row.prediction
        is_compared = example.label == "default" or needs_original(example)
        assert row.prediction.verified is ((example.label == "default") if is_compared else None)
        assert row.profile
        assert row.account_id == row.profile.account_id == example.account_id
        assert row.profile.type == ("User" if example.account_id % 10 else "Organization")
        assert row.profile.public_repositories == example.account_id % 100
    assert standin.requests.pop(PATH) == -(-len(LOGINS) // 100)
    assert standin.requests == {
        **{f"/u/{example.account_id}?v=4&s=64": 1 for example in EXAMPLES},
        **{f"/u/{example.account_id}?v=4": 1 for example in EXAMPLES if needs_original(example)},
    }


def test_account_without_a_profile_has_a_status(standin: GitHubStandIn) -> None:
    hidden, failing, gone, fine = EXAMPLES[:4]
    standin.graphql.hidden, standin.graphql.failing = {hidden.login, gone.login}, {failing.login}
    standin.faults[f"/{gone.login}"] = responding(404)
    sources = [hidden.login, failing.login, gone.login, fine.login, "nobody", "x-ci[bot]"]
    rows = by_login(scan(Sources([*map(Account, sources), Account(None, email="nobody@example.com")]), OPTIONS))
    assert {login: row.status for login, row in rows.items()} == {
        hidden.login: "no-profile",
        failing.login: "refused",
        gone.login: "no-such-account",
        fine.login: "judged",
        "nobody": "no-such-account",
        "x-ci[bot]": "bot",
        None: "unknown-address",
    }
    assert "it is suspended, deleted" in str(rows[hidden.login].error)
    assert "refuses the profile" in str(rows[failing.login].error)


def test_known_accounts_get_profiles_in_a_later_scan(standin: GitHubStandIn) -> None:
    options = ScanOptions(db="scan.db", ordered=True)
    before = list(scan(LOGINS, options))
    standin.requests.clear()
    after = list(scan(LOGINS, replace(options, profiles=True)))
    assert [row.label_or_status for row in after] == [row.label_or_status for row in before]
    assert all(row.profile for row in after)
    standin.requests.clear()
    assert list(scan(LOGINS, replace(options, profiles=True))) == after
    assert not standin.requests
    connection = sqlite3.connect("scan.db")
    kinds = connection.execute("SELECT type, count(*) FROM profiles GROUP BY type").fetchall()
    connection.close()
    assert dict(kinds) == Counter("User" if example.account_id % 10 else "Organization" for example in EXAMPLES)


def test_interrupted_scan_resumes_with_profiles() -> None:
    options = replace(OPTIONS, db="scan.db", ordered=False)
    with Scan(LOGINS, options) as running:
        for number, _ in enumerate(running.rows()):
            if number == 40:
                break
    assert by_login(scan(LOGINS, options)).keys() == set(LOGINS)
    assert all(row.profile for row in scan(LOGINS, options))


def test_rate_limit_of_profiles_is_waited_for(standin: GitHubStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(rate_limit, "MARGIN", rate_limit.MARGIN / 100)

    class Recorder(Observer):
        def wait(self, seconds: float) -> None:
            waits.append(seconds)
            standin.mode = None

    standin.mode = MODES["graphql-secondary-limit"]
    monkeypatch.setattr(rate_limit, "DEFAULT_WAIT", rate_limit.MARGIN)
    rows = list(scan(LOGINS[:5], OPTIONS, observer=Recorder()))
    assert all(row.profile for row in rows)
    assert waits


@pytest.mark.parametrize(
    ("mode", "error"), [("graphql-rate-limit", RateLimited), ("graphql-502", Unreachable), (None, BadToken)]
)
def test_failure_of_the_api_ends_the_scan_with_a_row_for_each_input(
    standin: GitHubStandIn, mode: str | None, error: type[Exception]
) -> None:
    standin.mode = MODES[mode] if mode else None
    standin.rest.token = None if mode else "another"
    rows = []
    with Scan(LOGINS, replace(OPTIONS, wait=False)) as running:
        remaining = running.rows()
        with pytest.raises(error):
            while True:
                rows.append(next(remaining))
    assert [row.status for row in rows] == ["pending"] * len(LOGINS)
    standin.mode = standin.rest.token = None
    assert all(row.profile for row in scan(LOGINS[:3], OPTIONS))


def test_profiles_need_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_TOKEN")
    with pytest.raises(BadOption, match="--profiles needs a token"):
        list(scan(LOGINS, OPTIONS))


@pytest.mark.parametrize("name", ["jsonl", "csv", "table", "parquet"])
def test_every_format_has_the_columns(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if name == "parquet":
        pytest.importorskip("pyarrow", reason="Parquet needs pyarrow")
    user = next(example for example in EXAMPLES if example.account_id % 30)
    words = ["scan", user.login, "nobody", "--profiles", "--ordered", "--db", ":memory:", "--format", name]
    assert command_line.main([*words, "-o", "rows"]) == 0
    capsys.readouterr()
    readers: dict[str, Callable[[bytes], list[dict[str, object]]]] = {
        "jsonl": lambda data: [json.loads(line) for line in data.splitlines()],
        "csv": lambda data: list(csv.DictReader(io.StringIO(data.decode()))),
        "parquet": _read_parquet,
    }
    data = (tmp_path / "rows").read_bytes()
    if name == "table":
        line = data.decode().splitlines()[1]
        assert f"type User, created_at {2008 + user.account_id % 16}-01-02T03:04:05Z, name {user.login.title()}" in line
        assert f"followers {user.account_id % 1000}" in line
        return
    first, nobody = readers[name](data)
    assert list(first) == [*COLUMNS, *PROFILE_COLUMNS]
    assert first["name"] == user.login.title()
    assert str(first["followers"]) == str(user.account_id % 1000)
    assert not any(nobody[column] for column in PROFILE_COLUMNS)


def _read_parquet(data: bytes) -> list[dict[str, object]]:
    from pyarrow import parquet

    rows: list[dict[str, object]] = parquet.read_table(io.BytesIO(data)).to_pylist()
    return rows


def test_profiles_are_redacted() -> None:
    (row,) = scan([LOGINS[0]], OPTIONS)
    columns = redactor()(row.columns(profiles=True))
    assert all(columns[name] is None for name in PROFILE_COLUMNS)
    assert PROFILE_COLUMNS.keys() <= columns.keys()
    assert not PROFILE_COLUMNS.keys() & redactor()(row.columns()).keys()
