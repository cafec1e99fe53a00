"""The train command, in this process except for train.py itself."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import synthesis
from github_avatars import classifier, identicon
from github_avatars.cli import command_line
from github_avatars.picture import decoding
from github_avatars.training import dataset, fitting
from tests.support.datasets import FAMILIES, write_dataset
from tests.support.processes import ROOT

Train = Callable[..., tuple[int, str, str]]


@pytest.fixture
def train(capsys: pytest.CaptureFixture[str]) -> Train:
    """Runs the command; returns its exit code, standard output and standard error."""

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        capsys.readouterr()
        code = command_line.main(["train", *map(str, arguments)])
        return code, *capsys.readouterr()

    return run


def error_line(result: tuple[int, str, str]) -> str:
    """The only line on standard error besides the progress bar, of a command that failed without results."""
    code, output, errors = result
    assert (code, output) == (1, "")
    *progress, line = errors.splitlines()
    assert all("picture" in shown for shown in progress if shown), errors
    assert line.startswith("error: ")
    return line


def files(model: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in model.parent.iterdir()}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drawn")
    write_dataset(folder)
    return folder


@pytest.fixture(scope="module")
def first(drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """A model that train.py wrote, and the finished process."""
    model = tmp_path_factory.mktemp("first") / "model.pkl"
    command = [sys.executable, str(ROOT / "train.py"), "--data", str(drawn), "--model", str(model)]
    return model, subprocess.run(command, capture_output=True, text=True)


@pytest.fixture
def avatars(drawn: Path, tmp_path: Path) -> Path:
    """A copy of the pictures, which a test may change."""
    return Path(shutil.copytree(drawn, tmp_path / "avatars"))


@pytest.fixture
def model(first: tuple[Path, object], tmp_path: Path) -> Path:
    """A copy of the model, which a test may overwrite."""
    return Path(shutil.copytree(first[0].parent, tmp_path / "model")) / "model.pkl"


def test_scores_are_printed_and_the_written_model_classifies_other_pictures(
    first: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    model, done = first
    assert done.returncode == 0, done.stderr
    scores = json.loads(done.stdout)
    assert scores.keys() == {"accuracy", "precision", "recall", "brier", "originals"}
    assert 0.9 < scores["accuracy"] <= 1
    assert json.loads(classifier.card_path(model).read_text())["scores"] == scores
    assert "12/12" in done.stderr
    assert files(model).keys() == {"model.pkl", "model.json"}
    loaded = classifier.load(model)
    assert classifier.classify(identicon.render(583231), loaded).label == "default"
    assert classifier.classify(synthesis.draw("photo-landscape", 5).data, loaded).label == "custom"


def test_training_is_reproducible_to_the_byte_and_replaces_damaged_files(drawn: Path, model: Path) -> None:
    before = files(model)
    model.write_bytes(b"old")
    classifier.card_path(model).write_bytes(b'{"scores": {"accuracy": "x"}}')
    scores = fitting.train(drawn, model)
    assert model.read_bytes() == before["model.pkl"]
    old, new = json.loads(before["model.json"]), json.loads(classifier.card_path(model).read_text())
    assert old | {"trained": None} == new | {"trained": None}
    assert scores == new["scores"]


def test_worse_model_overwrites_a_better_one_only_with_force(avatars: Path, model: Path, train: Train) -> None:
    examples = dataset.read_index(avatars)
    labels = [example.label for example in examples]
    half_wrong = zip(examples, labels[::2] + labels[1::2], strict=True)
    dataset.write_index(avatars, [replace(example, label=label) for example, label in half_wrong])
    before = files(model)
    line = error_line(train("--data", avatars, "--model", model))
    assert "scores worse in accuracy and originals" in line
    assert "--force" in line
    assert files(model) == before

    code, output, errors = train("--data", avatars, "--model", model, "--force")
    assert code == 0, errors
    assert files(model).keys() == before.keys()
    assert model.read_bytes() != before["model.pkl"]
    assert json.loads(output)["accuracy"] < json.loads(before["model.json"])["scores"]["accuracy"]


def test_damaged_card_has_no_scores_to_compare_with(model: Path) -> None:
    assert fitting._existing_card(model)
    for card in (b"not JSON", b"[]", b'{"scores": null}', b'{"scores": {"accuracy": "x"}}'):
        classifier.card_path(model).write_bytes(card)
        assert fitting._existing_card(model) == {}


def test_check_fails_if_the_pictures_have_changed(avatars: Path, model: Path, train: Train) -> None:
    before = files(model)
    assert train("--data", avatars, "--model", model, "--check")[0] == 0
    identicon.render(4711).save(avatars / "1.png")
    line = error_line(train("--data", avatars, "--model", model, "--check"))
    assert "is stale: the pictures have changed" in line
    assert line.endswith("Run github-avatars train.")
    assert files(model) == before


@pytest.mark.parametrize("file", ["model.pkl", "model.json"])
def test_check_fails_if_a_file_of_the_model_is_missing_or_damaged(model: Path, file: str, train: Train) -> None:
    path = model.with_name(file)
    path.write_bytes(path.read_bytes()[:-20])
    assert "run github-avatars train" in error_line(train("--model", model, "--check"))
    path.unlink()
    assert f"{path} cannot be read" in error_line(train("--model", model, "--check"))


def test_unusable_folders_and_files_are_errors_of_one_line(
    tmp_path: Path, avatars: Path, model: Path, train: Train
) -> None:
    assert "has neither index.csv nor a folder default or custom" in error_line(train("--data", tmp_path))
    no_folder = tmp_path / "no folder" / "model.pkl"
    assert "no folder" in error_line(train("--data", avatars, "--model", no_folder))
    decoding.read(avatars / "1.png").save(avatars / f"{FAMILIES[0]}.png")
    examples = dataset.read_index(avatars)
    copied = [replace(each, file=f"{FAMILIES[0]}.png") if each.family == FAMILIES[0] else each for each in examples]
    dataset.write_index(avatars, copied)
    assert "the same picture under both labels" in error_line(train("--data", avatars, "--model", model))
    (avatars / "1.png").write_text("<!DOCTYPE html>")
    assert "1.png is not a PNG, JPEG, WebP, AVIF or GIF" in error_line(train("--data", avatars, "--model", model))
