"""Log lines: how they are formatted, and how Cog's server writes them."""

import json
import logging
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from github_avatars.demo import AVATARS, GitHubStandIn
from github_avatars.errors import BadOption
from github_avatars.service import logs
from github_avatars.training import dataset
from tests.conftest import StartCog
from tests.support.cog_server import CogServer
from tests.support.holding import Hold
from tests.support.processes import ROOT, clean_environment, run
from tests.support.timing import TIMEOUT, wait_until

IDENTICON = next(example.login for example in dataset.read_index(AVATARS) if example.label == "default")


@pytest.fixture
def enable() -> Iterator[Callable[[str], None]]:
    """Enables logging at a level, until the end of the test."""
    logger = logging.getLogger("github_avatars")
    before = logger.handlers[:], logger.level, logger.propagate
    yield lambda level: logs.enable({logs.VARIABLE: level})
    logger.handlers[:], logger.level, logger.propagate = before


def test_record_is_one_json_line_with_its_extra_fields(
    enable: Callable[[str], None], capfd: pytest.CaptureFixture[str]
) -> None:
    enable("info")
    extra = {"login": "a\nb\u2028", "timing.fetch": 0.5, "path": ROOT}
    logging.getLogger("github_avatars.x").info("%s\n{}", "ünï", extra=extra)
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


def test_traceback_is_in_the_same_line_and_limited(
    enable: Callable[[str], None], capfd: pytest.CaptureFixture[str]
) -> None:
    enable("error")
    try:
        raise RuntimeError("x" * 10_000 + "\nthe end")
    except RuntimeError:
        logging.getLogger("github_avatars").exception("failed")
    (text,) = capfd.readouterr().err.splitlines()
    assert json.loads(text)["traceback"].endswith("\nthe end")
    assert len(text) < 5000


@pytest.mark.parametrize(
    ("level", "logged"),
    [
        ("", []),
        ("error", ["error"]),
        ("warning", ["error", "warning"]),
        ("info", ["error", "warning", "info"]),
        ("INFO", ["error", "warning", "info"]),
        ("debug", ["error", "warning", "info", "debug"]),
    ],
)
def test_records_below_the_level_are_dropped(
    level: str, logged: list[str], enable: Callable[[str], None], capfd: pytest.CaptureFixture[str]
) -> None:
    enable(level)
    for name in ("error", "warning", "info", "debug"):
        logging.getLogger("github_avatars.x").log(getattr(logging, name.upper()), name)
    assert [json.loads(line)["message"] for line in capfd.readouterr().err.splitlines()] == logged


def test_enabling_twice_duplicates_no_line(
    enable: Callable[[str], None], capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    enable("info")
    enable("info")
    logging.getLogger("github_avatars.x").info("once")
    assert len(capfd.readouterr().err.splitlines()) == 1
    assert not caplog.records, "handlers of the root logger would write it again"


@pytest.mark.parametrize("level", ["loud", "10", "notset", "critical", " info", "x" * 1000])
def test_impossible_level_is_refused(level: str, enable: Callable[[str], None]) -> None:
    message = r"^GITHUB_AVATARS_LOG is '.{1,100}': give one of debug, info, warning, error, or"
    with pytest.raises(BadOption, match=message):
        enable(level)


def lines(server: CogServer) -> list[dict[str, Any]]:
    """The project's log lines, out of the JSON objects in which Cog's server wraps them."""
    wrapped = [json.loads(line) for line in server.log().splitlines()]
    return [json.loads(line["fields"]["message"]) for line in wrapped if line["target"] == "coglet::user"]


@pytest.fixture(scope="module")
def logging_server(
    start_cog: StartCog, github_for_all: GitHubStandIn, tmp_path_factory: pytest.TempPathFactory
) -> CogServer:
    server = start_cog(tmp_path_factory.mktemp("logging"), github_for_all.url, GITHUB_AVATARS_LOG="info")
    server.wait_for_status("READY")
    return server


@pytest.fixture
def new_line(logging_server: CogServer) -> Callable[[], dict[str, Any]]:
    """Waits for the only line that has been logged since the start of the test."""
    before = len(lines(logging_server))

    def line() -> dict[str, Any]:
        wait_until(lambda: len(lines(logging_server)) > before, logging_server.log)
        (line,) = lines(logging_server)[before:]
        return line

    return line


def test_prediction_is_one_line_on_standard_error_and_not_in_the_response(
    logging_server: CogServer, github: GitHubStandIn, new_line: Callable[[], dict[str, Any]]
) -> None:
    response = logging_server.predict(username=IDENTICON)
    line = new_line()
    assert (line["login"], line["label"], line["level"]) == (IDENTICON, "default", "info")
    assert line["probability"] == pytest.approx(response["metrics"]["probability"], rel=1e-12)
    assert line["timing.fetch"] == pytest.approx(response["metrics"]["timing"]["fetch"], rel=1e-12)
    assert line["seconds"] >= line["timing.fetch"] + line["timing.classify"]
    assert response["logs"] == ""
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
def test_failed_prediction_is_one_line_with_the_kind_of_error(
    inputs: dict[str, str],
    login: str | None,
    kind: str,
    logging_server: CogServer,
    new_line: Callable[[], dict[str, Any]],
) -> None:
    response = logging_server.predict(**inputs)
    line = new_line()
    assert (line["login"], line["kind"], line["level"]) == (login, kind, "warning")
    assert response["error"].endswith(f": {line['error']}")
    assert response["logs"] == ""


def test_canceled_prediction_is_one_line(
    logging_server: CogServer, github: GitHubStandIn, new_line: Callable[[], dict[str, Any]]
) -> None:
    github.faults["/octocat.png"] = hold = Hold()
    path = "/predictions/given-up"
    logging_server.request("PUT", path, {"input": {"username": "octocat"}}, {"Prefer": "respond-async"})
    assert hold.wait_for_request()
    assert logging_server.request("POST", f"{path}/cancel") == (200, {})
    hold.release.set()
    assert new_line()["login"] == "octocat"
    logging_server.wait_for_status("READY")
    logging_server.predict(username=IDENTICON)
    assert [line["login"] for line in lines(logging_server)[-2:]] == ["octocat", IDENTICON]


@pytest.mark.usefixtures("github")
def test_error_of_a_failed_prediction_starts_with_a_class_in_the_table_of_errors(logging_server: CogServer) -> None:
    error = logging_server.predict(username="nobody-of-this-name")["error"]
    match = re.fullmatch(r"Prediction failed: Async prediction failed: (\w+): .+", error)
    assert match
    page = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    assert f"| `no-such-account` | &emsp;&emsp;`{match[1]}` |" in page


def test_without_the_variable_nothing_is_logged(start_cog: StartCog, github: GitHubStandIn, tmp_path: Path) -> None:
    server = start_cog(tmp_path, github.url)
    server.wait_for_status("READY")
    server.predict(username="octocat")
    server.predict(username="nobody-of-this-name")
    server.process.terminate()
    server.process.wait(TIMEOUT)
    assert lines(server) == []


def test_impossible_level_fails_the_setup(start_cog: StartCog, github: GitHubStandIn, tmp_path: Path) -> None:
    server = start_cog(tmp_path, github.url, GITHUB_AVATARS_LOG="loud")
    setup = server.wait_for_status("SETUP_FAILED")["setup"]
    assert "BadOption: GITHUB_AVATARS_LOG is 'loud': give one of" in setup["logs"]


def test_script_predict_logs_too() -> None:
    command = [sys.executable, "-m", "github_avatars.cli.local", "predict", "--demo", "-i", "username=octocat"]
    result = run(command, environment=clean_environment(GITHUB_AVATARS_LOG="info"))
    assert json.loads(result.stdout)["prediction"] == "custom"
    (line,) = result.stderr.splitlines()
    assert json.loads(line)["label"] == "custom"
