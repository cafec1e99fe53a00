"""Picture files to be harmed: taken apart, spoiled in some of their pieces, and put together with right checksums."""

import re
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import pairwise
from random import Random

from PIL import Image

from github_avatars import demo
from tests.support.hostile import (
    apng,
    described_webp,
    endless_exif,
    laborious_png,
    progressive,
    tables_webp,
    wide_exif,
    with_segments,
)
from tests.support.pictures import PNG_MAGIC, chunk, encoded, riff_chunk, segment

Piece = tuple[bytes, bytes]
"""What a part is called in its file, and what it holds. A part without a name is written as it is."""

NUMBERS = (
    0,
    1,
    2,
    3,
    7,
    8,
    15,
    16,
    127,
    128,
    255,
    256,
    257,
    3000,
    3001,
    16383,
    32767,
    65535,
    2**24 - 1,
    2**31,
    2**32 - 1,
)
"""At the edge of something, be it a bit field or a limit."""


def corpus() -> list[bytes]:
    """Whole files of every kind: some of avatars/ as they are, and small ones made of them."""
    folder = demo.AVATARS
    found = [sorted(folder.glob(f"custom/*.{suffix}"))[:3] for suffix in ("png", "jpg", "webp", "gif")]
    files = [path.read_bytes() for paths in (*found, sorted(folder.glob("default/*"))[:3]) for path in paths]
    for name, side in (("cartoon-1.png", 40), ("photo-flower-0.jpg", 33), ("transparent-0.png", 24)):
        with Image.open(folder / "custom" / name) as opened:
            files += made(opened.convert("RGBA").resize((side, side + 7)))
    files += [laborious_png(24, depth, kind, size=300) for depth, kind in ((1, 0), (8, 3), (16, 0), (16, 4), (16, 6))]
    files += [apng(3), tables_webp(32, 4), progressive(64, 5), with_segments(segment(0xE1, endless_exif()))]
    return [*files, described_webp(EXIF=wide_exif(5, 12), ICCP=b"a profile", XMP=b"xmp")]


def made(picture: Image.Image) -> Iterator[bytes]:
    """A picture in every way that Pillow knows to write it."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "a description"
    flat, grey, few = picture.convert("RGB"), picture.convert("L"), picture.convert("RGB").quantize(16)
    frames = {"save_all": True, "append_images": [flat.rotate(90), flat.rotate(180)], "duration": 50}
    for shown in (picture, flat, grey, grey.convert("LA"), grey.convert("1"), grey.convert("I;16"), few):
        yield encoded(shown, "PNG")
    yield encoded(few, "PNG", transparency=bytes(range(0, 256, 16)), exif=exif, icc_profile=b"a profile")
    yield encoded(flat, "PNG", transparency=(1, 2, 3), **frames)
    for shown in (flat, grey, flat.convert("CMYK")):
        yield encoded(shown, "JPEG", exif=exif, icc_profile=b"a profile")
        yield encoded(shown, "JPEG", progressive=True, subsampling=0, comment=b"a comment")
    yield encoded(flat, "JPEG", restart_marker_blocks=2)
    yield encoded(flat, "MPO", **frames)
    for shown in (picture, flat):
        yield encoded(shown, "WEBP", exif=exif, icc_profile=b"a profile")
        yield encoded(shown, "WEBP", lossless=True)
        yield encoded(shown, "WEBP", **frames)
    yield encoded(few, "GIF", transparency=3, interlace=1, comment=b"a comment")
    yield encoded(flat, "GIF", disposal=2, **frames)


# Apart and together


def png_pieces(data: bytes) -> list[Piece]:
    """Chunks and, without a name, what is too short to be one."""
    found, place = [], 8
    while place + 12 <= len(data):
        end = place + 12 + int.from_bytes(data[place : place + 4])
        found.append((data[place + 4 : place + 8], data[place + 8 : end - 4]))
        place = end
    return [*found, (b"", data[place:])]


def png_file(pieces: Sequence[Piece]) -> bytes:
    return PNG_MAGIC + b"".join(chunk(kind, content) if kind else content for kind, content in pieces)


def jpeg_pieces(data: bytes) -> list[Piece]:
    """Segments and, without a name, what stands between them."""
    found, place = [], 2
    for marker in re.finditer(rb"\xff[\xc0-\xcf\xda-\xfe]", data):
        if marker.start() >= place:
            end = marker.end() + int.from_bytes(data[marker.end() : marker.end() + 2])
            found += [(b"", data[place : marker.start()]), (marker[0][1:], data[marker.end() + 2 : end])]
            place = end
    return [(kind, content) for kind, content in (*found, (b"", data[place:])) if kind or content]


def jpeg_file(pieces: Sequence[Piece]) -> bytes:
    return b"\xff\xd8" + b"".join(segment(kind[0], content[:65_533]) if kind else content for kind, content in pieces)


def webp_pieces(data: bytes) -> list[Piece]:
    found, place = [], 12
    while place + 8 <= len(data):
        end = place + 8 + int.from_bytes(data[place + 4 : place + 8], "little")
        found.append((data[place : place + 4], data[place + 8 : end]))
        place = end + end % 2
    return found


def webp_file(pieces: Sequence[Piece]) -> bytes:
    body = b"WEBP" + b"".join(riff_chunk(kind, content) if kind else content for kind, content in pieces)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def gif_pieces(data: bytes) -> list[Piece]:
    """Nameless: the screen; then frames and extensions, each from its sign to the end of its blocks; the rest."""
    ends = [13 + (3 << (data[10] & 7) + 1 if data[10] & 0x80 else 0)]
    while data[ends[-1] : ends[-1] + 1] in (b"!", b","):
        place = ends[-1] + 2
        if data[ends[-1]] == ord(","):
            place += 9 + (3 << (data[place + 7] & 7) + 1 if data[place + 7] & 0x80 else 0)
        while data[place]:
            place += 1 + data[place]
        ends.append(place + 1)
    return [(b"", data[start:end]) for start, end in pairwise((0, *ends, len(data)))]


def gif_file(pieces: Sequence[Piece]) -> bytes:
    return b"".join(content for _, content in pieces)


FORMATS = {
    b"\x89P": (png_pieces, png_file),
    b"\xff\xd8": (jpeg_pieces, jpeg_file),
    b"RI": (webp_pieces, webp_file),
    b"GI": (gif_pieces, gif_file),
}


# Harm


def harmed(data: bytes, others: Sequence[bytes], dice: Random) -> bytes:
    """A whole file with something wrong in it, for which it may get pieces of `others` of its format."""
    if dice.random() < 0.1:
        return spoiled(data, dice)
    apart, together = FORMATS[data[:2]]
    pieces = apart(data)
    for _ in range(dice.choice((1, 1, 1, 2, 3, 6))):
        place = dice.randrange(len(pieces))
        kind, content = pieces[place]
        harm = dice.randrange(10)
        if harm < 5:
            pieces[place] = kind, spoiled_within(kind, content, dice)
        elif harm == 5 and len(pieces) > 1:
            del pieces[place]
        elif harm == 6:
            times = dice.choice((1, 2, 50, 2000))
            pieces[place:place] = [(kind, content)] * min(times, 1 + 100_000 // (len(content) + 1))
        elif harm == 7:
            pieces.insert(dice.randrange(len(pieces) + 1), pieces.pop(place))
        elif harm == 8:
            pieces[place] = dice.choice(pieces)[0], content
        else:
            pieces.insert(place, dice.choice(apart(dice.choice([other for other in others if other[:2] == data[:2]]))))
    return together(pieces)


def spoiled_within(kind: bytes, content: bytes, dice: Random) -> bytes:
    """A piece of a file, harmed; of compressed pixels mostly what they unfold to."""
    if kind == b"IDAT" and dice.random() < 0.7:
        with suppress(zlib.error):
            return zlib.compress(spoiled(zlib.decompress(content), dice), 1)
    return spoiled(content, dice)


def spoiled(data: bytes, dice: Random) -> bytes:
    """Bytes of which a few are changed, cut out, repeated or put in."""
    found = bytearray(data)
    for _ in range(dice.choice((1, 1, 2, 4))):
        place, length = dice.randrange(len(found) + 1), dice.choice((1, 1, 2, 3, 4, 8, 100))
        harm = dice.randrange(7)
        if harm == 0 and place < len(found):
            found[place] ^= 1 << dice.randrange(8)
        elif harm == 1:
            found[place : place + length] = dice.randbytes(length)
        elif harm == 2:
            size = dice.choice((1, 2, 3, 4))
            number = dice.choice(NUMBERS) % 256**size
            found[place : place + size] = number.to_bytes(size, dice.choice(("big", "little")))
        elif harm == 3:
            del found[place : place + length]
        elif harm == 4:
            found[place:place] = found[place : place + length] * dice.choice((1, 2, 30))
        elif harm == 5:
            found[place : place + length] = bytes((dice.choice((0, 255)),)) * length
        elif dice.random() < 0.3:
            del found[place:]
    return bytes(found)
