import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import synthesis
from github_avatars import classifier, identicon
from github_avatars.training import dataset
from github_avatars.training.dataset import Example
from tests.support.processes import ROOT

FAMILIES = list(synthesis.FAMILIES)[::3][:12]


def train(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, ROOT / "train.py", *arguments], capture_output=True, text=True)


def draw(folder: Path) -> None:
    """A dozen avatars of each label, and their index."""
    examples = []
    for number, family in enumerate(FAMILIES, start=1):
        drawing = synthesis.draw(family, 0)
        custom = Example(f"{family}.{drawing.extension}", "custom", family, 100 + number, family)
        default = Example(f"{number}.png", "default", f"user-{number}", number, "identicon")
        (folder / custom.file).write_bytes(drawing.data)
        identicon.render(number).save(folder / default.file)
        examples += [custom, default]
    dataset.write_index(folder, examples)


def mislabel(folder: Path) -> None:
    """Makes half of the labels wrong."""
    examples = dataset.read_index(folder)
    wrong = [
        replace(example, label="custom" if example.label == "default" else "default") if number % 4 < 2 else example
        for number, example in enumerate(examples)
    ]
    dataset.write_index(folder, wrong)


def files(model: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in model.parent.iterdir()}


def refusal(run: subprocess.CompletedProcess[str]) -> str:
    """What a run that failed says: one line, after the progress bar if there is one, and nothing on stdout."""
    assert run.returncode == 1
    assert run.stdout == ""
    *progress, line = run.stderr.splitlines()
    assert all("picture" in shown for shown in progress if shown), run.stderr
    assert line.startswith("error: ")
    return line


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drawn")
    draw(folder)
    return folder


@pytest.fixture(scope="module")
def first(drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """The first model that is trained on what was drawn, and how that went."""
    model = tmp_path_factory.mktemp("first") / "model.pkl"
    return model, train("--data", drawn, "--model", model)


@pytest.fixture
def avatars(drawn: Path, tmp_path: Path) -> Path:
    """A copy of what was drawn, to be spoiled."""
    return Path(shutil.copytree(drawn, tmp_path / "avatars"))


@pytest.fixture
def model(first: tuple[Path, object], tmp_path: Path) -> Path:
    """A copy of the first model, to be overwritten."""
    return Path(shutil.copytree(first[0].parent, tmp_path / "model")) / "model.pkl"


def test_training_prints_its_scores_alone_on_stdout_and_its_progress_on_stderr(
    first: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    model, run = first
    assert run.returncode == 0, run.stderr
    scores = json.loads(run.stdout)
    assert scores.keys() == {"accuracy", "precision", "recall", "brier", "originals"}
    assert 0.9 < scores["accuracy"] <= 1
    assert json.loads(classifier.card_path(model).read_text())["scores"] == scores
    assert "24/24" in run.stderr


def test_training_writes_a_model_that_judges(first: tuple[Path, object]) -> None:
    model, _ = first
    assert files(model).keys() == {"model.pkl", "model.json"}
    judge = classifier.load(model)
    assert classifier.classify(identicon.render(583231), judge).label == "default"
    assert classifier.classify(synthesis.draw("photo-landscape", 5).data, judge).label == "custom"


def test_training_again_gives_the_same_bytes_and_overwrites(drawn: Path, model: Path) -> None:
    before = files(model)
    model.write_bytes(b"old")
    run = train("--data", drawn, "--model", model)
    assert run.returncode == 0, run.stderr
    assert model.read_bytes() == before["model.pkl"]
    old, new = json.loads(before["model.json"]), json.loads(classifier.card_path(model).read_text())
    assert old | {"trained": None} == new | {"trained": None}


def test_a_worse_model_overwrites_a_better_one_by_force_alone(avatars: Path, model: Path) -> None:
    mislabel(avatars)
    before = files(model)
    line = refusal(train("--data", avatars, "--model", model))
    assert "scores worse in accuracy and originals" in line
    assert "--force" in line
    assert files(model) == before

    forced = train("--data", avatars, "--model", model, "--force")
    assert forced.returncode == 0, forced.stderr
    assert files(model).keys() == before.keys()
    assert model.read_bytes() != before["model.pkl"]
    assert json.loads(forced.stdout)["accuracy"] < json.loads(before["model.json"])["scores"]["accuracy"]


@pytest.mark.parametrize("card", [b"not JSON", b"[]", b'{"scores": null}', b'{"scores": {"accuracy": "x"}}'])
def test_training_mends_a_damaged_card(drawn: Path, model: Path, card: bytes) -> None:
    classifier.card_path(model).write_bytes(card)
    run = train("--data", drawn, "--model", model)
    assert run.returncode == 0, run.stderr
    classifier.load(model)


def test_the_shipped_model_is_what_training_gives() -> None:
    run = train("--check")
    assert (run.returncode, run.stdout) == (0, ""), run.stderr


def test_check_passes_on_its_own_pictures_and_fails_on_others(avatars: Path, model: Path) -> None:
    before = files(model)
    assert train("--data", avatars, "--model", model, "--check").returncode == 0
    identicon.render(4711).save(avatars / "1.png")
    line = refusal(train("--data", avatars, "--model", model, "--check"))
    assert "is stale: the pictures have changed" in line
    assert line.endswith("Run script/train.")
    assert files(model) == before


@pytest.mark.parametrize("file", ["model.pkl", "model.json"])
def test_check_fails_where_a_file_of_the_model_is_missing_or_damaged(avatars: Path, model: Path, file: str) -> None:
    path = model.with_name(file)
    path.write_bytes(path.read_bytes()[:-20])
    assert "Run script/train" in refusal(train("--data", avatars, "--model", model, "--check"))
    path.unlink()
    assert f"{path} cannot be read" in refusal(train("--data", avatars, "--model", model, "--check"))


def test_what_cannot_be_trained_on_is_one_line(tmp_path: Path, avatars: Path) -> None:
    assert "has no index.csv and neither of default and custom" in refusal(train("--data", tmp_path))
    nowhere = tmp_path / "nowhere" / "model.pkl"
    assert "nowhere" in refusal(train("--data", avatars, "--model", nowhere))
    (avatars / "1.png").write_text("<!DOCTYPE html>")
    assert "1.png is not a PNG, JPEG, WebP or GIF" in refusal(train("--data", avatars))


def test_an_unknown_option_is_a_usage_error() -> None:
    run = train("--fast")
    assert (run.returncode, run.stdout) == (2, "")
    assert "--fast" in run.stderr
