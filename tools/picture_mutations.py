"""Mutate picture files: split them into parts, change some of the parts, and join them with correct checksums."""

import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import groupby, pairwise
from random import Random

from PIL import Image

from github_avatars import demo
from github_avatars.picture import container
from tests.support.avif import av1, box, grid
from tests.support.hostile import (
    apng,
    endless_exif,
    laborious_png,
    progressive,
    tables_webp,
    webp_with_chunks,
    wide_exif,
    with_segments,
)
from tests.support.pictures import PNG_MAGIC, chunk, encoded, riff_chunk, segment, webp

Part = tuple[bytes, bytes]
"""The type and the content of a part. A part without a type is written without a header or checksum."""

NUMBERS = (
    *(0, 1, 2, 3, 7, 8, 15, 16, 127, 128, 255, 256, 257, 3000, 3001, 16383, 32767, 65535),
    *(2**24 - 1, 2**31, 2**32 - 1),
)
"""The limits of bit fields and of this project."""


def corpus() -> list[bytes]:
    """Undamaged files of every kind: some of avatars/, and small copies of them in other encodings."""
    folder = demo.AVATARS
    patterns = (*(f"custom/*.{suffix}" for suffix in ("png", "jpg", "webp", "gif")), "default/*")
    files = [path.read_bytes() for pattern in patterns for path in sorted(folder.glob(pattern))[:3]]
    for name, side in (("cartoon-1.png", 40), ("photo-flower-0.jpg", 33), ("transparent-0.png", 24)):
        with Image.open(folder / "custom" / name) as opened:
            files += encodings(opened.convert("RGBA").resize((side, side + 7)))
    files += [laborious_png(24, depth, kind, size=300) for depth, kind in ((1, 0), (8, 3), (16, 0), (16, 4), (16, 6))]
    files += [apng(3), tables_webp(32, 4), progressive(64, 5), with_segments(segment(0xE1, endless_exif()))]
    files += [webp_with_chunks(EXIF=wide_exif(5, 12), ICCP=b"a profile", XMP=b"xmp")]
    tile = av1(Image.radial_gradient("L").resize((64, 64)), subsampling="4:4:4")
    # A stripped AVIF remains readable if the sizes of its boxes change.
    stripped = [container.strip(data, "an AVIF").data for data in files if data[4:8] == b"ftyp"]
    return [*files, *stripped, grid(tile, 64, 2, 2)]


def encodings(picture: Image.Image) -> Iterator[bytes]:
    """A picture in all variants that Pillow can write."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "a description"
    rgb, grey, palette = picture.convert("RGB"), picture.convert("L"), picture.convert("RGB").quantize(16)
    frames = {"save_all": True, "append_images": [rgb.rotate(90), rgb.rotate(180)], "duration": 50}
    for variant in (picture, rgb, grey, grey.convert("LA"), grey.convert("1"), grey.convert("I;16"), palette):
        yield encoded(variant, "PNG")
    yield encoded(palette, "PNG", transparency=bytes(range(0, 256, 16)), exif=exif, icc_profile=b"a profile")
    yield encoded(rgb, "PNG", transparency=(1, 2, 3), **frames)
    for variant in (rgb, grey, rgb.convert("CMYK")):
        yield encoded(variant, "JPEG", exif=exif, icc_profile=b"a profile")
        yield encoded(variant, "JPEG", progressive=True, subsampling=0, comment=b"a comment")
    yield encoded(rgb, "JPEG", restart_marker_blocks=2)
    yield encoded(rgb, "MPO", **frames)
    for variant in (picture, rgb):
        yield encoded(variant, "WEBP", exif=exif, icc_profile=b"a profile")
        yield encoded(variant, "WEBP", lossless=True)
        yield encoded(variant, "WEBP", **frames)
    for variant in (picture, rgb, grey):
        yield encoded(variant, "AVIF", exif=exif, icc_profile=b"a profile")
    yield encoded(rgb, "AVIF", subsampling="4:4:4", **frames)
    yield encoded(palette, "GIF", transparency=3, interlace=1, comment=b"a comment")
    yield encoded(rgb, "GIF", disposal=2, **frames)


def split_png(data: bytes) -> list[Part]:
    """The chunks, and a rest without a type."""
    parts, start = [], 8
    while start + 12 <= len(data):
        end = start + 12 + int.from_bytes(data[start : start + 4])
        parts.append((data[start + 4 : start + 8], data[start + 8 : end - 4]))
        start = end
    return [*parts, (b"", data[start:])]


def join_png(parts: Sequence[Part]) -> bytes:
    return PNG_MAGIC + b"".join(chunk(kind, content) if kind else content for kind, content in parts)


def split_jpeg(data: bytes) -> list[Part]:
    """The segments, and the bytes between them without a type."""
    parts, start = [], 2
    for marker in re.finditer(rb"\xff[\xc0-\xcf\xda-\xfe]", data):
        if marker.start() >= start:
            end = marker.end() + int.from_bytes(data[marker.end() : marker.end() + 2])
            parts += [(b"", data[start : marker.start()]), (marker[0][1:], data[marker.end() + 2 : end])]
            start = end
    return [(kind, content) for kind, content in (*parts, (b"", data[start:])) if kind or content]


def join_jpeg(parts: Sequence[Part]) -> bytes:
    return b"\xff\xd8" + b"".join(segment(kind[0], content[:65_533]) if kind else content for kind, content in parts)


def split_webp(data: bytes) -> list[Part]:
    parts, start = [], 12
    while start + 8 <= len(data):
        end = start + 8 + int.from_bytes(data[start + 4 : start + 8], "little")
        parts.append((data[start : start + 4], data[start + 8 : end]))
        start = end + end % 2
    return parts


def join_webp(parts: Sequence[Part]) -> bytes:
    return webp(riff_chunk(kind, content) if kind else content for kind, content in parts)


def split_gif(data: bytes) -> list[Part]:
    """The header with the color table, each extension and each frame, and the rest, all without a type."""
    ends = [13 + (3 << (data[10] & 7) + 1 if data[10] & 0x80 else 0)]
    while data[ends[-1] : ends[-1] + 1] in (b"!", b","):
        position = ends[-1] + 2
        if data[ends[-1]] == ord(","):
            position += 9 + (3 << (data[position + 7] & 7) + 1 if data[position + 7] & 0x80 else 0)
        while data[position]:
            position += 1 + data[position]
        ends.append(position + 1)
    return [(b"", data[start:end]) for start, end in pairwise((0, *ends, len(data)))]


def join_gif(parts: Sequence[Part]) -> bytes:
    return b"".join(content for _, content in parts)


def split_avif(data: bytes, path: bytes = b"") -> list[Part]:
    """The boxes that contain no others. The type of each is a path: b"meta" + b"iprp" + b"ipco" + b"ispe"."""
    parts, start = [], 0
    while start + 8 <= len(data):
        end = start + (int.from_bytes(data[start : start + 4]) or len(data))
        kind, content = data[start + 4 : start + 8], data[start + 8 : max(end, start + 8)]
        if kind in (b"iprp", b"ipco"):
            parts += split_avif(content, path + kind)
        elif kind == b"meta":
            parts += [(path + kind, content[:4]), *split_avif(content[4:], path + kind)]
        else:
            parts.append((path + kind, content))
        start = max(end, start + 8)
    return parts


def join_avif(parts: Sequence[Part]) -> bytes:
    result = b""
    for kind, group in groupby(parts, lambda part: part[0][:4]):
        inner = [(path[4:], content) for path, content in group]
        if kind in (b"meta", b"iprp", b"ipco"):
            result += box(kind, join_avif(inner))
        else:
            result += b"".join(box(kind, content) if kind else content for _, content in inner)
    return result


FORMATS = {
    b"\x89P": (split_png, join_png),
    b"\xff\xd8": (split_jpeg, join_jpeg),
    b"RI": (split_webp, join_webp),
    b"\0\0": (split_avif, join_avif),
    b"GI": (split_gif, join_gif),
}


def mutate(data: bytes, others: Sequence[bytes], rng: Random) -> bytes:
    """A mutation of a file. It may contain parts of `others` with the same format."""
    if rng.random() < 0.1:
        return corrupt(data, rng)
    split, join = FORMATS[data[:2]]
    parts = split(data)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 6))):
        index = rng.randrange(len(parts))
        kind, content = parts[index]
        operation = rng.randrange(10)
        if operation < 5:
            parts[index] = kind, corrupt_content(kind, content, rng)
        elif operation == 5 and len(parts) > 1:
            del parts[index]
        elif operation == 6:
            times = rng.choice((1, 2, 50, 2000))
            parts[index:index] = [(kind, content)] * min(times, 1 + 100_000 // (len(content) + 1))
        elif operation == 7:
            parts.insert(rng.randrange(len(parts) + 1), parts.pop(index))
        elif operation == 8:
            parts[index] = rng.choice(parts)[0], content
        else:
            parts.insert(index, rng.choice(split(rng.choice([other for other in others if other[:2] == data[:2]]))))
    return join(parts)


def corrupt_content(kind: bytes, content: bytes, rng: Random) -> bytes:
    """Corrupt the content of a part; for compressed pixels, usually the decompressed bytes."""
    if kind == b"IDAT" and rng.random() < 0.7:
        with suppress(zlib.error):
            return zlib.compress(corrupt(zlib.decompress(content), rng), 1)
    return corrupt(content, rng)


def corrupt(data: bytes, rng: Random) -> bytes:
    """Change, delete, repeat or insert a few bytes."""
    result = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4))):
        position, length = rng.randrange(len(result) + 1), rng.choice((1, 1, 2, 3, 4, 8, 100))
        operation = rng.randrange(7)
        if operation == 0 and position < len(result):
            result[position] ^= 1 << rng.randrange(8)
        elif operation == 1:
            result[position : position + length] = rng.randbytes(length)
        elif operation == 2:
            size = rng.choice((1, 2, 3, 4))
            number = rng.choice(NUMBERS) % 256**size
            result[position : position + size] = number.to_bytes(size, rng.choice(("big", "little")))
        elif operation == 3:
            del result[position : position + length]
        elif operation == 4:
            result[position:position] = result[position : position + length] * rng.choice((1, 2, 30))
        elif operation == 5:
            result[position : position + length] = bytes((rng.choice((0, 255)),)) * length
        elif rng.random() < 0.3:
            del result[position:]
    return bytes(result)
