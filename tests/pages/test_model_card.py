"""docs/model-card.md: its numbers are those of the evaluation and of the model."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from github_avatars.errors import BadDataset
from github_avatars.evaluation import results
from github_avatars.evaluation.results import Evaluation
from pages import model_card
from pages.model_card import render
from tests.support.processes import ROOT


@pytest.fixture
def evaluation() -> Evaluation:
    return results.load(model_card.EVALUATION)


@pytest.fixture
def card() -> dict[str, Any]:
    card: dict[str, Any] = json.loads((ROOT / "model.json").read_text())
    return card


def rows(page: str, head: str) -> list[list[str]]:
    """The cells of the table whose first heading is `head`, by row."""
    table = re.search(rf"^\| {head} .*\n\|[-:|]+\|\n((?:\|.*\n)+)", page, re.MULTILINE)
    assert table, head
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[1].splitlines()]


def test_every_placeholder_is_replaced(evaluation: Evaluation, card: dict[str, Any]) -> None:
    page = render(evaluation, card)
    assert not set("{}") & set(page)
    assert "None" not in page
    assert "nan" not in page


def test_numbers_are_those_of_the_evaluation_and_the_model(evaluation: Evaluation, card: dict[str, Any]) -> None:
    page = render(evaluation, card)
    assert [row[0] for row in rows(page, "feature")] == [f"`{name}`" for name in card["features"]]
    for (_, _, weight, mean), name in zip(rows(page, "feature"), card["features"], strict=True):
        assert float(weight) == pytest.approx(card["weights"][name], abs=1e-4)
        assert float(mean) == pytest.approx(card["means"][name], abs=1e-4)
    confusion = {row[0]: row[1:] for row in rows(page, "label")}
    counts = evaluation.scores["confusion"]
    assert confusion == {label: [str(count) for count in row.values()] for label, row in counts.items()}
    robustness = rows(page, "kind")
    assert len(robustness) == 2 * 17
    values = [float(cell) for row in robustness[::2] for cell in row[1:]]
    assert values == pytest.approx([100 * (cell["value"] or 0) for cell in evaluation.robustness], abs=0.1)
    intervals = [tuple(map(float, cell.split("–"))) for row in robustness[1::2] for cell in row[1:]]
    for (low, high), cell in zip(intervals, evaluation.robustness, strict=True):
        assert (low, high) == pytest.approx((100 * (cell["low"] or 0), 100 * (cell["high"] or 0)), abs=0.1)


def test_a_hundred_per_cent_means_all(evaluation: Evaluation, card: dict[str, Any]) -> None:
    evaluation.scores["accuracy"] = {"value": 0.9999, "low": 0.99951, "high": 0.99994}
    (accuracy, *_) = rows(render(evaluation, card), "score")
    assert accuracy == ["accuracy", "99.9 %", "99.9–100.0 %"]


def test_failing_families_are_those_with_errors(evaluation: Evaluation, card: dict[str, Any]) -> None:
    family = {picture["file"]: picture["family"] for picture in evaluation.pictures}
    failing = [family[error["file"]] for error in evaluation.robustness_errors]
    by_name = {row[0]: row for row in rows(render(evaluation, card), "family")}
    assert set(by_name) == set(failing)
    for name, (_, count, _, right) in by_name.items():
        expected = 100 * (1 - failing.count(name) / (len(evaluation.robustness) * int(count)))
        assert float(right.removesuffix(" %")) == pytest.approx(expected, abs=0.1)


def test_no_failing_families_is_stated(evaluation: Evaluation, card: dict[str, Any]) -> None:
    perfect = replace(evaluation, robustness_errors=[])
    assert "Families with errors:\n\nNone.\n" in render(perfect, card)


def test_precision_falls_with_the_base_rate_by_bayes_rule(evaluation: Evaluation, card: dict[str, Any]) -> None:
    small = [error for error in evaluation.robustness_errors if error["size"] == 16]
    labels = [picture["label"] for picture in evaluation.pictures]
    kinds = sum(cell["size"] == 16 for cell in evaluation.robustness)
    # Look-alikes are custom and have no copies.
    customs = evaluation.robustness[0]["count"] - labels.count("default")
    false_negative_rate = sum(error["label"] == "default" for error in small) / (kinds * labels.count("default"))
    false_positive_rate = sum(error["label"] == "custom" for error in small) / (kinds * customs)
    table = rows(render(evaluation, card), "share of default")
    assert [row[0] for row in table] == ["50 %", "10 %", "1 %", "0.1 %"]
    for rate, _, copies in table:
        default = round(1_000_000 * float(rate.removesuffix(" %")) / 100)
        hits, others = default * (1 - false_negative_rate), (1_000_000 - default) * false_positive_rate
        assert float(copies.removesuffix(" %")) == pytest.approx(100 * hits / (hits + others), abs=0.1)
    originals = [float(row[1].removesuffix(" %")) for row in table]
    assert originals == sorted(originals, reverse=True)


@pytest.mark.parametrize("change", [{"held_out": False}, {"model": "0" * 64}])
def test_evaluation_of_another_model_or_folder_is_rejected(
    change: dict[str, Any], evaluation: Evaluation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "load", lambda _: replace(evaluation, **change))
    with pytest.raises(BadDataset, match=r"run script/train, then script/evaluate"):
        model_card.page()
