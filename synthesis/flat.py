"""What designers upload: logos, initials, posters, plain colours, and pictures with transparency."""

from collections.abc import Callable

from PIL import Image

from synthesis.canvas import (
    BLACK,
    NEAR_GREYS,
    WHITE,
    Canvas,
    Color,
    Dice,
    Encoded,
    Inks,
    around,
    gif,
    jpeg,
    mix,
    png,
    webp,
)
from synthesis.marks import MARKS


def _inks(dice: Dice) -> Inks:
    """Colours that stand apart: light on dark, dark on light, or white on vivid."""
    kind = dice.randrange(4)
    if kind == 0:
        return Inks(WHITE, dice.vivid(), dice.choice((dice.vivid(), dice.dark())))
    if kind == 1:
        return Inks(dice.vivid(), WHITE, dice.choice((WHITE, dice.pastel())))
    if kind == 2:
        return Inks(dice.dark(), dice.color((0.6, 1.0), (0.55, 0.75)), dice.choice((WHITE, dice.pastel())))
    return Inks(dice.pastel(), dice.color((0.5, 0.9), (0.25, 0.45)), dice.dark())


def logo(dice: Dice) -> Encoded:
    """A mark, with a word under it now and then, on a plain ground."""
    inks = _inks(dice)
    canvas = Canvas(dice.size(), inks.paper)
    lettered = dice.random() < 0.35
    place = (0, -0.2, dice.uniform(0.45, 0.55)) if lettered else (0, 0, dice.uniform(0.55, 0.85))
    dice.each(MARKS)(canvas.part(*place), dice, inks)
    if lettered:
        word = dice.choice(("nimbus", "QUARTZ", "fold", "Orbit", "loom", "HEXA", "Kelp", "tundra", "VOLT", "pico"))
        canvas.text(0, 0.68, word, 0.34, inks.main)
    picture = canvas.picture()
    return dice.choice((png, png, png, lambda logo: jpeg(logo, 90), lambda logo: webp(logo, 85)))(picture)


def initials(dice: Dice) -> Encoded:
    """One to three initials on a colour, plain or as a gradient, sometimes in a circle on white."""
    ground = dice.each((dice.vivid(), dice.pastel(), dice.dark(), dice.color((0.2, 0.5), (0.4, 0.6))))
    ink = WHITE if sum(ground) < 480 else mix(ground, BLACK, 0.75)
    words = "".join(dice.letter() for _ in range(dice.choice((1, 2, 2, 3))))
    size = dice.size()
    rounded = dice.random() < 0.25
    canvas = Canvas(size, WHITE if rounded else ground)
    if rounded:
        canvas.disc(0, 0, 1, ground)
    elif dice.random() < 0.4:
        below = mix(ground, dice.vivid(), 0.6)
        for step in range(100):
            canvas.box(-1, step / 50 - 1, 1, 1, mix(ground, below, step / 99))
    canvas.text(0, 0, words, (1.3, 0.95, 0.7)[len(words) - 1], ink)
    picture = canvas.picture()
    return jpeg(picture, 90) if dice.random() < 0.3 else png(picture)


PLAIN: tuple[Color, ...] = (
    WHITE,
    NEAR_GREYS[0],
    BLACK,
    NEAR_GREYS[1],
    NEAR_GREYS[2],
    (128, 128, 128),
    (245, 245, 245),
)


def plain(dice: Dice) -> Encoded:
    """One colour all over: every other seed white, black or a grey that is not quite GitHub's."""
    color = PLAIN[dice.turn // 2 % len(PLAIN)] if dice.turn % 2 == 0 else dice.choice((dice.vivid(), dice.pastel()))
    picture = Image.new("RGB", (dice.size(),) * 2, color)
    return dice.choice((png, png, gif, lambda field: jpeg(field, 90)))(picture)


def transparent(dice: Dice) -> Encoded:
    """A logo or figure cut out of nothing: RGBA, grey with alpha, or a palette with a transparent entry."""
    clear = dice.choice(((0, 0, 0, 0), (255, 255, 255, 0)))
    main, second = ((*dice.choice((dice.vivid(), dice.dark())), 255) for _ in range(2))
    canvas = Canvas(dice.size(), clear)
    mark = dice.each(MARKS, stride=11)
    mark(canvas.part(0, 0, dice.uniform(0.6, 0.95)), dice, Inks(clear, main, second))
    if dice.random() < 0.3:
        canvas.arc(0, 0, 1, 0.04, main)
    picture = canvas.picture()
    finish: tuple[Callable[[Image.Image], Encoded], ...] = (
        png,
        lambda cutout: png(cutout.convert("LA")),
        png,
        lambda cutout: png(cutout.quantize(32, method=Image.Quantize.FASTOCTREE)),
        lambda cutout: webp(cutout, 85),
    )
    return dice.each(finish)(picture)


def palette(dice: Dice) -> Encoded:
    """Poster art in few colours, kept as a palette: rays, waves, hills and confetti in GIF or PNG."""
    inks = [dice.color((0.3, 0.9), (0.15, 0.85)) for _ in range(5)]
    canvas = Canvas(dice.size(), inks[0])
    dice.each((_rays, _hills, _confetti, _mosaic))(canvas, inks, dice)
    picture = canvas.picture().quantize(dice.choice((8, 16, 32)))
    return gif(picture) if dice.turn % 3 else png(picture)


def _rays(canvas: Canvas, inks: list[Color], dice: Dice) -> None:
    origin = canvas.part(dice.uniform(-0.5, 0.5), dice.uniform(0, 0.8), 1)
    count = dice.choice((16, 20, 24, 32))
    for number in range(count):
        origin.part(0, 0, 1, number / count).polygon([(0, 0), (9 / count, -3), (-9 / count, -3)], inks[1 + number % 2])
    origin.disc(0, 0, dice.uniform(0.2, 0.5), inks[3])


def _hills(canvas: Canvas, inks: list[Color], dice: Dice) -> None:
    canvas.disc(dice.uniform(-0.6, 0.6), -0.4, 0.3, inks[4])
    for number in range(1, 4):
        for _ in range(3):
            canvas.disc(dice.uniform(-1, 1), 0.5 + number * 0.35, dice.uniform(0.5, 0.9), inks[number], height=0.55)


def _confetti(canvas: Canvas, inks: list[Color], dice: Dice) -> None:
    for _ in range(dice.randint(20, 70)):
        piece = canvas.part(dice.uniform(-1, 1), dice.uniform(-1, 1), dice.uniform(0.06, 0.2), dice.random())
        ink = dice.choice(inks[1:])
        kind = dice.randrange(3)
        if kind == 0:
            piece.disc(0, 0, 1, ink)
        else:
            piece.polygon(around(kind + 2), ink)


def _mosaic(canvas: Canvas, inks: list[Color], dice: Dice) -> None:
    count = dice.randint(3, 7)
    for row in range(count):
        for column in range(count):
            cell = canvas.part(
                (2 * column + 1) / count - 1, (2 * row + 1) / count - 1, 1 / count, dice.randrange(4) / 4
            )
            cell.box(-1.01, -1.01, 1.01, 1.01, dice.choice(inks[:2]))
            cell.part(-1, 1, 1).arc(0, 0, 2, 2, dice.choice(inks[2:]), (0.0, 0.25))
