"""Invented flags."""

from synthesis.canvas import BLACK, WHITE, Canvas, Color, Encoded, Inks, Rng, gif, png
from synthesis.marks import star

FLAG_INKS: tuple[Color, ...] = (
    *((206, 17, 38), (0, 56, 147), (0, 122, 61), (252, 209, 22), WHITE, BLACK, (255, 130, 0), (0, 150, 200)),
    *((122, 21, 50), (108, 190, 230)),
)


def flag(rng: Rng) -> Encoded:
    """Stripes, crosses, triangles, discs and stars in four colors that are common in flags."""
    inks = rng.sample(FLAG_INKS, 4)
    canvas = Canvas(rng.size(), inks[0])
    rng.cycle((_stripes, _nordic, _hoist, _sun, _saltire, _canton))(canvas, rng, inks)
    picture = canvas.picture()
    return gif(picture.quantize(64)) if rng.random() < 0.2 else png(picture)


def _stripes(canvas: Canvas, rng: Rng, inks: list[Color]) -> None:
    field = canvas.part(0, 0, 1, rng.choice((0.0, 0.25)))
    count = rng.choice((2, 3, 3, 5))
    for number in range(count):
        field.box(-1, 2 * number / count - 1, 1, 1, inks[number % 3 if count == 3 else number % 2])
    if rng.random() < 0.4:
        star(canvas.part(0, 0, 0.28), rng, Inks(inks[0], inks[3], inks[3]))


def _nordic(canvas: Canvas, rng: Rng, inks: list[Color]) -> None:
    across, outer = rng.choice((-0.35, 0.0)), rng.uniform(0.15, 0.35)
    for width, ink in ((outer, inks[1]), (outer * rng.uniform(0.4, 0.7), inks[2])):
        canvas.box(-1, -width, 1, width, ink)
        canvas.box(across - width, -1, across + width, 1, ink)


def _hoist(canvas: Canvas, rng: Rng, inks: list[Color]) -> None:
    canvas.box(-1, 0, 1, 1, inks[1])
    canvas.polygon([(-1, -1), (rng.uniform(-0.3, 0.2), 0), (-1, 1)], inks[2])
    star(canvas.part(-0.7, 0, 0.2), rng, Inks(inks[2], inks[3], inks[3]))


def _sun(canvas: Canvas, rng: Rng, inks: list[Color]) -> None:
    rays = rng.choice((0, 0, 12, 16))
    for number in range(rays):
        canvas.part(0, 0, 1, number / rays).polygon([(0, 0), (1.6 / rays, -1.5), (-1.6 / rays, -1.5)], inks[2])
    canvas.disc(rng.choice((0.0, -0.1)), 0, rng.uniform(0.4, 0.55), inks[1])


def _saltire(canvas: Canvas, rng: Rng, inks: list[Color]) -> None:
    broad = rng.uniform(0.25, 0.5)
    for width, ink in ((broad, inks[1]), (broad / 2, inks[2])):
        canvas.line([(-1.2, -1.2), (1.2, 1.2)], width, ink)
        canvas.line([(-1.2, 1.2), (1.2, -1.2)], width, ink)


def _canton(canvas: Canvas, rng: Rng, inks: list[Color]) -> None:
    count = rng.choice((7, 9, 11))
    for number in range(1, count, 2):
        canvas.box(-1, 2 * number / count - 1, 1, 2 * (number + 1) / count - 1, inks[1])
    canvas.box(-1, -1, 0, 2 * (count // 2 + 1) / count - 1, inks[2])
    for x in (-0.8, -0.5, -0.2):
        for y in (-0.75, -0.4, -0.05):
            star(canvas.part(x, y, 0.1), Rng(1), Inks(inks[2], inks[3], inks[3]))
