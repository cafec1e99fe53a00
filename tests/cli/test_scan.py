"""The command scan, in this process."""

import csv
import gzip
import io
import json
import os
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from github_avatars import classify, identicon
from github_avatars.cli import command_line
from github_avatars.demo import AVATARS, GitHubStandIn, responding
from github_avatars.scan import ScanOptions
from github_avatars.scan.rows import COLUMNS
from github_avatars.scan.store import Outcome, Store
from github_avatars.training import dataset
from tests.support.repositories import create
from tests.support.timing import wait_until

EXAMPLES = dataset.read_index(AVATARS)
SOME = [example.login for example in EXAMPLES[::40]]

Scan = Callable[..., tuple[int, str, str]]


@pytest.fixture
def scan(
    github: GitHubStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Scan:
    """Runs the command with its store in tmp_path; returns the exit code and the text on both streams."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GITHUB_URL", github.url)
    monkeypatch.delenv("GITHUB_AVATARS_REDACT_KEY", raising=False)

    def scan(*words: str | Path) -> tuple[int, str, str]:
        code = command_line.main(["scan", *map(str, words)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return scan


def parse(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def scan_rows(scan: Scan, *words: str | Path) -> list[dict[str, Any]]:
    """The rows of a successful scan."""
    code, out, err = scan(*words, "--format", "jsonl")
    assert code == 0, err
    return parse(out)


def scan_error(scan: Scan, *words: str | Path) -> str:
    """The error of a refused command."""
    code, out, err = scan(*words)
    assert (code, out) == (1, "")
    assert len(err.splitlines()) == 1
    return err


def test_every_input_has_a_row(scan: Scan, tmp_path: Path) -> None:
    (tmp_path / "logins.txt").write_text("octocat # a cat\nDefault-0\nnobody\ndefault-0\nb@d\n")
    rows = scan_rows(scan, "logins.txt", "default-1", "--ordered")
    assert [(row["login"], row["status"], row["label"]) for row in rows] == [
        ("octocat", "judged", "custom"),
        ("Default-0", "judged", "default"),
        ("nobody", "no-such-account", None),
        ("default-0", "judged", "default"),
        ("b@d", "bad-login", None),
        ("default-1", "judged", "default"),
    ]
    assert all(list(row) == list(COLUMNS) for row in rows)
    assert "has no account nobody" in rows[2]["error"]


def test_rows_come_as_they_arrive_or_in_order(scan: Scan, github: GitHubStandIn) -> None:
    def wait_for_the_last(_: Any) -> bool:
        wait_until(lambda: github.requests[f"/{SOME[-1]}?s=64"])
        return False

    github.faults[f"/{SOME[0]}"] = wait_for_the_last
    as_they_arrive = scan_rows(scan, *SOME, "--db", ":memory:")
    ordered = scan_rows(scan, *SOME, "--db", ":memory:", "--ordered")
    assert [row["login"] for row in ordered] == SOME
    assert [row["login"] for row in as_they_arrive] != SOME
    assert {row["login"] for row in as_they_arrive} == set(SOME)


def test_known_accounts_have_rows_without_requests(scan: Scan, github: GitHubStandIn) -> None:
    first = scan_rows(scan, *SOME, "--ordered")
    requests = github.requests.total()
    again = scan_rows(scan, *SOME, "default-3")
    assert again[:-1] == first
    assert github.requests.total() == requests + 2


@pytest.mark.parametrize("name", ["table", "jsonl", "csv"])
def test_text_formats(scan: Scan, tmp_path: Path, name: str) -> None:
    words = ("octocat", "default-0", "nobody", "--ordered", "--format", name)
    code, out, _ = scan(*words)
    assert code == 0
    assert scan(*words, "-o", f"rows.{name}")[:2] == (0, "")
    assert (tmp_path / f"rows.{name}").read_text() == out
    if name == "table":
        files = {example.login: AVATARS / example.file for example in EXAMPLES}
        probabilities = {login: f"{classify(files[login]).probability:.4f}" for login in ("octocat", "default-0")}
        assert [line.split() for line in out.splitlines()] == [
            ["account", "avatar", "probability", "notes"],
            ["octocat", "custom", probabilities["octocat"]],
            ["default-0", "default", probabilities["default-0"], "verified"],
            ["nobody", "no-such-account"],
        ]
    elif name == "csv":
        rows = list(csv.DictReader(io.StringIO(out)))
        assert [row["label"] for row in rows] == ["custom", "default", ""]
        assert (rows[1]["verified"], rows[1]["unsure"], rows[0]["verified"]) == ("true", "false", "")
        assert list(rows[0]) == list(COLUMNS)


def test_parquet_has_the_same_rows_with_types(scan: Scan, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="Parquet needs pyarrow")
    expected = scan_rows(scan, *SOME, "nobody", "--ordered")
    assert scan(*SOME, "nobody", "--ordered", "-o", "rows.parquet")[:2] == (0, "")
    table = parquet.read_table(tmp_path / "rows.parquet")
    assert table.to_pylist() == expected
    assert [str(field.type) for field in table.schema][:10] == [
        *("string", "int64", "string", "bool", "int64", "string", "string", "double", "bool", "bool")
    ]


def test_name_of_the_file_determines_the_format(scan: Scan, tmp_path: Path) -> None:
    for name in ("rows.jsonl", "rows.csv", "rows.txt"):
        assert scan("octocat", "-o", name)[0] == 0
    starts = [(tmp_path / name).read_text()[:8] for name in ("rows.jsonl", "rows.csv", "rows.txt")]
    assert starts == ['{"login"', "login,ac", "account "]
    assert sorted(path.name for path in tmp_path.glob("*rows*")) == ["rows.csv", "rows.jsonl", "rows.txt"]


@pytest.mark.parametrize(
    ("name", "data", "problem"),
    [
        ("list.csv", 'login,note\noctocat,x\nzeke,"y\nanna,z\n', "is not CSV (line 3: a quote is not closed)"),
        ("list.json", '[{"login": "octocat"},\n{"login": "zeke"}', "is not JSON (line 2: an array is not closed)"),
        ("list.txt", "octocat\n" * 50_000 + "\0\n", "is not a text file (line 50001)"),
        ("list.parquet", "PAR1 octocat", "cannot be read as Parquet ("),
    ],
)
def test_file_that_cannot_be_read_completely_is_refused_before_a_request(
    scan: Scan, github: GitHubStandIn, tmp_path: Path, name: str, data: str, problem: str
) -> None:
    (tmp_path / name).write_text(data)
    assert f"{name} {problem}" in scan_error(scan, "octocat", name)
    assert not github.requests


def test_every_spelling_has_a_row(scan: Scan, tmp_path: Path) -> None:
    account_id = next(example.account_id for example in EXAMPLES if example.login == "octocat")
    by_login = ["octocat", "@octocat", "https://github.com/octocat", "github.com/octocat.png"]
    by_id = [f"u/{account_id}", f"https://avatars.githubusercontent.com/u/{account_id}?v=4"]
    (tmp_path / "list.txt").write_text("\n".join([*by_login, *by_id]))
    for words in (by_login + by_id, ["list.txt"]):
        rows = scan_rows(scan, *words, "--ordered", "--db", ":memory:", "--via", "page")
        assert [row["login"] for row in rows] == ["octocat"] * 4 + [None] * 2
        assert {(row["label"], row["account_id"]) for row in rows} == {("custom", account_id)}


def test_failed_scan_leaves_no_partial_file(scan: Scan, tmp_path: Path) -> None:
    (tmp_path / "logins.txt").write_bytes(b"octocat\n\0\n")
    (tmp_path / "rows.csv").write_text("earlier")
    code, _, err = scan("logins.txt", "-o", "rows.csv")
    assert code == 1
    assert "logins.txt is not a text file (line 2)" in err
    assert (tmp_path / "rows.csv").read_text() == "earlier"
    assert not list(tmp_path.glob(".*"))


def test_control_characters_in_a_login_are_not_printed(scan: Scan, tmp_path: Path) -> None:
    (tmp_path / "logins.txt").write_text("\x1b[2Jzeke\n" + "a" * 10_000 + "\n")
    code, out, _ = scan("logins.txt")
    assert code == 0
    assert "\x1b" not in out
    assert all(len(line) < 120 for line in out.splitlines())


def test_redacted_rows_do_not_identify_accounts(scan: Scan, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("octocat", "OCTOCAT", "default-0", "nobody", "--ordered", "--redact")
    first, second = scan_rows(scan, *words), scan_rows(scan, *words)
    hashes = [row["login"] for row in first]
    assert hashes[0] == hashes[1]
    assert len(set(hashes)) == 3
    assert not set(hashes) & {row["login"] for row in second}
    assert [row["label"] for row in first] == ["custom", "custom", "default", None]
    text = json.dumps(first)
    assert all(known not in text for known in ("octocat", "default-0", "nobody", "http", "2108050"))
    assert first[0]["probability"] == 0
    assert all(list(row) == list(COLUMNS) for row in first)
    monkeypatch.setenv("GITHUB_AVATARS_REDACT_KEY", "secret")
    assert scan_rows(scan, *words) == scan_rows(scan, *words)


def test_account_ids_in_a_csv_file_save_requests(scan: Scan, github: GitHubStandIn, tmp_path: Path) -> None:
    lines = [f"{example.login},{example.account_id}" for example in EXAMPLES[::40]]
    (tmp_path / "events.csv").write_text("\n".join(["actor_login,actor_id", *lines]))
    rows = scan_rows(scan, "events.csv", "--ordered")
    assert [row["label"] for row in rows] == [example.label for example in EXAMPLES[::40]]
    assert all(path.startswith("/u/") for path in github.requests)


def test_pictures_on_disk(scan: Scan, github: GitHubStandIn, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    (folder / "zeke").mkdir(parents=True)
    identicon.render(1).save(folder / "zeke/small.png")
    identicon.render(1).save(folder / "zeke/large.png")
    (folder / "zeke/notes.txt").touch()
    identicon.render(2).save(folder / "anna.png")
    _, out, _ = scan("--images", "pictures")
    assert [line.split() for line in out.splitlines()[1:]] == [
        ["anna", "default", "1.0000"],
        ["zeke", "default", "1.0000", "2", "of", "2", "agree"],
    ]
    anna, zeke = scan_rows(scan, "--images", "pictures", "--ordered")
    assert (anna["login"], anna["label"], anna["href"]) == ("anna", "default", "pictures/anna.png")
    assert (zeke["pictures"], zeke["agreed"], zeke["left_out"]) == (2, 2, "notes.txt: not-a-picture")
    assert not github.requests


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="only Linux can keep threads on a processor")
def test_accounts_are_scanned_on_one_processor_and_pictures_on_all(
    scan: Scan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    allowed, used, write = os.sched_getaffinity(0), [], Store.write

    def record_and_write(store: Store, outcomes: Iterable[Outcome]) -> None:
        used.append(os.sched_getaffinity(0))
        write(store, outcomes)

    monkeypatch.setattr(Store, "write", record_and_write)
    (tmp_path / "pictures").mkdir()
    identicon.render(1).save(tmp_path / "pictures/zeke.png")
    scan_rows(scan, "octocat")
    scan_rows(scan, "--images", "pictures")
    assert list(map(len, used)) == [1, len(allowed)]
    assert os.sched_getaffinity(0) == allowed


def test_kept_pictures_are_the_originals(scan: Scan, tmp_path: Path) -> None:
    scan_rows(scan, "octocat", "--keep-pictures")
    connection = sqlite3.connect(tmp_path / "scan.db")
    ((picture,),) = connection.execute("SELECT data FROM pictures")
    connection.close()
    octocat = next(example for example in EXAMPLES if example.login == "octocat")
    assert picture == (AVATARS / octocat.file).read_bytes()


def test_summary_on_standard_error(scan: Scan, tmp_path: Path) -> None:
    (tmp_path / "logins.txt").write_text("octocat\nOctocat\ndefault-0\nnobody\nb@d")
    _, _, err = scan("logins.txt")
    assert err.splitlines()[-3:] == [
        "5 rows, 4 accounts: 1 default, 1 custom, 2 failed (1 bad-login, 1 no-such-account)",
        "of those classified, 50.0 % are default (95 % interval: 9.4–90.6 %)",
        "for review: 0 unsure (0.05..0.95), 0 with an identicon that is not their own",
    ]
    assert "4/4" in err
    _, _, err = scan("octocat", "default-0", "--unsure", "0..0.5")
    assert "for review: 1 unsure (0..0.5)" in err


def test_progress_bar_counts_labels_and_errors(scan: Scan) -> None:
    _, _, err = scan(*SOME, "nobody")
    bar = err.splitlines()[-4].rpartition("\r")[2]
    assert f"{len(SOME) + 1}/{len(SOME) + 1}" in bar
    assert all(text in bar for text in ("account/s", " default", " custom", "1 no-such-account"))


def test_expansion_scans_the_followers(scan: Scan, github: GitHubStandIn) -> None:
    first, second, third = EXAMPLES[:3]
    words = (third.login, "--depth", "1", "--only", third.label, "--ordered")
    assert [(row["login"], row["depth"]) for row in scan_rows(scan, *words)] == [
        (third.login, 0),
        (first.login, 1),
        (second.login, 1),
    ]
    _, _, err = scan(*words, "--following", "--limit", "200", "--db", ":memory:")
    bar = err.rpartition("\r")[2].splitlines()[0]
    assert err.startswith("note: Up to 200 accounts need about 200 requests for avatars, and up to about 3 for lists")
    assert bar.startswith("depth 1: avatars, ")
    assert "API requests left: 100%" in bar
    assert "200/200" in bar
    assert any(f"/users/{third.login}/following" in path for path in github.requests)


def test_summary_of_failures_only_has_no_percentage(scan: Scan) -> None:
    code, _, err = scan("nobody")
    assert code == 0
    assert "1 row, 1 account: 0 default, 0 custom, 1 failed (1 no-such-account)\nfor review" in err


def test_impossible_options_are_one_line(scan: Scan, tmp_path: Path) -> None:
    assert "neither was given" in scan_error(scan)
    assert "both was given" in scan_error(scan, "octocat", "--images", tmp_path)
    assert "b@d" in scan_error(scan, "b@d")
    assert "gone cannot be read" in scan_error(scan, "--images", tmp_path / "gone")
    assert "--refresh is 'soon'" in scan_error(scan, "octocat", "--refresh", "soon")
    for age in ("36501d", "999999d"):
        assert "give 0 to 36,500 days" in scan_error(scan, "octocat", "--refresh", age)
    assert "apply to the accounts that --depth adds" in scan_error(scan, "octocat", "--only", "default")
    assert "apply to the accounts that --depth adds" in scan_error(scan, "octocat", "--limit", "9")
    assert "The depth is 0" in scan_error(scan, "octocat", "--depth", "0")
    assert "have no followers" in scan_error(scan, "--images", tmp_path, "--depth", "1")
    assert "concurrency is 0" in scan_error(scan, "octocat", "--concurrency", "0")
    assert "rate is nan" in scan_error(scan, "octocat", "--rate", "nan")
    assert "gone/rows.csv cannot be written" in scan_error(scan, "octocat", "-o", tmp_path / "gone/rows.csv")
    assert "cannot be used" in scan_error(scan, "octocat", "--db", tmp_path)
    (tmp_path / "notes.txt").write_text("octocat\n" * 1000)
    assert "notes.txt cannot be used" in scan_error(scan, "octocat", "--db", "notes.txt")


def test_formulas_in_csv_are_escaped_and_read_back(scan: Scan, tmp_path: Path) -> None:
    logins = ["=1+1", "+1", "-1", "@sum of", "'=1", "''@x", "'zeke", "zeke", "a=b", "-Jerry-"]
    escaped = {"=1+1", "+1", "-1", "@sum of", "'=1", "''@x", "-Jerry-"}
    (tmp_path / "logins.txt").write_text("\n".join(logins))
    assert scan("logins.txt", "--ordered", "-o", "rows.csv")[0] == 0
    with (tmp_path / "rows.csv").open(newline="") as file:
        cells = [row["login"] for row in csv.DictReader(file)]
    assert cells == [f"'{login}" if login in escaped else login for login in logins]
    assert [row["login"] for row in scan_rows(scan, "rows.csv", "--ordered")] == logins
    assert [row["login"] for row in scan_rows(scan, "logins.txt", "--ordered")] == logins


@pytest.mark.parametrize("text", ["", "0.5", "0.9..0.1", "-1..0.5", "0..1.5", "nan..1", "0..nan", "a..b", "0...5..1"])
def test_impossible_unsure_range_is_refused(scan: Scan, text: str) -> None:
    assert "unsure range" in scan_error(scan, "octocat", f"--unsure={text}")


def test_defaults_are_those_of_the_python_api(monkeypatch: pytest.MonkeyPatch) -> None:
    options: list[ScanOptions] = []

    class Stop(Exception):
        pass

    def record(_: object, given: ScanOptions, **__: object) -> None:
        options.append(given)
        raise Stop

    monkeypatch.setattr("github_avatars.scan.Scan", record)
    with pytest.raises(Stop):
        command_line.main(["scan", "octocat"])
    assert options == [ScanOptions(db="scan.db")]


def test_refresh_requests_only_changes(scan: Scan, github: GitHubStandIn) -> None:
    first = scan_rows(scan, *SOME, "nobody", "--ordered")
    with sqlite3.connect("scan.db") as connection:
        connection.execute("UPDATE accounts SET checked = '2020-01-01T00:00:00Z'")
    connection.close()
    github.requests.clear()
    assert scan_rows(scan, *SOME, "--ordered", "--refresh", "9999d") == [
        {**row, "checked": "2020-01-01T00:00:00Z"} for row in first[:-1]
    ]
    assert not github.requests
    code, out, err = scan(*SOME, "nobody", "--ordered", "--refresh", "30d", "--format", "jsonl")
    assert code == 0
    again = parse(out)
    assert [{**row, "checked": None} for row in again] == [{**row, "checked": None} for row in first]
    assert all(row["checked"] > "2020-01-02" for row in again)
    assert f"{len(SOME)} unchanged" in err
    assert github.requests.total() == len(SOME) + 1


def test_refresh_classifies_a_new_avatar(scan: Scan, github: GitHubStandIn) -> None:
    octocat = next(example for example in EXAMPLES if example.login == "octocat")
    assert scan_rows(scan, "octocat")[0]["label"] == "custom"
    file = io.BytesIO()
    identicon.render(octocat.account_id).save(file, "PNG")
    github.faults["/octocat"] = responding(200, {"ETag": '"new"'}, file.getvalue())
    assert scan_rows(scan, "octocat")[0]["label"] == "custom"
    # The store has whole seconds: a check in the current second is not older than 0 seconds.
    wait_until(lambda: scan_rows(scan, "octocat", "--refresh", "0s")[0]["label"] == "default")
    (row,) = scan_rows(scan, "octocat")
    assert (row["label"], row["verified"]) == ("default", True)


def test_rate_limit_ends_a_scan_that_does_not_wait(scan: Scan, github: GitHubStandIn) -> None:
    github.faults[f"/{SOME[5]}"] = responding(429, {"Retry-After": "3600"})
    for extra in ((), ("--ordered",)):
        code, out, err = scan(*SOME, "--no-wait", "--format", "jsonl", *extra)
        assert code == 1
        last = err.splitlines()[-1]
        assert last.startswith("error: ")
        assert "retry after" in last
        assert "The results so far are in scan.db: run the same command again to resume" in last
        statuses = Counter(row["status"] for row in parse(out))
        assert statuses["judged"] >= 5
        assert statuses["pending"] >= 1
        assert statuses.total() == len(SOME)
        assert f"{statuses['pending']} not requested yet" in err
    del github.faults[f"/{SOME[5]}"]
    assert {row["status"] for row in scan_rows(scan, *SOME)} == {"judged"}
    assert github.requests[f"/{SOME[0]}?s=64"] == 1


def test_outage_ends_the_scan_and_the_next_one_resumes(scan: Scan, github: GitHubStandIn) -> None:
    github.faults |= {f"/{login}": responding(401) for login in SOME}
    code, out, err = scan(*SOME, "--format", "jsonl", "--concurrency", "1")
    assert code == 1
    assert "are in scan.db" in err.splitlines()[-1]
    assert {row["status"] for row in parse(out)} == {"login-required", "pending"}
    github.faults.clear()
    assert {row["status"] for row in scan_rows(scan, *SOME)} == {"judged"}


def test_error_without_a_store_does_not_promise_to_resume(scan: Scan, github: GitHubStandIn) -> None:
    github.faults["/octocat"] = responding(429, {"Retry-After": "3600"})
    code, _, err = scan("octocat", "--no-wait", "--db", ":memory:")
    assert code == 1
    assert "resume" not in err


def test_authors_of_a_repository(scan: Scan, tmp_path: Path) -> None:
    authors = (
        *("octocat@users.noreply.github.com", f"{EXAMPLES[0].account_id}+{SOME[0]}@users.noreply.github.com"),
        *("Default-1@example.com", "nobody@example.com", "9+x-ci[bot]@users.noreply.github.com"),
    )
    create(tmp_path / "r", [(f"Author <{address}>", "") for address in authors * 2])
    rows = scan_rows(scan, "--git", "r", "--ordered", "octocat")
    assert [(row["login"] or row["email"], row["forgeable"], row["label"] or row["status"]) for row in rows] == [
        ("octocat", False, "custom"),
        ("x-ci[bot]", True, "bot"),
        ("nobody@example.com", True, "unknown-address"),
        ("Default-1@example.com", True, "default"),
        (SOME[0], True, EXAMPLES[0].label),
        ("octocat", True, "custom"),
    ]
    _, out, _ = scan("--git", "r", "--ordered")
    assert all("forgeable" in line for line in out.splitlines()[1:])
    assert "The commits of gone cannot be read" in scan_error(scan, "--git", "gone")


def test_actors_of_events(scan: Scan, github: GitHubStandIn, tmp_path: Path) -> None:
    events = [
        {"type": kind, "actor": {"id": example.account_id, "login": example.login}, "repo": {"name": "o/r"}}
        for example in EXAMPLES[:4]
        for kind in ("WatchEvent", "ForkEvent", "WatchEvent")
    ]
    data = "\n".join(map(json.dumps, events))
    (tmp_path / "one.json.gz").write_bytes(gzip.compress(data.encode()))
    (tmp_path / "two.jsonl").write_text(data)
    words = ("--gharchive", "one.json.gz", "two.jsonl", "--event", "WatchEvent", "--repo", "O/R", "--ordered")
    assert [row["login"] for row in scan_rows(scan, *words)] == [example.login for example in EXAMPLES[:4]]
    github.requests.clear()
    (tmp_path / "two.jsonl").write_text(data[:-5])
    assert "Line 12 of two.jsonl is not an event" in scan_error(scan, *words, "--forks", "octocat/hello-world")
    assert "give its files, too" in scan_error(scan, "octocat", "--event", "WatchEvent")
    assert "is also an input" in scan_error(scan, *words, "-o", "one.json.gz")
    assert not github.requests


def test_lists_of_a_repository_and_an_organization(scan: Scan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    forks = scan_rows(scan, "--forks", "octocat/hello-world", "--ordered")
    assert [row["login"] for row in forks] == [example.login for example in EXAMPLES[::3]]
    assert len(scan_rows(scan, "--issues", "octocat/hello-world")) == 365
    assert len(scan_rows(scan, "--contributors", "octo-org")) == 240
    assert "give a repository as OWNER/REPO" in scan_error(scan, "--contributors", "octocat")
