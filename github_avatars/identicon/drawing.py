"""An account id → its identicon → the picture."""

import colorsys
import hashlib
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from PIL import Image

from github_avatars.identicon.grid import CELLS, MARGIN, PITCH, SIZE

GITHUB_GREY = (240, 240, 240)
"""The background of every identicon, #F0F0F0."""

SATURATION = (0.45, 0.65)
LIGHTNESS = (0.55, 0.75)
"""The bounds of the HSL saturation and lightness of an identicon's color."""

LINE_COUNTS = (MARGIN, *(1, PITCH - 1) * 5, 1, MARGIN - 1)
"""How often each line of an identicon repeats, from top to bottom: it can change only where a row of cells begins, one
pixel below, and where the last row ends."""

_BLANK_LINE = bytes(GITHUB_GREY) * SIZE
_CELL_STARTS = [3 * (MARGIN + PITCH * column) for column in range(5)]
"""Where the first bytes of the cells are in a line."""

Color = tuple[int, int, int]


@dataclass(frozen=True)
class Identicon:
    """The grid and the color of an identicon."""

    grid: str
    """The rows from top to bottom, joined by "/", with "#" for a painted cell: "#.#.#/##.##/...../#...#/..#.."."""
    color: Color
    """Red, green, blue, 0 to 255."""

    def draw(self, size: int = SIZE) -> Image.Image:
        """An RGB picture of `size` × `size` pixels. Sizes other than 420 are resized by nearest neighbor."""
        pixels = b"".join([line * count for line, count in zip(self.lines(), LINE_COUNTS, strict=True)])
        picture = Image.frombytes("RGB", (SIZE, SIZE), pixels)
        return picture if size == SIZE else picture.resize((size, size), Image.Resampling.NEAREST)

    def lines(self) -> Iterator[bytes]:
        """The RGB bytes of the lines of the 420 × 420 picture from top to bottom, each once for all of LINE_COUNTS."""
        cell_line = bytes(self.color) * (PITCH + 1)

        def line(*rows: str) -> bytes:
            """One line that shows the painted cells of these rows."""
            shown = bytearray(_BLANK_LINE)
            for row in rows:
                for start, cell in zip(_CELL_STARTS, row, strict=True):
                    if cell == "#":
                        shown[start : start + len(cell_line)] = cell_line
            return bytes(shown)

        rows = self.grid.split("/")
        yield _BLANK_LINE
        # Cells are one pixel larger than the pitch, so the first line of a row also shows the row above.
        for above, row in pairwise([".....", *rows]):
            yield line(above, row)
            yield line(row)
        yield line(rows[-1])
        yield _BLANK_LINE


def for_account(account_id: int) -> Identicon:
    """The identicon of an account id. Raises ValueError if the id is less than 1.

    The MD5 digest of the decimal id determines it: each of the first 15 hexadecimal digits paints one cell of CELLS if
    it is even; the last 28 bits are the hue, the saturation and the lightness. The formula was derived from 377 real
    default avatars. Of 111 avatars whose account id was searched for, it reproduces 110 pixel by pixel.
    """
    if account_id < 1:
        raise ValueError(f"{account_id} is not an account id: GitHub's ids start at 1.")
    digest = hashlib.md5(str(account_id).encode(), usedforsecurity=False).digest()
    painted = [cell for cell, digit in enumerate(digest.hex()[: len(CELLS)]) if int(digit, 16) % 2 == 0]
    hue = ((digest[12] & 15) << 8 | digest[13]) / 4095
    saturation = SATURATION[1] - digest[14] / 255 * (SATURATION[1] - SATURATION[0])
    lightness = LIGHTNESS[1] - digest[15] / 255 * (LIGHTNESS[1] - LIGHTNESS[0])
    return Identicon(format_grid(painted), hsl_to_rgb(hue, lightness, saturation))


def render(account_id: int, size: int = SIZE) -> Image.Image:
    """The default avatar of an account id as an RGB picture; at 420 × 420, every pixel equals GitHub's."""
    return for_account(account_id).draw(size)


def format_grid(painted: Iterable[int]) -> str:
    """The grid with these cells painted, given as indices of CELLS."""
    grid = [["."] * 5 for _ in range(5)]
    for cell in painted:
        row, column = CELLS[cell]
        grid[row][column] = grid[row][4 - column] = "#"
    return "/".join(map("".join, grid))


def hsl_to_rgb(hue: float, lightness: float, saturation: float) -> Color:
    """The color of these HSL values (0 to 1). Each channel is rounded half up."""
    red, green, blue = (math.floor(channel * 255 + 0.5) for channel in colorsys.hls_to_rgb(hue, lightness, saturation))
    return red, green, blue


def nearest_color(red: float, green: float, blue: float) -> Color:
    """The color of these RGB values (0 to 1) with saturation and lightness moved into GitHub's bounds."""
    hue, lightness, saturation = colorsys.rgb_to_hls(red, green, blue)
    return hsl_to_rgb(
        hue, min(max(lightness, LIGHTNESS[0]), LIGHTNESS[1]), min(max(saturation, SATURATION[0]), SATURATION[1])
    )
