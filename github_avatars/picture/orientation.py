"""A picture's metadata → how the camera was held, as EXIF counts: 1 for upright, 2 to 8 for turned or mirrored.

Sources: CIPA DC-008 for EXIF, https://exiftool.org/TagNames/XMP.html for XMP, https://www.w3.org/TR/png-3/ for iTXt.
"""

import re
import struct
import zlib
from collections.abc import Mapping
from contextlib import suppress

MAX_BYTES = 1 << 20
"""Bytes that compressed metadata is unfolded to at most. EXIF in a JPEG has less than 65,536."""

_TAG, _SHORT = 0x0112, 3


def of(exif: bytes, xmp: bytes) -> int:
    """What EXIF says, or where it does not say, XMP; 1 where neither does. Whatever the bytes, nothing is raised."""
    if not exif and not xmp:
        return 1
    tiff = exif.removeprefix(b"Exif\0\0").removeprefix(b"Exif\0\0")
    with suppress(KeyError, struct.error):
        order = {b"II*\0": "<", b"MM\0*": ">"}[tiff[:4]]
        (directory,) = struct.unpack_from(f"{order}I", tiff, 4)
        (entries,) = struct.unpack_from(f"{order}H", tiff, directory)
        for place in range(directory + 2, directory + 2 + 12 * entries, 12):
            tag, kind, count, value = struct.unpack_from(f"{order}HHIH", tiff, place)
            if (tag, kind, count) == (_TAG, _SHORT, 1):
                return int(value)
    found = re.search(rb'tiff:Orientation(?:="|>)([0-9])', xmp)
    return int(found[1]) if found else 1


def of_png(chunks: Mapping[bytes, bytes]) -> int:
    """`of` for the contents of a PNG's chunks, by type: EXIF in eXIf, tEXt or zTXt, XMP in iTXt."""
    if not chunks:
        return 1
    text = chunks.get(b"tEXt", b"").partition(b"\0")[2]
    compressed = chunks.get(b"zTXt", b"").partition(b"\0")[2]
    exif = chunks.get(b"eXIf", b"") or _raw_profile(text or _unfolded(compressed[1:]))
    return of(exif, _international(chunks.get(b"iTXt", b"")))


def _raw_profile(text: bytes) -> bytes:
    """The EXIF that ImageMagick keeps as text: three lines, then hexadecimal digits."""
    try:
        return bytes.fromhex(b"".join(text.split(b"\n")[3:]).decode("ascii"))
    except ValueError:
        return b""


def _international(content: bytes) -> bytes:
    """The text of an iTXt chunk: keyword, whether it is compressed, how, language, translated keyword, text."""
    described = content.partition(b"\0")[2]
    text = described[2:].split(b"\0", 2)[-1]
    return _unfolded(text) if described[:1] == b"\1" else text


def _unfolded(data: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(data, MAX_BYTES)
    except zlib.error:
        return b""
