"""GitHub's grid: where the cells of an identicon lie, and what each covers of the pixels that a picture is judged by.

GitHub draws it at 420×420: a margin of 35 pixels, then cells at a pitch of 70, each one pixel larger than that.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image

SIZE = 420
"""Pixels a side of an identicon as GitHub serves it."""

MARGIN = 35
PITCH = 70

CELLS = tuple((row, column) for column in (2, 1, 0) for row in range(5))
"""The 15 cells that are free to choose, in the order in which a digest fills them; columns 3 and 4 mirror 1 and 0."""

SAMPLE = 24
"""Pixels a side of the sample that a picture is judged by: 4 a cell, 2 a margin, none of them near a cell's edge."""

MIN_UNBLURRED_SIDE = 60
"""From this many pixels a side on, every sampled pixel lies whole within one cell or outside all of them."""

RADIUS = 0.48
"""Only the disc of this radius counts (the picture's side is 1): galleries cut the rest off into a circle."""

BLUR = 0.7
"""How much wider than itself a pixel of a thumbnail sees, in pixels: filters that resize well are wider than a box.

From 0.5 to 0.85, cross-validation on avatars/ gives much the same scores.
"""

NEGLIGIBLE = 1e-9
"""Singular values below this share of the largest are rounding's doing: in pictures too small to show every cell."""

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
    """The SAMPLE × SAMPLE pixels that a picture is judged by, taken by nearest neighbour: none is mixed."""
    return picture.resize((SAMPLE, SAMPLE), Image.Resampling.NEAREST)


def design_for(width: int, height: int) -> Design:
    """The design for a picture of so many pixels."""
    return _design(min(width, MIN_UNBLURRED_SIDE), min(height, MIN_UNBLURRED_SIDE))


@lru_cache(maxsize=128)
def _design(width: int, height: int) -> Design:
    across, down = _coverage(width), _coverage(height)
    across[:, :2] += across[:, :2:-1]
    centre = (np.arange(SAMPLE) + 0.5) / SAMPLE - 0.5
    disc = np.flatnonzero(np.add.outer(centre**2, centre**2) <= RADIUS**2)
    cells = np.stack([np.outer(down[:, row], across[:, column]).take(disc) for row, column in CELLS])
    inverse = np.linalg.pinv(cells, rcond=NEGLIGIBLE)
    design_matrix = np.vstack([cells, np.ones(len(disc))])
    normal_inverse = np.hstack([inverse.T @ inverse, np.zeros((len(cells), 1))])
    return Design(disc, design_matrix, (design_matrix @ design_matrix.T).tolist(), normal_inverse)


def _coverage(side: int) -> Floats:
    """SAMPLE × 5: the share of what a sampled pixel sees that each column of cells covers, `side` pixels a side."""
    # Pillow is asked which pixels it takes: its rounding of exact halves is its own.
    taken = np.asarray(
        Image.fromarray(np.arange(side, dtype=np.uint8)[None]).resize((SAMPLE, 1), Image.Resampling.NEAREST)
    )
    shift = BLUR * (np.arange(16) - 7.5) / 16
    start = (taken[0, :, None, None] + shift) * (SIZE / side)
    left = MARGIN + PITCH * np.arange(5)[:, None]
    overlap = np.minimum(start + SIZE / side, left + PITCH) - np.maximum(start, left)
    share: Floats = overlap.clip(0).mean(axis=-1) * (side / SIZE)
    return share
