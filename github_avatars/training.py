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

from github_avatars import dataset, features, image
from github_avatars.classifier import Classifier
from github_avatars.dataset import Example
from github_avatars.errors import BadDataset

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
    numbers the example that a row is the original or a copy of; `original` (n) marks the originals.
    """

    rows: npt.NDArray[np.float64]
    default: npt.NDArray[np.bool_]
    picture: npt.NDArray[np.int64]
    original: npt.NDArray[np.bool_]


def tabulate(directory: Path, examples: list[Example], progress: Progress = iter) -> Table:
    """The features of every example in `directory` and of COPIES degraded copies of each.

    Which degradations a picture gets is drawn by its file name, so the table is the same every time. `progress` wraps
    the iteration over the examples. Raises BadImage for an unreadable file, BadDataset where a label has fewer than
    FOLDS examples.
    """
    for label in dataset.LABELS:
        if sum(example.label == label for example in examples) < FOLDS:
            raise BadDataset(f"{directory} has fewer than {FOLDS} pictures labelled {label}: add some.")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        measured = list(progress(pool.map(lambda example: _measure(directory, example), examples)))
    count = 1 + COPIES
    return Table(
        rows=np.array(measured).reshape(-1, len(features.NAMES)),
        default=np.repeat([example.label == "default" for example in examples], count),
        picture=np.repeat(np.arange(len(examples)), count),
        original=np.tile(np.arange(count) == 0, len(examples)),
    )


def _measure(directory: Path, example: Example) -> list[tuple[float, ...]]:
    picture = image.read(directory / example.file)
    chosen = random.Random(example.file).sample(dataset.DEGRADATIONS, COPIES)  # noqa: S311 - nothing secret
    copies = (image.decode(degradation.apply(picture)) for degradation in chosen)
    return [features.extract(shown).row() for shown in (picture, *copies)]


def untrained() -> Pipeline:
    """The classifier to fit: a logistic regression on features scaled to unit variance."""
    return make_pipeline(StandardScaler(), LogisticRegression())


def fit(table: Table) -> Pipeline:
    """The classifier, fitted to the whole table."""
    return untrained().fit(table.rows, table.default)


def folds(table: Table) -> list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """The rows to fit to and the rows to score, FOLDS times; the rows of one picture are never on both sides."""
    splitter = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0)
    return list(splitter.split(table.rows, table.default, table.picture))


def cross_validate(table: Table) -> dict[str, float]:
    """Scores of classifiers that were fitted without the pictures that they are scored on.

    Accuracy, precision and recall of "default" and the Brier score over originals and copies; `originals` is the
    accuracy over the originals alone.
    """
    both = cross_val_predict(untrained(), table.rows, table.default, cv=folds(table), method="predict_proba")
    probability = both[:, 1]
    said = probability > 0.5
    return {
        "accuracy": float(accuracy_score(table.default, said)),
        "precision": float(precision_score(table.default, said)),
        "recall": float(recall_score(table.default, said)),
        "brier": float(brier_score_loss(table.default, probability)),
        "originals": float(accuracy_score(table.default[table.original], said[table.original])),
    }


def card(directory: Path, examples: list[Example], table: Table, pipeline: Pipeline) -> Card:
    """What model.json says of a fitted pipeline: where it comes from, what it is and how it scores.

    `weights` are per unit of each feature, and give the log-odds of "default" together with `intercept`; `means` are
    those of the features in the table.
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
    elif not np.allclose(_numbers(shipped), _numbers(fresh), rtol=TOLERANCE, atol=TOLERANCE):
        found.append("the features or the fit have changed: training gives other weights")
    if shipped.get("versions", {}).get("scikit-learn") != fresh["versions"]["scikit-learn"]:
        found.append("scikit-learn is another")
    return found


def _numbers(card: Card) -> list[float]:
    weights = card.get("weights", {})
    return [card.get("intercept", math.nan), *(weights.get(name, math.nan) for name in features.NAMES)]
