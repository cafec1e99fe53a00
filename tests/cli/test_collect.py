"""The command collect, as a user runs it."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from github_avatars.demo import GitHubStandIn, responding
from github_avatars.training import dataset
from tests.support.holding import Hold
from tests.support.processes import ROOT, clean_environment
from tests.support.timing import TIMEOUT


def command(folder: Path, logins: Iterable[str], *options: str) -> list[str | Path]:
    path = folder.parent / "logins.txt"
    path.write_text("\n".join(logins))
    return [ROOT / "script/collect", "--logins", path, "-o", folder, "--rate", "1000", *options]


def run(command: list[str | Path], github: GitHubStandIn) -> subprocess.CompletedProcess[str]:
    environment = clean_environment(GITHUB_URL=github.url)
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def test_collected_folder_trains_a_model(github: GitHubStandIn, tmp_path: Path) -> None:
    logins = [f"{kind}-{number}" for kind in ("default", "cartoon") for number in range(1, 7)]
    ran = run(command(tmp_path / "collected", [*logins, "# a comment"]), github)
    assert ran.returncode == 0, ran.stderr
    counts = {name: count for name, count in json.loads(ran.stdout).items() if count}
    assert counts == {"default": 6, "custom": 6}
    assert "12/12" in ran.stderr
    train: list[str | Path] = [
        sys.executable,
        ROOT / "train.py",
        "--data",
        tmp_path / "collected",
        "--model",
        tmp_path / "model.pkl",
    ]
    trained = run(train, github)
    assert trained.returncode == 0, trained.stderr
    assert (tmp_path / "model.pkl").exists()


def test_interrupt_is_one_line_and_keeps_what_was_fetched(github: GitHubStandIn, tmp_path: Path) -> None:
    github.faults["/octocat.png"] = hold = Hold()
    # One account per second: the first is done when the second is requested.
    with subprocess.Popen(
        command(tmp_path / "collected", ["default-0", "octocat"], "--rate", "1"),
        env=clean_environment(GITHUB_URL=github.url),
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert hold.wait_for_request()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=TIMEOUT)
        hold.release.set()
    assert process.returncode == 130
    assert err.splitlines()[-1] == "error: interrupted"
    assert "Traceback" not in err
    assert [example.login for example in dataset.read(tmp_path / "collected")] == ["default-0"]


def test_rate_limit_is_one_line_with_what_to_do(github: GitHubStandIn, tmp_path: Path) -> None:
    github.faults["/octocat.png"] = responding(429, {"Retry-After": "3600"})
    ran = run(command(tmp_path / "collected", ["octocat"], "--balance"), github)
    assert (ran.returncode, ran.stdout) == (1, "")
    last = ran.stderr.splitlines()[-1]
    assert last.startswith("error: ")
    assert "retry after" in last
    assert f"Everything fetched so far is in {tmp_path / 'collected'}: run the same command again" in last
