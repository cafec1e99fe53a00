"""A picture file's bytes → the parts of them that its first frame is decoded from.

Pillow reads whatever else a file may hold, such as metadata, colour profiles and further frames, part by part in
Python: a megabyte of it can cost seconds, and hundreds of megabytes where it is compressed. Here all is left out that
no pixel depends on, so that little but pixels reaches Pillow, which decodes those in C.

Sources: https://www.w3.org/TR/png-3/ for PNG, ITU-T T.81 for JPEG, RFC 9649 for WebP,
https://www.w3.org/Graphics/GIF/spec-gif89a.txt for GIF.
"""

import re
import struct
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import NamedTuple, TypeVar

from github_avatars.errors import NotAPicture
from github_avatars.picture.formats import format_of
from github_avatars.picture.orientation import exif_orientation

T = TypeVar("T")

MAX_PARTS = 10_000
"""Programs write no picture in more chunks, segments or scans, and each takes its time."""

SCANS = 32
"""So many scans of a JPEG can take as long as decoding it does. The usual progressive JPEG has 10."""

LOSSLESS = 34
"""How much more memory than others a pixel of a lossless WebP can take: libwebp may keep 12 kB of tables for 4×4."""

BEGINNING = "is damaged at its very beginning: give a whole file."

MAX_TABLES = 1 << 16
"""Bytes that a lossless WebP may take beyond 4 a pixel, for its tables and its headers."""


class StrippedFile(NamedTuple):
    """What the first frame of a picture file is decoded from.

    `description` names the format, for messages. `width` and `height` are those of the canvas, in pixels. Decoding a
    pixel can take `cost_factor` times the time or memory of a pixel in a plain file. `orientation` is EXIF's, 1 for
    upright. `data` is the file without the parts that no pixel depends on.
    """

    description: str
    width: int
    height: int
    cost_factor: int
    orientation: int
    data: bytes


class _Unusable(Exception):
    """Its text goes on from the name of the file."""


def strip(data: bytes, name: str) -> StrippedFile:
    """The parts of a PNG, JPEG, WebP or GIF file that its first frame is decoded from. Raises only NotAPicture.

    `name` is what the error message calls the file. The pixels may still be damaged or missing: the decoder finds that.
    """
    image_format = format_of(data)
    if not image_format:
        raise NotAPicture(f"{name} is not a PNG, JPEG, WebP or GIF: give one of these.")
    try:
        return _STRIP[image_format.name](data)
    except _Unusable as error:
        raise NotAPicture(f"{name} {error}") from error
    except (IndexError, struct.error) as error:
        raise NotAPicture(f"{name} {BEGINNING}") from error


def _few(parts: Iterable[T]) -> Iterator[T]:
    for number, part in enumerate(parts):
        if number == MAX_PARTS:
            raise _Unusable(f"is cut into more than {MAX_PARTS:,} parts, as no program does: save it anew.")
        yield part


# PNG


def _png(data: bytes) -> StrippedFile:
    kept, exif = [data[:8]], b""
    for kind, content, chunk in _few(_png_chunks(data)):
        if kind in ((b"IDAT", b"PLTE", b"tRNS", b"IEND") if len(kept) > 1 else (b"IHDR",)):
            kept.append(chunk)
        elif kind == b"eXIf":
            exif = exif or content
    width, height, depth = struct.unpack_from(">IIB", kept[1], 8)
    words, weight = ("PNG of 16 bits a channel", 2) if depth == 16 else ("PNG", 1)
    return StrippedFile(words, width, height, weight, exif_orientation(exif), b"".join(kept))


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """The type, the content and the whole of each chunk."""
    place, kind = 8, b""
    while place + 8 <= len(data) and kind != b"IEND":
        end = place + 12 + int.from_bytes(data[place : place + 4])
        kind = data[place + 4 : place + 8]
        yield kind, data[place + 8 : end - 4], data[place:end]
        place = end


# JPEG

_PROGRESSIVE = 0xC2
_FRAMES = (0xC0, 0xC1, _PROGRESSIVE)
"""Baseline, extended and progressive: the ways of coding that browsers know."""

_SCAN = 0xDA
_PIXELS = (*_FRAMES, 0xC4, 0xDB, 0xDD, _SCAN)
"""What pixels are decoded from: a frame, tables of codes and of steps, intervals, scans."""

_MARKER = re.compile(rb"\xff([^\x00\x01\xd0-\xd8\xff])", re.DOTALL)
"""A marker that a segment follows."""

_BEGINNING = re.compile(rb"\xff\xda")
"""Of a scan. Among its pixels, these two bytes do not follow each other."""


def _jpeg(data: bytes) -> StrippedFile:
    kept, frame, exif = [data[:2]], b"", b""
    for marker, content, segment in _few(_jpeg_segments(data)):
        if marker in _FRAMES:
            if frame or len(content) < 6 or len(content) != 6 + 3 * content[5]:
                raise _Unusable("is damaged, for its frame is described wrongly: give a whole file.")
            frame = segment
        elif 0xC0 <= marker <= 0xCF and marker not in _PIXELS:
            raise _Unusable("is a JPEG of a kind that hardly any program shows: save it as a baseline one.")
        elif marker == 0xE1 and content.startswith(b"Exif\0\0"):
            exif = exif or content
        # JFIF and Adobe tell in which colours the pixels are meant.
        if marker in _PIXELS or content.startswith((b"JFIF", b"Adobe")):
            kept.append(segment)
    if not frame:
        raise _Unusable("is damaged, for its frame is not described: give a whole file.")
    height, width = struct.unpack_from(">HH", frame, 5)
    scans = _scans(frame, kept[-1])
    words = "JPEG" if scans <= SCANS else f"JPEG of {scans:,} scans"
    return StrippedFile(words, width, height, -(-scans // SCANS), exif_orientation(exif), b"".join(kept))


def _scans(frame: bytes, rest: bytes) -> int:
    """How many scans are read of the first and all that follows it."""
    if frame[1] != _PROGRESSIVE and rest[4] == frame[9]:
        return 1  # it has all that there is of every channel
    scans = sum(1 for _ in islice(_BEGINNING.finditer(rest), MAX_PARTS + 1))
    if scans > MAX_PARTS:
        raise _Unusable(f"has more than {MAX_PARTS:,} scans, as no program makes: save it anew.")
    return scans


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """The marker, the content and the whole of each segment; the last is the first scan, with all that follows it."""
    place = 2
    while found := _MARKER.search(data, place):
        place, marker = found.start(), found[1][0]
        end = place + 2 + int.from_bytes(data[place + 2 : place + 4])
        if marker == _SCAN:
            yield marker, b"", data[place:]
            return
        yield marker, data[place + 4 : end], data[place:end]
        place = end
    raise _Unusable("is damaged, for it ends before its pixels: give a whole file.")


# WebP


def _webp(data: bytes) -> StrippedFile:
    kept: dict[bytes, bytes] = {}
    exif = b""
    for kind, content, chunk in _few(_riff_chunks(data)):
        if kind in (b"VP8X", b"ANIM", b"ANMF", b"ALPH", b"VP8 ", b"VP8L"):
            kept.setdefault(kind, chunk)
        elif kind == b"EXIF":
            exif = exif or content
    head = next(iter(kept.values()), b"")
    if head[:4] != b"VP8X":
        kept, exif = {head[:4]: head}, b""
    width, height = _webp_size(head)
    # Transparency is coded without loss also where the colours are not. A frame's first chunk begins at 24.
    lossless = b"VP8L" in kept or b"ALPH" in kept or kept.get(b"ANMF", b"")[24:28] in (b"VP8L", b"ALPH")
    body = b"WEBP" + b"".join(kept.values())
    if lossless and len(body) > 4 * width * height + MAX_TABLES:
        raise _Unusable(f"has more bytes than its {width}×{height} pixels need: save it anew.")
    words, weight = ("WebP without loss", LOSSLESS) if lossless else ("WebP", 1)
    stripped = b"RIFF" + struct.pack("<I", len(body)) + body
    return StrippedFile(words, width, height, weight, exif_orientation(exif), stripped)


def _riff_chunks(data: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """The type, the content and the whole of each chunk."""
    place = 12
    while place + 8 <= len(data):
        size = int.from_bytes(data[place + 4 : place + 8], "little")
        end = place + 8 + size + size % 2
        yield data[place : place + 4], data[place + 8 : place + 8 + size], data[place:end]
        place = end


def _webp_size(head: bytes) -> tuple[int, int]:
    """Width and height, as the file's first chunk tells them."""
    if head[:4] == b"VP8X":
        across, more_across, down, more_down = struct.unpack_from("<HBHB", head, 12)
        return 1 + (across | more_across << 16), 1 + (down | more_down << 16)
    if head[:4] == b"VP8 ":
        width, height = struct.unpack_from("<HH", head, 14)
        return width & 0x3FFF, height & 0x3FFF
    if head[:4] == b"VP8L":
        (sides,) = struct.unpack_from("<I", head, 9)
        return 1 + (sides & 0x3FFF), 1 + (sides >> 14 & 0x3FFF)
    raise _Unusable(BEGINNING)


# GIF


def _gif(data: bytes) -> StrippedFile:
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    # With 0x80 among the flags, a colour table follows.
    screen = 13 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    place, control = screen, b""
    while (kind := data[place]) not in b",;":
        place += 1
        if kind == ord("!"):
            # Which colour is transparent; how to dispose of the frame matters to the next one only.
            if data[place : place + 2] == b"\xf9\x04" and data[place + 2] & 1:
                control = b"!\xf9\x04\x01\0\0" + data[place + 5 : place + 6] + b"\0"
            place += 1
            while size := data[place]:
                place += 1 + size
            place += 1
    left, top, across, down = struct.unpack_from("<4H", data, place + 1)
    width, height = max(width, left + across), max(height, top + down)
    return StrippedFile("GIF", width, height, 1, 1, data[:screen] + control + data[place:])


_STRIP: dict[str, Callable[[bytes], StrippedFile]] = {"PNG": _png, "JPEG": _jpeg, "WEBP": _webp, "GIF": _gif}
