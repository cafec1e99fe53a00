"""Pictures that resemble photographs: soft light, depth, noise, JPEG."""

import numpy as np
from PIL import Image, ImageFilter

from github_avatars.identicon import GITHUB_GREY
from synthesis.canvas import BLACK, WHITE, Canvas, Color, Encoded, Rng, circle_points, jpeg, mix, png, webp
from synthesis.light import Field, add_grain, blend, bokeh, clouds, distance, generator, gradient, ridge

SKIES: tuple[tuple[Color, Color, Color], ...] = (
    ((58, 120, 200), (150, 195, 235), (225, 235, 240)),
    ((52, 40, 92), (210, 95, 90), (255, 196, 110)),
    ((120, 140, 165), (175, 190, 205), (215, 220, 225)),
    ((22, 34, 74), (90, 90, 140), (240, 160, 140)),
    ((90, 160, 205), (190, 215, 215), (250, 230, 190)),
)


def _landscape(rng: Rng, size: int) -> Field:
    sky = rng.cycle(SKIES)
    horizon = rng.uniform(0.45, 0.65)
    scene = gradient(size, [*sky, sky[-1]])
    scene = blend(scene, WHITE, (clouds(rng, size, 2, 6, 0.55) * 2.4 - 1.2).clip(0, 1) * 0.8)
    sun_x, sun_y = rng.uniform(0.15, 0.85), rng.uniform(0.1, horizon)
    far = distance(size, sun_x, sun_y)
    scene = blend(scene, (255, 246, 220), (0.004 / (far * far + 0.0035)).clip(0, 1))
    layers = rng.randint(2, 4)
    ground = rng.choice(((42, 66, 38), (70, 62, 40), (38, 48, 60), (88, 74, 52), (30, 60, 50)))
    for number in range(layers):
        depth = (number + 1) / layers
        level = horizon + (number - 0.6) * 0.42 / layers
        texture = clouds(rng, size, 12, 5, 0.7)[:, :, None] * 0.8 + 0.6
        hill = np.asarray(mix(sky[-1], ground, 0.25 + 0.75 * depth), np.float32) * texture
        scene = blend(scene, hill, ridge(rng, size, level, 0.34 * (1.2 - depth)))
    if rng.number % 3 == 1:
        return _with_lake(rng, scene, round(size * rng.uniform(0.66, 0.75)))
    return _with_trees(rng, scene, mix(ground, BLACK, 0.6)) if rng.number % 3 == 2 else scene


def _with_trees(rng: Rng, scene: Field, ink: Color) -> Field:
    stencil = Canvas(len(scene), BLACK)
    for _ in range(rng.randint(12, 40)):
        tree = stencil.part(rng.uniform(-1.1, 1.1), rng.uniform(0.7, 1.0), rng.uniform(0.15, 0.45))
        for layer in range(5):
            width, foot = 0.14 + layer * 0.08, -0.5 + layer * 0.3
            tree.polygon([(0, -1 + layer * 0.25), (width, foot), (-width, foot)], WHITE)
    return blend(scene, ink, np.asarray(stencil.picture().convert("L"), np.float32) / 255)


def _with_lake(rng: Rng, scene: Field, shore: int) -> Field:
    size = len(scene)
    rows = np.arange(size - shore)
    mirror = scene[np.maximum(shore - 1 - rows * 3 // 2, 0)]
    ripples = np.repeat(clouds(rng, size, 40, 2)[: size - shore, :1], size, axis=1) * 0.35 + 0.6
    return np.concatenate([scene[:shore], mirror * ripples[:, :, None] + np.asarray((4, 10, 14), np.float32)])


def landscape(rng: Rng) -> Encoded:
    """Hills under a sky, some with a lake."""
    scene = _landscape(rng, rng.size())
    return jpeg(add_grain(rng, scene, rng.randint(2, 9)), rng.randint(78, 90))


SKINS = ((241, 205, 178), (224, 172, 138), (198, 134, 96), (141, 92, 62), (92, 58, 42), (250, 222, 200))
HAIRS: tuple[Color, ...] = ((28, 22, 20), (70, 44, 28), (150, 96, 48), (212, 170, 98), (128, 124, 122), (140, 60, 34))


def _portrait(rng: Rng, size: int) -> Field:
    base = rng.color((0.1, 0.5), (0.25, 0.8))
    tints = (WHITE, BLACK, rng.pastel(), rng.dark())
    hues = [mix(base, rng.choice(tints), rng.uniform(0.1, 0.5)) for _ in range(5)]
    lights = [mix(hue, WHITE, 0.5) for hue in hues] if rng.random() < 0.4 else []
    canvas = Canvas(size, BLACK)
    canvas.backdrop(bokeh(rng, size, hues, lights))
    x, y, tilt = rng.uniform(-0.15, 0.15), rng.uniform(-0.05, 0.15), rng.uniform(-0.02, 0.02)
    _draw_person(canvas.part(x, y, rng.uniform(0.85, 1.15), tilt), rng)
    picture = canvas.picture().filter(ImageFilter.GaussianBlur(size / 250))
    lit = distance(size, rng.choice((0.15, 0.85)), 0.15)
    relief = clouds(rng, size, 4, 6, 0.6)
    scene = np.asarray(picture, np.float32)
    return scene * ((1.25 - 0.55 * lit) * (0.9 + 0.2 * relief))[:, :, None]


def _draw_person(person: Canvas, rng: Rng) -> None:
    skin, hair = rng.cycle(SKINS), rng.choice(HAIRS)
    shade, clothes = mix(skin, (60, 20, 10), 0.22), rng.color((0.1, 0.7), (0.12, 0.6))
    if rng.random() < 0.5:
        person.disc(0, 0.0, 0.5, hair, height=0.72)
    person.disc(0, 1.25, 0.95, clothes, height=0.72)
    person.box(-0.17, 0.2, 0.17, 0.68, shade, corner=0.1)
    person.disc(0, 0.66, 0.26, shade, height=0.14)
    person.disc(0, -0.42, 0.44, hair, height=0.36)
    for sign in (-1, 1):
        person.disc(sign * 0.385, -0.08, 0.07, shade, height=0.12)
    person.disc(0, -0.08, 0.38, skin, height=0.5)
    person.polygon([(-0.37, -0.3), (-0.2, -0.55), (0.25, -0.56), (0.37, -0.3), (rng.uniform(-0.2, 0.2), -0.42)], hair)
    for sign in (-1, 1):
        person.disc(sign * 0.15, -0.12, 0.065, (245, 242, 238), height=0.035)
        person.disc(sign * 0.15, -0.12, 0.032, (50, 36, 28))
        person.line([(sign * 0.08, -0.22), (sign * 0.16, -0.245), (sign * 0.23, -0.21)], 0.025, mix(hair, skin, 0.2))
        person.disc(sign * 0.22, 0.06, 0.09, mix(skin, (220, 90, 80), 0.15))
    person.polygon([(0, -0.1), (0.065, 0.07), (-0.05, 0.08)], shade)
    person.arc(0, 0.02, 0.2, 0.035, (168, 74, 70), (0.35, 0.65))
    if rng.random() < 0.35:
        person.arc(0, 0.0, 0.4, 0.16, mix(hair, skin, 0.15), (0.29, 0.71))
        person.box(-0.1, 0.17, 0.1, 0.2, (150, 70, 66), corner=0.01)
    if rng.random() < 0.35:
        for sign in (-1, 1):
            person.arc(sign * 0.16, -0.11, 0.125, 0.022, (30, 30, 34))
        person.line([(-0.04, -0.12), (0.04, -0.12)], 0.022, (30, 30, 34))


def portrait(rng: Rng) -> Encoded:
    """A head and shoulders in front of a blurred background."""
    scene = _portrait(rng, rng.size())
    return jpeg(add_grain(rng, scene, rng.randint(2, 7)), rng.randint(80, 92))


DUSKS: tuple[tuple[Color, Color], ...] = (
    ((18, 26, 58), (52, 66, 112)),
    ((34, 24, 66), (150, 74, 92)),
    ((14, 20, 34), (36, 48, 60)),
    ((24, 34, 70), (196, 120, 80)),
)


def _night(rng: Rng, size: int) -> Field:
    scene = gradient(size, [(6, 8, 20), *rng.choice(DUSKS)])
    stars = generator(rng).random((size, size)) > 0.9985
    scene = blend(scene, WHITE, stars.astype(np.float32) * clouds(rng, size, 20, 1))
    moon = distance(size, rng.uniform(0.1, 0.9), rng.uniform(0.1, 0.35))
    moonlight = ((0.05 - moon) * 200).clip(0, 1) + (0.0012 / (moon * moon + 0.004)).clip(0, 0.4)
    sky = blend(scene, (250, 244, 220), moonlight.clip(0, 1))
    canvas = Canvas(size, BLACK, smooth=False)
    canvas.backdrop(Image.fromarray(sky.clip(0, 255).astype(np.uint8)))
    x = -1.05
    while x < 1:
        width, top = rng.uniform(0.12, 0.3), rng.uniform(-0.35, 0.55)
        canvas.box(x, top, x + width, 1.1, mix((8, 10, 18), (50, 52, 74), rng.random()))
        light = mix((255, 214, 120), (190, 220, 255), rng.random() * rng.random())
        _light_windows(canvas, rng, (x, top, width), light)
        x += width + rng.choice((0.0, 0.0, 0.03))
    return np.asarray(canvas.picture(), np.float32)


def _light_windows(canvas: Canvas, rng: Rng, house: tuple[float, float, float], light: Color) -> None:
    left, top, width = house
    for row in range(1, 24):
        for column in range(round(width / 0.05)):
            if rng.random() < 0.3:
                x, y = left + 0.02 + column * 0.05, top + row * 0.06
                canvas.box(x, y, x + 0.025, y + 0.03, mix(light, BLACK, rng.uniform(0, 0.5)))


LAMPS = ((255, 176, 66), (232, 74, 44), (255, 226, 164), (70, 120, 220), (214, 60, 110), (40, 150, 130))


def night(rng: Rng) -> Encoded:
    """A town at night, or blurred lights in the dark."""
    size = rng.size()
    if rng.number % 2:
        lamps = rng.sample(LAMPS, 3)
        shadows = [BLACK, rng.dark(), rng.dark(), mix(lamps[0], BLACK, 0.7)]
        lights = [mix(rng.choice(lamps), WHITE, rng.uniform(0, 0.4)) for _ in range(rng.randint(18, 36))]
        scene = np.asarray(bokeh(rng, size, shadows, lights), np.float32)
    else:
        scene = _night(rng, size)
    return jpeg(add_grain(rng, scene, rng.randint(4, 10)), rng.randint(76, 88))


def flower(rng: Rng) -> Encoded:
    """A flower in front of a blurred garden."""
    size = rng.size()
    greens = [rng.color((0.2, 0.5), (0.15, 0.5)) for _ in range(2)] + [(58, 92, 44), (104, 138, 70), (36, 58, 34)]
    canvas = Canvas(size, BLACK)
    canvas.backdrop(bokeh(rng, size, greens, [mix(rng.choice(greens), WHITE, 0.4) for _ in range(8)]))
    x, y, radius = rng.uniform(-0.3, 0.3), rng.uniform(-0.3, 0.2), rng.uniform(0.55, 0.85)
    canvas.line([(x, y), (x + rng.uniform(-0.3, 0.3), 1.2)], 0.06, (70, 110, 50))
    head = canvas.part(x, y, radius, rng.random())
    petal, count = rng.color((0.5, 1.0), (0.5, 0.85)), rng.randint(5, 16)
    for ring in (1.0, 0.72):
        for number in range(count):
            ink = mix(petal, rng.choice((WHITE, BLACK)), rng.uniform(0.0, 0.2))
            leaf = head.part(0, 0, ring, (number + rng.uniform(-0.15, 0.15)) / count)
            leaf.disc(0, -0.55, 2.2 / count, ink, height=0.46)
            leaf.line([(0, -0.3), (0, -0.85)], 0.02, mix(ink, BLACK, 0.12))
    for _ in range(160):
        px, py = circle_points(1, 0.26 * rng.random() ** 0.5, rng.random())[0]
        head.disc(px, py, 0.035, mix((240, 190, 50), (120, 70, 20), rng.random()))
    scene = np.asarray(canvas.picture().filter(ImageFilter.GaussianBlur(size / 380)), np.float32)
    scene = scene * (0.8 + 0.4 * clouds(rng, size, 3, 6, 0.6))[:, :, None]
    return jpeg(add_grain(rng, scene, rng.randint(2, 6)), rng.randint(80, 90))


def pale(rng: Rng) -> Encoded:
    """A photograph with little contrast, close to white or light grey, as in fog or snow."""
    size = rng.size()
    veil = rng.cycle((GITHUB_GREY, WHITE, (232, 236, 240), (246, 243, 238), (225, 225, 225)))
    scene = rng.cycle((_landscape, _portrait))(rng, size)
    dense = 0.72 + 0.22 * clouds(rng, size, 2, 3)
    picture = add_grain(rng, blend(scene, veil, dense), rng.randint(1, 4))
    return webp(picture, 82) if rng.random() < 0.2 else jpeg(picture, rng.randint(80, 92))


def greyscale(rng: Rng) -> Encoded:
    """A black-and-white photograph in a single-channel file."""
    size = rng.size()
    scene = rng.cycle((_portrait, _landscape, _night))(rng, size)
    picture = add_grain(rng, scene, rng.randint(2, 8)).convert("L")
    return png(picture) if size <= 200 else jpeg(picture, rng.randint(78, 90))
