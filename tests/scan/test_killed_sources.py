"""Every source of a scan, killed ten times: no row is lost or repeated, and no written account is requested again."""

import gzip
import json
import os
import signal
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from github_avatars.demo import AVATARS, Exchange, GitHubStandIn, Graph, Mode
from github_avatars.demo.rest import ROOT
from github_avatars.training import dataset
from tests.support.repositories import create
from tests.support.runner import Runner, runner
from tests.support.timing import TIMEOUT, wait_until

ALL = dataset.read_index(AVATARS)
EXAMPLES = ALL[:160]
API = "/api/"
KILLS = 10
CONCURRENCY = 4

SOURCES = {
    "git": (["--git", "repository"], 160),
    "gharchive": (["--gharchive", "events.json.gz", "--event", "WatchEvent"], 80),
    "forks": (["--forks", "octocat/hello-world"], len(ALL[::3])),
    "issues": (["--issues", "octocat/hello-world"], 365),
    "contributors": (["--contributors", "octocat/hello-world"], len(ALL[::2])),
    "contributors of an organization": (["--contributors", "octo-org"], 240),
    "members": (["--members", "octo-org"], len(ALL[::10])),
    "followers": (["--followers", EXAMPLES[150].login], 150),
    "stargazers": (["--stargazers", "octocat/hello-world"], len(ALL)),
}
"""The options, and the number of rows."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a repository and a file of GH Archive."""
    folder = tmp_path_factory.mktemp("killed")
    numbers = [number for number in range(len(EXAMPLES)) for _ in range(2)]
    create(
        folder / "repository",
        [
            # Every other author has an address that the stand-in knows.
            (f"A <{EXAMPLES[number].login}@example.com>", "")
            if number % 2
            else (f"A <{EXAMPLES[number].account_id}+{EXAMPLES[number].login}@users.noreply.github.com>", "")
            for number in numbers
        ],
    )
    with gzip.open(folder / "events.json.gz", "wt") as file:
        for number in numbers:
            actor = {"id": EXAMPLES[number].account_id, "login": EXAMPLES[number].login}
            kind = "ForkEvent" if number % 2 else "WatchEvent"
            file.write(json.dumps({"type": kind, "actor": actor, "repo": {"name": "o/r"}}) + "\n")
    return folder


@pytest.fixture(scope="module")
def standin() -> Iterator[GitHubStandIn]:
    with GitHubStandIn(graph=Graph()) as standin:
        yield standin


@pytest.fixture(scope="module")
def commands(folder: Path, standin: GitHubStandIn) -> Iterator[Runner]:
    with runner(folder, GITHUB_URL=standin.url, GITHUB_TOKEN="ghp_0123456789") as commands:
        yield commands


def holding_after(target: int) -> Mode:
    """Does not respond to any request after this number of them, so that a scan cannot end."""

    def hold(exchange: Exchange) -> bool:
        if exchange.server.standin.requests.total() <= target:
            return False
        exchange.pause(TIMEOUT)
        exchange.close_connection = True
        return True

    return Mode("holds requests", hold)


def rows(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) | {"checked": None} for line in path.read_text().splitlines()]


@pytest.mark.parametrize("source", SOURCES)
def test_source_killed_ten_times_loses_and_repeats_no_row(
    source: str, commands: Runner, standin: GitHubStandIn, tmp_path: Path
) -> None:
    options, count = SOURCES[source]
    words: list[str | Path] = [
        "scan",
        *options,
        "--ordered",
        "--concurrency",
        str(CONCURRENCY),
        "-o",
        tmp_path / "rows.jsonl",
    ]
    standin.mode = None
    standin.requests.clear()
    assert commands.start(*words, "--db", ":memory:").wait() == 0
    expected = rows(tmp_path / "rows.jsonl")
    assert len(expected) == len({row["email"] or row["account_id"] for row in expected}) == count
    pages = sum(path.startswith(API) for path in standin.requests.elements())
    # Half of the kills while a list is read, if there is one.
    targets = [pages * number // 5 for number in range(5)]
    targets += [standin.requests.total() * number // (KILLS + 1) for number in range(5, KILLS)]
    (tmp_path / "rows.jsonl").unlink()

    standin.requests.clear()
    words += ["--db", tmp_path / "scan.db"]
    for target in targets:
        standin.mode = holding_after(target)
        run = commands.start(*words)
        wait_until(lambda target=target: standin.requests.total() > target, pause=0.002)  # type: ignore[misc]
        os.kill(run.pid, signal.SIGKILL)
        assert run.wait() == -signal.SIGKILL
    assert not (tmp_path / "rows.jsonl").exists()
    standin.mode = None
    assert commands.start(*words).wait() == 0
    assert rows(tmp_path / "rows.jsonl") == expected
    accounts = {path: count for path, count in standin.requests.items() if not path.startswith(API)}
    assert 0 <= sum(accounts.values()) - len(accounts) <= KILLS * 2 * CONCURRENCY


KILLS_OF_EXPANSION = [
    ("avatar", 0),
    ("page", 0),
    ("page", 1),
    ("page", 2),
    ("avatar", 2),
    ("avatar", 40),
    ("page", 0),
    ("page", 3),
    ("avatar", 5),
    ("avatar", 30),
]
"""After how many requests of a kind the next one is held and the run killed. There are 17 pages and 160 avatars."""


def count(standin: GitHubStandIn, kind: str) -> int:
    """The number of requests of this kind."""
    return sum(is_of_kind(path, kind) for path in standin.requests.elements())


def is_of_kind(path: str, kind: str) -> bool:
    return path.startswith(f"{ROOT}/") if kind == "page" else not path.startswith(API)


def holding(kind: str, number: int, is_held: threading.Event) -> Mode:
    """Does not respond to requests of this kind after this number of them since the start of the stand-in."""

    def hold(exchange: Exchange) -> bool:
        if not is_of_kind(exchange.path, kind) or count(exchange.server.standin, kind) <= number:
            return False
        is_held.set()
        exchange.pause(TIMEOUT)
        exchange.close_connection = True
        return True

    return Mode("holds requests", hold)


def edges(path: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(
            "SELECT a.login, b.login FROM edges"
            " JOIN accounts AS a ON a.number = follower JOIN accounts AS b ON b.number = followed ORDER BY 1, 2"
        ).fetchall()


def test_expansion_killed_ten_times_loses_and_repeats_no_row_edge_or_page(
    commands: Runner, standin: GitHubStandIn, tmp_path: Path
) -> None:
    words: list[str | Path] = ["scan", "graph-0", "--depth", "3", "--limit", "160", "--ordered"]
    words += ["--concurrency", str(CONCURRENCY), "-o", tmp_path / "rows.jsonl"]
    standin.mode = None
    standin.requests.clear()
    assert commands.start(*words, "--db", tmp_path / "expected.db").wait() == 0
    expected = rows(tmp_path / "rows.jsonl")
    assert len({row["login"] for row in expected}) == len(expected) == 160
    pages = count(standin, "page")
    (tmp_path / "rows.jsonl").unlink()

    standin.requests.clear()
    words += ["--db", tmp_path / "scan.db"]
    for kind, number in KILLS_OF_EXPANSION:
        is_held = threading.Event()
        standin.mode = holding(kind, count(standin, kind) + number, is_held)
        run = commands.start(*words)
        assert is_held.wait(TIMEOUT)
        os.kill(run.pid, signal.SIGKILL)
        assert run.wait() == -signal.SIGKILL
    assert not (tmp_path / "rows.jsonl").exists()
    standin.mode = None
    assert commands.start(*words).wait() == 0
    assert rows(tmp_path / "rows.jsonl") == expected
    assert edges(tmp_path / "scan.db") == edges(tmp_path / "expected.db")
    # Only the pages that were held are requested again.
    assert count(standin, "page") == pages + sum(kind == "page" for kind, _ in KILLS_OF_EXPANSION)
    assert count(standin, "avatar") <= 161 + KILLS * 2 * CONCURRENCY
