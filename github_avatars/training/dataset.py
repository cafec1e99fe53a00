"""Labeled pictures on disk: a folder with an index.csv, or with the folders default/ and custom/."""

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import astuple, dataclass, fields
from io import TextIOWrapper
from pathlib import Path
from typing import Any, get_args

from PIL import Image

from github_avatars.classifier import Label
from github_avatars.errors import BadDataset
from github_avatars.files import open_regular, write_atomically

INDEX = "index.csv"
LABELS: tuple[Label, ...] = get_args(Label)

Progress = Callable[[Iterable[Any], int], Iterable[Any]]
"""Called with an iterable and its length; returns the same items, and shows the progress of the iteration over them."""


def no_progress(items: Iterable[Any], _: int) -> Iterable[Any]:
    """The Progress that shows nothing."""
    return items


@dataclass(frozen=True)
class Example:
    """A labeled picture, as one line of index.csv describes it."""

    file: str
    """The path relative to the folder of the index, with forward slashes."""
    label: Label
    login: str
    """The login of the account that has this picture in the demo; empty without an index."""
    account_id: int
    """The id of that account; 0 without an index."""
    family: str
    """The kind of picture; empty without an index."""

    @property
    def is_lookalike(self) -> bool:
        """Whether the picture is of a family of look-alikes."""
        return is_lookalike(self.family)


def is_lookalike(family: str) -> bool:
    """Whether a degraded copy of a picture of this family may equal one of a default avatar, so that it has no label.

    Resizing or lossy compression destroys what distinguishes such a picture from a default avatar.
    """
    return family.startswith("lookalike-")


NAMES = tuple(field.name for field in fields(Example))
"""The columns of index.csv."""


def read(directory: Path) -> list[Example]:
    """The examples in the index of `directory`, or, without an index, all files below its folders default/ and custom/.

    Without an index, hidden files are ignored. A label may have no files. Raises BadDataset if the folder has neither
    an index nor a folder named like a label.
    """
    if (directory / INDEX).exists():
        return read_index(directory)
    folders = {label: directory / label for label in LABELS if (directory / label).is_dir()}
    if not folders:
        raise BadDataset(
            f"{directory} has neither {INDEX} nor a folder {' or '.join(LABELS)}: give a folder of labeled pictures."
        )
    return [
        Example(path.relative_to(directory).as_posix(), label, "", 0, "")
        for label, folder in folders.items()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    ]


def read_index(directory: Path) -> list[Example]:
    """The examples in `directory`/index.csv. Raises BadDataset if it is missing or has an invalid line."""
    path = directory / INDEX
    try:
        with TextIOWrapper(open_regular(path), newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            return [_example(row, f"{path}, line {reader.line_num}") for row in reader]
    except OSError as error:
        raise BadDataset(f"{path} cannot be read ({error.strerror}): give a folder with an {INDEX}.") from error
    except (UnicodeError, csv.Error) as error:
        raise BadDataset(
            f"{path} is not a CSV file in UTF-8 ({error}): give one with the columns {', '.join(NAMES)}."
        ) from error


def _example(row: dict[str, str], place: str) -> Example:
    try:
        if None in row.values():
            raise ValueError("it is too short")
        label = row["label"]
        if label not in LABELS:
            raise ValueError(f"label {label!r} is none of {', '.join(LABELS)}")
        return Example(row["file"], label, row["login"], int(row["account_id"]), row["family"])
    except (LookupError, TypeError, ValueError) as error:
        raise BadDataset(f"{place} is invalid ({error}): it needs {', '.join(NAMES)}.") from error


def write_index(directory: Path, examples: Iterable[Example]) -> None:
    """Write the examples to `directory`/index.csv. Raises BadFile if it cannot be written."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(NAMES)
    writer.writerows(astuple(example) for example in examples)
    write_atomically(directory / INDEX, text.getvalue())


def count_labels(examples: Iterable[Example]) -> dict[str, int]:
    """The number of examples of each label."""
    counts = Counter(example.label for example in examples)
    return {label: counts[label] for label in LABELS}


def digest(examples: Iterable[Example], file_digests: Iterable[str]) -> str:
    """A SHA-256 over the name, the label and the file digest of every example, in hexadecimal.

    `file_digests` are the SHA-256 of the files' bytes, in the order of the examples. The result does not depend on that
    order.
    """
    total = hashlib.sha256()
    for example, file_digest in sorted(
        zip(examples, file_digests, strict=True), key=lambda example_and_digest: example_and_digest[0].file
    ):
        # A file name may contain bytes that are not UTF-8.
        total.update(f"{example.file} {example.label} {file_digest}\n".encode(errors="surrogateescape"))
    return total.hexdigest()


def pixel_hash(picture: Image.Image) -> str:
    """The SHA-256 of an RGB picture's size and pixels, in hexadecimal: equal for equal pixels in any file format."""
    return hashlib.sha256(f"{picture.size}".encode() + picture.tobytes()).hexdigest()
