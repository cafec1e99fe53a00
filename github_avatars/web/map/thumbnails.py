"""Small copies of the kept pictures, many in one file."""

from base64 import b64encode
from collections.abc import Iterable, Iterator
from io import BytesIO
from itertools import islice

from PIL import Image

from github_avatars.errors import BadImage
from github_avatars.picture import decoding

TILE = 64
"""The side of a thumbnail, in pixels."""

ACROSS = 32
"""Thumbnails in a row, and rows in a sheet."""

QUALITY = 75
"""The quality of the WebP files."""


def small(data: bytes) -> Image.Image | None:
    """A square thumbnail of a picture file, over white; None if the file cannot be read."""
    try:
        picture = decoding.decode(data)
    except BadImage:
        return None
    tile = Image.new("RGB", (TILE, TILE), "white")
    picture.thumbnail((TILE, TILE))
    tile.paste(picture, ((TILE - picture.width) // 2, (TILE - picture.height) // 2))
    return tile


def sheets(tiles: Iterable[Image.Image]) -> Iterator[str]:
    """Data URLs of pictures with ACROSS × ACROSS thumbnails each, row by row."""
    remaining = iter(tiles)
    while some := list(islice(remaining, ACROSS**2)):
        sheet = Image.new("RGB", (TILE * ACROSS, TILE * -(-len(some) // ACROSS)), "white")
        for place, tile in enumerate(some):
            sheet.paste(tile, (place % ACROSS * TILE, place // ACROSS * TILE))
        buffer = BytesIO()
        sheet.save(buffer, "WEBP", quality=QUALITY)
        yield f"data:image/webp;base64,{b64encode(buffer.getvalue()).decode()}"
