"""script/soak: a short run of it in full, and what it takes for a fault."""

import http.client
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from benchmarks import soak
from benchmarks.running import Use
from benchmarks.soak import Case, Client, Outcome
from tests.support.processes import ROOT, clean_environment
from tests.support.timing import TIMEOUT, wait_until

pytestmark = pytest.mark.alone

LINE = re.compile(
    r"[\d,]+ requests in \d+ s: \d+ wrong answers, \d+ errors, \d+ asked again; p50 \d+ ms, p99 \d+ ms; "
    r"memory [\d.]+ → [\d.]+ MB \([+-][\d.]+ %\); file descriptors \d+ → \d+; left on disk: \d+\n"
)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [ROOT / "script" / "soak", *arguments]
    return subprocess.run(command, env=clean_environment(), capture_output=True, text=True, timeout=5 * TIMEOUT)


def test_a_short_soak_finds_nothing_wrong() -> None:
    ended = run("--predictions", "400")
    assert (ended.returncode, ended.stderr) == (0, ""), ended
    assert LINE.fullmatch(ended.stdout)
    assert ended.stdout.startswith("400 requests in ")
    assert ": 0 wrong answers, 0 errors, " in ended.stdout
    assert ended.stdout.endswith("left on disk: 0\n")


def test_a_wrong_answer_is_told_and_fails_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("COG_MAX_CONCURRENCY", "GITHUB_URL"):
        monkeypatch.delenv(name, raising=False)
    expected = {"username": "octocat", "href": "https://github.com/octocat.png", "prediction": "default"}
    monkeypatch.setattr(soak, "cases", lambda _: [Case({"username": "octocat"}, expected)])
    monkeypatch.setattr(sys, "argv", ["script/soak", "--predictions", "2", "--concurrency", "1"])
    monkeypatch.setattr(soak.signal, "signal", lambda *_: None)
    assert soak.main() == 1
    told = capsys.readouterr()
    assert "2 requests in " in told.out
    assert "fault: {'username': 'octocat'}: " in told.err
    assert "'prediction': 'custom'" in told.err


def test_an_end_by_sigterm_takes_the_server_and_the_stand_in_along() -> None:
    mark = f"MARK={uuid4()}".encode()

    def marked() -> list[Path]:
        found = []
        for environment in Path("/proc").glob("[0-9]*/environ"):
            try:
                if mark in environment.read_bytes().split(b"\0"):
                    found.append(environment.parent)
            except OSError:  # ended meanwhile, or another user's
                continue
        return found

    command = [sys.executable, "-m", "benchmarks.soak"]
    environment = clean_environment(MARK=mark.decode().removeprefix("MARK="), PYTHONPATH=str(ROOT))
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE) as process:
        # Itself, the stand-in, the server and its worker.
        wait_until(lambda: len(marked()) == 4)
        process.terminate()
        assert process.wait(TIMEOUT) == 143
    wait_until(lambda: not marked(), lambda: str(marked()))


ANSWER = {"status": "succeeded", "output": {"username": None, "href": None, "prediction": "default"}}
FAILURE = {"status": "failed", "error": f"{soak.PREFIX}NotAPicture: The image is damaged"}


@pytest.mark.parametrize(
    ("case", "answer", "right"),
    [
        (Case({}, ANSWER["output"]), ANSWER, True),
        (Case({}, ANSWER["output"]), ANSWER | {"output": {**ANSWER["output"], "prediction": "custom"}}, False),
        (Case({}, ANSWER["output"]), FAILURE, False),
        (Case({}, error="NotAPicture: "), FAILURE, True),
        (Case({}, error="BadLogin: "), FAILURE, False),
        (Case({}, error="NotAPicture: "), ANSWER, False),
    ],
)
def test_an_answer_is_right_where_it_is_the_expected_one(case: Case, answer: dict[str, object], right: bool) -> None:
    assert case.is_right(answer) is right


def test_all_kinds_are_asked() -> None:
    cases = soak.cases("http://github")
    errors = {case.error.partition(":")[0] for case in cases if case.error}
    assert errors == {"NoSuchAccount", "BadLogin", "NotAPicture"}
    outputs = [case.output for case in cases if case.output]
    labels = [(output["username"] is None, output["prediction"]) for output in outputs]
    assert set(labels) == {(picture, label) for picture in (True, False) for label in ("default", "custom")}
    assert soak.cases("http://github") == cases


@pytest.fixture
def good() -> Outcome:
    """A run without fault, of a single client."""
    client = Client(http.client.HTTPConnection("127.0.0.1"), seconds=[0.1, 0.2])
    return Outcome(2, [client], 1.0, Use(100, 10), Use(104, 11), 0)


def test_a_good_run_has_no_faults(good: Outcome) -> None:
    assert good.faults() == []
    assert LINE.fullmatch(good.line() + "\n")


def test_what_counts_as_a_fault(good: Outcome) -> None:
    (client,) = good.clients
    for changed, fault in [
        (replace(good, clients=[replace(client, wrong=["wrong!"])]), "wrong!"),
        (replace(good, clients=[replace(client, errors=["broken!"])]), "broken!"),
        (replace(good, wanted=3), "only 2 of 3 requests were answered"),
        (replace(good, after=Use(105, 11)), "memory grew by 5 % or more"),
        (replace(good, after=Use(104, 12)), "file descriptors stayed open"),
        (replace(good, left=1), "files or folders of predictions stayed on disk"),
    ]:
        assert changed.faults() == [fault]


@pytest.mark.parametrize("arguments", [("--predictions", "0"), ("--concurrency", "0"), ("--concurrency", "33")])
def test_numbers_out_of_range_are_refused(arguments: tuple[str, ...]) -> None:
    ended = run(*arguments)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "script/soak: error: --predictions must be at least 1, and --concurrency 1 to 32" in ended.stderr
