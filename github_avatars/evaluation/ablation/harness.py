"""Measures, scores and times competitors on the same pictures in the same folds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from github_avatars.evaluation.ablation.competitors import Array, Competitor, Decode, Extraction, ProbabilityFunction
from github_avatars.evaluation.evaluating import robustness_conditions
from github_avatars.evaluation.scoring import DIGITS, share
from github_avatars.evaluation.tables import SMALL
from github_avatars.picture import decoding
from github_avatars.training import dataset, fitting
from github_avatars.training.dataset import Example, Progress
from github_avatars.training.fitting import Table
from github_avatars.training.measuring import COPIES, Measurement, measure, training_degradations

EVERY = 8
"""Every eighth picture of each family is in the robustness test, except look-alikes. With all of them, the largest
network takes hours."""

TIMED = 30
"""Originals of each label that predictions are timed for."""

ROUNDS = 9
"""Number of times that each prediction is timed."""


@dataclass(frozen=True)
class Data:
    """The features that one extraction yields."""

    table: Table
    robustness: Array
    """The features of the degraded copies in the robustness test: m pictures × conditions × d, where the conditions are
    in the order of robustness_conditions()."""
    chosen: npt.NDArray[np.int64]
    """The numbers of the m examples in the robustness test."""


def choose(examples: Sequence[Example]) -> list[int]:
    """The numbers of the examples in the robustness test: every EVERY-th of each family and label, no look-alikes."""
    seen: dict[tuple[str, str], int] = {}
    numbers = []
    for number, example in enumerate(examples):
        if example.is_lookalike:
            continue
        kind = (example.label, example.family)
        if seen.setdefault(kind, 0) % EVERY == 0:
            numbers.append(number)
        seen[kind] += 1
    return numbers


def measure_all(
    directory: Path, examples: Sequence[Example], extractions: Sequence[Extraction], progress: Progress
) -> list[Measurement[list[Array]]]:
    """For each example, the features of each extraction: rows × d for the original and its degraded copies.

    The copies are those of the training table and, for the chosen examples, those of the robustness test. Raises
    BadImage and BadDataset as training does.
    """
    fitting.check_counts(directory, examples)
    conditions = [condition for _, condition in robustness_conditions()]
    chosen = set(choose(examples))
    degradations = [
        [*training_degradations(example), *(conditions if number in chosen else [])]
        for number, example in enumerate(examples)
    ]
    return fitting.readable(measure(directory, examples, degradations, partial(_extract_all, extractions), progress))


def _extract_all(extractions: Sequence[Extraction], pictures: Iterable[bytes]) -> list[Array]:
    rows = [_extract(data, extractions) for data in pictures]
    return [np.stack(column) for column in zip(*rows, strict=True)]


def _extract(data: bytes, extractions: Sequence[Extraction]) -> list[Array]:
    """The features of each extraction for one picture. Each decoder runs once."""
    decoded = {decode: decode(data) for decode in {decode for decode, _ in extractions}}
    return [extract(decoded[decode]) for decode, extract in extractions]


def arrange(
    directory: Path, examples: Sequence[Example], measurements: Sequence[Measurement[list[Array]]], place: int
) -> Data:
    """The data of the extraction at `place` in the measurements. Raises BadDataset as `fitting.tabulate` does."""
    count = 1 + COPIES
    values = [measurement.values[place] for measurement in measurements]
    chosen = choose(examples)
    return Data(
        table=fitting.tabulate(
            directory,
            examples,
            [measurement.pixel_hash for measurement in measurements],
            np.stack([rows[:count] for rows in values]),
        ),
        robustness=np.stack([values[number][count:] for number in chosen]),
        chosen=np.array(chosen),
    )


def score(competitor: Competitor, data: Data) -> dict[str, Any]:
    """The scores of a competitor's held-out predictions.

    `originals`, and the degraded copies from SMALL pixels on (`grid`) and below (`small`), are shares of right
    predictions; `customs_called_default` is a number of originals; `brier` has the Brier scores of the originals and of
    all degraded copies in the robustness test.
    """
    table = data.table
    # The number of each row's example: the first row of an example is its original.
    number = np.cumsum(table.original) - 1
    labels = table.y[table.original]
    originals, copies = np.empty(labels.size), np.empty(data.robustness.shape[:2])
    for estimator, _, scored in fitting.held_out(table, competitor.build):
        rows = scored[table.original[scored]]
        originals[number[rows]] = estimator.predict_proba(table.X[rows])[:, 1]
        for place in np.flatnonzero(np.isin(data.chosen, number[rows])):
            copies[place] = estimator.predict_proba(data.robustness[place])[:, 1]
    copy_labels = labels[data.chosen][:, None]
    large = np.array([condition.size >= SMALL for _, condition in robustness_conditions()])
    right = (copies > 0.5) == copy_labels
    return {
        "originals": _share((originals > 0.5) == labels),
        "grid": _share(right[:, large]),
        "small": _share(right[:, ~large]),
        "customs_called_default": int(np.count_nonzero((originals > 0.5) & ~labels)),
        "brier": {"originals": _brier(originals, labels), "grid": _brier(copies, copy_labels)},
    }


def _share(right: npt.NDArray[np.bool_]) -> dict[str, Any]:
    hits = int(np.count_nonzero(right))
    return {"count": right.size, "right": hits, **share(hits, right.size)}


def _brier(probability: Array, labels: Array) -> float:
    return round(float(((probability - labels) ** 2).mean()), DIGITS)


def time_predictions(
    directory: Path, examples: Sequence[Example], competitors: Sequence[Competitor], fitted: Sequence[Any]
) -> dict[str, Any]:
    """Processor time of one prediction in milliseconds: from the file's bytes (`whole`), and without decoding (`own`).

    Each original of a fixed sample is decoded and classified by one competitor after the other, ROUNDS times, on one
    thread. The times are medians over the rounds, then over the sample. `decode` is the time of decoding alone.
    """
    sample = [
        decoding.read_bytes(directory / example.file)
        for label in dataset.LABELS
        for example in _spread([example for example in examples if example.label == label], TIMED)
    ]
    functions = [
        competitor.probability_function(estimator) for competitor, estimator in zip(competitors, fitted, strict=True)
    ]
    seconds = np.empty((ROUNDS, len(sample), len(functions), 2))
    with threadpool_limits(1):
        for number in (0, *range(ROUNDS)):  # The first round warms up.
            for place, data in enumerate(sample):
                for column, function in enumerate(functions):
                    seconds[number, place, column] = _time(data, competitors[column].decode, function)
    whole = seconds.sum(axis=-1)
    return {
        "pictures": len(sample),
        "rounds": ROUNDS,
        "decode": _milliseconds(seconds[..., 0]),
        "competitors": {
            competitor.name: {
                "whole": _milliseconds(whole[:, :, [column]]),
                "own": _milliseconds(seconds[:, :, [column], 1]),
            }
            for column, competitor in enumerate(competitors)
        },
    }


def _spread(examples: list[Example], count: int) -> Sequence[Example]:
    return examples[:: max(1, len(examples) // count)][:count]


def _time(data: bytes, decode: Decode, function: ProbabilityFunction) -> tuple[float, float]:
    """Seconds for decoding, and for the rest."""
    started = process_time()
    picture = decode(data)
    decoded = process_time()
    function(picture)
    return decoded - started, process_time() - decoded


def _milliseconds(seconds: Array) -> float:
    """The median over the pictures (axis 1 of 3) of the medians over the other axes."""
    return round(1000 * float(np.median(np.median(seconds, axis=(0, 2)))), 3)
