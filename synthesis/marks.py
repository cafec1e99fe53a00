"""The marks that logos are made of. Each fills the canvas it is given, from -1 to 1, in the inks it is given."""

import math
from collections.abc import Callable
from typing import TypeAlias

from synthesis.canvas import Canvas, Dice, Inks, around, mix

Mark: TypeAlias = Callable[[Canvas, Dice, Inks], None]


def letter_in_disc(canvas: Canvas, dice: Dice, inks: Inks) -> None:
    """A letter cut out of a disc, sometimes with a ring about it."""
    canvas.disc(0, 0, 1, inks.second)
    if inks.second != inks.main:
        canvas.disc(0, 0, 0.9, inks.paper)
        canvas.disc(0, 0, 0.82, inks.main)
    canvas.text(0, 0, dice.letter(), dice.uniform(1.1, 1.5), inks.paper)


def letter_in_polygon(canvas: Canvas, dice: Dice, inks: Inks) -> None:
    """A letter on a hexagon, a pentagon, an octagon or a lozenge."""
    canvas.polygon(around(dice.choice((4, 5, 6, 6, 8))), inks.main)
    canvas.text(0, 0, dice.letter(), 1.1, inks.paper if inks.second == inks.main else inks.second)


def big_letter(canvas: Canvas, dice: Dice, inks: Inks) -> None:
    """A single letter that fills the mark, sometimes with a full stop of its own colour."""
    canvas.text(-0.1, 0, dice.letter(), dice.uniform(1.9, 2.5), inks.main)
    if dice.random() < 0.5:
        canvas.disc(0.85, 0.7, 0.16, inks.second)


def rings(canvas: Canvas, dice: Dice, inks: Inks) -> None:
    """Concentric rings, closed or open to one side."""
    count = dice.randint(2, 4)
    gap = dice.choice((0.0, 0.15, 0.25, 0.5))
    turn = dice.random()
    for number in range(count):
        radius = 1 - number * 0.9 / count
        ink = inks.main if number % 2 == 0 else inks.second
        canvas.part(0, 0, 1, turn * number).arc(0, 0, radius, 0.5 / count, ink, (gap / 2, 1 - gap / 2))
    canvas.disc(0, 0, 0.12, inks.second)


def signal(canvas: Canvas, dice: Dice, inks: Inks) -> None:
    """Waves that leave a point, as on a wireless logo."""
    corner = canvas.part(0, 0.75, 1)
    width, reach = dice.uniform(0.15, 0.3), dice.uniform(0.1, 0.16)
    for radius in (1.7, 1.2, 0.7):
        corner.arc(0, 0, radius, width, inks.main, (-reach, reach))
    corner.disc(0, -0.05, 0.24, inks.second)


def arrow(canvas: Canvas, dice: Dice, inks: Inks) -> None:
    """An arrow, alone or on a disc, in one of eight directions."""
    ink = inks.main
    if dice.random() < 0.5:
        canvas.disc(0, 0, 1, inks.main)
        ink = inks.paper if inks.second == inks.main else inks.second
        canvas = canvas.part(0, 0, 0.65)
    pointed = canvas.part(0, 0, 1, dice.randrange(8) / 8)
    pointed.polygon([(0, -1), (0.85, -0.1), (0.3, -0.1), (0.3, 1), (-0.3, 1), (-0.3, -0.1), (-0.85, -0.1)], ink)


def cube(canvas: Canvas, dice: Dice, inks: Inks) -> None:
    """A cube seen from its corner: a lozenge and two sides."""
    corners = around(6, 1.0)
    sides = [(inks.main, 5), (mix(inks.main, inks.second, 0.5), 1), (inks.second, 3)]
    shrink = dice.uniform(0.82, 0.95)
    for ink, first in sides:
        ax, ay = corners[first]
        bx, by = corners[(first + 1) % 6]
        cx, cy = corners[(first + 2) % 6]
        middle = ((ax + cx) / 2, (ay + cy) / 2)
        points = [(0.0, 0.0), (ax, ay), (bx, by), (cx, cy)]
        canvas.polygon(
            [(middle[0] + (x - middle[0]) * shrink, middle[1] + (y - middle[1]) * shrink) for x, y in points], ink
        )


def petals(canvas: Canvas, dice: Dice, inks: Inks) -> None:
    """Petals about a middle: a flower, a turbine or a sun."""
    count = dice.randint(3, 9)
    width = dice.uniform(0.5, 0.9) * 1.6 / count
    lean = dice.choice((0.0, 0.0, 0.09))
    for number in range(count):
        petal = canvas.part(0, 0, 1, number / count)
        ink = inks.main if number % 2 == 0 or count % 2 else inks.second
        petal.part(0, -0.55, 1, lean).disc(0, 0, width, ink, height=0.45)
    canvas.disc(0, 0, dice.uniform(0.08, 0.25), inks.second)


def rising_bars(canvas: Canvas, dice: Dice, inks: Inks) -> None:
    """Upright bars of different heights."""
    count = dice.randint(3, 6)
    pitch = 2 / count
    for number in range(count):
        left = -1 + number * pitch
        top = 1 - dice.uniform(0.3, 2.0)
        ink = inks.second if number == count - 1 else inks.main
        canvas.box(left, top, left + pitch * 0.7, 1, ink, corner=0.08)


def overlapping_discs(canvas: Canvas, dice: Dice, inks: Inks) -> None:
    """Two discs, and a third colour where they overlap."""
    tilted = canvas.part(0, 0, 1, dice.random())
    tilted.disc(-0.38, 0, 0.62, inks.main)
    tilted.disc(0.38, 0, 0.62, inks.second)
    blend = inks.paper if inks.main == inks.second else mix(inks.main, inks.second, 0.5)
    lens = [(x - 0.38, y) for x, y in around(120, 0.62) if (x - 0.76) ** 2 + y * y <= 0.62**2]
    mirrored = [(-x, -y) for x, y in lens]
    tilted.polygon(sorted(lens, key=lambda point: point[1]) + sorted(mirrored, key=lambda point: -point[1]), blend)


def crescent(canvas: Canvas, dice: Dice, inks: Inks) -> None:
    """A moon, and a star or dot within its bow."""
    tilted = canvas.part(0, 0, 1, dice.random())
    tilted.disc(0, 0, 1, inks.main)
    tilted.disc(0.35, 0, dice.uniform(0.65, 0.8), inks.paper)
    star(tilted.part(0.35, 0, 0.3), dice, Inks(inks.paper, inks.second, inks.second))


def bolt(canvas: Canvas, dice: Dice, inks: Inks) -> None:
    """A flash of lightning, alone or on a rounded square."""
    ink = inks.main
    if dice.random() < 0.5:
        canvas.box(-0.95, -0.95, 0.95, 0.95, inks.main, corner=0.35)
        ink = inks.paper if inks.second == inks.main else inks.second
        canvas = canvas.part(0, 0, 0.75)
    canvas.polygon([(0.25, -1), (-0.65, 0.15), (-0.05, 0.15), (-0.25, 1), (0.65, -0.2), (0.05, -0.2)], ink)


def star(canvas: Canvas, dice: Dice, inks: Inks) -> None:
    """A star of four to nine points."""
    count = dice.randint(4, 9)
    outer, inner = around(count, 1), around(count, dice.uniform(0.35, 0.6), 0.5 / count)
    canvas.polygon([point for pair in zip(outer, inner, strict=True) for point in pair], inks.main)


def shield(canvas: Canvas, dice: Dice, inks: Inks) -> None:
    """A shield with a tick or with one half in another colour."""
    right = [(0.0, -1.0), (0.8, -0.75), (0.8, 0.1), (0.6, 0.55), (0.0, 1.0)]
    canvas.polygon(right + [(-x, y) for x, y in reversed(right)], inks.main)
    if inks.second != inks.main and dice.random() < 0.6:
        canvas.polygon(right, inks.second)
    else:
        canvas.line([(-0.35, 0.0), (-0.08, 0.3), (0.4, -0.35)], 0.2, inks.paper)


def brackets(canvas: Canvas, dice: Dice, inks: Inks) -> None:
    """Angle or square brackets about a slash or a dot: code."""
    if dice.random() < 0.6:
        canvas.line([(-0.5, -0.6), (-1, 0), (-0.5, 0.6)], 0.2, inks.main)
        canvas.line([(0.5, -0.6), (1, 0), (0.5, 0.6)], 0.2, inks.main)
        canvas.line([(-0.2, 0.75), (0.2, -0.75)], 0.2, inks.second)
    else:
        canvas.line([(-0.5, -0.8), (-0.95, -0.8), (-0.95, 0.8), (-0.5, 0.8)], 0.22, inks.main)
        canvas.line([(0.5, -0.8), (0.95, -0.8), (0.95, 0.8), (0.5, 0.8)], 0.22, inks.main)
        canvas.disc(0, 0, 0.28, inks.second)


def nodes(canvas: Canvas, dice: Dice, inks: Inks) -> None:
    """Dots joined by lines: a network or a branch."""
    count = dice.randint(4, 6)
    points = [(x * dice.uniform(0.6, 0.85), y * dice.uniform(0.6, 0.85)) for x, y in around(count, 1, dice.random())]
    points.append((0.0, 0.0))
    for first, second in zip(points, points[1:] + points[:1], strict=True):
        canvas.line([first, second], 0.09, inks.main)
    for number, (x, y) in enumerate(points):
        canvas.disc(x, y, 0.2, inks.second if number % 2 else inks.main)


def peaks(canvas: Canvas, dice: Dice, inks: Inks) -> None:
    """Two mountains and a sun."""
    summit = dice.uniform(-0.5, 0.1)
    canvas.disc(0.6, -0.6, 0.25, inks.second)
    canvas.polygon([(-1, 0.8), (summit, -0.8), (summit + 1, 0.8)], inks.main)
    canvas.polygon([(0, 0.8), (0.55, -0.1), (1, 0.8)], mix(inks.main, inks.second, 0.5))


def bubble(canvas: Canvas, dice: Dice, inks: Inks) -> None:
    """A speech bubble with dots, lines or a letter in it."""
    canvas.box(-1, -0.8, 1, 0.5, inks.main, corner=0.3)
    canvas.polygon([(-0.6, 0.4), (-0.1, 0.45), (-0.7, 0.95)], inks.main)
    ink = inks.paper if inks.second == inks.main else inks.second
    kind = dice.randrange(3)
    if kind == 0:
        for x in (-0.5, 0.0, 0.5):
            canvas.disc(x, -0.15, 0.15, ink)
    elif kind == 1:
        for y in (-0.4, -0.15, 0.1):
            canvas.line([(-0.6, y), (dice.uniform(0.1, 0.6), y)], 0.1, ink)
    else:
        canvas.text(0, -0.15, dice.letter(), 1.0, ink)


def gear(canvas: Canvas, dice: Dice, inks: Inks) -> None:
    """A cog wheel."""
    teeth = dice.randint(6, 12)
    for number in range(teeth):
        canvas.part(0, 0, 1, number / teeth).box(-1.1 / teeth, -1, 1.1 / teeth, 0, inks.main)
    canvas.disc(0, 0, 0.78, inks.main)
    canvas.disc(0, 0, dice.uniform(0.3, 0.5), inks.paper)
    if inks.second != inks.main:
        canvas.disc(0, 0, 0.2, inks.second)


def heart(canvas: Canvas, dice: Dice, inks: Inks) -> None:
    """A heart."""
    angles = [2 * math.pi * step / 90 for step in range(90)]
    outline = [
        (
            math.sin(angle) ** 3,
            (5 * math.cos(2 * angle) + 2 * math.cos(3 * angle) + math.cos(4 * angle)) / 16 - 0.81 * math.cos(angle),
        )
        for angle in angles
    ]
    canvas.polygon(outline, inks.main)
    glint = inks.second if inks.second != inks.main else inks.paper
    canvas.disc(-0.45, -0.4, dice.uniform(0.1, 0.2), glint)


def linked_rings(canvas: Canvas, dice: Dice, inks: Inks) -> None:
    """Two rings, linked."""
    tilted = canvas.part(0, 0, 1, dice.random())
    width = dice.uniform(0.12, 0.25)
    tilted.arc(-0.38, 0, 0.6, width, inks.main)
    tilted.arc(0.38, 0, 0.6, width, inks.second)


def chevrons(canvas: Canvas, dice: Dice, inks: Inks) -> None:
    """Two or three chevrons, one behind the other."""
    pointed = canvas.part(0, 0, 1, dice.randrange(4) / 4)
    count = dice.randint(2, 3)
    for number in range(count):
        top = -0.9 + number * 1.3 / count
        ink = inks.second if number == 0 else inks.main
        pointed.line([(-0.75, top + 0.7), (0, top), (0.75, top + 0.7)], 0.25, ink)


def slices(canvas: Canvas, dice: Dice, inks: Inks) -> None:
    """A disc cut into slices, one of them missing or of another colour."""
    start = dice.random()
    cut = dice.uniform(0.15, 0.4)
    canvas.arc(0, 0, 1, 1, inks.main, (start, start + 1 - cut))
    if inks.second != inks.main:
        canvas.arc(0.06, -0.06, 0.85, 0.85, inks.second, (start + 1 - cut, start + 1))


def leaf(canvas: Canvas, dice: Dice, inks: Inks) -> None:
    """A leaf on its stalk."""
    tilted = canvas.part(0, 0, 1, dice.uniform(-0.15, 0.15))
    blade = [(0.55 * math.sin(math.pi * step / 30), -1 + 1.5 * step / 30) for step in range(31)]
    tilted.polygon(
        blade + [(-0.55 * math.sin(math.pi * step / 30), 0.5 - 1.5 * step / 30) for step in range(31)], inks.main
    )
    tilted.line([(0, -0.5), (0, 1)], 0.1, inks.second)
    tilted.line([(0, 0.0), (0.25, -0.25)], 0.07, inks.paper)
    tilted.line([(0, 0.2), (-0.25, -0.05)], 0.07, inks.paper)


def swirl(canvas: Canvas, dice: Dice, inks: Inks) -> None:
    """A spiral."""
    turns = dice.uniform(1.5, 3.5)
    steps = 160
    points = []
    for step in range(steps + 1):
        angle = 2 * math.pi * turns * step / steps
        points.append((0.9 * step / steps * math.cos(angle), 0.9 * step / steps * math.sin(angle)))
    canvas.line(points, 0.5 / turns, inks.main)
    canvas.disc(0, 0, 0.3 / turns, inks.second)


MARKS: tuple[Mark, ...] = (
    letter_in_disc,
    cube,
    arrow,
    rings,
    petals,
    letter_in_polygon,
    crescent,
    brackets,
    overlapping_discs,
    gear,
    shield,
    nodes,
    big_letter,
    swirl,
    bolt,
    bubble,
    chevrons,
    peaks,
    slices,
    leaf,
    linked_rings,
    heart,
    signal,
    star,
    rising_bars,
)
