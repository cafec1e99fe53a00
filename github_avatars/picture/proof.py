"""Whether a PNG file shows an identicon, without decoding it.

GitHub writes its identicons as PNG files of one form: 420 × 420 pixels of 8-bit RGB, not interlaced. The identicon
tells what the decompressed data of such a file must be, whichever filter type it uses for each line. Decompressing and
comparing is faster than decoding. Source: PNG Specification, Third Edition, sections 5 and 9.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from itertools import groupby, islice
from operator import itemgetter
from typing import Any

import numpy as np
import numpy.typing as npt

from github_avatars.identicon import GITHUB_GREY, SIZE, Color, Identicon
from github_avatars.identicon.grid import MARGIN, PITCH
from github_avatars.picture import decoding
from github_avatars.picture.container import png_chunks

inflate: Any = zlib
with suppress(ImportError):  # the extra "fast"
    from zlib_ng import zlib_ng as inflate

Pixels = npt.NDArray[np.uint8]

START = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR" + struct.pack(">2I5B", SIZE, SIZE, 8, 2, 0, 0, 0)
"""How a file of this form begins."""

_CHUNKS, _MAX_CHUNKS = (b"IHDR", b"IDAT", b"IEND", b"pHYs", b"gAMA", b"sRGB", b"cHRM", b"tEXt", b"tIME"), 100
"""The chunks with pixels, those that other programs add and no pixel depends on, and the maximum number of all."""

_LINE = 3 * SIZE
"""The size of a line in bytes, without the filter type that precedes it."""

_COLUMNS = np.array([0, 1, *(MARGIN + PITCH * cell + pixel for cell in range(6) for pixel in range(3))])
_SPREAD = np.repeat(np.arange(len(_COLUMNS)), np.diff(_COLUMNS, append=SIZE))
"""In a filtered line, each pixel equals the one in the nearest of _COLUMNS to its left, which has this number."""

_UP, _PAETH = b"\2", 4
"""Filter types. GitHub uses Up, which subtracts the line above, for each line that equals it. Paeth is the last one."""

_REPEATED = (_UP + bytes(_LINE)) * SIZE
"""Lines that equal the line above, filtered with Up."""


def is_file_of(data: bytes, expected: Identicon) -> bool:
    """Whether a PNG file shows exactly this identicon. False also if its form is not GitHub's."""
    compressed, decompressor, others = _compressed(data), inflate.decompressobj(), []
    try:
        for line, above, count in _lines(expected):
            # In pieces, because the whole would not fit into the caches of the processor.
            size = count * (1 + _LINE)
            piece: bytes = decompressor.decompress(compressed, size)
            compressed = decompressor.unconsumed_tail
            if line != above or piece[:1] != _UP:
                others.append((line, above, piece, count))
            elif len(piece) < size or not _REPEATED.startswith(piece):
                return False
        rest = decompressor.decompress(compressed, 1) or decompressor.unused_data
    except inflate.error:
        return False
    if rest or not decompressor.eof or any(not piece or piece[0] > _PAETH for _, _, piece, _ in others):
        return False
    lines, aboves, pieces, counts = zip(*others, strict=True)
    pixels = np.frombuffer(b"".join(lines + aboves), dtype=np.uint8).reshape(2, len(lines), -1, 3)
    filtered = _filter(pixels[0], pixels[1], np.array([piece[0] for piece in pieces], dtype=np.uint8))
    return all(map(bytes.__eq__, map(bytes.__mul__, map(bytes, filtered), counts), pieces))


def _compressed(data: bytes) -> bytes:
    """The compressed pixels of a PNG file of GitHub's form; empty for any other file."""
    if not data.startswith(START) or len(data) > decoding.MAX_BYTES:
        return b""
    compressed, kind = b"", b""
    for kind, content, chunk in islice(png_chunks(data), _MAX_CHUNKS):
        is_complete = len(chunk) == len(content) + 12 and zlib.crc32(chunk[4:-4]) == int.from_bytes(chunk[-4:])
        if kind not in _CHUNKS or not is_complete or (kind == b"IHDR" and chunk != data[8:33]):
            return b""
        compressed += content if kind == b"IDAT" else b""
    return compressed if kind == b"IEND" else b""


def _lines(expected: Identicon) -> Iterator[tuple[bytes, bytes, int]]:
    """All lines from top to bottom: a line, the line above, and how often both repeat.

    Each line begins with a pixel of zeros, which filters assume to the left of a picture.
    """
    runs, above_row = [(".....", MARGIN)], "....."
    for row in (*expected.grid.split("/"), "....."):
        # Cells are one pixel larger than the pitch, so the first line of a row also shows the row above.
        runs += [("".join(map(min, row, above_row)), 1), (row, PITCH - 1)]  # "#" < "."
        above_row = row
    runs[-1], above = (".....", MARGIN - 1), bytes(3 + _LINE)
    for row, same in groupby(runs, itemgetter(0)):
        line = _line(row, expected.color)
        yield line, above, 1
        if repeats := sum(count for _, count in same) - 1:
            yield line, line, repeats
        above = line


def _line(row: str, color: Color) -> bytes:
    line = bytearray(bytes(GITHUB_GREY) * SIZE)
    for cells in re.finditer("#+", row):
        start, end = MARGIN + PITCH * cells.start(), MARGIN + PITCH * cells.end() + 1
        line[3 * start : 3 * end] = bytes(color) * (end - start)
    return bytes(3) + line


def _filter(lines: Pixels, above: Pixels, types: Pixels) -> Pixels:
    """Each line, filtered with its type, after its type."""
    here, left, up, corner = (part.take(_COLUMNS + offset, axis=1) for part in (lines, above) for offset in (1, 0))
    average = (left >> 1) + (up >> 1) + (left & up & 1)
    # With two colors, the corner equals left or up, and then Paeth's predictor is the other of them.
    paeth = np.where(corner == left, up, left)
    predicted = np.stack((np.zeros_like(up), left, up, average, paeth))[types, np.arange(len(types))]
    filtered = (here - predicted).take(_SPREAD, axis=1)
    return np.hstack([types[:, None], filtered.reshape(len(types), _LINE)])
