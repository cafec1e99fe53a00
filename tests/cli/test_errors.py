"""Errors of all commands: one line on standard error."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from github_avatars.demo import Exchange, GitHubStandIn
from tests.cli.conftest import Run
from tests.support.processes import ROOT, clean_environment
from tests.support.timing import TIMEOUT, wait_until


def test_missing_input_is_one_line(run: Run, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    assert "gone" in run("evaluate", gone).error
    assert "gone" in run("dataset", "check", gone).error
    assert "gone" in run("collect", "--logins", gone, "-o", tmp_path / "out").error
    assert "no/such" in run("explain", "no/such", "-o", tmp_path / "out.png").error
    assert "gone" in run("report", gone, "-o", tmp_path / "out.html").error


def test_interrupt_is_one_line(github: GitHubStandIn) -> None:
    def hold(exchange: Exchange) -> bool:
        exchange.pause(TIMEOUT)
        return True

    github.faults["/octocat.png"] = hold
    command = [sys.executable, "-m", "github_avatars", "predict", "octocat"]
    environment = clean_environment(GITHUB_URL=github.url)
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as process:
        wait_until(lambda: github.requests["/octocat.png"])
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=TIMEOUT)[1] == "error: interrupted\n"
    assert process.returncode == 130


def test_closed_pipe_is_silent(github: GitHubStandIn) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    process = subprocess.run(
        [sys.executable, "-m", "github_avatars", "predict", "octocat", "default-0"],
        cwd=ROOT,
        env=clean_environment(GITHUB_URL=github.url),
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(writer)
    assert (process.returncode, process.stderr) == (1, "")
