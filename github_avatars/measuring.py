"""Picture files → the features of each and of its degraded copies, on every core."""

import multiprocessing
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from github_avatars import features, image
from github_avatars.dataset import Degradation
from github_avatars.errors import BadImage
from github_avatars.features import Features

# This module imports no scikit-learn, since each of its processes would take a second over that.

Progress = Callable[[Iterable[Any], int], Iterable[Any]]
"""Wraps an iteration over so many units, to show how far it has come."""


def measure(path: Path, degradations: Sequence[Degradation]) -> list[Features]:
    """The features of the picture at `path`, then of each degraded copy of it. Raises BadImage."""
    data = image.read_bytes(path)
    shown, picture = image.load(data, path.name), image.decode(data, path.name)
    copies = (image.load(degradation.apply(picture)) for degradation in degradations)
    return features.extract_all(chain([shown], copies))


def measure_all(
    paths: Sequence[Path], degradations: Sequence[Degradation], progress: Progress
) -> list[list[Features] | BadImage]:
    """`measure` of each path, in their order; where it raises BadImage, that error in the place of the features."""
    if not paths:
        return []
    # Forking a process that has threads, as a progress bar starts one, may lock up.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(os.cpu_count() or 1, len(paths)), context) as pool:
        return list(progress(pool.map(partial(_attempt, degradations), paths), len(paths)))


def _attempt(degradations: Sequence[Degradation], path: Path) -> list[Features] | BadImage:
    try:
        return measure(path, degradations)
    except BadImage as error:
        return error
