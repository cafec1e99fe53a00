"""A picture file → the parts of it that its first frame is decoded from.

Pillow parses everything else in a file, such as metadata, color profiles and further frames, in Python: a megabyte
can take seconds, and hundreds of megabytes of memory if it is compressed. So all parts that no pixel depends on are
removed here, and Pillow receives little more than pixels, which it decodes in C.

Sources: PNG https://www.w3.org/TR/png-3/, JPEG ITU-T T.81, WebP RFC 9649,
GIF https://www.w3.org/Graphics/GIF/spec-gif89a.txt. AVIF is in a module of its own.
"""

import re
import struct
from collections.abc import Callable, Iterator
from itertools import islice

from github_avatars.errors import NotAPicture
from github_avatars.picture import avif
from github_avatars.picture.formats import HEIC, NAMES, format_of
from github_avatars.picture.orientation import exif_orientation
from github_avatars.picture.stripped_file import (
    BAD_HEADER,
    MAX_PARTS,
    NO_PIXELS,
    StrippedFile,
    Unusable,
    limit_parts,
)

FREE_SCANS = 32
"""This many scans of a JPEG can take as long as decoding it. Usual progressive JPEGs have 10."""

LOSSLESS_COST_FACTOR = 34
"""The cost factor of lossless WebP: libwebp can allocate 12 kB of tables for each 4×4 pixels."""

MAX_TABLE_BYTES = 1 << 16
"""The maximum size of a lossless WebP's tables and headers: its size beyond 4 bytes per pixel."""

_JPEG_PROGRESSIVE = 0xC2
_JPEG_FRAMES = (0xC0, 0xC1, _JPEG_PROGRESSIVE)
"""Baseline, extended and progressive, the coding processes that browsers support."""
_JPEG_SCAN = 0xDA
_JPEG_PIXELS = (*_JPEG_FRAMES, 0xC4, 0xDB, 0xDD, _JPEG_SCAN)
"""The segments that pixels depend on: frame, Huffman tables, quantization tables, restart interval, scan."""
_JPEG_APP1 = 0xE1
_JPEG_MARKER = re.compile(rb"\xff([^\x00\x01\xd0-\xd8\xff])", re.DOTALL)
"""A marker with a segment."""
_JPEG_SCAN_MARKER = re.compile(rb"\xff\xda")
"""The start of a scan. Entropy-coded data cannot contain these two bytes in sequence."""


def strip(data: bytes, name: str) -> StrippedFile:
    """Strip a file of one of FORMATS. Raises only NotAPicture.

    `name` is what the error message calls the file. The pixels are not checked: the decoder detects damage there.
    """
    image_format = format_of(data)
    if not image_format and HEIC.match(data):
        raise NotAPicture(f"{name} is a HEIC, which browsers do not show either: save it as a {NAMES}.")
    if not image_format:
        raise NotAPicture(f"{name} is not a {NAMES}: give one of these.")
    try:
        return _STRIP[image_format.name](data)
    except Unusable as error:
        raise NotAPicture(f"{name} {error}") from error
    except (IndexError, struct.error) as error:
        raise NotAPicture(f"{name} {BAD_HEADER}") from error


def _strip_png(data: bytes) -> StrippedFile:
    kept, exif = [data[:8]], b""
    for chunk_type, content, chunk in limit_parts(png_chunks(data)):
        if chunk_type in ((b"IDAT", b"PLTE", b"tRNS", b"IEND") if len(kept) > 1 else (b"IHDR",)):
            kept.append(chunk)
        elif chunk_type == b"eXIf":
            exif = exif or content
    width, height, depth = struct.unpack_from(">IIB", kept[1], 8)
    description, cost_factor = ("PNG of 16 bits a channel", 2) if depth == 16 else ("PNG", 1)
    return StrippedFile(description, width, height, cost_factor, exif_orientation(exif), b"".join(kept))


def png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """The type, the content and all bytes of each chunk."""
    start, chunk_type = 8, b""
    while start + 8 <= len(data) and chunk_type != b"IEND":
        end = start + 12 + int.from_bytes(data[start : start + 4])
        chunk_type = data[start + 4 : start + 8]
        yield chunk_type, data[start + 8 : end - 4], data[start:end]
        start = end


def _strip_jpeg(data: bytes) -> StrippedFile:
    kept, frame, exif = [data[:2]], b"", b""
    for marker, content, segment in limit_parts(_jpeg_segments(data)):
        if marker in _JPEG_FRAMES:
            if frame or len(content) < 6 or len(content) != 6 + 3 * content[5]:
                raise Unusable("is damaged: its frame header is invalid. Give a complete file.")
            frame = segment
        elif 0xC0 <= marker <= 0xCF and marker not in _JPEG_PIXELS:
            raise Unusable("is a JPEG of a type that few programs support: save it as a baseline JPEG.")
        elif marker == _JPEG_APP1 and content.startswith(b"Exif\0\0"):
            exif = exif or content
        # The segments of JFIF and Adobe determine the color space.
        if marker in _JPEG_PIXELS or content.startswith((b"JFIF", b"Adobe")):
            kept.append(segment)
    if not frame:
        raise Unusable("is damaged: its frame header is missing. Give a complete file.")
    height, width = struct.unpack_from(">HH", frame, 5)
    scans = _count_scans(frame, kept[-1])
    description = "JPEG" if scans <= FREE_SCANS else f"JPEG of {scans:,} scans"
    cost_factor = -(-scans // FREE_SCANS)
    return StrippedFile(description, width, height, cost_factor, exif_orientation(exif), b"".join(kept))


def _count_scans(frame: bytes, first_scan_and_rest: bytes) -> int:
    """The number of scans that a decoder reads."""
    if frame[1] != _JPEG_PROGRESSIVE and first_scan_and_rest[4] == frame[9]:
        return 1  # The first scan contains all channels completely.
    scans = sum(1 for _ in islice(_JPEG_SCAN_MARKER.finditer(first_scan_and_rest), MAX_PARTS + 1))
    if scans > MAX_PARTS:
        raise Unusable(f"has more than {MAX_PARTS:,} scans, as no program writes: save it again.")
    return scans


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """The marker, the content and all bytes of each segment. The last is the first scan with the rest of the file."""
    position = 2
    while match := _JPEG_MARKER.search(data, position):
        start, marker = match.start(), match[1][0]
        if marker == _JPEG_SCAN:
            yield marker, b"", data[start:]
            return
        position = start + 2 + int.from_bytes(data[start + 2 : start + 4])
        yield marker, data[start + 4 : position], data[start:position]
    raise Unusable(NO_PIXELS)


def _strip_webp(data: bytes) -> StrippedFile:
    kept: dict[bytes, bytes] = {}
    exif = b""
    for chunk_type, content, chunk in limit_parts(_riff_chunks(data)):
        if chunk_type in (b"VP8X", b"ANIM", b"ANMF", b"ALPH", b"VP8 ", b"VP8L"):
            kept.setdefault(chunk_type, chunk)
        elif chunk_type == b"EXIF":
            exif = exif or content
    first = next(iter(kept.values()), b"")
    if first[:4] != b"VP8X":  # The simple format: one chunk and no metadata.
        kept, exif = {first[:4]: first}, b""
    width, height = _webp_size(first)
    # Transparency is coded losslessly even in lossy files. The first chunk of a frame starts at offset 24.
    lossless = b"VP8L" in kept or b"ALPH" in kept or kept.get(b"ANMF", b"")[24:28] in (b"VP8L", b"ALPH")
    body = b"WEBP" + b"".join(kept.values())
    if lossless and len(body) > 4 * width * height + MAX_TABLE_BYTES:
        raise Unusable(f"has more bytes than its {width}×{height} pixels need: save it again.")
    description, cost_factor = ("lossless WebP", LOSSLESS_COST_FACTOR) if lossless else ("WebP", 1)
    stripped = b"RIFF" + struct.pack("<I", len(body)) + body
    return StrippedFile(description, width, height, cost_factor, exif_orientation(exif), stripped)


def _riff_chunks(data: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """The type, the content and all bytes of each chunk."""
    start = 12
    while start + 8 <= len(data):
        size = int.from_bytes(data[start + 4 : start + 8], "little")
        end = start + 8 + size + size % 2
        yield data[start : start + 4], data[start + 8 : start + 8 + size], data[start:end]
        start = end


def _webp_size(first_chunk: bytes) -> tuple[int, int]:
    """The width and height in the first chunk of a WebP file."""
    if first_chunk[:4] == b"VP8X":
        width_low, width_high, height_low, height_high = struct.unpack_from("<HBHB", first_chunk, 12)
        return 1 + (width_low | width_high << 16), 1 + (height_low | height_high << 16)
    if first_chunk[:4] == b"VP8 ":
        width, height = struct.unpack_from("<HH", first_chunk, 14)
        return width & 0x3FFF, height & 0x3FFF
    if first_chunk[:4] == b"VP8L":
        (size,) = struct.unpack_from("<I", first_chunk, 9)
        return 1 + (size & 0x3FFF), 1 + (size >> 14 & 0x3FFF)
    raise Unusable(BAD_HEADER)


def _strip_gif(data: bytes) -> StrippedFile:
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    has_color_table, color_table_size = flags & 0x80, 3 << (flags & 7) + 1
    header_end = 13 + (color_table_size if has_color_table else 0)
    position, control = header_end, b""
    while (block := data[position]) not in b",;":
        position += 1
        if block == ord("!"):
            # Keep the transparent color. How to dispose of the frame matters to the next frame only.
            if data[position : position + 2] == b"\xf9\x04" and data[position + 2] & 1:
                control = b"!\xf9\x04\x01\0\0" + data[position + 5 : position + 6] + b"\0"
            position += 1
            while size := data[position]:
                position += 1 + size
            position += 1
    left, top, frame_width, frame_height = struct.unpack_from("<4H", data, position + 1)
    width, height = max(width, left + frame_width), max(height, top + frame_height)
    return StrippedFile("GIF", width, height, 1, 1, data[:header_end] + control + data[position:])


_STRIP: dict[str, Callable[[bytes], StrippedFile]] = {
    "PNG": _strip_png,
    "JPEG": _strip_jpeg,
    "WEBP": _strip_webp,
    "AVIF": avif.strip,
    "GIF": _strip_gif,
}
