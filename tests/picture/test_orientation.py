import struct
import zlib

import pytest
from PIL import Image

from github_avatars.picture import orientation


def exif(value: int) -> bytes:
    written = Image.Exif()
    written[0x0112] = value
    return written.tobytes()


def tiff(order: str, *entries: tuple[int, int, int, int]) -> bytes:
    """EXIF of these entries: tag, kind, count, and a value of 16 bits."""
    start = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(f"{order}IH", 8, len(entries))
    return start + b"".join(struct.pack(f"{order}HHIHH", *entry, 0) for entry in entries) + bytes(4)


def text(keyword: bytes, content: bytes) -> bytes:
    return keyword + b"\0" + content


def profile(value: int) -> bytes:
    """EXIF as ImageMagick writes it into a PNG's text."""
    data = exif(value)
    return b"\nexif\n%8d\n" % len(data) + data.hex().encode() + b"\n"


XMP = b'<rdf:Description tiff:Orientation="8"/>'


@pytest.mark.parametrize("value", range(1, 9))
@pytest.mark.parametrize("order", "<>")
def test_exif_tells(order: str, value: int) -> None:
    data = tiff(order, (0x010F, 2, 4, 0), (0x0112, 3, 1, value), (0x0112, 3, 1, 9))
    assert orientation.of(data, b"") == value
    assert orientation.of(b"Exif\0\0" + data, b"") == value
    assert orientation.of(b"Exif\0\0Exif\0\0" + data, b"") == value


@pytest.mark.parametrize("value", range(1, 9))
def test_it_is_read_as_pillow_writes_it(value: int) -> None:
    assert orientation.of(exif(value), b"") == value


@pytest.mark.parametrize("xmp", [XMP, b"<tiff:Orientation>8</tiff:Orientation>"])
def test_xmp_tells_where_exif_does_not(xmp: bytes) -> None:
    assert orientation.of(b"", xmp) == 8
    assert orientation.of(tiff(">", (0x010F, 2, 4, 0)), xmp) == 8
    assert orientation.of(exif(3), xmp) == 3


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"garbage!",
        b"II*\0",
        b"II*\0\x08\0\0\0",
        b"II*\0\xff\xff\xff\xff",
        b"MM\0*\0\0\0\x08\xff\xff",
        tiff(">", (0x0112, 2, 1, 6)),
        tiff(">", (0x0112, 3, 2, 6)),
        tiff(">", (0x0112, 3, 1, 6))[:-10],
    ],
)
def test_damaged_exif_tells_nothing(data: bytes) -> None:
    assert orientation.of(data, b"") == 1
    assert orientation.of(b"Exif\0\0" + data, b"tiff:Orientation=''") == 1


@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        ({}, 1),
        ({b"eXIf": exif(6)}, 6),
        ({b"tEXt": text(b"Raw profile type exif", profile(6))}, 6),
        ({b"zTXt": text(b"Raw profile type exif", b"\0" + zlib.compress(profile(6)))}, 6),
        ({b"iTXt": text(b"XML:com.adobe.xmp", b"\0\0en\0\0" + XMP)}, 8),
        ({b"iTXt": text(b"XML:com.adobe.xmp", b"\1\0\0\0" + zlib.compress(XMP))}, 8),
        ({b"eXIf": exif(6), b"tEXt": text(b"Raw profile type exif", profile(3))}, 6),
        ({b"tEXt": text(b"Raw profile type exif", b"\n\n\nno digits")}, 1),
        ({b"tEXt": b"Raw profile type exif"}, 1),
        ({b"zTXt": text(b"Raw profile type exif", b"\0garbage")}, 1),
        ({b"iTXt": text(b"XML:com.adobe.xmp", b"\1\0\0\0garbage")}, 1),
        ({b"iTXt": b"XML:com.adobe.xmp\0"}, 1),
    ],
)
def test_the_chunks_of_a_png_tell(chunks: dict[bytes, bytes], expected: int) -> None:
    assert orientation.of_png(chunks) == expected


def test_compressed_text_is_unfolded_no_further_than_metadata_goes() -> None:
    far = zlib.compress(bytes(orientation.MAX_BYTES) + XMP)
    near = zlib.compress(bytes(orientation.MAX_BYTES - len(XMP)) + XMP)
    assert orientation.of_png({b"iTXt": text(b"XML:com.adobe.xmp", b"\1\0\0\0" + near)}) == 8
    assert orientation.of_png({b"iTXt": text(b"XML:com.adobe.xmp", b"\1\0\0\0" + far)}) == 1
