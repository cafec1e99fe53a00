"""Labeled pictures → a table of features → a fitted scikit-learn pipeline, its scores, and the files of the model."""

import json
import math
import platform
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, brier_score_loss, precision_score, recall_score
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from github_avatars import classifier, features
from github_avatars.classifier import Classifier
from github_avatars.errors import BadDataset, BadImage, BadModel
from github_avatars.features import Features
from github_avatars.training import dataset
from github_avatars.training.dataset import Example, Progress, no_progress
from github_avatars.training.measuring import COPIES, Measurement, T, extract_features, measure, training_degradations

FOLDS = 5
"""Folds of the cross-validation."""

SIGNS = {"github_grey": 1, "distinct_colors": -1, "identicon_error": -1}
"""The signs of the weights: more GitHub grey supports "default", more colors or a larger error do not.

Without them, few colors would count against "default", because lossy copies of identicons have many.
"""

MIN_WEIGHT = 0.1
"""The least absolute value of a weight, on features of unit variance."""

STRENGTH = 10.0
"""The weight of the log-losses relative to the squares of the weights (C in scikit-learn).

Values from 10 to 1000 have about the same cross-validation scores on avatars/.
"""

TOLERANCE = 1e-6
"""Weights that differ relatively by less are equal, because processors round differently."""

SCORE_TOLERANCE = 1e-3
"""Scores that differ by less are equal: rounding may move a few pictures across the decision boundary."""

GUARDED_SCORES = ("accuracy", "originals")
"""A model with a lower score than the existing one is not written."""

Card = dict[str, Any]
Rows = npt.NDArray[np.int64]
"""Row numbers of a table."""


@dataclass(frozen=True)
class Table:
    """The training data: one row for each original and for each of its COPIES degraded copies."""

    X: npt.NDArray[Any]
    """The features, n × d. Of our features, d is 3, in the order of features.NAMES."""
    y: npt.NDArray[np.bool_]
    """Whether the label is "default", n."""
    groups: npt.NDArray[np.int64]
    """The number of the example that the row belongs to, n. Examples with equal pixels have the number of the first."""
    original: npt.NDArray[np.bool_]
    """Whether the row is an original, n. The originals are in the order of the examples."""


def train(directory: Path, model: Path, *, force: bool = False, progress: Progress = no_progress) -> dict[str, float]:
    """Train on the pictures of `directory`, write `model` and its card, and return the scores (`cross_validate`).

    Unless `force` is true, an existing model that scores better is not overwritten. Raises BadDataset and BadImage if
    the pictures cannot be trained on, BadModel if the existing model scores better, and, before it reads the
    pictures, BadFile or InUse if the files cannot be written.
    """
    with classifier.saver(model) as save:
        pipeline, card = _fit_and_score(directory, progress)
        scores, existing = card["scores"], _existing_card(model).get("scores", {})
        worse = [name for name in GUARDED_SCORES if scores[name] < existing.get(name, 0)]
        if worse and not force:
            raise BadModel(
                f"The new model scores worse in {' and '.join(worse)} ({scores} instead of {existing}): {model} is not "
                "overwritten. Correct the pictures or the features, or use --force."
            )
        save(pipeline, card)
    return dict(scores)


def check_model(directory: Path, model: Path, progress: Progress = no_progress) -> None:
    """Raise BadModel if `model` cannot be loaded, or is not what training on the pictures of `directory` yields."""
    classifier.load(model)
    _, card = _fit_and_score(directory, progress)
    if reasons := differences(_existing_card(model), card):
        raise BadModel(f"{model} is stale: {'; '.join(reasons)}. Run github-avatars train.")


def _fit_and_score(directory: Path, progress: Progress) -> tuple[Pipeline, Card]:
    examples = dataset.read(directory)
    measurements = measure_for_training(directory, examples, progress)
    table = feature_table(directory, examples, measurements)
    pipeline = fit(table)
    return pipeline, make_card(examples, [measurement.digest for measurement in measurements], table, pipeline)


def _existing_card(model: Path) -> Card:
    """The card of an existing model; empty if it is missing or damaged, because training replaces it."""
    try:
        card: Card = json.loads(classifier.card_path(model).read_bytes())
        numbers = [card["intercept"], *card["weights"].values(), *card["scores"].values()]
        return card if all(isinstance(number, float) for number in numbers) else {}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return {}


def measure_for_training(
    directory: Path, examples: Sequence[Example], progress: Progress = no_progress
) -> list[Measurement[list[Features]]]:
    """The features of each example and of its COPIES degraded copies.

    Raises BadImage for an unreadable picture, BadDataset if a label has fewer than FOLDS examples.
    """
    check_counts(directory, examples)
    return readable(measure(directory, examples, map(training_degradations, examples), extract_features, progress))


def check_counts(directory: Path, examples: Iterable[Example]) -> None:
    """Raise BadDataset if a label has fewer than FOLDS examples."""
    for label, count in dataset.count_labels(examples).items():
        if count < FOLDS:
            raise BadDataset(f"{directory} has fewer than {FOLDS} pictures labeled {label}: add some.")


def readable(measurements: Iterable[Measurement[T] | BadImage]) -> list[Measurement[T]]:
    """The measurements. Raises the first BadImage among them."""
    checked = []
    for measurement in measurements:
        if isinstance(measurement, BadImage):
            raise measurement
        checked.append(measurement)
    return checked


def feature_table(
    directory: Path, examples: Sequence[Example], measurements: Sequence[Measurement[list[Features]]]
) -> Table:
    """The table of our features; of each measurement, the first 1 + COPIES. Raises BadDataset as `tabulate` does."""
    rows = [[measured.row() for measured in measurement.values[: 1 + COPIES]] for measurement in measurements]
    return tabulate(directory, examples, [measurement.pixel_hash for measurement in measurements], np.array(rows))


def tabulate(
    directory: Path, examples: Sequence[Example], pixel_hashes: Iterable[str], rows: npt.NDArray[Any]
) -> Table:
    """The table of `rows`, examples × (1 + COPIES) × d: each original first, then its degraded copies.

    Raises BadDataset if examples with equal pixels have different labels.
    """
    count = 1 + COPIES
    return Table(
        X=rows.reshape(len(examples) * count, -1),
        y=np.repeat([example.label == "default" for example in examples], count),
        groups=np.repeat(_first_of_equals(directory, examples, pixel_hashes), count),
        original=np.tile(np.arange(count) == 0, len(examples)),
    )


def _first_of_equals(directory: Path, examples: Sequence[Example], pixel_hashes: Iterable[str]) -> list[int]:
    """For each example, the number of the first one with equal pixels. Raises BadDataset if their labels differ."""
    first: dict[str, int] = {}
    numbers = [first.setdefault(pixels, number) for number, pixels in enumerate(pixel_hashes)]
    for number, example in zip(numbers, examples, strict=True):
        if example.label != examples[number].label:
            raise BadDataset(
                f"{directory} has the same picture under both labels, as {examples[number].file} and as "
                f"{example.file}: keep the one with the right label."
            )
    return numbers


class MonotoneRegression(LogisticRegression):  # type: ignore[misc] # scikit-learn has no types
    """Logistic regression whose weights have given signs (1 or -1) and are at least MIN_WEIGHT.

    The weights minimize the same sum of log-losses and squares as those of LogisticRegression.
    """

    def __init__(self, signs: Sequence[int] = tuple(SIGNS.values())) -> None:
        super().__init__(C=STRENGTH)
        self.signs = signs

    def fit(self, X: npt.NDArray[Any], y: npt.NDArray[Any]) -> "MonotoneRegression":  # noqa: N803
        """Fit to features of unit variance, n × number of signs."""
        self.classes_ = np.array([False, True])
        self.n_features_in_ = X.shape[1]
        positive = np.asarray(y, dtype=bool)
        columns = np.column_stack([X, np.ones(len(X))])

        def loss_and_gradient(weights: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
            scores = columns @ weights
            penalized = np.append(weights[:-1], 0)
            loss = np.logaddexp(0, np.where(positive, -scores, scores)).sum() + penalized @ penalized / (2 * self.C)
            return loss, (expit(scores) - positive) @ columns + penalized / self.C

        bounds = [(MIN_WEIGHT, None) if sign > 0 else (None, -MIN_WEIGHT) for sign in self.signs] + [(None, None)]
        start = np.append(np.array(self.signs) * MIN_WEIGHT, 0.0)
        options = {"maxiter": 10_000, "maxfun": 100_000, "ftol": 1e-15, "gtol": 1e-9}
        found = minimize(loss_and_gradient, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
        self.coef_, self.intercept_ = found.x[None, :-1], found.x[-1:]
        return self


def build_pipeline(names: Iterable[str] = features.NAMES) -> Pipeline:
    """The pipeline to fit: logistic regression with the signs of SIGNS, on these features scaled to unit variance."""
    return make_pipeline(StandardScaler(), MonotoneRegression([SIGNS[name] for name in names]))


def fit(table: Table) -> Pipeline:
    """The pipeline, fitted to the whole table, with a regression that any program with scikit-learn loads."""
    scaler, fitted = (step for _, step in build_pipeline().fit(table.X, table.y).steps)
    regression = LogisticRegression(C=fitted.C)
    for name in ("classes_", "n_features_in_", "coef_", "intercept_"):
        setattr(regression, name, getattr(fitted, name))
    return make_pipeline(scaler, regression)


def folds(table: Table) -> list[tuple[Rows, Rows]]:
    """The rows to fit to and the rows to score, for each of FOLDS folds. A group is never on both sides of a split."""
    splitter = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0)
    return list(splitter.split(table.X, table.y, table.groups))


def held_out(
    table: Table, build: Callable[[], Any] = build_pipeline, groups_per_label: int | None = None
) -> Iterator[tuple[Any, Rows, Rows]]:
    """For each fold: an estimator fitted without it, the rows that it was fitted to, and the held-out rows.

    `build` returns an unfitted scikit-learn estimator. With `groups_per_label`, each is fitted to at most that many
    groups of each label. They are drawn at random with a fixed seed; a larger sample contains every smaller one.
    """
    for fitted, scored in folds(table):
        if groups_per_label is not None:
            fitted = fitted[np.isin(table.groups[fitted], _sample(table, fitted, groups_per_label))]
        yield build().fit(table.X[fitted], table.y[fitted]), fitted, scored


def _sample(table: Table, rows: Rows, count: int) -> Rows:
    """Up to `count` groups of each label among these rows."""
    groups = [np.unique(table.groups[rows[table.y[rows] == label]]) for label in (True, False)]
    return np.concatenate([np.random.default_rng(0).permutation(choices)[:count] for choices in groups])


def held_out_classifiers(table: Table) -> list[Classifier]:
    """For each example, a classifier that was fitted without the example's group."""
    by_group: dict[int, Classifier] = {}
    for pipeline, _, scored in held_out(table):
        by_group |= dict.fromkeys(np.unique(table.groups[scored]).tolist(), Classifier(pipeline))
    return [by_group[group] for group in table.groups[table.original].tolist()]


def cross_validate(table: Table) -> dict[str, float]:
    """Scores of the held-out predictions.

    `accuracy`, `precision` and `recall` of "default", and the Brier score (`brier`), over originals and copies;
    `originals` is the accuracy over the originals alone.
    """
    probability = np.empty(table.y.size)
    for pipeline, _, scored in held_out(table):
        probability[scored] = pipeline.predict_proba(table.X[scored])[:, 1]
    predicted = probability > 0.5
    return {
        "accuracy": float(accuracy_score(table.y, predicted)),
        "precision": float(precision_score(table.y, predicted)),
        "recall": float(recall_score(table.y, predicted)),
        "brier": float(brier_score_loss(table.y, probability)),
        "originals": float(accuracy_score(table.y[table.original], predicted[table.original])),
    }


def learning_curve(table: Table) -> list[dict[str, float]]:
    """Scores of the held-out predictions by the number of pictures that the pipeline is fitted to.

    The pipeline is fitted to 2, 4, 8, … pictures of each label and their copies, and finally to all. A point has
    `pictures` (the mean over the folds), `accuracy` and `brier`, over originals and copies.
    """
    curve: list[dict[str, float]] = []
    most = max(int(np.unique(table.groups[table.y == label]).size) for label in (True, False))
    for count in [2**power for power in range(1, most.bit_length() + 1)]:
        probability, pictures = np.empty(table.y.size), []
        for pipeline, fitted, scored in held_out(table, groups_per_label=count):
            probability[scored] = pipeline.predict_proba(table.X[scored])[:, 1]
            pictures.append(np.unique(table.groups[fitted]).size)
        point = {
            "pictures": round(float(np.mean(pictures))),
            "accuracy": float(accuracy_score(table.y, probability > 0.5)),
            "brier": float(brier_score_loss(table.y, probability)),
        }
        if not curve or point["pictures"] > curve[-1]["pictures"]:
            curve.append(point)
    return curve


def versions(*packages: str) -> dict[str, str]:
    """The versions of Python and of the packages that affect the model, and of further `packages`."""
    names = ("scikit-learn", "numpy", "pillow", *packages)
    return {"python": platform.python_version(), **{name: version(name) for name in names}}


def make_card(examples: Sequence[Example], file_digests: Iterable[str], table: Table, pipeline: Pipeline) -> Card:
    """The content of model.json: where a fitted pipeline comes from, what it is, and how it scores.

    The log-odds of "default" are `intercept` plus the sum of weight × feature over `weights`. `means` are the means of
    the table. Both are on the scales of Features.row().
    """
    fitted = Classifier(pipeline)
    return {
        "trained": datetime.now(UTC).date().isoformat(),
        "versions": versions(),
        "avatars": {
            "digest": dataset.digest(examples, file_digests),
            **dataset.count_labels(examples),
            "copies": COPIES,
        },
        "features": list(features.NAMES),
        "weights": dict(zip(features.NAMES, fitted.weights, strict=True)),
        "intercept": fitted.intercept,
        "means": dict(zip(features.NAMES, table.X.mean(axis=0).tolist(), strict=True)),
        "scores": {name: round(score, 6) for name, score in cross_validate(table).items()},
    }


def differences(shipped: Card, fresh: Card) -> list[str]:
    """Why the card of a shipped model differs from the card of one trained now; empty if the models are the same."""
    reasons = []
    if shipped.get("avatars") != fresh["avatars"]:
        reasons.append("the pictures have changed")
    if shipped.get("features") != fresh["features"]:
        reasons.append("the features have other names")
    elif not np.allclose(_numbers(shipped), _numbers(fresh), rtol=TOLERANCE, atol=0):
        reasons.append("training yields other weights, so the features or the fit have changed")
    if not _same_scores(shipped.get("scores", {}), fresh["scores"]):
        reasons.append("the scores differ")
    if shipped.get("versions", {}).get("scikit-learn") != fresh["versions"]["scikit-learn"]:
        reasons.append("the version of scikit-learn differs")
    return reasons


def _same_scores(shipped: dict[str, float], fresh: dict[str, float]) -> bool:
    return shipped.keys() == fresh.keys() and all(abs(shipped[name] - fresh[name]) < SCORE_TOLERANCE for name in fresh)


def _numbers(card: Card) -> list[float]:
    weights = card.get("weights", {})
    return [card.get("intercept", math.nan), *(weights.get(name, math.nan) for name in features.NAMES)]
