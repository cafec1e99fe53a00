"""Pictures as small as GitHub makes them on request."""

import io
from functools import lru_cache

from PIL import Image


@lru_cache(maxsize=1024)
def thumbnail(data: bytes, size: int) -> bytes:
    """A picture file fitted into `size` pixels a side, in its own format; as it is where it is no larger."""
    with Image.open(io.BytesIO(data)) as picture:
        if not 0 < size < max(picture.size):
            return data
        smaller = picture.convert(picture.mode if picture.mode in ("L", "LA", "RGB", "RGBA", "CMYK") else "RGBA")
        smaller.thumbnail((size, size), Image.Resampling.LANCZOS)
        buffer = io.BytesIO()
        smaller.save(buffer, picture.format)
    return buffer.getvalue()
