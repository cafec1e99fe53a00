"""GitHub's default avatar: an account id → its identicon; any picture → the identicon that fits it best.

An identicon is a 5×5 grid, mirrored left to right, painted in one colour on GitHub grey. The formula was worked out
from 377 real default avatars; of 111 whose account id was looked for, 110 are reproduced to the pixel.
"""

import colorsys
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import numpy.typing as npt
from PIL import Image

from github_avatars.identicon.drawing import GITHUB_GREY, LIGHTNESS, SATURATION, Color, Identicon, grid_text, hsl_to_rgb
from github_avatars.identicon.grid import CELLS, SAMPLE, Design, Floats, design_for, sample

BIAS_WEIGHT = 4.0
"""How much more the mean luma of the ground and of each painted cell counts where it is off.

A codec or a resize disturbs single pixels more than that mean, but another background or a second colour shifts it.
With 4 and with 6, cross-validation on avatars/ gives much the same scores.
"""
Pixels = npt.NDArray[np.uint8]


def _luma_chroma(red: float, green: float, blue: float) -> tuple[float, float, float]:
    """JFIF's luma and chroma, these at half weight: codecs keep half their resolution.

    In ten-thousandths: over whole pixels, sums are then whole numbers below 2**53, an identicon's own error exactly 0.
    """
    return (
        2990.0 * red + 5870.0 * green + 1140.0 * blue,
        -843.0 * red - 1657.0 * green + 2500.0 * blue,
        2500.0 * red - 2094.0 * green - 406.0 * blue,
    )


_LUMA_CHROMA = np.array([(0, 0, 0), _luma_chroma(1, 0, 0), _luma_chroma(0, 1, 0), _luma_chroma(0, 0, 1)])
"""From padding, red, green and blue to luma and chroma."""

_SQUARES = (_LUMA_CHROMA @ _LUMA_CHROMA.T).ravel()
"""From the channels' products with each other to the sum of the squares of luma and chroma."""


@dataclass(frozen=True)
class Fit(Identicon):
    """The identicon that fits a picture best, and how badly it does.

    `error` is the part of the picture's deviation from GitHub grey that the identicon leaves unexplained: the square
    root of the ratio of the residual's sum of squares to the deviation's, at most 1. Chroma counts half, and the mean
    residual of a cell counts more (BIAS_WEIGHT). The error is 0 for an identicon and near 1 for a picture that does not
    resemble one. It is relative to the deviation, so that a pale picture is not a good fit.
    """

    error: float


def fit(picture: Image.Image) -> Fit:
    """The identicon that fits an RGB picture of any size best, judged by its sample within the disc.

    A sampled pixel is GitHub grey plus, for each cell, the share that the cell covers of it times the cell's deviation
    from the grey. Solving that by least squares for the 15 deviations undoes the blur of a small picture. Then the k
    most deviant cells are painted, with the k of 1 to 15 that explains most when they all have one colour: their mean,
    as near as GitHub's colours come to it. Only then is the error measured.

    A picture that is GitHub grey all over is the identicon of no painted cell, which one account in 32,768 has. Raises
    ValueError where the picture is not RGB: image.rgb makes it so.
    """
    sampled = _sampled(picture)
    if is_blank(sampled) and is_blank(picture):
        return Fit(grid_text(()), GITHUB_GREY, 0.0)
    painted, color, error = next(_fits(design_for(*picture.size), pixels([pack(sampled)])))
    return Fit(grid_text(painted), color, error)


def is_blank(picture: Image.Image) -> bool:
    """Whether an RGB picture is GitHub grey all over."""
    return picture.getcolors(1) == [(picture.width * picture.height, GITHUB_GREY)]


def pack(sampled: Image.Image) -> bytes:
    """An RGB sample as SAMPLE² × 4 bytes: one of padding, always 0, then red, green and blue."""
    return sampled.tobytes("raw", "XRGB")


def pixels(packed: Iterable[bytes]) -> Pixels:
    """Packed samples as numbers, n × SAMPLE² × 4 of 0 to 255."""
    return np.frombuffer(b"".join(packed), dtype=np.uint8).reshape(-1, SAMPLE**2, 4)


def errors(sampled: Pixels, designs: Iterable[Design]) -> list[float]:
    """The error of the best fit for each of n samples, by their `pixels` and designs; 1 for what looks blank."""
    found: list[float] = []
    for design, alike in groupby(designs):
        place = len(found)
        found += [error for _, _, error in _fits(design, sampled[place : place + len(list(alike))])]
    return found


def difference(picture: Image.Image, fitted: Identicon) -> Floats:
    """SAMPLE × SAMPLE: how far each sampled pixel of an RGB picture is from an identicon that is blurred as it is.

    The unit is the picture's root mean square deviation from GitHub grey, so the mean square of this map is the square
    of the fit's error without the term of BIAS_WEIGHT. Pixels outside the disc are NaN. Raises ValueError if the
    picture's mode is not RGB.
    """
    design = design_for(*picture.size)
    deviation = _deviation(design, pixels([pack(_sampled(picture))]))[0]
    rows = fitted.grid.split("/")
    painted = np.array([float(rows[row][column] == "#") for row, column in CELLS])
    seen = deviation @ _LUMA_CHROMA
    residual = seen - np.outer(painted @ design.design_matrix[:-1], _paint(fitted.color))
    unit = math.sqrt(np.vdot(seen, seen) / len(seen)) or 1.0
    distance = np.full(SAMPLE**2, np.nan)
    distance[design.disc] = np.sqrt(np.vecdot(residual, residual)) / unit
    return distance.reshape(SAMPLE, SAMPLE)


def _sampled(picture: Image.Image) -> Image.Image:
    if picture.mode != "RGB":
        raise ValueError(f"The picture's mode is {picture.mode}: make it RGB.")
    return sample(picture)


def _deviation(design: Design, sampled: Pixels) -> Floats:
    """How far the pixels that count are from GitHub grey: n × pixels × 4."""
    deviation: Floats = sampled.take(design.disc, axis=1) - float(GITHUB_GREY[0])
    return deviation


def _paint(color: Color) -> tuple[float, float, float]:
    """The luma and chroma by which a colour differs from GitHub grey."""
    red, green, blue = color
    return _luma_chroma(red - GITHUB_GREY[0], green - GITHUB_GREY[1], blue - GITHUB_GREY[2])


def _fits(design: Design, sampled: Pixels) -> Iterator[tuple[list[int], Color, float]]:
    """For each of n samples of pictures of one design: the cells to paint, by their numbers in CELLS, colour and error.

    The pixels are summed up for all at once. The few numbers that are left of each are plain ones: on so few, NumPy
    takes longer to begin than to reckon.
    """
    deviation = _deviation(design, sampled)
    squares = (deviation.transpose(0, 2, 1) @ deviation).reshape(-1, _SQUARES.size) @ _SQUARES
    covered = design.design_matrix @ deviation
    own = design.normal_inverse @ covered
    for total, cells, deviations in zip(squares.tolist(), covered.tolist(), own.tolist(), strict=True):
        if total == 0:
            yield [], GITHUB_GREY, 1.0
            continue
        painted, color = _choose(deviations, design.gram_matrix[-1])
        misfit = total + _change(design, cells, painted, color)
        yield painted, color, math.sqrt(_clamp(misfit / total, (0, 1)))


def _choose(deviations: list[list[float]], area: list[float]) -> tuple[list[int], Color]:
    """The cells to paint and the colour, from each cell's own deviation from GitHub grey, and the cells' areas."""
    strength = [red * red + green * green + blue * blue for _, red, green, blue in deviations]
    order = sorted(range(len(deviations)), key=strength.__getitem__, reverse=True)
    most, count, mean = -1.0, 0, (0.0, 0.0, 0.0)
    reds = greens = blues = areas = 0.0
    for number, cell in enumerate(order, 1):
        _, red, green, blue = deviations[cell]
        size = area[cell]
        reds += size * red
        greens += size * green
        blues += size * blue
        areas += size
        explained = (reds * reds + greens * greens + blues * blues) / areas
        if explained > most:
            most, count, mean = explained, number, (reds / areas, greens / areas, blues / areas)
    return order[:count], _nearest_color(mean)


def _change(design: Design, covered: list[list[float]], painted: list[int], color: Color) -> float:
    """What taking an identicon away adds to a picture's sum of squares; its steady part counts BIAS_WEIGHT times more.

    Of the picture only sums are needed, none of its pixels: what each cell covers of its deviation (`covered`, 16 × 4).
    """
    luma, blueness, redness = _paint(color)
    area = design.gram_matrix[-1]
    size = area[-1]
    own = common = taken = steady = 0.0
    ground = _luma_chroma(*covered[-1][1:])[0]
    for cell in painted:
        _, red, green, blue = covered[cell]
        shared, share = design.gram_matrix[cell], 0.0
        for other in painted:
            share += shared[other]
        seen = _luma_chroma(red, green, blue)
        left = seen[0] - share * luma
        own += share
        common += seen[0] * luma + seen[1] * blueness + seen[2] * redness
        ground -= left
        taken += area[cell]
        steady += left * left / area[cell]
    ground -= taken * luma
    steady += size * (ground / (size - taken)) ** 2
    return own * (luma * luma + blueness * blueness + redness * redness) - 2 * common + BIAS_WEIGHT * steady


def _nearest_color(deviation: tuple[float, float, float]) -> Color:
    """The colour that GitHub could have chosen nearest to this deviation from its grey: of the same hue."""
    channels = [_clamp((grey + channel) / 255, (0, 1)) for grey, channel in zip(GITHUB_GREY, deviation, strict=True)]
    hue, lightness, saturation = colorsys.rgb_to_hls(*channels)
    return hsl_to_rgb(hue, _clamp(lightness, LIGHTNESS), _clamp(saturation, SATURATION))


def _clamp(value: float, bounds: tuple[float, float]) -> float:
    return min(max(value, bounds[0]), bounds[1])
