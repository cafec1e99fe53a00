from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
import sklearn
from sklearn.model_selection import cross_val_predict

from github_avatars import features
from github_avatars.classifier import Classifier
from github_avatars.errors import BadDataset, NotAPicture
from github_avatars.features import Features
from github_avatars.training import dataset, fitting
from github_avatars.training.dataset import Example
from github_avatars.training.fitting import FOLDS, Card, Table
from github_avatars.training.measuring import COPIES, Measurement
from tests.support.datasets import FAMILIES, write_dataset

EACH = len(FAMILIES)
"""Examples of each label."""

Measurements = list[Measurement[list[Features]]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("avatars")


@pytest.fixture(scope="module")
def examples(folder: Path) -> list[Example]:
    return write_dataset(folder)


@pytest.fixture(scope="module")
def measurements(folder: Path, examples: list[Example]) -> Measurements:
    return fitting.measure_for_training(folder, examples)


@pytest.fixture(scope="module")
def table(folder: Path, examples: list[Example], measurements: Measurements) -> Table:
    return fitting.feature_table(folder, examples, measurements)


def test_table_has_the_original_and_the_copies_of_every_example(
    table: Table, examples: list[Example], measurements: Measurements
) -> None:
    expected = [
        (sample.row(), example.label == "default", number, place == 0)
        for number, (example, measurement) in enumerate(zip(examples, measurements, strict=True))
        for place, sample in enumerate(measurement.values)
    ]
    columns = (table.X.tolist(), table.y.tolist(), table.groups.tolist(), table.original.tolist())
    assert [(tuple(row), *rest) for row, *rest in zip(*columns, strict=True)] == [tuple(row) for row in expected]
    assert len(expected) == 2 * EACH * (1 + COPIES)


def test_table_ignores_further_copies(
    table: Table, folder: Path, examples: list[Example], measurements: Measurements
) -> None:
    longer = [Measurement(each.digest, each.pixel_hash, [*each.values, Features(0, 1, 0.0)]) for each in measurements]
    np.testing.assert_array_equal(fitting.feature_table(folder, examples, longer).X, table.X)


def test_examples_with_equal_pixels_are_one_group_and_must_have_one_label(folder: Path) -> None:
    examples = [Example(f"{name}.png", "default", "", 0, "") for name in "abcd"]
    rows = np.zeros((4, 1 + COPIES, 3))
    table = fitting.tabulate(folder, examples, ["1", "2", "1", "1"], rows)
    assert table.groups[table.original].tolist() == [0, 1, 0, 0]
    examples[2] = Example("c.gif", "custom", "", 0, "")
    with pytest.raises(BadDataset, match=r"the same picture under both labels, as a\.png and as c\.gif: keep the one"):
        fitting.tabulate(folder, examples, ["1", "2", "1", "1"], rows)


@pytest.mark.parametrize("label", dataset.LABELS)
def test_too_few_pictures_of_a_label_are_rejected(folder: Path, examples: list[Example], label: str) -> None:
    few = [example for example in examples if example.label == label][: FOLDS - 1]
    others = [example for example in examples if example.label != label]
    with pytest.raises(BadDataset, match=f"fewer than {FOLDS} pictures labeled {label}: add some"):
        fitting.measure_for_training(folder, few + others)


def test_unreadable_picture_is_named_in_the_error(folder: Path, examples: list[Example]) -> None:
    missing = Example("missing.png", "custom", "missing", 999, "flat")
    with pytest.raises(NotAPicture, match=r"missing\.png cannot be read"):
        fitting.measure_for_training(folder, [*examples, missing])


def test_held_out_estimators_are_fitted_without_their_fold_and_every_row_is_scored_once(table: Table) -> None:
    folds = list(fitting.held_out(table))
    assert len(folds) == FOLDS
    for pipeline, fitted, scored in folds:
        assert not set(table.groups[fitted]) & set(table.groups[scored])
        assert set(table.y[fitted]) == set(table.y[scored]) == {False, True}
        expected = fitting.build_pipeline().fit(table.X[fitted], table.y[fitted])
        np.testing.assert_array_equal(pipeline.predict_proba(table.X), expected.predict_proba(table.X))
    assert sorted(np.concatenate([scored for _, _, scored in folds])) == list(range(len(table.X)))


def test_a_limited_sample_has_so_many_groups_of_each_label_and_contains_the_smaller_ones(table: Table) -> None:
    smaller = [set(fitted) for _, fitted, _ in fitting.held_out(table, groups_per_label=2)]
    larger = [set(fitted) for _, fitted, _ in fitting.held_out(table, groups_per_label=3)]
    for small, large, (fitted, _) in zip(smaller, larger, fitting.folds(table), strict=True):
        assert small < large <= set(fitted)
        groups = np.unique(table.groups[sorted(small)])
        assert table.y[groups * (1 + COPIES)].tolist().count(True) == len(groups) / 2 == 2
        assert len(small) == 4 * (1 + COPIES)


def test_held_out_classifier_of_an_example_is_that_of_its_fold(table: Table) -> None:
    classifiers = fitting.held_out_classifiers(table)
    probability = cross_val_predict(
        fitting.build_pipeline(), table.X, table.y, cv=fitting.folds(table), method="predict_proba"
    )[table.original, 1]
    rows = table.X[table.original]
    for classifier, row, expected in zip(classifiers, rows, probability, strict=True):
        score = classifier.intercept + np.dot(classifier.weights, row)
        assert 1 / (1 + np.exp(-score)) == pytest.approx(expected)


def test_scores_distinguish_originals_from_copies_and_precision_from_recall() -> None:
    groups = np.repeat(np.arange(40), 3)
    y = groups % 2 == 0
    separate = np.random.default_rng(0).normal(size=(120, 3)) + 100 * y[:, None]
    table = Table(X=separate, y=y, groups=groups, original=np.tile([True, False, False], 40))
    # One original, but none of its copies, has the features of the other label.
    wrong = int(np.flatnonzero(table.original & table.y)[0])
    table.X[wrong] = table.X[~table.y].mean(axis=0)
    scores = fitting.cross_validate(table)
    assert scores["accuracy"] == pytest.approx(119 / 120)
    assert scores["originals"] == pytest.approx(39 / 40)
    assert scores["precision"] == 1
    assert scores["recall"] == pytest.approx(59 / 60)


def test_scores_are_those_of_scikit_learns_cross_validation(table: Table) -> None:
    probability = cross_val_predict(
        fitting.build_pipeline(), table.X, table.y, cv=fitting.folds(table), method="predict_proba"
    )[:, 1]
    scores = fitting.cross_validate(table)
    assert scores["brier"] == pytest.approx(((probability - table.y) ** 2).mean())
    assert scores["accuracy"] == ((probability > 0.5) == table.y).mean()
    assert scores == fitting.cross_validate(table)


def test_fitted_pipeline_separates_its_training_pictures(table: Table) -> None:
    pipeline = fitting.fit(table)
    assert pipeline.predict(table.X[table.original]).tolist() == table.y[table.original].tolist()
    weights = dict(zip(features.NAMES, Classifier(pipeline).weights, strict=True))
    assert weights["identicon_error"] < 0, "a larger error makes default less likely"


def test_learning_curve_doubles_the_pictures_and_ends_with_the_scores_of_all(table: Table) -> None:
    curve = fitting.learning_curve(table)
    scores = fitting.cross_validate(table)
    assert [point["pictures"] for point in curve] == [4, 8, round(2 * EACH * (FOLDS - 1) / FOLDS)]
    assert (curve[-1]["accuracy"], curve[-1]["brier"]) == (scores["accuracy"], scores["brier"])
    assert curve == fitting.learning_curve(table)


@pytest.fixture(scope="module")
def card(examples: list[Example], measurements: Measurements, table: Table) -> Card:
    return fitting.make_card(examples, [each.digest for each in measurements], table, fitting.fit(table))


def test_card_describes_the_model(
    card: Card, examples: list[Example], measurements: Measurements, table: Table
) -> None:
    classifier = Classifier(fitting.fit(table))
    assert card["avatars"] == {
        "digest": dataset.digest(examples, [measurement.digest for measurement in measurements]),
        "default": EACH,
        "custom": EACH,
        "copies": COPIES,
    }
    assert card["features"] == list(features.NAMES)
    assert tuple(card["weights"][name] for name in features.NAMES) == classifier.weights
    assert card["intercept"] == classifier.intercept
    assert [card["means"][name] for name in features.NAMES] == pytest.approx(table.X.mean(axis=0))
    assert card["scores"] == {name: round(score, 6) for name, score in fitting.cross_validate(table).items()}
    assert card["versions"].keys() == {"python", "scikit-learn", "numpy", "pillow"}
    assert card["versions"]["scikit-learn"] == sklearn.__version__


def test_date_python_and_rounding_are_not_differences(card: Card) -> None:
    shipped = deepcopy(card)
    assert fitting.differences(shipped, card) == []
    shipped["trained"] = "1999-12-31"
    shipped["versions"]["python"] = "3.99"
    shipped["sha256"] = "0"
    shipped["intercept"] *= 1 + 1e-9
    assert fitting.differences(shipped, card) == []


@pytest.mark.parametrize(
    ("keys", "value", "reason"),
    [
        (("avatars", "digest"), "0", "pictures have changed"),
        (("avatars",), None, "pictures have changed"),
        (("features",), ["github_grey"], "other names"),
        (("weights", "identicon_error"), -1.5, "other weights"),
        (("weights",), {}, "other weights"),
        (("intercept",), 1e6, "other weights"),
        (("scores", "brier"), 0.5, "the scores differ"),
        (("scores",), {}, "the scores differ"),
        (("versions", "scikit-learn"), "0.1", "version of scikit-learn"),
        (("versions",), {}, "version of scikit-learn"),
    ],
)
def test_difference_is_reported(card: Card, keys: tuple[str, ...], value: object, reason: str) -> None:
    shipped = deepcopy(card)
    *outer, last = keys
    place = shipped
    for key in outer:
        place = place[key]
    place[last] = value
    (reported,) = fitting.differences(shipped, card)
    assert reason in reported
