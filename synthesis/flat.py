"""Flat graphics: logos, simple marks, initials, posters, single colors, and pictures with transparency."""

from PIL import Image

from synthesis.canvas import (
    BLACK,
    NEAR_GREYS,
    WHITE,
    Canvas,
    Color,
    Encoded,
    Inks,
    Rng,
    circle_points,
    gif,
    jpeg,
    mix,
    png,
    webp,
)
from synthesis.grids import TILES
from synthesis.marks import MARKS


def _inks(rng: Rng) -> Inks:
    """Return colors with contrast: light on dark, dark on light, or white on a vivid color."""
    kind = rng.randrange(4)
    if kind == 0:
        return Inks(WHITE, rng.vivid(), rng.choice((rng.vivid(), rng.dark())))
    if kind == 1:
        return Inks(rng.vivid(), WHITE, rng.choice((WHITE, rng.pastel())))
    if kind == 2:
        return Inks(rng.dark(), rng.color((0.6, 1.0), (0.55, 0.75)), rng.choice((WHITE, rng.pastel())))
    return Inks(rng.pastel(), rng.color((0.5, 0.9), (0.25, 0.45)), rng.dark())


def logo(rng: Rng) -> Encoded:
    """A mark on a plain background, sometimes with a word below it."""
    inks = _inks(rng)
    canvas = Canvas(rng.size(), inks.background)
    lettered = rng.random() < 0.35
    place = (0, -0.2, rng.uniform(0.45, 0.55)) if lettered else (0, 0, rng.uniform(0.55, 0.85))
    rng.cycle(MARKS)(canvas.part(*place), rng, inks)
    if lettered:
        word = rng.choice(("nimbus", "QUARTZ", "fold", "Orbit", "loom", "HEXA", "Kelp", "tundra", "VOLT", "pico"))
        canvas.text(0, 0.68, word, 0.34, inks.main)
    picture = canvas.picture()
    return rng.choice((png, png, png, lambda logo: jpeg(logo, 90), lambda logo: webp(logo, 85)))(picture)


def one_color(rng: Rng) -> Encoded:
    """A simple mark in one color on white or a light grey: a disc, a ring, a play button or another shape."""
    background = rng.cycle((WHITE, WHITE, (246,) * 3, NEAR_GREYS[2]))
    ink = rng.choice((rng.vivid(), rng.identicon_ink(), rng.dark()))
    canvas = Canvas(rng.size(), background)
    part = canvas.part(0, 0, rng.uniform(0.5, 0.95))
    if rng.number % 8 == 0:
        part.disc(0, 0, 1, ink)
        part.polygon([(-0.3, -0.5), (0.6, 0), (-0.3, 0.5)], background)
    else:
        rng.cycle((*TILES[:2], *TILES[3:]))(part, ink)
    return png(canvas.picture())


def initials(rng: Rng) -> Encoded:
    """One to three initials on a plain color, a gradient, or a circle on white."""
    ground = rng.cycle((rng.vivid(), rng.pastel(), rng.dark(), rng.color((0.2, 0.5), (0.4, 0.6))))
    ink = WHITE if sum(ground) < 480 else mix(ground, BLACK, 0.75)
    words = "".join(rng.letter() for _ in range(rng.choice((1, 2, 2, 3))))
    size = rng.size()
    rounded = rng.random() < 0.25
    canvas = Canvas(size, WHITE if rounded else ground)
    if rounded:
        canvas.disc(0, 0, 1, ground)
    elif rng.random() < 0.4:
        below = mix(ground, rng.vivid(), 0.6)
        for step in range(100):
            canvas.box(-1, step / 50 - 1, 1, 1, mix(ground, below, step / 99))
    canvas.text(0, 0, words, (1.3, 0.95, 0.7)[len(words) - 1], ink)
    picture = canvas.picture()
    return jpeg(picture, 90) if rng.random() < 0.3 else png(picture)


PLAIN: tuple[Color, ...] = (WHITE, NEAR_GREYS[0], BLACK, NEAR_GREYS[1], NEAR_GREYS[2], (128,) * 3, (245,) * 3)


def plain(rng: Rng) -> Encoded:
    """A single color: for even numbers white, black, or a grey other than GitHub grey."""
    color = PLAIN[rng.number // 2 % len(PLAIN)] if rng.number % 2 == 0 else rng.choice((rng.vivid(), rng.pastel()))
    picture = Image.new("RGB", (rng.size(),) * 2, color)
    return rng.choice((png, png, gif, lambda field: jpeg(field, 90)))(picture)


def transparent(rng: Rng) -> Encoded:
    """A mark on a transparent background: RGBA, grey with alpha, or a palette with a transparent entry."""
    clear = rng.choice(((0, 0, 0, 0), (255, 255, 255, 0)))
    main, second = ((*rng.choice((rng.vivid(), rng.dark())), 255) for _ in range(2))
    canvas = Canvas(rng.size(), clear)
    mark = rng.cycle(MARKS, stride=11)
    mark(canvas.part(0, 0, rng.uniform(0.6, 0.95)), rng, Inks(clear, main, second))
    if rng.random() < 0.3:
        canvas.arc(0, 0, 1, 0.04, main)
    picture = canvas.picture()
    if (kind := rng.number % 5) == 4:
        return webp(picture, 85)
    if kind == 3:
        return png(picture.quantize(32, method=Image.Quantize.FASTOCTREE))
    return png(picture.convert("LA") if kind == 1 else picture)


def palette(rng: Rng) -> Encoded:
    """A poster in a few colors, as a palette image in GIF or PNG: rays, hills, confetti or a mosaic."""
    inks = [rng.color((0.3, 0.9), (0.15, 0.85)) for _ in range(5)]
    canvas = Canvas(rng.size(), inks[0])
    rng.cycle((_rays, _hills, _confetti, _mosaic))(canvas, inks, rng)
    picture = canvas.picture().quantize(rng.choice((8, 16, 32)))
    return gif(picture) if rng.number % 3 else png(picture)


def _rays(canvas: Canvas, inks: list[Color], rng: Rng) -> None:
    origin = canvas.part(rng.uniform(-0.5, 0.5), rng.uniform(0, 0.8), 1)
    count = rng.choice((16, 20, 24, 32))
    for number in range(count):
        origin.part(0, 0, 1, number / count).polygon([(0, 0), (9 / count, -3), (-9 / count, -3)], inks[1 + number % 2])
    origin.disc(0, 0, rng.uniform(0.2, 0.5), inks[3])


def _hills(canvas: Canvas, inks: list[Color], rng: Rng) -> None:
    canvas.disc(rng.uniform(-0.6, 0.6), -0.4, 0.3, inks[4])
    for number in range(1, 4):
        for _ in range(3):
            canvas.disc(rng.uniform(-1, 1), 0.5 + number * 0.35, rng.uniform(0.5, 0.9), inks[number], height=0.55)


def _confetti(canvas: Canvas, inks: list[Color], rng: Rng) -> None:
    for _ in range(rng.randint(20, 70)):
        piece = canvas.part(rng.uniform(-1, 1), rng.uniform(-1, 1), rng.uniform(0.06, 0.2), rng.random())
        ink = rng.choice(inks[1:])
        kind = rng.randrange(3)
        if kind == 0:
            piece.disc(0, 0, 1, ink)
        else:
            piece.polygon(circle_points(kind + 2), ink)


def _mosaic(canvas: Canvas, inks: list[Color], rng: Rng) -> None:
    count = rng.randint(3, 7)
    for row in range(count):
        for column in range(count):
            cell = canvas.part((2 * column + 1) / count - 1, (2 * row + 1) / count - 1, 1 / count, rng.randrange(4) / 4)
            cell.box(-1.01, -1.01, 1.01, 1.01, rng.choice(inks[:2]))
            cell.part(-1, 1, 1).arc(0, 0, 2, 2, rng.choice(inks[2:]), (0.0, 0.25))
