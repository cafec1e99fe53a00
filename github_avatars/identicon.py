"""GitHub's default avatar: an account id → its identicon; any picture → the identicon that fits it best.

An identicon is a 5×5 grid, mirrored left to right, painted in one colour on GitHub grey. The formula was worked out
from 377 real default avatars; of 111 whose account id was looked for, 110 are reproduced to the pixel.
"""

import colorsys
import hashlib
import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from github_avatars.grid import CELLS, MARGIN, PITCH, SAMPLE, SIZE, Design, Floats, design_for, sample

GITHUB_GREY = (240, 240, 240)
"""The background of every identicon, #F0F0F0."""

SATURATION = (0.45, 0.65)
LIGHTNESS = (0.55, 0.75)
"""The bounds, in HSL, of the colours that GitHub paints identicons in."""

STEADY = 4.0
"""How much more the mean luma of the ground and of each painted cell counts where it is off.

A codec or a resize disturbs single pixels more than that mean, but another background or a second colour shifts it.
With 4 and with 6, cross-validation on avatars/ gives much the same scores.
"""

_GREY = np.array(GITHUB_GREY, dtype=np.float64)
_LUMA_CHROMA = np.array([[2990.0, 5870, 1140], [-843, -1657, 2500], [2500, -2094, -406]]).T
"""From red, green and blue to JFIF's luma and chroma, the chroma at half weight: codecs keep half its resolution.

In ten-thousandths: sums over whole pixels are then whole numbers below 2**53, and an identicon's own error exactly 0.
"""

Color = tuple[int, int, int]
Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Identicon:
    """A pattern and its colour.

    `grid` is the rows from top to bottom, joined by "/", "#" for a painted cell: "#.#.#/##.##/...../#...#/..#..".
    `color` is red, green, blue, 0 to 255.
    """

    grid: str
    color: Color

    def draw(self, size: int = SIZE) -> Image.Image:
        """The picture, `size` pixels a side; at 420 as GitHub draws it, at others its nearest-neighbour resize."""
        pixels = np.full((SIZE, SIZE, 3), GITHUB_GREY, dtype=np.uint8)
        for row, line in enumerate(self.grid.split("/")):
            for column, cell in enumerate(line):
                if cell == "#":
                    top, left = MARGIN + PITCH * row, MARGIN + PITCH * column
                    # A cell is one pixel larger than the pitch, so that neighbours overlap.
                    pixels[top : top + PITCH + 1, left : left + PITCH + 1] = self.color
        picture = Image.fromarray(pixels)
        return picture if size == SIZE else picture.resize((size, size), Image.Resampling.NEAREST)


@dataclass(frozen=True)
class Fit(Identicon):
    """The identicon that fits a picture best, and how badly it does.

    `error` is the part of the picture's deviation from GitHub grey that the identicon leaves unexplained: root of the
    ratio of the sums of squares, chroma at half weight and steady differences weighted more (STEADY), 1 at the most. It
    is 0 for an identicon itself and near 1 where the picture has nothing of one. Being relative to the deviation, it
    does not mistake a pale picture for a good fit.
    """

    error: float


def of(account_id: int) -> Identicon:
    """The identicon that GitHub gives to the account of this id (1 or more, else ValueError).

    A digest of the id decides: 15 of its hexadecimal digits paint a cell each where even; its last 28 bits choose the
    hue, and the saturation and lightness within GitHub's bounds.
    """
    if account_id < 1:
        raise ValueError(f"{account_id} is no account id: GitHub counts them from 1.")
    digest = hashlib.md5(str(account_id).encode(), usedforsecurity=False).digest()
    painted = [number for number, digit in enumerate(digest.hex()[: len(CELLS)]) if int(digit, 16) % 2 == 0]
    hue = ((digest[12] & 15) << 8 | digest[13]) / 4095
    saturation = SATURATION[1] - digest[14] / 255 * (SATURATION[1] - SATURATION[0])
    lightness = LIGHTNESS[1] - digest[15] / 255 * (LIGHTNESS[1] - LIGHTNESS[0])
    return Identicon(_grid(painted), _rgb(hue, lightness, saturation))


def render(account_id: int, size: int = SIZE) -> Image.Image:
    """GitHub's default avatar of the account of this id, mode RGB, `size` pixels a side; to the pixel at 420."""
    return of(account_id).draw(size)


def is_of(picture: Image.Image, account_id: int) -> bool:
    """Whether an RGB picture is, to the pixel, the default avatar of the account of this id."""
    return picture.size == (SIZE, SIZE) and picture.tobytes() == render(account_id).tobytes()


def fit(picture: Image.Image, sampled: Pixels | None = None) -> Fit:
    """The identicon that fits an RGB picture of any size best, judged by its sample within the disc.

    A sampled pixel is GitHub grey plus, for each cell, the share that the cell covers of it times the cell's deviation
    from the grey. Solving that by least squares for the 15 deviations undoes the blur of a small picture. Then the k
    most deviant cells are painted, with the k of 1 to 15 that explains most when they all have one colour: their mean,
    as near as GitHub's colours come to it. Only then is the error measured.

    `sampled` is the picture's sample as an array, SAMPLE² × 3 of 0 to 255, where it has been taken already. A
    picture that is GitHub grey all over is the identicon of no painted cell, which one account in 32,768 has. Raises
    ValueError where the picture is not RGB and no sample is given: image.rgb makes it so.
    """
    design, deviation = _seen(picture, _pixels(picture) if sampled is None else sampled)
    total = _squares(deviation)
    if total == 0:
        blank = picture.mode == "RGB" and picture.getcolors(1) is not None
        return Fit(_grid(()), GITHUB_GREY, 0.0 if blank else 1.0)
    covered = design.cover @ deviation
    painted, color = _choose((design.solve @ covered).tolist(), design.area)
    misfit = total + _change(design, covered @ _LUMA_CHROMA, painted, color)
    return Fit(_grid(painted), color, math.sqrt(_clamp(misfit / total, (0, 1))))


def difference(picture: Image.Image, fitted: Identicon) -> Floats:
    """SAMPLE × SAMPLE: how far each sampled pixel of an RGB picture is from an identicon that is blurred as it is.

    The unit is the picture's root mean square deviation from GitHub grey, so the mean square of this map is the square
    of the fit's error, but for the steady differences, which count more there (STEADY). Not a number outside the disc
    that the fit looks at. Raises ValueError where the picture is not RGB.
    """
    design, deviation = _seen(picture, _pixels(picture))
    rows = fitted.grid.split("/")
    painted = np.array([float(rows[row][column] == "#") for row, column in CELLS])
    residual = (deviation - np.outer(painted @ design.cover[:-1], np.array(fitted.color) - _GREY)) @ _LUMA_CHROMA
    unit = math.sqrt(_squares(deviation) / len(deviation)) or 1.0
    distance = np.full(SAMPLE**2, np.nan)
    distance[design.disc] = np.sqrt(np.vecdot(residual, residual)) / unit
    return distance.reshape(SAMPLE, SAMPLE)


def _pixels(picture: Image.Image) -> Pixels:
    """The sample of an RGB picture as an array."""
    if picture.mode != "RGB":
        raise ValueError(f"The picture's mode is {picture.mode}: make it RGB.")
    return np.asarray(sample(picture)).reshape(-1, 3)


def _seen(picture: Image.Image, sampled: Pixels) -> tuple[Design, Floats]:
    """What is known of a picture's size, and its sample's deviation from GitHub grey (n × 3)."""
    design = design_for(picture.width, picture.height)
    return design, sampled.take(design.disc, axis=0)[:, :3] - _GREY


def _squares(deviation: Floats) -> float:
    """The sum of the squares of luma and chroma."""
    seen = deviation @ _LUMA_CHROMA
    return float(np.vdot(seen, seen))


# Plain numbers from here on: on the few that are left, NumPy takes longer to begin than to reckon.


def _choose(deviations: list[list[float]], areas: list[float]) -> tuple[list[int], Color]:
    """The cells to paint, by their numbers in CELLS, and the colour, from each cell's own deviation and its area."""
    strengths = [red * red + green * green + blue * blue for red, green, blue in deviations]
    order = sorted(range(len(areas)), key=strengths.__getitem__, reverse=True)
    most, count, mean = -1.0, 0, [0.0, 0.0, 0.0]
    reds = greens = blues = area = 0.0
    for number, cell in enumerate(order, 1):
        red, green, blue = deviations[cell]
        reds += areas[cell] * red
        greens += areas[cell] * green
        blues += areas[cell] * blue
        area += areas[cell]
        explained = (reds * reds + greens * greens + blues * blues) / area
        if explained > most:
            most, count, mean = explained, number, [reds / area, greens / area, blues / area]
    return order[:count], _nearest_color(mean)


def _change(design: Design, covered: Floats, painted: list[int], color: Color) -> float:
    """What taking an identicon away adds to a picture's sum of squares; its steady part counts STEADY times more.

    Of the picture only sums are needed, none of its pixels: what each cell covers of its luma and chroma (`covered`,
    16 × 3).
    """
    luma, blue, red = ((np.array(color) - _GREY) @ _LUMA_CHROMA).tolist()
    seen = covered.tolist()
    shared = design.shared.take(painted, axis=0).sum(axis=0).tolist()
    own = common = ground = steady = 0.0
    for cell in painted:
        own += shared[cell]
        common += seen[cell][0] * luma + seen[cell][1] * blue + seen[cell][2] * red
        left = seen[cell][0] - shared[cell] * luma
        ground -= left
        steady += left * left / design.area[cell]
    size, area = len(design.disc), shared[-1]
    ground += seen[-1][0] - area * luma
    steady += size * (ground / (size - area)) ** 2
    change: float = own * (luma * luma + blue * blue + red * red) - 2 * common + STEADY * steady
    return change


def _grid(painted: Iterable[int]) -> str:
    """The grid in which the cells of these numbers in CELLS are painted."""
    cells = [["."] * 5 for _ in range(5)]
    for number in painted:
        row, column = CELLS[number]
        cells[row][column] = cells[row][4 - column] = "#"
    return "/".join(map("".join, cells))


def _nearest_color(deviation: list[float]) -> Color:
    """The colour that GitHub could have chosen nearest to this deviation from its grey: of the same hue."""
    channels = (_clamp((grey + channel) / 255, (0, 1)) for grey, channel in zip(GITHUB_GREY, deviation, strict=True))
    hue, lightness, saturation = colorsys.rgb_to_hls(*channels)
    return _rgb(hue, _clamp(lightness, LIGHTNESS), _clamp(saturation, SATURATION))


def _clamp(value: float, bounds: tuple[float, float]) -> float:
    return min(max(value, bounds[0]), bounds[1])


def _rgb(hue: float, lightness: float, saturation: float) -> Color:
    """A colour given by shares of 1, each channel rounded half up."""
    red, green, blue = (math.floor(channel * 255 + 0.5) for channel in colorsys.hls_to_rgb(hue, lightness, saturation))
    return red, green, blue
