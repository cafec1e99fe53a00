"""Trains and scores competitors on the same pictures in the same splits, and times them side by side."""

import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from github_avatars.evaluation import evaluating
from github_avatars.evaluation.ablation.competitors import Answer, Competitor, Decode, Row, Way
from github_avatars.evaluation.scoring import DIGITS, Json, share
from github_avatars.evaluation.tables import SMALL
from github_avatars.picture import decoding
from github_avatars.training import dataset, fitting
from github_avatars.training.dataset import Example, Progress
from github_avatars.training.fitting import Table

EVERY = 3
"""The robustness grid is made of every third picture of each family: of all, the largest network would take an hour."""

TIMED = 30
"""Originals of each label that a verdict is timed on."""

ROUNDS = 9
"""How often each of them is."""


@dataclass(frozen=True)
class Rows:
    """What one way of measuring makes of the pictures.

    `table` is the training table: each picture's original, then its copies. `grid` (m × cells × d) is the copies of the
    m pictures `chosen`, in the order of evaluation.grid().
    """

    table: Table
    grid: Row
    chosen: npt.NDArray[np.int64]


def chosen(examples: list[Example]) -> list[int]:
    """The numbers of the examples that the robustness grid is made of: every EVERY-th of each family and label."""
    seen: dict[tuple[str, str], int] = {}
    numbers = []
    for number, example in enumerate(examples):
        kind = (example.label, example.family)
        if seen.setdefault(kind, 0) % EVERY == 0:
            numbers.append(number)
        seen[kind] += 1
    return numbers


def measure(directory: Path, examples: list[Example], ways: Sequence[Way], progress: Progress) -> dict[Way, Rows]:
    """Every picture and its copies, seen in every way, on every core.

    Raises what training.tabulate raises, whose table says which rows belong together.
    """
    table = fitting.tabulate(directory, examples)
    gridded = chosen(examples)
    tasks = [(example, number in gridded) for number, example in enumerate(examples)]
    # Forking a process that has threads, as a progress bar and torch start them, may lock up.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(os.cpu_count() or 1, len(tasks)), context) as pool:
        found = list(progress(pool.map(partial(_measure, directory, ways), tasks), len(tasks)))
    count = 1 + fitting.COPIES
    return {
        way: Rows(
            table=replace(table, rows=np.concatenate([rows[place][:count] for rows in found])),
            grid=np.stack([found[number][place][count:] for number in gridded]),
            chosen=np.array(gridded),
        )
        for place, way in enumerate(ways)
    }


def _measure(directory: Path, ways: Sequence[Way], task: tuple[Example, bool]) -> list[Row]:
    """For each way its rows of an example: the original, the copies in the training table, perhaps the grid."""
    example, with_grid = task
    path = directory / example.file
    data = decoding.read_bytes(path)
    picture = decoding.decode(data, str(path))
    cells = [degradation for _, degradation in evaluating.grid()] if with_grid else []
    copies = (degradation.apply(picture) for degradation in (*fitting.degradations(example), *cells))
    rows = [_see(each, ways) for each in (data, *copies)]
    return [np.stack(column) for column in zip(*rows, strict=True)]


def _see(data: bytes, ways: Sequence[Way]) -> list[Row]:
    """One picture, seen in every way; decoded once for those that decode alike."""
    decoded = {decode: decode(data) for decode in {decode for decode, _ in ways}}
    return [measure(decoded[decode]) for decode, measure in ways]


def score(competitor: Competitor, rows: Rows) -> Json:
    """How a competitor does on pictures that it was fitted without, in the folds of training's cross-validation.

    `originals` and the grid's cells from SMALL pixels on (`grid`) and below (`small`) are shares of right verdicts;
    `customs_called_default` counts originals; the Brier scores are those of the originals and of the whole grid.
    """
    table = rows.table
    number = np.cumsum(table.original) - 1  # of the example that a row is of, for its original is its first
    default = table.default[table.original]
    originals, grid = np.empty(default.size), np.empty(rows.grid.shape[:2])
    for fitted, scored in fitting.folds(table):
        judge = competitor.untrained().fit(table.rows[fitted], table.default[fitted])
        held_out = scored[table.original[scored]]
        originals[number[held_out]] = judge.predict_proba(table.rows[held_out])[:, 1]
        for place in np.flatnonzero(np.isin(rows.chosen, number[held_out])):
            grid[place] = judge.predict_proba(rows.grid[place])[:, 1]
    wanted = default[rows.chosen][:, None]
    large = np.array([degradation.size >= SMALL for _, degradation in evaluating.grid()])
    right = (grid > 0.5) == wanted
    return {
        "originals": _share((originals > 0.5) == default),
        "grid": _share(right[:, large]),
        "small": _share(right[:, ~large]),
        "customs_called_default": int(np.count_nonzero((originals > 0.5) & ~default)),
        "brier": {"originals": _brier(originals, default), "grid": _brier(grid, wanted)},
    }


def _share(right: npt.NDArray[np.bool_]) -> Json:
    hits = int(np.count_nonzero(right))
    return {"count": right.size, "right": hits, **share(hits, right.size)}


def _brier(probability: Row, default: Row) -> float:
    return round(float(((probability - default) ** 2).mean()), DIGITS)


def timings(directory: Path, examples: list[Example], competitors: Sequence[Competitor], fitted: Sequence[Any]) -> Json:
    """Milliseconds that one verdict takes: from the file's bytes on (`whole`), or once it is decoded (`own`).

    Each original of a fixed sample is decoded and judged by one competitor after the other, ROUNDS times: the medians
    over the rounds, then over the sample. `decode` is what decoding takes of `whole`. All is processor time on one
    thread, which on an idle machine is the time on the clock.
    """
    sample = [
        decoding.read_bytes(directory / example.file)
        for label in dataset.LABELS
        for example in _spread([example for example in examples if example.label == label], TIMED)
    ]
    answers = [competitor.answer(judge) for competitor, judge in zip(competitors, fitted, strict=True)]
    spent = np.empty((ROUNDS, len(sample), len(answers), 2))
    with threadpool_limits(1):
        for number in (0, *range(ROUNDS)):  # the first time warms up
            for place, data in enumerate(sample):
                for column, answer in enumerate(answers):
                    spent[number, place, column] = _time(data, competitors[column].decode, answer)
    whole = spent.sum(axis=-1)
    return {
        "pictures": len(sample),
        "rounds": ROUNDS,
        "decode": _milliseconds(spent[..., 0]),
        "competitors": {
            competitor.name: {
                "whole": _milliseconds(whole[:, :, [column]]),
                "own": _milliseconds(spent[:, :, [column], 1]),
            }
            for column, competitor in enumerate(competitors)
        },
    }


def _spread(examples: list[Example], count: int) -> Sequence[Example]:
    return examples[:: max(1, len(examples) // count)][:count]


def _time(data: bytes, decode: Decode, answer: Answer) -> tuple[float, float]:
    """Seconds of decoding and of the rest."""
    started = process_time()
    picture = decode(data)
    decoded = process_time()
    answer(picture)
    return decoded - started, process_time() - decoded


def _milliseconds(seconds: Row) -> float:
    """The median over the pictures, the second of three axes, of the medians over the others."""
    return round(1000 * float(np.median(np.median(seconds, axis=(0, 2)))), 3)
