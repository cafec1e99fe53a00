"""Pictures on disk → the features of each, and of its degraded copies. Each file is read once.

This module does not import scikit-learn: every worker process would take a second to import it.
"""

import hashlib
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Generic, TypeVar

from github_avatars import features
from github_avatars.errors import BadImage
from github_avatars.features import Features
from github_avatars.picture import decoding
from github_avatars.training.dataset import Example, Progress, no_progress, pixel_hash
from github_avatars.training.degradation import DEGRADATIONS, UNCHANGED, Degradation
from github_avatars.training.workers import process_pool

COPIES = 12
"""Degraded copies of each example in the training table, in addition to the original."""

MIN_PARALLEL = 1000
"""From this number of originals and copies on, all processor cores measure. With fewer, starting processes takes longer
than it saves."""

T = TypeVar("T")


@dataclass(frozen=True)
class Measurement(Generic[T]):
    """What is measured of one picture file."""

    digest: str
    """The SHA-256 of the file's bytes."""
    pixel_hash: str
    """The hash of the decoded pixels (`dataset.pixel_hash`)."""
    values: T
    """What the extractor returned for the original and its degraded copies."""


Extractor = Callable[[Iterable[bytes]], T]
"""Takes encoded pictures, the original first, and returns what is measured of them. It must be picklable."""


def training_degradations(example: Example) -> list[Degradation]:
    """The degradations of the COPIES copies in the training table: drawn at random, with the file name as the seed.

    The copies of a look-alike have the pixels of the original.
    """
    if example.is_lookalike:
        return [UNCHANGED] * COPIES
    seed = example.file.encode(errors="surrogateescape")  # a file name may contain bytes that are not UTF-8
    return random.Random(seed).sample(DEGRADATIONS, COPIES)  # noqa: S311 (not for security)


def extract_features(pictures: Iterable[bytes]) -> list[Features]:
    """The features of encoded pictures, decoded as for a prediction. Raises BadImage."""
    return features.extract_all(map(decoding.load, pictures))


def measure(
    directory: Path,
    examples: Sequence[Example],
    degradations: Iterable[Sequence[Degradation]],
    extract: Extractor[T],
    progress: Progress = no_progress,
) -> list[Measurement[T] | BadImage]:
    """The measurement of each example and of its degraded copies, in the order of the examples.

    `degradations` has one sequence for each example. An unreadable picture yields its BadImage instead of a
    measurement.
    """
    if not examples:
        return []
    paths, degradations = [directory / example.file for example in examples], list(degradations)
    run = partial(_measure, extract)
    if len(paths) + sum(map(len, degradations)) < MIN_PARALLEL:
        return list(progress(map(run, paths, degradations), len(paths)))
    with process_pool() as pool:
        return list(progress(pool.map(run, paths, degradations), len(paths)))


def _measure(extract: Extractor[T], path: Path, degradations: Sequence[Degradation]) -> Measurement[T] | BadImage:
    try:
        data = decoding.read_bytes(path)
        picture = decoding.decode(data, path.name)
        copies = (degradation.apply(picture) for degradation in degradations)
        return Measurement(hashlib.sha256(data).hexdigest(), pixel_hash(picture), extract(chain([data], copies)))
    except BadImage as error:
        return error
