"""Picture files made to harm: to cost much time or memory, or to pass for what they are not.

Most go to the limits of github_avatars.image, and are as bad as any of their kind that were found.
"""

import struct
import zlib
from collections.abc import Callable

import numpy as np
from PIL import Image

from github_avatars.identicon import GITHUB_GREY
from github_avatars.picture import container
from github_avatars.picture.decoding import MAX_BYTES, MAX_PIXELS
from tests.support.pictures import END, chunk, encoded, header, riff_chunk, segment, webp

SIDE = int(MAX_PIXELS**0.5)
DEEP_SIDE = int((MAX_PIXELS // 2) ** 0.5)
LOSSLESS_SIDE = int((MAX_PIXELS // container.LOSSLESS_COST_FACTOR) ** 0.5)


def full(*parts: bytes | Callable[[int], bytes], size: int = MAX_BYTES) -> bytes:
    """A file of `size` at the most; a part that is a function is told how many bytes are left for it."""
    room = size - sum(len(part) for part in parts if isinstance(part, bytes))
    return b"".join(part if isinstance(part, bytes) else part(room) for part in parts)


def many(piece: bytes) -> Callable[[int], bytes]:
    """As many of these as there is room for."""
    return lambda room: piece * (room // len(piece))


def small(codec: str, **options: object) -> bytes:
    return encoded(Image.new("RGB", (24, 16), "red"), codec, **options)


def noise(side: int, channels: int, deviation: float) -> Image.Image:
    levels = np.random.default_rng(0).standard_normal((side, side, channels), dtype=np.float32) * deviation + 128
    return Image.fromarray(levels.clip(0, 255).astype(np.uint8).squeeze(), "CMYK" if channels == 4 else None)


def cut(data: bytes) -> bytes:
    return data[: len(data) * 2 // 3]


def corrupt(data: bytes) -> bytes:
    """With every 50th byte changed, but for the beginning."""
    spoiled = bytearray(data)
    for place in range(60, len(data), 50):
        spoiled[place] ^= 0x55
    return bytes(spoiled)


def packed(bits: str) -> bytes:
    """Bits as deflate and lossless WebP read them: the lowest of each byte first."""
    return np.packbits(np.frombuffer(bits.encode(), dtype=np.uint8) & 1, bitorder="little").tobytes()


# PNG

CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Of a pixel, by PNG's colour types."""

EMPTY_BLOCKS = packed(
    4
    * (
        # Not the last block; codes of its own follow, for 257 literals and 1 distance; 18 kinds of lengths of these.
        ("0" + "01" + "00000" + "00000" + "0111")
        # Kind 18, a run of zeros, has a code, and length 1 has.
        + ("000" * 2 + "100" + "000" * 14 + "100")
        # Zeros for 138 and 118 literals; 1 for the end of the block, and for the distance; the end of the block.
        + ("1" + "1111111" + "1" + "1101011" + "0" + "0" + "0")
    )
)
"""Blocks of deflate that hold nothing, and cost most of all bytes: tables are made of their codes."""


def laborious_png(side: int, depth: int, color_type: int, size: int = MAX_BYTES) -> bytes:
    """Interlaced, each row filtered by Paeth's predictor, and filled up to `size` with EMPTY_BLOCKS."""
    bits = CHANNELS[color_type] * depth
    row = np.random.default_rng(0).integers(0, 256, side * bits // 8, dtype=np.uint8).tobytes()
    grids = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    squeezed = zlib.compressobj(1, wbits=-15)
    pixels = b""
    for left, top, across, down in grids:
        width, height = (side - left + across - 1) // across, (side - top + down - 1) // down
        pixels += squeezed.compress((b"\4" + row[: (width * bits + 7) // 8]) * height)
    pixels += squeezed.flush()
    tables = chunk(b"PLTE", bytes(range(256)) * 3) + chunk(b"tRNS", bytes(range(256))) if color_type == 3 else b""
    start = header(side, side, depth, color_type, interlace=1) + tables

    def data(room: int) -> bytes:
        return chunk(b"IDAT", b"\x78\1" + many(EMPTY_BLOCKS)(room - len(pixels) - 14) + pixels)

    return full(start, data, END, size=size)


def grey(width: int, height: int, mode: str) -> Image.Image:
    """GitHub grey wherever it is sampled, so that all of it is looked at."""
    color = {"L": GITHUB_GREY[0], "RGB": GITHUB_GREY, "RGBA": (*GITHUB_GREY, 255)}[mode]
    picture = Image.new(mode, (width, height), color)
    if mode == "RGBA":
        picture.putpixel((0, height - 1), (*GITHUB_GREY, 0))
    return picture


def unfolding(kind: bytes, room: int) -> bytes:
    """A chunk of zeros, a thousand times as many as it has bytes."""
    squeezed = zlib.compressobj(9)
    megabyte = squeezed.compress(bytes(1 << 20)) + squeezed.flush(zlib.Z_FULL_FLUSH)
    again = squeezed.compress(bytes(1 << 20)) + squeezed.flush(zlib.Z_FULL_FLUSH)
    return chunk(kind, megabyte + many(again)(room - len(megabyte) - 12))


def with_chunks(*chunks: bytes | Callable[[int], bytes]) -> bytes:
    """A small PNG with more chunks after its header."""
    whole = small("PNG")
    return full(whole[:33], *chunks, whole[33:])


def bombs(kind: bytes, keyword: bytes) -> bytes:
    """Chunks that unfold from a kilobyte to a megabyte each."""
    return with_chunks(many(chunk(kind, keyword + zlib.compress(b"\xff" * (1 << 20)))))


def apng(frames: int) -> bytes:
    control = struct.pack(">5IHHBB", 0, 8, 8, 0, 0, 1, 10, 0, 0)
    pixels = zlib.compress((b"\0" + bytes(8)) * 8)
    more = b"".join(
        chunk(b"fcTL", struct.pack(">I", 2 * frame + 1) + control[4:])
        + chunk(b"fdAT", struct.pack(">I", 2 * frame + 2) + pixels)
        for frame in range(frames - 1)
    )
    start = header(8, 8) + chunk(b"acTL", struct.pack(">II", frames, 0)) + chunk(b"fcTL", control)
    return start + chunk(b"IDAT", pixels) + more + END


# GIF


def gif(width: int, height: int, frames: bytes) -> bytes:
    """A GIF of two colours."""
    return b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + b"\0\0\0\xf0\xf0\xf0" + frames + b";"


def frame(width: int, height: int, codes: bytes = b"\2\2\x44\1\0", control: int = 0, interlace: bool = False) -> bytes:
    """A frame with its control; `codes` are the LZW codes in blocks, those of one pixel where none are given."""
    described = struct.pack("<4HB", 0, 0, width, height, 0x40 * interlace)
    return b"!\xf9\4" + bytes((control, 0, 0, 1)) + b"\0," + described + codes


def blocks(data: bytes) -> bytes:
    """What LZW codes are kept in: pieces of at most 255 bytes, each after its length."""
    pieces = (data[place : place + 255] for place in range(0, len(data), 255))
    return b"".join(bytes((len(piece),)) + piece for piece in pieces) + b"\0"


# JPEG


def progressive(side: int, scans: int) -> bytes:
    """A JPEG of scans that look at every coefficient of every block again, at 35 bytes each."""
    tables = segment(0xDB, bytes(1) + b"\1" * 64)
    tables += segment(0xC4, b"\0\1" + bytes(15) + b"\0") + segment(0xC4, b"\x10\1" + bytes(15) + b"\xe0")
    frame = segment(0xC2, struct.pack(">BHHB", 8, side, side, 1) + b"\1\x11\0")
    # Symbol E0, whose code is 0: no coefficient for 16,384 blocks and as many more as the next 14 bits say.
    runs = -(-(((side + 7) // 8) ** 2) // 32767)
    blocks = np.packbits([int(bit) for bit in ("0" + "1" * 14) * runs]).tobytes().replace(b"\xff", b"\xff\0")
    first = segment(0xDA, b"\1\1\0\0\0\0") + b"\0"
    again = segment(0xDA, b"\1\1\0\1\x3f\x10") + blocks
    return b"\xff\xd8" + tables + frame + first + again * (scans - 1) + b"\xff\xd9"


def with_segments(*segments: bytes | Callable[[int], bytes]) -> bytes:
    """A small JPEG with more segments at its beginning."""
    whole = small("JPEG")
    return full(whole[:2], *segments, whole[2:])


# EXIF


def wide_exif(entries: int, size: int) -> bytes:
    """A directory whose entries all claim the same `size` bytes."""
    tags = b"".join(struct.pack(">HHII", tag, 7, size, 8) for tag in range(entries))
    return b"MM\0*\0\0\0\x08" + struct.pack(">H", entries) + tags + bytes(4)


def endless_exif() -> bytes:
    """A directory that follows itself, and holds itself as camera settings, as a position and as a thumbnail."""
    within = b"".join(struct.pack(">HHII", tag, 4, 1, 8) for tag in (0x8769, 0x8825, 0xA005, 0x014A))
    return b"MM\0*\0\0\0\x08\0\4" + within + b"\0\0\0\x08"


def deep_exif(depth: int) -> bytes:
    """Directories one within the other."""
    nested = (struct.pack(">HHHIII", 1, 0x8769, 4, 1, 8 + 18 * (level + 1), 0) for level in range(depth))
    return b"MM\0*\0\0\0\x08" + b"".join(nested)


def in_segments(content: bytes, marker: int = 0xE1, start: bytes = b"Exif\0\0") -> bytes:
    """Metadata spread over as many segments of a JPEG as it needs, for readers to put together again."""
    pieces = (content[place : place + 65_000] for place in range(0, len(content), 65_000))
    return b"".join(segment(marker, start + piece) for piece in pieces)


# WebP


def tables_webp(side: int, rich: int) -> bytes:
    """A lossless WebP with codes of their own for each 4×4 pixels; of 16 such sets of codes, `rich` are large ones."""
    simple = "1000"  # a code without a bit, for the symbol 0
    # Codes of 8 bits for 256 symbols. Here as below, codes for 18 (a run of zeros) and others tell the codes' lengths.
    bytewise = "0" + "0001" + ("000" + "100" + "000" * 9 + "100") + "0" + "0" * 256
    # Codes of 11 bits for 2048 symbols, by repeating the length that came before; then 280 zeros.
    large = "0" + "1101" + ("000" + "010" + "000" * 6 + "100" + "000" * 5 + "010") + "0"
    large += "10" + "011" * 341 + "10" + "11" + "1111111" + "11" + "0001111" + "11" + "0000000"
    places = range((side // 4) ** 2)
    start = "11110100" + f"{side - 1:014b}"[::-1] * 2 + "0" + "000"
    # No transform; a cache of 2048 colours; an image of 4×4 times fewer pixels tells the set of codes for each of them.
    bits = start + "0" + "1" + "1101" + "1" + "000" + "0" + bytewise + "1" + "1011000" + bytewise + simple * 3
    bits += "".join(f"{place % 256:08b}{place // 256:08b}" for place in places)
    bits += "".join((large if place % 16 < rich else simple) + simple * 4 for place in places)
    pixels = bytes(side * side * 11 * rich // 16 // 8 + 64)
    return webp([riff_chunk(b"VP8L", packed(bits) + pixels)])


def described_webp(**described: bytes) -> bytes:
    """A small WebP with further chunks."""
    whole = small("WEBP", exif=b"x")
    flags = whole[:20] + b"\x2c" + whole[21:]
    end = flags.index(b"EXIF")
    return webp([flags[12:end], *(riff_chunk(kind.ljust(4).encode(), content) for kind, content in described.items())])


def animated_webp(frames: int) -> bytes:
    two = small("WEBP", save_all=True, append_images=[Image.new("RGB", (24, 16), "blue")], lossless=True)
    first = two.index(b"ANMF")
    second = two.index(b"ANMF", first + 4)
    return webp([two[12:second], two[first:second] * (frames - 1)])


def mismatched_webp() -> bytes:
    """A picture of 1024×1024 on a canvas of 256×256."""
    return webp([riff_chunk(b"VP8X", bytes(4) + b"\xff\0\0" * 2), tables_webp(1024, 0)[12:]])
