"""Degraded copies: a picture as galleries resize, crop and encode it."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

from PIL import Image, ImageDraw

from github_avatars.picture import decoding


@dataclass(frozen=True)
class Degradation:
    """What a gallery does to an avatar: resize, crop to a circle if `circle` is true, encode."""

    size: int
    """Pixels a side of the thumbnail."""
    resampling: str
    """The name of a Pillow resampling filter."""
    circle: bool
    codec: str
    """A key of CODECS."""

    def apply(self, picture: Image.Image) -> bytes:
        """The encoded thumbnail of an RGB picture. The corners of a circle are transparent, or white in a JPEG."""
        thumbnail = picture.resize((self.size, self.size), Image.Resampling[self.resampling])
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


CODECS: dict[str, Callable[[Image.Image], bytes]] = {
    "png": lambda picture: _encode(picture, "PNG", compress_level=1),
    "palette png": lambda picture: _encode(picture.quantize(64, Image.Quantize.FASTOCTREE), "PNG", compress_level=1),
    "gif": lambda picture: _encode(picture, "GIF"),
    "jpeg 90": lambda picture: _jpeg(picture, 90),
    "jpeg 75": lambda picture: _jpeg(picture, 75),
    "jpeg 50": lambda picture: _jpeg(picture, 50),
    "webp 80": lambda picture: _encode(picture, "WEBP", quality=80, method=0),
    "jpeg 75 twice": lambda picture: _jpeg(decoding.decode(_jpeg(picture, 75)), 75),
}
"""The encoders of thumbnails, by name. The numbers are Pillow's quality settings."""

SIZES = (16, 20, 24, 32, 40, 64, 80, 128, 200, 256, 420, 460)
"""Sizes of thumbnails in galleries, in pixels a side."""

DEGRADATIONS = tuple(
    Degradation(*choice) for choice in product(SIZES, ("BOX", "BILINEAR", "BICUBIC", "LANCZOS"), (False, True), CODECS)
)
"""Every combination of size, filter, shape and codec."""
