import struct

import pytest
from PIL import Image

from github_avatars.errors import NotAPicture
from github_avatars.picture import container, decoding
from github_avatars.picture.container import FREE_SCANS, LOSSLESS_COST_FACTOR
from github_avatars.picture.stripped_file import MAX_PARTS, StrippedFile
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


def strip(data: bytes) -> StrippedFile:
    return container.strip(data, "The avatar of zeke")


@pytest.mark.parametrize(
    ("data", "description", "cost_factor"),
    [
        (encoded(picture(), "PNG"), "PNG", 1),
        (encoded(picture("I;16"), "PNG"), "PNG of 16 bits a channel", 2),
        (encoded(picture(), "JPEG"), "JPEG", 1),
        (encoded(picture(), "JPEG", progressive=True), "JPEG", 1),
        (encoded(picture(), "GIF"), "GIF", 1),
        (encoded(picture(), "WEBP"), "WebP", 1),
        (encoded(picture(), "WEBP", lossless=True), "lossless WebP", LOSSLESS_COST_FACTOR),
        (encoded(picture("RGBA").rotate(45), "WEBP"), "lossless WebP", LOSSLESS_COST_FACTOR),
        (encoded(picture(), "WEBP", exif=exif(1)), "WebP", 1),
        (encoded(picture(), "WEBP", lossless=True, exif=exif(1)), "lossless WebP", LOSSLESS_COST_FACTOR),
        (encoded(picture(), "AVIF"), "AVIF", 1),
        (encoded(picture("RGBA").rotate(45), "AVIF"), "AVIF that codes 2 times its pixels", 2),
        (encoded(picture(), "WEBP", save_all=True, append_images=[picture().rotate(90)]), "WebP", 1),
        (
            encoded(picture(), "WEBP", save_all=True, append_images=[picture().rotate(90)], lossless=True),
            "lossless WebP",
            LOSSLESS_COST_FACTOR,
        ),
    ],
)
def test_description_size_and_cost_factor(data: bytes, description: str, cost_factor: int) -> None:
    stripped = strip(data)
    assert (stripped.description, stripped.width, stripped.height) == (description, 24, 16)
    assert stripped.cost_factor == cost_factor


@pytest.mark.parametrize("codec", ["PNG", "JPEG", "GIF", "WEBP", "AVIF"])
def test_stripping_is_idempotent_and_keeps_the_pixels(codec: str) -> None:
    data = encoded(picture(), codec)
    stripped = strip(data)
    assert strip(stripped.data) == stripped
    assert decoding.decode(stripped.data).tobytes() == decoding.decode(data).tobytes()


@pytest.mark.parametrize("codec", ["PNG", "JPEG", "WEBP", "AVIF"])
def test_metadata_is_removed_except_the_orientation(codec: str) -> None:
    stripped = strip(encoded(picture(), codec, exif=exif(6), icc_profile=SECRET * 20, xmp=SECRET, comment=SECRET))
    assert stripped.orientation == 6
    assert SECRET not in stripped.data
    assert decoding.decode(stripped.data).tobytes() == decoding.decode(encoded(picture(), codec)).tobytes()


def test_png_chunks_that_no_pixel_depends_on_are_removed() -> None:
    plain = png(1, 1, b"\0\7")
    for kind in (b"tEXt", b"iCCP", b"prVt", b"acTL", b"fcTL", b"fdAT", b"IHDR", b"CgBI"):
        data = plain[:33] + chunk(kind, SECRET) + plain[33:-12] + chunk(kind, SECRET) + END + SECRET
        assert strip(data).data == plain
    assert strip(plain[:8] + chunk(b"IDAT", plain[16:29]) + plain[8:]).data == plain


def test_first_exif_chunk_of_a_png_counts_before_and_after_its_pixels() -> None:
    plain = png(1, 1, b"\0\7")
    chunks = chunk(b"eXIf", exif(6)) + chunk(b"eXIf", exif(3))
    assert strip(plain[:33] + chunks + plain[33:]).orientation == 6
    assert strip(plain[:-12] + chunks + END).orientation == 6


def test_first_frame_of_a_gif_and_its_transparency_are_kept() -> None:
    comment = b"!\xfe\x08" + SECRET + b"\0"
    data = gif(2, 1, comment + b"junk" + frame(1, 1, control=0x09) + frame(2, 1))
    stripped = strip(data)
    assert SECRET not in stripped.data
    # The second pixel is outside the frame, and so transparent.
    assert decoding.decode(stripped.data).tobytes() == decoding.decode(data).tobytes() == b"\0\0\0\xff\xff\xff"


def test_gif_is_at_least_as_large_as_its_first_frame() -> None:
    data = bytearray(encoded(picture(), "GIF"))
    data[6:10] = struct.pack("<2H", 3, 2)
    stripped = strip(bytes(data))
    assert (stripped.width, stripped.height) == (24, 16)
    assert decoding.decode(bytes(data)).size == (24, 16)


def test_only_the_first_frame_of_a_webp_is_kept() -> None:
    frames = [picture().rotate(90), picture()]
    data = encoded(picture(), "WEBP", save_all=True, append_images=frames, lossless=True)
    stripped = strip(data)
    assert data.count(b"ANMF") > 1
    assert stripped.data.count(b"ANMF") == 1
    assert decoding.decode(stripped.data).tobytes() == decoding.decode(data).tobytes()


def test_webp_in_the_simple_format_has_no_metadata() -> None:
    plain = encoded(picture(), "WEBP")
    stripped = strip(webp([plain[12:], riff_chunk(b"EXIF", exif(6))]))
    assert (stripped.orientation, stripped.data) == (1, plain)


def test_lossless_webp_may_have_4_bytes_per_pixel_and_64_kb_of_tables() -> None:
    chunk_start = encoded(picture(), "WEBP", lossless=True)[20:]
    max_content = 4 * 24 * 16 + 65_536 - len(b"WEBPVP8L....")
    assert strip(webp([riff_chunk(b"VP8L", chunk_start.ljust(max_content, b"\0"))])).width == 24
    with pytest.raises(NotAPicture, match="more bytes than its 24×16 pixels need"):
        strip(webp([riff_chunk(b"VP8L", chunk_start.ljust(max_content + 2, b"\0"))]))


def test_jpeg_segments_that_no_pixel_depends_on_are_removed() -> None:
    plain = encoded(picture(), "JPEG")
    for marker in (0xE0, 0xE1, 0xE2, 0xED, 0xEE, 0xEF, 0xFE, 0xDC):
        assert strip(plain[:2] + b"\xff" + segment(marker, SECRET) + b"junk" + plain[2:]).data == plain
    # Adobe's segment declares the channels as RGB, unlike JFIF's luma and chroma.
    without_jfif = plain[:2] + plain[20:]
    adobe = without_jfif[:2] + segment(0xEE, b"Adobe\0\x64\0\0\0\0\0") + without_jfif[2:]
    assert strip(adobe).data == adobe
    assert decoding.decode(adobe).tobytes() != decoding.decode(plain).tobytes()


def jpeg_of_three_scans(side: int) -> bytes:
    """A grey baseline JPEG with one scan for each channel."""
    frame = segment(0xC0, struct.pack(">BHHB", 8, side, side, 3) + b"\1\x11\0\2\x11\0\3\x11\0")
    tables = progressive(8, 1)[2:].partition(b"\xff\xc2")[0] + segment(0xC4, b"\0\1" + bytes(15) + b"\0")
    tables += segment(0xC4, b"\x10\1" + bytes(15) + b"\0")
    scans = (segment(0xDA, bytes((1, channel, 0, 0, 63, 0))) + bytes(side * side // 256 + 1) for channel in (1, 2, 3))
    return b"\xff\xd8" + tables + frame + b"".join(scans) + b"\xff\xd9"


@pytest.mark.parametrize(
    ("scans", "cost_factor"),
    [(1, 1), (FREE_SCANS, 1), (FREE_SCANS + 1, 2), (10 * FREE_SCANS, 10), (10 * FREE_SCANS + 1, 11)],
)
def test_scans_of_a_progressive_jpeg_raise_the_cost_factor(scans: int, cost_factor: int) -> None:
    assert strip(progressive(8, scans)).cost_factor == cost_factor


def test_scans_of_a_baseline_jpeg_count_unless_the_first_contains_all_channels() -> None:
    separate = jpeg_of_three_scans(8)
    scans = separate[separate.index(b"\xff\xda") : -2]
    assert decoding.decode(separate).size == (8, 8)
    assert strip(separate).cost_factor == 1
    assert strip(separate[:-2] + scans * 20).cost_factor == 2
    interleaved = encoded(picture(), "JPEG")
    assert strip(interleaved + interleaved[interleaved.index(b"\xff\xda") :] * 100).cost_factor == 1


FRAME = b"\x08\0\x08\0\x08\1\1\x11\0"
BAD_HEADER = "is damaged: its header is incomplete. Give a complete file"
BAD_FRAME = "is damaged: its frame header is invalid"
TOO_MANY_PARTS = "has more than 10,000 parts"

UNUSABLE = {
    "nothing": (b"", "is not a PNG, JPEG, WebP, AVIF or GIF"),
    "PNG with half a header": (header(8, 8)[:20], BAD_HEADER),
    "PNG without a header": (header(8, 8)[:8] + chunk(b"IDAT", b""), BAD_HEADER),
    "PNG of too many parts": (header(8, 8) + chunk(b"IDAT", b"") * MAX_PARTS + END, TOO_MANY_PARTS),
    "JPEG of three bytes": (b"\xff\xd8\xff", "is damaged: it ends before its pixels. Give a complete file"),
    "JPEG without a frame": (b"\xff\xd8" + segment(0xDA, b"\1"), "is damaged: its frame header is missing"),
    "JPEG with one byte of a frame": (b"\xff\xd8" + segment(0xC0, FRAME[:1]), BAD_FRAME),
    "JPEG with a truncated frame": (b"\xff\xd8" + segment(0xC0, FRAME[:-1]), BAD_FRAME),
    "JPEG with two frames": (b"\xff\xd8" + 2 * segment(0xC0, FRAME), BAD_FRAME),
    "arithmetic JPEG": (b"\xff\xd8" + segment(0xC9, FRAME), "is a JPEG of a type that few programs support"),
    "JPEG of too many scans": (progressive(8, MAX_PARTS + 1), "has more than 10,000 scans"),
    "JPEG of too many parts": (b"\xff\xd8" + segment(0xFE, b"") * (MAX_PARTS + 1), TOO_MANY_PARTS),
    "GIF of six bytes": (b"GIF89a", BAD_HEADER),
    "GIF with a truncated block": (b"GIF89a\1\0\1\0\0\0\0!\xfe\5abc", BAD_HEADER),
    "WebP without chunks": (webp([]), BAD_HEADER),
    "WebP that starts with a frame": (webp([riff_chunk(b"ANMF", b"")]), BAD_HEADER),
    "WebP with an empty chunk": (webp([riff_chunk(b"VP8 ", b"")]), BAD_HEADER),
    "WebP with a short header": (webp([riff_chunk(b"VP8X", bytes(7)), riff_chunk(b"VP8L", b"")]), BAD_HEADER),
    "WebP with more bytes than pixels": (tables_webp(512, 16), "has more bytes than its 512×512 pixels need"),
    "WebP of too many parts": (encoded(picture(), "WEBP") + riff_chunk(b"junk", b"") * MAX_PARTS, TOO_MANY_PARTS),
}


@pytest.mark.parametrize(("data", "message"), UNUSABLE.values(), ids=UNUSABLE)
def test_unusable_file_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(NotAPicture) as caught:
        strip(data)
    assert str(caught.value).startswith(f"The avatar of zeke {message}")
    assert str(caught.value).endswith(".")
