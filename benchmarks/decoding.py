"""The floor under all that is done to a picture: Pillow decoding it."""

import io

from PIL import Image


def decode(data: bytes) -> Image.Image:
    """The picture in these bytes."""
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture
