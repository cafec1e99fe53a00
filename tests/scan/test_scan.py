"""The command scan as a user runs it."""

import csv
import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from github_avatars import identicon
from github_avatars.cli import command_line
from github_avatars.demo import AVATARS, GitHubStandIn, responding
from github_avatars.scan.engine import MAX_THREADED
from github_avatars.scan.options import MAX_CONCURRENCY
from github_avatars.scan.rows import COLUMNS, STATUSES
from github_avatars.training import dataset
from tests.support.processes import ROOT, clean_environment, living_processes
from tests.support.timing import wait_until

EXAMPLES = dataset.read_index(AVATARS)
LOGINS = [example.login for example in EXAMPLES]
SOME = LOGINS[::40]

Scan = Callable[..., tuple[int, str, str]]


@pytest.fixture
def scan(
    github: GitHubStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Scan:
    """Runs the command in this process, with its store in tmp_path; its exit code, and what it wrote to each stream."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GITHUB_URL", github.url)
    monkeypatch.delenv("GITHUB_AVATARS_REDACT_KEY", raising=False)

    def scan(*words: str | Path) -> tuple[int, str, str]:
        code = command_line.main(["scan", *map(str, words)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return scan


def rows(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def judged(scan: Scan, *words: str | Path) -> list[dict[str, Any]]:
    """The rows of a scan that goes well."""
    code, out, err = scan(*words, "--format", "jsonl")
    assert code == 0, err
    return rows(out)


def refused(scan: Scan, *words: str | Path) -> str:
    """The error of a call that is refused."""
    code, out, err = scan(*words)
    assert (code, out) == (1, "")
    assert len(err.splitlines()) == 1
    return err


# Rows


def test_every_input_has_a_row(scan: Scan, tmp_path: Path) -> None:
    (tmp_path / "logins.txt").write_text("octocat # a cat\nDefault-0\nnobody\ndefault-0\nb@d\n")
    found = judged(scan, "logins.txt", "default-1", "--ordered")
    assert [(row["login"], row["status"], row["label"]) for row in found] == [
        ("octocat", "judged", "custom"),
        ("Default-0", "judged", "default"),
        ("nobody", "no-such-account", None),
        ("default-0", "judged", "default"),
        ("b@d", "bad-login", None),
        ("default-1", "judged", "default"),
    ]
    assert all(list(row) == list(COLUMNS) for row in found)
    assert "has no account nobody" in found[2]["error"]


def test_rows_come_as_they_come_or_in_order(scan: Scan, github: GitHubStandIn) -> None:
    slow = EXAMPLES[0]

    def late(_: Any) -> bool:
        wait_until(lambda: github.requests[f"/{SOME[-1]}.png"])
        return False

    github.faults[f"/{slow.login}.png"] = late
    as_they_come = judged(scan, *SOME, "--db", ":memory:")
    ordered = judged(scan, *SOME, "--db", ":memory:", "--ordered")
    assert [row["login"] for row in ordered] == SOME
    assert [row["login"] for row in as_they_come] != SOME
    assert {row["login"] for row in as_they_come} == set(SOME)


def test_what_is_known_has_its_rows_without_being_asked_for_again(scan: Scan, github: GitHubStandIn) -> None:
    first = judged(scan, *SOME, "--ordered")
    asked = github.requests.total()
    again = judged(scan, *SOME, "default-3")
    assert again[:-1] == first
    assert github.requests.total() == asked + 2


@pytest.mark.parametrize("name", ["table", "jsonl", "csv"])
def test_formats_that_people_and_programs_read(scan: Scan, tmp_path: Path, name: str) -> None:
    words = ("octocat", "default-0", "nobody", "--ordered", "--format", name)
    code, out, _ = scan(*words)
    assert code == 0
    assert scan(*words, "-o", f"rows.{name}")[:2] == (0, "")
    assert (tmp_path / f"rows.{name}").read_text() == out
    if name == "table":
        assert [line.split() for line in out.splitlines()] == [
            ["account", "avatar", "probability", "notes"],
            ["octocat", "custom", "0.0007"],
            ["default-0", "default", "1.0000", "verified"],
            ["nobody", "no-such-account"],
        ]
    elif name == "csv":
        found = list(csv.DictReader(io.StringIO(out)))
        assert [row["label"] for row in found] == ["custom", "default", ""]
        assert (found[1]["verified"], found[1]["unsure"], found[0]["verified"]) == ("true", "false", "")
        assert list(found[0]) == list(COLUMNS)


def test_parquet(scan: Scan, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="Parquet needs pyarrow")
    expected = judged(scan, *SOME, "nobody", "--ordered")
    assert scan(*SOME, "nobody", "--ordered", "-o", "rows.parquet")[:2] == (0, "")
    table = parquet.read_table(tmp_path / "rows.parquet")
    assert table.to_pylist() == expected
    assert [str(field.type) for field in table.schema][:7] == [
        *("string", "int64", "string", "string", "double", "bool", "bool")
    ]


def test_the_format_follows_the_name_of_the_file(scan: Scan, tmp_path: Path) -> None:
    for name in ("rows.jsonl", "rows.csv", "rows.txt"):
        assert scan("octocat", "-o", name)[0] == 0
    starts = [(tmp_path / name).read_text()[:8] for name in ("rows.jsonl", "rows.csv", "rows.txt")]
    assert starts == ['{"login"', "login,ac", "account "]
    assert sorted(path.name for path in tmp_path.glob("*rows*")) == ["rows.csv", "rows.jsonl", "rows.txt"]


def test_no_half_file_is_left(scan: Scan, tmp_path: Path) -> None:
    (tmp_path / "logins.txt").write_bytes(b"octocat\n\xff\n")
    (tmp_path / "rows.csv").write_text("earlier")
    code, _, err = scan("logins.txt", "-o", "rows.csv")
    assert code == 1
    assert "UTF-8" in err
    assert (tmp_path / "rows.csv").read_text() == "earlier"
    assert not list(tmp_path.glob(".*"))


def test_a_hostile_login_does_not_reach_the_terminal(scan: Scan, tmp_path: Path) -> None:
    (tmp_path / "logins.txt").write_text("\x1b[2Jzeke\n" + "a" * 10_000 + "\n")
    code, out, _ = scan("logins.txt")
    assert code == 0
    assert "\x1b" not in out
    assert all(len(line) < 120 for line in out.splitlines())


def test_redacted_rows_lead_to_no_account(scan: Scan, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("octocat", "OCTOCAT", "default-0", "nobody", "--ordered", "--redact")
    first, second = judged(scan, *words), judged(scan, *words)
    names = [row["login"] for row in first]
    assert names[0] == names[1]
    assert len(set(names)) == 3
    assert not set(names) & {row["login"] for row in second}
    assert [row["label"] for row in first] == ["custom", "custom", "default", None]
    text = json.dumps(first)
    assert all(known not in text for known in ("octocat", "default-0", "nobody", "http", "2108050"))
    assert first[0]["probability"] == 0
    monkeypatch.setenv("GITHUB_AVATARS_REDACT_KEY", "secret")
    assert judged(scan, *words) == judged(scan, *words)


def test_ids_of_a_csv_file_spare_a_request(scan: Scan, github: GitHubStandIn, tmp_path: Path) -> None:
    lines = [f"{example.login},{example.account_id}" for example in EXAMPLES[::40]]
    (tmp_path / "events.csv").write_text("\n".join(["actor_login,actor_id", *lines]))
    found = judged(scan, "events.csv", "--ordered")
    assert [row["label"] for row in found] == [example.label for example in EXAMPLES[::40]]
    assert all(path.startswith("/u/") for path in github.requests)


def test_pictures_on_disk_are_judged_anew_each_time(scan: Scan, github: GitHubStandIn, tmp_path: Path) -> None:
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
    photo = next(AVATARS / example.file for example in EXAMPLES if example.family == "photo-landscape")
    (folder / "anna.png").write_bytes(photo.read_bytes())
    anna, zeke = judged(scan, "--images", "pictures", "--ordered")
    assert (anna["login"], anna["label"], anna["href"]) == ("anna", "custom", "pictures/anna.png")
    assert (zeke["pictures"], zeke["agreed"], zeke["left_out"]) == (2, 2, "notes.txt: not-a-picture")
    assert not github.requests


def test_every_column_is_explained() -> None:
    page = (ROOT / "docs/scan.md").read_text()
    columns = [cell for line in page.splitlines() if line.startswith("| `") for cell in line.split("|")[1].split(", ")]
    assert [name.strip(" `") for name in columns] == list(COLUMNS)
    assert all(f"`{status}`" in page for status in STATUSES)


# Summary


def test_the_summary_tells_what_the_scan_came_to(scan: Scan, tmp_path: Path) -> None:
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


def test_the_bar_counts_verdicts_and_errors(scan: Scan) -> None:
    _, _, err = scan(*SOME, "nobody")
    bar = err.splitlines()[-4].rpartition("\r")[2]
    assert f"{len(SOME) + 1}/{len(SOME) + 1}" in bar
    assert all(text in bar for text in ("account/s", " default", " custom", "1 no-such-account"))


def test_nothing_but_failures_can_be_summed_up(scan: Scan) -> None:
    code, _, err = scan("nobody")
    assert code == 0
    assert "1 row, 1 account: 0 default, 0 custom, 1 failed (1 no-such-account)\nfor review" in err


# Wrong calls


def test_wrong_calls_are_one_line(scan: Scan, tmp_path: Path) -> None:
    assert "neither was given" in refused(scan)
    assert "both was given" in refused(scan, "octocat", "--images", tmp_path)
    assert "b@d" in refused(scan, "b@d")
    assert "gone cannot be read" in refused(scan, "--images", tmp_path / "gone")
    assert "--refresh is 'soon'" in refused(scan, "octocat", "--refresh", "soon")
    assert "unsure range" in refused(scan, "octocat", "--unsure", "0.5")
    assert "concurrency is 0" in refused(scan, "octocat", "--concurrency", "0")
    assert "concurrency is" in refused(scan, "octocat", "--concurrency", f"{MAX_CONCURRENCY + 1}")
    assert "rate is nan" in refused(scan, "octocat", "--rate", "nan")
    assert "gone/rows.csv cannot be written" in refused(scan, "octocat", "-o", tmp_path / "gone/rows.csv")
    assert "cannot be used" in refused(scan, "octocat", "--db", tmp_path)
    (tmp_path / "notes.txt").write_text("octocat\n" * 1000)
    assert "notes.txt cannot be used" in refused(scan, "octocat", "--db", "notes.txt")


# Refresh


def test_refresh_asks_only_whether_something_changed(scan: Scan, github: GitHubStandIn) -> None:
    first = judged(scan, *SOME, "nobody", "--ordered")
    with sqlite3.connect("scan.db") as connection:
        connection.execute("UPDATE accounts SET checked = '2020-01-01T00:00:00Z'")
    connection.close()
    github.requests.clear()
    assert judged(scan, *SOME, "--ordered", "--refresh", "9999d") == [
        {**row, "checked": "2020-01-01T00:00:00Z"} for row in first[:-1]
    ]
    assert not github.requests
    code, out, err = scan(*SOME, "nobody", "--ordered", "--refresh", "30d", "--format", "jsonl")
    assert code == 0
    again = rows(out)
    assert [{**row, "checked": None} for row in again] == [{**row, "checked": None} for row in first]
    assert all(row["checked"] > "2020-01-02" for row in again)
    assert f"{len(SOME)} unchanged" in err
    assert github.requests.total() == 2 * len(SOME) + 1


def test_refresh_finds_a_new_avatar(scan: Scan, github: GitHubStandIn) -> None:
    octocat = next(example for example in EXAMPLES if example.login == "octocat")
    assert judged(scan, "octocat")[0]["label"] == "custom"
    identicon_file = io.BytesIO()
    identicon.render(octocat.account_id).save(identicon_file, "PNG")
    github.faults[f"/u/{octocat.account_id}"] = responding(200, {"ETag": '"new"'}, identicon_file.getvalue())
    (row,) = judged(scan, "octocat")
    assert row["label"] == "custom"
    # What was checked within this second is not older than 0 seconds.
    wait_until(lambda: judged(scan, "octocat", "--refresh", "0s")[0]["label"] == "default")
    (row,) = judged(scan, "octocat")
    assert (row["label"], row["verified"]) == ("default", True)


# Ends


def test_a_rate_limit_ends_it_where_it_is_not_to_wait(scan: Scan, github: GitHubStandIn) -> None:
    github.faults[f"/{SOME[5]}.png"] = responding(429, {"Retry-After": "3600"})
    for extra in ((), ("--ordered",)):
        code, out, err = scan(*SOME, "--no-wait", "--format", "jsonl", *extra)
        assert code == 1
        last = err.splitlines()[-1]
        assert last.startswith("error: ")
        assert "retry after" in last
        assert "The results so far are in scan.db: run the same command again to resume" in last
        statuses = Counter(row["status"] for row in rows(out))
        assert statuses["judged"] >= 5
        assert statuses["pending"] >= 1
        assert statuses.total() == len(SOME)
        assert f"{statuses['pending']} not requested yet" in err
    del github.faults[f"/{SOME[5]}.png"]
    assert {row["status"] for row in judged(scan, *SOME)} == {"judged"}
    assert github.requests[f"/{SOME[0]}.png"] == 1


def test_an_outage_ends_it_and_the_next_run_goes_on(scan: Scan, github: GitHubStandIn) -> None:
    github.faults |= {f"/{login}.png": responding(401) for login in SOME}
    code, out, err = scan(*SOME, "--format", "jsonl", "--concurrency", "1")
    assert code == 1
    assert "are in scan.db" in err.splitlines()[-1]
    statuses = Counter(row["status"] for row in rows(out))
    assert set(statuses) == {"login-required", "pending"}
    github.faults.clear()
    assert {row["status"] for row in judged(scan, *SOME)} == {"judged"}


def start(*words: str | Path, github: str, folder: Path) -> subprocess.Popen[bytes]:
    """The command as a process, the first of its group."""
    return subprocess.Popen(
        [sys.executable, "-m", "github_avatars.cli", "scan", *words],
        cwd=folder,
        env=clean_environment(GITHUB_URL=github, PYTHONPATH=str(ROOT)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


@pytest.fixture(scope="module")
def slow() -> Iterator[GitHubStandIn]:
    """A stand-in that takes its time, so that a scan can be met at work."""
    with GitHubStandIn(latency=0.02) as github:
        yield github


def test_an_interrupt_ends_it_with_what_came(slow: GitHubStandIn, tmp_path: Path) -> None:
    (tmp_path / "logins.txt").write_text("\n".join(LOGINS))
    slow.requests.clear()
    process = start("logins.txt", "--format", "jsonl", "--concurrency", "4", github=slow.url, folder=tmp_path)
    wait_until(lambda: slow.requests.total() > 60)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert process.returncode == 130, err
    assert err.decode().splitlines()[-1] == "error: interrupted"
    assert "Traceback" not in err.decode()
    statuses = Counter(row["status"] for row in rows(out.decode()))
    assert statuses.total() == len(LOGINS)
    assert set(statuses) == {"judged", "pending"}
    assert statuses["judged"] >= 20
    assert not living_processes(process.pid)


def test_whoever_reads_the_rows_may_go(github: GitHubStandIn, tmp_path: Path) -> None:
    (tmp_path / "logins.txt").write_text("\n".join(LOGINS))
    process = start("logins.txt", "--format", "jsonl", github=github.url, folder=tmp_path)
    assert process.stdout
    assert process.stderr
    assert process.stdout.readline()
    process.stdout.close()
    err = process.stderr.read().decode()
    process.stderr.close()
    assert process.wait() == 1
    assert "Traceback" not in err
    assert "Exception" not in err


CONCURRENCY = 8
KILLS = 10


def test_killed_ten_times_it_loses_nothing_and_fetches_nothing_twice(slow: GitHubStandIn, tmp_path: Path) -> None:
    (tmp_path / "logins.txt").write_text("\n".join(LOGINS))
    words = ("logins.txt", "--format", "jsonl", "--ordered", "--concurrency", f"{CONCURRENCY}")
    slow.requests.clear()
    settled: dict[str, int] = {}
    """How often each account that was written had been asked for by then."""
    for number in range(1, KILLS + 1):
        process = start(*words, github=slow.url, folder=tmp_path)
        assert process.stdout
        assert process.stderr
        enough = number * len(LOGINS) * 2 // (KILLS + 1)
        wait_until(lambda enough=enough: slow.requests.total() > enough)  # type: ignore[misc]
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        process.stderr.close()
        with sqlite3.connect(tmp_path / "scan.db") as connection:
            written = connection.execute("SELECT login FROM accounts WHERE settled").fetchall()
        connection.close()
        assert set(settled) <= {login for (login,) in written}
        for (login,) in written:
            settled.setdefault(login, slow.requests[f"/{login}.png"])
    assert len(settled) > len(LOGINS) // 2
    last = start(*words, github=slow.url, folder=tmp_path)
    out, err = last.communicate()
    assert last.returncode == 0, err
    fresh = start(*words, "--db", ":memory:", github=slow.url, folder=tmp_path)
    asked = Counter({login: slow.requests[f"/{login}.png"] for login in LOGINS})
    assert [{**row, "checked": None} for row in rows(fresh.communicate()[0].decode())] == [
        {**row, "checked": None} for row in rows(out.decode())
    ]
    assert {login: asked[login] for login in settled} == settled
    twice = asked.total() - len(LOGINS)
    assert 0 <= twice <= KILLS * 2 * CONCURRENCY


def test_killed_it_leaves_no_process_behind(tmp_path: Path) -> None:
    for number in range(MAX_THREADED + 1):
        (tmp_path / f"{number}.png").symlink_to(AVATARS / EXAMPLES[number % len(EXAMPLES)].file)
    process = start("--images", tmp_path, "--db", ":memory:", github="http://127.0.0.1:1", folder=tmp_path)
    # Itself, one that judges, and the one of multiprocessing that looks after what they share.
    wait_until(lambda: len(living_processes(process.pid)) >= 3)
    process.kill()
    process.wait()
    # What they read would come to its end only with the last of them.
    for stream in (process.stdout, process.stderr):
        assert stream
        stream.close()
    try:
        wait_until(lambda: not living_processes(process.pid))
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


# Memory


def test_memory_does_not_grow_with_the_number_of_accounts(github: GitHubStandIn, tmp_path: Path) -> None:
    program = (
        "import sys, resource; from github_avatars import cli\n"
        "code = cli.main(sys.argv[1:])\n"
        "status = open('/proc/self/status').read()\n"
        "print(status.split('VmHWM:')[1].split()[0], file=sys.stderr)\n"
        "sys.exit(code)"
    )

    def peak(count: int) -> int:
        """In kilobytes, of a scan of so many names, of which GitHub knows one in a thousand."""
        names = (
            LOGINS[number // 1000 % len(LOGINS)] if number % 1000 == 0 else f"{number}@" for number in range(count)
        )
        (tmp_path / "logins.txt").write_text("\n".join(names))
        words = ("scan", "logins.txt", "--db", f"{count}.db", "--format", "csv", "-o", "rows.csv")
        ran = subprocess.run(
            [sys.executable, "-c", program, *words],
            cwd=tmp_path,
            env=clean_environment(GITHUB_URL=github.url, PYTHONPATH=str(ROOT)),
            capture_output=True,
            text=True,
        )
        assert ran.returncode == 0, ran.stderr
        assert len((tmp_path / "rows.csv").read_text().splitlines()) == count + 1
        return int(ran.stderr.splitlines()[-1])

    few, many = peak(1_000), peak(50_000)
    assert many < few + 8_000, (few, many)
