"""The command scan as a process: interrupted, killed, and with many accounts."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from github_avatars.demo import AVATARS, GitHubStandIn
from github_avatars.github import graphql
from github_avatars.training import dataset
from tests.support.processes import ROOT, clean_environment, living_processes
from tests.support.timing import TIMEOUT, wait_until

EXAMPLES = dataset.read_index(AVATARS)
LOGINS = [example.login for example in EXAMPLES]
DEFAULTS = sum(example.label == "default" for example in EXAMPLES)
CONCURRENCY = 8
KILLS = 10


def parse(text: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def without_time(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**row, "checked": None} for row in rows]


def start(*words: str | Path, github: str, folder: Path, **environment: str) -> subprocess.Popen[bytes]:
    """The command as the first process of a new group."""
    return subprocess.Popen(
        [sys.executable, "-m", "github_avatars.cli", "scan", *words],
        cwd=folder,
        env=clean_environment(GITHUB_URL=github, PYTHONPATH=str(ROOT), **environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def close_streams(process: subprocess.Popen[bytes]) -> None:
    for stream in (process.stdout, process.stderr):
        assert stream
        stream.close()


@pytest.fixture(scope="module")
def slow_github() -> Iterator[GitHubStandIn]:
    """A stand-in whose responses take long enough to interrupt a scan."""
    with GitHubStandIn(latency=0.02) as github:
        yield github


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with all logins in logins.txt."""
    (tmp_path / "logins.txt").write_text("\n".join(LOGINS))
    return tmp_path


def test_interrupted_scan_has_a_row_for_each_input(slow_github: GitHubStandIn, folder: Path) -> None:
    slow_github.requests.clear()
    process = start("logins.txt", "--format", "jsonl", "--concurrency", "4", github=slow_github.url, folder=folder)
    wait_until(lambda: slow_github.requests.total() > 60)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert process.returncode == 130, err
    assert err.decode().splitlines()[-1] == "error: interrupted"
    assert "Traceback" not in err.decode()
    statuses = Counter(row["status"] for row in parse(out))
    assert statuses.total() == len(LOGINS)
    assert set(statuses) == {"judged", "pending"}
    assert statuses["judged"] >= 20
    assert not living_processes(process.pid)


def test_closed_output_ends_the_scan(github: GitHubStandIn, folder: Path) -> None:
    process = start("logins.txt", "--format", "jsonl", github=github.url, folder=folder)
    assert process.stdout
    assert process.stderr
    assert process.stdout.readline()
    process.stdout.close()
    err = process.stderr.read().decode()
    process.stderr.close()
    assert process.wait() == 1
    assert "Traceback" not in err
    assert "Exception" not in err


@pytest.mark.parametrize(
    ("token", "requests_of_a_scan", "unidentified"),
    [
        ({}, len(LOGINS) + DEFAULTS, 2 * CONCURRENCY),
        ({"GITHUB_TOKEN": "ghp_0123456789token"}, len(LOGINS), 3 * graphql.BATCH),
    ],
    ids=["ids from pages", "ids from GraphQL"],
)
def test_scan_killed_ten_times_loses_nothing_and_repeats_no_written_account(
    slow_github: GitHubStandIn, folder: Path, token: dict[str, str], requests_of_a_scan: int, unidentified: int
) -> None:
    words = ("logins.txt", "--format", "jsonl", "--ordered", "--concurrency", f"{CONCURRENCY}")
    start_scan = partial(start, github=slow_github.url, folder=folder, **token)
    slow_github.requests.clear()
    # By login, how often each written account had been requested when it was first seen in the store.
    requests_when_written: dict[str, int] = {}
    for number in range(1, KILLS + 1):
        process = start_scan(*words)
        target = number * requests_of_a_scan // (KILLS + 1)
        wait_until(lambda target=target: slow_github.requests.total() > target)  # type: ignore[misc]
        process.kill()
        process.wait()
        close_streams(process)
        connection = sqlite3.connect(folder / "scan.db")
        written = {login for (login,) in connection.execute("SELECT login FROM accounts WHERE settled")}
        connection.close()
        assert set(requests_when_written) <= written
        for login in written:
            requests_when_written.setdefault(login, slow_github.requests[f"/{login}?s=64"])
    assert len(requests_when_written) > len(LOGINS) // 3
    last = start_scan(*words)
    out, err = last.communicate()
    assert last.returncode == 0, err
    requests = Counter({login: slow_github.requests[f"/{login}?s=64"] for login in LOGINS})
    assert {login: requests[login] for login in requests_when_written} == requests_when_written
    assert 0 <= requests.total() - len(LOGINS) <= KILLS * (2 * CONCURRENCY + unidentified)
    undisturbed = start_scan(*words, "--db", ":memory:")
    rows = parse(out)
    assert without_time(parse(undisturbed.communicate()[0])) == without_time(rows)
    assert all(row["verified"] for row in rows if row["label"] == "default")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_to_all_processes_keeps_the_rows(tmp_path: Path, number: signal.Signals) -> None:
    """As a terminal and a service manager send it."""
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    count = 2000
    for index in range(count):
        (pictures / f"{index}.png").symlink_to(AVATARS / EXAMPLES[index % len(EXAMPLES)].file)
    process = start("--images", pictures, "-o", "rows.jsonl", github="http://127.0.0.1:1", folder=tmp_path)
    assert process.stderr
    progress = b""
    while not re.search(rb"\| [1-9][0-9]*/", progress):
        progress += os.read(process.stderr.fileno(), 4096)
    os.killpg(process.pid, number)
    _, err = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 128 + number, err
    rows = parse((tmp_path / "rows.jsonl").read_bytes())
    assert len(rows) == count
    assert {row["status"] for row in rows} == {"judged", "pending"}
    assert not living_processes(process.pid)


MEMORY_PROGRAM = """
import sys
from github_avatars import cli
code = cli.main(sys.argv[1:])
print(open("/proc/self/status").read().split("VmHWM:")[1].split()[0], file=sys.stderr)
sys.exit(code)
"""


def test_memory_does_not_grow_with_the_number_of_accounts(github: GitHubStandIn, tmp_path: Path) -> None:
    def peak_kilobytes(count: int) -> int:
        """The peak memory of a scan, in which one login in a thousand exists and the others are impossible."""
        logins = (
            LOGINS[number // 1000 % len(LOGINS)] if number % 1000 == 0 else f"{number}@" for number in range(count)
        )
        (tmp_path / "logins.txt").write_text("\n".join(logins))
        words = ("scan", "logins.txt", "--db", f"{count}.db", "--format", "csv", "-o", "rows.csv")
        ran = subprocess.run(
            [sys.executable, "-c", MEMORY_PROGRAM, *words],
            cwd=tmp_path,
            env=clean_environment(GITHUB_URL=github.url, PYTHONPATH=str(ROOT)),
            capture_output=True,
            text=True,
        )
        assert ran.returncode == 0, ran.stderr
        assert len((tmp_path / "rows.csv").read_text().splitlines()) == count + 1
        return int(ran.stderr.splitlines()[-1])

    # The first thousands fill the caches of SQLite, the allocator and the threads.
    few, many = peak_kilobytes(10_000), peak_kilobytes(50_000)
    assert many < few + 8_000, (few, many)
