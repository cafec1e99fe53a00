"""Grids of cells that are nearly, but never quite, GitHub's identicons: the hard ones.

A pattern is a list of rows; each cell holds 0 for empty, or 1 or 2 for the ink it is painted with.
"""

from collections.abc import Callable
from typing import TypeAlias

from PIL import Image, ImageDraw

from github_avatars.identicon import GITHUB_GREY, SIZE
from synthesis.canvas import BLACK, NEAR_GREYS, WHITE, Canvas, Color, Dice, Encoded, Inks, around, jpeg, mix, png

Pattern: TypeAlias = list[list[int]]
Tile: TypeAlias = Callable[[Canvas, Color], None]

GITHUB_MARGIN = 35


def scattered(dice: Dice, columns: int, rows: int, inks: int = 1) -> Pattern:
    """A pattern without any symmetry asked for, about half painted."""
    return [[dice.randint(1, inks) if dice.random() < 0.5 else 0 for _ in range(columns)] for _ in range(rows)]


def mirrored(dice: Dice, columns: int, rows: int, inks: int = 1) -> Pattern:
    """A pattern whose right half mirrors its left one, with cells painted and cells empty."""
    while True:
        half = scattered(dice, (columns + 1) // 2, rows, inks)
        pattern = [row + row[: columns // 2][::-1] for row in half]
        if 0.3 < sum(cell > 0 for row in pattern for cell in row) / (columns * rows) < 0.75:
            return pattern


def lopsidedness(pattern: Pattern) -> int:
    """How many pairs of cells that would mirror each other differ."""
    return sum(cell != other for row in pattern for cell, other in zip(row, reversed(row), strict=True)) // 2


def squares(pattern: Pattern, size: int, margin: int, inks: Inks) -> Image.Image:
    """The pattern in plain squares that overlap their neighbours by a pixel, as GitHub's do."""
    picture = Image.new("RGB", (size, size), inks.paper)
    draw = ImageDraw.Draw(picture)
    cell = (size - 2 * margin) / len(pattern)
    for row, cells in enumerate(pattern):
        for column, ink in enumerate(cells):
            if ink:
                left, top = round(margin + column * cell), round(margin + row * cell)
                right, bottom = round(margin + (column + 1) * cell), round(margin + (row + 1) * cell)
                draw.rectangle((left, top, right, bottom), fill=inks[ink])
    return picture


def tiled(pattern: Pattern, size: int, margin: float, inks: Inks, tile: Tile) -> Image.Image:
    """The pattern in antialiased tiles; `margin` is a share of the half side."""
    canvas = Canvas(size, inks.paper)
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
    lambda part, ink: part.polygon(around(4, 1.0), ink),
    lambda part, ink: part.disc(0, 0, 0.65, ink),
    lambda part, ink: part.arc(0, 0, 0.92, 0.4, ink),
    lambda part, ink: part.polygon(around(6, 1.05), ink),
    lambda part, ink: part.polygon([(-0.9, 0.9), (0, -0.9), (0.9, 0.9)], ink),
)


def _on_grey(dice: Dice) -> Inks:
    """GitHub's own colours, and for a second ink the first one a third of the colour circle on."""
    red, green, blue = dice.identicon_ink()
    return Inks(GITHUB_GREY, (red, green, blue), (green, blue, red))


def asymmetric(dice: Dice) -> Encoded:
    """Five by five in GitHub's geometry and colours, but clearly not mirrored."""
    pattern = scattered(dice, 5, 5)
    while lopsidedness(pattern) < 4:
        pattern = scattered(dice, 5, 5)
    return png(squares(pattern, SIZE, GITHUB_MARGIN, _on_grey(dice)))


def upside(dice: Dice) -> Encoded:
    """Mirrored top to bottom instead of left to right, otherwise GitHub's."""
    pattern = mirrored(dice, 5, 5)
    while lopsidedness(turned(pattern)) < 4:
        pattern = mirrored(dice, 5, 5)
    return png(squares(turned(pattern), SIZE, GITHUB_MARGIN, _on_grey(dice)))


def turned(pattern: Pattern) -> Pattern:
    """The pattern after a quarter turn."""
    return [list(row) for row in zip(*pattern[::-1], strict=True)]


def pinwheel(dice: Dice) -> Encoded:
    """The same after each quarter turn, and not mirrored."""
    count = dice.each((6, 5, 8, 7))
    pattern = _whirled(dice, count)
    while lopsidedness(pattern) < 4:
        pattern = _whirled(dice, count)
    margin = GITHUB_MARGIN if count == 5 else dice.choice((0, 30, 36, 60))
    return png(squares(pattern, SIZE, margin, _on_grey(dice)))


def _whirled(dice: Dice, count: int) -> Pattern:
    """A pattern that a quarter turn leaves as it is, painted outside its middle only.

    Arms that met in the middle could make a hooked cross, which no example should show.
    """
    pattern = [[0] * count for _ in range(count)]
    middle = (count - 1) / 2
    for row in range((count + 1) // 2):
        for column in range(count // 2):
            painted = dice.random() < 0.6 and abs(row - middle) + abs(column - middle) > count * 0.3
            x, y = column, row
            for _ in range(4):
                pattern[y][x] = int(painted)
                x, y = count - 1 - y, x
    return pattern


def other_margin(dice: Dice) -> Encoded:
    """Five by five, mirrored, one colour on GitHub grey, but up to the edges or in a wide frame."""
    size = dice.choice((420, 460, 400, 200))
    margin = round(size * dice.each((0.0, 0.2, 0.0, 0.25, 0.3, 0.16)))
    return png(squares(mirrored(dice, 5, 5), size, margin, _on_grey(dice)))


def other_background(dice: Dice) -> Encoded:
    """GitHub's pattern and geometry on white, black or a colour."""
    papers = (WHITE, BLACK, dice.pastel(), (30, 34, 42), dice.vivid(), WHITE, (214, 214, 214), dice.dark())
    paper = dice.each(papers)
    ink = dice.identicon_ink() if sum(paper) > 600 or sum(paper) < 200 else dice.choice((WHITE, BLACK))
    size = dice.choice((420, 420, 460, 256))
    margin = round(size / 12)
    return png(squares(mirrored(dice, 5, 5), size, margin, Inks(paper, ink, ink)))


def many_colors(dice: Dice) -> Encoded:
    """GitHub's pattern and geometry in two colours."""
    pattern = mirrored(dice, 5, 5, inks=2)
    while not {1, 2} <= {cell for row in pattern for cell in row}:
        pattern = mirrored(dice, 5, 5, inks=2)
    return png(squares(pattern, SIZE, GITHUB_MARGIN, _on_grey(dice)))


def other_count(dice: Dice) -> Encoded:
    """Mirrored and on GitHub grey, but with three, four, six, seven, nine or ten cells to the side."""
    count = dice.each((4, 7, 6, 3, 9, 10))
    size = dice.choice((420, 420, 460))
    margin = round(size * dice.choice((0.0, 1 / 12, 1 / 12, 0.1)))
    return png(squares(mirrored(dice, count, count), size, margin, _on_grey(dice)))


def tiles(dice: Dice) -> Encoded:
    """Five by five, mirrored, on GitHub grey, of dots, rounded squares, lozenges or squares with gaps."""
    size = dice.choice((420, 460))
    margin = dice.choice((1 / 6, 1 / 6, 0.0, 0.1))
    return png(tiled(mirrored(dice, 5, 5), size, margin, _on_grey(dice), dice.each(TILES)))


def eights(dice: Dice) -> Encoded:
    """Eight by eight, mirrored, as other services draw them, in one or two colours on white, grey or GitHub grey."""
    paper = dice.each((WHITE, GITHUB_GREY, *NEAR_GREYS, BLACK))
    inks = Inks(paper, dice.vivid(), dice.choice((dice.vivid(), BLACK)))
    pattern = mirrored(dice, 8, 8, inks=dice.choice((1, 2)))
    return png(squares(pattern, dice.choice((400, 256, 460, 184)), dice.choice((0, 0, 16)), inks))


def triangles(dice: Dice) -> Encoded:
    """Four by four in triangles, lozenges and squares that turn about the middle."""
    paper = dice.each((GITHUB_GREY, WHITE, GITHUB_GREY, NEAR_GREYS[0]))
    hue = dice.vivid()
    inks = (hue, mix(hue, WHITE, 0.45), (90, 90, 90))
    shapes: tuple[Tile, ...] = (
        lambda part, ink: part.polygon([(-1, -1), (1, -1), (1, 1)], ink),
        lambda part, ink: part.polygon([(-1, 1), (0, -1), (1, 1)], ink),
        lambda part, ink: part.polygon(around(4, 1.0), ink),
        lambda part, ink: part.polygon([(-1, -1), (1, -0.2), (-0.2, 1)], ink),
        lambda part, ink: part.box(-0.6, -0.6, 1, 1, ink),
        lambda part, ink: part.disc(0, 0, 0.7, ink),
    )
    canvas = Canvas(dice.choice((460, 420, 256)), paper)
    field = canvas.part(0, 0, dice.choice((0.84, 0.9, 1.0)))
    groups = (((-0.25, -0.75), (0.25, -0.75)), ((-0.75, -0.75),), ((-0.25, -0.25),))
    for places in groups:
        shape, ink, turn = dice.choice(shapes), dice.choice(inks), dice.randrange(4)
        for quarter in range(4):
            for x, y in places:
                shape(field.part(0, 0, 1, quarter / 4).part(x, y, 0.25, turn / 4), ink)
    return png(canvas.picture())


def overdrawn(dice: Dice) -> Encoded:
    """A default avatar that somebody made their own: a badge, a band, a face or a cross over its middle."""
    base = squares(mirrored(dice, 5, 5), SIZE, GITHUB_MARGIN, _on_grey(dice))
    canvas = Canvas(SIZE, GITHUB_GREY)
    canvas.backdrop(base)
    ink = dice.choice((dice.vivid(), dice.dark(), BLACK))
    inks = Inks(dice.choice((WHITE, (255, 221, 51), dice.pastel())), ink, ink)
    dice.each((_badge, _band, _face, _cross, _tick, _grin))(canvas, dice, inks)
    picture = canvas.picture()
    return jpeg(picture, 90) if dice.random() < 0.25 else png(picture)


def _badge(canvas: Canvas, dice: Dice, inks: Inks) -> None:
    radius = dice.uniform(0.5, 0.7)
    canvas.disc(0, 0, radius, inks.paper)
    canvas.disc(0, 0, radius * 0.88, inks.main)
    canvas.text(0, 0, dice.letter(), radius * 1.4, inks.paper)


def _band(canvas: Canvas, dice: Dice, inks: Inks) -> None:
    tilted = canvas.part(0, 0, 1, dice.choice((0.0, -0.1, 0.1)))
    tilted.box(-1.5, -0.35, 1.5, 0.35, inks.main)
    words = dice.choice(("HELLO", "2.0", "ME!", "DEV", "BETA", "OPS", "<3", "BOT"))
    canvas.text(0, 0, words, 0.5, inks.paper)


def _face(canvas: Canvas, dice: Dice, inks: Inks) -> None:
    canvas.disc(0, 0, dice.uniform(0.55, 0.72), inks.paper)
    for x in (-0.22, 0.22):
        canvas.disc(x, -0.15, 0.09, (40, 40, 40), height=0.14)
    canvas.arc(0, 0.05, 0.36, 0.08, (40, 40, 40), (0.3, 0.7))


def _cross(canvas: Canvas, dice: Dice, inks: Inks) -> None:
    reach = dice.uniform(0.75, 0.9)
    for line in ([(-reach, -reach), (reach, reach)], [(-reach, reach), (reach, -reach)]):
        canvas.line(line, dice.uniform(0.25, 0.32), inks.main)


def _tick(canvas: Canvas, dice: Dice, inks: Inks) -> None:
    corner = canvas.part(dice.choice((-0.25, 0.25)), dice.choice((-0.25, 0.25)), dice.uniform(0.6, 0.7))
    corner.disc(0, 0, 1, inks.paper)
    corner.disc(0, 0, 0.9, inks.main)
    corner.line([(-0.45, 0.03), (-0.15, 0.33), (0.45, -0.36)], 0.22, inks.paper)


def _grin(canvas: Canvas, dice: Dice, inks: Inks) -> None:
    stare = dice.uniform(-0.15, 0.15)
    for x in (-0.42, 0.42):
        canvas.disc(x, -0.3, 0.36, WHITE)
        canvas.arc(x, -0.3, 0.36, 0.05, BLACK)
        canvas.disc(x + stare, -0.25, 0.15, BLACK)
    canvas.arc(0, 0.15, 0.62, 0.62, inks.main, (0.25, 0.75))
    canvas.box(-0.5, 0.15, 0.5, 0.3, WHITE)
