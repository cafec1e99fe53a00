"""Bytes → upright RGB picture, or BadImage."""

import io
import os
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from github_avatars.errors import NotAPicture, TooLarge

FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
"""The formats that GitHub accepts as avatars, and the galleries that show them use."""

MAX_BYTES = 10_000_000
"""Ten times what GitHub lets people upload as an avatar, so a larger file is none.

Source: https://docs.github.com/en/account-and-profile/setting-up-and-managing-your-github-profile/customizing-your-profile/personalizing-your-profile
"""

MAX_PIXELS = 4096 * 4096
"""GitHub serves 460×460; a picture of more pixels than this is no avatar, and decoding it costs memory."""

WHITE = (255, 255, 255, 255)
EXIF_ORIENTATION = 0x0112


def looks_like_picture(data: bytes) -> bool:
    """Whether `data` begins as a PNG, JPEG, WebP or GIF file does; the rest is not read."""
    return data.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a")) or (
        data[:4] == b"RIFF" and data[8:12] == b"WEBP"
    )


def decode(data: bytes, name: str = "the picture") -> Image.Image:
    """The picture that `data` holds: mode RGB, upright, transparency over white, the first frame.

    `name` is what an error message calls it. Raises NotAPicture or TooLarge, and nothing else, whatever the bytes.
    """
    if not looks_like_picture(data):
        raise NotAPicture(f"{name} is not a PNG, JPEG, WebP or GIF: give one of these.")
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            _check_size(picture, name)
            return upright_rgb(picture)
    except Image.DecompressionBombError as error:
        raise TooLarge(f"{name} has too many pixels: give one of at most {MAX_PIXELS:,}.") from error
    except TooLarge:
        raise
    # Pillow's decoders raise many kinds of exception on hostile bytes; to a caller they all mean one thing.
    except Exception as error:
        raise NotAPicture(f"{name} is damaged and cannot be decoded ({error}): give a whole file.") from error


def read(path: str | os.PathLike[str]) -> Image.Image:
    """`decode` of the file at `path`. Raises NotAPicture also where it cannot be read."""
    return decode(read_bytes(path), name=str(path))


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """The bytes of a picture file. Raises NotAPicture where it cannot be read, TooLarge above MAX_BYTES."""
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise NotAPicture(f"{path} cannot be read ({error.strerror}): give a picture file.") from error
    if len(data) > MAX_BYTES:
        raise TooLarge(f"{path} has more than {MAX_BYTES:,} bytes, which no avatar has: give a smaller file.")
    return data


def upright_rgb(picture: Image.Image) -> Image.Image:
    """Any Pillow picture as mode RGB: turned by its EXIF orientation, transparency laid over white."""
    if picture.getexif().get(EXIF_ORIENTATION, 1) != 1:
        picture = ImageOps.exif_transpose(picture)
    if picture.mode == "RGB" and "transparency" not in picture.info:
        picture.load()
        return picture
    if picture.mode.startswith("I"):
        # Pillow clips 16-bit greys to 255 instead of scaling them.
        return Image.fromarray((np.asarray(picture).clip(0, 65535) >> 8).astype(np.uint8)).convert("RGB")
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", picture.size, WHITE), picture).convert("RGB")
    return picture.convert("RGB")


def _check_size(picture: Image.Image, name: str) -> None:
    if picture.width * picture.height > MAX_PIXELS:
        raise TooLarge(f"{name} is {picture.width}×{picture.height}: give one of at most {MAX_PIXELS:,} pixels.")
