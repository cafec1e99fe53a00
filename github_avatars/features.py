"""A picture → the three features that it is classified by."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np
from PIL import Image

from github_avatars import identicon
from github_avatars.identicon import Identicon
from github_avatars.picture import decoding

PACKED_GREY = int.from_bytes((0, *identicon.GITHUB_GREY), "little")
"""GitHub grey as one pixel of identicon.pack."""

CELL_PIXELS = 16
"""The number of sampled pixels of each cell of an identicon."""


@dataclass(frozen=True)
class Features:
    """The features of a picture, measured on a sample of 24 × 24 = 576 of its pixels."""

    github_grey: int
    """The number of sampled pixels that are exactly GitHub grey (0 to 576)."""
    distinct_colors: int
    """The number of distinct colors of the sampled pixels (1 to 576)."""
    identicon_error: float
    """The part of the sample that the best-fitting identicon does not explain (0: an identicon, to 1).

    Pixels in the corners that a circle would cut off are ignored.
    """

    def row(self) -> tuple[float, float, float]:
        """The features in the order of NAMES, transformed for a linear model.

        Lossy codecs add colors and raise the error. The logarithm makes the ratio of color counts matter; the square
        root makes small errors matter more than large ones.
        """
        return self.github_grey, math.log(self.distinct_colors), math.sqrt(self.identicon_error)


NAMES = tuple(field.name for field in fields(Features))
"""The names of the features in the order of Features.row()."""


def extract(picture: Image.Image | Identicon) -> Features:
    """The features of a picture from decoding.loaded. The sample's size is fixed, so all sizes are comparable.

    An identicon stands for its picture, which is not drawn.
    """
    return extract_all([picture])[0]


def extract_all(pictures: Iterable[Image.Image | Identicon]) -> list[Features]:
    """The features of each picture, faster than one by one. Each picture is released once it is sampled."""
    # Unlike a loop, map() does not hold the previous picture while the iterable decodes the next one.
    samples = list(map(_known_or_sample, pictures))
    fitted = [sampled for sampled in samples if isinstance(sampled, _Sample) and sampled.error is None]
    errors = iter(
        identicon.errors(
            identicon.pixels(sampled.fitted for sampled in fitted), (sampled.designs for sampled in fitted)
        )
    )
    return [
        sampled
        if isinstance(sampled, Features)
        else Features(*_counts(sampled.packed), next(errors) if sampled.error is None else sampled.error)
        for sampled in samples
    ]


@dataclass(frozen=True)
class _Sample:
    """What is kept of a picture until its features are computed."""

    packed: bytes
    """The sample as identicon.pack returns it."""
    fitted: bytes
    """The pixels that an identicon is fitted to, packed."""
    designs: tuple[identicon.Design, ...]
    error: float | None
    """The error, if it is known without a fit."""


def _known_or_sample(picture: Image.Image | Identicon) -> Features | _Sample:
    return _of_identicon(picture) if isinstance(picture, Identicon) else _sample(picture)


def _of_identicon(known: Identicon) -> Features:
    painted = known.grid.count("#")
    return Features(identicon.SAMPLE**2 - CELL_PIXELS * painted, 2 if painted else 1, 0.0)


def _sample(picture: Image.Image) -> _Sample:
    is_small = identicon.is_small(*picture.size)
    # Sampling first is cheaper: converting a large picture with transparency costs half as much as decoding it.
    source = decoding.rgb(picture) if is_small else picture
    sample = identicon.sample(source)
    packed = identicon.pack(sample if is_small else decoding.rgb(sample))
    return _Sample(
        packed,
        identicon.pack(identicon.averages(source)) if is_small else packed,
        identicon.designs_for(*picture.size),
        identicon.known_error(decoding.rgb(source), packed) if identicon.has_two_colors(packed) else None,
    )


def _counts(packed: bytes) -> tuple[int, int]:
    """The number of pixels of a packed sample that are GitHub grey, and the number of distinct colors."""
    pixels = np.sort(np.frombuffer(packed, dtype="<u4"))
    return int(np.count_nonzero(pixels == PACKED_GREY)), 1 + int(np.count_nonzero(pixels[1:] != pixels[:-1]))
