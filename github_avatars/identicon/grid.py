"""The geometry of identicons, and the least-squares problem of fitting one to a picture's sample.

GitHub draws identicons at 420 × 420 pixels: a margin of 35, then 5 × 5 cells at a pitch of 70. Each cell is 71 pixels
wide and high, so neighbors overlap by one.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image

SIZE = 420
"""The width and height of the identicons that GitHub serves, in pixels."""

MARGIN = 35
PITCH = 70

CELLS = tuple((row, column) for column in (2, 1, 0) for row in range(5))
"""The row and column of the 15 free cells, in the order of the digest's digits. Columns 3 and 4 mirror 1 and 0."""

SAMPLE = 24
"""The width and height of the sample: 4 pixels for each cell, 2 for each margin, none near the edge of a cell."""

MIN_UNBLURRED_SIDE = 60
"""In pictures of at least this width and height, every sampled pixel lies completely inside or outside each cell."""

RADIUS = 0.48
"""The radius of the disc that is fitted, for a picture of width 1. Many sites crop avatars to a circle."""

BLUR = 0.7
"""The width, in pixels of a thumbnail, of the blur added to the area of each pixel: good resize filters are wider.

Values from 0.5 to 0.85 have about the same cross-validation scores on avatars/.
"""

NEGLIGIBLE = 1e-9
"""Singular values below this fraction of the largest are rounding errors: tiny pictures do not show every cell."""

Floats = npt.NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class Design:
    """The least-squares problem of fitting an identicon to a picture; it depends only on the picture's size.

    `disc` (n): the indices of the sample's pixels that are fitted, row by row.
    `design_matrix` (16 × n): the share of each pixel that each of the 15 free cells and its mirror cover. The last
    row, all ones, is the whole disc.
    `gram_matrix` (16 × 16): design_matrix @ design_matrix.T. Its last row is the area of each cell.
    `normal_inverse` (15 × 16): the inverse of the normal equations. It maps design_matrix @ deviation to the
    least-squares deviation of each cell from GitHub grey. The last column is 0.
    """

    disc: npt.NDArray[np.intp]
    design_matrix: Floats
    gram_matrix: list[list[float]]
    normal_inverse: Floats


def sample(picture: Image.Image) -> Image.Image:
    """SAMPLE × SAMPLE pixels of the picture, selected by nearest neighbor, so that no pixels are mixed."""
    return picture.resize((SAMPLE, SAMPLE), Image.Resampling.NEAREST)


def design_for(width: int, height: int) -> Design:
    """The design for pictures of this size."""
    return _design(min(width, MIN_UNBLURRED_SIDE), min(height, MIN_UNBLURRED_SIDE))


@lru_cache(maxsize=128)
def _design(width: int, height: int) -> Design:
    columns, rows = _coverage(width), _coverage(height)
    columns[:, :2] += columns[:, :2:-1]
    center = (np.arange(SAMPLE) + 0.5) / SAMPLE - 0.5
    disc = np.flatnonzero(np.add.outer(center**2, center**2) <= RADIUS**2)
    cells = np.stack([np.outer(rows[:, row], columns[:, column]).take(disc) for row, column in CELLS])
    pseudo_inverse = np.linalg.pinv(cells, rcond=NEGLIGIBLE)
    design_matrix = np.vstack([cells, np.ones(len(disc))])
    normal_inverse = np.hstack([pseudo_inverse.T @ pseudo_inverse, np.zeros((len(cells), 1))])
    return Design(disc, design_matrix, (design_matrix @ design_matrix.T).tolist(), normal_inverse)


def _coverage(side: int) -> Floats:
    """SAMPLE × 5: the share of each sampled pixel that each column of cells covers, in a picture `side` pixels wide."""
    # Pillow's rounding of exact halves is not documented, so resize the indices of the pixels with Pillow itself.
    indices = np.asarray(
        Image.fromarray(np.arange(side, dtype=np.uint8)[None]).resize((SAMPLE, 1), Image.Resampling.NEAREST)
    )
    shift = BLUR * (np.arange(16) - 7.5) / 16
    start = (indices[0, :, None, None] + shift) * (SIZE / side)
    left = MARGIN + PITCH * np.arange(5)[:, None]
    overlap = np.minimum(start + SIZE / side, left + PITCH) - np.maximum(start, left)
    share: Floats = overlap.clip(0).mean(axis=-1) * (side / SIZE)
    return share
