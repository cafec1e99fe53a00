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

MIN_PICKED_SIDE = 128
"""The fit to a picture whose width and height are less uses means of pixels, because a palette may be dithered."""

MIN_SIDE = 12
"""In smaller pictures, single pixels show neither the cells nor the background."""

RINGS = 10
"""The number of concentric rings in the disc, each as wide as a pixel of a thumbnail of 20 pixels."""

RADIUS = 0.48
"""The radius of the disc that is fitted, for a picture of width 1. Many sites crop avatars to a circle."""

BLUR = 0.7
"""The width, in pixels of a thumbnail, of the blur added to the area of each pixel: good resize filters are wider.

Values from 0.5 to 0.85 have about the same cross-validation scores on avatars/.
"""

MIN_SHARE = 0.01
"""A cell that covers less of a blurred pixel is out of reach."""

OVERSHOOT = 0.06
"""How much of the contrast to the cells the sharpest usual filter, Lanczos, adds to the mean of the background."""

MIN_DISTANT_SIDE = 32
"""In smaller pictures, all pixels of the background are next to cells."""

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
    `rings` (RINGS × n): for each pixel, 1 / √(number of pixels) of its ring, 0 for the other rings.
    `reach` (15 × n): whether a smooth filter mixes each cell into each pixel, even if the design assumes another one.
    `overshoot`: how much of the contrast to the cells filters may add to the other pixels.
    """

    disc: npt.NDArray[np.intp]
    design_matrix: Floats
    gram_matrix: list[list[float]]
    normal_inverse: Floats
    rings: Floats
    reach: npt.NDArray[np.bool_]
    overshoot: float


def sample(picture: Image.Image) -> Image.Image:
    """SAMPLE × SAMPLE pixels of the picture, selected by nearest neighbor, so that no pixels are mixed."""
    return picture.resize((SAMPLE, SAMPLE), Image.Resampling.NEAREST)


def averages(picture: Image.Image) -> Image.Image:
    """SAMPLE × SAMPLE means of the pixels of an RGB picture."""
    return picture.resize((SAMPLE, SAMPLE), Image.Resampling.BOX)


def pack(sampled: Image.Image) -> bytes:
    """An RGB sample as SAMPLE² × 4 bytes: a padding byte of 0, then red, green and blue."""
    return sampled.tobytes("raw", "XRGB")


def is_small(width: int, height: int) -> bool:
    """Whether an identicon is fitted to the averages of a picture of this size instead of its sample."""
    return max(width, height) < MIN_PICKED_SIDE


def designs_for(width: int, height: int) -> tuple[Design, ...]:
    """The designs for pictures of this size: the best fit of any of them is the fit to the picture.

    The first assumes a smooth filter. For small pictures, the others assume nearest neighbor, which picks the pixels at
    the centers or at the corners.
    """
    if is_small(width, height):
        return _designs(width, height, averaged=True)
    return _designs(min(width, MIN_UNBLURRED_SIDE), min(height, MIN_UNBLURRED_SIDE), averaged=False)


@lru_cache(maxsize=256)
def _designs(width: int, height: int, *, averaged: bool) -> tuple[Design, ...]:
    column_weights, row_weights = _weights(width, averaged), _weights(height, averaged)
    coverages = [_blurred, _picked_at_centers, _picked_at_corners]
    if min(width, height) < MIN_SIDE or max(width, height) >= MIN_UNBLURRED_SIDE:
        del coverages[1:]
    shares = [(column_weights @ coverage(width), row_weights @ coverage(height)) for coverage in coverages]
    overshoot = OVERSHOOT if min(width, height) < MIN_DISTANT_SIDE else 0.0
    return tuple(_design(columns, rows, *shares[0], overshoot) for columns, rows in shares)


def _design(columns: Floats, rows: Floats, blurred_columns: Floats, blurred_rows: Floats, overshoot: float) -> Design:
    """The design for the share of each sampled column and row that each of the 5 columns and rows of cells covers.

    The blurred ones are those after a smooth filter.
    """
    center = (np.arange(SAMPLE) + 0.5) / SAMPLE - 0.5
    distance = np.sqrt(np.add.outer(center**2, center**2))
    # A pixel that two cells share is painted if one of them is, which is no sum.
    is_in_one = np.logical_and.outer(rows.sum(axis=1) < 1.001, columns.sum(axis=1) < 1.001)
    disc = np.flatnonzero((distance <= RADIUS) & is_in_one)
    cells = _mirrored_cells(columns, rows, disc)
    reach = _mirrored_cells(blurred_columns, blurred_rows, disc) > MIN_SHARE
    pseudo_inverse = np.linalg.pinv(cells, rcond=NEGLIGIBLE)
    design_matrix = np.vstack([cells, np.ones(len(disc))])
    normal_inverse = np.hstack([pseudo_inverse.T @ pseudo_inverse, np.zeros((len(cells), 1))])
    ring = np.floor(distance.take(disc) / RADIUS * RINGS).clip(max=RINGS - 1)
    rings = (ring == np.arange(RINGS)[:, None]).astype(float)
    rings /= np.sqrt(rings.sum(axis=1, keepdims=True)).clip(1)
    return Design(
        disc, design_matrix, (design_matrix @ design_matrix.T).tolist(), normal_inverse, rings, reach, overshoot
    )


def _mirrored_cells(columns: Floats, rows: Floats, disc: npt.NDArray[np.intp]) -> Floats:
    """15 × n: the share of each pixel of the disc that each of the 15 free cells and its mirror cover."""
    mirrored = columns.copy()
    mirrored[:, :2] += columns[:, :2:-1]
    return np.stack([np.outer(rows[:, row], mirrored[:, column]).take(disc) for row, column in CELLS])


def _weights(side: int, averaged: bool) -> Floats:
    """SAMPLE × side: the weight of each pixel in each sampled pixel."""
    # Pillow's rounding is not documented, so resize the unit vectors with Pillow itself.
    unit_vectors = Image.fromarray(np.eye(side, dtype=np.float32))
    resampling = Image.Resampling.BOX if averaged else Image.Resampling.NEAREST
    weights: Floats = np.asarray(unit_vectors.resize((SAMPLE, side), resampling), dtype=float).T
    return weights


def _blurred(side: int) -> Floats:
    """The share of each pixel that each column of cells covers after a smooth filter: side × 5."""
    shift = BLUR * (np.arange(16) - 7.5) / 16
    start = (np.arange(side)[:, None, None] + shift) * (SIZE / side)
    left = MARGIN + PITCH * np.arange(5)[:, None]
    overlap = np.minimum(start + SIZE / side, left + PITCH) - np.maximum(start, left)
    share: Floats = overlap.clip(0).mean(axis=-1) * (side / SIZE)
    return share


def _picked_at_centers(side: int) -> Floats:
    """Whether nearest neighbor as in Pillow picks a pixel of each column of cells: side × 5."""
    indices = Image.fromarray(np.arange(SIZE, dtype=np.int32)[None]).resize((side, 1), Image.Resampling.NEAREST)
    return _is_in_cells(np.asarray(indices)[0])


def _picked_at_corners(side: int) -> Floats:
    """The same for programs that round down, such as OpenCV and GD."""
    return _is_in_cells(np.arange(side) * SIZE // side)


def _is_in_cells(pixels: npt.NDArray[np.integer]) -> Floats:
    offset = pixels[:, None] - (MARGIN + PITCH * np.arange(5))
    return ((offset >= 0) & (offset <= PITCH)).astype(float)
