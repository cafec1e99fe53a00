"""The marks of logos. Each function fills a canvas, from -1 to 1, in the given colors; see MARKS."""

import math
from collections.abc import Callable
from typing import TypeAlias

from synthesis.canvas import Canvas, Inks, Rng, circle_points, mix

Mark: TypeAlias = Callable[[Canvas, Rng, Inks], None]


def _letter_in_disc(canvas: Canvas, rng: Rng, inks: Inks) -> None:
    canvas.disc(0, 0, 1, inks.second)
    if inks.second != inks.main:
        canvas.disc(0, 0, 0.9, inks.background)
        canvas.disc(0, 0, 0.82, inks.main)
    canvas.text(0, 0, rng.letter(), rng.uniform(1.1, 1.5), inks.background)


def _letter_in_polygon(canvas: Canvas, rng: Rng, inks: Inks) -> None:
    canvas.polygon(circle_points(rng.choice((4, 5, 6, 6, 8))), inks.main)
    canvas.text(0, 0, rng.letter(), 1.1, inks.background if inks.second == inks.main else inks.second)


def _big_letter(canvas: Canvas, rng: Rng, inks: Inks) -> None:
    canvas.text(-0.1, 0, rng.letter(), rng.uniform(1.9, 2.5), inks.main)
    if rng.random() < 0.5:
        canvas.disc(0.85, 0.7, 0.16, inks.second)


def _rings(canvas: Canvas, rng: Rng, inks: Inks) -> None:
    count = rng.randint(2, 4)
    gap = rng.choice((0.0, 0.15, 0.25, 0.5))
    turn = rng.random()
    for number in range(count):
        radius = 1 - number * 0.9 / count
        ink = inks.main if number % 2 == 0 else inks.second
        canvas.part(0, 0, 1, turn * number).arc(0, 0, radius, 0.5 / count, ink, (gap / 2, 1 - gap / 2))
    canvas.disc(0, 0, 0.12, inks.second)


def _signal(canvas: Canvas, rng: Rng, inks: Inks) -> None:
    corner = canvas.part(0, 0.75, 1)
    width, extent = rng.uniform(0.15, 0.3), rng.uniform(0.1, 0.16)
    for radius in (1.7, 1.2, 0.7):
        corner.arc(0, 0, radius, width, inks.main, (-extent, extent))
    corner.disc(0, -0.05, 0.24, inks.second)


def _arrow(canvas: Canvas, rng: Rng, inks: Inks) -> None:
    ink = inks.main
    if rng.random() < 0.5:
        canvas.disc(0, 0, 1, inks.main)
        ink = inks.background if inks.second == inks.main else inks.second
        canvas = canvas.part(0, 0, 0.65)
    pointed = canvas.part(0, 0, 1, rng.randrange(8) / 8)
    pointed.polygon([(0, -1), (0.85, -0.1), (0.3, -0.1), (0.3, 1), (-0.3, 1), (-0.3, -0.1), (-0.85, -0.1)], ink)


def _cube(canvas: Canvas, rng: Rng, inks: Inks) -> None:
    corners = circle_points(6, 1.0)
    sides = [(inks.main, 5), (mix(inks.main, inks.second, 0.5), 1), (inks.second, 3)]
    shrink = rng.uniform(0.82, 0.95)
    for ink, first in sides:
        ax, ay = corners[first]
        bx, by = corners[(first + 1) % 6]
        cx, cy = corners[(first + 2) % 6]
        middle = ((ax + cx) / 2, (ay + cy) / 2)
        points = [(0.0, 0.0), (ax, ay), (bx, by), (cx, cy)]
        canvas.polygon(
            [(middle[0] + (x - middle[0]) * shrink, middle[1] + (y - middle[1]) * shrink) for x, y in points], ink
        )


def _petals(canvas: Canvas, rng: Rng, inks: Inks) -> None:
    count = rng.randint(3, 9)
    width = rng.uniform(0.5, 0.9) * 1.6 / count
    lean = rng.choice((0.0, 0.0, 0.09))
    for number in range(count):
        petal = canvas.part(0, 0, 1, number / count)
        ink = inks.main if number % 2 == 0 or count % 2 else inks.second
        petal.part(0, -0.55, 1, lean).disc(0, 0, width, ink, height=0.45)
    canvas.disc(0, 0, rng.uniform(0.08, 0.25), inks.second)


def _rising_bars(canvas: Canvas, rng: Rng, inks: Inks) -> None:
    count = rng.randint(3, 6)
    pitch = 2 / count
    for number in range(count):
        left = -1 + number * pitch
        top = 1 - rng.uniform(0.3, 2.0)
        ink = inks.second if number == count - 1 else inks.main
        canvas.box(left, top, left + pitch * 0.7, 1, ink, corner=0.08)


def _overlapping_discs(canvas: Canvas, rng: Rng, inks: Inks) -> None:
    tilted = canvas.part(0, 0, 1, rng.random())
    tilted.disc(-0.38, 0, 0.62, inks.main)
    tilted.disc(0.38, 0, 0.62, inks.second)
    blend = inks.background if inks.main == inks.second else mix(inks.main, inks.second, 0.5)
    lens = [(x - 0.38, y) for x, y in circle_points(120, 0.62) if (x - 0.76) ** 2 + y * y <= 0.62**2]
    mirrored = [(-x, -y) for x, y in lens]
    tilted.polygon(sorted(lens, key=lambda point: point[1]) + sorted(mirrored, key=lambda point: -point[1]), blend)


def _crescent(canvas: Canvas, rng: Rng, inks: Inks) -> None:
    tilted = canvas.part(0, 0, 1, rng.random())
    tilted.disc(0, 0, 1, inks.main)
    tilted.disc(0.35, 0, rng.uniform(0.65, 0.8), inks.background)
    star(tilted.part(0.35, 0, 0.3), rng, Inks(inks.background, inks.second, inks.second))


def _bolt(canvas: Canvas, rng: Rng, inks: Inks) -> None:
    ink = inks.main
    if rng.random() < 0.5:
        canvas.box(-0.95, -0.95, 0.95, 0.95, inks.main, corner=0.35)
        ink = inks.background if inks.second == inks.main else inks.second
        canvas = canvas.part(0, 0, 0.75)
    canvas.polygon([(0.25, -1), (-0.65, 0.15), (-0.05, 0.15), (-0.25, 1), (0.65, -0.2), (0.05, -0.2)], ink)


def star(canvas: Canvas, rng: Rng, inks: Inks) -> None:
    """A star of four to nine points."""
    count = rng.randint(4, 9)
    outer, inner = circle_points(count, 1), circle_points(count, rng.uniform(0.35, 0.6), 0.5 / count)
    canvas.polygon([point for pair in zip(outer, inner, strict=True) for point in pair], inks.main)


def _shield(canvas: Canvas, rng: Rng, inks: Inks) -> None:
    right = [(0.0, -1.0), (0.8, -0.75), (0.8, 0.1), (0.6, 0.55), (0.0, 1.0)]
    canvas.polygon(right + [(-x, y) for x, y in reversed(right)], inks.main)
    if inks.second != inks.main and rng.random() < 0.6:
        canvas.polygon(right, inks.second)
    else:
        canvas.line([(-0.35, 0.0), (-0.08, 0.3), (0.4, -0.35)], 0.2, inks.background)


def _brackets(canvas: Canvas, rng: Rng, inks: Inks) -> None:
    if rng.random() < 0.6:
        canvas.line([(-0.5, -0.6), (-1, 0), (-0.5, 0.6)], 0.2, inks.main)
        canvas.line([(0.5, -0.6), (1, 0), (0.5, 0.6)], 0.2, inks.main)
        canvas.line([(-0.2, 0.75), (0.2, -0.75)], 0.2, inks.second)
    else:
        canvas.line([(-0.5, -0.8), (-0.95, -0.8), (-0.95, 0.8), (-0.5, 0.8)], 0.22, inks.main)
        canvas.line([(0.5, -0.8), (0.95, -0.8), (0.95, 0.8), (0.5, 0.8)], 0.22, inks.main)
        canvas.disc(0, 0, 0.28, inks.second)


def _nodes(canvas: Canvas, rng: Rng, inks: Inks) -> None:
    count = rng.randint(4, 6)
    points = [
        (x * rng.uniform(0.6, 0.85), y * rng.uniform(0.6, 0.85)) for x, y in circle_points(count, 1, rng.random())
    ]
    points.append((0.0, 0.0))
    for first, second in zip(points, points[1:] + points[:1], strict=True):
        canvas.line([first, second], 0.09, inks.main)
    for number, (x, y) in enumerate(points):
        canvas.disc(x, y, 0.2, inks.second if number % 2 else inks.main)


def _peaks(canvas: Canvas, rng: Rng, inks: Inks) -> None:
    summit = rng.uniform(-0.5, 0.1)
    canvas.disc(0.6, -0.6, 0.25, inks.second)
    canvas.polygon([(-1, 0.8), (summit, -0.8), (summit + 1, 0.8)], inks.main)
    canvas.polygon([(0, 0.8), (0.55, -0.1), (1, 0.8)], mix(inks.main, inks.second, 0.5))


def _bubble(canvas: Canvas, rng: Rng, inks: Inks) -> None:
    canvas.box(-1, -0.8, 1, 0.5, inks.main, corner=0.3)
    canvas.polygon([(-0.6, 0.4), (-0.1, 0.45), (-0.7, 0.95)], inks.main)
    ink = inks.background if inks.second == inks.main else inks.second
    kind = rng.randrange(3)
    if kind == 0:
        for x in (-0.5, 0.0, 0.5):
            canvas.disc(x, -0.15, 0.15, ink)
    elif kind == 1:
        for y in (-0.4, -0.15, 0.1):
            canvas.line([(-0.6, y), (rng.uniform(0.1, 0.6), y)], 0.1, ink)
    else:
        canvas.text(0, -0.15, rng.letter(), 1.0, ink)


def _gear(canvas: Canvas, rng: Rng, inks: Inks) -> None:
    teeth = rng.randint(6, 12)
    for number in range(teeth):
        canvas.part(0, 0, 1, number / teeth).box(-1.1 / teeth, -1, 1.1 / teeth, 0, inks.main)
    canvas.disc(0, 0, 0.78, inks.main)
    canvas.disc(0, 0, rng.uniform(0.3, 0.5), inks.background)
    if inks.second != inks.main:
        canvas.disc(0, 0, 0.2, inks.second)


def _heart(canvas: Canvas, rng: Rng, inks: Inks) -> None:
    angles = [2 * math.pi * step / 90 for step in range(90)]
    outline = [
        (
            math.sin(angle) ** 3,
            (5 * math.cos(2 * angle) + 2 * math.cos(3 * angle) + math.cos(4 * angle)) / 16 - 0.81 * math.cos(angle),
        )
        for angle in angles
    ]
    canvas.polygon(outline, inks.main)
    glint = inks.second if inks.second != inks.main else inks.background
    canvas.disc(-0.45, -0.4, rng.uniform(0.1, 0.2), glint)


def _linked_rings(canvas: Canvas, rng: Rng, inks: Inks) -> None:
    tilted = canvas.part(0, 0, 1, rng.random())
    width = rng.uniform(0.12, 0.25)
    tilted.arc(-0.38, 0, 0.6, width, inks.main)
    tilted.arc(0.38, 0, 0.6, width, inks.second)


def _chevrons(canvas: Canvas, rng: Rng, inks: Inks) -> None:
    pointed = canvas.part(0, 0, 1, rng.randrange(4) / 4)
    count = rng.randint(2, 3)
    for number in range(count):
        top = -0.9 + number * 1.3 / count
        ink = inks.second if number == 0 else inks.main
        pointed.line([(-0.75, top + 0.7), (0, top), (0.75, top + 0.7)], 0.25, ink)


def _slices(canvas: Canvas, rng: Rng, inks: Inks) -> None:
    start = rng.random()
    cut = rng.uniform(0.15, 0.4)
    canvas.arc(0, 0, 1, 1, inks.main, (start, start + 1 - cut))
    if inks.second != inks.main:
        canvas.arc(0.06, -0.06, 0.85, 0.85, inks.second, (start + 1 - cut, start + 1))


def _leaf(canvas: Canvas, rng: Rng, inks: Inks) -> None:
    tilted = canvas.part(0, 0, 1, rng.uniform(-0.15, 0.15))
    blade = [(0.55 * math.sin(math.pi * step / 30), -1 + 1.5 * step / 30) for step in range(31)]
    tilted.polygon(
        blade + [(-0.55 * math.sin(math.pi * step / 30), 0.5 - 1.5 * step / 30) for step in range(31)], inks.main
    )
    tilted.line([(0, -0.5), (0, 1)], 0.1, inks.second)
    tilted.line([(0, 0.0), (0.25, -0.25)], 0.07, inks.background)
    tilted.line([(0, 0.2), (-0.25, -0.05)], 0.07, inks.background)


def _swirl(canvas: Canvas, rng: Rng, inks: Inks) -> None:
    turns = rng.uniform(1.5, 3.5)
    steps = 160
    points = []
    for step in range(steps + 1):
        angle = 2 * math.pi * turns * step / steps
        points.append((0.9 * step / steps * math.cos(angle), 0.9 * step / steps * math.sin(angle)))
    canvas.line(points, 0.5 / turns, inks.main)
    canvas.disc(0, 0, 0.3 / turns, inks.second)


MARKS: tuple[Mark, ...] = (
    *(_letter_in_disc, _cube, _arrow, _rings, _petals, _letter_in_polygon, _crescent, _brackets, _overlapping_discs),
    *(_gear, _shield, _nodes, _big_letter, _swirl, _bolt, _bubble, _chevrons, _peaks, _slices, _leaf, _linked_rings),
    *(_heart, _signal, star, _rising_bars),
)
