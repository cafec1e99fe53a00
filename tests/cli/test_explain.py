"""The command explain."""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from github_avatars.demo import AVATARS
from github_avatars.explanation import as_text, draw, explain
from github_avatars.explanation.drawing import SIZE
from github_avatars.picture import decoding
from tests.cli.conftest import Run
from tests.support.sites import picture_of
from tests.support.timing import TIMEOUT

DEFAULT = AVATARS / "default" / "12377479.png"


def test_explanation_of_a_file(run: Run, tmp_path: Path) -> None:
    explanation = explain(decoding.read(DEFAULT))
    result = run("explain", DEFAULT, "-o", tmp_path / "why", "--json", tmp_path / "why.json")
    assert result == (0, as_text(explanation) + "\n", "")
    with Image.open(tmp_path / "why", formats=["PNG"]) as written:
        assert written.tobytes() == draw(explanation).tobytes()
    numbers = json.loads((tmp_path / "why.json").read_text())
    assert (numbers["label"], numbers["features"]["identicon_error"]) == ("default", 0.0)
    total = numbers["base"] + sum(each["log_odds"] for each in numbers["contributions"])
    assert total == pytest.approx(numbers["score"])


def test_explanation_of_an_account(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "octocat").mkdir()  # a folder is not a picture file
    text = as_text(explain(decoding.load(picture_of("octocat"))))
    assert run("explain", "octocat", "-o", "why.png") == (0, text + "\n", "")
    with Image.open("why.png") as written:
        assert written.size == SIZE


@pytest.mark.parametrize(
    ("subject", "start"),
    [
        ("gone.png", "There is no such picture file, and 'gone.png' is not a valid GitHub login: give 1 to "),
        ("", "There is no such picture file, and '' is not a valid GitHub login: give 1 to "),
        ("a\nb", "There is no such picture file, and 'a\\nb' is not a valid GitHub login: give 1 to "),
        (".", "There is no such picture file, and '.' is not a valid GitHub login: give 1 to "),
        (__file__, f"{__file__} is not a PNG, JPEG, WebP, AVIF or GIF: give one of these."),
        ("a" * 5000, "There is no such picture file, and 'aaa"),
    ],
)
def test_neither_a_picture_nor_a_login_is_an_error(run: Run, tmp_path: Path, subject: str, start: str) -> None:
    result = run("explain", subject, "-o", tmp_path / "why.png")
    assert result.error.startswith(f"error: {start}")
    assert result.out == ""
    assert list(tmp_path.iterdir()) == []


def test_an_unwritable_output_is_an_error(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "gone" / "why.png"
    assert str(path) in run("explain", DEFAULT, "-o", path).error
    assert str(tmp_path) in run("explain", DEFAULT, "-o", tmp_path).error


def test_json_can_be_written_to_a_pipe(run: Run, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as threads:
        text = threads.submit(pipe.read_text)
        assert run("explain", DEFAULT, "-o", tmp_path / "why.png", "--json", pipe).code == 0
        assert json.loads(text.result(TIMEOUT))["label"] == "default"
    assert pipe.is_fifo()
