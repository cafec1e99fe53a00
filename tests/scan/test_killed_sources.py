"""Every source of a scan, killed ten times: no row is lost or repeated, and no written account is requested again."""

import gzip
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from github_avatars.demo import AVATARS, GitHubStandIn
from github_avatars.demo.rest import ROOT as API_ROOT
from github_avatars.training import dataset
from tests.support.repositories import create
from tests.support.runner import Runner, runner
from tests.support.timing import wait_until

EXAMPLES = dataset.read_index(AVATARS)[:160]
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
            (f"A <{EXAMPLES[number].account_id}+{EXAMPLES[number].login}@users.noreply.github.com>", "")
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
def slow_github() -> Iterator[GitHubStandIn]:
    """A stand-in whose responses take long enough to interrupt a scan."""
    with GitHubStandIn(latency=0.002) as github:
        yield github


@pytest.fixture(scope="module")
def commands(folder: Path, slow_github: GitHubStandIn) -> Iterator[Runner]:
    with runner(folder, GITHUB_URL=slow_github.url, GITHUB_TOKEN="ghp_0123456789") as commands:
        yield commands


def rows(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) | {"checked": None} for line in path.read_text().splitlines()]


@pytest.mark.parametrize("source", SOURCES)
def test_source_killed_ten_times_loses_and_repeats_no_row(
    source: str, commands: Runner, slow_github: GitHubStandIn, tmp_path: Path
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
    slow_github.requests.clear()
    assert commands.start(*words, "--db", ":memory:").wait() == 0
    expected = rows(tmp_path / "rows.jsonl")
    assert len(expected) == len({row["account_id"] for row in expected}) == count
    undisturbed = slow_github.requests.copy()
    (tmp_path / "rows.jsonl").unlink()

    slow_github.requests.clear()
    words += ["--db", tmp_path / "scan.db"]
    for number in range(KILLS):
        run = commands.start(*words)
        # Half of the kills while a list is read, if there is one.
        pages = sum(path.startswith(API_ROOT) for path in undisturbed.elements())
        target = number * pages // 5 if number < 5 else number * undisturbed.total() // (KILLS + 1)
        wait_until(lambda target=target: slow_github.requests.total() >= target, pause=0.002)  # type: ignore[misc]
        os.kill(run.pid, signal.SIGKILL)
        assert run.wait() == -signal.SIGKILL
    assert not (tmp_path / "rows.jsonl").exists()
    assert commands.start(*words).wait() == 0
    assert rows(tmp_path / "rows.jsonl") == expected
    accounts = {path: count for path, count in slow_github.requests.items() if not path.startswith(API_ROOT)}
    assert 0 <= sum(accounts.values()) - len(accounts) <= KILLS * 2 * CONCURRENCY
