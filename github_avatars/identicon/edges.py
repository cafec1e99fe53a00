"""The edges of the cells in a lossless picture, to a fraction of a pixel, compared with those that GitHub draws."""

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image

from github_avatars.identicon.drawing import Color, Identicon
from github_avatars.identicon.grid import MARGIN, PITCH, SIZE, Floats

MAX_ROUNDING = 0.7
"""How far a channel of a pixel in a lossless picture can be from a mix of the two colors, in levels, by rounding."""

MAX_SPREAD = 0.4
"""How far apart the offsets of left edges are at most after a smooth filter, in pixels of the original; so are those of
right edges. They differ more after filters that sharpen, pick single pixels or reduce a palette."""

MAX_SHIFT_LEFT, MAX_SHIFT_RIGHT = 0.3, 0.65
"""The bounds of the mean offset of GitHub's edges, in pixels of the original. It is -0.5 if cells do not overlap."""

MAX_SHIFT_OF_CORNERS = 0.4
"""The bound to the right and down in pixels of the picture, for programs that align the corners of pixels."""

MAX_COVER = 1.25
"""The largest overshoot of smooth filters. Filters that sharpen exceed it."""

MAX_SAMPLING_ERROR = 0.03
"""How much rounding changes the cover of a pixel at most."""

MIN_ALIGNED_SIDE = 128
"""In smaller pictures whose cells are whole numbers of pixels apart, the edges decide nothing: they all have the same
pixels, so a reduced palette or an unusual filter moves all of them alike."""

SLACK = 1e-6
"""Offsets that differ by less are equal."""

_LEFT = MARGIN + PITCH * np.arange(6.0)
"""Where the cells of each column begin. A cell ends one pixel after the next one begins."""

Pixels = npt.NDArray[np.uint8]


def are_mixed(picture: Image.Image, color: Color, background: Color) -> bool:
    """Whether the pixels of an RGB picture in these lines are mixes of the two colors, except for rounding."""
    contrast = np.subtract(color, background).astype(float)
    lines = _lines(picture)
    deviation = lines - np.array(background, dtype=float)
    cover = (deviation @ contrast) / (contrast @ contrast)
    rounding = np.abs(deviation - cover[..., None] * contrast)
    if rounding.max() > MAX_ROUNDING:
        # Sharpening filters overshoot, and the overshoot of a channel is clipped.
        rounding[((lines == 0) | (lines == 255)).any(axis=-1)] = 0
    return bool(rounding.max() <= MAX_ROUNDING)


def may_be_githubs(picture: Image.Image, drawn: Identicon, background: Color) -> bool:
    """Whether the cells of an RGB picture may begin and end where GitHub's do. `drawn` has these cells.

    The offset of an edge is its distance from GitHub's. A smooth filter preserves what is painted in total, so all left
    edges have about the same offset, and so do all right edges. If they do not, another filter moved them, and the
    picture may be GitHub's.
    """
    cells, side = _cells(drawn), picture.width
    if not cells.any() or (side < MIN_ALIGNED_SIDE and side * PITCH % SIZE == 0):
        return True
    cover = _cover(picture, drawn.color, background)
    is_smooth = False
    for weights in _weights(side):
        left, right = _edge_offsets(cover, cells, weights)
        if max(max(left) - min(left), max(right) - min(right)) < MAX_SPREAD:
            is_smooth = True
            shift = (sum(left) + sum(right)) / (2 * len(left))
            if -MAX_SHIFT_LEFT < shift < max(MAX_SHIFT_RIGHT, MAX_SHIFT_OF_CORNERS * SIZE / side):
                return True
    if _is_sampled(cover, cells, side):
        return True
    if ((cover == 0) | (cover == 1)).all():
        left, right = _edge_offsets(cover, cells, _weights(side)[0])
        return _is_nearest([offset * side / SIZE for offset in left + right])
    return not is_smooth or cover.max() > MAX_COVER


def _lines(picture: Image.Image) -> Pixels:
    """Three rows and three columns through the centers of the inner cells, without the ends, which are grey.

    The ends of the other rows and columns may be outside a circle.
    """
    pixels, places = np.asarray(picture), _centers_of_cells(picture.width)[1:4]
    lines = np.concatenate([pixels.take(places, axis=0), pixels.take(places, axis=1).swapaxes(0, 1)])
    return lines[:, _inside(picture.width)]


def _cover(picture: Image.Image, color: Color, background: Color) -> Floats:
    """How much of each pixel in these lines is painted, measured in the channel with the most contrast."""
    channel = max(range(3), key=lambda each: abs(color[each] - background[each]))
    cover: Floats = (_lines(picture.getchannel(channel)) - float(background[channel])) / (
        color[channel] - background[channel]
    )
    return cover


def _inside(side: int) -> slice:
    return slice(int(0.06 * side), -int(0.06 * side))


def _cells(drawn: Identicon) -> npt.NDArray[np.bool_]:
    """The cells on the lines of _lines, each between two that are not painted: 6 × 7."""
    grid = drawn.grid
    lines = grid[6:11], grid[12:17], grid[18:23], grid[1::6], grid[2::6], grid[3::6]
    cells: npt.NDArray[np.bool_] = np.frombuffer(f".{'..'.join(lines)}.".encode(), np.uint8).reshape(6, 7) == ord("#")
    return cells


def _is_nearest(offsets: list[float]) -> bool:
    """Whether nearest neighbor can move GitHub's edges by these offsets, in pixels of the picture.

    It picks the same point of each pixel: the center, the corner or, in several steps, one between them.
    """
    low, high = min(offsets), max(offsets)
    return low > -0.5 - SLACK and high < 1 + SLACK and high - low < 1 + SLACK


def _is_sampled(cover: Floats, cells: npt.NDArray[np.bool_], side: int) -> bool:
    """Whether these lines are GitHub's, interpolated linearly at one point of each pixel, as OpenCV does by default.

    Programs align the centers of pixels, their corners, or the first and last pixels.
    """
    line, pixel = np.arange(SIZE), np.arange(side)[_inside(side)]
    left = _LEFT[:5, None]
    painted = cells[:, 1:-1] @ ((left <= line) & (line <= left + PITCH))
    return any(
        np.abs(np.array([np.interp(points, line, row) for row in painted]) - cover).max() < MAX_SAMPLING_ERROR
        for points in ((pixel + 0.5) * SIZE / side - 0.5, pixel * SIZE / side, pixel * (SIZE - 1) / (side - 1))
    )


@lru_cache(maxsize=256)
def _weights(side: int) -> tuple[tuple[Floats, Floats, Floats], ...]:
    """Two possible weights of the pixels in a line, in pixels of the original: equal ones, and whole numbers.

    Some box filters average whole pixels. For each, the weights of the pixels from one center of a cell to the next
    (6), and the offsets of a left and of a right edge there if nothing is painted.
    """
    stops = [0, *_centers_of_cells(side), side]
    is_between = np.repeat(np.eye(6), np.diff(stops), axis=0)
    result = []
    for weights in (np.full(side, SIZE / side), np.diff(np.floor(np.arange(side + 1) * SIZE / side + 0.5))):
        centers: Floats = np.concatenate([[0.0], weights.cumsum()])[stops]
        between = (is_between * weights[:, None])[_inside(side)]
        result.append((between, centers[1:] - _LEFT, centers[:-1] - _LEFT - 1))
    return tuple(result)


def _edge_offsets(
    cover: Floats, cells: npt.NDArray[np.bool_], weights: tuple[Floats, Floats, Floats]
) -> tuple[list[float], list[float]]:
    """The offsets of the left and of the right edges, if pixels have these `weights`, in pixels of the original."""
    weights_between, left, right = weights
    # Between two centers is one edge at most. The sum of what is painted there shows its place for any filter.
    sums = cover @ weights_between
    begins, ends = cells[:, 1:] > cells[:, :-1], cells[:, :-1] > cells[:, 1:]
    return (left - sums)[begins].tolist(), (right + sums)[ends].tolist()


def _centers_of_cells(side: int) -> list[int]:
    return [int((MARGIN + PITCH * (cell + 0.5)) / SIZE * side) for cell in range(5)]
