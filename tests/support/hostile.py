"""Hostile picture files, which take much time or memory, or contradict themselves.

Most are at the limits of github_avatars.picture, and are the worst known files of their kind.
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
    """A file of at most `size` bytes. A part that is a function receives the number of remaining bytes."""
    remaining = size - sum(len(part) for part in parts if isinstance(part, bytes))
    return b"".join(part if isinstance(part, bytes) else part(remaining) for part in parts)


def many(piece: bytes) -> Callable[[int], bytes]:
    """Repeats `piece` in the remaining bytes."""
    return lambda remaining: piece * (remaining // len(piece))


def small(codec: str, **options: object) -> bytes:
    return encoded(Image.new("RGB", (24, 16), "red"), codec, **options)


def noise(side: int, channels: int, deviation: float) -> Image.Image:
    levels = np.random.default_rng(0).standard_normal((side, side, channels), dtype=np.float32) * deviation + 128
    return Image.fromarray(levels.clip(0, 255).astype(np.uint8).squeeze(), "CMYK" if channels == 4 else None)


def cut(data: bytes) -> bytes:
    return data[: len(data) * 2 // 3]


def corrupt(data: bytes) -> bytes:
    """Change every 50th byte after the first 60."""
    changed = bytearray(data)
    for position in range(60, len(data), 50):
        changed[position] ^= 0x55
    return bytes(changed)


def packed(bits: str) -> bytes:
    """Bits in the order of deflate and lossless WebP: the lowest bit of each byte first."""
    return np.packbits(np.frombuffer(bits.encode(), dtype=np.uint8) & 1, bitorder="little").tobytes()


CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""The channels of PNG's color types."""

EMPTY_BLOCKS = packed(
    4
    * (
        # A block that is not the last, with dynamic codes: 257 literals, 1 distance, 18 code lengths.
        ("0" + "01" + "00000" + "00000" + "0111")
        # Code length symbols 18 (a run of zeros) and 1 have a code.
        + ("000" * 2 + "100" + "000" * 14 + "100")
        # Length 0 for 138 and 118 literals, 1 for the end of the block and for the distance; the end of the block.
        + ("1" + "1111111" + "1" + "1101011" + "0" + "0" + "0")
    )
)
"""Empty deflate blocks, which take the most time per byte: the decoder builds tables for each one's codes."""


def laborious_png(side: int, depth: int, color_type: int, size: int = MAX_BYTES) -> bytes:
    """An interlaced PNG with Paeth filters, filled up to `size` with EMPTY_BLOCKS."""
    bits = CHANNELS[color_type] * depth
    row = np.random.default_rng(0).integers(0, 256, side * bits // 8, dtype=np.uint8).tobytes()
    grids = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    compressor = zlib.compressobj(1, wbits=-15)
    pixels = b""
    for left, top, across, down in grids:
        width, height = (side - left + across - 1) // across, (side - top + down - 1) // down
        pixels += compressor.compress((b"\4" + row[: (width * bits + 7) // 8]) * height)
    pixels += compressor.flush()
    tables = chunk(b"PLTE", bytes(range(256)) * 3) + chunk(b"tRNS", bytes(range(256))) if color_type == 3 else b""
    start = header(side, side, depth, color_type, interlace=1) + tables

    def data(remaining: int) -> bytes:
        return chunk(b"IDAT", b"\x78\1" + many(EMPTY_BLOCKS)(remaining - len(pixels) - 14) + pixels)

    return full(start, data, END, size=size)


def grey(width: int, height: int, mode: str) -> Image.Image:
    """A picture whose sample is GitHub grey, so that all its pixels are examined."""
    picture = Image.new("RGB", (width, height), GITHUB_GREY).convert(mode)
    if mode == "RGBA":
        picture.putpixel((0, height - 1), (*GITHUB_GREY, 0))
    return picture


def zip_bomb(kind: bytes, remaining: int) -> bytes:
    """A chunk of zeros, compressed a thousandfold."""
    compressor = zlib.compressobj(9)
    megabyte = compressor.compress(bytes(1 << 20)) + compressor.flush(zlib.Z_FULL_FLUSH)
    again = compressor.compress(bytes(1 << 20)) + compressor.flush(zlib.Z_FULL_FLUSH)
    return chunk(kind, megabyte + many(again)(remaining - len(megabyte) - 12))


def with_chunks(*chunks: bytes | Callable[[int], bytes]) -> bytes:
    """A small PNG with more chunks after its header."""
    whole = small("PNG")
    return full(whole[:33], *chunks, whole[33:])


def bombs(kind: bytes, keyword: bytes) -> bytes:
    """Chunks of a kilobyte, each of which decompresses to a megabyte."""
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


def gif(width: int, height: int, frames: bytes) -> bytes:
    """A GIF of two colors."""
    return b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + b"\0\0\0\xf0\xf0\xf0" + frames + b";"


def frame(width: int, height: int, codes: bytes = b"\2\2\x44\1\0", control: int = 0) -> bytes:
    """A frame with its graphic control extension. `codes` are LZW codes in blocks, by default of one pixel."""
    descriptor = struct.pack("<4HB", 0, 0, width, height, 0)
    return b"!\xf9\4" + bytes((control, 0, 0, 1)) + b"\0," + descriptor + codes


def blocks(data: bytes) -> bytes:
    """The sub-blocks of LZW codes: pieces of at most 255 bytes, each after its length."""
    pieces = (data[start : start + 255] for start in range(0, len(data), 255))
    return b"".join(bytes((len(piece),)) + piece for piece in pieces) + b"\0"


def progressive(side: int, scans: int) -> bytes:
    """A JPEG of scans that refine every coefficient of every block, at 35 bytes each."""
    tables = segment(0xDB, bytes(1) + b"\1" * 64)
    tables += segment(0xC4, b"\0\1" + bytes(15) + b"\0") + segment(0xC4, b"\x10\1" + bytes(15) + b"\xe0")
    frame = segment(0xC2, struct.pack(">BHHB", 8, side, side, 1) + b"\1\x11\0")
    # The code 0 means symbol E0: no coefficients for 16,384 blocks, plus the number in the next 14 bits.
    runs = -(-(((side + 7) // 8) ** 2) // 32767)
    blocks = np.packbits([int(bit) for bit in ("0" + "1" * 14) * runs]).tobytes().replace(b"\xff", b"\xff\0")
    first = segment(0xDA, b"\1\1\0\0\0\0") + b"\0"
    again = segment(0xDA, b"\1\1\0\1\x3f\x10") + blocks
    return b"\xff\xd8" + tables + frame + first + again * (scans - 1) + b"\xff\xd9"


def with_segments(*segments: bytes | Callable[[int], bytes]) -> bytes:
    """A small JPEG with more segments at its start."""
    whole = small("JPEG")
    return full(whole[:2], *segments, whole[2:])


def wide_exif(entries: int, size: int) -> bytes:
    """A directory whose entries all claim the same `size` bytes."""
    tags = b"".join(struct.pack(">HHII", tag, 7, size, 8) for tag in range(entries))
    return b"MM\0*\0\0\0\x08" + struct.pack(">H", entries) + tags + bytes(4)


def endless_exif() -> bytes:
    """A directory that is its own successor and its own camera, GPS, interoperability and thumbnail directory."""
    entries = b"".join(struct.pack(">HHII", tag, 4, 1, 8) for tag in (0x8769, 0x8825, 0xA005, 0x014A))
    return b"MM\0*\0\0\0\x08\0\4" + entries + b"\0\0\0\x08"


def deep_exif(depth: int) -> bytes:
    """Nested directories."""
    nested = (struct.pack(">HHHIII", 1, 0x8769, 4, 1, 8 + 18 * (level + 1), 0) for level in range(depth))
    return b"MM\0*\0\0\0\x08" + b"".join(nested)


def in_segments(content: bytes, marker: int = 0xE1, start: bytes = b"Exif\0\0") -> bytes:
    """Metadata in as many segments of a JPEG as it needs."""
    pieces = (content[start : start + 65_000] for start in range(0, len(content), 65_000))
    return b"".join(segment(marker, start + piece) for piece in pieces)


def tables_webp(side: int, large_of_16: int) -> bytes:
    """A lossless WebP with separate prefix codes for each 4×4 pixels; `large_of_16` of every 16 have large tables."""
    simple = "1000"  # a code of zero bits for symbol 0
    # Codes of 8 bits for 256 symbols. Here and below, the code lengths are themselves coded, with 18 for runs of zeros.
    bytewise = "0" + "0001" + ("000" + "100" + "000" * 9 + "100") + "0" + "0" * 256
    # Codes of 11 bits for 2048 symbols, by repeating the previous length; then 280 zeros.
    large = "0" + "1101" + ("000" + "010" + "000" * 6 + "100" + "000" * 5 + "010") + "0"
    large += "10" + "011" * 341 + "10" + "11" + "1111111" + "11" + "0001111" + "11" + "0000000"
    blocks_4x4 = range((side // 4) ** 2)
    start = "11110100" + f"{side - 1:014b}"[::-1] * 2 + "0" + "000"
    # No transform; a cache of 2048 colors; an image with one pixel for each 4×4 pixels selects the prefix codes.
    bits = start + "0" + "1" + "1101" + "1" + "000" + "0" + bytewise + "1" + "1011000" + bytewise + simple * 3
    bits += "".join(f"{block % 256:08b}{block // 256:08b}" for block in blocks_4x4)
    bits += "".join((large if block % 16 < large_of_16 else simple) + simple * 4 for block in blocks_4x4)
    pixels = bytes(side * side * 11 * large_of_16 // 16 // 8 + 64)
    return webp([riff_chunk(b"VP8L", packed(bits) + pixels)])


def webp_with_chunks(**chunks: bytes) -> bytes:
    """A small WebP with more chunks at its end."""
    whole = small("WEBP", exif=b"x")
    flags = whole[:20] + b"\x2c" + whole[21:]
    end = flags.index(b"EXIF")
    return webp([flags[12:end], *(riff_chunk(kind.ljust(4).encode(), content) for kind, content in chunks.items())])


def animated_webp(frames: int) -> bytes:
    two = small("WEBP", save_all=True, append_images=[Image.new("RGB", (24, 16), "blue")], lossless=True)
    first = two.index(b"ANMF")
    second = two.index(b"ANMF", first + 4)
    return webp([two[12:second], two[first:second] * (frames - 1)])


def mismatched_webp() -> bytes:
    """A picture of 1024×1024 on a canvas of 256×256."""
    return webp([riff_chunk(b"VP8X", bytes(4) + b"\xff\0\0" * 2), tables_webp(1024, 0)[12:]])
