"""The image formats that the project reads, recognized by the first bytes of a file."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Format:
    """An image format."""

    name: str
    """The name that Pillow uses."""
    plugin: str
    """The module of Pillow that decodes it."""
    title: str
    """The name in texts."""
    media_type: str
    extension: str
    """The usual extension of a file name, with its dot."""
    magic: re.Pattern[bytes]
    """Matches the first bytes of every file in this format."""


FORMATS = (
    Format("PNG", "PngImagePlugin", "PNG", "image/png", ".png", re.compile(rb"\x89PNG\r\n\x1a\n")),
    Format("JPEG", "JpegImagePlugin", "JPEG", "image/jpeg", ".jpg", re.compile(rb"\xff\xd8\xff")),
    Format("WEBP", "WebPImagePlugin", "WebP", "image/webp", ".webp", re.compile(rb"RIFF.{4}WEBP", re.DOTALL)),
    Format(
        "AVIF",
        "AvifImagePlugin",
        "AVIF",
        "image/avif",
        ".avif",
        # The main brand, or one of the compatible brands after a main brand that other formats share.
        re.compile(rb".{4}ftyp(avi[fs]|m(if|sf)1.{4}(.{4}){0,30}?avi[fs])", re.DOTALL),
    ),
    Format("GIF", "GifImagePlugin", "GIF", "image/gif", ".gif", re.compile(rb"GIF8[79]a")),
)
"""The formats that GitHub accepts as avatars, and WebP and AVIF, which the sites that show avatars use."""

NAMES = " or ".join((", ".join(each.title for each in FORMATS[:-1]), FORMATS[-1].title))
"""The names of FORMATS, for texts: "PNG, JPEG, ... or GIF"."""

HEIC = re.compile(rb".{4}ftyp(he[iv][cfimsx]|m(if|sf)1.{4}(.{4}){0,30}?he[iv][cfimsx])", re.DOTALL)
"""Matches the first bytes of a HEIC file, which has the same container as AVIF and a codec that Pillow lacks."""


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
