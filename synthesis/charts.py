"""Charts of random numbers."""

from synthesis.canvas import WHITE, Canvas, Color, Encoded, Rng, mix, png


def chart(rng: Rng) -> Encoded:
    """A bar, line, pie or scatter chart, a heat map or an activity calendar."""
    background = rng.choice((WHITE, WHITE, (250, 250, 250), (24, 26, 32)))
    inks = [rng.color((0.5, 0.9), (0.4, 0.6)) for _ in range(4)]
    canvas = Canvas(rng.size(), background)
    axis = mix(background, (128, 128, 128), 0.8)
    plot = rng.cycle((_bar_chart, _line_chart, _pie, _scatter, _heat_map, _calendar))
    if plot not in (_pie, _heat_map, _calendar):
        for level in (-0.4, 0.1, 0.6):
            canvas.line([(-0.8, level - 0.2), (0.9, level - 0.2)], 0.008, mix(background, axis, 0.4))
        canvas.line([(-0.8, -0.85), (-0.8, 0.8), (0.9, 0.8)], 0.02, axis)
        for number in range(4):
            canvas.text(-0.9, 0.75 - number * 0.45, str(number * 5), 0.11, axis)
            canvas.text(-0.6 + number * 0.45, 0.9, str(2020 + number), 0.11, axis)
    plot(canvas, rng, inks)
    return png(canvas.picture())


def _bar_chart(canvas: Canvas, rng: Rng, inks: list[Color]) -> None:
    count = rng.randint(4, 9)
    for number in range(count):
        left = -0.72 + number * 1.6 / count
        middle = rng.uniform(-0.7, 0.6)
        canvas.box(left, middle, left + 1.2 / count, 0.79, inks[0])
        canvas.box(left, middle, left + 1.2 / count, middle + rng.uniform(0, 0.79 - middle), inks[1])


def _line_chart(canvas: Canvas, rng: Rng, inks: list[Color]) -> None:
    for ink in inks[: rng.randint(1, 3)]:
        level = rng.uniform(-0.4, 0.5)
        points = []
        for step in range(14):
            level = min(0.7, max(-0.75, level + rng.uniform(-0.25, 0.2)))
            points.append((-0.78 + step * 0.128, level))
        canvas.line(points, 0.035, ink)


def _pie(canvas: Canvas, rng: Rng, inks: list[Color]) -> None:
    start = 0.0
    shares = [rng.uniform(0.5, 2) for _ in inks]
    width = rng.choice((0.85, 0.35))
    for share, ink in zip(shares, inks, strict=True):
        end = start + share / sum(shares)
        canvas.arc(0, 0, 0.85, width, ink, (start, end - 0.006))
        start = end


def _scatter(canvas: Canvas, rng: Rng, inks: list[Color]) -> None:
    for ink in inks[:3]:
        x, y = rng.uniform(-0.4, 0.5), rng.uniform(-0.4, 0.4)
        for _ in range(rng.randint(10, 40)):
            along = x + rng.uniform(-0.35, 0.35)
            canvas.disc(along, y + (x - along) * 0.6 + rng.uniform(-0.22, 0.22), 0.03, ink)


def _heat_map(canvas: Canvas, rng: Rng, inks: list[Color]) -> None:
    count = rng.randint(5, 12)
    for row in range(count):
        for column in range(count):
            left, top = 1.8 * column / count - 0.9, 1.8 * row / count - 0.9
            heat = min(1.0, abs(row - column) / count + rng.random() * 0.5)
            canvas.box(left, top, left + 1.75 / count, top + 1.75 / count, mix(inks[0], (255, 250, 220), heat))


def _calendar(canvas: Canvas, rng: Rng, inks: list[Color]) -> None:
    busiest = rng.choice(((33, 110, 57), inks[0]))
    for row in range(7):
        for column in range(9):
            left, top = -0.92 + column * 0.206, -0.72 + row * 0.206
            busy = rng.choice((0.0, 0.0, 0.3, 0.6, 1.0))
            canvas.box(left, top, left + 0.17, top + 0.17, mix((235, 237, 240), busiest, busy), corner=0.03)
