"""Lossless pictures: whether GitHub can have drawn the identicon that they show.

A lossless picture shows the exact color of each cell, and the edges of the cells to a fraction of a pixel. Identicons
of other services that resemble GitHub's differ in one of them: in a color that GitHub's formula cannot produce, in
cells that do not overlap by a pixel, or in the margin.
"""

import colorsys
from collections.abc import Iterable
from itertools import product
from operator import itemgetter

import numpy as np
from PIL import Image, ImageChops

from github_avatars.identicon import edges
from github_avatars.identicon.drawing import (
    GITHUB_GREY,
    LIGHTNESS,
    LINE_COUNTS,
    SATURATION,
    Color,
    Identicon,
    for_account,
    hsl_to_rgb,
    nearest_color,
)
from github_avatars.identicon.grid import SAMPLE, SIZE, pack, sample

MIN_SIDE = 60
"""In smaller pictures, the edges of a cell are too close to its center."""

CIRCLE = 0.49
"""The radius within which circle-masked pictures are compared, for a picture of width 1. Masks are antialiased."""

MAX_COLOR_ERROR = 2
"""How far the color of a resized picture may be from GitHub's colors, in levels, because palettes are rounded."""

_SAMPLED_CENTERS = itemgetter(*(SAMPLE * row + column for row, column in product((4, 8, 12, 15, 19), repeat=2)))
"""Selects a pixel in each of the 5 × 5 cells from those of a sample: the one next to the center that is nearer to the
center of the picture, because the others may be outside a circle."""

HUES, STEPS = 4096, 256
"""The numbers of hues, and of saturations and lightnesses, in GitHub's formula."""


def is_of(picture: Image.Image, account_id: int, *, circle: bool = False) -> bool:
    """Whether an RGB picture equals the default avatar of an account id pixel by pixel.

    With `circle`, only the pixels within CIRCLE are compared, because the corners are transparent.
    """
    expected = for_account(account_id)
    return _equals(picture, expected, circle=circle)


def is_possible(color: Color) -> bool:
    """Whether GitHub's formula yields a color for some of its 4096 hues, 256 saturations and 256 lightnesses."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*(channel / 255 for channel in color))
    # A channel is rounded by up to half a level, which changes the three numbers by less than these ranges.
    hues = _nearby(hue * (HUES - 1), 24)
    lightnesses = _nearby((LIGHTNESS[1] - lightness) / (LIGHTNESS[1] - LIGHTNESS[0]) * (STEPS - 1), 4, STEPS)
    saturations = _nearby((SATURATION[1] - saturation) / (SATURATION[1] - SATURATION[0]) * (STEPS - 1), 14, STEPS)
    return any(
        formula_color(hue_step % (HUES - 1), saturation_step, lightness_step) == color
        for hue_step, saturation_step, lightness_step in product(hues, saturations, lightnesses)
    )


def is_githubs(picture: Image.Image, packed: bytes | None = None) -> bool | None:
    """Whether GitHub drew the identicon in a lossless RGB picture; None if that is not certain.

    `packed` is the picture's packed sample, if that is known already.

    A picture of 420 × 420 pixels in two colors is GitHub's if it equals an identicon with a possible color; so is one
    whose corners were cut off by a circle. A resized picture is not if its background is another grey, if its color is
    impossible, or if the edges of its cells are not where resizing puts GitHub's.
    """
    side = picture.width
    if side < MIN_SIDE or picture.height != side:
        return None
    shown = _identicon(packed or pack(sample(picture)))
    if shown is None:
        return None
    drawn, background = shown
    if side == SIZE:
        has_corners = picture.getpixel((0, 0)) == GITHUB_GREY
        if background == GITHUB_GREY and _equals(picture, drawn, circle=not has_corners):
            return is_possible(drawn.color)
        if _has_no_other_color(picture, drawn.color, background):
            return False
    has_other_grey = background != GITHUB_GREY and len(set(background)) == 1
    has_possible_colors = not has_other_grey and _is_near_possible(drawn.color)
    if has_possible_colors and edges.may_be_githubs(picture, drawn, background):
        return None
    return False if edges.are_mixed(picture, drawn.color, background) else None


def has_two_colors(packed: bytes) -> bool:
    """Whether the centers of the cells have at most two colors in a packed sample; False for almost all customs."""
    return len(set(_SAMPLED_CENTERS(memoryview(packed).cast("I")))) <= 2


def formula_color(hue: int, saturation: int, lightness: int) -> Color:
    """The color of the three numbers in the digest of an account id: 0 to 4095, 0 to 255, 0 to 255."""
    return hsl_to_rgb(
        hue / (HUES - 1),
        LIGHTNESS[1] - lightness / (STEPS - 1) * (LIGHTNESS[1] - LIGHTNESS[0]),
        SATURATION[1] - saturation / (STEPS - 1) * (SATURATION[1] - SATURATION[0]),
    )


def _nearby(value: float, distance: int, count: int | None = None) -> list[int]:
    """The integers up to `distance` from a number, the nearest first; from 0 to `count` - 1 if it is given."""
    middle = round(value)
    numbers = sorted(range(middle - distance, middle + distance + 1), key=lambda number: abs(number - value))
    return [number for number in numbers if count is None or 0 <= number < count]


def _is_near_possible(color: Color) -> bool:
    red, green, blue = (channel / 255 for channel in color)
    return _distance(color, nearest_color(red, green, blue)) <= MAX_COLOR_ERROR


def _distance(color: Iterable[int], other: Iterable[int]) -> int:
    return max(abs(channel - channel_of_other) for channel, channel_of_other in zip(color, other, strict=True))


def _identicon(packed: bytes) -> tuple[Identicon, Color] | None:
    """The identicon in a packed sample and the color of its background, if it is mirrored and has two colors."""
    pixels = _SAMPLED_CENTERS(memoryview(packed).cast("I"))
    if len(set(pixels)) != 2 or pixels[::5] != pixels[4::5] or pixels[1::5] != pixels[3::5]:
        return None
    colors = {pixel: _unpacked(pixel) for pixel in set(pixels)}
    background, color = sorted(colors.values(), key=lambda color: _distance(color, GITHUB_GREY))
    if _distance(background, GITHUB_GREY) > 3:
        return None
    cells = "".join(["#" if colors[pixel] == color else "." for pixel in pixels])
    return Identicon("/".join([cells[start : start + 5] for start in range(0, 25, 5)]), color), background


def _unpacked(pixel: int) -> Color:
    _, red, green, blue = pixel.to_bytes(4, "little")
    return red, green, blue


def _has_no_other_color(picture: Image.Image, *colors: Color) -> bool:
    pixels = np.frombuffer(picture.tobytes("raw", "XRGB"), dtype="<u4")
    packed = [int.from_bytes((0, *color), "little") for color in colors]
    return sum(np.count_nonzero(pixels == color) for color in packed) == pixels.size


def _equals(picture: Image.Image, expected: Identicon, *, circle: bool = False) -> bool:
    """Whether an RGB picture equals an identicon, with `circle` within CIRCLE."""
    if picture.size != (SIZE, SIZE):
        return False
    if circle:
        # Imported here, because it imports what draws text, and few pictures have a circle.
        from PIL import ImageDraw

        difference = ImageChops.difference(picture, expected.draw())
        outside = Image.new("1", picture.size, 1)
        edge = (0.5 - CIRCLE) * SIZE
        ImageDraw.Draw(outside).ellipse((edge, edge, SIZE - 1 - edge, SIZE - 1 - edge), fill=0)
        difference.paste(0, mask=outside)
        return difference.getbbox() is None
    # Most pictures differ in the first lines. In parts, because large blocks of memory are slow to allocate.
    top = 0
    for line, count in zip(expected.lines(), LINE_COUNTS, strict=True):
        if picture.crop((0, top, SIZE, top + count)).tobytes() != line * count:
            return False
        top += count
    return True
