"""Generates the kinds of pictures on which the accuracy is measured. The same seed always gives the same pictures.

The geometry of other services' identicons is written here from their documented behavior.
"""

import colorsys
import io
import random
from collections.abc import Callable, Iterator

import numpy as np
from PIL import Image, ImageDraw

from github_avatars import identicon
from github_avatars.identicon import GITHUB_GREY, SIZE
from github_avatars.identicon.drawing import Color

MAX_ID = 300_000_000
NEAREST, BOX = Image.Resampling.NEAREST, Image.Resampling.BOX
FILTERS = tuple(each for each in Image.Resampling)


def account_ids(count: int, seed: int) -> list[int]:
    """Random account ids whose identicons have painted cells."""
    rng = random.Random(seed)
    ids = (rng.randint(1, MAX_ID) for _ in iter(int, 1))
    return [next(each for each in ids if "#" in identicon.for_account(each).grid) for _ in range(count)]


def encode(picture: Image.Image, codec: str = "PNG", **options: object) -> bytes:
    """The bytes of a file."""
    file = io.BytesIO()
    picture.save(file, codec, **options)
    return file.getvalue()


def file(picture: Image.Image, codec: str, **options: object) -> io.BytesIO:
    """An open file."""
    return io.BytesIO(encode(picture, codec, **options))


def nearest_thumbnails(side: int, count: int, seed: int = 0) -> list[bytes]:
    """Identicons as palette pictures, resized by nearest neighbor."""
    files = []
    for account_id in account_ids(count, seed):
        picture = identicon.render(account_id).quantize()
        picture.thumbnail((side, side), NEAREST)
        files.append(encode(picture))
    return files


# Dithered sheets


def disc_mask(side: int) -> Image.Image:
    mask = Image.new("L", (4 * side, 4 * side))
    ImageDraw.Draw(mask).ellipse((0, 0, 4 * side - 1, 4 * side - 1), fill=255)
    return mask.resize((side, side), BOX)


def _floyd_steinberg(sheet: Image.Image) -> Image.Image:
    return sheet.quantize(256, dither=Image.Dither.FLOYDSTEINBERG).convert("RGB")


def _floyd_steinberg_web(sheet: Image.Image) -> Image.Image:
    palette = sheet.quantize(128, Image.Quantize.MAXCOVERAGE)
    return sheet.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG).convert("RGB")


def _ordered(sheet: Image.Image) -> Image.Image:
    """Add a 4 × 4 Bayer matrix before the nearest color of a 256-color palette is chosen."""
    bayer = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]]) / 16 - 15 / 32
    pixels = np.asarray(sheet, dtype=float)
    pattern = np.tile(bayer, (sheet.height // 4 + 1, sheet.width // 4 + 1))[: sheet.height, : sheet.width, None]
    shifted = Image.fromarray((pixels + 24 * pattern).clip(0, 255).round().astype(np.uint8))
    return shifted.quantize(palette=sheet.quantize(256), dither=Image.Dither.NONE).convert("RGB")


DITHERS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "Floyd-Steinberg": lambda sheet: sheet.quantize(
        palette=sheet.quantize(256), dither=Image.Dither.FLOYDSTEINBERG
    ).convert("RGB"),
    "Floyd-Steinberg, 128 by coverage": _floyd_steinberg_web,
    "ordered": _ordered,
    "none": lambda sheet: sheet.quantize(256, dither=Image.Dither.NONE).convert("RGB"),
}


def sheet_tiles(
    side: int, circle: bool, dither: str, count: int, seed: int = 0, others: tuple[Image.Image, ...] = ()
) -> list[bytes]:
    """Tiles of a sheet of `count` identicons (and of other pictures) that is reduced to one palette."""
    pictures = [identicon.render(each) for each in account_ids(count, seed)]
    pictures += list(others)
    tiles = [picture.resize((side, side), Image.Resampling.LANCZOS) for picture in pictures]
    columns = 16
    sheet = Image.new("RGB", (columns * side, -(-len(tiles) // columns) * side), "white")
    boxes = []
    for number, tile in enumerate(tiles):
        place = side * (number % columns), side * (number // columns)
        sheet.paste(tile, place, disc_mask(side) if circle else None)
        boxes.append((*place, place[0] + side, place[1] + side))
    reduced = DITHERS[dither](sheet)
    return [encode(reduced.crop(box)) for box in boxes[:count]]


# One-color marks


def _mark(rng: random.Random, kind: str, side: int) -> Image.Image:
    scale = 8
    canvas = Image.new("RGB", (side * scale, side * scale), rng.choice(["#FFFFFF", "#F0F0F0", "#F5F5F5", "#EEEEEE"]))
    pen, size = ImageDraw.Draw(canvas), side * scale
    lightness, saturation = rng.uniform(0.4, 0.75), rng.uniform(0.3, 1)
    color = tuple(round(255 * each) for each in colorsys.hls_to_rgb(rng.random(), lightness, saturation))
    radius = size * rng.uniform(0.25, 0.48)
    box = (size / 2 - radius, size / 2 - radius, size / 2 + radius, size / 2 + radius)
    if kind == "disc":
        pen.ellipse(box, fill=color)
    elif kind == "ring":
        pen.ellipse(box, outline=color, width=round(radius * rng.uniform(0.2, 0.5)))
    elif kind == "play":
        if rng.random() < 0.5:
            pen.ellipse(box, outline=color, width=round(radius * 0.2))
            radius *= 0.55
        pen.regular_polygon((size / 2, size / 2, radius), 3, rotation=-90, fill=color)
    else:
        cell = size * rng.uniform(0.1, 0.2)
        left = (size - 5 * cell) / 2
        while True:
            rows = [[rng.random() < 0.5 for _ in range(5)] for _ in range(5)]
            if sum(row[x] != row[4 - x] for row in rows for x in (0, 1)) >= 3:
                break
        for y, row in enumerate(rows):
            for x, painted in enumerate(row):
                if painted:
                    pen.rectangle(
                        (left + x * cell, left + y * cell, left + (x + 1) * cell, left + (y + 1) * cell), fill=color
                    )
    return canvas.resize((side, side), Image.Resampling.LANCZOS)


MARKS = ("disc", "ring", "play", "sprite")


def lossy_marks(side: int, codec: str, count: int, seed: int = 0) -> list[bytes]:
    """Small marks in one color on white or light grey, saved at quality 60."""
    rng = random.Random(seed)
    return [encode(_mark(rng, MARKS[number % 4], side), codec, quality=60) for number in range(count)]


# GitHub's identicons on another background


def lossy_on_level(level: int, side: int, count: int, seed: int = 0) -> list[bytes]:
    """GitHub's grid and color on another grey or on white, saved at quality 60 as JPEG and WebP."""
    files = []
    for number, account_id in enumerate(account_ids(count, seed)):
        picture = identicon.render(account_id)
        is_background = Image.fromarray((np.asarray(picture) == GITHUB_GREY).all(axis=-1))
        picture.paste((level, level, level), mask=is_background)
        small = picture.resize((side, side), Image.Resampling.LANCZOS)
        files.append(encode(small, ("JPEG", "WEBP")[number % 2], quality=60))
    return files


# GitHub's identicons in two hues


def lossy_in_two_hues(side: int, count: int, seed: int = 0) -> list[bytes]:
    """GitHub's grid, its upper half in a color of GitHub's, the lower half in another, saved as JPEG, WebP and PNG."""
    files = []
    for number, account_id in enumerate(account_ids(count, seed)):
        drawn = identicon.for_account(account_id)
        rows = drawn.grid.split("/")
        # Both halves have painted cells.
        rows[0], rows[4] = (row.replace(".....", "..#..") for row in (rows[0], rows[4]))
        hue, lightness, saturation = colorsys.rgb_to_hls(*(channel / 255 for channel in drawn.color))
        other = _hsl(hue + random.Random(account_id).uniform(0.25, 0.75), saturation, lightness)
        upper, lower = (identicon.Identicon("/".join(rows), color).draw() for color in (drawn.color, other))
        upper.paste(lower.crop((0, SIZE // 2, SIZE, SIZE)), (0, SIZE // 2))
        small = upper.resize((side, side), Image.Resampling.LANCZOS)
        files.append(encode(small, ("JPEG", "WEBP", "PNG")[number % 3], quality=60))
    return files


# Other services' identicons


def _hsl(hue: float, saturation: float, lightness: float) -> Color:
    red, green, blue = (int(255 * each + 0.5) for each in colorsys.hls_to_rgb(hue, lightness, saturation))
    return red, green, blue


def _grid(rng: random.Random) -> list[list[bool]]:
    while True:
        half = [[rng.random() < 0.5 for _ in range(3)] for _ in range(5)]
        rows = [[*row, row[1], row[0]] for row in half]
        if sum(map(sum, rows)) >= 4:
            return rows


def draw_cells(
    rows: list[list[bool]], side: int, margin: int, cell: int, overlap: int, ink: Color, paper: Color
) -> Image.Image:
    """Cells of `cell` pixels that are `overlap` larger than their pitch."""
    picture = Image.new("RGB", (side, side), paper)
    pen = ImageDraw.Draw(picture)
    for y, row in enumerate(rows):
        for x, painted in enumerate(row):
            if painted:
                left, top = margin + x * cell, margin + y * cell
                pen.rectangle((left, top, left + cell - 1 + overlap, top + cell - 1 + overlap), fill=ink)
    return picture


def identicon_js(rng: random.Random, side: int) -> Image.Image:
    """Drawn at its size: margin 8 %, saturation 0.7, lightness 0.5."""
    margin = int(side * 0.08)
    cell = (side - 2 * margin) // 5
    margin = (side - 5 * cell) // 2
    return draw_cells(_grid(rng), side, margin, cell, 0, _hsl(rng.random(), 0.7, 0.5), GITHUB_GREY)


def _github_color(rng: random.Random) -> Color:
    return _hsl(rng.randrange(4096) / 4095, 0.65 - rng.random() * 0.2, 0.75 - rng.random() * 0.2)


PYDENTICON = (
    (45, 79, 255),
    (254, 180, 44),
    (226, 121, 234),
    (30, 179, 253),
    (232, 77, 65),
    (49, 203, 115),
    (141, 69, 170),
)


def pydenticon(rng: random.Random, side: int) -> Image.Image:
    """Drawn at its size: background 240, margin of 1/12, the foregrounds of its documentation."""
    margin = round(side / 12)
    return draw_cells(_grid(rng), side, margin, (side - 2 * margin) // 5, 0, rng.choice(PYDENTICON), GITHUB_GREY)


def any_color(rng: random.Random, _: int) -> Image.Image:
    """Drawn at 420 pixels with GitHub's margin, cells of 70 pixels and any color, as several ports do."""
    ink = rng.randrange(256), rng.randrange(256), rng.randrange(256)
    return draw_cells(_grid(rng), SIZE, 35, 70, 0, ink, GITHUB_GREY)


def port(rng: random.Random, _: int) -> Image.Image:
    """A port of GitHub's formula that draws cells of 70 pixels."""
    return draw_cells(_grid(rng), SIZE, 35, 70, 0, _github_color(rng), GITHUB_GREY)


def native_port(rng: random.Random, side: int) -> Image.Image:
    """Drawn at its size with GitHub's color and a margin of 1/12."""
    margin = round(side / 12)
    return draw_cells(_grid(rng), side, margin, (side - 2 * margin) // 5, 0, _github_color(rng), GITHUB_GREY)


def other_margin(rng: random.Random, _: int) -> Image.Image:
    """GitHub's colors and overlap, shifted by one pixel."""
    return draw_cells(_grid(rng), SIZE, 34, 70, 1, _github_color(rng), GITHUB_GREY)


def impossible(background: int) -> Callable[[random.Random, int], Image.Image]:
    """GitHub's geometry with saturation 0.6, lightness 0.5."""

    def draw(rng: random.Random, _: int) -> Image.Image:
        paper = background, background, background
        return draw_cells(_grid(rng), SIZE, 35, 70, 1, _hsl(rng.random(), 0.6, 0.5), paper)

    return draw


def other_paper(background: int) -> Callable[[random.Random, int], Image.Image]:
    """GitHub's geometry and colors on another grey."""

    def draw(rng: random.Random, _: int) -> Image.Image:
        return draw_cells(_grid(rng), SIZE, 35, 70, 1, _github_color(rng), (background, background, background))

    return draw


SERVICES: dict[str, Callable[[random.Random, int], Image.Image]] = {
    "identicon.js": identicon_js,
    "pydenticon": pydenticon,
    "any color, 70-pixel cells": any_color,
    "70-pixel port": port,
    "port drawn at its size": native_port,
    "margin of 34 pixels": other_margin,
    **{f"impossible color on {level}": impossible(level) for level in (239, 240, 241)},
    **{f"possible color on {level}": other_paper(level) for level in (239, 241)},
}


def service(name: str, side: int, resampling: Image.Resampling, count: int, seed: int = 0) -> Iterator[bytes]:
    """Lossless identicons of another service."""
    rng = random.Random(seed)
    for _ in range(count):
        picture = SERVICES[name](rng, side)
        yield encode(picture if picture.width == side else picture.resize((side, side), resampling))
