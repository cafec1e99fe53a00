"""The tools of every drawing: a random source, colors, a canvas for shapes, and image encoders."""

import colorsys
import io
import math
import random
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, TypeAlias, TypeVar

from PIL import Image, ImageDraw, ImageFont

Color: TypeAlias = tuple[int, ...]
Point: TypeAlias = tuple[float, float]
Option = TypeVar("Option")

WHITE: Color = (255, 255, 255)
BLACK: Color = (0, 0, 0)
NEAR_GREYS: tuple[Color, ...] = tuple((level,) * 3 for level in (239, 241, 238, 242))
"""Light greys that differ from GitHub grey by one or two levels."""

SIZES = (460,) * 7 + (420, 420, 400, 256, 200, 184)
"""Side lengths of the pictures in pixels, repeated in proportion to their frequency on GitHub."""


class Rng(random.Random):
    """Random choices of one drawing, seeded by the name of its family and its `number` within the family."""

    number: int = 0

    def cycle(self, options: Sequence[Option], stride: int = 1) -> Option:
        """Return the option for this drawing's number, so that consecutive numbers cycle through all options.

        A `stride` that is coprime to the number of options changes their order.
        """
        return options[self.number * stride % len(options)]

    def size(self) -> int:
        """Return a side length in pixels."""
        return self.choice(SIZES)

    def letter(self) -> str:
        """Return a capital letter other than I and O."""
        return self.choice("ABCDEFGHJKLMNPQRSTUVWXYZ")

    def color(self, saturation: tuple[float, float], lightness: tuple[float, float]) -> Color:
        """Return a color of any hue, with HSL saturation and lightness (0 to 1) within the given bounds."""
        red, green, blue = colorsys.hls_to_rgb(self.random(), self.uniform(*lightness), self.uniform(*saturation))
        return round(red * 255), round(green * 255), round(blue * 255)

    def vivid(self) -> Color:
        """Return a saturated color of medium lightness, as used in logos."""
        return self.color((0.6, 1.0), (0.35, 0.6))

    def pastel(self) -> Color:
        """Return a light, soft color."""
        return self.color((0.4, 0.9), (0.8, 0.92))

    def dark(self) -> Color:
        """Return a color that is nearly black."""
        return self.color((0.1, 0.6), (0.06, 0.22))

    def identicon_ink(self) -> Color:
        """Return a color in the range that GitHub uses for identicons."""
        return self.color((0.45, 0.65), (0.55, 0.75))


class Inks(NamedTuple):
    """The background of a drawing and the colors it is drawn with. `second` may equal `main`."""

    background: Color
    main: Color
    second: Color


class Encoded(NamedTuple):
    """The bytes of an image file, and the file extension of its format: png, jpg, webp or gif."""

    data: bytes
    extension: str


def mix(first: Color, second: Color, share: float) -> Color:
    """Interpolate linearly between two colors; a `share` of 0 is `first`, 1 is `second`."""
    return tuple(round(a + (b - a) * share) for a, b in zip(first, second, strict=True))


def circle_points(count: int, radius: float = 1.0, phase: float = 0.0) -> list[Point]:
    """Return `count` evenly spaced points on a circle around the origin, clockwise from the top.

    `phase` rotates them, in turns.
    """
    angles = [2 * math.pi * (phase + step / count) for step in range(count)]
    return [(radius * math.sin(angle), -radius * math.cos(angle)) for angle in angles]


class Canvas:
    """A square to draw on, with the origin in the middle, x to the right, y down, and the edges at -1 and 1.

    A smooth canvas is drawn at three times its size and scaled down, which antialiases it. Any other contains only the
    colors that it is drawn with.
    """

    def __init__(self, size: int, background: Color, smooth: bool = True) -> None:
        self._oversize = 3 if smooth else 1
        side = size * self._oversize
        self.image = Image.new("RGBA" if len(background) == 4 else "RGB", (side, side), background)
        self._draw = ImageDraw.Draw(self.image)
        self._draw.fontmode = "L" if smooth else "1"
        self._center = (side / 2, side / 2)
        self._unit = side / 2
        self._angle = 0.0

    def part(self, x: float, y: float, radius: float, turn: float = 0.0) -> "Canvas":
        """Return a view of this canvas with its own origin, scale and clockwise rotation in turns; text is upright."""
        view = object.__new__(Canvas)
        view.__dict__.update(self.__dict__)
        view._center = self._place(x, y)
        view._unit = self._unit * radius
        view._angle = self._angle + 2 * math.pi * turn
        return view

    def backdrop(self, picture: Image.Image) -> None:
        """Cover the canvas with a picture of its final size."""
        self.image.paste(picture.resize(self.image.size, Image.Resampling.NEAREST))

    def picture(self) -> Image.Image:
        """Return the drawing at its final size."""
        return self.image.reduce(self._oversize) if self._oversize > 1 else self.image

    def polygon(self, points: Iterable[Point], fill: Color) -> None:
        """Fill a polygon with these corners."""
        self._draw.polygon([self._place(x, y) for x, y in points], fill=fill)

    def disc(self, x: float, y: float, radius: float, fill: Color, height: float | None = None) -> None:
        """Fill a circle, or an ellipse if `height`, its vertical radius, is given."""
        stretch = 1.0 if height is None else height / radius
        self.polygon([(x + px, y + py * stretch) for px, py in circle_points(90, radius)], fill)

    def arc(self, x: float, y: float, radius: float, width: float, fill: Color, span: Point = (0.0, 1.0)) -> None:
        """Fill a band of this `width` inside the circle, over a `span` in turns clockwise from the top."""
        start, end = span
        angles = [2 * math.pi * (start + (end - start) * step / 90) for step in range(91)]
        edges = [(radius, angle) for angle in angles] + [(radius - width, angle) for angle in reversed(angles)]
        self.polygon([(x + length * math.sin(angle), y - length * math.cos(angle)) for length, angle in edges], fill)

    def box(self, left: float, top: float, right: float, bottom: float, fill: Color, corner: float = 0.0) -> None:
        """Fill a rectangle, with corners rounded by the radius `corner`."""
        if corner == 0:
            return self.polygon([(left, top), (right, top), (right, bottom), (left, bottom)], fill)
        centers = [(right, top, -1, 1), (right, bottom, -1, -1), (left, bottom, 1, -1), (left, top, 1, 1)]
        quarter = circle_points(48, corner) + circle_points(48, corner)
        points = [
            (x + inward_x * corner + px, y + inward_y * corner + py)
            for number, (x, y, inward_x, inward_y) in enumerate(centers)
            for px, py in quarter[number * 12 : number * 12 + 13]
        ]
        return self.polygon(points, fill)

    def line(self, points: Sequence[Point], width: float, fill: Color, closed: bool = False) -> None:
        """Draw a stroke through the points, with round joints and ends."""
        if closed:
            points = [*points, points[0]]
        self._draw.line(
            [self._place(x, y) for x, y in points], fill=fill, width=max(1, round(width * self._unit)), joint="curve"
        )
        for x, y in (points[0], points[-1]):
            self.disc(x, y, width / 2, fill)

    def text(self, x: float, y: float, words: str, height: float, fill: Color) -> None:
        """Draw text whose visible part is centered on the point; `height` is the font size."""
        font = ImageFont.load_default(max(6.0, height * self._unit))
        left, top, right, bottom = self._draw.textbbox((0, 0), words, font=font)
        px, py = self._place(x, y)
        self._draw.text((px - (left + right) / 2, py - (top + bottom) / 2), words, fill=fill, font=font)

    def left_text(self, x: float, y: float, words: str, height: float, fill: Color) -> float:
        """Draw text from x on the baseline y, and return the x where it ends; `height` is the font size."""
        font = ImageFont.load_default(max(6.0, height * self._unit))
        self._draw.text(self._place(x, y), words, fill=fill, font=font, anchor="ls")
        return x + self._draw.textlength(words, font=font) / self._unit

    def _place(self, x: float, y: float) -> Point:
        cosine, sine = math.cos(self._angle), math.sin(self._angle)
        cx, cy = self._center
        return cx + self._unit * (x * cosine - y * sine), cy + self._unit * (x * sine + y * cosine)


def _encoder(extension: str, codec: str) -> Callable[..., Encoded]:
    """A function that encodes a picture in its mode, with a quality if the codec is lossy."""

    def encode(picture: Image.Image, quality: int | None = None) -> Encoded:
        file = io.BytesIO()
        picture.save(file, codec, **({"quality": quality} if quality else {}))
        return Encoded(file.getvalue(), extension)

    return encode


png, jpeg = _encoder("png", "PNG"), _encoder("jpg", "JPEG")
webp, gif = _encoder("webp", "WEBP"), _encoder("gif", "GIF")
