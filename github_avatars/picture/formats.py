"""The image formats that the project reads, recognized by the first bytes of a file."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Format:
    """An image format."""

    name: str
    """The name that Pillow uses."""
    media_type: str
    extension: str
    """The usual extension of a file name, with its dot."""
    magic: re.Pattern[bytes]
    """Matches the first bytes of every file in this format."""


FORMATS = (
    Format("PNG", "image/png", ".png", re.compile(rb"\x89PNG\r\n\x1a\n")),
    Format("JPEG", "image/jpeg", ".jpg", re.compile(rb"\xff\xd8\xff")),
    Format("WEBP", "image/webp", ".webp", re.compile(rb"RIFF.{4}WEBP", re.DOTALL)),
    Format("GIF", "image/gif", ".gif", re.compile(rb"GIF8[79]a")),
)
"""The formats that GitHub accepts as avatars, and WebP, which the sites that show avatars use."""


def format_of(data: bytes) -> Format | None:
    """The format of a file by its first bytes, None if it is none of FORMATS. The rest is not examined."""
    return next((image_format for image_format in FORMATS if image_format.magic.match(data)), None)


def media_type(data: bytes) -> str:
    """The media type of a picture file, "application/octet-stream" if its format is none of FORMATS."""
    image_format = format_of(data)
    return image_format.media_type if image_format else "application/octet-stream"


def extension(data: bytes) -> str:
    """The usual extension of a picture file with its dot, "" if its format is none of FORMATS."""
    image_format = format_of(data)
    return image_format.extension if image_format else ""
