"""Cartoons, and line drawings on white."""

import math
from itertools import pairwise

from synthesis.canvas import BLACK, WHITE, Canvas, Color, Encoded, Point, Rng, circle_points, jpeg, mix, png, webp

OUTLINE: Color = (38, 34, 40)


def cartoon(rng: Rng) -> Encoded:
    """The outlined head of an animal, a robot or a monster, on a light or vivid background."""
    canvas = Canvas(rng.size(), rng.choice((rng.pastel(), rng.vivid(), WHITE)))
    if rng.random() < 0.4:
        canvas.disc(0, 0, 0.92, rng.pastel())
    fur = rng.color((0.3, 0.9), (0.45, 0.75))
    head = canvas.part(0, 0.1, rng.uniform(0.75, 0.9))
    rng.cycle((_cat, _robot, _bear, _monster, _frog, _fox))(head, rng, fur)
    return rng.choice((png, png, lambda face: webp(face, 85), lambda face: jpeg(face, 88)))(canvas.picture())


def _outlined_disc(part: Canvas, x: float, y: float, radius: float, ink: Color, height: float | None = None) -> None:
    tall = radius if height is None else height
    part.disc(x, y, radius + 0.04, OUTLINE, height=tall + 0.04)
    part.disc(x, y, radius, ink, height=tall)


def _outlined_polygon(part: Canvas, points: list[Point], ink: Color) -> None:
    part.polygon(points, ink)
    part.line(points, 0.06, OUTLINE, closed=True)


def _eyes(part: Canvas, rng: Rng, spread: float, level: float, radius: float) -> None:
    gaze = rng.uniform(-0.4, 0.4)
    for sign in (-1, 1):
        _outlined_disc(part, sign * spread, level, radius, WHITE)
        part.disc(sign * spread + gaze * radius, level + 0.1 * radius, radius * 0.55, OUTLINE)
        part.disc(sign * spread + gaze * radius + 0.2 * radius, level - 0.2 * radius, radius * 0.18, WHITE)


def _whiskers(part: Canvas) -> None:
    for sign in (-1, 1):
        for lift in (-0.08, 0.02, 0.12):
            part.line([(sign * 0.4, 0.3 + lift * 0.5), (sign * 1.0, 0.28 + lift)], 0.03, OUTLINE)


def _cat(part: Canvas, rng: Rng, fur: Color) -> None:
    for sign in (-1, 1):
        _outlined_polygon(part, [(sign * 0.2, -0.6), (sign * 0.75, -1.0), (sign * 0.78, -0.2)], fur)
        part.polygon([(sign * 0.42, -0.62), (sign * 0.66, -0.82), (sign * 0.68, -0.4)], (255, 182, 193))
    _outlined_disc(part, 0, 0, 0.85, fur, height=0.72)
    _eyes(part, rng, 0.35, -0.1, 0.2)
    _whiskers(part)
    nose = rng.uniform(0.06, 0.12)
    part.polygon([(-nose, 0.16), (nose, 0.16), (0, 0.27)], (230, 90, 110))
    for sign in (-1, 1):
        part.arc(sign * 0.12, 0.27, 0.13, 0.04, OUTLINE, (0.25, 0.75))


def _fox(part: Canvas, rng: Rng, fur: Color) -> None:
    coat, squint = mix((226, 110, 40), fur, 0.3), rng.uniform(0.05, 0.15)
    for sign in (-1, 1):
        _outlined_polygon(part, [(sign * 0.25, -0.5), (sign * 0.85, -1.05), (sign * 0.85, -0.1)], coat)
    _outlined_polygon(part, [(-0.9, -0.3), (0, -0.6), (0.9, -0.3), (0.6, 0.35), (0, 0.9), (-0.6, 0.35)], coat)
    for sign in (-1, 1):
        part.polygon([(sign * 0.85, -0.25), (sign * 0.1, 0.1), (sign * 0.03, 0.8), (sign * 0.56, 0.33)], WHITE)
        part.disc(sign * 0.36, -0.08, 0.09, OUTLINE, height=squint)
    _outlined_disc(part, 0, 0.8, 0.1, OUTLINE)


def _bear(part: Canvas, rng: Rng, fur: Color) -> None:
    for sign in (-1, 1):
        _outlined_disc(part, sign * 0.65, -0.62, 0.28, fur)
        part.disc(sign * 0.65, -0.62, 0.15, mix(fur, WHITE, 0.5))
    _outlined_disc(part, 0, 0, 0.88, fur, height=0.78)
    eyes = rng.uniform(0.25, 0.4)
    part.disc(0, 0.32, 0.42, mix(fur, WHITE, 0.6), height=0.32)
    for sign in (-1, 1):
        part.disc(sign * eyes, -0.15, 0.09, OUTLINE, height=0.12)
    part.disc(0, 0.18, 0.14, OUTLINE, height=0.1)
    part.line([(0, 0.2), (0, 0.38)], 0.04, OUTLINE)
    part.arc(0, 0.3, 0.18, 0.04, OUTLINE, (0.32, 0.68))


def _robot(part: Canvas, rng: Rng, fur: Color) -> None:
    part.line([(0, -0.6), (0, -1.0)], 0.06, OUTLINE)
    _outlined_disc(part, 0, -1.0, 0.1, rng.vivid())
    for sign in (-1, 1):
        part.box(sign * 0.9 - 0.12, -0.2, sign * 0.9 + 0.12, 0.25, OUTLINE, corner=0.05)
    part.box(-0.86, -0.7, 0.86, 0.75, OUTLINE, corner=0.2)
    part.box(-0.8, -0.64, 0.8, 0.69, mix(fur, (170, 180, 190), 0.6), corner=0.16)
    _eyes(part, rng, 0.36, -0.15, 0.22)
    part.box(-0.45, 0.28, 0.45, 0.52, OUTLINE, corner=0.05)
    for x in (-0.32, -0.12, 0.08, 0.28):
        part.box(x - 0.06, 0.32, x + 0.06, 0.48, WHITE)


def _monster(part: Canvas, rng: Rng, fur: Color) -> None:
    for sign in (-1, 1):
        _outlined_polygon(part, [(sign * 0.3, -0.65), (sign * 0.55, -1.05), (sign * 0.65, -0.5)], (250, 240, 200))
    _outlined_disc(part, 0, 0.05, 0.85, fur, height=0.85)
    for _ in range(6):
        x, y = circle_points(1, rng.uniform(0.5, 0.75), rng.random())[0]
        part.disc(x, y, rng.uniform(0.04, 0.1), mix(fur, BLACK, 0.2))
    _outlined_disc(part, 0, -0.2, 0.35, WHITE)
    part.disc(rng.uniform(-0.1, 0.1), -0.2, 0.17, rng.vivid())
    part.disc(0, -0.2, 0.08, OUTLINE)
    part.arc(0, 0.25, 0.5, 0.5, (110, 24, 44), (0.25, 0.75))
    for x in (-0.3, -0.05, 0.2):
        part.polygon([(x, 0.25), (x + 0.14, 0.25), (x + 0.07, 0.42)], WHITE)


def _frog(part: Canvas, rng: Rng, fur: Color) -> None:
    skin = mix((96, 186, 84), fur, 0.35)
    for sign in (-1, 1):
        _outlined_disc(part, sign * 0.48, -0.55, 0.32, skin)
    _outlined_disc(part, 0, 0.1, 0.92, skin, height=0.65)
    _eyes(part, rng, 0.48, -0.55, 0.2)
    part.arc(0, -0.15, 0.6, 0.05, OUTLINE, (0.3, 0.7))
    for sign in (-1, 1):
        part.disc(sign * 0.62, 0.25, 0.13, (245, 150, 150), height=0.09)
        part.disc(sign * 0.08, 0.02, 0.025, OUTLINE)


def line_drawing(rng: Rng) -> Encoded:
    """Pen strokes on white: a house, a plant, a curve, a globe, a face or a scribble."""
    background = rng.choice((WHITE, WHITE, (252, 250, 244)))
    canvas = Canvas(rng.size(), background)
    width, ink = rng.uniform(0.015, 0.05), rng.choice((BLACK, (40, 40, 48), rng.dark()))
    strokes = rng.cycle((_house, _plant, _rose_curve, _globe, _profile, _scribble))(rng)
    for stroke in strokes:
        canvas.line(stroke, width, ink)
    picture = canvas.picture()
    return png(picture.convert("L")) if rng.random() < 0.4 else png(picture)


def _shaky(rng: Rng, points: list[Point], amount: float = 0.015) -> list[Point]:
    """Return the polyline with random jitter, as if drawn by hand."""
    trembling = []
    for (ax, ay), (bx, by) in pairwise(points):
        for step in range(6):
            x, y = ax + (bx - ax) * step / 6, ay + (by - ay) * step / 6
            trembling.append((x + rng.uniform(-amount, amount), y + rng.uniform(-amount, amount)))
    return [*trembling, points[-1]]


def _rectangle(left: float, top: float, right: float, bottom: float) -> list[Point]:
    return [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]


def _house(rng: Rng) -> list[list[Point]]:
    wide, eaves = rng.uniform(0.45, 0.7), rng.uniform(-0.3, 0.0)
    parts = [
        _rectangle(-wide, eaves, wide, 0.75),
        [(-wide - 0.12, eaves), (0, rng.uniform(-0.9, -0.6)), (wide + 0.12, eaves)],
        _rectangle(-0.12, 0.3, 0.16, 0.75),
        [(-0.98, 0.75), (0.98, 0.76)],
        _rectangle(-wide + 0.1, eaves + 0.12, -wide + 0.35, eaves + 0.37),
        _rectangle(wide - 0.35, eaves + 0.12, wide - 0.1, eaves + 0.37),
    ]
    return [_shaky(rng, part) for part in parts]


def _plant(rng: Rng) -> list[list[Point]]:
    bend = rng.uniform(-0.3, 0.3)
    stem = [(bend * math.sin(step / 12), 0.5 - 1.3 * step / 20) for step in range(21)]
    strokes = [stem, _shaky(rng, [(-0.3, 0.45), (-0.22, 0.9), (0.22, 0.9), (0.3, 0.45), (-0.3, 0.45)])]
    for step in range(3, 20, rng.choice((3, 4))):
        x, y = stem[step]
        for sign in (-1, 1):
            tip_x, tip_y = x + sign * rng.uniform(0.25, 0.5), y - rng.uniform(0.1, 0.3)
            middle_x, middle_y = (x + tip_x) / 2, (y + tip_y) / 2
            strokes.append([(x, y), (middle_x, middle_y - 0.12), (tip_x, tip_y), (middle_x, middle_y + 0.1), (x, y)])
    return strokes


def _rose_curve(rng: Rng) -> list[list[Point]]:
    first, second, extent = rng.choice((2, 4, 5)), rng.choice((3, 7, 9)), rng.uniform(0.7, 0.9)
    angles = [2 * math.pi * step / 400 for step in range(401)]
    return [[(extent * math.sin(first * a + 0.4), extent * math.sin(second * a)) for a in angles]]


def _globe(rng: Rng) -> list[list[Point]]:
    strokes = []
    count, tilt = rng.randint(3, 6), rng.uniform(0.1, 0.35)
    circle = [*circle_points(60, 0.85), circle_points(60, 0.85)[0]]
    strokes.append(circle)
    for number in range(1, count):
        strokes.append([(x * number / count, y) for x, y in circle])
        level = -0.85 + 1.7 * number / count
        extent = math.sqrt(0.85**2 - level**2)
        strokes.append([(extent * x / 0.85, level + extent * tilt * y / 0.85) for x, y in circle])
    return strokes


def _profile(rng: Rng) -> list[list[Point]]:
    face = [(-0.1, -0.8), (0.3, -0.65), (0.4, -0.35), (0.38, -0.2), (0.6, 0.08), (0.42, 0.14), (0.46, 0.25)]
    jaw = [(0.38, 0.3), (0.45, 0.38), (0.36, 0.44), (0.36, 0.6), (0.1, 0.66), (0.05, 0.95)]
    hair = [(-0.1 - 0.5 * math.sin(step / 5), -0.8 + 1.5 * step / 16) for step in range(17)]
    eye = [(0.2, -0.16), (0.26, -0.21), (0.33, -0.17)]
    return [
        _shaky(rng, face + jaw, rng.uniform(0.005, 0.03)),
        _shaky(rng, hair, 0.04),
        eye,
        _shaky(rng, hair, 0.08),
    ]


def _scribble(rng: Rng) -> list[list[Point]]:
    x, y, heading = 0.0, 0.0, 0.0
    stroke = []
    for _ in range(rng.randint(120, 260)):
        heading += rng.uniform(-0.4, 0.9)
        x = 0.95 * x + 0.14 * math.cos(heading)
        y = 0.95 * y + 0.14 * math.sin(heading)
        stroke.append((x, y))
    return [stroke]
