"""Light, depth and noise on arrays of floats, for pictures that resemble photographs.

Whole arrays are computed with integers, sums, products and square roots only. The results of NumPy's other functions
differ between processors in the last digit, and a seed must yield the same bytes everywhere.
"""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from synthesis.canvas import BLACK, Canvas, Color, Rng

Field: TypeAlias = NDArray[np.floating]
"""A plane (height, width) with one number per pixel, or a scene (height, width, 3) of RGB values from 0 to 255."""


def generator(rng: Rng) -> np.random.Generator:
    """Return a NumPy generator that is seeded by `rng`."""
    return np.random.Generator(np.random.PCG64(rng.getrandbits(64)))


def clouds(rng: Rng, size: int, coarsest: int = 3, octaves: int = 5, rough: float = 0.5) -> Field:
    """Return a plane of smooth noise between 0 and 1.

    It is a sum of random grids. Each is twice as fine as the one before, and `rough` times as strong.
    """
    source = generator(rng)
    total = np.zeros((size, size), np.float32)
    for octave in range(octaves):
        side = coarsest * 2**octave + 1
        grid = Image.fromarray(source.random((side, side)).astype(np.float32))
        total += np.asarray(grid.resize((size, size), Image.Resampling.BICUBIC)) * np.float32(rough**octave)
    low, high = float(total.min()), float(total.max())
    return (total - low) / (high - low)


def gradient(size: int, stops: list[Color]) -> Field:
    """Return a scene with a vertical gradient through these colors, from top to bottom."""
    rows = np.arange(size) / (size - 1) * (len(stops) - 1)
    channels = [np.interp(rows, np.arange(len(stops)), [stop[channel] for stop in stops]) for channel in range(3)]
    column = np.stack(channels, axis=1).astype(np.float32)
    return np.repeat(column[:, None, :], size, axis=1)


def distance(size: int, x: float, y: float) -> Field:
    """Return the distance of each pixel from (x, y), in units of the side."""
    along = np.arange(size, dtype=np.float32) / size
    return np.sqrt((along[None, :] - x) ** 2 + (along[:, None] - y) ** 2)


def blend(below: Field, above: Field | Color, cover: Field) -> Field:
    """Blend `above` over `below`, with `cover` as the opacity (0 to 1) of each pixel."""
    return below + (np.asarray(above, np.float32) - below) * cover[:, :, None]


def add_grain(rng: Rng, scene: Field, grain: int) -> Image.Image:
    """Convert a scene to a picture, with sensor noise of up to `grain` levels."""
    noise = generator(rng).integers(-grain, grain + 1, (2, *scene.shape[:2])).sum(axis=0) / 2
    return Image.fromarray((scene + noise[:, :, None]).clip(0, 255).astype(np.uint8))


def ridge(rng: Rng, size: int, level: float, height: float) -> Field:
    """Return a plane that is 0 above a jagged horizon and 1 below it.

    `level` is the mean height of the horizon, from the top, in units of the side.
    """
    profile = np.zeros(size)
    for octave in range(6):
        count = 3 * 2**octave
        points = [rng.uniform(-1, 1) * 0.5**octave for _ in range(count + 1)]
        profile += np.interp(np.arange(size) / size * count, np.arange(count + 1), points)
    line = (level + height * profile / 2) * size
    return (np.arange(size)[:, None] - line[None, :]).clip(0, 1).astype(np.float32)


def bokeh(rng: Rng, size: int, hues: Sequence[Color], lights: Sequence[Color] = ()) -> Image.Image:
    """Return a blurred background in these hues, with discs of light in front."""
    canvas = Canvas(size, hues[0], smooth=False)
    for _ in range(14):
        canvas.disc(rng.uniform(-1, 1), rng.uniform(-1, 1), rng.uniform(0.3, 0.9), rng.choice(hues))
    ground = canvas.picture().filter(ImageFilter.GaussianBlur(size / 9))
    for light in lights:
        canvas = Canvas(size, BLACK, smooth=False)
        canvas.backdrop(ground)
        radius = rng.uniform(0.04, 0.18)
        x, y = rng.uniform(-1, 1), rng.uniform(-1, 1)
        canvas.disc(x, y, radius, light)
        ground = Image.blend(ground, canvas.picture(), rng.uniform(0.2, 0.7))
    return ground.filter(ImageFilter.GaussianBlur(size / 230))
