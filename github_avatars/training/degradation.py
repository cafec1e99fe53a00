"""Degraded copies: a picture as galleries resize, crop and encode it."""

import io
import random
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np
from PIL import Image, ImageDraw

from github_avatars import identicon
from github_avatars.picture import decoding

PALETTE_COLORS = 256


@dataclass(frozen=True)
class Degradation:
    """What a gallery does to an avatar: resize, crop to a circle if `circle` is true, encode."""

    size: int
    """Pixels a side of the thumbnail; 0 for the size of the picture."""
    resampling: str
    """The name of a Pillow resampling filter. NEAREST first reduces the picture to a palette, as programs that keep the
    mode of palette images do."""
    circle: bool
    codec: str
    """A key of CODECS."""

    def apply(self, picture: Image.Image) -> bytes:
        """The encoded thumbnail of an RGB picture. The corners of a circle are transparent, or white in a JPEG."""
        if self.resampling == "NEAREST":
            picture = picture.quantize(PALETTE_COLORS, Image.Quantize.FASTOCTREE).convert("RGB")
        size = (self.size, self.size) if self.size else picture.size
        thumbnail = picture.resize(size, Image.Resampling[self.resampling])
        if self.circle:
            thumbnail.putalpha(_disc(self.size))
        return CODECS[self.codec](thumbnail)


def _disc(size: int) -> Image.Image:
    oversize = Image.new("L", (4 * size, 4 * size))
    ImageDraw.Draw(oversize).ellipse((0, 0, 4 * size - 1, 4 * size - 1), fill=255)
    return oversize.resize((size, size), Image.Resampling.BOX)


def _encode(picture: Image.Image, codec: str, **options: int) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, codec, **options)
    return buffer.getvalue()


def _jpeg(picture: Image.Image, quality: int) -> bytes:
    return _encode(decoding.rgb(picture), "JPEG", quality=quality)


SHEETS = 4
"""Number of sheets that a tile may be cut from."""

SHEET_SIDE = 16
"""Tiles a side of a sheet, and pixels a side of each tile while its palette is computed."""

BAYER = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]]) / 16 - 15 / 32
"""The thresholds of ordered dithering, from -0.5 to 0.5.

Source: B. E. Bayer, "An optimum method for two-level rendition of continuous-tone pictures", IEEE International
Conference on Communications (1973).
"""

ORDERED_SPREAD = 32
"""Levels between the least and the greatest offset of ordered dithering."""


@lru_cache
def _sheet_palette(number: int, circle: bool) -> Image.Image:
    """The palette of a white sheet of avatars, half of them identicons, as a palette image."""
    rng = random.Random(number)  # noqa: S311 (not for security)
    side = SHEET_SIDE * SHEET_SIDE
    sheet = Image.new("RGB", (side, side), "white")
    for place in range(SHEET_SIDE * SHEET_SIDE):
        if place % 2:
            tile = identicon.render(rng.randint(1, 10**8)).resize((SHEET_SIDE, SHEET_SIDE), Image.Resampling.LANCZOS)
        else:
            # Four colors that blend into each other, as in a photo.
            corners = np.array([[[rng.randrange(256) for _ in range(3)] for _ in range(2)] for _ in range(2)], np.uint8)
            tile = Image.fromarray(corners).resize((SHEET_SIDE, SHEET_SIDE), Image.Resampling.BILINEAR)
        corner = (place % SHEET_SIDE * SHEET_SIDE, place // SHEET_SIDE * SHEET_SIDE)
        sheet.paste(tile, corner, _disc(SHEET_SIDE) if circle else None)
    return sheet.quantize(PALETTE_COLORS)


def _tile(picture: Image.Image, ordered: bool) -> bytes:
    """A tile of a sheet whose palette it shares with hundreds of avatars, dithered. The pixels select the sheet."""
    tile = decoding.rgb(picture)
    palette = _sheet_palette(zlib.crc32(tile.tobytes()) % SHEETS, circle=picture.mode == "RGBA")
    if ordered:
        repeats = (tile.height // 4 + 1, tile.width // 4 + 1)
        offsets = np.tile(BAYER * ORDERED_SPREAD, repeats)[: tile.height, : tile.width, np.newaxis]
        tile = Image.fromarray((np.asarray(tile) + offsets).round().clip(0, 255).astype(np.uint8))
    dither = Image.Dither.NONE if ordered else Image.Dither.FLOYDSTEINBERG
    return _encode(tile.quantize(palette=palette, dither=dither), "PNG", compress_level=1)


CODECS: dict[str, Callable[[Image.Image], bytes]] = {
    "png": lambda picture: _encode(picture, "PNG", compress_level=1),
    "palette png": lambda picture: _encode(picture.quantize(64, Image.Quantize.FASTOCTREE), "PNG", compress_level=1),
    "gif": lambda picture: _encode(picture, "GIF"),
    "jpeg 90": lambda picture: _jpeg(picture, 90),
    "jpeg 75": lambda picture: _jpeg(picture, 75),
    "jpeg 50": lambda picture: _jpeg(picture, 50),
    "webp 80": lambda picture: _encode(picture, "WEBP", quality=80, method=0),
    "webp 60": lambda picture: _encode(picture, "WEBP", quality=60, method=0),
    "avif 50": lambda picture: _encode(picture, "AVIF", quality=50, speed=10, max_threads=1),
    "jpeg 75 twice": lambda picture: _jpeg(decoding.decode(_jpeg(picture, 75)), 75),
    "dithered sheet": lambda picture: _tile(picture, ordered=False),
    "ordered sheet": lambda picture: _tile(picture, ordered=True),
}
"""The encoders of thumbnails, by name. The numbers are Pillow's quality settings."""

SIZES = (16, 20, 24, 28, 32, 40, 48, 64, 80, 128, 200, 420)
"""Sizes of thumbnails in galleries, in pixels a side."""

FILTERS = ("NEAREST", "BOX", "HAMMING", "BILINEAR", "BICUBIC", "LANCZOS")
"""The names of Pillow's resampling filters."""

DEGRADATIONS = tuple(Degradation(*choice) for choice in product(SIZES, FILTERS, (False, True), CODECS))
"""Every combination of size, filter, shape and codec."""

UNCHANGED = Degradation(0, "BOX", circle=False, codec="png")
"""Encodes the same pixels again."""
