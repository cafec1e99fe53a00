"""GitHub's default avatar: an account id → its identicon → the picture."""

import colorsys
import hashlib
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from PIL import Image

from github_avatars.identicon.grid import CELLS, MARGIN, PITCH, SIZE

GITHUB_GREY = (240, 240, 240)
"""The background of every identicon, #F0F0F0."""

SATURATION = (0.45, 0.65)
LIGHTNESS = (0.55, 0.75)
"""The bounds, in HSL, of the colours that GitHub paints identicons in."""

Color = tuple[int, int, int]


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
        picture = Image.frombytes("RGB", (SIZE, SIZE), b"".join(self.strips()))
        return picture if size == SIZE else picture.resize((size, size), Image.Resampling.NEAREST)

    def strips(self) -> Iterator[bytes]:
        """The picture at 420 from top to bottom, some lines at once: red, green and blue of each pixel."""
        yield self._line() * MARGIN
        above = ""
        for row in self.grid.split("/"):
            # A cell is one pixel larger than the pitch: where two rows meet, a line shows the cells of both.
            yield self._line(above, row) + self._line(row) * (PITCH - 1)
            above = row
        yield self._line(above) + self._line() * (MARGIN - 1)

    def _line(self, *rows: str) -> bytes:
        """A line of pixels that shows the cells of these rows."""
        line = bytearray(bytes(GITHUB_GREY) * SIZE)
        for row in rows:
            for column, cell in enumerate(row):
                if cell == "#":
                    left = MARGIN + PITCH * column
                    line[3 * left : 3 * (left + PITCH + 1)] = bytes(self.color) * (PITCH + 1)
        return bytes(line)


def for_account(account_id: int) -> Identicon:
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
    return Identicon(grid_text(painted), hsl_to_rgb(hue, lightness, saturation))


def render(account_id: int, size: int = SIZE) -> Image.Image:
    """GitHub's default avatar of the account of this id, mode RGB, `size` pixels a side; to the pixel at 420."""
    return for_account(account_id).draw(size)


def is_of(picture: Image.Image, account_id: int) -> bool:
    """Whether an RGB picture is, to the pixel, the default avatar of the account of this id."""
    if picture.size != (SIZE, SIZE):
        return False
    data, place = picture.tobytes(), 0
    for strip in for_account(account_id).strips():
        if not data.startswith(strip, place):
            return False
        place += len(strip)
    return True


def grid_text(painted: Iterable[int]) -> str:
    """The grid in which the cells of these numbers in CELLS are painted."""
    cells = [["."] * 5 for _ in range(5)]
    for number in painted:
        row, column = CELLS[number]
        cells[row][column] = cells[row][4 - column] = "#"
    return "/".join(map("".join, cells))


def hsl_to_rgb(hue: float, lightness: float, saturation: float) -> Color:
    """A colour given by shares of 1, each channel rounded half up."""
    red, green, blue = (math.floor(channel * 255 + 0.5) for channel in colorsys.hls_to_rgb(hue, lightness, saturation))
    return red, green, blue
