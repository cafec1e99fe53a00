"""The scores of the shipped model: in docs/evaluation.json, and on real avatars."""

import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from github_avatars import features
from github_avatars.cli import command_line
from github_avatars.errors import BadFile
from github_avatars.evaluation import results
from github_avatars.evaluation.evaluating import evaluate, robustness_conditions
from github_avatars.evaluation.results import Evaluation
from github_avatars.features import Features
from github_avatars.training import dataset, fitting
from github_avatars.training.measuring import extract_features, measure
from tests.support.processes import ROOT

AVATARS = ROOT / "avatars"
EVALUATION = ROOT / "docs" / "evaluation.json"
REAL_AVATARS = ROOT.parent / "shared" / "avatars"


@pytest.fixture(scope="module")
def shipped() -> Evaluation:
    return results.load(EVALUATION)


def accuracy(evaluation: Evaluation, sizes: Iterable[int]) -> float:
    cells = [cell for cell in evaluation.robustness if cell["size"] in sizes]
    return sum(cell["right"] for cell in cells) / sum(cell["count"] for cell in cells)


def assert_good(evaluation: Evaluation) -> None:
    assert accuracy(evaluation, range(20, 461)) >= 0.995
    assert accuracy(evaluation, [16]) >= 0.985
    assert min(cell["value"] for cell in evaluation.robustness if cell["size"] >= 24) >= 0.97
    assert evaluation.scores["confusion"]["custom"]["default"] == 0
    assert evaluation.scores["accuracy"]["value"] == 1
    assert evaluation.scores["brier"] is not None
    assert evaluation.scores["brier"] <= 0.002
    assert evaluation.robustness_brier is not None
    assert evaluation.robustness_brier <= 0.004


def test_it_is_an_evaluation_of_the_shipped_model_on_its_training_pictures(shipped: Evaluation) -> None:
    card = json.loads((ROOT / "model.json").read_text())
    assert shipped.model == card["sha256"], "stale: run script/evaluate"
    assert shipped.held_out is True
    assert shipped.directory == "avatars"
    assert shipped.unreadable == []
    examples = [(example.file, example.label, example.family) for example in dataset.read(AVATARS)]
    assert [(row["file"], row["label"], row["family"]) for row in shipped.pictures] == examples
    assert {tuple(row["features"]) for row in shipped.pictures} == {features.NAMES}
    assert EVALUATION.stat().st_size < 300_000


def test_held_out_predictions_are_good(shipped: Evaluation) -> None:
    assert_good(shipped)


def test_the_mean_probability_of_every_bin_is_within_its_interval(shipped: Evaluation) -> None:
    for bin_ in shipped.reliability:
        assert bin_["count"] == 0 or bin_["share_low"] <= bin_["mean_probability"] <= bin_["share_high"], bin_


def test_model_and_evaluation_are_what_the_code_computes_today(
    shipped: Evaluation, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The evaluation for the four hardest pictures of each label, four others, and all their copies.

    One test of both, because measuring all pictures takes long.
    """
    examples = dataset.read(AVATARS)
    training = fitting.measure_for_training(AVATARS, examples)
    monkeypatch.setattr(fitting, "measure_for_training", lambda *_: training)
    assert (command_line.main(["train", "--check"]), capsys.readouterr().err) == (0, "")
    table = fitting.feature_table(AVATARS, examples, training)
    for point, computed in zip(shipped.learning_curve, fitting.learning_curve(table), strict=True):
        assert point == pytest.approx(computed, abs=1e-6)
    wrong: dict[str, dict[tuple[str, int], float]] = {example.file: {} for example in examples}
    for error in shipped.robustness_errors:
        wrong[error["file"]][error["kind"], error["size"]] = error["probability"]
    numbers = sorted(range(len(examples)), key=lambda number: -len(wrong[examples[number].file]))
    hardest = [[n for n in numbers if examples[n].label == label][:4] for label in dataset.LABELS]
    chosen = [*hardest[0], *hardest[1], *numbers[100::140]]
    conditions = [condition for _, condition in robustness_conditions()]
    measurements = measure(
        AVATARS, [examples[number] for number in chosen], [conditions] * len(chosen), extract_features
    )
    classifiers = fitting.held_out_classifiers(table)
    for number, measurement in zip(chosen, fitting.readable(measurements), strict=True):
        original, *copies = map(classifiers[number].classify, measurement.values)
        row = shipped.pictures[number]
        assert row["prediction"] == original.label
        assert row["probability"] == pytest.approx(original.probability, abs=1e-4)
        assert Features(**row["features"]).row() == pytest.approx(original.features.row(), abs=1e-3)
        errors = {
            (kind, condition.size): copy.probability
            for (kind, condition), copy in zip(robustness_conditions(), copies, strict=True)
            if copy.label != row["label"]
        }
        assert errors == pytest.approx(wrong[row["file"]], abs=1e-4)


@pytest.mark.skipif(not REAL_AVATARS.is_dir(), reason="needs a folder of real avatars")
def test_predictions_for_real_avatars_are_good() -> None:
    evaluation = evaluate(REAL_AVATARS)
    assert evaluation.held_out is False
    assert evaluation.unreadable == []
    assert_good(evaluation)


def test_every_field_is_required(tmp_path: Path) -> None:
    fields = json.loads(EVALUATION.read_text())
    path = tmp_path / "evaluation.json"
    for name in fields:
        path.write_text(json.dumps({key: value for key, value in fields.items() if key != name}))
        with pytest.raises(BadFile, match=rf"evaluation\.json is not an evaluation \(.*'{name}'\): give what evaluate"):
            results.load(path)


def test_other_and_missing_files_are_rejected(tmp_path: Path) -> None:
    path = tmp_path / "evaluation.json"
    with pytest.raises(BadFile, match=r"evaluation\.json cannot be read \(No such file"):
        results.load(path)
    for text in (b"{", b"\xff", b"[" * 200_000, b"[]", b"null", b'{"pictures": []}', b'{"more": 1}'):
        path.write_bytes(text)
        with pytest.raises(BadFile, match=r"evaluation\.json is not an evaluation \("):
            results.load(path)
