"""The log lines: by themselves, and as Cog's real server writes them."""

import json
import logging
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from github_avatars.demo import AVATARS, Exchange, GitHubStandIn
from github_avatars.errors import BadOption
from github_avatars.service import logs
from github_avatars.training import dataset
from tests.support.cog_server import CogServer
from tests.support.processes import ROOT, clean_environment
from tests.support.timing import wait_until

START = Callable[..., CogServer]
IDENTICON = next(example.login for example in dataset.read_index(AVATARS) if example.label == "default")


@pytest.fixture
def switch_on() -> Iterator[Callable[[str], None]]:
    """Switches the log on at a level; afterwards it is as it was."""
    logger = logging.getLogger("github_avatars")
    before = logger.handlers[:], logger.level, logger.propagate
    yield lambda level: logs.enable({logs.VARIABLE: level})
    logger.handlers[:], logger.level, logger.propagate = before


# A line


def test_a_line_is_one_json_object_with_what_came_beside_the_text(
    switch_on: Callable[[str], None], capfd: pytest.CaptureFixture[str]
) -> None:
    switch_on("info")
    logging.getLogger("github_avatars.x").info(
        "%s\n{}", "ünï", extra={"login": "a\nb\u2028", "timing.fetch": 0.5, "path": ROOT}
    )
    (text,) = capfd.readouterr().err.splitlines()
    assert text.isascii()
    line = json.loads(text)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", line.pop("time"))
    assert line == {
        "level": "info",
        "logger": "github_avatars.x",
        "message": "ünï\n{}",
        "login": "a\nb\u2028",
        "timing.fetch": 0.5,
        "path": str(ROOT),
    }


def test_a_traceback_stays_in_its_line(switch_on: Callable[[str], None], capfd: pytest.CaptureFixture[str]) -> None:
    switch_on("error")
    try:
        raise RuntimeError("x" * 10_000 + "\nthe end")
    except RuntimeError:
        logging.getLogger("github_avatars").exception("oh")
    (text,) = capfd.readouterr().err.splitlines()
    assert json.loads(text)["traceback"].endswith("\nthe end")
    assert len(text) < 5000


@pytest.mark.parametrize(
    ("level", "heard"),
    [
        ("", []),
        ("error", ["error"]),
        ("warning", ["error", "warning"]),
        ("info", ["error", "warning", "info"]),
        ("INFO", ["error", "warning", "info"]),
        ("debug", ["error", "warning", "info", "debug"]),
    ],
)
def test_lines_come_from_the_level_asked_for_on(
    level: str, heard: list[str], switch_on: Callable[[str], None], capfd: pytest.CaptureFixture[str]
) -> None:
    switch_on(level)
    for name in ("error", "warning", "info", "debug"):
        logging.getLogger("github_avatars.x").log(getattr(logging, name.upper()), name)
    assert [json.loads(line)["message"] for line in capfd.readouterr().err.splitlines()] == heard


def test_switching_on_twice_doubles_no_line(
    switch_on: Callable[[str], None], capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    switch_on("info")
    switch_on("info")
    logging.getLogger("github_avatars.x").info("once")
    assert len(capfd.readouterr().err.splitlines()) == 1
    assert not caplog.records, "the root's handlers would write it again"


@pytest.mark.parametrize("level", ["loud", "10", "notset", "critical", " info", "x" * 1000])
def test_what_is_no_level_is_refused(level: str, switch_on: Callable[[str], None]) -> None:
    with pytest.raises(
        BadOption, match=r"^GITHUB_AVATARS_LOG is '.{1,100}': give one of debug, info, warning, error, or"
    ):
        switch_on(level)


# Cog's server


def lines(server: CogServer) -> list[dict[str, Any]]:
    """What the project logged, out of the envelopes that Cog's server puts it into."""
    envelopes = [json.loads(line) for line in server.log().splitlines()]
    return [json.loads(found["fields"]["message"]) for found in envelopes if found["target"] == "coglet::user"]


@pytest.fixture(scope="module")
def logging_server(
    start_cog: START, github_for_all: GitHubStandIn, tmp_path_factory: pytest.TempPathFactory
) -> CogServer:
    server = start_cog(tmp_path_factory.mktemp("logging"), github_for_all.url, GITHUB_AVATARS_LOG="info")
    server.wait_for_status("READY")
    return server


@pytest.fixture
def new_line(logging_server: CogServer) -> Callable[[], dict[str, Any]]:
    """The one line that was logged since the test began, as soon as it is there."""
    before = len(lines(logging_server))

    def one() -> dict[str, Any]:
        wait_until(lambda: len(lines(logging_server)) > before, logging_server.log)
        (line,) = lines(logging_server)[before:]
        return line

    return one


def test_a_prediction_is_one_line_on_standard_error_and_not_in_the_answer(
    logging_server: CogServer, github: GitHubStandIn, new_line: Callable[[], dict[str, Any]]
) -> None:
    answer = logging_server.predict(username=IDENTICON)
    line = new_line()
    assert (line["login"], line["label"], line["level"]) == (IDENTICON, "default", "info")
    assert line["probability"] == pytest.approx(answer["metrics"]["probability"], rel=1e-12)
    assert line["timing.fetch"] == pytest.approx(answer["metrics"]["timing"]["fetch"], rel=1e-12)
    assert line["seconds"] >= line["timing.fetch"] + line["timing.classify"]
    assert answer["logs"] == ""
    assert github.requests.total() == 2


@pytest.mark.usefixtures("github")
@pytest.mark.parametrize(
    ("inputs", "login", "kind"),
    [
        ({"username": "nobody-of-this-name"}, "nobody-of-this-name", "no-such-account"),
        ({"username": "oc\nto\u2028cat"}, r"oc\nto\u2028cat", "bad-login"),
        ({"username": "octocat", "image": "data:,x"}, "octocat", "bad-input"),
        ({"image": "data:,x"}, None, "not-a-picture"),
        ({}, None, "bad-input"),
    ],
)
def test_a_failed_prediction_is_one_line_with_its_kind(
    inputs: dict[str, str],
    login: str | None,
    kind: str,
    logging_server: CogServer,
    new_line: Callable[[], dict[str, Any]],
) -> None:
    answer = logging_server.predict(**inputs)
    line = new_line()
    assert (line["login"], line["kind"], line["level"]) == (login, kind, "warning")
    assert answer["error"].endswith(f": {line['error']}")
    assert answer["logs"] == ""


def test_a_cancelled_prediction_is_one_line(
    logging_server: CogServer, github: GitHubStandIn, new_line: Callable[[], dict[str, Any]]
) -> None:
    arrived, release = threading.Event(), threading.Event()

    def hold(_: Exchange) -> bool:
        arrived.set()
        release.wait(8)
        return False

    github.faults["/octocat.png"] = hold
    path = "/predictions/given-up"
    logging_server.request("PUT", path, {"input": {"username": "octocat"}}, {"Prefer": "respond-async"})
    assert arrived.wait(8)
    assert logging_server.request("POST", f"{path}/cancel") == (200, {})
    release.set()
    assert new_line()["login"] == "octocat"
    logging_server.wait_for_status("READY")
    logging_server.predict(username=IDENTICON)
    assert [line["login"] for line in lines(logging_server)[-2:]] == ["octocat", IDENTICON]


@pytest.mark.usefixtures("github")
def test_the_error_of_a_failed_prediction_begins_with_a_class_of_the_page(logging_server: CogServer) -> None:
    error = logging_server.predict(username="nobody-of-this-name")["error"]
    found = re.fullmatch(r"Prediction failed: Async prediction failed: (\w+): .+", error)
    assert found
    assert f"| `no-such-account` | &emsp;&emsp;`{found[1]}` |" in (ROOT / "docs" / "errors.md").read_text(
        encoding="utf-8"
    )


def test_nothing_is_logged_unless_asked_for(start_cog: START, github: GitHubStandIn, tmp_path: Path) -> None:
    server = start_cog(tmp_path, github.url)
    server.wait_for_status("READY")
    server.predict(username="octocat")
    server.predict(username="nobody-of-this-name")
    server.process.terminate()
    server.process.wait(60)
    assert lines(server) == []


def test_a_level_that_is_none_fails_the_setup(start_cog: START, github: GitHubStandIn, tmp_path: Path) -> None:
    server = start_cog(tmp_path, github.url, GITHUB_AVATARS_LOG="loud")
    assert (
        "BadOption: GITHUB_AVATARS_LOG is 'loud': give one of"
        in server.wait_for_status("SETUP_FAILED")["setup"]["logs"]
    )


def test_the_script_logs_too() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "github_avatars.cli.local", "predict", "--demo", "-i", "username=octocat"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=clean_environment(GITHUB_AVATARS_LOG="info"),
        check=True,
    )
    assert json.loads(result.stdout)["prediction"] == "custom"
    (line,) = result.stderr.splitlines()
    assert json.loads(line)["label"] == "custom"
