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

CRISP = 60
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
    """What a fit needs to know of a picture's size; there is one of each.

    `disc` (n) is the places of the pixels of the sample that count, row by row. `cover` (16 × n) is the share of each
    that each free cell and its mirror image cover; the whole disc comes last, as a cell that is never painted. `shared`
    (16 × 16) is the sum over the pixels of two cells' shares, multiplied, and `area` (15) that of a free cell's shares.
    `solve` (15 × 16) tells, from what the cells cover of a deviation, the deviation that each of them has of its own.
    """

    disc: npt.NDArray[np.intp]
    cover: Floats
    shared: list[list[float]]
    solve: Floats


def sample(picture: Image.Image) -> Image.Image:
    """The SAMPLE × SAMPLE pixels that a picture is judged by, taken by nearest neighbour: none is mixed."""
    return picture.resize((SAMPLE, SAMPLE), Image.Resampling.NEAREST)


def design_for(width: int, height: int) -> Design:
    """The design for a picture of so many pixels."""
    return _design(min(width, CRISP), min(height, CRISP))


@lru_cache(maxsize=128)
def _design(width: int, height: int) -> Design:
    across, down = _coverage(width), _coverage(height)
    across[:, :2] += across[:, :2:-1]
    centre = (np.arange(SAMPLE) + 0.5) / SAMPLE - 0.5
    disc = np.flatnonzero(np.add.outer(centre**2, centre**2) <= RADIUS**2)
    cells = np.stack([np.outer(down[:, row], across[:, column]).take(disc) for row, column in CELLS])
    inverse = np.linalg.pinv(cells, rcond=NEGLIGIBLE)
    cover = np.vstack([cells, np.ones(len(disc))])
    solve = np.hstack([inverse.T @ inverse, np.zeros((len(cells), 1))])
    return Design(disc, cover, (cover @ cover.T).tolist(), solve)


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
