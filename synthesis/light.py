"""Light, depth and noise: planes of numbers that become photograph-like pictures.

Only integers, sums, products and square roots work on whole arrays: numpy's other functions differ by processor in the
last digit, and the same seed must give the same bytes everywhere.
"""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from synthesis.canvas import BLACK, Canvas, Color, Dice

Field: TypeAlias = NDArray[np.floating]
"""One number for each pixel (a plane), or three of 0 to 255 (a scene)."""


def generator(dice: Dice) -> np.random.Generator:
    """A generator for whole arrays, seeded by the dice."""
    return np.random.Generator(np.random.PCG64(dice.getrandbits(64)))


def clouds(dice: Dice, size: int, coarsest: int = 3, octaves: int = 5, rough: float = 0.5) -> Field:
    """Smooth noise between 0 and 1: random grids, each twice as fine and `rough` times as strong as the one before."""
    source = generator(dice)
    total = np.zeros((size, size), np.float32)
    for octave in range(octaves):
        side = coarsest * 2**octave + 1
        grid = Image.fromarray(source.random((side, side)).astype(np.float32))
        total += np.asarray(grid.resize((size, size), Image.Resampling.BICUBIC)) * np.float32(rough**octave)
    low, high = float(total.min()), float(total.max())
    return (total - low) / (high - low)


def gradient(size: int, stops: list[Color]) -> Field:
    """A scene that runs through the stops from top to bottom."""
    rows = np.arange(size) / (size - 1) * (len(stops) - 1)
    channels = [np.interp(rows, np.arange(len(stops)), [stop[channel] for stop in stops]) for channel in range(3)]
    column = np.stack(channels, axis=1).astype(np.float32)
    return np.repeat(column[:, None, :], size, axis=1)


def distance(size: int, x: float, y: float) -> Field:
    """How far each pixel is from the point (x, y), all in shares of the side."""
    along = np.arange(size, dtype=np.float32) / size
    return np.sqrt((along[None, :] - x) ** 2 + (along[:, None] - y) ** 2)


def blend(below: Field, above: Field | Color, cover: Field) -> Field:
    """`above` laid over `below` where `cover` is 1."""
    return below + (np.asarray(above, np.float32) - below) * cover[:, :, None]


def developed(dice: Dice, scene: Field, grain: int) -> Image.Image:
    """The scene as a picture, with the noise of a sensor of up to `grain` levels."""
    noise = generator(dice).integers(-grain, grain + 1, (2, *scene.shape[:2])).sum(axis=0) / 2
    return Image.fromarray((scene + noise[:, :, None]).clip(0, 255).astype(np.uint8))


def ridge(dice: Dice, size: int, level: float, height: float) -> Field:
    """1 below a jagged horizon about `level` (share of the side from the top), 0 above it."""
    profile = np.zeros(size)
    for octave in range(6):
        count = 3 * 2**octave
        points = [dice.uniform(-1, 1) * 0.5**octave for _ in range(count + 1)]
        profile += np.interp(np.arange(size) / size * count, np.arange(count + 1), points)
    line = (level + height * profile / 2) * size
    return (np.arange(size)[:, None] - line[None, :]).clip(0, 1).astype(np.float32)


def bokeh(dice: Dice, size: int, hues: Sequence[Color], lights: Sequence[Color] = ()) -> Image.Image:
    """A background out of focus in these hues, with discs of light before it."""
    canvas = Canvas(size, hues[0], smooth=False)
    for _ in range(14):
        canvas.disc(dice.uniform(-1, 1), dice.uniform(-1, 1), dice.uniform(0.3, 0.9), dice.choice(hues))
    ground = canvas.picture().filter(ImageFilter.GaussianBlur(size / 9))
    for light in lights:
        canvas = Canvas(size, BLACK, smooth=False)
        canvas.backdrop(ground)
        radius = dice.uniform(0.04, 0.18)
        x, y = dice.uniform(-1, 1), dice.uniform(-1, 1)
        canvas.disc(x, y, radius, light)
        ground = Image.blend(ground, canvas.picture(), dice.uniform(0.2, 0.7))
    return ground.filter(ImageFilter.GaussianBlur(size / 230))
