"""Every source of a scan, killed ten times: no row is lost or repeated, and no written account is requested again."""

import gzip
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from github_avatars.demo import AVATARS, Exchange, GitHubStandIn, Mode
from github_avatars.training import dataset
from tests.support.repositories import create
from tests.support.runner import Runner, runner
from tests.support.timing import TIMEOUT, wait_until

EXAMPLES = dataset.read_index(AVATARS)[:160]
API = "/api/"
KILLS = 10
CONCURRENCY = 4

SOURCES = {
    "git": (["--git", "repository"], 160),
    "gharchive": (["--gharchive", "events.json.gz", "--event", "WatchEvent"], 80),
    "forks": (["--forks", "octocat/hello-world"], 192),
    "issues": (["--issues", "octocat/hello-world"], 365),
    "contributors": (["--contributors", "octocat/hello-world"], 288),
    "contributors of an organization": (["--contributors", "octo-org"], 240),
    "members": (["--members", "octo-org"], 58),
    "followers": (["--followers", EXAMPLES[150].login], 150),
    "stargazers": (["--stargazers", "octocat/hello-world"], 576),
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
    with GitHubStandIn() as standin:
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
