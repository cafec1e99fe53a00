"""Evaluations of small folders of labeled pictures."""

import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

import synthesis
from github_avatars import classifier, classify, identicon
from github_avatars.cli import command_line
from github_avatars.evaluation import scoring, tables
from github_avatars.evaluation.evaluating import evaluate, robustness_conditions
from github_avatars.evaluation.results import Evaluation
from github_avatars.features import Features
from github_avatars.picture import decoding
from github_avatars.training import dataset, fitting
from github_avatars.training.dataset import Example
from tests.support.datasets import write_dataset
from tests.support.pictures import encoded
from tests.support.processes import ROOT, run

SIZES = (16, 20, 24, 28, 32, 40, 48, 64, 80, 128, 200, 420)
CODECS = ("png", "gif", "jpeg 90", "jpeg 75", "jpeg 50", "webp 80", "webp 60", "avif 50", "jpeg 75 twice")
KINDS = (*CODECS, "dithered sheet", "ordered sheet", "circle", "nearest", "box", "hamming", "bilinear", "bicubic")
HARD_ID = 91103165
"""An account id whose identicon is hard to recognize in a small JPEG, and easy in everything else."""
NOTHING = {"value": None, "low": None, "high": None}


def save(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def png(account_id: int) -> bytes:
    return encoded(identicon.render(account_id), "PNG")


def test_conditions_are_all_kinds_in_all_sizes() -> None:
    conditions = robustness_conditions()
    assert [(kind, condition.size) for kind, condition in conditions] == [(k, s) for k in KINDS for s in SIZES]
    assert len({condition for _, condition in conditions}) == len(conditions)
    expected = {kind: (kind, False, "LANCZOS") for kind in KINDS[:11]} | {"circle": ("png", True, "LANCZOS")}
    expected |= {kind: ("png", False, kind.upper()) for kind in KINDS[12:]}
    for kind, condition in conditions:
        assert (condition.codec, condition.circle, condition.resampling) == expected[kind]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Without an index: two identicons, a drawing, an identicon under the wrong label, and unreadable files."""
    folder = tmp_path_factory.mktemp("folder") / "mixed avatars"
    save(folder / "default" / "hard.png", png(HARD_ID))
    save(folder / "default" / "deeper" / "2.webp", png(2))
    save(folder / "custom" / "logo.png", synthesis.draw("logo", 1).data)
    save(folder / "custom" / "wrong|label.png", png(3))
    save(folder / "custom" / "truncated.png", png(4)[:400])
    save(folder / "custom" / "empty.png", b"")
    save(folder / "thumbnails" / "default" / "5.png", png(5))
    return folder


@pytest.fixture(scope="module")
def evaluation(folder: Path) -> Evaluation:
    return evaluate(folder)


def test_prediction_is_that_of_classify(evaluation: Evaluation, folder: Path) -> None:
    labels = {"default/hard.png": "default", "default/deeper/2.webp": "default"}
    labels |= {"custom/logo.png": "custom", "custom/wrong|label.png": "custom"}
    assert {picture["file"]: picture["label"] for picture in evaluation.pictures} == labels
    for picture in evaluation.pictures:
        expected = classify(folder / picture["file"])
        assert picture["prediction"] == expected.label
        assert picture["probability"] == pytest.approx(expected.probability, abs=1e-6)
        assert Features(**picture["features"]).row() == pytest.approx(expected.features.row(), abs=1e-3)
        assert picture["family"] == ""


def test_prediction_for_a_copy_is_that_of_classify(evaluation: Evaluation, folder: Path) -> None:
    errors = {
        (error["kind"], error["size"]): error["probability"]
        for error in evaluation.robustness_errors
        if error["file"] == "default/hard.png"
    }
    picture = decoding.read(folder / "default/hard.png")
    for kind, condition in robustness_conditions():
        verdict = classify(condition.apply(picture))
        is_wrong = (kind, condition.size) in errors
        assert verdict.label == ("custom" if is_wrong else "default")
        if is_wrong:
            assert errors[kind, condition.size] == pytest.approx(verdict.probability, abs=1e-6)
    assert ("jpeg 50", 16) in errors


def test_unreadable_files_are_listed_with_reasons(evaluation: Evaluation) -> None:
    reasons = {row["file"]: row["reason"] for row in evaluation.unreadable}
    assert set(reasons) == {"custom/truncated.png", "custom/empty.png"}
    assert "truncated.png is damaged" in reasons["custom/truncated.png"]
    assert "empty.png is not a PNG, JPEG, WebP, AVIF or GIF" in reasons["custom/empty.png"]


def test_scores_are_those_of_the_readable_files(evaluation: Evaluation) -> None:
    assert evaluation.scores["confusion"] == {
        "default": {"default": 2, "custom": 0},
        "custom": {"default": 1, "custom": 1},
    }
    assert evaluation.scores["accuracy"] == scoring.share(3, 4)
    assert evaluation.scores["brier"] == pytest.approx(0.25, abs=0.01)
    assert sum(bin_["count"] for bin_ in evaluation.reliability) == 4 * (1 + len(KINDS) * len(SIZES))
    assert evaluation.families == []


def test_robustness_counts_the_copies_and_lists_the_errors(evaluation: Evaluation) -> None:
    assert [(cell["kind"], cell["size"]) for cell in evaluation.robustness] == [(k, s) for k in KINDS for s in SIZES]
    wrong = [(error["kind"], error["size"]) for error in evaluation.robustness_errors]
    for cell in evaluation.robustness:
        assert cell["count"] == 4
        assert cell["right"] == 4 - wrong.count((cell["kind"], cell["size"]))
        share = {"value": cell["value"], "low": cell["low"], "high": cell["high"]}
        assert share == scoring.share(cell["right"], 4)
    large = [error for error in evaluation.robustness_errors if error["size"] >= 64 and error["kind"] in CODECS]
    assert {(error["file"], error["label"]) for error in large} == {("custom/wrong|label.png", "custom")}
    assert len(large) == len(CODECS) * sum(size >= 64 for size in SIZES)
    assert min(error["probability"] for error in large) > 0.5


def test_folder_model_date_and_versions_are_recorded(evaluation: Evaluation) -> None:
    card = json.loads(classifier.card_path(classifier.MODEL).read_text())
    assert evaluation.directory == "mixed avatars"
    assert evaluation.held_out is False
    assert evaluation.learning_curve == []
    assert evaluation.model == card["sha256"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", evaluation.date)
    assert evaluation.versions == fitting.versions()


def test_text_contains_every_error_and_every_score(evaluation: Evaluation) -> None:
    text = tables.as_text(evaluation)
    assert text.startswith("4 pictures of mixed avatars, each classified by the model.")
    assert re.search(r"\| accuracy +\| +75.0 % \| +30.0–95.5 % \|", text)
    assert re.search(
        r"\| custom/wrong\\\|label.png +\| custom +\| WRONG +\| +\d+ \| +16–420 \| png, gif, jpeg 90", text
    )
    assert re.search(r"\| custom/empty.png +\| empty.png is not a PNG", text)
    assert re.search(r"\| kind +\| +16 \|.* 420 \|\n.*\n\| png +\| +75.0 \|", text)


def test_one_picture_of_one_label(tmp_path: Path) -> None:
    save(tmp_path / "custom" / "logo.png", synthesis.draw("logo", 2).data)
    totals = []

    def progress(items: Iterable[Any], total: int) -> Iterator[Any]:
        totals.append(total)
        yield from items

    evaluation = evaluate(tmp_path, progress=progress)
    assert totals == [1]
    assert evaluation.scores["accuracy"]["value"] == 1
    assert evaluation.scores["precision"] == evaluation.scores["recall"] == NOTHING
    assert {cell["count"] for cell in evaluation.robustness} == {1}


@pytest.mark.parametrize("data", [None, b"\x89PNG\r\n\x1a\n"], ids=["no file", "damaged file"])
def test_no_readable_picture(data: bytes | None, tmp_path: Path) -> None:
    (tmp_path / "default").mkdir()
    if data is not None:
        save(tmp_path / "default" / "none.png", data)
    evaluation = evaluate(tmp_path)
    assert [row["file"] for row in evaluation.unreadable] == (["default/none.png"] if data is not None else [])
    assert (evaluation.pictures, evaluation.robustness_errors, evaluation.families) == ([], [], [])
    assert evaluation.scores["accuracy"] == evaluation.scores["precision"] == evaluation.scores["recall"] == NOTHING
    assert evaluation.scores["brier"] is evaluation.robustness_brier is None
    assert all(cell["count"] == 0 and cell["value"] is None for cell in evaluation.robustness)
    assert re.search(r"\| accuracy +\| +– % \|", tables.as_text(evaluation))


def test_missing_files_and_names_that_are_not_utf8_are_reported(tmp_path: Path) -> None:
    save(tmp_path / os.fsdecode(b"custom/\xff.png"), b"")
    assert "custom/\\xff.png" in tables.as_text(evaluate(tmp_path))
    dataset.write_index(tmp_path, [Example("gone.png", "default", "", 0, "some family")])
    (row,) = evaluate(tmp_path).unreadable
    assert row["file"] == "gone.png"
    assert "cannot be read (No such file or directory)" in row["reason"]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of labeled pictures with a model that was trained on them."""
    folder = tmp_path_factory.mktemp("drawn")
    write_dataset(folder)
    fitting.train(folder, folder / "model.pkl")
    return folder


def test_training_pictures_are_classified_by_models_fitted_without_them(drawn: Path) -> None:
    evaluation = evaluate(drawn, drawn / "model.pkl")
    assert evaluation.held_out is True
    assert tables.as_text(evaluation).startswith(
        f"12 pictures of {drawn.name}, each classified by a model that was fitted without it."
    )
    examples = dataset.read(drawn)
    table = fitting.feature_table(drawn, examples, fitting.measure_for_training(drawn, examples))
    classifiers = fitting.held_out_classifiers(table)
    files = [drawn / example.file for example in examples]
    expected = [classify(file, held_out).probability for file, held_out in zip(files, classifiers, strict=True)]
    assert [picture["file"] for picture in evaluation.pictures] == [example.file for example in examples]
    assert [picture["probability"] for picture in evaluation.pictures] == pytest.approx(expected, abs=2e-6)
    shipped = classifier.load(drawn / "model.pkl")
    assert expected != pytest.approx([classify(file, shipped).probability for file in files], abs=1e-4)
    assert {family["family"]: family["count"] for family in evaluation.families}["identicon"] == 6
    assert [point["brier"] for point in evaluation.learning_curve] == pytest.approx(
        [point["brier"] for point in fitting.learning_curve(table)], abs=1e-6
    )


@pytest.mark.parametrize("change", ["fewer pictures", "unreadable picture"])
def test_other_pictures_are_classified_by_the_model_itself(drawn: Path, tmp_path: Path, change: str) -> None:
    folder = Path(shutil.copytree(drawn, tmp_path / "other"))
    if change == "fewer pictures":
        dataset.write_index(folder, dataset.read(drawn)[:2])
    else:
        (folder / "1.png").write_bytes(b"")
    evaluation = evaluate(folder, drawn / "model.pkl")
    assert evaluation.held_out is False
    assert evaluation.learning_curve == []
    shipped = classifier.load(drawn / "model.pkl")
    expected = [classify(folder / picture["file"], shipped).probability for picture in evaluation.pictures]
    assert [picture["probability"] for picture in evaluation.pictures] == pytest.approx(expected, abs=2e-6)


SCRIPT = ROOT / "script" / "evaluate"


def test_script_scores_another_folder_and_writes_nothing_to_docs(tmp_path: Path) -> None:
    save(tmp_path / "set" / "default" / "1.png", png(1))
    before = {path: path.read_bytes() for path in (ROOT / "docs").iterdir() if path.is_file()}
    done = run([SCRIPT, "set", "--json", "evaluation.json"], folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "1/1" in done.stderr
    assert done.stdout.startswith("1 pictures of set, ")
    written = json.loads((tmp_path / "evaluation.json").read_text())
    assert written == asdict(evaluate(tmp_path / "set")) | {"date": written["date"]}
    assert {path: path.read_bytes() for path in (ROOT / "docs").iterdir() if path.is_file()} == before


def test_errors_are_one_line_and_a_file_that_cannot_be_written_is_found_before_the_evaluation(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    message = "nowhere has neither index.csv nor a folder default or custom: give a folder of labeled pictures.\n"
    assert command_line.main(["evaluate", "nowhere"]) == 1
    assert capsys.readouterr() == ("", f"error: {message}")
    save(tmp_path / "default" / "1.png", png(1))
    assert command_line.main(["evaluate", str(tmp_path), "--json", str(tmp_path / "no folder" / "a.json")]) == 1
    printed = capsys.readouterr()
    assert (printed.out, printed.err.count("\n")) == ("", 1)
    assert "no folder/a.json cannot be written" in printed.err
