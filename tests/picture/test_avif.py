import io
import re
import struct
from random import Random

import numpy as np
import pytest
from PIL import Image, features

from github_avatars import classify, identicon
from github_avatars.errors import NotAPicture
from github_avatars.picture import container, decoding
from github_avatars.picture.av1 import coded_pixels
from github_avatars.picture.stripped_file import StrippedFile, Unusable
from tests.picture.test_decoding import mosaic, near
from tests.support.avif import AV1C, av1, avif, box, grid, single, size_of
from tests.support.pictures import encoded
from tools.picture_mutations import join_avif, split_avif

CONFIGURATION = box(b"av1C", AV1C)

WHITE = (255, 255, 255)


def strip(data: bytes) -> StrippedFile:
    return container.strip(data, "The avatar of zeke")


@pytest.mark.parametrize("side", [24, 36, 48, 64, 96])
def test_identicons_are_default_at_quality_50(side: int) -> None:
    rng = Random(side)
    for account_id in rng.sample(range(1, 300_000_000), 20):
        small = identicon.render(account_id).resize((side, side), rng.choice(list(Image.Resampling)[1:]))
        assert classify(encoded(small, "AVIF", quality=50)).label == "default", account_id


@pytest.mark.parametrize("color", [(240, 240, 240), (10, 200, 90)])
def test_color_is_kept(color: tuple[int, int, int]) -> None:
    decoded = decoding.decode(encoded(Image.new("RGB", (30, 20), color), "AVIF", quality=100))
    assert near(decoded, Image.new("RGB", (30, 20), color), 2)


@pytest.mark.parametrize("mirrored", [None, 0, 1])
@pytest.mark.parametrize("quarter_turns", range(4))
def test_rotation_and_mirroring_are_applied_once_and_in_this_order(quarter_turns: int, mirrored: int | None) -> None:
    properties = [box(b"irot", bytes((quarter_turns,)))]
    expected = mosaic((64, 48)).rotate(90 * quarter_turns, expand=True)
    if mirrored is not None:
        properties.append(box(b"imir", bytes((mirrored,))))
        axis = Image.Transpose.FLIP_LEFT_RIGHT if mirrored else Image.Transpose.FLIP_TOP_BOTTOM
        expected = expected.transpose(axis)
    data = single(av1(mosaic((64, 48)), quality=95, subsampling="4:4:4"), 64, 48, *properties)
    assert near(decoding.decode(data), expected, 8)


def test_exif_orientation_is_ignored_as_the_format_requires() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = (b"av01", av1(mosaic((64, 48))), [size_of(64, 48), CONFIGURATION])
    stripped = strip(avif([picture, (b"Exif", bytes(4) + exif.tobytes(), [])], [(b"cdsc", (2, 1))]))
    assert (stripped.orientation, stripped.width, stripped.height) == (1, 64, 48)
    assert b"Exif" not in stripped.data


@pytest.mark.parametrize("premultiplied", [False, True])
def test_transparency_is_laid_over_white(premultiplied: bool) -> None:
    picture = mosaic((64, 48)).convert("RGBA")
    picture.paste((0, 0, 0, 0), (0, 0, 32, 24))
    picture.paste((0, 0, 0, 51), (32, 0, 64, 24))
    options = {"quality": 100, "subsampling": "4:4:4", "alpha_premultiplied": premultiplied}
    expected = mosaic((64, 48))
    expected.paste(WHITE, (0, 0, 32, 24))
    expected.paste((204, 204, 204), (32, 0, 64, 24))
    assert near(decoding.decode(encoded(picture, "AVIF", **options)), expected, 6)


def test_grid_is_decoded() -> None:
    tile = mosaic((64, 64))
    data = grid(av1(tile, quality=95, subsampling="4:4:4"), 64, 3, 2)
    expected = Image.new("RGB", (192, 128))
    for left in range(0, 192, 64):
        for top in range(0, 128, 64):
            expected.paste(tile, (left, top))
    assert near(decoding.decode(data), expected, 8)
    assert strip(data).cost_factor == 2
    assert strip(strip(data).data) == strip(data)


def test_only_pixels_are_kept_of_an_animation() -> None:
    frames = [mosaic((64, 64)).rotate(90), mosaic((64, 64))]
    data = encoded(mosaic((64, 64)), "AVIF", save_all=True, append_images=frames)
    assert b"moov" in data
    assert data[8:12] == b"avis"
    stripped = strip(data)
    assert b"moov" not in stripped.data
    with Image.open(io.BytesIO(stripped.data)) as opened:
        assert getattr(opened, "n_frames", 1) == 1


def test_data_may_be_in_several_pieces() -> None:
    plain = strip(encoded(mosaic((64, 48)), "AVIF")).data
    parts = dict(split_avif(plain))
    size = len(parts[b"metaidat"])
    places = b"\1\0\0\0\x44\0" + struct.pack(">5H4I", 1, 1, 1, 0, 2, 0, 20, 20, size - 20)
    assert parts[b"metailoc"][:6] == places[:6]
    parts[b"metailoc"] = places
    assert strip(join_avif(list(parts.items()))).data == plain


@pytest.mark.parametrize(
    "brands", [b"avif\0\0\0\0", b"avis\0\0\0\0avif", b"mif1\0\0\0\0mif1avif", b"msf1\0\0\0\0heicmiafavis"]
)
def test_avif_is_recognized_by_its_brands(brands: bytes) -> None:
    picture = (b"av01", av1(mosaic((64, 48))), [size_of(64, 48), CONFIGURATION])
    assert decoding.decode(avif([picture], brands=brands)).size == (64, 48)


@pytest.mark.parametrize("brands", [b"heic\0\0\0\0", b"heix\0\0\0\0mif1heic", b"mif1\0\0\0\0mif1heic", b"hevc\0\0\0\0"])
def test_heic_is_refused_by_name(brands: bytes) -> None:
    with pytest.raises(NotAPicture) as caught:
        decoding.decode(avif([(b"hvc1", b"data", [size_of(8, 8)])], brands=brands), "The avatar of zeke")
    assert str(caught.value) == (
        "The avatar of zeke is a HEIC, which browsers do not show either: save it as a PNG, JPEG, WebP, AVIF or GIF."
    )


def test_other_files_of_boxes_are_no_pictures() -> None:
    with pytest.raises(NotAPicture, match="is not a PNG, JPEG, WebP, AVIF or GIF: give one of these"):
        decoding.decode(box(b"ftyp", b"isom\0\0\0\0isomiso2avc1mp41") + box(b"moov", b""))


def test_picture_that_pillow_cannot_decode_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "check", lambda feature: feature != "avif")
    with pytest.raises(NotAPicture, match=r"is an AVIF, which the installed Pillow cannot decode: .*another format\.$"):
        decoding.decode(encoded(mosaic(), "AVIF"))


AV1 = av1(mosaic((64, 48)))
PICTURE = (b"av01", AV1, [size_of(64, 48), CONFIGURATION])
COMPLETE = "[gG]ive a complete file"

UNUSABLE = {
    "no boxes": (avif([])[:20], COMPLETE),
    "no items": (avif([]), COMPLETE),
    "video without a still picture": (
        box(b"ftyp", b"avis\0\0\0\0") + box(b"moov", b""),
        r"is an AVIF video: save a still picture of it\.",
    ),
    "HEVC": (avif([(b"hvc1", AV1, [size_of(64, 48)])]), "or an AVIF that is not coded in AV1"),
    "tiles in HEVC": (
        avif([(b"grid", bytes(8), [size_of(64, 48)]), (b"hvc1", AV1, [])], [(b"dimg", (1, 2))]),
        "or an AVIF that is not coded in AV1",
    ),
    "no size": (avif([(b"av01", AV1, [CONFIGURATION])]), COMPLETE),
    "no configuration": (avif([(b"av01", AV1, [size_of(64, 48)])]), COMPLETE),
    "no data": (avif([(b"av01", b"", PICTURE[2])]), COMPLETE),
    "data without a sequence header": (single(AV1[14:], 64, 48), COMPLETE),
    "half of a sequence header": (single(b"\x0a\4" + AV1[4:6], 64, 48), COMPLETE),
    "unit whose length is missing": (single(b"\x0a", 64, 48), COMPLETE),
    "property that is missing": (avif([PICTURE]).replace(b"\0\1\2\0\1\0\2", b"\0\1\2\0\1\0\3"), COMPLETE),
    "no tiles": (avif([(b"grid", bytes(8), [size_of(64, 48)])]), COMPLETE),
    "box of 3 bytes": (box(b"ftyp", b"avif\0\0\0\0") + b"\0\0\0\3meta" + bytes(20), COMPLETE),
}


@pytest.mark.parametrize(("data", "message"), UNUSABLE.values(), ids=UNUSABLE)
def test_unusable_file_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(NotAPicture, match=message):
        decoding.decode(data)


def test_items_cannot_share_the_same_data_many_times() -> None:
    """A small file could otherwise become gigabytes."""
    parts = dict(split_avif(grid(AV1, 64, 16, 8)))
    entries = b"".join(struct.pack(">4H2I", number, 1, 0, 1, 0, len(parts[b"metaidat"])) for number in range(1, 130))
    parts[b"metailoc"] = parts[b"metailoc"][:8] + entries
    with pytest.raises(NotAPicture, match="ends before its pixels"):
        strip(join_avif(list(parts.items())))


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (b"metailoc", b"\1\0\0\0\0\0\xff\xff" + bytes(2_000_000)),
        (b"metailoc", b"\1\0\0\0\0\0\xff\xff" + struct.pack(">4H", 1, 1, 0, 65_535) * 250_000),
        (b"metailoc", b"\2\0\0\0\0\0\xff\xff\xff\xff" + struct.pack(">I3H", 1, 1, 0, 65_535) * 250_000),
        (b"metaiinf", bytes(6) + box(b"infe", bytes(20)) * 90_000),
        (b"metairef", bytes(4) + box(b"auxl", bytes(4)) * 90_000),
        (b"metaiprpipma", bytes(4) + b"\xff" * 4 + b"\0\1\0" * 900_000),
        (b"metajunk", box(b"junk", b"") * 300_000),
    ],
)
def test_endless_tables_are_refused(kind: bytes, content: bytes) -> None:
    parts = [(other, content if other == kind else own) for other, own in split_avif(avif([PICTURE]))]
    if kind == b"metajunk":
        parts.insert(2, (b"meta", content))
    with pytest.raises(NotAPicture, match="has more than 10,000 parts"):
        decoding.decode(join_avif(parts))


def test_coded_pixels_are_those_of_all_frames() -> None:
    assert coded_pixels(AV1) == 64 * 48
    assert coded_pixels(3 * AV1) == 3 * 64 * 48
    assert coded_pixels(AV1 + av1(mosaic((100, 60)))) == 2 * 100 * 60
    assert coded_pixels(b"") == 0


def test_frames_of_an_animation_count_as_much_as_their_header_can_express() -> None:
    frames = [mosaic((100, 60)).rotate(180)]
    animation = strip(encoded(mosaic((100, 60)), "AVIF", save_all=True, append_images=frames)).data
    assert coded_pixels(animation.partition(b"idat")[2]) == 128 * 64


def sequence_header(fields: str, width: int, height: int) -> bytes:
    """AV1 data of one sequence header, whose size has 12 bits a side, and one frame."""
    bits = "000" + "0" + fields + "1011" * 2 + f"{width - 1:012b}{height - 1:012b}" + "1" * 8
    content = np.packbits([int(bit) for bit in bits]).tobytes()
    return b"\x0a" + bytes((len(content),)) + content + b"\x32\0"


HEADERS = {
    "reduced": ("1" + "00000", 1000 * 700),
    "plain": ("0" + "0" + "0" + "00000" + "0" * 12 + "00111", 4096 * 4096),
    "tier": ("0" + "0" + "0" + "00000" + "0" * 12 + "01000" + "1", 4096 * 4096),
    "two operating points with delays": (
        "0" + "0" + "1" + "00001" + 2 * ("0" * 12 + "00000" + "1" + "0000"),
        4096 * 4096,
    ),
    "timing": ("0" + "1" + "0" * 64 + "0" + "0" + "0" + "00000" + "0" * 12 + "00000", 4096 * 4096),
    "equal intervals": (
        "0" + "1" + "0" * 64 + "1" + "00" + "1" + "11" + "0" + "0" + "00000" + "0" * 12 + "00000",
        4096 * 4096,
    ),
    "decoder model": (
        "0" + "1" + "0" * 64 + "0" + "1" + "00011" + "0" * 42 + "0" + "00000" + "0" * 12 + "00000" + "1" + "0" * 9,
        4096 * 4096,
    ),
}


@pytest.mark.parametrize(("fields", "pixels"), HEADERS.values(), ids=HEADERS)
def test_size_is_found_after_all_optional_fields(fields: str, pixels: int) -> None:
    assert coded_pixels(sequence_header(fields, 1000, 700)) == pixels


@pytest.mark.parametrize("size", range(1, 6))
def test_incomplete_sequence_header_is_refused(size: int) -> None:
    with pytest.raises(Unusable, match=re.escape("header is incomplete")):
        coded_pixels(b"\x0a" + bytes((size,)) + sequence_header(*HEADERS["reduced"][:1], 9, 9)[2 : 2 + size])
