"""script/soak: a short run, and the faults that it reports."""

import re
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from benchmarks import soak
from benchmarks.running import Usage
from benchmarks.soak import Case, Outcome
from tests.support.processes import ROOT, clean_environment
from tests.support.timing import TIMEOUT, wait_until

SUMMARY = re.compile(
    r"[\d,]+ requests in \d+ s: \d+ wrong responses, \d+ errors; p50 \d+ ms, p99 \d+ ms; "
    r"memory [\d.]+ → [\d.]+ MB \([+-][\d.]+ %\); file descriptors \d+ → \d+; left on disk: \d+\n"
)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(ROOT / "script" / "soak"), *arguments]
    return subprocess.run(command, env=clean_environment(), capture_output=True, text=True, timeout=5 * TIMEOUT)


@pytest.mark.alone
def test_a_short_soak_reports_no_fault() -> None:
    completed = run("--predictions", "400")
    assert (completed.returncode, completed.stderr) == (0, ""), completed
    assert SUMMARY.fullmatch(completed.stdout)
    assert completed.stdout.startswith("400 requests in ")
    assert ": 0 wrong responses, 0 errors; " in completed.stdout
    assert completed.stdout.endswith("left on disk: 0\n")


def test_a_wrong_response_is_a_fault_and_sets_the_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = {"username": "octocat", "href": "https://github.com/octocat.png", "prediction": "default"}
    monkeypatch.setattr(soak, "create_cases", lambda _: [Case({"username": "octocat"}, expected)])
    monkeypatch.setattr(sys, "argv", ["script/soak", "--predictions", "2", "--concurrency", "1"])
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    assert soak.main() == 1
    captured = capsys.readouterr()
    assert "2 requests in " in captured.out
    assert "fault: {'username': 'octocat'}: " in captured.err
    assert "'prediction': 'custom'" in captured.err


def test_sigterm_ends_the_server_and_the_stand_in() -> None:
    mark = f"MARK={uuid4()}"

    def marked_processes() -> list[Path]:
        marked = []
        for environment in Path("/proc").glob("[0-9]*/environ"):
            try:
                if mark.encode() in environment.read_bytes().split(b"\0"):
                    marked.append(environment.parent)
            except OSError:  # the process has ended, or belongs to another user
                continue
        return marked

    command = [sys.executable, "-m", "benchmarks.soak"]
    environment = clean_environment(MARK=mark.removeprefix("MARK="))
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE) as process:
        # The soak test, the stand-in, the server and its worker.
        wait_until(lambda: len(marked_processes()) == 4)
        process.terminate()
        assert process.wait(TIMEOUT) == 143
    wait_until(lambda: not marked_processes(), lambda: str(marked_processes()))


def test_a_prediction_is_right_if_it_is_the_expected_one() -> None:
    output: dict[str, str | None] = {"username": None, "href": None, "prediction": "default"}
    succeeded = {"status": "succeeded", "output": output}
    failed = {"status": "failed", "error": f"{soak.PREFIX}NotAPicture: The image is damaged"}
    success, failure = Case({}, output), Case({}, error="NotAPicture: ")
    assert success.is_right(succeeded)
    assert failure.is_right(failed)
    assert not success.is_right(failed)
    assert not success.is_right(succeeded | {"output": output | {"prediction": "custom"}})
    assert not failure.is_right(succeeded)
    assert not Case({}, error="BadLogin: ").is_right(failed)


def test_cases_cover_both_labels_of_accounts_and_pictures_and_all_errors() -> None:
    cases = soak.create_cases("http://github")
    errors = {case.error.partition(":")[0] for case in cases}
    assert errors == {"", "NoSuchAccount", "BadLogin", "NotAPicture"}
    outputs = [case.output for case in cases if case.output]
    labels = {(output["username"] is None, output["prediction"]) for output in outputs}
    assert labels == {(is_picture, label) for is_picture in (True, False) for label in ("default", "custom")}
    assert soak.create_cases("http://github") == cases


def test_each_fault_is_reported() -> None:
    good = Outcome(2, 1, Usage(100, 10), Usage(104, 11), elapsed=1.0, seconds=[0.1, 0.2])
    assert good.faults() == []
    assert SUMMARY.fullmatch(good.summary() + "\n")
    assert replace(good, wrong=["wrong!"], errors=["broken!"]).faults() == ["wrong!", "broken!"]
    assert replace(good, expected=3).faults() == ["only 2 of 3 requests got a response"]
    assert replace(good, after=Usage(105, 11)).faults() == ["memory grew by 5% or more"]
    assert replace(good, after=Usage(104, 12)).faults() == ["file descriptors remain open"]
    assert replace(good, leftovers=1).faults() == ["files or folders of predictions remain on disk"]


def test_numbers_out_of_range_are_usage_errors(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments in (["--predictions", "0"], ["--concurrency", "0"], ["--concurrency", "129"]):
        monkeypatch.setattr(sys, "argv", ["script/soak", *arguments])
        with pytest.raises(SystemExit, match="2"):
            soak.main()
        assert "--predictions must be at least 1, and --concurrency must be 1 to 128" in capsys.readouterr().err
