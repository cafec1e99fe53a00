"""The identicon that a PNG file shows, without decoding the file.

GitHub writes its identicons as PNG files of one form: 420 × 420 pixels of 8-bit RGB, not interlaced. At most 13 lines
of an identicon differ from the line above. In the decompressed data of the file, the other lines must say that they
repeat it, so only these few lines are decoded. Source: PNG Specification, Third Edition, sections 5 and 9.
"""

import struct
import zlib
from contextlib import suppress
from itertools import islice
from typing import Any

from PIL import Image

from github_avatars.identicon import GITHUB_GREY, SIZE, Identicon
from github_avatars.identicon.drawing import LINE_COUNTS
from github_avatars.identicon.grid import MARGIN, PITCH
from github_avatars.picture import decoding
from github_avatars.picture.container import png_chunks

inflate: Any = zlib
with suppress(ImportError):  # the extra "fast"
    from zlib_ng import zlib_ng as inflate

START = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR" + struct.pack(">2I5B", SIZE, SIZE, 8, 2, 0, 0, 0)
"""How a file of this form begins."""

_CHUNKS, _MAX_CHUNKS = (b"IHDR", b"IDAT", b"IEND", b"pHYs", b"gAMA", b"sRGB", b"cHRM", b"tEXt", b"tIME"), 100
"""The chunks with pixels, those that other programs add and no pixel depends on, and the maximum number of all."""

_LINE = 3 * SIZE
_FILTERED_LINE = 1 + _LINE
"""The size of a line in bytes, and of a filtered line, which its filter type precedes."""

_REPEATED = (b"\2" + bytes(_LINE)) * max(LINE_COUNTS)
"""Lines that equal the line above as GitHub filters them: with Up, which subtracts the line above."""

_CENTERS = [3 * (MARGIN + PITCH // 2 + PITCH * column) for column in range(5)]
"""Where the first bytes of the pixels in the centers of the cells are in a line."""


def identicon_in(data: bytes) -> Identicon | None:
    """The identicon that a PNG file shows, pixel by pixel; None if it shows another picture or has another form.

    An identicon has at least one painted cell here, and may have any color.
    """
    filtered = _distinct_lines(data)
    if filtered is None:
        return None
    compressed = zlib.compress(b"".join(line for _, line in filtered), 0)
    try:
        picture = Image.frombytes("RGB", (SIZE, len(filtered)), compressed, "zip", "RGB")
    except ValueError:  # an unknown filter type
        return None
    pixels = picture.tobytes()
    decoded = [(number, pixels[_LINE * index :][:_LINE]) for index, (number, _) in enumerate(filtered)]
    shown = _with_cells(dict(decoded))
    if shown is None:
        return None
    expected = list(shown.lines())
    return shown if all(line == expected[number] for number, line in decoded) else None


def _distinct_lines(data: bytes) -> list[tuple[int, bytes]] | None:
    """The filtered lines of a PNG file that can differ from the line above, with their indices in LINE_COUNTS.

    Lines that repeat the line above but are filtered in another way than GitHub's are represented by one of them. None
    if the file has another form.
    """
    compressed, decompressor = _compressed(data), inflate.decompressobj()
    lines: list[tuple[int, bytes]] = []
    try:
        for number, count in enumerate(LINE_COUNTS):
            # In pieces, because the whole would not fit into the caches of the processor.
            for repeats in filter(None, (1, count - 1)):
                piece: bytes = decompressor.decompress(compressed, repeats * _FILTERED_LINE)
                compressed = decompressor.unconsumed_tail
                # All filters leave the first pixel as it is. Most pictures differ there.
                if len(piece) < repeats * _FILTERED_LINE or (not lines and piece[1:4] != bytes(GITHUB_GREY)):
                    return None
                if repeats == 1:
                    lines.append((number, piece))
                elif not _REPEATED.startswith(piece):
                    line = piece[:_FILTERED_LINE]
                    if piece != line * repeats:
                        return None
                    lines.append((number, line))
        rest = decompressor.decompress(compressed, 1) or decompressor.unused_data
    except inflate.error:
        return None
    return None if rest or not decompressor.eof else lines


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


def _with_cells(lines: dict[int, bytes]) -> Identicon | None:
    """The identicon that has the cells of these lines by their indices in LINE_COUNTS; None if there is none."""
    colors = [[tuple(lines[number][start : start + 3]) for start in _CENTERS] for number in range(2, 12, 2)]
    painted = {color for row in colors for color in row} - {GITHUB_GREY}
    if len(painted) != 1 or any(row != row[::-1] for row in colors):
        return None
    (red, green, blue) = painted.pop()
    grid = "/".join("".join("." if color == GITHUB_GREY else "#" for color in row) for row in colors)
    return Identicon(grid, (red, green, blue))
