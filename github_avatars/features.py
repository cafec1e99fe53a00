"""A picture → the three numbers that it is judged by."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np
from PIL import Image

from github_avatars import grid, identicon, image

GITHUB_GREY = int.from_bytes(identicon.GITHUB_GREY, "little")
"""GitHub grey as Pillow packs it: red in the lowest byte."""


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
    pixels = identicon.pixels(sample for sample, _, _ in sampled)
    colors = np.sort(pixels.view("<u4")[..., 0] & 0xFFFFFF, axis=1)
    return [
        Features(grey, 1 + steps, 0.0 if blank else error)
        for (_, _, blank), grey, steps, error in zip(
            sampled,
            (colors == GITHUB_GREY).sum(axis=1).tolist(),
            (colors[:, 1:] != colors[:, :-1]).sum(axis=1).tolist(),
            identicon.errors(pixels, [design for _, design, _ in sampled]),
            strict=True,
        )
    ]


def _sample(picture: Image.Image) -> tuple[Image.Image, grid.Design, bool]:
    """What is judged of a picture: its sample as RGB, the design of its size, and whether it is blank."""
    # To turn all of a large picture with transparency or a palette into RGB would cost half as much as decoding.
    sample = image.rgb(grid.sample(picture))
    # What is grey wherever it is sampled may still show something in between.
    blank = identicon.is_blank(sample) and identicon.is_blank(image.rgb(picture))
    return sample, grid.design_for(*picture.size), blank
