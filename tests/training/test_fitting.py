import random
from collections.abc import Iterable, Iterator
from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
import sklearn

import synthesis
from github_avatars import features, identicon
from github_avatars.classifier import Classifier
from github_avatars.errors import BadDataset, NotAPicture
from github_avatars.picture import decoding
from github_avatars.training import dataset, degradation, fitting
from github_avatars.training.dataset import Example
from github_avatars.training.fitting import COPIES, FOLDS, Card, Table

EACH = 6
"""Examples of each label."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("avatars")


@pytest.fixture(scope="module")
def examples(folder: Path) -> list[Example]:
    """A few identicons and drawings, written to the folder."""
    listed = []
    for account_id in range(1, EACH + 1):
        identicon.render(account_id).save(folder / f"{account_id}.png")
        listed.append(Example(f"{account_id}.png", "default", f"user-{account_id}", account_id, "identicon"))
    for number, family in enumerate(("logo", "plain", "flag", "grey-logo", "sprite", "grid-eights"), start=100):
        drawing = synthesis.draw(family, 1)
        file = f"{family}.{drawing.extension}"
        (folder / file).write_bytes(drawing.data)
        listed.append(Example(file, "custom", family, number, family))
    return listed


@pytest.fixture(scope="module")
def table(folder: Path, examples: list[Example]) -> Table:
    return fitting.tabulate(folder, examples)


# Table


def test_a_table_has_a_row_for_every_picture_and_each_of_its_copies(table: Table) -> None:
    count = 2 * EACH * (1 + COPIES)
    assert table.rows.shape == (count, len(features.NAMES))
    assert table.default.shape == table.picture.shape == table.original.shape == (count,)
    assert np.isfinite(table.rows).all()
    assert np.bincount(table.picture).tolist() == [1 + COPIES] * 2 * EACH
    assert np.bincount(table.picture[table.original]).tolist() == [1] * 2 * EACH


def test_every_row_has_its_own_pictures_label(table: Table, examples: list[Example]) -> None:
    assert [examples[number].label == "default" for number in table.picture] == table.default.tolist()


def test_an_originals_row_is_the_features_of_its_file(table: Table, folder: Path, examples: list[Example]) -> None:
    expected = [features.extract(decoding.read(folder / example.file)).row() for example in examples]
    assert table.rows[table.original].tolist() == [list(row) for row in expected]


def test_a_copys_row_is_the_features_of_a_degradation_drawn_by_the_files_name(
    table: Table, folder: Path, examples: list[Example]
) -> None:
    for number in (0, len(examples) - 1):
        file = examples[number].file
        chosen = random.Random(file).sample(degradation.DEGRADATIONS, COPIES)
        original = decoding.read(folder / file)
        expected = [features.extract(decoding.load(each.apply(original))).row() for each in chosen]
        assert table.rows[(table.picture == number) & ~table.original].tolist() == [list(row) for row in expected]


def test_a_table_is_the_same_every_time(table: Table, folder: Path, examples: list[Example]) -> None:
    again = fitting.tabulate(folder, examples)
    for name in ("rows", "default", "picture", "original"):
        np.testing.assert_array_equal(getattr(table, name), getattr(again, name))


def test_a_pictures_rows_do_not_depend_on_the_other_pictures(
    table: Table, folder: Path, examples: list[Example]
) -> None:
    reverse = fitting.tabulate(folder, examples[::-1])
    first, last = table.rows[table.picture == 0], reverse.rows[reverse.picture == len(examples) - 1]
    np.testing.assert_array_equal(first, last)


def test_progress_sees_every_picture(folder: Path, examples: list[Example]) -> None:
    seen = []

    def progress(items: Iterable[object]) -> Iterator[object]:
        for item in items:
            seen.append(item)
            yield item

    fitting.tabulate(folder, examples, progress)
    assert len(seen) == len(examples)


@pytest.mark.parametrize("label", dataset.LABELS)
def test_too_few_pictures_of_a_label_are_refused(folder: Path, examples: list[Example], label: str) -> None:
    few = [example for example in examples if example.label == label][: FOLDS - 1]
    others = [example for example in examples if example.label != label]
    with pytest.raises(BadDataset, match=f"fewer than {FOLDS} pictures labelled {label}: add some"):
        fitting.tabulate(folder, few + others)


def test_an_unreadable_picture_is_refused_by_name(folder: Path, examples: list[Example]) -> None:
    missing = Example("missing.png", "custom", "missing", 999, "flat")
    with pytest.raises(NotAPicture, match=r"missing\.png cannot be read"):
        fitting.tabulate(folder, [*examples, missing])


# Cross-validation


def test_copies_of_one_picture_are_never_on_both_sides(table: Table) -> None:
    folds = fitting.folds(table)
    assert len(folds) == FOLDS
    for fitted, scored in folds:
        assert not set(table.picture[fitted]) & set(table.picture[scored])
        assert set(table.default[fitted]) == set(table.default[scored]) == {False, True}


def test_every_row_is_scored_once(table: Table) -> None:
    scored = np.concatenate([scored for _, scored in fitting.folds(table)])
    assert sorted(scored) == list(range(len(table.rows)))


def made_up(separation: float) -> Table:
    """A table of 40 pictures whose labels show in their features by as much as `separation` says."""
    dice = np.random.default_rng(0)
    pictures = np.repeat(np.arange(40), 3)
    default = pictures % 2 == 0
    rows = dice.normal(size=(120, 3)) + separation * default[:, None]
    return Table(rows=rows, default=default, picture=pictures, original=np.tile([True, False, False], 40))


def test_scores_are_perfect_where_the_labels_show_and_poor_where_they_do_not() -> None:
    best, worst = fitting.cross_validate(made_up(100)), fitting.cross_validate(made_up(0))
    assert best == pytest.approx({"accuracy": 1, "precision": 1, "recall": 1, "brier": 0, "originals": 1}, abs=1e-2)
    assert worst["accuracy"] < 0.65
    assert worst["brier"] > 0.2


def test_scores_tell_originals_from_copies_and_precision_from_recall() -> None:
    table = made_up(100)
    # One original and no copy looks like the other label.
    spoiled = int(np.flatnonzero(table.original & table.default)[0])
    table.rows[spoiled] = table.rows[~table.default].mean(axis=0)
    scores = fitting.cross_validate(table)
    assert scores["accuracy"] == pytest.approx(119 / 120)
    assert scores["originals"] == pytest.approx(39 / 40)
    assert scores["precision"] == 1
    assert scores["recall"] == pytest.approx(59 / 60)


def test_scores_come_from_the_folds_and_no_other_split(table: Table) -> None:
    probability = np.full(len(table.rows), np.nan)
    for fitted, scored in fitting.folds(table):
        pipeline = fitting.build_pipeline().fit(table.rows[fitted], table.default[fitted])
        probability[scored] = pipeline.predict_proba(table.rows[scored])[:, 1]
    scores = fitting.cross_validate(table)
    assert scores["brier"] == pytest.approx(((probability - table.default) ** 2).mean())
    assert scores["accuracy"] == pytest.approx(((probability > 0.5) == table.default).mean())


def test_scores_are_the_same_every_time(table: Table) -> None:
    assert fitting.cross_validate(table) == fitting.cross_validate(table)


def test_what_is_fitted_tells_its_own_pictures_apart(table: Table) -> None:
    pipeline = fitting.fit(table)
    originals = table.rows[table.original]
    assert pipeline.predict(originals).tolist() == table.default[table.original].tolist()
    weights = dict(zip(features.NAMES, Classifier(pipeline).weights, strict=True))
    assert weights["identicon_error"] < 0, "the worse the fit, the less likely an identicon"


# Card


@pytest.fixture(scope="module")
def card(folder: Path, examples: list[Example], table: Table) -> Card:
    return fitting.card(folder, examples, table, fitting.fit(table))


def test_a_card_says_what_the_model_is_made_of(card: Card, folder: Path, examples: list[Example], table: Table) -> None:
    classifier = Classifier(fitting.fit(table))
    assert card["avatars"] == {
        "digest": dataset.digest(folder, examples),
        "default": EACH,
        "custom": EACH,
        "copies": COPIES,
    }
    assert card["features"] == list(features.NAMES)
    assert tuple(card["weights"][name] for name in features.NAMES) == classifier.weights
    assert card["intercept"] == classifier.intercept
    assert [card["means"][name] for name in features.NAMES] == pytest.approx(table.rows.mean(axis=0))
    assert card["scores"] == {name: round(score, 6) for name, score in fitting.cross_validate(table).items()}
    assert card["versions"].keys() == {"python", "scikit-learn", "numpy", "pillow"}
    assert card["versions"]["scikit-learn"] == sklearn.__version__


def test_a_card_differs_in_nothing_from_itself(card: Card) -> None:
    assert fitting.differences(card, deepcopy(card)) == []


def test_another_day_another_python_and_a_rounding_are_no_differences(card: Card) -> None:
    shipped = deepcopy(card)
    shipped["trained"] = "1999-12-31"
    shipped["versions"]["python"] = "3.99"
    shipped["sha256"] = "0"
    shipped["intercept"] *= 1 + 1e-9
    assert fitting.differences(shipped, card) == []


@pytest.mark.parametrize(
    ("keys", "value", "found"),
    [
        (("avatars", "digest"), "0", "pictures have changed"),
        (("avatars", "copies"), 1, "pictures have changed"),
        (("avatars",), None, "pictures have changed"),
        (("features",), ["github_grey"], "other names"),
        (("weights", "github_grey"), 1.5, "other weights"),
        (("weights", "identicon_error"), -1.5, "other weights"),
        (("weights",), {}, "other weights"),
        (("intercept",), 1e6, "other weights"),
        (("versions", "scikit-learn"), "0.1", "scikit-learn is another"),
        (("versions",), {}, "scikit-learn is another"),
    ],
)
def test_a_difference_is_told(card: Card, keys: tuple[str, ...], value: object, found: str) -> None:
    shipped = deepcopy(card)
    *outer, last = keys
    place = shipped
    for key in outer:
        place = place[key]
    place[last] = value
    (told,) = fitting.differences(shipped, card)
    assert found in told


def test_an_empty_card_differs(card: Card) -> None:
    assert len(fitting.differences({}, card)) == 4


# Learning curve


def test_a_learning_curve_ends_where_cross_validation_is(table: Table) -> None:
    curve = fitting.learning_curve(table)
    scores = fitting.cross_validate(table)
    assert curve[-1]["accuracy"] == scores["accuracy"]
    assert curve[-1]["brier"] == pytest.approx(scores["brier"])
    assert curve[-1]["pictures"] == round(2 * EACH * (FOLDS - 1) / FOLDS)


def test_a_learning_curve_doubles_the_pictures_of_each_label(table: Table) -> None:
    *doubling, _ = (point["pictures"] for point in fitting.learning_curve(table))
    assert doubling == [4, 8]


def test_a_learning_curve_is_the_same_every_time(table: Table) -> None:
    assert fitting.learning_curve(table) == fitting.learning_curve(table)
