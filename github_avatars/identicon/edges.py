"""The edges of the cells in a lossless picture, to a fraction of a pixel, compared with those that GitHub draws."""

import numpy as np
import numpy.typing as npt
from PIL import Image

from github_avatars.identicon.drawing import Color, Identicon
from github_avatars.identicon.grid import MARGIN, PITCH, SIZE, Floats

MAX_ROUNDING = 0.7
"""How far a channel of a pixel in a lossless picture can be from a mix of the two colors, in levels, by rounding."""

MAX_SCATTER = 0.03
"""How far the edges in a lossless picture scatter at most, in pixels. They scatter more if a palette was reduced."""

MAX_SHIFT, MAX_STRETCH, MIN_OVERLAP = 0.6, 0.25, 0.25
"""The bounds of GitHub's edges: the shift in pixels (some programs shift by half a pixel), the stretch over the whole
picture in pixels, and the overlap of two cells in pixels of the original, which is 1 in GitHub's."""

MAX_SPREAD = 0.52
"""How far the offsets of GitHub's edges differ at most, in pixels of the original. Resizing spreads them by up to 0.36,
and by 0.5 with a box filter to 280 pixels; without the overlap of cells they differ by about 1."""

MIN_EDGES_SIDE = 128
MAX_NO_OVERLAP = 0.1
"""In smaller pictures, only the mean overlap of cells is measured, in pixels of the original; less is no overlap."""

MIN_EDGES = 4
"""So many edges at different places are needed to determine these three numbers and the scatter."""

SLACK = 1e-6
"""Offsets that differ by less are equal."""

Pixels = npt.NDArray[np.uint8]


def lines_of(picture: Image.Image) -> Pixels:
    """The pixels of three rows and three columns through the centers of the inner cells: 6 × side × 3.

    The ends of the others may be outside a circle.
    """
    pixels = np.asarray(picture)
    places = _centers_of_cells(picture.width)[1:4]
    return np.concatenate([pixels[places], pixels[:, places].swapaxes(0, 1)])


def _inside(side: int) -> slice:
    return slice(int(0.06 * side), -int(0.06 * side))


def cover_of(lines: Pixels, color: Color, background: Color) -> tuple[Floats, float]:
    """How much of each pixel is painted, and the largest deviation of a channel from such a mix of the two colors."""
    inside = _inside(lines.shape[1])
    contrast = np.subtract(color, background).astype(float)
    deviation = lines - np.array(background, dtype=float)
    cover: Floats = (deviation @ contrast) / (contrast @ contrast)
    rounding = np.abs(deviation - cover[..., None] * contrast)[:, inside]
    if rounding.max() > MAX_ROUNDING:
        # Sharpening filters overshoot, and the overshoot of a channel is clipped.
        rounding[((lines == 0) | (lines == 255)).any(axis=-1)[:, inside]] = 0
    cover[:, : inside.start] = cover[:, inside.stop :] = 0
    return cover, float(rounding.max())


def have_overlap(lines: Pixels, drawn: Identicon, background: Color) -> bool:
    """Whether the cells in these lines overlap, or none is painted there."""
    grid = ".".join(("", *_cells(drawn)))
    if not (runs := grid.count(".#")):
        return True
    side = lines.shape[1]
    inner = lines[:, _inside(side)]
    contrast = np.subtract(drawn.color, background)
    deviation = inner.sum(axis=(0, 1), dtype=int) - np.multiply(background, inner.shape[0] * inner.shape[1])
    overlap = (deviation @ contrast / (contrast @ contrast) * SIZE / side - PITCH * grid.count("#")) / runs
    return bool(abs(overlap) > MAX_NO_OVERLAP)


def _cells(drawn: Identicon) -> list[str]:
    """The cells on the lines of lines_of."""
    grid = drawn.grid
    return [grid[6:11], grid[12:17], grid[18:23], grid[1::6], grid[2::6], grid[3::6]]


def may_be_githubs(cover: Floats, drawn: Identicon) -> bool:
    """Whether the painted parts of these lines (6 × side) may begin and end where GitHub's cells do."""
    side = cover.shape[1]
    lines = _cells(drawn)
    is_sharp = bool(((cover == 0) | (cover == 1)).all())
    if not any("#" in line for line in lines):
        return True
    if side < MIN_EDGES_SIDE:
        return is_sharp
    cells = np.array([[cell == "#" for cell in line] for line in lines], dtype=int)
    change = np.diff(np.pad(cells, ((0, 0), (1, 1))), axis=1)
    even = _edge_offsets(cover, change, np.ones(side))
    if is_sharp:
        # Each edge is at the next pixel that nearest neighbor picks: those at the centers, or at the corners.
        return any(low - SLACK < even.min() and even.max() < low + 1 + SLACK for low in (-0.5, -1.0))
    # Some box filters average whole pixels, so the pixels of the thumbnail have unequal weights.
    whole = np.diff(np.ceil(np.arange(side + 1) * SIZE / side - 0.5)) * side / SIZE
    candidates = even, _edge_offsets(cover, change, whole)
    if any(np.ptp(offsets) * SIZE / side < MAX_SPREAD and abs(offsets.mean()) < MAX_SHIFT for offsets in candidates):
        return True
    place = np.broadcast_to(np.arange(6) / 6 - 0.5, change.shape)[change != 0]
    columns = np.stack([np.ones_like(place), place, -change[change != 0] / 2], axis=1)
    if len(np.unique(columns, axis=0)) < MIN_EDGES:
        return True
    is_fitted = False
    for offsets in candidates:
        shift, stretch, width = solution = np.linalg.lstsq(columns, offsets, rcond=None)[0]
        if np.abs(offsets - columns @ solution).max() < MAX_SCATTER:
            is_fitted = True
            overlap = 1 + width * SIZE / side
            if abs(shift) < MAX_SHIFT and abs(stretch) < MAX_STRETCH and overlap > MIN_OVERLAP:
                return True
    return not is_fitted


def _edge_offsets(cover: Floats, change: npt.NDArray[np.int_], weights: Floats) -> Floats:
    """How far each edge (a `change` that is not 0) is from GitHub's, in pixels, if pixels have these `weights`."""
    side = cover.shape[1]
    # Between two centers is one edge at most. The sum of what is painted there shows its place for any filter.
    stops = np.array([0, *_centers_of_cells(side), side])
    sums = np.add.reduceat(cover * weights, stops[:-1], axis=1)
    position = np.concatenate([[0], weights.cumsum()])[stops]
    left = MARGIN + PITCH * np.arange(6)
    begin, end = position[1:] - sums - left * side / SIZE, position[:-1] + sums - (left + 1) * side / SIZE
    offsets: Floats = np.where(change > 0, begin, end)[change != 0]
    return offsets


def _centers_of_cells(side: int) -> list[int]:
    return [int((MARGIN + PITCH * (cell + 0.5)) / SIZE * side) for cell in range(5)]
