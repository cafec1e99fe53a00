"""Thumbnails, as GitHub makes them for the query parameter s."""

import io
from functools import lru_cache

from PIL import Image


@lru_cache(maxsize=1024)
def thumbnail(data: bytes, size: int) -> bytes:
    """A picture file scaled down to at most `size` pixels per side, in its own format; unchanged if it is smaller."""
    with Image.open(io.BytesIO(data)) as picture:
        if not 0 < size < max(picture.size):
            return data
        scaled = picture.convert(picture.mode if picture.mode in ("L", "LA", "RGB", "RGBA", "CMYK") else "RGBA")
        scaled.thumbnail((size, size), Image.Resampling.LANCZOS)
        buffer = io.BytesIO()
        scaled.save(buffer, picture.format)
    return buffer.getvalue()
