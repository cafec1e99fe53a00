"""Build AVIF files from AV1 data."""

import struct
from collections.abc import Sequence

from PIL import Image

from github_avatars.picture import container
from tests.support.pictures import encoded

AV1C = b"\x81\x3f\0\0"
"""A codec configuration of the highest level. Decoders read the format of the pixels from the AV1 data."""


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + kind + content


def size_of(width: int, height: int) -> bytes:
    """The property "ispe"."""
    return box(b"ispe", struct.pack(">3I", 0, width, height))


def av1(picture: Image.Image, **options: object) -> bytes:
    """The AV1 data of an opaque picture."""
    return container.strip(encoded(picture, "AVIF", **options), "the picture").data.partition(b"idat")[2]


def avif(
    items: Sequence[tuple[bytes, bytes, Sequence[bytes]]],
    references: Sequence[tuple[bytes, Sequence[int]]] = (),
    brands: bytes = b"avif\0\0\0\0avifmif1",
) -> bytes:
    """A file of items, each with its type, data and properties. The first, with the id 1, is the primary one.

    A reference has a type, the id of an item, and the ids of the items that it refers to.
    """
    kinds = places = associations = data = b""
    properties: list[bytes] = []
    for number, (kind, content, own) in enumerate(items, 1):
        kinds += box(b"infe", struct.pack(">B3xHH4sx", 2, number, 0, kind))
        places += struct.pack(">4H2I", number, 1, 0, 1, len(data), len(content))
        associations += struct.pack(
            f">HB{len(own)}H", number, len(own), *(len(properties) + n + 1 for n in range(len(own)))
        )
        properties += own
        data += content
    count = struct.pack(">H", len(items))
    links = b"".join(
        box(kind, struct.pack(f">HH{len(ids) - 1}H", ids[0], len(ids) - 1, *ids[1:])) for kind, ids in references
    )
    meta = box(b"hdlr", bytes(8) + b"pict" + bytes(13)) + box(b"pitm", b"\0\0\0\0\0\1")
    meta += box(b"iloc", b"\1\0\0\0\x44\0" + count + places) + box(b"iinf", bytes(4) + count + kinds)
    meta += box(b"iref", bytes(4) + links) + box(b"idat", data)
    tables = box(b"ipco", b"".join(properties)) + box(b"ipma", b"\0\0\0\1" + bytes(2) + count + associations)
    return box(b"ftyp", brands) + box(b"meta", bytes(4) + meta + box(b"iprp", tables))


def single(data: bytes, width: int, height: int, *properties: bytes) -> bytes:
    """A file of one picture."""
    return avif([(b"av01", data, [size_of(width, height), box(b"av1C", AV1C), *properties])])


def grid(tile: bytes, side: int, columns: int, rows: int) -> bytes:
    """A file of a grid that repeats a square tile."""
    width, height = columns * side, rows * side
    layout = struct.pack(">4B2I", 0, 1, rows - 1, columns - 1, width, height)
    tiles = [(b"av01", tile, [size_of(side, side), box(b"av1C", AV1C)])] * (columns * rows)
    references = [(b"dimg", range(1, 2 + columns * rows))]
    return avif([(b"grid", layout, [size_of(width, height)]), *tiles], references)
