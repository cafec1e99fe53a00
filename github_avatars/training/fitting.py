"""Labelled pictures → a table of features → a fitted scikit-learn pipeline, its scores and its card."""

import math
import os
import platform
import random
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, brier_score_loss, precision_score, recall_score
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from github_avatars import features
from github_avatars.classifier import Classifier
from github_avatars.errors import BadDataset
from github_avatars.picture import decoding
from github_avatars.training import dataset, degradation
from github_avatars.training.dataset import Example, measure
from github_avatars.training.degradation import Degradation

COPIES = 12
"""Degraded copies of each example in the training table, beside the original."""

FOLDS = 5
"""Parts of the cross-validation. All copies of one picture are in the same part, so that none is tested by another."""

TOLERANCE = 1e-6
"""Weights that differ relatively by less are the same: processors round differently."""

Card = dict[str, Any]
Progress = Callable[[Iterable[Any]], Iterable[Any]]


@dataclass(frozen=True)
class Table:
    """The features of n pictures.

    `rows` (n × 3) in the order of features.NAMES; `default` (n) is whether the label is "default"; `picture` (n)
    numbers the example that a row is the original or a copy of, or the first example of the same pixels; `original` (n)
    marks the originals, one for each example, in the order of the examples.
    """

    rows: npt.NDArray[np.float64]
    default: npt.NDArray[np.bool_]
    picture: npt.NDArray[np.int64]
    original: npt.NDArray[np.bool_]


def tabulate(directory: Path, examples: list[Example], progress: Progress = iter) -> Table:
    """The features of every example in `directory` and of COPIES degraded copies of each.

    Which degradations a picture gets is drawn by its file name, so the table is the same every time. `progress` wraps
    the iteration over the examples. Raises BadImage for an unreadable file, BadDataset where a label has fewer than
    FOLDS examples or one picture is under both labels.
    """
    for label in dataset.LABELS:
        if sum(example.label == label for example in examples) < FOLDS:
            raise BadDataset(f"{directory} has fewer than {FOLDS} pictures labelled {label}: add some.")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        contents = pool.map(lambda example: dataset.pixel_hash(decoding.read(directory / example.file)), examples)
        pictures = _number(directory, examples, contents)
        measured = list(progress(pool.map(lambda example: _measure(directory, example), examples)))
    count = 1 + COPIES
    return Table(
        rows=np.array(measured).reshape(-1, len(features.NAMES)),
        default=np.repeat([example.label == "default" for example in examples], count),
        picture=np.repeat(pictures, count),
        original=np.tile(np.arange(count) == 0, len(examples)),
    )


def _number(directory: Path, examples: list[Example], contents: Iterable[str]) -> list[int]:
    """For each example, the place of the first one of its content. Raises BadDataset where their labels differ."""
    first: dict[str, int] = {}
    pictures = [first.setdefault(found, number) for number, found in enumerate(contents)]
    for number, example in zip(pictures, examples, strict=True):
        if example.label != examples[number].label:
            raise BadDataset(
                f"{directory} has one picture under both labels, as {examples[number].file} and as {example.file}: "
                "keep the one that is right."
            )
    return pictures


def _measure(directory: Path, example: Example) -> list[tuple[float, ...]]:
    return [found.row() for found in measure(directory / example.file, degradations(example))]


def degradations(example: Example) -> list[Degradation]:
    """What is done to an example for each of its COPIES in the table: drawn by its file name."""
    return random.Random(example.file).sample(degradation.DEGRADATIONS, COPIES)  # noqa: S311 - nothing secret


def build_pipeline() -> Pipeline:
    """The classifier to fit: a logistic regression on features scaled to unit variance."""
    return make_pipeline(StandardScaler(), LogisticRegression())


def fit(table: Table) -> Pipeline:
    """The classifier, fitted to the whole table."""
    return build_pipeline().fit(table.rows, table.default)


def folds(table: Table) -> list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """The rows to fit to and the rows to score, FOLDS times; the rows of one picture are never on both sides."""
    splitter = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0)
    return list(splitter.split(table.rows, table.default, table.picture))


def cross_validate(table: Table) -> dict[str, float]:
    """Scores of classifiers that were fitted without the pictures that they are scored on.

    Accuracy, precision and recall of "default" and the Brier score over originals and copies; `originals` is the
    accuracy over the originals alone.
    """
    both = cross_val_predict(build_pipeline(), table.rows, table.default, cv=folds(table), method="predict_proba")
    probability = both[:, 1]
    said = probability > 0.5
    return {
        "accuracy": float(accuracy_score(table.default, said)),
        "precision": float(precision_score(table.default, said)),
        "recall": float(recall_score(table.default, said)),
        "brier": float(brier_score_loss(table.default, probability)),
        "originals": float(accuracy_score(table.default[table.original], said[table.original])),
    }


def learning_curve(table: Table) -> list[dict[str, float]]:
    """Scores by how many pictures a classifier was fitted to, on pictures (and copies) that it was fitted without.

    In each fold of the cross-validation, classifiers are fitted to 2, 4, 8, … pictures of each label, while there are
    so many, and at last to all: `pictures` (the mean over the folds), `accuracy` and `brier`. Each sample holds the
    one before it.
    """
    curve: list[dict[str, float]] = []
    most = max(int(np.unique(table.picture[table.default == label]).size) for label in (True, False))
    for number in [2**power for power in range(1, most.bit_length() + 1)]:
        probability, chosen = np.empty(table.default.size), []
        for fitted, scored in folds(table):
            sample = fitted[np.isin(table.picture[fitted], _sample(table, fitted, number))]
            pipeline = build_pipeline().fit(table.rows[sample], table.default[sample])
            probability[scored] = pipeline.predict_proba(table.rows[scored])[:, 1]
            chosen.append(np.unique(table.picture[sample]).size)
        score = {
            "pictures": round(float(np.mean(chosen))),
            "accuracy": float(accuracy_score(table.default, probability > 0.5)),
            "brier": float(brier_score_loss(table.default, probability)),
        }
        if not curve or score["pictures"] > curve[-1]["pictures"]:
            curve.append(score)
    return curve


def _sample(table: Table, rows: npt.NDArray[np.int64], number: int) -> npt.NDArray[np.int64]:
    """Up to `number` pictures of each label out of these rows, drawn at random, but the same every time."""
    pictures = [np.unique(table.picture[rows[table.default[rows] == label]]) for label in (True, False)]
    return np.concatenate([np.random.default_rng(0).permutation(found)[:number] for found in pictures])


def card(directory: Path, examples: list[Example], table: Table, pipeline: Pipeline) -> Card:
    """What model.json says of a fitted pipeline: where it comes from, what it is and how it scores.

    `weights` give the log-odds of "default" together with `intercept`, `means` are those of the table; both are on the
    scales of Features.row().
    """
    classifier = Classifier(pipeline)
    return {
        "trained": datetime.now(UTC).date().isoformat(),
        "versions": {
            "python": platform.python_version(),
            **{package: version(package) for package in ("scikit-learn", "numpy", "pillow")},
        },
        "avatars": {
            "digest": dataset.digest(directory, examples),
            **{label: sum(example.label == label for example in examples) for label in dataset.LABELS},
            "copies": COPIES,
        },
        "features": list(features.NAMES),
        "weights": dict(zip(features.NAMES, classifier.weights, strict=True)),
        "intercept": classifier.intercept,
        "means": dict(zip(features.NAMES, table.rows.mean(axis=0).tolist(), strict=True)),
        "scores": {name: round(score, 6) for name, score in cross_validate(table).items()},
    }


def differences(shipped: Card, fresh: Card) -> list[str]:
    """Why a shipped model is not what training gives today, from the cards of both; empty where it is."""
    found = []
    if shipped.get("avatars") != fresh["avatars"]:
        found.append("the pictures have changed")
    if shipped.get("features") != fresh["features"]:
        found.append("the features have other names")
    elif not np.allclose(_numbers(shipped), _numbers(fresh), rtol=TOLERANCE, atol=0):
        found.append("the features or the fit have changed: training gives other weights")
    if not _same_scores(shipped.get("scores", {}), fresh["scores"]):
        found.append("the scores are others")
    if shipped.get("versions", {}).get("scikit-learn") != fresh["versions"]["scikit-learn"]:
        found.append("scikit-learn is another")
    return found


def _same_scores(shipped: dict[str, float], fresh: dict[str, float]) -> bool:
    # A processor that rounds otherwise may move a picture or two across the border.
    return shipped.keys() == fresh.keys() and all(abs(shipped[name] - fresh[name]) < 1e-3 for name in fresh)


def _numbers(card: Card) -> list[float]:
    weights = card.get("weights", {})
    return [card.get("intercept", math.nan), *(weights.get(name, math.nan) for name in features.NAMES)]
