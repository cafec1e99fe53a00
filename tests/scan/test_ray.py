"""A scan on Ray: the rows of a cluster of this machine, beside those of the local engine."""

import csv
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pyarrow
import pytest

import synthesis
from github_avatars import identicon
from github_avatars.cli import command_line
from github_avatars.demo import AVATARS, MODES, GitHubStandIn
from github_avatars.scan import account_files
from github_avatars.scan.ray_engine import AccountWorker
from github_avatars.scan.rows import UNSURE
from github_avatars.training import dataset
from tests.support.processes import ROOT, clean_environment

pytestmark = pytest.mark.alone

EXAMPLES = dataset.read_index(AVATARS)
LOGINS = partial(account_files.of_table, login=0, account_id=None)
OCTOCAT = next(example.account_id for example in EXAMPLES if example.login == "octocat")

needs_ray = pytest.mark.skipif(not find_spec("ray"), reason="ray is not installed: pip install 'github-avatars[ray]'")


@pytest.fixture
def standin() -> Iterator[GitHubStandIn]:
    with GitHubStandIn() as standin:
        yield standin


def scan(standin: GitHubStandIn, *words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "github_avatars.cli", "scan", *words],
        cwd=ROOT,
        env=clean_environment(GITHUB_URL=standin.url),
        capture_output=True,
        text=True,
    )


def rows(path: Path) -> list[dict[str, Any]]:
    """What Parquet files hold, but for the time, in one order."""
    from pyarrow import parquet

    found = parquet.read_table(path).drop_columns(["checked"]).to_pylist()
    return sorted(found, key=str)


@needs_ray
def test_five_thousand_rows_are_those_of_the_local_engine(standin: GitHubStandIn, tmp_path: Path) -> None:
    """By login, by id, repeated, and such as cannot be had."""
    strangers = [("nobody-here", ""), ("", "77"), ("no login", ""), ("", ""), ("007", "")]
    known = [(example.login, "") for example in EXAMPLES] + [("", str(example.account_id)) for example in EXAMPLES]
    with (tmp_path / "names.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("login", "account_id"))
        writer.writerows(((strangers + known) * 5)[:5000])
    ran = scan(standin, tmp_path / "names.csv", "--engine", "ray", "-o", tmp_path / "ray")
    assert ran.returncode == 0, ran.stderr
    assert (ran.stdout, ran.stderr.count("5,000 rows: ")) == ("", 1)
    there = scan(standin, tmp_path / "names.csv", "--db", tmp_path / "db", "-o", tmp_path / "local.parquet")
    assert there.returncode == 0, there.stderr
    assert rows(tmp_path / "ray") == rows(tmp_path / "local.parquet")
    assert {row["status"] for row in rows(tmp_path / "ray")} == {"judged", "no-such-account", "bad-login"}


@needs_ray
def test_pictures_are_judged_as_by_the_local_engine(standin: GitHubStandIn, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    for number in range(3):
        (folder / f"account-{number}").mkdir(parents=True)
        identicon.render(number + 1).save(folder / f"account-{number}/1.png")
        (folder / f"account-{number}/2.jpg").write_bytes(synthesis.draw("photo-landscape", number).data)
    (folder / "single.jpg").write_bytes(synthesis.draw("cartoon", 0).data)
    (folder / "empty").mkdir()
    (folder / ".hidden").mkdir()
    ran = scan(standin, "--images", folder, "--engine", "ray", "-o", tmp_path / "ray")
    assert ran.returncode == 0, ran.stderr
    there = scan(standin, "--images", folder, "--db", tmp_path / "db", "-o", tmp_path / "local.parquet")
    assert there.returncode == 0, there.stderr
    assert len(rows(tmp_path / "ray")) == 5
    assert rows(tmp_path / "ray") == rows(tmp_path / "local.parquet")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["names.csv", "--engine", "ray"], "--output"),
        (["--engine", "ray", "-o", "out"], "Either accounts or --images"),
        (["names.csv", "--images", ".", "--engine", "ray", "-o", "out"], "Either accounts or --images"),
        (["names.csv", "--engine", "ray", "-o", "out", "--redact"], "--redact"),
        (["names.csv", "--engine", "ray", "-o", "out", "--rate", "0"], "The rate is 0"),
        (["names.csv", "--engine", "ray", "-o", "out", "--workers", "0"], "--workers is 0"),
        (["names.csv", "--engine", "ray", "-o", "full"], "full is not empty"),
        (["--images", "empty", "--engine", "ray", "-o", "out"], "empty has no pictures"),
        (["--images", "gone", "--engine", "ray", "-o", "out"], "gone has no pictures"),
        (["--members", "octo-org", "--engine", "ray", "-o", "out"], "lists of GitHub"),
        (["names.csv", "names.parquet", "--engine", "ray", "-o", "out"], "files of one kind"),
    ],
)
def test_what_ray_cannot_do_is_told(
    words: list[str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "full").mkdir()
    (tmp_path / "full/rows.parquet").touch()
    assert command_line.main(["scan", *words]) == 1
    written = capsys.readouterr()
    assert written.out == ""
    assert written.err.startswith("error: ")
    assert told in written.err
    assert not (tmp_path / "out").exists()


def test_without_ray_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    assert command_line.main(["scan", "names.csv", "--engine", "ray", "-o", "out"]) == 1
    assert capsys.readouterr().err == "error: The package ray is missing: pip install 'github-avatars[ray]'.\n"


# The workers, without Ray


def worker(standin: GitHubStandIn, pace: Callable[[], float] | None = None) -> AccountWorker:
    return AccountWorker(LOGINS, standin.url, 64, UNSURE, concurrency=2, pace=pace)


def judged(found: Any) -> list[tuple[str | None, int | None, str]]:
    return [(row["login"], row["account_id"], row["status"]) for row in found.to_pylist()]


def test_a_worker_tells_what_came_of_each_account(standin: GitHubStandIn) -> None:
    table = pyarrow.table({"login": ["octocat", "no login", "nobody-here"]})
    assert judged(worker(standin)(table)) == [
        ("octocat", OCTOCAT, "judged"),
        ("no login", None, "bad-login"),
        ("nobody-here", None, "no-such-account"),
    ]


def test_a_worker_asks_for_no_more_once_github_wants_fewer_requests() -> None:
    table = pyarrow.table({"login": [example.login for example in EXAMPLES[:50]]})
    with GitHubStandIn(mode=MODES["429-retry-after"]) as standin:
        work = worker(standin)
        rows = work(table).to_pylist()
        asked = standin.requests.total()
        assert {row["status"] for row in [*rows, *work(table).to_pylist()]} == {"pending"}
        assert all("limits the rate of requests" in row["error"] for row in rows)
        assert standin.requests.total() == asked <= 4


def test_a_worker_keeps_the_pace(standin: GitHubStandIn) -> None:
    pauses = iter([0.0, 0.0, 0.0])
    found = judged(worker(standin, lambda: next(pauses))(pyarrow.table({"login": ["octocat", "default-0", "octocat"]})))
    assert [status for _, _, status in found] == ["judged"] * 3
    assert next(pauses, None) is None
