import io
import random
import struct
import sys
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageCms

from github_avatars import classify, identicon
from github_avatars.errors import BadImage, NotAPicture, TooLarge
from github_avatars.picture import decoding, formats
from github_avatars.picture.decoding import MAX_BYTES, MAX_PIXELS, MAX_SIDE
from tests.support.pictures import chunk, encoded, png
from tools import mutation

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 128, 0), (0, 0, 255), (255, 255, 255)

# The formats that are accepted, each with the options that keep a picture as it is (a JPEG: nearly).
FAITHFUL: dict[str, dict[str, int]] = {
    "PNG": {},
    "JPEG": {"quality": 95, "subsampling": 0},
    "WEBP": {"lossless": True, "exact": True},
    "GIF": {},
}


def pixels(picture: Image.Image) -> list[tuple[int, int, int]]:
    assert picture.mode == "RGB"
    return [tuple(pixel) for row in np.asarray(picture).tolist() for pixel in row]


def mosaic(size: tuple[int, int] = (24, 16)) -> Image.Image:
    """Four quarters of different colours, so that every turn and mirror image differs."""
    width, height = size
    picture = Image.new("RGB", size, RED)
    picture.paste(GREEN, (width // 2, 0, width, height // 2))
    picture.paste(BLUE, (0, height // 2, width // 2, height))
    picture.paste(WHITE, (width // 2, height // 2, width, height))
    return picture


def near(first: Image.Image, second: Image.Image, tolerance: int) -> bool:
    assert first.size == second.size
    return all(high <= tolerance for _, high in ImageChops.difference(first, second).getextrema())


# Formats


@pytest.mark.parametrize("codec", FAITHFUL)
def test_every_accepted_format_is_decoded_to_what_was_drawn(codec: str) -> None:
    decoded = decoding.decode(encoded(mosaic(), codec, **FAITHFUL[codec]))
    assert decoded.mode == "RGB"
    assert near(decoded, mosaic(), 6 if codec == "JPEG" else 0)


@pytest.mark.parametrize("codec", ["GIF", "PNG", "WEBP"])
def test_of_an_animation_the_first_frame_counts(codec: str) -> None:
    frames = [Image.new("RGB", (24, 16), color) for color in (GREEN, BLUE)]
    data = encoded(mosaic(), codec, save_all=True, append_images=frames, duration=100, **FAITHFUL[codec])
    with Image.open(io.BytesIO(data)) as animation:
        assert animation.n_frames == 3
    assert pixels(decoding.decode(data)) == pixels(mosaic())


def test_a_progressive_jpeg_is_decoded() -> None:
    assert near(decoding.decode(encoded(mosaic(), "JPEG", progressive=True, quality=95, subsampling=0)), mosaic(), 6)


@pytest.mark.parametrize("codec", ["BMP", "TIFF", "ICO", "PPM", "TGA", "JPEG2000"])
def test_other_formats_are_refused(codec: str) -> None:
    with pytest.raises(NotAPicture, match="is not a PNG, JPEG, WebP or GIF"):
        decoding.decode(encoded(mosaic(), codec))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0",
        b"hello, world",
        b"<!DOCTYPE html><title>Not Found</title>",
        b'<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"/>',
        b"\n" + encoded(mosaic(), "PNG"),
        b"RIFF\x10\0\0\0WAVEfmt ",
        b"%PDF-1.7\n",
    ],
)
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    assert not formats.format_of(data)
    with pytest.raises(NotAPicture, match=r"^The avatar of zeke is not a PNG.*: give one of these\.$"):
        decoding.decode(data, "The avatar of zeke")


@pytest.mark.parametrize("codec", FAITHFUL)
def test_pictures_look_like_pictures(codec: str) -> None:
    assert formats.format_of(encoded(mosaic(), codec))


# Modes


def test_black_and_white_is_decoded() -> None:
    picture = Image.new("1", (2, 1))
    picture.putpixel((1, 0), 1)
    assert pixels(decoding.decode(encoded(picture, "PNG"))) == [(0, 0, 0), WHITE]


@pytest.mark.parametrize("codec", ["PNG", "JPEG"])
def test_grey_is_decoded(codec: str) -> None:
    data = encoded(Image.new("L", (8, 8), 100), codec)
    assert set(pixels(decoding.decode(data))) == {(100, 100, 100)}


@pytest.mark.parametrize("codec", ["PNG", "GIF"])
def test_a_palette_is_decoded(codec: str) -> None:
    data = encoded(mosaic().convert("P", palette=Image.Palette.ADAPTIVE), codec)
    with Image.open(io.BytesIO(data)) as stored:
        assert stored.mode == "P"
    assert pixels(decoding.decode(data)) == pixels(mosaic())


@pytest.mark.parametrize(
    ("transparency", "expected"),
    [
        (None, [(0, 0, 0), (200, 100, 0), (10, 20, 30)]),
        (1, [(0, 0, 0), WHITE, (10, 20, 30)]),  # one entry of the palette
        (bytes([255, 0, 51]), [(0, 0, 0), WHITE, (206, 208, 210)]),  # 10 · 51/255 + 255 · 204/255 and so on
        (bytes([51]), [(204, 204, 204), (200, 100, 0), (10, 20, 30)]),  # fewer bytes than the palette has entries
    ],
)
def test_a_palettes_transparency_lies_over_white(
    transparency: int | bytes | None, expected: list[tuple[int, int, int]]
) -> None:
    picture = Image.new("P", (3, 1))
    picture.putpalette([0, 0, 0, 200, 100, 0, 10, 20, 30])
    picture.putdata([0, 1, 2])
    options = {} if transparency is None else {"transparency": transparency}
    assert pixels(decoding.decode(encoded(picture, "PNG", **options))) == expected


def test_a_gifs_transparency_lies_over_white() -> None:
    picture = Image.new("P", (2, 1))
    picture.putpalette([0, 0, 0, 200, 100, 0])
    picture.putdata([0, 1])
    assert pixels(decoding.decode(encoded(picture, "GIF", transparency=0))) == [WHITE, (200, 100, 0)]


@pytest.mark.parametrize(
    ("pixel", "expected"),
    [
        ((100, 50, 0, 255), (100, 50, 0)),
        ((100, 50, 0, 0), WHITE),
        ((100, 50, 0, 102), (193, 173, 153)),  # 100 · 0.4 + 255 · 0.6 and so on
        ((240, 240, 240, 254), (240, 240, 240)),
    ],
)
@pytest.mark.parametrize("codec", ["PNG", "WEBP"])
def test_transparency_lies_over_white(codec: str, pixel: tuple[int, ...], expected: tuple[int, int, int]) -> None:
    picture = Image.new("RGBA", (4, 4), pixel)
    assert set(pixels(decoding.decode(encoded(picture, codec, **FAITHFUL[codec])))) == {expected}


def test_transparency_of_a_large_picture_lies_over_white_as_that_of_a_small_one_does() -> None:
    levels = np.random.default_rng(0).integers(0, 256, (decoding.BLOCK + 3, 2 * decoding.BLOCK + 3, 4), dtype=np.uint8)
    picture = Image.fromarray(levels)
    expected = Image.alpha_composite(Image.new("RGBA", picture.size, WHITE), picture).convert("RGB")
    assert ImageChops.difference(decoding.rgb(picture), expected).getbbox() is None


@pytest.mark.parametrize(("grey", "alpha", "expected"), [(80, 255, 80), (80, 0, 255), (80, 51, 220)])
def test_grey_with_transparency_lies_over_white(grey: int, alpha: int, expected: int) -> None:
    data = encoded(Image.new("LA", (2, 2), (grey, alpha)), "PNG")
    assert set(pixels(decoding.decode(data))) == {(expected,) * 3}


@pytest.mark.parametrize(
    ("picture", "transparent", "expected"),
    [
        (Image.new("RGB", (1, 1), (9, 8, 7)), (9, 8, 7), WHITE),
        (Image.new("RGB", (1, 1), (9, 8, 7)), (9, 8, 6), (9, 8, 7)),
        (Image.new("L", (1, 1), 77), 77, WHITE),
        (Image.new("L", (1, 1), 77), 78, (77, 77, 77)),
        (Image.new("1", (1, 1), 0), 0, WHITE),
        (Image.new("I;16", (1, 1), 40000), 40000, WHITE),
        (Image.new("I;16", (1, 1), 40000), 40001, (156, 156, 156)),
    ],
    ids=lambda value: value.mode if isinstance(value, Image.Image) else None,
)
def test_the_one_transparent_color_of_a_png_becomes_white(
    picture: Image.Image, transparent: object, expected: tuple[int, int, int]
) -> None:
    data = encoded(picture, "PNG", transparency=transparent)
    assert pixels(decoding.decode(data)) == [expected]


def test_16_bit_grey_is_scaled_and_not_clipped() -> None:
    levels = np.array([[0, 255, 256, 0x8000, 0xABCD, 0xFFFF]], dtype=np.uint16)
    data = encoded(Image.fromarray(levels), "PNG")
    assert pixels(decoding.decode(data)) == [(level,) * 3 for level in (0, 0, 1, 0x80, 0xAB, 0xFF)]


def test_16_bit_color_is_scaled_and_not_clipped() -> None:
    rows = b"\0" + struct.pack(">6H", 0, 0x8000, 0xFFFF, 0x12FF, 0x3400, 0x5678)
    assert pixels(decoding.decode(png(2, 1, rows, depth=16, color_type=2))) == [(0, 0x80, 0xFF), (0x12, 0x34, 0x56)]


@pytest.mark.parametrize(("depth", "rows", "expected"), [(2, b"\0\x1b", [0, 85, 170, 255]), (4, b"\0\x0f", [0, 255])])
def test_grey_of_few_bits_is_scaled(depth: int, rows: bytes, expected: list[int]) -> None:
    assert pixels(decoding.decode(png(len(expected), 1, rows, depth=depth))) == [(level,) * 3 for level in expected]


@pytest.mark.parametrize("mode", ["CMYK", "YCbCr"])
def test_jpegs_of_other_color_models_become_rgb(mode: str) -> None:
    data = encoded(mosaic().convert(mode), "JPEG", quality=98, subsampling=0)
    with Image.open(io.BytesIO(data)) as stored:
        assert stored.mode == ("CMYK" if mode == "CMYK" else "RGB")
    assert near(decoding.decode(data), mosaic(), 8)


@pytest.mark.parametrize(
    ("mode", "pixel", "expected"),
    [
        ("1", 255, WHITE),
        ("L", 7, (7, 7, 7)),
        ("LA", (7, 0), WHITE),
        ("P", 0, (0, 0, 0)),
        ("PA", (0, 0), WHITE),
        ("RGB", (1, 2, 3), (1, 2, 3)),
        ("RGBA", (0, 0, 0, 51), (204, 204, 204)),
        ("RGBa", (0, 0, 0, 51), (204, 204, 204)),
        ("RGBX", (1, 2, 3, 0), (1, 2, 3)),
        ("CMYK", (0, 255, 255, 0), RED),
        ("YCbCr", (99, 128, 128), (99, 99, 99)),
        ("HSV", (0, 255, 255), RED),
        ("I", 0xFFFF, WHITE),
        ("I;16", 0x8000, (128, 128, 128)),
        ("I;16B", 0x8000, (128, 128, 128)),
        ("F", 99.0, (99, 99, 99)),
    ],
)
def test_rgb_takes_pillow_pictures_of_any_mode(mode: str, pixel: object, expected: tuple[int, int, int]) -> None:
    assert pixels(decoding.rgb(Image.new(mode, (1, 1), pixel))) == [expected]


def test_rgb_gives_an_rgb_picture_back_as_it_is() -> None:
    picture = mosaic()
    assert decoding.rgb(picture) is picture


# Metadata


@pytest.mark.parametrize(
    ("orientation", "turned"),
    [
        (1, None),
        (2, Image.Transpose.FLIP_LEFT_RIGHT),
        (3, Image.Transpose.ROTATE_180),
        (4, Image.Transpose.FLIP_TOP_BOTTOM),
        (5, Image.Transpose.TRANSPOSE),
        (6, Image.Transpose.ROTATE_90),
        (7, Image.Transpose.TRANSVERSE),
        (8, Image.Transpose.ROTATE_270),
        (0, None),
        (9, None),
    ],
)
@pytest.mark.parametrize("codec", ["JPEG", "PNG", "WEBP"])
def test_a_picture_is_turned_upright(codec: str, orientation: int, turned: Image.Transpose | None) -> None:
    # The camera lay on its side: stored is the turned picture, and the EXIF tells how to turn it back.
    stored = mosaic() if turned is None else mosaic().transpose(turned)
    exif = Image.Exif()
    exif[0x0112] = orientation
    upright = decoding.decode(encoded(stored, codec, exif=exif, **FAITHFUL[codec]))
    assert near(upright, mosaic(), 6)
    assert near(decoding.upright(upright), mosaic(), 6), "turned upright once, it must not be turned again"


DAMAGED_EXIF = {
    "no TIFF": b"Exif\0\0garbage!",
    "empty": b"",
    "cut short": b"Exif\0\0II*\0\x08\0\0\0\x05\0",
    "orientation of text": b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x02\0\0\0\x05aaaaa",
    "orientation twice": b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x02\0\x01\0\x01\0\0\0\0",
}


@pytest.mark.parametrize("exif", DAMAGED_EXIF.values(), ids=DAMAGED_EXIF)
@pytest.mark.parametrize("codec", ["JPEG", "PNG", "WEBP"])
def test_damaged_exif_harms_no_picture_and_warns_nobody(codec: str, exif: bytes) -> None:
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        assert near(decoding.decode(encoded(mosaic(), codec, exif=exif, **FAITHFUL[codec])), mosaic(), 6)
    assert not warned


def test_a_multi_picture_jpeg_with_a_damaged_directory_is_decoded_and_warns_nobody() -> None:
    whole = encoded(mosaic(), "MPO", save_all=True, append_images=[mosaic()])
    data = whole.replace(b"MPF\0II*\0", b"MPF\0II*\1")
    assert data != whole
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        assert decoding.decode(data).size == (24, 16)
    assert not warned


def test_decoding_in_many_threads_leaves_the_programs_warning_filters_as_they_were() -> None:
    data = encoded(mosaic(), "WEBP", exif=DAMAGED_EXIF["cut short"])
    before, interval = list(warnings.filters), sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # so that threads come in each other's way
    try:
        with ThreadPoolExecutor(8) as pool:
            assert {picture.size for picture in pool.map(decoding.decode, [data] * 500)} == {(24, 16)}
        assert warnings.filters == before
    finally:
        sys.setswitchinterval(interval)


def test_a_color_profile_changes_no_pixel() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    assert pixels(decoding.decode(encoded(mosaic(), "PNG", icc_profile=profile))) == pixels(mosaic())


# Size


@pytest.mark.parametrize("side", [50_000, 10_000, 13_000])  # beyond both of Pillow's own bounds, and between them
def test_a_small_file_that_claims_very_many_pixels_is_too_large(side: int) -> None:
    with pytest.raises(TooLarge, match=r"^The avatar of zeke is a PNG of .*: give one of at most 9,000,000 pixels"):
        decoding.decode(png(side, side, b""), "The avatar of zeke")


def black(width: int, height: int, depth: int = 1) -> bytes:
    return png(width, height, bytes(height * (1 + -(-width * depth // 8))), depth=depth)


def test_as_many_pixels_as_allowed_are_decoded_and_one_row_more_is_too_large() -> None:
    width, height = 60_000, MAX_PIXELS // 60_000
    assert decoding.load(black(width, height)).size == (width, height)
    with pytest.raises(TooLarge, match=f"is a PNG of {width}×{height + 1}: give one of at most 9,000,000 pixels"):
        decoding.load(black(width, height + 1))


def test_pixels_of_16_bits_count_twice() -> None:
    width, height = 60_000, MAX_PIXELS // 120_000
    assert decoding.load(black(width, height, 16)).size == (width, height)
    with pytest.raises(TooLarge, match=r"of 16 bits a channel .*: give one of at most 4,500,000 pixels"):
        decoding.load(black(width, height + 1, 16))


def test_a_side_as_long_as_allowed_is_decoded_and_one_pixel_more_is_too_large() -> None:
    for width, height in ((MAX_SIDE, 1), (1, MAX_SIDE)):
        assert decoding.load(black(width, height)).size == (width, height)
    for width, height in ((MAX_SIDE + 1, 1), (1, MAX_SIDE + 1)):
        with pytest.raises(TooLarge, match=rf"is a PNG of {width}×{height}: .*, 65,535 a side\."):
            decoding.load(black(width, height))


def test_a_pillow_picture_that_is_too_large_is_so_too() -> None:
    with pytest.raises(TooLarge, match="is a picture of 60000×151: give one of at most 9,000,000 pixels"):
        decoding.normalize(Image.new("1", (60_000, 151)))


def test_bytes_are_limited_wherever_they_come_from() -> None:
    data = black(8, 8)
    assert decoding.load(data + bytes(MAX_BYTES - len(data))).size == (8, 8)
    with pytest.raises(TooLarge, match=r"^the picture has more than 3,000,000 bytes, .*: give a smaller file"):
        decoding.load(data + bytes(MAX_BYTES + 1 - len(data)))


def test_as_many_bytes_as_allowed_are_read_and_one_more_is_too_large(tmp_path: Path) -> None:
    path = tmp_path / "large.png"
    path.write_bytes(bytes(MAX_BYTES))
    assert len(decoding.read_bytes(path)) == MAX_BYTES
    path.write_bytes(bytes(MAX_BYTES + 1))
    with pytest.raises(TooLarge, match=r"large\.png has more than 3,000,000 bytes.*: give a smaller file"):
        decoding.read_bytes(path)


# Files


@pytest.mark.parametrize("kind", [str, Path])
def test_read_decodes_a_file(tmp_path: Path, kind: type) -> None:
    path = tmp_path / "avatar.dat"  # the extension says nothing
    mosaic().save(path, "PNG")
    assert pixels(decoding.read(kind(path))) == pixels(mosaic())


@pytest.mark.parametrize("name", ["missing.png", ".", "missing/missing.png"])
def test_what_cannot_be_read_is_refused_by_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with pytest.raises(NotAPicture) as caught:
        decoding.read(path)
    assert str(caught.value).startswith(f"{path} cannot be read (")
    assert str(caught.value).endswith("): give a picture file.")


def test_a_page_named_png_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "avatar.png"
    path.write_text("<!DOCTYPE html>")
    with pytest.raises(NotAPicture) as caught:
        decoding.read(path)
    assert str(caught.value) == f"{path} is not a PNG, JPEG, WebP or GIF: give one of these."


# Damage


def noise() -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8))


def valid() -> dict[str, bytes]:
    """A small file of every kind, full of detail, so that damage matters."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "a description"
    animated = {"save_all": True, "append_images": [mosaic((16, 16))]}
    depth = np.random.default_rng(0).integers(0, 65536, (16, 16), dtype=np.uint16)
    return {
        "png": encoded(noise(), "PNG", exif=exif),
        "png palette": encoded(noise().quantize(16), "PNG", transparency=bytes(range(16))),
        "png grey 16": encoded(Image.fromarray(depth), "PNG"),
        "png one bit": encoded(noise().convert("1"), "PNG"),
        "png keyed": encoded(noise(), "PNG", transparency=(1, 2, 3)),
        "png animated": encoded(noise(), "PNG", **animated),
        "jpeg": encoded(noise(), "JPEG", exif=exif),
        "jpeg progressive": encoded(noise(), "JPEG", progressive=True),
        "jpeg cmyk": encoded(noise().convert("CMYK"), "JPEG"),
        "jpeg many": encoded(noise(), "MPO", **animated),
        "webp": encoded(noise(), "WEBP", exif=exif),
        "webp lossless": encoded(noise().convert("RGBA"), "WEBP", lossless=True),
        "webp animated": encoded(noise(), "WEBP", **animated),
        "gif": encoded(noise(), "GIF", **animated),
        "gif keyed": encoded(noise().quantize(8), "GIF", transparency=3),
    }


VALID = valid()


@pytest.mark.parametrize("kind", VALID)
def test_the_files_to_be_damaged_are_whole(kind: str) -> None:
    assert decoding.decode(VALID[kind]).size == (16, 16)


@pytest.mark.parametrize("kind", VALID)
def test_half_a_file_is_refused(kind: str) -> None:
    data = VALID[kind]
    if kind in ("png animated", "webp animated", "jpeg many", "gif"):
        data = VALID[kind.split()[0]]
    with pytest.raises(NotAPicture, match=r"^The avatar of zeke is damaged.*: give a whole file\.$") as caught:
        decoding.decode(data[: len(data) // 2], "The avatar of zeke")
    assert "\n" not in str(caught.value)
    assert "object at 0x" not in str(caught.value)


@pytest.mark.parametrize("magic", [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"RIFF\0\0\0\0WEBP"])
def test_a_beginning_alone_is_refused(magic: bytes) -> None:
    for rest in (b"", b"\0", bytes(1000), b"\xff" * 1000):
        with pytest.raises(NotAPicture, match=r"^the picture is damaged") as caught:
            decoding.decode(magic + rest)
        assert "object at 0x" not in str(caught.value)


def test_a_palette_png_without_its_palette_is_refused() -> None:
    with pytest.raises(NotAPicture, match="palette is missing"):
        decoding.decode(png(2, 2, b"\0\0\0\0\0\0", color_type=3))


def decodes(data: bytes) -> bool:
    try:
        picture = decoding.decode(data)
    except BadImage as error:
        assert str(error).endswith((".", "pixels.")), error
        with suppress(BadImage):  # its sample alone may be in order
            classify(data)
        return False
    assert classify(data) == classify(picture)
    assert picture.mode == "RGB"
    assert picture.width > 0
    assert picture.height > 0
    return True


@settings(deadline=None, max_examples=200)
@given(
    st.binary(max_size=200), st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"RIFF1234WEBP"])
)
def test_no_bytes_whatever_raise_anything_but_bad_image(data: bytes, magic: bytes) -> None:
    decodes(magic + data)


@pytest.mark.parametrize("kind", VALID)
@settings(deadline=None, max_examples=60)
@given(dice=st.randoms(use_true_random=False))
def test_no_damaged_file_raises_anything_but_bad_image(kind: str, dice: random.Random) -> None:
    decodes(mutation.harmed(VALID[kind], list(VALID.values()), dice))


@pytest.mark.parametrize("kind", VALID)
def test_a_bit_flipped_anywhere_raises_nothing_but_bad_image(kind: str) -> None:
    data = VALID[kind]
    dice = random.Random(kind)
    for place in range(0, len(data), 1 + len(data) // 400):
        spoiled = bytearray(data)
        spoiled[place] ^= 1 << dice.randrange(8)
        damaged = bytes(spoiled)
        decodes(mutation.png_file(mutation.png_pieces(damaged)) if kind.startswith("png") else damaged)


@pytest.mark.parametrize(("palette", "transparency"), [(48, 257), (48, 300), (768, 257), (48, 256), (48, 17)])
def test_a_palette_of_odd_length_raises_nothing_but_bad_image(palette: int, transparency: int) -> None:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 3, 0, 0, 0))
    tables = chunk(b"PLTE", bytes(palette)) + chunk(b"tRNS", bytes(transparency))
    pixels = chunk(b"IDAT", zlib.compress((b"\0" + bytes(8)) * 8))
    decodes(b"\x89PNG\r\n\x1a\n" + header + tables + pixels + chunk(b"IEND", b""))


@pytest.mark.parametrize(
    ("size", "loaded"), [((460, 460), 115), ((420, 420), 105), ((240, 240), 60), ((120, 120), 60), ((119, 119), 119)]
)
def test_what_judging_needs_of_a_jpeg_is_a_fraction_of_it_that_is_enough(size: tuple[int, int], loaded: int) -> None:
    data = encoded(Image.effect_noise(size, 60).convert("RGB"), "JPEG")
    assert decoding.load(data).size == (loaded, loaded)
    assert decoding.load(data, whole=True).size == decoding.decode(data).size == size


def test_what_is_enough_for_judging_is_crisp() -> None:
    assert decoding.ENOUGH == identicon.MIN_UNBLURRED_SIDE


def test_a_jpeg_that_is_too_large_is_so_before_it_is_shrunk() -> None:
    data = encoded(Image.new("RGB", (3001, 3000)), "JPEG")
    with pytest.raises(TooLarge, match="3001×3000"):
        decoding.load(data)
