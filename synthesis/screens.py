"""Screenshots: an editor, a terminal, a page of text, a chat."""

from typing import NamedTuple

from synthesis.canvas import BLACK, WHITE, Canvas, Color, Encoded, Rng, jpeg, mix, png

WORDS = (
    *("let", "value", "return", "import", "while", "count", "self", "index", "match", "async", "buffer", "for"),
    *("state", "node", "parse", "build", "token", "queue", "render", "cache", "none", "true", "path", "error"),
    *("length", "await", "stream", "frame", "range", "print", "module", "type", "open", "close", "read", "write"),
)


class Theme(NamedTuple):
    """The colors of a screen: background, text, and highlights."""

    background: Color
    text: Color
    accents: tuple[Color, ...]


THEMES = (
    Theme((40, 42, 54), (248, 248, 242), ((255, 121, 198), (139, 233, 253), (80, 250, 123), (241, 250, 140))),
    Theme(WHITE, (36, 41, 46), ((215, 58, 73), (0, 92, 197), (111, 66, 193), (34, 134, 58))),
    Theme((0, 43, 54), (147, 161, 161), ((181, 137, 0), (38, 139, 210), (133, 153, 0), (211, 54, 130))),
    Theme((240, 240, 240), (60, 60, 60), ((160, 30, 30), (30, 60, 160), (30, 120, 60))),
)
TERMINALS = (
    Theme(BLACK, (0, 220, 70), ((0, 255, 120),)),
    Theme((48, 10, 36), (238, 238, 236), ((138, 226, 52), (114, 159, 207))),
    Theme((20, 20, 24), (220, 220, 220), ((255, 184, 76), (90, 200, 250))),
)


def screen(rng: Rng) -> Encoded:
    """A screenshot, as PNG or JPEG."""
    picture = rng.cycle((_editor, _terminal, _page, _chat))(rng).picture()
    return jpeg(picture, 85) if rng.random() < 0.4 else png(picture)


def _editor(rng: Rng) -> Canvas:
    theme = rng.choice(THEMES)
    canvas = Canvas(rng.size(), theme.background)
    height = rng.choice((0.09, 0.12, 0.16))
    top = _title_bar(canvas, theme) if rng.random() < 0.6 else -1.0
    indent, number = 0, 0
    while top + (number + 1.5) * height * 1.25 < 1:
        line = top + (number + 1.5) * height * 1.25
        canvas.left_text(-0.97, line, str(number + 1), height, mix(theme.background, theme.text, 0.35))
        x = -0.97 + height * (1.6 + indent)
        for _ in range(rng.choice((0, 1, 2, 2, 3, 4))):
            word = rng.choice(WORDS) + rng.choice(("", "", "()", " =", ":", ","))
            x = canvas.left_text(x, line, word + " ", height, rng.choice((theme.text, *theme.accents)))
        indent = max(0, min(4, indent + rng.choice((-1, 0, 0, 1))))
        number += 1
    return canvas


def _title_bar(canvas: Canvas, theme: Theme) -> float:
    canvas.box(-1, -1, 1, -0.84, mix(theme.background, (128, 128, 128), 0.3))
    for x, light in ((-0.92, (255, 95, 86)), (-0.82, (255, 189, 46)), (-0.72, (39, 201, 63))):
        canvas.disc(x, -0.92, 0.035, light)
    return -0.84


def _terminal(rng: Rng) -> Canvas:
    theme = rng.choice(TERMINALS)
    canvas = Canvas(rng.size(), theme.background)
    height = rng.choice((0.1, 0.13, 0.18))
    top = _title_bar(canvas, theme) if rng.random() < 0.5 else -1.0
    rows = int((0.95 - top) / (height * 1.25) * rng.uniform(0.4, 1))
    for row in range(rows):
        y = top + (row + 1.2) * height * 1.25
        if row == rows - 1 or rng.random() < 0.3:
            canvas.left_text(-0.95, y, "$", height, theme.accents[0])
            words = " ".join(rng.sample(WORDS, rng.randint(0, 3)))
            canvas.left_text(-0.95 + height, y, words if row < rows - 1 else "_", height, theme.text)
        else:
            words = " ".join(rng.sample(WORDS, rng.randint(1, 5)))
            canvas.left_text(-0.95, y, words, height, rng.choice((theme.text, theme.text, theme.accents[-1])))
    return canvas


def _page(rng: Rng) -> Canvas:
    background = rng.choice((WHITE, (250, 248, 240), (244, 236, 216)))
    ink = rng.choice((BLACK, (50, 50, 54)))
    canvas = Canvas(rng.size(), background)
    height = rng.choice((0.08, 0.11, 0.14))
    canvas.left_text(-0.85, -0.68, " ".join(rng.sample(WORDS, 2)).title(), 0.24, ink)
    y = -0.5
    while y < 0.9:
        words = ""
        while len(words) * height * 0.52 < rng.choice((1.3, 1.4, 1.5, 0.8)):
            words += rng.choice(WORDS) + " "
        canvas.left_text(-0.85, y, words, height, ink)
        y += height * rng.choice((1.35, 1.35, 1.35, 2.2))
    return canvas


def _chat(rng: Rng) -> Canvas:
    background = rng.choice(((236, 229, 221), WHITE, (54, 57, 63)))
    canvas = Canvas(rng.size(), background)
    mine, yours = rng.vivid(), mix(background, (128, 128, 128), 0.3)
    y = -0.95
    while y < 0.75:
        own = rng.random() < 0.5
        width, lines = rng.uniform(0.5, 1.3), rng.randint(1, 3)
        left = 0.92 - width if own else -0.92
        canvas.box(left, y, left + width, y + 0.1 + 0.15 * lines, mine if own else yours, corner=0.1)
        for line in range(lines):
            words = " ".join(rng.sample(WORDS, 8))[: int(width / 0.075)]
            ink = WHITE if own or sum(background) < 300 else (30, 30, 30)
            canvas.left_text(left + 0.07, y + 0.16 + 0.15 * line, words, 0.125, ink)
        y += 0.18 + 0.15 * lines
    return canvas
