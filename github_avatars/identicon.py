"""GitHub's default avatar: an account id → its identicon; any picture → the identicon that fits it best.

An identicon is a 5×5 grid, mirrored left to right, painted in one colour on GitHub grey. GitHub draws it at 420×420:
a margin of 35 pixels, then cells at a pitch of 70. Formula and geometry were worked out from 377 real default avatars;
of 111 whose account id was looked for, 110 are reproduced to the pixel.
"""

import colorsys
import hashlib
import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image

GITHUB_GREY = (240, 240, 240)
"""The background of every identicon, #F0F0F0."""

SIZE = 420
"""Pixels a side of an identicon as GitHub serves it."""

SAMPLE = 24
"""Pixels a side of the sample that a picture is judged by: 4 a cell, 2 a margin, none of them near a cell's edge."""

CRISP = 60
"""From this many pixels a side on, every sampled pixel lies whole within one cell or outside all of them."""

RADIUS = 0.48
"""The fit looks at the disc of this radius (the picture's side is 1): galleries cut the rest off into a circle."""

SATURATION = (0.45, 0.65)
LIGHTNESS = (0.55, 0.75)
"""The bounds, in HSL, of the colours that GitHub paints identicons in."""

STEADY = 4.0
"""How much more the mean luma of the ground and of each painted cell counts where it is off.

A codec or a resize disturbs single pixels more than that mean, but another background or a second colour shifts it.
With 4 and with 6, cross-validation on avatars/ gives much the same scores.
"""

BLUR = 0.7
"""How much wider than itself a pixel of a thumbnail sees, in pixels: filters that resize well are wider than a box.

From 0.5 to 0.85, cross-validation on avatars/ gives much the same scores.
"""

NEGLIGIBLE = 1e-9
"""Singular values below this share of the largest are rounding's doing: in pictures too small to show every cell."""

_MARGIN = 35
_PITCH = 70
_CELLS = tuple((row, column) for column in (2, 1, 0) for row in range(5))
"""The 15 cells that are free to choose, in the order in which the digest fills them; columns 3 and 4 mirror 1 and 0."""

_GREY = np.array(GITHUB_GREY, dtype=np.float64)
_LUMA_CHROMA = np.array([[0.299, 0.587, 0.114], [-0.0843, -0.1657, 0.25], [0.25, -0.2094, -0.0406]]).T
"""From red, green and blue to JFIF's luma and chroma, the chroma at half weight: codecs keep half its resolution."""

Color = tuple[int, int, int]
Floats = npt.NDArray[np.floating]
Mask = npt.NDArray[np.bool_]


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
                    top, left = _MARGIN + _PITCH * row, _MARGIN + _PITCH * column
                    # A cell is one pixel larger than the pitch, so that neighbours overlap.
                    pixels[top : top + _PITCH + 1, left : left + _PITCH + 1] = self.color
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


@dataclass(frozen=True)
class _Design:
    """What the fit needs to know of a picture's size.

    `disc` (n) is the places of the pixels of the sample that count, row by row; `cover` (n × 15) is the share of each
    that each free cell and its mirror image cover, `area` (15) its sum over the pixels, `solve` (15 × n) its
    pseudo-inverse times the area: deviations of pixels in, each cell's total deviation out.
    """

    disc: npt.NDArray[np.intp]
    cover: Floats
    area: Floats
    solve: Floats


def of(account_id: int) -> Identicon:
    """The identicon that GitHub gives to the account of this id (1 or more, else ValueError).

    A digest of the id decides: 15 of its hexadecimal digits paint a cell each where even; its last 28 bits choose the
    hue, and the saturation and lightness within GitHub's bounds.
    """
    if account_id < 1:
        raise ValueError(f"{account_id} is no account id: GitHub counts them from 1.")
    digest = hashlib.md5(str(account_id).encode(), usedforsecurity=False).digest()
    painted = np.array([int(digit, 16) % 2 == 0 for digit in digest.hex()[: len(_CELLS)]])
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


def sample(picture: Image.Image) -> Image.Image:
    """The SAMPLE × SAMPLE pixels that a picture is judged by, taken by nearest neighbour: none is mixed."""
    return picture.resize((SAMPLE, SAMPLE), Image.Resampling.NEAREST)


def fit(picture: Image.Image, sampled: Image.Image | None = None) -> Fit:
    """The identicon that fits an RGB picture of any size best, judged by its sample within the disc.

    A sampled pixel is GitHub grey plus, for each cell, the share that the cell covers of it times the cell's deviation
    from the grey. Solving that by least squares for the 15 deviations undoes the blur of a small picture. Then the k
    most deviant cells are painted, with the k of 1 to 15 that explains most when they all have one colour: their mean,
    as near as GitHub's colours come to it. Only then is the error measured.

    `sampled` is the picture's sample, as RGB, where it has been taken already. A picture that is GitHub grey all over
    is the identicon of no painted cell, which one account in 32,768 has. Raises ValueError where the sample is not RGB:
    image.rgb makes it so.
    """
    design, deviation, total = _seen(picture, sampled or sample(picture))
    painted = np.zeros(len(_CELLS), dtype=bool)
    if total == 0:
        blank = picture.mode == "RGB" and picture.getcolors(1) is not None
        return Fit(_grid(painted), GITHUB_GREY, 0.0 if blank else 1.0)
    totals = design.solve @ deviation
    order = np.argsort(-np.vecdot(totals, totals) / design.area**2)
    sums, areas = totals[order].cumsum(axis=0), design.area[order].cumsum()
    best = int((np.vecdot(sums, sums) / areas).argmax())
    painted[order[: best + 1]] = True
    color = _nearest_color((sums[best] / areas[best]).tolist())
    error = min(1.0, math.sqrt(_misfit(deviation, design, painted, color) / total))
    return Fit(_grid(painted), color, error)


def difference(picture: Image.Image, fitted: Identicon) -> Floats:
    """SAMPLE × SAMPLE: how far each sampled pixel of an RGB picture is from an identicon that is blurred as it is.

    The unit is the picture's root mean square deviation from GitHub grey, so the mean square of this map is the square
    of the fit's error, but for the steady differences, which count more there (STEADY). Not a number outside the disc
    that the fit looks at. Raises ValueError where the picture is not RGB.
    """
    design, deviation, total = _seen(picture, sample(picture))
    rows = fitted.grid.split("/")
    painted = np.array([rows[row][column] == "#" for row, column in _CELLS])
    residual = _residual(deviation, design.cover @ painted, fitted.color)
    unit = math.sqrt(total / len(deviation)) or 1.0
    distance = np.full(SAMPLE**2, np.nan)
    distance[design.disc] = np.sqrt(np.vecdot(residual, residual)) / unit
    return distance.reshape(SAMPLE, SAMPLE)


def _seen(picture: Image.Image, sampled: Image.Image) -> tuple[_Design, Floats, float]:
    """What is known of a picture's size; its sample's deviation from GitHub grey (n × 3); that as a sum of squares."""
    if sampled.mode != "RGB":
        raise ValueError(f"The picture's mode is {sampled.mode}: make it RGB.")
    design = _design(min(picture.width, CRISP), min(picture.height, CRISP))
    deviation = np.asarray(sampled, dtype=np.float64).reshape(-1, 3).take(design.disc, axis=0) - _GREY
    return design, deviation, float(((deviation @ _LUMA_CHROMA) ** 2).sum())


def _misfit(deviation: Floats, design: _Design, painted: Mask, color: Color) -> float:
    """What the identicon leaves of `deviation`, as a sum of squares; its steady part counts STEADY times more."""
    covered = design.cover @ painted
    residual = _residual(deviation, covered, color)
    luma = residual[:, 0]
    ground = 1 - covered
    shift = (ground @ luma) / ground.sum()
    cells = (luma @ design.cover)[painted]
    steady = luma.size * shift**2 + (cells**2 / design.area[painted]).sum()
    return float(np.vdot(residual, residual) + STEADY * steady)


def _residual(deviation: Floats, covered: Floats, color: Color) -> Floats:
    """What cells of this colour leave of `deviation` where they cover so much of each pixel: luma and chroma."""
    residual: Floats = (deviation - covered[:, None] * (np.array(color) - _GREY)) @ _LUMA_CHROMA
    return residual


@lru_cache(maxsize=128)
def _design(width: int, height: int) -> _Design:
    across, down = _coverage(width), _coverage(height)
    across[:, :2] += across[:, :2:-1]
    centre = (np.arange(SAMPLE) + 0.5) / SAMPLE - 0.5
    disc = np.flatnonzero(np.add.outer(centre**2, centre**2) <= RADIUS**2)
    cover = np.stack([np.outer(down[:, row], across[:, column]).take(disc) for row, column in _CELLS], axis=-1)
    area = cover.sum(axis=0)
    return _Design(disc, cover, area, area[:, None] * np.linalg.pinv(cover, rcond=NEGLIGIBLE))


def _coverage(side: int) -> Floats:
    """SAMPLE × 5: the share of what a sampled pixel sees that each column of cells covers, `side` pixels a side."""
    # Pillow is asked which pixels it takes: its rounding of exact halves is its own.
    taken = np.asarray(
        Image.fromarray(np.arange(side, dtype=np.uint8)[None]).resize((SAMPLE, 1), Image.Resampling.NEAREST)
    )
    shift = BLUR * (np.arange(16) - 7.5) / 16
    start = (taken[0, :, None, None] + shift) * (SIZE / side)
    left = _MARGIN + _PITCH * np.arange(5)[:, None]
    overlap = np.minimum(start + SIZE / side, left + _PITCH) - np.maximum(start, left)
    share: Floats = overlap.clip(0).mean(axis=-1) * (side / SIZE)
    return share


def _grid(painted: Mask) -> str:
    cells = [["."] * 5 for _ in range(5)]
    for (row, column), paint in zip(_CELLS, painted, strict=True):
        if paint:
            cells[row][column] = cells[row][4 - column] = "#"
    return "/".join("".join(line) for line in cells)


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
