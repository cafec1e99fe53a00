"""Grids of cells that resemble GitHub's identicons, but never equal one.

A pattern is a list of rows. A cell is 0 if it is empty, or the index in Inks (1 or 2) of the color it is painted in.
"""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from PIL import Image, ImageDraw

from github_avatars.identicon import GITHUB_GREY, SIZE
from synthesis.canvas import BLACK, NEAR_GREYS, WHITE, Canvas, Color, Encoded, Inks, Rng, circle_points, jpeg, mix, png

Pattern: TypeAlias = list[list[int]]
Tile: TypeAlias = Callable[[Canvas, Color], None]

GITHUB_MARGIN = 35


def random_pattern(rng: Rng, columns: int, rows: int, inks: int = 1) -> Pattern:
    """Return a random pattern, about half of whose cells are painted."""
    return [[rng.randint(1, inks) if rng.random() < 0.5 else 0 for _ in range(columns)] for _ in range(rows)]


def mirrored_pattern(rng: Rng, columns: int, rows: int, inks: int = 1) -> Pattern:
    """Return a random pattern whose right half mirrors its left half, with 30 to 75 % of its cells painted."""
    while True:
        half = random_pattern(rng, (columns + 1) // 2, rows, inks)
        pattern = [row + row[: columns // 2][::-1] for row in half]
        if 0.3 < sum(cell > 0 for row in pattern for cell in row) / (columns * rows) < 0.75:
            return pattern


def asymmetry(pattern: Pattern) -> int:
    """Count the pairs of cells in mirrored positions that differ."""
    return sum(cell != other for row in pattern for cell, other in zip(row, reversed(row), strict=True)) // 2


def squares(
    pattern: Pattern, size: int, margin: int, inks: Inks, cell: float | None = None, overlap: int = 1
) -> Image.Image:
    """Draw a pattern as plain squares that overlap their neighbors by one pixel, as in GitHub's identicons.

    `cell` is the pitch of the squares; without it, the margin is the same on all sides.
    """
    picture = Image.new("RGB", (size, size), inks.background)
    draw = ImageDraw.Draw(picture)
    if cell is None:
        cell = (size - 2 * margin) / len(pattern)
    for row, cells in enumerate(pattern):
        for column, ink in enumerate(cells):
            if ink:
                left, top = round(margin + column * cell), round(margin + row * cell)
                right, bottom = round(margin + (column + 1) * cell), round(margin + (row + 1) * cell)
                draw.rectangle((left, top, right - 1 + overlap, bottom - 1 + overlap), fill=inks[ink])
    return picture


def tiled(pattern: Pattern, size: int, margin: float, inks: Inks, tile: Tile) -> Image.Image:
    """Draw a pattern as antialiased tiles. `margin` is a share of half the side."""
    canvas = Canvas(size, inks.background)
    half = (1 - margin) / len(pattern)
    for row, cells in enumerate(pattern):
        for column, ink in enumerate(cells):
            if ink:
                x, y = margin - 1 + half * (2 * column + 1), margin - 1 + half * (2 * row + 1)
                tile(canvas.part(x, y, half), inks[ink])
    return canvas.picture()


TILES: tuple[Tile, ...] = (
    lambda part, ink: part.disc(0, 0, 0.95, ink),
    lambda part, ink: part.box(-0.88, -0.88, 0.88, 0.88, ink, corner=0.55),
    lambda part, ink: part.box(-0.72, -0.72, 0.72, 0.72, ink),
    lambda part, ink: part.polygon(circle_points(4, 1.0), ink),
    lambda part, ink: part.disc(0, 0, 0.65, ink),
    lambda part, ink: part.arc(0, 0, 0.92, 0.4, ink),
    lambda part, ink: part.polygon(circle_points(6, 1.05), ink),
    lambda part, ink: part.polygon([(-0.9, 0.9), (0, -0.9), (0.9, 0.9)], ink),
)


def _on_grey(rng: Rng) -> Inks:
    """Return GitHub grey and two identicon colors whose hues are a third of the color circle apart."""
    red, green, blue = rng.identicon_ink()
    return Inks(GITHUB_GREY, (red, green, blue), (green, blue, red))


def asymmetric(rng: Rng) -> Encoded:
    """Five by five cells in GitHub's geometry and colors, but not mirrored."""
    pattern = random_pattern(rng, 5, 5)
    while asymmetry(pattern) < 4:
        pattern = random_pattern(rng, 5, 5)
    return png(squares(pattern, SIZE, GITHUB_MARGIN, _on_grey(rng)))


def upside(rng: Rng) -> Encoded:
    """GitHub's geometry and colors, but mirrored top to bottom instead of left to right."""
    pattern = mirrored_pattern(rng, 5, 5)
    while asymmetry(rotated(pattern)) < 4:
        pattern = mirrored_pattern(rng, 5, 5)
    return png(squares(rotated(pattern), SIZE, GITHUB_MARGIN, _on_grey(rng)))


def rotated(pattern: Pattern) -> Pattern:
    """Rotate a pattern by a quarter turn."""
    return [list(row) for row in zip(*pattern[::-1], strict=True)]


def pinwheel(rng: Rng) -> Encoded:
    """A pattern with four-fold rotational symmetry and no mirror symmetry."""
    count = rng.cycle((6, 5, 8, 7))
    pattern = _rotationally_symmetric(rng, count)
    while asymmetry(pattern) < 4:
        pattern = _rotationally_symmetric(rng, count)
    margin = GITHUB_MARGIN if count == 5 else rng.choice((0, 30, 36, 60))
    return png(squares(pattern, SIZE, margin, _on_grey(rng)))


def _rotationally_symmetric(rng: Rng, count: int) -> Pattern:
    """Return a pattern that a quarter turn leaves unchanged, with an empty middle.

    Arms that meet in the middle could form a swastika.
    """
    pattern = [[0] * count for _ in range(count)]
    middle = (count - 1) / 2
    for row in range((count + 1) // 2):
        for column in range(count // 2):
            painted = rng.random() < 0.6 and abs(row - middle) + abs(column - middle) > count * 0.3
            x, y = column, row
            for _ in range(4):
                pattern[y][x] = int(painted)
                x, y = count - 1 - y, x
    return pattern


def other_margin(rng: Rng) -> Encoded:
    """Five by five mirrored cells in one color on GitHub grey, but without a margin or with a wide one."""
    size = rng.choice((420, 460, 400, 200))
    margin = round(size * rng.cycle((0.0, 0.2, 0.0, 0.25, 0.3, 0.16)))
    return png(squares(mirrored_pattern(rng, 5, 5), size, margin, _on_grey(rng)))


def other_background(rng: Rng) -> Encoded:
    """GitHub's pattern and geometry on white, black or a color."""
    backgrounds = (WHITE, BLACK, rng.pastel(), (30, 34, 42), rng.vivid(), WHITE, (214, 214, 214), rng.dark())
    background = rng.cycle(backgrounds)
    ink = rng.identicon_ink() if sum(background) > 600 or sum(background) < 200 else rng.choice((WHITE, BLACK))
    size = rng.choice((420, 420, 460, 256))
    margin = round(size / 12)
    return png(squares(mirrored_pattern(rng, 5, 5), size, margin, Inks(background, ink, ink)))


def many_colors(rng: Rng) -> Encoded:
    """GitHub's pattern and geometry in two colors."""
    pattern = mirrored_pattern(rng, 5, 5, inks=2)
    while not {1, 2} <= {cell for row in pattern for cell in row}:
        pattern = mirrored_pattern(rng, 5, 5, inks=2)
    return png(squares(pattern, SIZE, GITHUB_MARGIN, _on_grey(rng)))


def other_count(rng: Rng) -> Encoded:
    """A mirrored pattern on GitHub grey with three, four, six, seven, nine or ten cells per side."""
    count = rng.cycle((4, 7, 6, 3, 9, 10))
    size = rng.choice((420, 420, 460))
    margin = round(size * rng.choice((0.0, 1 / 12, 1 / 12, 0.1)))
    return png(squares(mirrored_pattern(rng, count, count), size, margin, _on_grey(rng)))


def tiles(rng: Rng) -> Encoded:
    """Five by five mirrored cells on GitHub grey, drawn as TILES instead of squares."""
    size = rng.choice((420, 460))
    margin = rng.choice((1 / 6, 1 / 6, 0.0, 0.1))
    return png(tiled(mirrored_pattern(rng, 5, 5), size, margin, _on_grey(rng), rng.cycle(TILES)))


def eights(rng: Rng) -> Encoded:
    """Eight by eight mirrored cells in one or two colors, like the identicons of other services."""
    background = rng.cycle((WHITE, GITHUB_GREY, *NEAR_GREYS, BLACK))
    inks = Inks(background, rng.vivid(), rng.choice((rng.vivid(), BLACK)))
    pattern = mirrored_pattern(rng, 8, 8, inks=rng.choice((1, 2)))
    return png(squares(pattern, rng.choice((400, 256, 460, 184)), rng.choice((0, 0, 16)), inks))


def triangles(rng: Rng) -> Encoded:
    """Four by four cells of triangles, diamonds, squares and discs, with four-fold rotational symmetry."""
    background = rng.cycle((GITHUB_GREY, WHITE, GITHUB_GREY, NEAR_GREYS[0]))
    hue = rng.vivid()
    inks = (hue, mix(hue, WHITE, 0.45), (90, 90, 90))
    shapes: tuple[Tile, ...] = (
        lambda part, ink: part.polygon([(-1, -1), (1, -1), (1, 1)], ink),
        lambda part, ink: part.polygon([(-1, 1), (0, -1), (1, 1)], ink),
        lambda part, ink: part.polygon(circle_points(4, 1.0), ink),
        lambda part, ink: part.polygon([(-1, -1), (1, -0.2), (-0.2, 1)], ink),
        lambda part, ink: part.box(-0.6, -0.6, 1, 1, ink),
        lambda part, ink: part.disc(0, 0, 0.7, ink),
    )
    canvas = Canvas(rng.choice((460, 420, 256)), background)
    field = canvas.part(0, 0, rng.choice((0.84, 0.9, 1.0)))
    groups = (((-0.25, -0.75), (0.25, -0.75)), ((-0.75, -0.75),), ((-0.25, -0.25),))
    for places in groups:
        shape, ink, turn = rng.choice(shapes), rng.choice(inks), rng.randrange(4)
        for quarter in range(4):
            for x, y in places:
                shape(field.part(0, 0, 1, quarter / 4).part(x, y, 0.25, turn / 4), ink)
    return png(canvas.picture())


class Layout(NamedTuple):
    """Where a library draws five by five cells, in pixels. The cells do not overlap, unlike GitHub's."""

    size: int
    margin: int
    cell: int


def identicon_js(size: int) -> Layout:
    """Return the layout of identicon.js (also of tinydenticon) with its default margin, 8 %."""
    cell = (size - 2 * int(size * 0.08)) // 5
    return Layout(size, (size - 5 * cell) // 2, cell)


PORT = Layout(SIZE, GITHUB_MARGIN, 70)
"""Ports of GitHub's formula, identiconify, and identicon.js and pydenticon at 420 pixels."""

CUSTOMIDENTICON = Layout(200, 25, 30)

LAYOUTS = (PORT, identicon_js(128), CUSTOMIDENTICON, Layout(240, 20, 40), identicon_js(64), identicon_js(256))
"""The layouts of identicon.js, customidenticon and pydenticon; the last with a margin of a twelfth."""


def service(rng: Rng) -> Encoded:
    """An identicon as a library for other services draws it by default, on GitHub grey."""
    layout = rng.cycle(LAYOUTS)
    ink = rng.vivid() if rng.number % 4 == 3 else rng.color((0.7, 0.7), (0.5, 0.5))
    if layout is CUSTOMIDENTICON:
        ink = mix(GITHUB_GREY, tuple(rng.randrange(256) for _ in range(3)), 140 / 255)
    return _without_overlap(rng, layout, ink)


def port(rng: Rng) -> Encoded:
    """An identicon in a color that GitHub uses, but with cells that do not overlap."""
    return _without_overlap(rng, rng.cycle((PORT, PORT, identicon_js(128), PORT)), rng.identicon_ink())


def _without_overlap(rng: Rng, layout: Layout, ink: Color) -> Encoded:
    size, margin, cell = layout
    return png(squares(mirrored_pattern(rng, 5, 5), size, margin, Inks(GITHUB_GREY, ink, ink), cell, overlap=0))


def impossible_color(rng: Rng) -> Encoded:
    """GitHub's pattern and geometry in a color that GitHub does not use, on GitHub grey or one level beside it."""
    background = rng.cycle((GITHUB_GREY, NEAR_GREYS[0], GITHUB_GREY, NEAR_GREYS[1]))
    ink = rng.color((0.6, 0.6), (0.5, 0.5))
    return png(squares(mirrored_pattern(rng, 5, 5), SIZE, GITHUB_MARGIN, Inks(background, ink, ink)))


def light_background(rng: Rng) -> Encoded:
    """Five by five mirrored cells in one color on white or a light grey, with a small margin, a wide one or none."""
    background = rng.cycle((WHITE, (246,) * 3, WHITE, (232,) * 3))
    size = rng.choice((460, 400, 256, 200))
    margin = round(size * rng.cycle((0.0, 0.0, 0.05, 0.2, 0.25, 0.0, 0.15, 0.25)))
    ink = rng.choice((rng.vivid(), rng.identicon_ink(), rng.dark()))
    return png(squares(mirrored_pattern(rng, 5, 5), size, margin, Inks(background, ink, ink)))


def overdrawn(rng: Rng) -> Encoded:
    """An identicon with a badge, a band, a face, a cross or a tick drawn over its middle."""
    base = squares(mirrored_pattern(rng, 5, 5), SIZE, GITHUB_MARGIN, _on_grey(rng))
    canvas = Canvas(SIZE, GITHUB_GREY)
    canvas.backdrop(base)
    ink = rng.choice((rng.vivid(), rng.dark(), BLACK))
    inks = Inks(rng.choice((WHITE, (255, 221, 51), rng.pastel())), ink, ink)
    rng.cycle((_badge, _band, _face, _cross, _tick, _grin))(canvas, rng, inks)
    picture = canvas.picture()
    return jpeg(picture, 90) if rng.random() < 0.25 else png(picture)


def _badge(canvas: Canvas, rng: Rng, inks: Inks) -> None:
    radius = rng.uniform(0.5, 0.7)
    canvas.disc(0, 0, radius, inks.background)
    canvas.disc(0, 0, radius * 0.88, inks.main)
    canvas.text(0, 0, rng.letter(), radius * 1.4, inks.background)


def _band(canvas: Canvas, rng: Rng, inks: Inks) -> None:
    tilted = canvas.part(0, 0, 1, rng.choice((0.0, -0.1, 0.1)))
    tilted.box(-1.5, -0.35, 1.5, 0.35, inks.main)
    words = rng.choice(("HELLO", "2.0", "ME!", "DEV", "BETA", "OPS", "<3", "BOT"))
    canvas.text(0, 0, words, 0.5, inks.background)


def _face(canvas: Canvas, rng: Rng, inks: Inks) -> None:
    canvas.disc(0, 0, rng.uniform(0.55, 0.72), inks.background)
    for x in (-0.22, 0.22):
        canvas.disc(x, -0.15, 0.09, (40, 40, 40), height=0.14)
    canvas.arc(0, 0.05, 0.36, 0.08, (40, 40, 40), (0.3, 0.7))


def _cross(canvas: Canvas, rng: Rng, inks: Inks) -> None:
    extent = rng.uniform(0.75, 0.9)
    for line in ([(-extent, -extent), (extent, extent)], [(-extent, extent), (extent, -extent)]):
        canvas.line(line, rng.uniform(0.25, 0.32), inks.main)


def _tick(canvas: Canvas, rng: Rng, inks: Inks) -> None:
    corner = canvas.part(rng.choice((-0.25, 0.25)), rng.choice((-0.25, 0.25)), rng.uniform(0.6, 0.7))
    corner.disc(0, 0, 1, inks.background)
    corner.disc(0, 0, 0.9, inks.main)
    corner.line([(-0.45, 0.03), (-0.15, 0.33), (0.45, -0.36)], 0.22, inks.background)


def _grin(canvas: Canvas, rng: Rng, inks: Inks) -> None:
    stare = rng.uniform(-0.15, 0.15)
    for x in (-0.42, 0.42):
        canvas.disc(x, -0.3, 0.36, WHITE)
        canvas.arc(x, -0.3, 0.36, 0.05, BLACK)
        canvas.disc(x + stare, -0.25, 0.15, BLACK)
    canvas.arc(0, 0.15, 0.62, 0.62, inks.main, (0.25, 0.75))
    canvas.box(-0.5, 0.15, 0.5, 0.3, WHITE)
