"""A scan on Ray: the rows equal those of the local engine."""

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
from github_avatars.scan.account_columns import Fields
from github_avatars.scan.ray_engine import AccountWorker
from github_avatars.scan.rows import UNSURE
from github_avatars.training import dataset
from tests.support.processes import ROOT, clean_environment

pytestmark = pytest.mark.alone

EXAMPLES = dataset.read_index(AVATARS)
READ_LOGINS = partial(account_files.of_table, fields=Fields("login"), base="https://github.com")
OCTOCAT = next(example.account_id for example in EXAMPLES if example.login == "octocat")

needs_ray = pytest.mark.skipif(not find_spec("ray"), reason="ray is not installed: pip install 'github-avatars[ray]'")


@pytest.fixture
def standin() -> Iterator[GitHubStandIn]:
    with GitHubStandIn() as standin:
        yield standin


def scan(standin: GitHubStandIn, *words: str | Path) -> str:
    """Standard error of a successful command."""
    ran = subprocess.run(
        [sys.executable, "-m", "github_avatars.cli", "scan", *words],
        cwd=ROOT,
        env=clean_environment(GITHUB_URL=standin.url),
        capture_output=True,
        text=True,
    )
    assert (ran.returncode, ran.stdout) == (0, ""), ran.stderr
    return ran.stderr


def sorted_rows(path: Path) -> list[dict[str, Any]]:
    """The rows in Parquet files, without the time."""
    from pyarrow import parquet

    rows = parquet.read_table(path).drop_columns(["checked"]).to_pylist()
    return sorted(rows, key=str)


@needs_ray
def test_five_thousand_rows_equal_those_of_the_local_engine(standin: GitHubStandIn, tmp_path: Path) -> None:
    """Accounts by login and by id, repeated, missing and impossible."""
    failing = [("nobody-here", ""), ("", "77"), ("no login", ""), ("", ""), ("007", "")]
    existing = [(example.login, "") for example in EXAMPLES] + [("", str(example.account_id)) for example in EXAMPLES]
    with (tmp_path / "names.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("login", "account_id"))
        writer.writerows(((failing + existing) * 5)[:5000])
    err = scan(standin, tmp_path / "names.csv", "--engine", "ray", "-o", tmp_path / "ray")
    assert err.count("5,000 rows: ") == 1
    scan(standin, tmp_path / "names.csv", "--db", tmp_path / "db", "-o", tmp_path / "local.parquet")
    assert sorted_rows(tmp_path / "ray") == sorted_rows(tmp_path / "local.parquet")
    assert {row["status"] for row in sorted_rows(tmp_path / "ray")} == {"judged", "no-such-account", "bad-login"}


@needs_ray
def test_pictures_on_disk_have_the_rows_of_the_local_engine(standin: GitHubStandIn, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    for number in range(3):
        (folder / f"account-{number}").mkdir(parents=True)
        identicon.render(number + 1).save(folder / f"account-{number}/1.png")
        (folder / f"account-{number}/2.jpg").write_bytes(synthesis.draw("photo-landscape", number).data)
    (folder / "single.jpg").write_bytes(synthesis.draw("cartoon", 0).data)
    (folder / "empty").mkdir()
    (folder / ".hidden").mkdir()
    scan(standin, "--images", folder, "--engine", "ray", "-o", tmp_path / "ray")
    scan(standin, "--images", folder, "--db", tmp_path / "db", "-o", tmp_path / "local.parquet")
    assert len(sorted_rows(tmp_path / "ray")) == 5
    assert sorted_rows(tmp_path / "ray") == sorted_rows(tmp_path / "local.parquet")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["names.csv", "--engine", "ray"], "--output"),
        (["--engine", "ray", "-o", "out"], "Either accounts or --images"),
        (["names.csv", "--images", ".", "--engine", "ray", "-o", "out"], "Either accounts or --images"),
        (["names.csv", "--engine", "ray", "-o", "out", "--redact"], "--redact"),
        (["names.csv", "--engine", "ray", "-o", "out", "--refresh", "1d"], "--refresh"),
        (["names.csv", "--engine", "ray", "-o", "out", "--keep-pictures"], "--keep-pictures"),
        (["names.csv", "--engine", "ray", "-o", "out", "--no-bots"], "--no-bots"),
        (["names.csv", "--engine", "ray", "-o", "out", "--rate", "0"], "The rate is 0"),
        (["names.csv", "--engine", "ray", "-o", "out", "--workers", "0"], "--workers is 0"),
        (["names.csv", "--engine", "ray", "-o", "full"], "full is not empty"),
        (["--images", "empty", "--engine", "ray", "-o", "out"], "empty has no pictures"),
        (["--images", "gone", "--engine", "ray", "-o", "out"], "gone has no pictures"),
        (["--members", "octo-org", "--engine", "ray", "-o", "out"], "lists of GitHub"),
        (["open.csv", "--engine", "ray", "-o", "out"], "open.csv is not CSV (line 3: a quote is not closed)"),
        (["list.json", "--engine", "ray", "-o", "out"], "does not read JSON"),
        (["names.csv", "--depth", "1", "--engine", "ray", "-o", "out"], "does not support --depth"),
        (["names.csv", "--git", ".", "--engine", "ray", "-o", "out"], "--git"),
        (["names.csv", "--gharchive", "x.json", "--engine", "ray", "-o", "out"], "--gharchive"),
        (["names.csv", "names.parquet", "--engine", "ray", "-o", "out"], "files of one kind"),
    ],
)
def test_unsupported_options_are_refused(
    words: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "full").mkdir()
    (tmp_path / "full/rows.parquet").touch()
    (tmp_path / "open.csv").write_text('login,note\nanna,x\nzeke,"y\nida,z\n')
    (tmp_path / "list.json").write_text('[{"login": "zeke"}]')
    assert command_line.main(["scan", *words]) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("error: ")
    assert message in output.err
    assert not (tmp_path / "out").exists()


def test_missing_package_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    assert command_line.main(["scan", "names.csv", "--engine", "ray", "-o", "out"]) == 1
    assert capsys.readouterr().err == "error: The package ray is missing: pip install 'github-avatars[ray]'\n"


def worker(standin: GitHubStandIn, delay: Callable[[], float] | None = None) -> AccountWorker:
    """A worker without Ray."""
    return AccountWorker(READ_LOGINS, standin.url, 64, UNSURE, concurrency=2, delay=delay)


def identities(table: Any) -> list[tuple[str | None, int | None, str]]:
    return [(row["login"], row["account_id"], row["status"]) for row in table.to_pylist()]


def test_worker_returns_a_row_for_each_account(standin: GitHubStandIn) -> None:
    table = pyarrow.table({"login": ["octocat", "no login", "nobody-here"]})
    assert identities(worker(standin)(table)) == [
        ("octocat", None, "judged"),
        ("no login", None, "bad-login"),
        ("nobody-here", None, "no-such-account"),
    ]


def test_worker_sends_no_more_requests_after_a_rate_limit() -> None:
    table = pyarrow.table({"login": [example.login for example in EXAMPLES[:50]]})
    with GitHubStandIn(mode=MODES["429-retry-after"]) as standin:
        work = worker(standin)
        rows = work(table).to_pylist()
        requests = standin.requests.total()
        assert {row["status"] for row in [*rows, *work(table).to_pylist()]} == {"pending"}
        assert all("limits the rate of requests" in row["error"] for row in rows)
        assert standin.requests.total() == requests <= 4


def test_worker_waits_for_its_delay_before_each_account(standin: GitHubStandIn) -> None:
    delays = iter([0.0, 0.0, 0.0])
    table = worker(standin, lambda: next(delays))(pyarrow.table({"login": ["octocat", "default-0", "octocat"]}))
    assert [status for _, _, status in identities(table)] == ["judged"] * 3
    assert next(delays, None) is None
