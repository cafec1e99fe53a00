"""Labelled pictures on disk: reading them, and degrading them as galleries do."""

import csv
import hashlib
import io
from collections.abc import Callable
from dataclasses import astuple, dataclass, fields
from itertools import product
from pathlib import Path
from typing import cast, get_args

from PIL import Image, ImageDraw

from github_avatars import image
from github_avatars.classifier import Label
from github_avatars.errors import BadDataset

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


def content(picture: Image.Image) -> str:
    """A name for what an RGB picture shows: equal for equal pixels, whatever file format kept them, and for no others.

    Pixels count and not bytes, since they are all that the features see; files of equal bytes have equal pixels anyway.
    """
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


@dataclass(frozen=True)
class Degradation:
    """What a gallery does to an avatar.

    It resizes it to `size` pixels a side with one of Pillow's filters, cuts it to a circle or not, and encodes it.
    """

    size: int
    resampling: str
    circle: bool
    codec: str

    def apply(self, picture: Image.Image) -> bytes:
        """The encoded thumbnail of an RGB picture; a circle's corners are transparent, or white in a JPEG."""
        thumbnail = picture.resize((self.size, self.size), Image.Resampling[self.resampling])
        if self.circle:
            thumbnail.putalpha(_disc(self.size))
        return CODECS[self.codec](thumbnail)


def _disc(size: int) -> Image.Image:
    oversize = Image.new("L", (4 * size, 4 * size))
    ImageDraw.Draw(oversize).ellipse((0, 0, 4 * size - 1, 4 * size - 1), fill=255)
    return oversize.resize((size, size), Image.Resampling.BOX)


def _encode(picture: Image.Image, codec: str, **options: int) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, codec, **options)
    return buffer.getvalue()


def _jpeg(picture: Image.Image, quality: int) -> bytes:
    return _encode(image.rgb(picture), "JPEG", quality=quality)


CODECS: dict[str, Callable[[Image.Image], bytes]] = {
    "png": lambda picture: _encode(picture, "PNG", compress_level=1),
    "palette png": lambda picture: _encode(picture.quantize(64, Image.Quantize.FASTOCTREE), "PNG", compress_level=1),
    "gif": lambda picture: _encode(picture, "GIF"),
    "jpeg 90": lambda picture: _jpeg(picture, 90),
    "jpeg 75": lambda picture: _jpeg(picture, 75),
    "jpeg 50": lambda picture: _jpeg(picture, 50),
    "webp 80": lambda picture: _encode(picture, "WEBP", quality=80, method=0),
    "jpeg 75 twice": lambda picture: _jpeg(image.decode(_jpeg(picture, 75)), 75),
}
"""How thumbnails are encoded, by name; the numbers are Pillow's quality settings."""

SIZES = (16, 20, 24, 32, 40, 64, 80, 128, 200, 256, 420, 460)
"""Thumbnail sizes met in galleries, in pixels a side."""

DEGRADATIONS = tuple(
    Degradation(*choice) for choice in product(SIZES, ("BOX", "BILINEAR", "BICUBIC", "LANCZOS"), (False, True), CODECS)
)
"""Every combination of the above."""
