"""Pictures of few, large pixels: sprites and QR-like codes."""

from PIL import Image, ImageDraw

from github_avatars.identicon import GITHUB_GREY
from synthesis.canvas import BLACK, WHITE, Color, Encoded, Rng, gif, mix, png


def sprite(rng: Rng) -> Encoded:
    """Pixel art: a mirrored creature in up to three shades, with or without an outline."""
    side = rng.cycle((8, 11, 12, 16, 10, 14))
    fur = rng.vivid()
    background = rng.cycle((WHITE, BLACK, rng.dark(), rng.pastel(), GITHUB_GREY, rng.vivid(), WHITE))
    small = Image.new("RGB", (side + 2, side + 2), background)
    creature = _creature(rng, side)
    shading, outlined = rng.choice((0.0, 0.3, 0.3)), rng.random() < 0.5
    for x, y in creature:
        shade = mix(fur, BLACK, shading * (1 + (y > side * 0.6) - (x > side * 0.35)))
        if outlined and any(near not in creature for near in ((x - 1, y), (x, y - 1), (x, y + 1))):
            shade = mix(fur, BLACK, 0.7)
        _put_mirrored(small, x, y, shade)
    eye = WHITE if outlined or sum(fur) < 300 else BLACK
    _put_mirrored(small, max(1, side // 2 - 1 - side // 6), side // 3 + 1, eye)
    size = rng.size()
    picture = small.resize((size, size), Image.Resampling.NEAREST)
    return rng.choice((png, png, lambda art: png(art.quantize(16)), lambda art: gif(art.quantize(16))))(picture)


def _creature(rng: Rng, side: int) -> set[tuple[int, int]]:
    """Return the cells of the left half, dense near the middle and sparse further out."""
    cells = set()
    for x in range((side + 1) // 2):
        for y in range(side):
            away = (side / 2 - x - 0.5) / (side / 2)
            height = abs(y - side * 0.45) / (side * 0.55)
            if rng.random() < 1.6 - 0.9 * away - 0.75 * height:
                cells.add((x, y))
    return cells


def _put_mirrored(small: Image.Image, x: int, y: int, shade: Color) -> None:
    """Paint a cell and its mirror image, inside a border of one cell."""
    small.putpixel((x + 1, y + 1), shade)
    small.putpixel((small.width - 2 - x, y + 1), shade)


def code(rng: Rng) -> Encoded:
    """A QR-like code of finder patterns, timing lines and random modules. It contains no message."""
    count = rng.cycle((21, 25, 29, 33))
    dark = rng.choice((BLACK, BLACK, rng.dark(), rng.color((0.5, 0.9), (0.25, 0.4))))
    background = rng.choice((WHITE, WHITE, GITHUB_GREY, rng.pastel()))
    small = Image.new("RGB", (count + 8, count + 8), background)
    for x in range(count):
        for y in range(count):
            timing = 6 in (x, y)
            if (timing and (x + y) % 2 == 0) or (not timing and rng.random() < 0.5):
                small.putpixel((x + 4, y + 4), dark)
    draw = ImageDraw.Draw(small)
    for left, top in ((4, 4), (count - 3, 4), (4, count - 3)):
        draw.rectangle((left - 1, top - 1, left + 7, top + 7), fill=background)
        draw.rectangle((left, top, left + 6, top + 6), outline=dark)
        draw.rectangle((left + 2, top + 2, left + 4, top + 4), fill=dark)
    picture = small.resize((rng.size(),) * 2, Image.Resampling.NEAREST)
    return png(picture.convert("1")) if dark == BLACK and background == WHITE else png(picture)
