import struct

import pytest
from PIL import Image

from github_avatars.errors import NotAPicture
from github_avatars.picture import container, decoding
from github_avatars.picture.container import LOSSLESS, MAX_PARTS, SCANS
from tests.support.hostile import frame, gif, progressive, tables_webp
from tests.support.pictures import END, chunk, encoded, header, png, riff_chunk, segment, webp

SECRET = b"a secret"


def exif(orientation: int) -> bytes:
    written = Image.Exif()
    written[0x0112] = orientation
    written[0x010E] = SECRET.decode()
    return written.tobytes()


def picture(mode: str = "RGB") -> Image.Image:
    return Image.linear_gradient("L").resize((24, 16)).convert(mode)


def strip(data: bytes) -> container.StrippedFile:
    return container.strip(data, "The avatar of zeke")


@pytest.mark.parametrize(
    ("data", "kind", "weight"),
    [
        (encoded(picture(), "PNG"), "PNG", 1),
        (encoded(picture("I;16"), "PNG"), "PNG of 16 bits a channel", 2),
        (encoded(picture(), "JPEG"), "JPEG", 1),
        (encoded(picture(), "JPEG", progressive=True), "JPEG", 1),
        (encoded(picture(), "GIF"), "GIF", 1),
        (encoded(picture(), "WEBP"), "WebP", 1),
        (encoded(picture(), "WEBP", lossless=True), "WebP without loss", LOSSLESS),
        (encoded(picture("RGBA").rotate(45), "WEBP"), "WebP without loss", LOSSLESS),
        (encoded(picture(), "WEBP", exif=exif(1)), "WebP", 1),
        (encoded(picture(), "WEBP", lossless=True, exif=exif(1)), "WebP without loss", LOSSLESS),
        (encoded(picture(), "WEBP", save_all=True, append_images=[picture().rotate(90)]), "WebP", 1),
        (
            encoded(picture(), "WEBP", save_all=True, append_images=[picture().rotate(90)], lossless=True),
            "WebP without loss",
            LOSSLESS,
        ),
    ],
)
def test_the_kind_and_the_size_are_told(data: bytes, kind: str, weight: int) -> None:
    found = strip(data)
    assert (found.description, found.width, found.height, found.cost_factor) == (kind, 24, 16, weight)


@pytest.mark.parametrize("codec", ["PNG", "JPEG", "GIF", "WEBP"])
def test_a_core_has_a_core_and_it_is_itself(codec: str) -> None:
    data = encoded(picture(), codec)
    once = strip(data)
    assert strip(once.data) == once
    assert decoding.decode(once.data).tobytes() == decoding.decode(data).tobytes()


@pytest.mark.parametrize("codec", ["PNG", "JPEG", "WEBP"])
def test_metadata_is_left_out_but_for_the_orientation(codec: str) -> None:
    told = strip(encoded(picture(), codec, exif=exif(6), icc_profile=SECRET * 20, xmp=SECRET, comment=SECRET))
    assert told.orientation == 6
    assert SECRET not in told.data
    assert decoding.decode(told.data).tobytes() == decoding.decode(encoded(picture(), codec)).tobytes()


def test_chunks_of_a_png_that_no_pixel_depends_on_are_left_out() -> None:
    plain = png(1, 1, b"\0\7")
    for kind in (b"tEXt", b"iCCP", b"prVt", b"acTL", b"fcTL", b"fdAT", b"IHDR", b"CgBI"):
        told = plain[:33] + chunk(kind, SECRET) + plain[33:-12] + chunk(kind, SECRET) + END + SECRET
        assert strip(told).data == plain
    assert strip(plain[:8] + chunk(b"IDAT", plain[16:29]) + plain[8:]).data == plain


def test_first_exif_chunk_of_a_png_counts_before_and_after_its_pixels() -> None:
    plain = png(1, 1, b"\0\7")
    chunks = chunk(b"eXIf", exif(6)) + chunk(b"eXIf", exif(3))
    assert strip(plain[:33] + chunks + plain[33:]).orientation == 6
    assert strip(plain[:-12] + chunks + END).orientation == 6


def test_of_a_gif_the_first_frame_and_its_transparency_are_kept() -> None:
    comment = b"!\xfe\x08" + SECRET + b"\0"
    data = gif(2, 1, comment + b"junk" + frame(1, 1, control=0x09) + frame(2, 1))
    told = strip(data)
    assert SECRET not in told.data
    # All but the pixel of the frame is transparent.
    assert decoding.decode(told.data).tobytes() == decoding.decode(data).tobytes() == b"\0\0\0\xff\xff\xff"


def test_a_gif_is_as_large_as_its_first_frame_where_that_is_larger() -> None:
    data = bytearray(encoded(picture(), "GIF"))
    data[6:10] = struct.pack("<2H", 3, 2)
    assert strip(bytes(data))[1:3] == (24, 16)
    assert decoding.decode(bytes(data)).size == (24, 16)


def test_of_a_webp_the_first_frame_is_kept() -> None:
    frames = [picture().rotate(90), picture()]
    data = encoded(picture(), "WEBP", save_all=True, append_images=frames, lossless=True)
    told = strip(data)
    assert data.count(b"ANMF") > 1
    assert told.data.count(b"ANMF") == 1
    assert decoding.decode(told.data).tobytes() == decoding.decode(data).tobytes()


def test_a_plain_webp_has_no_metadata() -> None:
    plain = encoded(picture(), "WEBP")
    told = strip(webp([plain[12:], riff_chunk(b"EXIF", exif(6))]))
    assert (told.orientation, told.data) == (1, plain)


def test_segments_of_a_jpeg_that_no_pixel_depends_on_are_left_out() -> None:
    plain = encoded(picture(), "JPEG")
    for marker in (0xE0, 0xE1, 0xE2, 0xED, 0xEE, 0xEF, 0xFE, 0xDC):
        assert strip(plain[:2] + b"\xff" + segment(marker, SECRET) + b"junk" + plain[2:]).data == plain
    # Adobe's tells that these are the red, the green and the blue, and not JFIF's luma and chroma.
    bare = plain[:2] + plain[20:]
    red = bare[:2] + segment(0xEE, b"Adobe\0\x64\0\0\0\0\0") + bare[2:]
    assert strip(red).data == red
    assert decoding.decode(red).tobytes() != decoding.decode(plain).tobytes()


def in_three_scans(side: int, marker: int = 0xC0) -> bytes:
    """A grey JPEG whose three channels come one after the other."""
    frame = segment(marker, struct.pack(">BHHB", 8, side, side, 3) + b"\1\x11\0\2\x11\0\3\x11\0")
    tables = progressive(8, 1)[2:].partition(b"\xff\xc2")[0] + segment(0xC4, b"\0\1" + bytes(15) + b"\0")
    tables += segment(0xC4, b"\x10\1" + bytes(15) + b"\0")
    scans = (segment(0xDA, bytes((1, channel, 0, 0, 63, 0))) + bytes(side * side // 256 + 1) for channel in (1, 2, 3))
    return b"\xff\xd8" + tables + frame + b"".join(scans) + b"\xff\xd9"


def test_scans_weigh_where_all_of_them_are_read() -> None:
    for scans, weight in ((1, 1), (SCANS, 1), (SCANS + 1, 2), (10 * SCANS, 10), (10 * SCANS + 1, 11)):
        assert strip(progressive(8, scans)).cost_factor == weight
    many = in_three_scans(8)
    first = many.index(b"\xff\xda")
    again = many[first:-2]
    assert strip(many).cost_factor == 1
    assert strip(many[:-2] + again * 20).cost_factor == 2
    assert decoding.decode(many).size == (8, 8)
    whole = encoded(picture(), "JPEG")
    assert strip(whole + whole[whole.index(b"\xff\xda") :] * 100).cost_factor == 1


FRAME = b"\x08\0\x08\0\x08\1\1\x11\0"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (header(8, 8)[:20], "is damaged at its very beginning: give a whole file"),
        (header(8, 8)[:8] + chunk(b"IDAT", b""), "is damaged at its very beginning"),
        (b"\xff\xd8\xff", "is damaged, for it ends before its pixels: give a whole file"),
        (b"\xff\xd8" + segment(0xDA, b"\1"), "is damaged, for its frame is not described"),
        (b"\xff\xd8" + segment(0xC0, FRAME[:1]), "is damaged, for its frame is described wrongly"),
        (b"\xff\xd8" + segment(0xC0, FRAME[:-1]), "is damaged, for its frame is described wrongly"),
        (
            b"\xff\xd8" + 2 * segment(0xC0, b"\x08\0\x08\0\x08\1\1\x11\0"),
            "is damaged, for its frame is described wrongly",
        ),
        (
            b"\xff\xd8" + segment(0xC9, b"\x08\0\x08\0\x08\1\1\x11\0"),
            "is a JPEG of a kind that hardly any program shows",
        ),
        (progressive(8, MAX_PARTS + 1), "has more than 10,000 scans"),
        (b"GIF89a", "is damaged at its very beginning"),
        (b"GIF89a\1\0\1\0\0\0\0!\xfe\5abc", "is damaged at its very beginning"),
        (webp([]), "is damaged at its very beginning"),
        (webp([riff_chunk(b"ANMF", b"")]), "is damaged at its very beginning"),
        (webp([riff_chunk(b"VP8 ", b"")]), "is damaged at its very beginning"),
        (webp([riff_chunk(b"VP8X", bytes(7)), riff_chunk(b"VP8L", b"")]), "is damaged at its very beginning"),
        (tables_webp(512, 16), "has more bytes than its 512×512 pixels need"),
        (header(8, 8) + chunk(b"IDAT", b"") * MAX_PARTS + END, "is cut into more than 10,000 parts"),
        (encoded(picture(), "WEBP") + riff_chunk(b"junk", b"") * MAX_PARTS, "is cut into more than 10,000 parts"),
        (b"\xff\xd8" + segment(0xFE, b"") * MAX_PARTS + segment(0xFE, b""), "is cut into more than 10,000 parts"),
    ],
)
def test_what_cannot_be_a_picture_is_refused_by_name(data: bytes, said: str) -> None:
    with pytest.raises(NotAPicture) as caught:
        strip(data)
    assert str(caught.value).startswith(f"The avatar of zeke {said}")
    assert str(caught.value).endswith(".")
