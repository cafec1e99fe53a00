"""Any picture → the identicon that fits it best, by least squares."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np
import numpy.typing as npt
from PIL import Image

from github_avatars.identicon.drawing import GITHUB_GREY, Color, Identicon, format_grid, nearest_color
from github_avatars.identicon.exact import is_githubs
from github_avatars.identicon.grid import CELLS, SAMPLE, Design, Floats, averages, designs_for, is_small, pack, sample

BIAS_WEIGHT = 4.0
"""The weight of the mean luma residual of each painted cell in the error.

Codecs and resizing change single pixels more than these means, whereas another background or a second color shifts
them. The values 4 and 6 have about the same cross-validation scores on avatars/.
"""

BACKGROUND_WEIGHT = 12.0
"""The weight of the mean luma residual of the background, whose color is the same in every identicon."""

MAX_BACKGROUND_SHIFT = 3.0
"""How far codecs and resizing shift the mean luma of the background, in levels: further in 1 of 500 copies from 20
pixels on."""

BACKGROUND_UNIT = 8.0
"""A mean luma of the background that is this many levels further from GitHub grey counts as an error of 1.

White is 15 levels from GitHub grey. BACKGROUND_WEIGHT alone does not suffice, because it is relative to the contrast of
the cells. Values from 6 to 12 have about the same cross-validation scores on avatars/.
"""

ROUND_WEIGHT = 5.0
"""The largest ratio of a picture's deviation to what the means of its concentric rings leave unexplained of it.

Discs and rings resemble identicons with cells in a block, and are nearly constant along each ring. Of 600 random
identicons, 30 have a larger ratio, and the largest is 7; discs and rings in one color have 10 to 100.
"""

MIN_UNEXPLAINED = 0.15
"""The least part of the deviation that counts as unexplained by rings, so that an identicon with one cell fits."""

BLANK = bytes((0, *GITHUB_GREY)) * SAMPLE**2
"""The packed sample of a picture that is entirely GitHub grey."""

MAX_BACKGROUND_CONTRAST = 30.0
"""Pixels whose luma is this many levels from GitHub grey are another color than the background, such as white."""

MAX_HUE_SHIFT = 6.0
"""How far codecs and resizing move the chroma of cells off the line from the grey to their color, in levels: the root
mean square over the painted cells, which is larger in 1 of 2000 copies."""

HUE_UNIT = 10.0
"""Cells whose chroma is this many levels further off that line count as an error of 1.

Copies of identicons in two hues are 10 to 50 levels off it.
"""

LEVEL = 10_000
"""One level of luma, or half a level of chroma, as _luma_chroma returns it."""

Pixels = npt.NDArray[np.uint8]


def _luma_chroma(red: float, green: float, blue: float) -> tuple[float, float, float]:
    """Luma and chroma as in JFIF (ITU-T T.871), multiplied by 10,000. Chroma is halved: codecs halve its resolution.

    With this factor, sums over unblurred pixels are integers below 2**53, so the error of an identicon is exactly 0.
    """
    return (
        2990.0 * red + 5870.0 * green + 1140.0 * blue,
        -843.0 * red - 1657.0 * green + 2500.0 * blue,
        2500.0 * red - 2094.0 * green - 406.0 * blue,
    )


_LUMA_CHROMA = np.array([(0, 0, 0), _luma_chroma(1, 0, 0), _luma_chroma(0, 1, 0), _luma_chroma(0, 0, 1)])
"""Maps padding, red, green and blue to luma and chroma."""

_SQUARES = (_LUMA_CHROMA @ _LUMA_CHROMA.T).ravel()
"""Maps the products of pairs of channels to the sum of the squares of luma and chroma."""


@dataclass(frozen=True)
class Fit(Identicon):
    """The identicon that fits a picture best, and its error.

    `error` is the part of the picture's deviation from GitHub grey that the identicon leaves unexplained: the square
    root of the ratio of the residual's sum of squares to the deviation's, at most 1. Chroma counts half. The mean
    residual of a cell counts more (BIAS_WEIGHT), and so do a background that is too far from GitHub grey
    (MAX_BACKGROUND_SHIFT) and cells in several hues (MAX_HUE_SHIFT). The error is 0 for an identicon and near 1 for a
    picture that does not resemble one. It is relative to the deviation, so that a pale picture is not a good fit, and
    larger for a picture of concentric rings (ROUND_WEIGHT). It is 1 for a lossless picture that GitHub cannot have
    drawn (is_githubs).
    """

    error: float


def fit(picture: Image.Image) -> Fit:
    """The identicon that fits an RGB picture of any size best. Only the sample within the disc is used.

    The model of a sampled pixel is GitHub grey plus, for each cell, the share of the pixel that the cell covers times
    the cell's deviation from the grey. Solving for the 15 deviations by least squares removes the blur of a small
    picture. Then the k cells with the largest deviations are painted in one color. k is the number from 1 to 15 that
    explains the most, and the color is the cells' mean, moved into the bounds of GitHub's colors. The error is that of
    this identicon.

    Of the designs for the picture's size, the one with the smallest error counts. A picture that is entirely GitHub
    grey is the identicon without painted cells, which one account in 32,768 has. Raises ValueError if the picture's
    mode is not RGB; decoding.rgb converts it.
    """
    _, fitted = _best(picture)
    known = known_error(picture)
    return fitted if known is None else replace(fitted, error=known)


def known_error(picture: Image.Image, packed: bytes | None = None) -> float | None:
    """The error of an RGB picture that needs no fit: 0 if GitHub drew it, 1 if it cannot have; otherwise None.

    `packed` is the picture's packed sample, if that is known already.
    """
    packed = packed or pack(sample(picture))
    drawn_by_github = is_githubs(picture, packed)
    if drawn_by_github is not None:
        return float(not drawn_by_github)
    is_blank = packed == BLANK and picture.getcolors(1) == [(picture.width * picture.height, GITHUB_GREY)]
    return 0.0 if is_blank else None


def fitted_sample(picture: Image.Image) -> Image.Image:
    """The SAMPLE × SAMPLE pixels of an RGB picture that an identicon is fitted to."""
    return averages(picture) if is_small(*picture.size) else sample(picture)


def pixels(packed: Iterable[bytes]) -> Pixels:
    """The array of n × SAMPLE² × 4 bytes of n packed samples."""
    return np.frombuffer(b"".join(packed), dtype=np.uint8).reshape(-1, SAMPLE**2, 4)


def errors(sampled: Pixels, designs: Iterable[tuple[Design, ...]]) -> list[float]:
    """The smallest error of n samples with any of their designs. The error of a sample that is all grey is 1."""
    results: list[float] = []
    for group_designs, group in groupby(designs):
        start = len(results)
        part = sampled[start : start + len(list(group))]
        by_design = [[error for _, _, error in _fits(design, part)] for design in group_designs]
        results += map(min, zip(*by_design, strict=True))
    return results


def difference(picture: Image.Image, fitted: Identicon) -> Floats:
    """SAMPLE × SAMPLE: the distance of each sampled pixel of an RGB picture from an equally blurred identicon.

    The unit is the picture's root mean square deviation from GitHub grey, so the mean square of this map is the square
    of the fit's error without BIAS_WEIGHT, MAX_BACKGROUND_SHIFT, MAX_HUE_SHIFT and ROUND_WEIGHT. Pixels that are not
    fitted are NaN. Raises ValueError if the picture's mode is not RGB.
    """
    design, _ = _best(picture)
    deviation = _deviation(design, pixels([pack(fitted_sample(picture))]))[0]
    rows = fitted.grid.split("/")
    painted = np.array([float(rows[row][column] == "#") for row, column in CELLS])
    luma_chroma = deviation @ _LUMA_CHROMA
    residual = luma_chroma - np.outer(painted @ design.design_matrix[:-1], _color_deviation(fitted.color))
    unit = math.sqrt(np.vdot(luma_chroma, luma_chroma) / len(luma_chroma)) or 1.0
    distance = np.full(SAMPLE**2, np.nan)
    distance[design.disc] = np.sqrt(np.vecdot(residual, residual)) / unit
    return distance.reshape(SAMPLE, SAMPLE)


def _best(picture: Image.Image) -> tuple[Design, Fit]:
    """The design with the smallest error for an RGB picture, and its fit."""
    if picture.mode != "RGB":
        raise ValueError(f"The picture's mode is {picture.mode}: convert it to RGB.")
    sampled = pixels([pack(fitted_sample(picture))])
    fits = [(design, *next(_fits(design, sampled))) for design in designs_for(*picture.size)]
    design, painted, color, error = min(fits, key=lambda fit: fit[-1])
    return design, Fit(format_grid(painted), color, error)


def _deviation(design: Design, sampled: Pixels) -> Floats:
    """The deviation of the pixels in the disc from GitHub grey: n × pixels × 4."""
    deviation: Floats = sampled.take(design.disc, axis=1) - float(GITHUB_GREY[0])
    return deviation


def _color_deviation(color: Color) -> tuple[float, float, float]:
    """The deviation of a color from GitHub grey, in luma and chroma."""
    red, green, blue = color
    return _luma_chroma(red - GITHUB_GREY[0], green - GITHUB_GREY[1], blue - GITHUB_GREY[2])


def _fits(design: Design, sampled: Pixels) -> Iterator[tuple[list[int], Color, float]]:
    """For each of n samples with one design: the painted cells (indices of CELLS), the color and the error.

    NumPy computes the sums over the pixels for all samples at once. The rest is plain Python: on the few numbers of one
    sample, NumPy's per-call overhead exceeds the arithmetic.
    """
    deviation = _deviation(design, sampled)
    sums_of_squares = (deviation.transpose(0, 2, 1) @ deviation).reshape(-1, _SQUARES.size) @ _SQUARES
    projections = design.design_matrix @ deviation
    solutions = design.normal_inverse @ projections
    ring_means = (design.rings @ deviation @ _LUMA_CHROMA).reshape(len(sampled), -1)
    explained = np.vecdot(ring_means, ring_means)
    for sample_deviation, total, explained_by_rings, projection, solution in zip(
        deviation, sums_of_squares.tolist(), explained.tolist(), projections.tolist(), solutions.tolist(), strict=True
    ):
        if total == 0:
            yield [], GITHUB_GREY, 1.0
            continue
        painted, color = _choose(solution, design.gram_matrix[-1])
        residual = max(0.0, total + _residual_change(design, projection, painted, color))
        if residual < total:
            background_excess = _background_excess(design, sample_deviation, painted, color)
            hue_excess = _hue_excess(projection, painted, color, design.gram_matrix[-1])
            residual += total * (background_excess**2 + hue_excess**2)
        unexplained = _clamp(ROUND_WEIGHT * (total - explained_by_rings), (MIN_UNEXPLAINED * total, total))
        yield painted, color, math.sqrt(residual / unexplained) if residual < unexplained else 1.0


def _choose(deviations: list[list[float]], area: list[float]) -> tuple[list[int], Color]:
    """The cells to paint and their color, from each cell's deviation from GitHub grey and its area."""
    squares = [red * red + green * green + blue * blue for _, red, green, blue in deviations]
    order = sorted(range(len(deviations)), key=squares.__getitem__, reverse=True)
    best, count, mean = -1.0, 0, (0.0, 0.0, 0.0)
    red_sum = green_sum = blue_sum = area_sum = 0.0
    for number, cell in enumerate(order, 1):
        _, red, green, blue = deviations[cell]
        red_sum += area[cell] * red
        green_sum += area[cell] * green
        blue_sum += area[cell] * blue
        area_sum += area[cell]
        explained = (red_sum * red_sum + green_sum * green_sum + blue_sum * blue_sum) / area_sum
        if explained > best:
            best, count, mean = explained, number, (red_sum / area_sum, green_sum / area_sum, blue_sum / area_sum)
    return order[:count], _nearest_color(mean)


def _residual_change(design: Design, projection: list[list[float]], painted: list[int], color: Color) -> float:
    """The weighted sum of squares after subtracting an identicon, minus the sum of squares before.

    The weighting adds, times BIAS_WEIGHT, the squared mean luma residual of each painted cell, times its area, and of
    the background, times the area of the disc. `projection` (16 × 4) is design_matrix @ deviation, so that no sum over
    the pixels is needed here.
    """
    luma, blue_chroma, red_chroma = _color_deviation(color)
    area = design.gram_matrix[-1]
    disc_area = area[-1]
    identicon_square = cross_product = painted_area = bias = 0.0
    background = _luma_chroma(*projection[-1][1:])[0]
    for cell in painted:
        _, red, green, blue = projection[cell]
        gram_row, overlap = design.gram_matrix[cell], 0.0
        for other in painted:
            overlap += gram_row[other]
        cell_luma, cell_blue_chroma, cell_red_chroma = _luma_chroma(red, green, blue)
        residual = cell_luma - overlap * luma
        identicon_square += overlap
        cross_product += cell_luma * luma + cell_blue_chroma * blue_chroma + cell_red_chroma * red_chroma
        background -= residual
        painted_area += area[cell]
        bias += residual * residual / area[cell]
    background -= painted_area * luma
    background_bias = disc_area * (background / (disc_area - painted_area)) ** 2
    color_square = luma * luma + blue_chroma * blue_chroma + red_chroma * red_chroma
    bias = BIAS_WEIGHT * bias + BACKGROUND_WEIGHT * background_bias
    return identicon_square * color_square - 2 * cross_product + bias


def _background_excess(design: Design, deviation: Floats, painted: list[int], color: Color) -> float:
    """How much further the background of a sample is from GitHub grey than codecs shift it (BACKGROUND_UNIT).

    Only pixels that no painted cell reaches count. Those that are far from the grey may be cells of another grid,
    so they count only if all are.
    """
    is_background = ~design.reach[painted].any(axis=0)
    luma = (deviation @ _LUMA_CHROMA[:, 0])[is_background] / LEVEL
    near = luma[np.abs(luma) < MAX_BACKGROUND_CONTRAST]
    counted = near if near.size else luma
    shift = abs(float(counted.mean())) if counted.size else 0.0
    overshoot = design.overshoot * abs(_color_deviation(color)[0]) / LEVEL
    return max(0.0, shift - overshoot - MAX_BACKGROUND_SHIFT) / BACKGROUND_UNIT


def _hue_excess(projection: list[list[float]], painted: list[int], color: Color, area: list[float]) -> float:
    """How much more the hues of the painted cells differ than codecs make them differ (HUE_UNIT).

    Codecs and resizing mix a cell with the grey around it and with cells of its color. That moves its chroma along the
    line between the two; only another hue moves it off the line.
    """
    _, blue_chroma, red_chroma = _color_deviation(color)
    chroma = math.hypot(blue_chroma, red_chroma)
    squares = painted_area = 0.0
    for cell in painted:
        _, cell_blue_chroma, cell_red_chroma = _luma_chroma(*projection[cell][1:])
        along = (cell_blue_chroma * blue_chroma + cell_red_chroma * red_chroma) / chroma
        across = (cell_blue_chroma * red_chroma - cell_red_chroma * blue_chroma) / chroma
        squares += (across**2 + min(along, 0.0) ** 2) / area[cell]
        painted_area += area[cell]
    # Chroma is halved.
    shift = 2 * math.sqrt(squares / painted_area) / LEVEL
    return max(0.0, shift - MAX_HUE_SHIFT) / HUE_UNIT


def _nearest_color(deviation: tuple[float, float, float]) -> Color:
    """The color with this deviation from GitHub grey, with saturation and lightness moved into GitHub's bounds."""
    red, green, blue = (
        _clamp((grey + channel) / 255, (0, 1)) for grey, channel in zip(GITHUB_GREY, deviation, strict=True)
    )
    return nearest_color(red, green, blue)


def _clamp(value: float, bounds: tuple[float, float]) -> float:
    return min(max(value, bounds[0]), bounds[1])
