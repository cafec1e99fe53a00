"""An AVIF file → a minimal AVIF file with its primary picture only.

An AVIF file contains boxes. Its box "meta" lists items, such as pictures and metadata, their properties, and where
their data is. The primary item is a picture in AV1, or a grid of such pictures. Another item may be its transparency.
An animation contains its first frame as primary item.

Sources: AV1 Image File Format 1.1.0; ISO/IEC 14496-12, 8.11 (items); ISO/IEC 23008-12, 6.5 and 6.6 (pictures).
"""

import struct
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from github_avatars.picture.av1 import coded_pixels
from github_avatars.picture.stripped_file import BAD_HEADER, NO_PIXELS, StrippedFile, Unusable, limit_parts

MAX_TILES = 256
"""The maximum number of pictures in a grid. Each takes time."""

_PIXEL_PROPERTIES = (b"ispe", b"av1C", b"auxC", b"a1op", b"lsel")
"""The properties that pixels depend on: size, codec, kind of auxiliary picture, layers. And some "colr"."""

_ALPHA = (b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0", b"urn:mpeg:hevc:2015:auxid:1\0")

_ORIENTATIONS = {
    **{(0, None): 1, (0, 0): 4, (0, 1): 2, (1, None): 8, (1, 0): 5, (1, 1): 7},
    **{(2, None): 3, (2, 0): 2, (2, 1): 4, (3, None): 6, (3, 0): 7, (3, 1): 5},
}
"""EXIF's orientation for the properties "irot" (quarter turns counterclockwise) and "imir" (axis), in this order."""


class _Property(NamedTuple):
    essential: bool
    kind: bytes
    content: bytes


class _Item(NamedTuple):
    """A picture, which is coded in AV1 or consists of other items."""

    kind: bytes
    data: bytes
    properties: Sequence[_Property]
    tiles: "Sequence[_Item]" = ()

    def content(self, kind: bytes) -> bytes:
        """The content of the first property of this kind."""
        return next((each.content for each in self.properties if each.kind == kind), b"")


def strip(data: bytes) -> StrippedFile:
    """Strip an AVIF file. Raises Unusable, and IndexError or struct.error if its header is damaged."""
    boxes = dict(limit_parts(_boxes(data)))
    if b"meta" not in boxes:
        raise Unusable("is an AVIF video: save a still picture of it." if b"moov" in boxes else BAD_HEADER)
    items = _Items(boxes[b"meta"][4:], data)
    picture = items.picture(items.primary)
    alpha_id = items.alpha()
    alpha = items.picture(alpha_id) if alpha_id else None
    width, height = struct.unpack_from(">II", picture.content(b"ispe"), 4)
    pixels = _decoded_pixels(picture) + (_decoded_pixels(alpha) if alpha else 0)
    cost_factor = max(1, -(-pixels // max(width * height, 1)))
    angle, axis = picture.content(b"irot")[:1], picture.content(b"imir")[:1]
    orientation = _ORIENTATIONS[angle[0] & 3 if angle else 0, axis[0] & 1 if axis else None]
    description = f"AVIF that codes {cost_factor:,} times its pixels" if cost_factor > 1 else "AVIF"
    premultiplied = alpha_id in items.references.get((b"prem", items.primary), ())
    return StrippedFile(description, width, height, cost_factor, orientation, _write(picture, alpha, premultiplied))


def _decoded_pixels(picture: _Item) -> int:
    """The number of pixels that a decoder holds. A grid is decoded in addition to its tiles."""
    if picture.kind == b"av01":
        return coded_pixels(picture.data)
    width, height = struct.unpack_from(">II", picture.content(b"ispe"), 4)
    return int(width * height) + sum(map(_decoded_pixels, picture.tiles))


class _Items:
    """The items that a box "meta" lists."""

    def __init__(self, meta: bytes, file: bytes) -> None:
        self._file = file
        self._boxes: dict[bytes, bytes] = {}
        for kind, content in limit_parts(_boxes(meta)):
            self._boxes.setdefault(kind, content)
        primary = self._boxes.get(b"pitm", b"")
        self.primary = int.from_bytes(primary[4:]) if primary else 0
        self.references = dict(self._read_references())
        """For the type and the id of an item, the ids of the items that it refers to."""
        self._kinds = dict(self._read_kinds())
        self._associations = dict(self._read_associations())
        properties = dict(limit_parts(_boxes(self._boxes.get(b"iprp", b"")))).get(b"ipco", b"")
        self._properties = list(limit_parts(_boxes(properties)))
        self._extents: dict[int, list[tuple[bool, int, int]]] = {}
        for item, in_meta, start, length in limit_parts(self._read_extents()):
            self._extents.setdefault(item, []).append((in_meta, start, length))
        self._remaining = len(file)

    def picture(self, item: int) -> _Item:
        """An item with its tiles. Raises Unusable if it is no picture in AV1."""
        kind = self._kinds.get(item, b"")
        tiles = self.references.get((b"dimg", item), ()) if kind == b"grid" else ()
        if kind not in (b"av01", b"grid") or any(self._kinds.get(tile) != b"av01" for tile in tiles):
            raise Unusable("is damaged, or an AVIF that is not coded in AV1. Give a complete file.")
        if len(tiles) > MAX_TILES:
            raise Unusable(f"has more than {MAX_TILES} tiles, as no program writes: save it again.")
        return _Item(kind, self._data(item), self._properties_of(item), [self.picture(tile) for tile in tiles])

    def alpha(self) -> int:
        """The id of the item with the transparency of the primary item, 0 if there is none."""
        for (kind, item), targets in self.references.items():
            if kind == b"auxl" and self.primary in targets:
                content = next((each.content for each in self._properties_of(item) if each.kind == b"auxC"), b"")
                if content[4:].startswith(_ALPHA):
                    return item
        return 0

    def _data(self, item: int) -> bytes:
        """The data of an item. All items together have at most as many bytes as the file."""
        pieces = []
        for in_meta, start, length in self._extents.get(item, ()):
            source = self._boxes.get(b"idat", b"") if in_meta else self._file
            end = start + length if length else len(source)
            self._remaining -= max(0, end - start)
            if not start <= end <= len(source) or self._remaining < 0:
                raise Unusable(NO_PIXELS)
            pieces.append(source[start:end])
        return b"".join(pieces)

    def _properties_of(self, item: int) -> list[_Property]:
        size, associations = self._associations.get(item, (1, b""))
        flag = 1 << 8 * size - 1
        numbers = [int.from_bytes(associations[at : at + size]) for at in range(0, len(associations), size)]
        return [
            _Property(bool(number & flag), *self._properties[(number & flag - 1) - 1])
            for number in numbers
            if number & flag - 1
        ]

    def _read_kinds(self) -> Iterator[tuple[int, bytes]]:
        entries = self._boxes.get(b"iinf", bytes(4))
        for _, entry in limit_parts(_boxes(entries[8 if entries[0] else 6 :])):
            id_size = 4 if entry[0] > 2 else 2
            yield int.from_bytes(entry[4 : 4 + id_size]), entry[6 + id_size : 10 + id_size]

    def _read_references(self) -> Iterator[tuple[tuple[bytes, int], tuple[int, ...]]]:
        references = self._boxes.get(b"iref", bytes(4))
        code, size = ("I", 4) if references[0] else ("H", 2)
        for kind, content in limit_parts(_boxes(references[4:])):
            item, count = struct.unpack_from(f">{code}H", content)
            yield (kind, item), struct.unpack_from(f">{count}{code}", content, size + 2)

    def _read_associations(self) -> Iterator[tuple[int, tuple[int, bytes]]]:
        """For each item, the size of an association in bytes, and its associations."""
        for kind, content in limit_parts(_boxes(self._boxes.get(b"iprp", b""))):
            if kind == b"ipma":
                fields = _Fields(content)
                version, flags, count = fields.number(1), fields.number(3), fields.number(4)
                size = 2 if flags & 1 else 1
                for _ in limit_parts(range(count)):
                    item, associations = fields.number(4 if version else 2), fields.number(1)
                    yield item, (size, fields.bytes(size * associations))

    def _read_extents(self) -> Iterator[tuple[int, bool, int, int]]:
        """For each piece of an item: the item, whether it is in the box "idat", where it starts, its length."""
        fields = _Fields(self._boxes.get(b"iloc", bytes(8)))
        version, _ = fields.number(1), fields.number(3)
        offset_size, length_size = divmod(fields.number(1), 16)
        base_size, index_size = divmod(fields.number(1), 16)
        for _ in limit_parts(range(fields.number(4 if version == 2 else 2))):
            item = fields.number(4 if version == 2 else 2)
            method = fields.number(2) & 15 if version else 0
            fields.number(2)
            base, count = fields.number(base_size), fields.number(2)
            for _ in range(count):
                fields.number(index_size if version else 0)
                yield item, method == 1, base + fields.number(offset_size), fields.number(length_size)


class _Fields:
    """Reads numbers one after the other."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    def bytes(self, size: int) -> bytes:
        start, self._position = self._position, self._position + size
        if self._position > len(self._data):
            raise Unusable(BAD_HEADER)
        return self._data[start : self._position]

    def number(self, size: int) -> int:
        return int.from_bytes(self.bytes(size))


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The type and the content of each box."""
    start = 0
    while start + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, start)
        content = start + 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, content)
            content += 8
        end = start + size if size else len(data)
        if end < content:
            raise Unusable(BAD_HEADER)
        yield kind, data[content:end]
        start = end


def _write(picture: _Item, alpha: _Item | None, premultiplied: bool) -> bytes:
    """A file with this picture and its transparency. The data of all items is in the box "idat"."""
    items = [picture, *picture.tiles]
    references = _tile_references(1, picture)
    if alpha:
        alpha_number = len(items) + 1
        items += [alpha, *alpha.tiles]
        references += _tile_references(alpha_number, alpha) + _box(b"auxl", struct.pack(">3H", alpha_number, 1, 1))
        references += _box(b"prem", struct.pack(">3H", 1, 1, alpha_number)) if premultiplied else b""
    properties: list[bytes] = []
    kinds, locations, associations, offset = [], [], [], 0
    for number, item in enumerate(items, 1):
        kinds.append(_box(b"infe", struct.pack(">B3xHH4sx", 2, number, 0, item.kind)))
        locations.append(struct.pack(">4H2I", number, 1, 0, 1, offset, len(item.data)))
        offset += len(item.data)
        kept = [each for each in item.properties if each.kind in _PIXEL_PROPERTIES or _is_color_space(each)]
        numbers = (each.essential << 15 | len(properties) + index for index, each in enumerate(kept, 1))
        associations.append(struct.pack(f">HB{len(kept)}H", number, len(kept), *numbers))
        properties += [_box(each.kind, each.content) for each in kept]
    count = struct.pack(">H", len(items))
    boxes = (
        _box(b"hdlr", bytes(8) + b"pict" + bytes(13)),
        _box(b"pitm", struct.pack(">IH", 0, 1)),
        _box(b"iloc", b"\1\0\0\0\x44\0" + count + b"".join(locations)),
        _box(b"iinf", bytes(4) + count + b"".join(kinds)),
        _box(b"iref", bytes(4) + references),
        _box(
            b"iprp",
            _box(b"ipco", b"".join(properties)) + _box(b"ipma", b"\0\0\0\1\0\0" + count + b"".join(associations)),
        ),
        _box(b"idat", b"".join(item.data for item in items)),
    )
    return _box(b"ftyp", b"avif" + bytes(4) + b"avifmif1miaf") + _box(b"meta", bytes(4) + b"".join(boxes))


def _is_color_space(each: _Property) -> bool:
    """Whether a property says how luma and chroma become red, green and blue. Color profiles are ignored."""
    return each.kind == b"colr" and each.content.startswith(b"nclx")


def _tile_references(number: int, picture: _Item) -> bytes:
    """The references of a grid to its tiles, which are the next items."""
    count = len(picture.tiles)
    tiles = range(number + 1, number + 1 + count)
    return _box(b"dimg", struct.pack(f">{2 + count}H", number, count, *tiles)) if count else b""


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content
