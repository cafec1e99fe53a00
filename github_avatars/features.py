"""A picture → the three numbers that it is judged by."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np
from PIL import Image

from github_avatars import identicon
from github_avatars.picture import decoding

GITHUB_GREY = int.from_bytes((0, *identicon.GITHUB_GREY), "little")
"""GitHub grey as identicon.pack writes it."""

FEW = 32
"""Up to so many colours, Pillow lists them in less time than NumPy sorts the pixels."""


@dataclass(frozen=True)
class Features:
    """What is measured of a picture, on a sample of 24 × 24 = 576 of its pixels.

    `github_grey`: how many of them are exactly GitHub grey (0 to 576).
    `distinct_colors`: how many different colours they have (1 to 576).
    `identicon_error`: how much of them the best-fitting identicon leaves unexplained, without the corners that a circle
    would cut off (0 to 1; 0: they show an identicon).
    """

    github_grey: int
    distinct_colors: int
    identicon_error: float

    def row(self) -> tuple[float, float, float]:
        """The features in the order of NAMES, on the scales on which a linear model tells the labels apart.

        Lossy codecs multiply colours and raise the error, so what counts is by what factor there are more colours (the
        logarithm), and small errors count more than large ones (the square root).
        """
        return self.github_grey, math.log(self.distinct_colors), math.sqrt(self.identicon_error)


NAMES = tuple(field.name for field in fields(Features))
"""The names of the features, in the order in which a classifier sees them."""


def extract(picture: Image.Image) -> Features:
    """The features of a picture as image.load gives it. They mean the same at every size, as the sample's is fixed."""
    return extract_all([picture])[0]


def extract_all(pictures: Iterable[Image.Image]) -> list[Features]:
    """The features of each picture, for less than one by one. Each is let go once it is sampled."""
    # A loop would hold one picture while it asks for the next.
    sampled = list(map(_sample, pictures))
    packed = [identicon.pack(sample) for sample, _, _ in sampled]
    errors = identicon.errors(identicon.pixels(packed), (design for _, design, _ in sampled))
    return [
        Features(*_counts(sample, pixels), 0.0 if blank else error)
        for (sample, _, blank), pixels, error in zip(sampled, packed, errors, strict=True)
    ]


def _sample(picture: Image.Image) -> tuple[Image.Image, identicon.Design, bool]:
    """What is judged of a picture: its sample as RGB, the design of its size, and whether it is blank."""
    # To turn all of a large picture with transparency or a palette into RGB would cost half as much as decoding.
    sample = decoding.rgb(identicon.sample(picture))
    # What is grey wherever it is sampled may still show something in between.
    blank = identicon.is_blank(sample) and identicon.is_blank(decoding.rgb(picture))
    return sample, identicon.design_for(*picture.size), blank


def _counts(sample: Image.Image, packed: bytes) -> tuple[int, int]:
    """How many pixels of a sample are GitHub grey, and how many colours they have."""
    if few := sample.getcolors(FEW):
        return sum(count for count, color in few if color == identicon.GITHUB_GREY), len(few)
    pixels = np.sort(np.frombuffer(packed, dtype="<u4"))
    return int(np.count_nonzero(pixels == GITHUB_GREY)), 1 + int(np.count_nonzero(pixels[1:] != pixels[:-1]))
