"""Drawings on GitHub grey and its neighbours, and flat art in two colours: they count like default avatars."""

from PIL import Image

from github_avatars.identicon import GITHUB_GREY
from synthesis.canvas import BLACK, NEAR_GREYS, WHITE, Canvas, Color, Dice, Encoded, Inks, around, jpeg, mix, png, webp
from synthesis.light import clouds
from synthesis.marks import MARKS, Mark


def logo(dice: Dice) -> Encoded:
    """A logo on exactly GitHub grey, in one or two colours, antialiased or not."""
    main = dice.choice((dice.vivid(), dice.identicon_ink(), dice.identicon_ink(), BLACK))
    second = dice.choice((main, dice.vivid()))
    canvas = Canvas(dice.choice((460, 460, 420, 420, 200)), GITHUB_GREY, smooth=dice.random() < 0.7)
    dice.each(MARKS)(canvas.part(0, 0, dice.uniform(0.5, 0.85)), dice, Inks(GITHUB_GREY, main, second))
    return png(canvas.picture())


def letters(dice: Dice) -> Encoded:
    """One to four letters on exactly GitHub grey."""
    ink = dice.choice((dice.vivid(), dice.identicon_ink(), dice.identicon_ink(), dice.dark()))
    canvas = Canvas(dice.choice((460, 420, 420)), GITHUB_GREY, smooth=dice.random() < 0.6)
    count = dice.each((1, 2, 1, 3, 2, 4))
    words = "".join(dice.letter() for _ in range(count))
    if dice.random() < 0.3:
        words = words.lower()
    canvas.text(0, 0, words, dice.uniform(0.9, 1.1) * (1.9, 1.3, 0.9, 0.7)[count - 1], ink)
    if dice.random() < 0.3:
        canvas.box(-0.6, 0.7, 0.6, 0.76, ink)
    return png(canvas.picture())


def near_grey_logo(dice: Dice) -> Encoded:
    """A logo on a grey that misses GitHub's by a level or two."""
    paper = dice.each(NEAR_GREYS)
    main = dice.choice((dice.vivid(), dice.identicon_ink()))
    second = dice.choice((main, dice.vivid(), dice.dark()))
    canvas = Canvas(dice.size(), paper, smooth=dice.random() < 0.8)
    mark = dice.each(MARKS, stride=7)
    mark(canvas.part(0, 0, dice.uniform(0.5, 0.85)), dice, Inks(paper, main, second))
    picture = canvas.picture()
    return jpeg(picture, 92) if dice.random() < 0.25 else png(picture)


def two_colors_on_grey(dice: Dice) -> Encoded:
    """Flat art in one colour on GitHub grey, 420 pixels: all that counting colours sees of a default avatar."""
    return _flat_art(dice, dice.each(FLAT_ART), GITHUB_GREY, dice.identicon_ink())


def two_colors(dice: Dice) -> Encoded:
    """Flat art in two colours, 420 pixels, on any other background."""
    paper = dice.each((WHITE, BLACK, dice.vivid(), dice.pastel(), dice.dark(), NEAR_GREYS[0], dice.vivid()))
    ink = dice.choice((dice.vivid(), BLACK)) if sum(paper) > 480 else dice.choice((WHITE, dice.pastel()))
    return _flat_art(dice, dice.each(FLAT_ART, stride=5), paper, ink)


def _flat_art(dice: Dice, art: Mark, paper: Color, ink: Color) -> Encoded:
    canvas = Canvas(420, paper, smooth=dice.random() < 0.25)
    art(canvas, dice, Inks(paper, ink, ink))
    return png(canvas.picture())


def _stripes(canvas: Canvas, dice: Dice, inks: Inks) -> None:
    tilted = canvas.part(0, 0, 1, dice.choice((0.0, 0.25, 0.125, -0.125, 0.07)))
    pitch = 3 / dice.choice((5, 7, 9, 11, 14))
    for number in range(-8, 9):
        tilted.box(-1.6, (number - 0.27) * pitch, 1.6, (number + 0.27) * pitch, inks.main)


def _frames(canvas: Canvas, dice: Dice, inks: Inks) -> None:
    count = dice.randint(2, 6)
    corner = dice.choice((0.0, 0.2))
    for number in range(2 * count):
        reach = 0.93 * (1 - number / (2 * count))
        ink = inks.paper if number % 2 else inks.main
        canvas.box(-reach, -reach, reach, reach, ink, corner=min(corner, reach))


def _checkers(canvas: Canvas, dice: Dice, inks: Inks) -> None:
    count = dice.choice((3, 4, 6, 8, 10, 12))
    side = 2 / count
    tilted = canvas.part(0, 0, 1, dice.choice((0.0, 0.125)))
    for row in range(-count, 2 * count):
        for column in range(-count, 2 * count):
            if (row + column) % 2 == 0:
                tilted.box(column * side - 1, row * side - 1, (column + 1) * side - 1, (row + 1) * side - 1, inks.main)


# A square or cross that lay on the cells' edges could be GitHub's own: none of the sizes here reaches one.
def _big_square(canvas: Canvas, dice: Dice, inks: Inks) -> None:
    reach = dice.uniform(0.6, 0.7)
    canvas.part(dice.uniform(-0.12, 0.12), dice.uniform(-0.12, 0.12), reach, dice.choice((0.0, 0.125, 0.05))).box(
        -1, -1, 1, 1, inks.main, corner=dice.choice((0.0, 0.3))
    )


def _crossed(canvas: Canvas, dice: Dice, inks: Inks) -> None:
    arm = dice.uniform(0.22, 0.3)
    tilted = canvas.part(0, 0, 1, dice.choice((0.125, 0.125, 0.06, 0.0)))
    tilted.box(-0.92, -arm, 0.92, arm, inks.main)
    tilted.box(-arm, -0.92, arm, 0.92, inks.main)


def _wedge(canvas: Canvas, dice: Dice, inks: Inks) -> None:
    canvas.part(0, 0, 1, dice.randrange(8) / 8).polygon([(-1.5, -1.5), (1.5, 1.5), (-1.5, 1.5)], inks.main)
    if dice.random() < 0.5:
        canvas.disc(0, 0, 0.4, inks.paper)
        canvas.disc(0, 0, 0.25, inks.main)


def _triangle(canvas: Canvas, dice: Dice, inks: Inks) -> None:
    tilted = canvas.part(0, 0.1, dice.uniform(0.7, 0.95), dice.randrange(4) / 4)
    tilted.polygon(around(3), inks.main)
    if dice.random() < 0.5:
        tilted.polygon(around(3, 0.5, dice.choice((0.0, 0.5))), inks.paper)


def _disc(canvas: Canvas, dice: Dice, inks: Inks) -> None:
    canvas.disc(0, 0, dice.uniform(0.6, 0.95), inks.main)
    if dice.random() < 0.5:
        canvas.disc(dice.uniform(-0.3, 0.3), dice.uniform(-0.3, 0.3), dice.uniform(0.2, 0.5), inks.paper)


def _polka(canvas: Canvas, dice: Dice, inks: Inks) -> None:
    count = dice.choice((3, 4, 6, 8))
    radius = dice.uniform(0.5, 0.85) / count
    for row in range(count):
        for column in range(count + 1):
            shift = 0.5 if row % 2 else 0.0
            canvas.disc((2 * column + 1) / count - 1 - shift * 2 / count, (2 * row + 1) / count - 1, radius, inks.main)


def _zigzag(canvas: Canvas, dice: Dice, inks: Inks) -> None:
    teeth = dice.randint(2, 5)
    width = dice.uniform(0.12, 0.22)
    for level in (-0.9, -0.3, 0.3, 0.9):
        points = [
            (-1.2 + 2.4 * step / (2 * teeth), level + (0.15 if step % 2 else -0.15)) for step in range(2 * teeth + 1)
        ]
        canvas.line(points, width, inks.main)


def _bars(canvas: Canvas, dice: Dice, inks: Inks) -> None:
    x = -0.9
    while x < 0.85:
        width = dice.uniform(0.03, 0.22)
        canvas.box(x, dice.choice((-0.8, -0.8, -0.4)), min(x + width, 0.9), 0.8, inks.main)
        x += width + dice.uniform(0.04, 0.15)


def _letter(canvas: Canvas, dice: Dice, inks: Inks) -> None:
    canvas.text(
        0, 0, dice.choice((dice.letter(), "&", "@", "?", "7", "g", "%", "#")), dice.uniform(1.5, 2.2), inks.main
    )


FLAT_ART: tuple[Mark, ...] = (
    _disc,
    _letter,
    _stripes,
    _triangle,
    _frames,
    _crossed,
    _checkers,
    _big_square,
    _zigzag,
    _wedge,
    _bars,
    _polka,
    *MARKS[1:5],
)


def pale(dice: Dice) -> Encoded:
    """Nearly nothing: faint marks, thin frames, small icons and gradients on and around GitHub grey."""
    size = dice.choice((420, 460, 460, 256))
    if dice.turn % 4 == 3:
        return _mist(dice, size)
    ink = dice.choice((mix(GITHUB_GREY, BLACK, dice.uniform(0.02, 0.12)), mix(GITHUB_GREY, dice.vivid(), 0.12), WHITE))
    canvas = Canvas(size, GITHUB_GREY, smooth=dice.random() < 0.7)
    kind = dice.turn % 4
    if kind == 0:
        mark = dice.each(MARKS, stride=3)
        mark(canvas.part(0, 0, dice.uniform(0.5, 0.9)), dice, Inks(GITHUB_GREY, ink, ink))
    elif kind == 1:
        icon = dice.choice((dice.vivid(), dice.dark(), dice.identicon_ink()))
        place = dice.choice(((0.0, 0.0), (0.0, 0.0), (0.7, 0.7), (-0.7, -0.7)))
        dice.choice(MARKS)(canvas.part(*place, dice.uniform(0.1, 0.25)), dice, Inks(GITHUB_GREY, icon, icon))
    else:
        reach, width = dice.uniform(0.85, 1.0), dice.uniform(0.01, 0.05)
        canvas.box(-reach, -reach, reach, reach, dice.choice((ink, dice.dark(), dice.identicon_ink())))
        canvas.box(width - reach, width - reach, reach - width, reach - width, GITHUB_GREY)
    return png(canvas.picture())


def _mist(dice: Dice, size: int) -> Encoded:
    depth = dice.choice((3, 6, 12, 20))
    levels = 240 - depth / 2 + depth * clouds(dice, size, coarsest=2, octaves=dice.choice((1, 1, 4)))
    picture = Image.fromarray(levels.clip(0, 255).astype("uint8")).convert("RGB")
    return dice.choice((png, lambda mist: jpeg(mist, 85), lambda mist: webp(mist, 80)))(picture)
