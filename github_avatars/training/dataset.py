"""Labelled pictures on disk: reading them, and degrading them as galleries do."""

import csv
import hashlib
import multiprocessing
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import astuple, dataclass, fields
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, cast, get_args

from PIL import Image

from github_avatars import features
from github_avatars.classifier import Label
from github_avatars.errors import BadDataset, BadImage
from github_avatars.features import Features
from github_avatars.picture import decoding
from github_avatars.training.degradation import Degradation

INDEX = "index.csv"
LABELS = get_args(Label)


@dataclass(frozen=True)
class Example:
    """One labelled picture, as a line of index.csv tells of it.

    `file` is relative to the folder of the index; `login` and `account_id` are what the stand-in for GitHub gives the
    picture, and `family` is what kind of picture it is.
    """

    file: str
    label: Label
    login: str
    account_id: int
    family: str


NAMES = tuple(field.name for field in fields(Example))


def pixel_hash(picture: Image.Image) -> str:
    """The SHA-256 of an RGB picture's size and pixels, in hexadecimal: equal for equal pixels in any file format."""
    return hashlib.sha256(f"{picture.size}".encode() + picture.tobytes()).hexdigest()


def read(directory: Path) -> list[Example]:
    """The examples of `directory`: those of its index where it has one, else all files below default/ and custom/.

    Without an index nothing but file and label is known: login and family are empty, the account id is 0, and hidden
    files do not count. A label without files is allowed. Raises BadDataset where there is neither index nor label.
    """
    if (directory / INDEX).exists():
        return read_index(directory)
    folders = {label: directory / label for label in LABELS if (directory / label).is_dir()}
    if not folders:
        raise BadDataset(f"{directory} has no {INDEX} and neither of {' and '.join(LABELS)}: give a folder that has.")
    return [
        Example(path.relative_to(directory).as_posix(), cast(Label, label), "", 0, "")
        for label, folder in folders.items()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    ]


def read_index(directory: Path) -> list[Example]:
    """The examples that `directory`/index.csv lists. Raises BadDataset where it is missing or a line is wrong."""
    path = directory / INDEX
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            return [_example(row, f"{path}, line {reader.line_num}") for row in reader]
    except OSError as error:
        raise BadDataset(f"{path} cannot be read ({error.strerror}): give a folder with an {INDEX}.") from error
    except (UnicodeError, csv.Error) as error:
        raise BadDataset(f"{path} is no CSV file in UTF-8 ({error}): give one with {', '.join(NAMES)}.") from error


def _example(row: dict[str, str], place: str) -> Example:
    try:
        if None in row.values():
            raise ValueError("it is too short")
        label = row["label"]
        if label not in LABELS:
            raise ValueError(f"label {label!r} is none of {', '.join(LABELS)}")
        return Example(row["file"], cast(Label, label), row["login"], int(row["account_id"]), row["family"])
    except (LookupError, TypeError, ValueError) as error:
        raise BadDataset(f"{place} is wrong ({error}): it needs {', '.join(NAMES)}.") from error


def write_index(directory: Path, examples: list[Example]) -> None:
    """Write `directory`/index.csv, so that read_index gives the same examples."""
    with (directory / INDEX).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(NAMES)
        writer.writerows(astuple(example) for example in examples)


def digest(directory: Path, examples: list[Example]) -> str:
    """A sha256 over the label and the bytes of every example: another one where any of them changed."""
    total = hashlib.sha256()
    for example in sorted(examples, key=lambda example: example.file):
        content = hashlib.sha256((directory / example.file).read_bytes()).hexdigest()
        total.update(f"{example.file} {example.label} {content}\n".encode())
    return total.hexdigest()


# This module imports no scikit-learn, since each of its processes would take a second over that.

Progress = Callable[[Iterable[Any], int], Iterable[Any]]
"""Wraps an iteration over so many units, to show how far it has come."""


def measure(path: Path, degradations: Sequence[Degradation]) -> list[Features]:
    """The features of the picture at `path`, then of each degraded copy of it. Raises BadImage."""
    data = decoding.read_bytes(path)
    shown, picture = decoding.load(data, path.name), decoding.decode(data, path.name)
    copies = (decoding.load(degradation.apply(picture)) for degradation in degradations)
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
