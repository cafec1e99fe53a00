"""The command predict."""

import json
import subprocess
from pathlib import Path

import pytest

from github_avatars.demo import GitHubStandIn
from tests.cli.conftest import Run
from tests.support.commands import run_command, run_without
from tests.support.processes import ROOT, clean_environment, run_python


def test_output_is_that_of_the_service(run: Run, github: GitHubStandIn, labeled: Path) -> None:
    result = run("predict", "octocat", labeled / "default/1.png", "default-0")
    assert (result.code, result.err) == (0, "")
    service = subprocess.run(
        [ROOT / "script/predict", "-i", "username=octocat"],
        env=clean_environment(GITHUB_URL=github.url),
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.out.startswith(service.stdout)
    assert [json.loads(line) for line in result.out.splitlines()] == [
        json.loads(service.stdout),
        {"username": None, "href": None, "prediction": "default"},
        {"username": "default-0", "href": f"{github.url}/default-0.png", "prediction": "default"},
    ]


def test_a_file_is_classified_without_the_imports_of_accounts_commands_and_formats_that_are_not_used(
    labeled: Path,
) -> None:
    program = """
import sys
from github_avatars import cli
cli.main(["predict", sys.argv[1]])
unused = {"asyncio", "socket", "requests", "urllib3", "sklearn"}
unused |= {"github_avatars.cli.scan", "PIL.GifImagePlugin", "PIL.JpegImagePlugin", "PIL.ImageDraw"}
print(sorted(unused & set(sys.modules)))
"""
    result = run_python(program, labeled / "default/1.png")
    assert result.stdout.splitlines()[1:] == ["[]"], result


def test_a_failure_does_not_end_the_command(run: Run, labeled: Path) -> None:
    (labeled / "page.png").write_text("<!DOCTYPE html>")
    result = run("predict", "nobody-here", "gone.png", labeled / "page.png", "octocat")
    assert result.code == 1
    lines = [json.loads(line) for line in result.out.splitlines()]
    assert [(line["username"], line["prediction"]) for line in lines] == [
        ("nobody-here", None),
        ("gone.png", None),
        (None, None),
        ("octocat", "custom"),
    ]
    errors = result.err.splitlines()
    assert len(errors) == 3
    assert "has no account nobody-here" in errors[0]
    assert "There is no such picture file, and 'gone.png' is not a valid GitHub login" in errors[1]
    assert "page.png is not a PNG" in errors[2]
    assert all(line.startswith("error: ") for line in errors)


def test_predictions_are_logged_on_request(github: GitHubStandIn) -> None:
    process = run_command("predict", "octocat", GITHUB_URL=github.url, GITHUB_AVATARS_LOG="info")
    assert json.loads(process.stderr)["login"] == "octocat"


def test_wrong_log_level_is_an_error(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_AVATARS_LOG", "loud")
    assert "GITHUB_AVATARS_LOG" in run("predict", "octocat").error


def test_cog_is_not_required(github: GitHubStandIn) -> None:
    process = run_without("cog", "predict", "octocat", GITHUB_URL=github.url)
    assert (process.returncode, process.stderr) == (0, "")
