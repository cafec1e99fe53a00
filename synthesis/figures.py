"""Mirror-symmetric figures on GitHub grey that are not grids."""

import math

from github_avatars.identicon import GITHUB_GREY
from synthesis.canvas import Canvas, Color, Encoded, Inks, Point, Rng, png


def figure(rng: Rng) -> Encoded:
    """A butterfly, a mask, a vase, a blot, a tree, an owl or a rocket, in one color."""
    ink = rng.identicon_ink()
    canvas = Canvas(rng.choice((420, 420, 460)), GITHUB_GREY, smooth=rng.random() < 0.5)
    shape = rng.cycle((_butterfly, _mask, _vase, _blot, _tree, _owl, _rocket))
    shape(canvas.part(0, 0, rng.uniform(0.75, 0.95)), rng, Inks(GITHUB_GREY, ink, ink))
    return png(canvas.picture())


def _both_sides(canvas: Canvas, points: list[Point], fill: Color) -> None:
    canvas.polygon(points, fill)
    canvas.polygon([(-x, y) for x, y in points], fill)


def _butterfly(canvas: Canvas, rng: Rng, inks: Inks) -> None:
    spot = rng.uniform(0.08, 0.2)
    for sign in (-1, 1):
        canvas.part(sign * 0.5, -0.35, 1, sign * 0.1).disc(0, 0, 0.42, inks.main, height=0.55)
        canvas.part(sign * 0.42, 0.45, 1, -sign * 0.1).disc(0, 0, 0.33, inks.main, height=0.42)
        canvas.disc(sign * 0.55, -0.4, spot, inks.background)
        canvas.line([(0, -0.5), (sign * 0.2, -0.95)], 0.05, inks.main)
    canvas.disc(0, 0, 0.15, inks.background, height=0.8)
    canvas.disc(0, 0, 0.09, inks.main, height=0.75)


def _mask(canvas: Canvas, rng: Rng, inks: Inks) -> None:
    canvas.disc(0, 0, rng.uniform(0.7, 0.95), inks.main, height=0.95)
    spread, slant, height = rng.uniform(0.28, 0.4), rng.uniform(-0.1, 0.1), rng.choice((0.1, 0.2))
    for sign in (-1, 1):
        canvas.part(sign * spread, -0.2, 1, sign * slant).disc(0, 0, 0.2, inks.background, height=height)
    canvas.polygon([(0, -0.1), (0.12, 0.25), (-0.12, 0.25)], inks.background)
    canvas.arc(0, 0.1, 0.5, rng.uniform(0.1, 0.4), inks.background, (0.32, 0.68))


def _vase(canvas: Canvas, rng: Rng, inks: Inks) -> None:
    waves = rng.choice((1.0, 1.5, 2.0))
    phase, neck = rng.uniform(0, 6), rng.uniform(0.1, 0.25)
    side = [
        (neck + 0.3 + 0.3 * math.sin(phase + math.pi * waves * step / 40), -0.9 + 1.8 * step / 40) for step in range(41)
    ]
    _both_sides(canvas, [(0.0, -0.9), *side, (0.0, 0.9)], inks.main)
    canvas.box(-0.5, 0.85, 0.5, 0.98, inks.main)


def _blot(canvas: Canvas, rng: Rng, inks: Inks) -> None:
    count = rng.randint(7, 14)
    side = [(rng.uniform(0.12, 0.95), -0.95 + 1.9 * step / count) for step in range(count + 1)]
    _both_sides(canvas, [(0.0, -0.95), *side, (0.0, 0.95)], inks.main)
    for _ in range(rng.randint(0, 3)):
        x, y, radius = rng.uniform(0.1, 0.7), rng.uniform(-0.8, 0.8), rng.uniform(0.06, 0.16)
        canvas.disc(x, y, radius, inks.background)
        canvas.disc(-x, y, radius, inks.background)


def _tree(canvas: Canvas, rng: Rng, inks: Inks) -> None:
    layers = rng.randint(2, 4)
    canvas.box(-0.12, 0.5, 0.12, 0.98, inks.main)
    for number in range(layers):
        top = -0.95 + number * 1.2 / layers
        extent = 0.35 + 0.45 * (number + 1) / layers
        canvas.polygon([(0, top), (extent, top + 1.7 / layers), (-extent, top + 1.7 / layers)], inks.main)


def _owl(canvas: Canvas, rng: Rng, inks: Inks) -> None:
    canvas.disc(0, 0.1, 0.75, inks.main, height=0.85)
    _both_sides(canvas, [(0.1, -0.6), (0.7, -0.95), (0.72, -0.1)], inks.main)
    pupil = rng.uniform(0.1, 0.2)
    for x in (-0.3, 0.3):
        canvas.disc(x, -0.2, 0.27, inks.background)
        canvas.disc(x, -0.2, pupil, inks.main)
    canvas.polygon([(-0.1, 0.02), (0.1, 0.02), (0, 0.25)], inks.background)
    canvas.arc(0, 0.2, 0.5, 0.08, inks.background, (0.35, 0.65))


def _rocket(canvas: Canvas, rng: Rng, inks: Inks) -> None:
    width = rng.uniform(0.28, 0.42)
    side = [(width * math.sin(math.pi * step / 40), -0.98 + 1.5 * step / 28) for step in range(29)]
    _both_sides(canvas, [(0.0, -0.98), *side, (0.0, side[-1][1])], inks.main)
    _both_sides(canvas, [(width * 0.8, 0.0), (0.85, 0.65), (width * 0.6, 0.45)], inks.main)
    canvas.disc(0, -0.3, 0.15, inks.background)
    canvas.polygon([(-0.18, 0.6), (0.18, 0.6), (0, rng.uniform(0.85, 1.0))], inks.main)
