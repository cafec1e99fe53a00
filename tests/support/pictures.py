"""Build picture files from their parts."""

import io
import struct
import zlib
from collections.abc import Iterable

from PIL import Image, ImageFile

PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
END = b"\0\0\0\0IEND\xaeB`\x82"


def encoded(picture: Image.Image, codec: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    # Pillow's estimate of the size of a progressive JPEG is too low for noise.
    maxblock, ImageFile.MAXBLOCK = ImageFile.MAXBLOCK, max(ImageFile.MAXBLOCK, picture.width * picture.height)
    try:
        picture.save(buffer, codec, **options)
    finally:
        ImageFile.MAXBLOCK = maxblock
    return buffer.getvalue()


def chunk(kind: bytes, content: bytes) -> bytes:
    """A chunk of a PNG file, with its checksum."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def header(width: int, height: int, depth: int = 8, color_type: int = 0, interlace: int = 0) -> bytes:
    """The signature and the IHDR chunk of a PNG file."""
    return PNG_MAGIC + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color_type, 0, 0, interlace))


def png(width: int, height: int, rows: bytes, depth: int = 8, color_type: int = 0, extra: bytes = b"") -> bytes:
    """A PNG file. `rows` are the uncompressed rows with their filter bytes, `extra` are chunks before them."""
    return header(width, height, depth, color_type) + extra + chunk(b"IDAT", zlib.compress(rows)) + END


def segment(marker: int, content: bytes) -> bytes:
    """A segment of a JPEG file."""
    return bytes((0xFF, marker)) + struct.pack(">H", len(content) + 2) + content


def riff_chunk(kind: bytes, content: bytes) -> bytes:
    """A chunk of a WebP file."""
    return kind + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


def webp(chunks: Iterable[bytes]) -> bytes:
    """A WebP file of these chunks."""
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body
