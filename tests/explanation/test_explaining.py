"""Explanations as numbers and as text."""

import dataclasses
import math
from itertools import combinations
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from PIL import Image

from github_avatars import features, identicon
from github_avatars.classifier import MODEL, Classifier, classify
from github_avatars.errors import NotAPicture
from github_avatars.explanation import as_text, explain
from github_avatars.features import NAMES, Features
from github_avatars.picture import decoding
from tests.explanation.pictures import DEFAULT, pipeline_of


def test_explanation_agrees_with_classifier_and_features(picture: Image.Image) -> None:
    explanation = explain(picture)
    assert explanation.verdict == classify(picture)
    assert explanation.picture.tobytes() == picture.tobytes()
    assert explanation.sample.tobytes() == identicon.sample(picture).tobytes()
    assert explanation.fit == identicon.fit(picture)
    assert explanation.fit.error == explanation.verdict.features.identicon_error
    assert [each.name for each in explanation.contributions] == list(NAMES)
    values = [each.value for each in explanation.contributions]
    assert values == list(dataclasses.astuple(explanation.verdict.features))


@pytest.mark.parametrize("mode", ["P", "L", "LA", "RGBA", "1", "CMYK", "I;16"])
def test_every_mode_is_explained_as_it_is_classified(mode: str) -> None:
    if mode == "I;16":
        picture = Image.fromarray(np.asarray(decoding.read(DEFAULT).convert("L"), dtype=np.uint16) * 257)
    else:
        picture = decoding.read(DEFAULT).convert(mode)
    explanation = explain(picture)
    assert (explanation.verdict, explanation.picture.mode) == (classify(picture), "RGB")


def test_damaged_picture_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "half.png").write_bytes(DEFAULT.read_bytes()[:700])
    with Image.open(tmp_path / "half.png") as half, pytest.raises(NotAPicture):
        explain(half)


def shapley_values(pipeline: Any, row: tuple[float, ...]) -> list[float]:
    """By the definition: over all coalitions of the other features; features outside a coalition have their means."""
    means = pipeline.steps[0][1].mean_
    count = len(row)

    def score(coalition: set[int]) -> float:
        mixed = [row[index] if index in coalition else means[index] for index in range(count)]
        return float(pipeline.decision_function([mixed])[0])

    values = []
    for index in range(count):
        others = [other for other in range(count) if other != index]
        coalitions = [set(chosen) for size in range(count) for chosen in combinations(others, size)]
        values.append(
            sum(
                (score(coalition | {index}) - score(coalition))
                * math.factorial(len(coalition))
                * math.factorial(count - len(coalition) - 1)
                / math.factorial(count)
                for coalition in coalitions
            )
        )
    return values


@pytest.mark.parametrize("source", ["shipped", "another"])
def test_contributions_are_shapley_values(source: str, picture: Image.Image) -> None:
    pipeline = joblib.load(MODEL) if source == "shipped" else pipeline_of((0.01, -2.0, 3.0), (50.0, 2.0, 0.3), -1.5)
    explanation = explain(picture, Classifier(pipeline))
    expected = shapley_values(pipeline, explanation.verdict.features.row())
    assert [each.log_odds for each in explanation.contributions] == pytest.approx(expected, abs=1e-9)
    rows = [pipeline.steps[0][1].mean_, explanation.verdict.features.row()]
    assert (explanation.base, explanation.score) == pytest.approx(pipeline.decision_function(rows).tolist(), abs=1e-9)
    assert explanation.base + sum(expected) == pytest.approx(explanation.score, abs=1e-9)


def test_averages_have_the_units_of_the_features() -> None:
    measured = Features(github_grey=416, distinct_colors=8, identicon_error=0.25)
    pipeline = pipeline_of((1.0, 1.0, 1.0), measured.row(), 0.0)
    averages = [each.average for each in explain(decoding.read(DEFAULT), Classifier(pipeline)).contributions]
    assert averages == pytest.approx(list(dataclasses.astuple(measured)))


def test_average_picture_has_no_contributions() -> None:
    picture = decoding.read(DEFAULT)
    pipeline = pipeline_of((1.0, 2.0, 3.0), features.extract(picture).row(), 0.7)
    explanation = explain(picture, Classifier(pipeline))
    assert [each.log_odds for each in explanation.contributions] == pytest.approx([0, 0, 0], abs=1e-12)
    assert explanation.score == pytest.approx(explanation.base)


def test_text_lists_the_largest_contribution_first() -> None:
    pipeline = pipeline_of((0.0001, -1.0, 10.0), (20.0, math.log(4), 0.5), 0.5)
    assert as_text(explain(decoding.read(DEFAULT), Classifier(pipeline))).splitlines() == [
        "Custom avatar, 54.0 % sure (log-odds -0.2).",
        "Identicon error (0 to 1): 0.00, average 0.25; supports custom (-5.0).",
        "Distinct colors: 2, average 4; supports default (+0.7).",
        "GitHub-grey pixels (of 576): 320, average 20; no effect.",
    ]


@pytest.mark.parametrize(
    ("score", "headline"),
    [
        (-40.0, "Custom avatar, over 99.9 % sure (log-odds -40.0)."),
        (-6.9, "Custom avatar, 99.9 % sure (log-odds -6.9)."),
        (-0.04, "Custom avatar, 51.0 % sure (log-odds 0.0)."),
        (0.0, "Custom avatar, 50.0 % sure (log-odds 0.0)."),
        (0.4, "Default avatar, 59.9 % sure (log-odds +0.4)."),
        (6.95, "Default avatar, over 99.9 % sure (log-odds +7.0)."),
        (900.0, "Default avatar, over 99.9 % sure (log-odds +900.0)."),
    ],
)
def test_confidence_is_never_100_percent(score: float, headline: str) -> None:
    constant = Classifier(pipeline_of((0.0, 0.0, 0.0), (0.0, 0.0, 0.0), score))
    assert as_text(explain(decoding.read(DEFAULT), constant)).splitlines()[0] == headline
