"""What every drawing is made with: dice for chance, colours, a canvas for shapes, and the encoders."""

import colorsys
import io
import math
import random
from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeAlias, TypeVar

from PIL import Image, ImageDraw, ImageFont

Color: TypeAlias = tuple[int, ...]
Point: TypeAlias = tuple[float, float]
Option = TypeVar("Option")

WHITE: Color = (255, 255, 255)
BLACK: Color = (0, 0, 0)
NEAR_GREYS: tuple[Color, ...] = tuple((level,) * 3 for level in (239, 241, 238, 242))
"""What a designer's light grey is when it is not GitHub's."""

SIZES = (460,) * 7 + (420, 420, 400, 256, 200, 184)
"""Sides of the pictures in pixels, as often as GitHub serves them."""


class Dice(random.Random):
    """A family's source of chance, seeded by its name and the drawing's number; `turn` is that number."""

    turn: int = 0

    def each(self, options: Sequence[Option], stride: int = 1) -> Option:
        """The options in turn, seed by seed, so that a dozen seeds show what chance would leave out.

        Families that share the options go through them in their own order by a `stride` prime to their number.
        """
        return options[self.turn * stride % len(options)]

    def size(self) -> int:
        """The side of a picture in pixels."""
        return self.choice(SIZES)

    def letter(self) -> str:
        """A capital letter."""
        return self.choice("ABCDEFGHJKLMNPQRSTUVWXYZ")

    def color(self, saturation: tuple[float, float], lightness: tuple[float, float]) -> Color:
        """A colour of any hue, its saturation and lightness (0 to 1) within the bounds given."""
        red, green, blue = colorsys.hls_to_rgb(self.random(), self.uniform(*lightness), self.uniform(*saturation))
        return round(red * 255), round(green * 255), round(blue * 255)

    def vivid(self) -> Color:
        """A colour such as logos have."""
        return self.color((0.6, 1.0), (0.35, 0.6))

    def pastel(self) -> Color:
        """A soft and light colour."""
        return self.color((0.4, 0.9), (0.8, 0.92))

    def dark(self) -> Color:
        """A colour that is nearly black."""
        return self.color((0.1, 0.6), (0.06, 0.22))

    def identicon_ink(self) -> Color:
        """A colour that GitHub could have chosen for an identicon."""
        return self.color((0.45, 0.65), (0.55, 0.75))


class Inks(NamedTuple):
    """The colours of a drawing: what it stands on and what it is drawn with. `second` may equal `main`."""

    paper: Color
    main: Color
    second: Color


class Encoded(NamedTuple):
    """A picture as a file: its bytes and the extension that belongs to them."""

    data: bytes
    extension: str


def mix(first: Color, second: Color, share: float) -> Color:
    """The colour `share` (0 to 1) of the way from `first` to `second`."""
    return tuple(round(a + (b - a) * share) for a, b in zip(first, second, strict=True))


def around(count: int, radius: float = 1.0, phase: float = 0.0) -> list[Point]:
    """`count` points evenly on a circle about the origin, from the top clockwise; `phase` is in turns."""
    angles = [2 * math.pi * (phase + step / count) for step in range(count)]
    return [(radius * math.sin(angle), -radius * math.cos(angle)) for angle in angles]


class Canvas:
    """A square to draw on: the origin in its middle, x to the right and y down, the edges at -1 and 1.

    A smooth canvas is drawn larger and scaled down, which antialiases it; any other has only the colours it is given.
    """

    def __init__(self, size: int, paper: Color, smooth: bool = True) -> None:
        self._oversize = 3 if smooth else 1
        side = size * self._oversize
        self.image = Image.new("RGBA" if len(paper) == 4 else "RGB", (side, side), paper)
        self._draw = ImageDraw.Draw(self.image)
        self._draw.fontmode = "L" if smooth else "1"
        self._centre = (side / 2, side / 2)
        self._unit = side / 2
        self._angle = 0.0

    def part(self, x: float, y: float, radius: float, turn: float = 0.0) -> "Canvas":
        """A view of this canvas with its own origin, scale and rotation (in turns clockwise); text stays upright."""
        view = object.__new__(Canvas)
        view.__dict__.update(self.__dict__)
        view._centre = self._place(x, y)
        view._unit = self._unit * radius
        view._angle = self._angle + 2 * math.pi * turn
        return view

    def backdrop(self, picture: Image.Image) -> None:
        """Covers all that has been drawn with a picture of the canvas's final size."""
        self.image.paste(picture.resize(self.image.size, Image.Resampling.NEAREST))

    def picture(self) -> Image.Image:
        """The finished drawing in its final size."""
        return self.image.reduce(self._oversize) if self._oversize > 1 else self.image

    def polygon(self, points: Iterable[Point], fill: Color) -> None:
        """A filled shape with these corners."""
        self._draw.polygon([self._place(x, y) for x, y in points], fill=fill)

    def disc(self, x: float, y: float, radius: float, fill: Color, height: float | None = None) -> None:
        """A filled circle, or an ellipse where its half `height` differs from its radius."""
        stretch = 1.0 if height is None else height / radius
        self.polygon([(x + px, y + py * stretch) for px, py in around(90, radius)], fill)

    def arc(self, x: float, y: float, radius: float, width: float, fill: Color, span: Point = (0.0, 1.0)) -> None:
        """A band `width` wide inside the circle, over the `span` in turns from the top clockwise; all of it: a ring."""
        start, end = span
        angles = [2 * math.pi * (start + (end - start) * step / 90) for step in range(91)]
        outer = [(x + radius * math.sin(angle), y - radius * math.cos(angle)) for angle in angles]
        inner = radius - width
        back = [(x + inner * math.sin(angle), y - inner * math.cos(angle)) for angle in reversed(angles)]
        self.polygon(outer + back, fill)

    def box(self, left: float, top: float, right: float, bottom: float, fill: Color, corner: float = 0.0) -> None:
        """A rectangle whose corners are rounded with the radius `corner`."""
        if corner == 0:
            self.polygon([(left, top), (right, top), (right, bottom), (left, bottom)], fill)
            return
        centres = [(right, top, -1, 1), (right, bottom, -1, -1), (left, bottom, 1, -1), (left, top, 1, 1)]
        quarter = around(48, corner) + around(48, corner)
        points = []
        for number, (x, y, inward_x, inward_y) in enumerate(centres):
            for px, py in quarter[number * 12 : number * 12 + 13]:
                points.append((x + inward_x * corner + px, y + inward_y * corner + py))
        self.polygon(points, fill)

    def line(self, points: Sequence[Point], width: float, fill: Color, closed: bool = False) -> None:
        """A stroke through the points, with round joints and ends."""
        if closed:
            points = [*points, points[0]]
        self._draw.line(
            [self._place(x, y) for x, y in points], fill=fill, width=max(1, round(width * self._unit)), joint="curve"
        )
        for x, y in (points[0], points[-1]):
            self.disc(x, y, width / 2, fill)

    def text(self, x: float, y: float, words: str, height: float, fill: Color) -> None:
        """Words whose ink is centred on the point; `height` is the font's size."""
        font = ImageFont.load_default(max(6.0, height * self._unit))
        left, top, right, bottom = self._draw.textbbox((0, 0), words, font=font)
        px, py = self._place(x, y)
        self._draw.text((px - (left + right) / 2, py - (top + bottom) / 2), words, fill=fill, font=font)

    def left_text(self, x: float, y: float, words: str, height: float, fill: Color) -> float:
        """Words that begin at x and stand on the line y, and the x where they end; `height` is the font's size."""
        font = ImageFont.load_default(max(6.0, height * self._unit))
        self._draw.text(self._place(x, y), words, fill=fill, font=font, anchor="ls")
        return x + self._draw.textlength(words, font=font) / self._unit

    def _place(self, x: float, y: float) -> Point:
        cosine, sine = math.cos(self._angle), math.sin(self._angle)
        cx, cy = self._centre
        return cx + self._unit * (x * cosine - y * sine), cy + self._unit * (x * sine + y * cosine)


def png(picture: Image.Image) -> Encoded:
    """The picture as PNG, in the mode it has."""
    return _encoded(picture, "png", format="PNG")


def jpeg(picture: Image.Image, quality: int) -> Encoded:
    """The picture as JPEG."""
    return _encoded(picture, "jpg", format="JPEG", quality=quality)


def webp(picture: Image.Image, quality: int) -> Encoded:
    """The picture as lossy WebP."""
    return _encoded(picture, "webp", format="WEBP", quality=quality)


def gif(picture: Image.Image) -> Encoded:
    """The picture as GIF."""
    return _encoded(picture, "gif", format="GIF")


def _encoded(picture: Image.Image, extension: str, **options: str | int) -> Encoded:
    file = io.BytesIO()
    picture.save(file, **options)  # type: ignore[arg-type]
    return Encoded(file.getvalue(), extension)
