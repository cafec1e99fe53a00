"""Drawings on GitHub grey and similar greys, and flat art in two colors.

Their counts of GitHub grey and of distinct colors resemble those of default avatars.
"""

from PIL import Image

from github_avatars.identicon import GITHUB_GREY
from synthesis.canvas import BLACK, NEAR_GREYS, WHITE, Canvas, Encoded, Inks, Rng, circle_points, jpeg, mix, png, webp
from synthesis.light import clouds
from synthesis.marks import MARKS, Mark


def logo(rng: Rng) -> Encoded:
    """A logo on exactly GitHub grey, in one or two colors, antialiased or not."""
    main = rng.choice((rng.vivid(), rng.identicon_ink(), rng.identicon_ink(), BLACK))
    second = rng.choice((main, rng.vivid()))
    canvas = Canvas(rng.choice((460, 460, 420, 420, 200)), GITHUB_GREY, smooth=rng.random() < 0.7)
    rng.cycle(MARKS)(canvas.part(0, 0, rng.uniform(0.5, 0.85)), rng, Inks(GITHUB_GREY, main, second))
    return png(canvas.picture())


def letters(rng: Rng) -> Encoded:
    """One to four letters on exactly GitHub grey."""
    ink = rng.choice((rng.vivid(), rng.identicon_ink(), rng.identicon_ink(), rng.dark()))
    canvas = Canvas(rng.choice((460, 420, 420)), GITHUB_GREY, smooth=rng.random() < 0.6)
    count = rng.cycle((1, 2, 1, 3, 2, 4))
    words = "".join(rng.letter() for _ in range(count))
    if rng.random() < 0.3:
        words = words.lower()
    canvas.text(0, 0, words, rng.uniform(0.9, 1.1) * (1.9, 1.3, 0.9, 0.7)[count - 1], ink)
    if rng.random() < 0.3:
        canvas.box(-0.6, 0.7, 0.6, 0.76, ink)
    return png(canvas.picture())


def near_grey_logo(rng: Rng) -> Encoded:
    """A logo on a grey that differs from GitHub grey by one or two levels."""
    background = rng.cycle(NEAR_GREYS)
    main = rng.choice((rng.vivid(), rng.identicon_ink()))
    second = rng.choice((main, rng.vivid(), rng.dark()))
    canvas = Canvas(rng.size(), background, smooth=rng.random() < 0.8)
    mark = rng.cycle(MARKS, stride=7)
    mark(canvas.part(0, 0, rng.uniform(0.5, 0.85)), rng, Inks(background, main, second))
    picture = canvas.picture()
    return jpeg(picture, 92) if rng.random() < 0.25 else png(picture)


def two_colors_on_grey(rng: Rng) -> Encoded:
    """Flat art in one color on GitHub grey, 420 pixels, with the color counts of a default avatar."""
    art, ink = rng.cycle(FLAT_ART), rng.identicon_ink()
    return _flat_art(rng, art, Inks(GITHUB_GREY, ink, ink))


def two_colors(rng: Rng) -> Encoded:
    """Flat art in two colors, 420 pixels, on a background other than GitHub grey."""
    background = rng.cycle((WHITE, BLACK, rng.vivid(), rng.pastel(), rng.dark(), NEAR_GREYS[0], rng.vivid()))
    ink = rng.choice((rng.vivid(), BLACK)) if sum(background) > 480 else rng.choice((WHITE, rng.pastel()))
    return _flat_art(rng, rng.cycle(FLAT_ART, stride=5), Inks(background, ink, ink))


def _flat_art(rng: Rng, art: Mark, inks: Inks) -> Encoded:
    canvas = Canvas(420, inks.background, smooth=rng.random() < 0.25)
    art(canvas, rng, inks)
    return png(canvas.picture())


def _stripes(canvas: Canvas, rng: Rng, inks: Inks) -> None:
    tilted = canvas.part(0, 0, 1, rng.choice((0.0, 0.25, 0.125, -0.125, 0.07)))
    pitch = 3 / rng.choice((5, 7, 9, 11, 14))
    for number in range(-8, 9):
        tilted.box(-1.6, (number - 0.27) * pitch, 1.6, (number + 0.27) * pitch, inks.main)


def _frames(canvas: Canvas, rng: Rng, inks: Inks) -> None:
    count = rng.randint(2, 6)
    corner = rng.choice((0.0, 0.2))
    for number in range(2 * count):
        extent = 0.93 * (1 - number / (2 * count))
        ink = inks.background if number % 2 else inks.main
        canvas.box(-extent, -extent, extent, extent, ink, corner=min(corner, extent))


def _checkers(canvas: Canvas, rng: Rng, inks: Inks) -> None:
    count = rng.choice((3, 4, 6, 8, 10, 12))
    side = 2 / count
    tilted = canvas.part(0, 0, 1, rng.choice((0.0, 0.125)))
    for row in range(-count, 2 * count):
        for column in range(-count, 2 * count):
            if (row + column) % 2 == 0:
                tilted.box(column * side - 1, row * side - 1, (column + 1) * side - 1, (row + 1) * side - 1, inks.main)


# The sizes of squares and crosses avoid the edges of GitHub's cells, since they could otherwise equal an identicon.
def _big_square(canvas: Canvas, rng: Rng, inks: Inks) -> None:
    extent = rng.uniform(0.6, 0.7)
    canvas.part(rng.uniform(-0.12, 0.12), rng.uniform(-0.12, 0.12), extent, rng.choice((0.0, 0.125, 0.05))).box(
        -1, -1, 1, 1, inks.main, corner=rng.choice((0.0, 0.3))
    )


def _crossed(canvas: Canvas, rng: Rng, inks: Inks) -> None:
    arm = rng.uniform(0.22, 0.3)
    tilted = canvas.part(0, 0, 1, rng.choice((0.125, 0.125, 0.06, 0.0)))
    tilted.box(-0.92, -arm, 0.92, arm, inks.main)
    tilted.box(-arm, -0.92, arm, 0.92, inks.main)


def _wedge(canvas: Canvas, rng: Rng, inks: Inks) -> None:
    canvas.part(0, 0, 1, rng.randrange(8) / 8).polygon([(-1.5, -1.5), (1.5, 1.5), (-1.5, 1.5)], inks.main)
    if rng.random() < 0.5:
        canvas.disc(0, 0, 0.4, inks.background)
        canvas.disc(0, 0, 0.25, inks.main)


def _triangle(canvas: Canvas, rng: Rng, inks: Inks) -> None:
    tilted = canvas.part(0, 0.1, rng.uniform(0.7, 0.95), rng.randrange(4) / 4)
    tilted.polygon(circle_points(3), inks.main)
    if rng.random() < 0.5:
        tilted.polygon(circle_points(3, 0.5, rng.choice((0.0, 0.5))), inks.background)


def _disc(canvas: Canvas, rng: Rng, inks: Inks) -> None:
    canvas.disc(0, 0, rng.uniform(0.6, 0.95), inks.main)
    if rng.random() < 0.5:
        canvas.disc(rng.uniform(-0.3, 0.3), rng.uniform(-0.3, 0.3), rng.uniform(0.2, 0.5), inks.background)


def _polka(canvas: Canvas, rng: Rng, inks: Inks) -> None:
    count = rng.choice((3, 4, 6, 8))
    radius = rng.uniform(0.5, 0.85) / count
    for row in range(count):
        for column in range(count + 1):
            shift = 0.5 if row % 2 else 0.0
            canvas.disc((2 * column + 1) / count - 1 - shift * 2 / count, (2 * row + 1) / count - 1, radius, inks.main)


def _zigzag(canvas: Canvas, rng: Rng, inks: Inks) -> None:
    teeth = rng.randint(2, 5)
    width = rng.uniform(0.12, 0.22)
    for level in (-0.9, -0.3, 0.3, 0.9):
        points = [
            (-1.2 + 2.4 * step / (2 * teeth), level + (0.15 if step % 2 else -0.15)) for step in range(2 * teeth + 1)
        ]
        canvas.line(points, width, inks.main)


def _bars(canvas: Canvas, rng: Rng, inks: Inks) -> None:
    x = -0.9
    while x < 0.85:
        width = rng.uniform(0.03, 0.22)
        canvas.box(x, rng.choice((-0.8, -0.8, -0.4)), min(x + width, 0.9), 0.8, inks.main)
        x += width + rng.uniform(0.04, 0.15)


def _letter(canvas: Canvas, rng: Rng, inks: Inks) -> None:
    canvas.text(0, 0, rng.choice((rng.letter(), "&", "@", "?", "7", "g", "%", "#")), rng.uniform(1.5, 2.2), inks.main)


FLAT_ART: tuple[Mark, ...] = (
    *(_disc, _letter, _stripes, _triangle, _frames, _crossed, _checkers, _big_square, _zigzag, _wedge, _bars, _polka),
    *MARKS[1:5],
)


def pale(rng: Rng) -> Encoded:
    """A low-contrast picture: a faint mark, a small icon, a thin frame or a gradient, on or near GitHub grey."""
    size = rng.choice((420, 460, 460, 256))
    if rng.number % 4 == 3:
        return _gradient(rng, size)
    ink = rng.choice((mix(GITHUB_GREY, BLACK, rng.uniform(0.02, 0.12)), mix(GITHUB_GREY, rng.vivid(), 0.12), WHITE))
    canvas = Canvas(size, GITHUB_GREY, smooth=rng.random() < 0.7)
    kind = rng.number % 4
    if kind == 0:
        mark = rng.cycle(MARKS, stride=3)
        mark(canvas.part(0, 0, rng.uniform(0.5, 0.9)), rng, Inks(GITHUB_GREY, ink, ink))
    elif kind == 1:
        icon = rng.choice((rng.vivid(), rng.dark(), rng.identicon_ink()))
        place = rng.choice(((0.0, 0.0), (0.0, 0.0), (0.7, 0.7), (-0.7, -0.7)))
        rng.choice(MARKS)(canvas.part(*place, rng.uniform(0.1, 0.25)), rng, Inks(GITHUB_GREY, icon, icon))
    else:
        extent, width = rng.uniform(0.85, 1.0), rng.uniform(0.01, 0.05)
        canvas.box(-extent, -extent, extent, extent, rng.choice((ink, rng.dark(), rng.identicon_ink())))
        canvas.box(width - extent, width - extent, extent - width, extent - width, GITHUB_GREY)
    return png(canvas.picture())


def _gradient(rng: Rng, size: int) -> Encoded:
    depth = rng.choice((3, 6, 12, 20))
    levels = 240 - depth / 2 + depth * clouds(rng, size, coarsest=2, octaves=rng.choice((1, 1, 4)))
    picture = Image.fromarray(levels.clip(0, 255).astype("uint8")).convert("RGB")
    return rng.choice((png, lambda picture: jpeg(picture, 85), lambda picture: webp(picture, 80)))(picture)
