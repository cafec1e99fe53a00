import io
import struct
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageCms

from github_avatars.errors import NotAPicture
from github_avatars.picture import decoding, formats
from tests.support.pictures import encoded, png

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 128, 0), (0, 0, 255), (255, 255, 255)

FAITHFUL: dict[str, dict[str, object]] = {
    "PNG": {},
    "JPEG": {"quality": 95, "subsampling": 0},
    "WEBP": {"lossless": True, "exact": True},
    "AVIF": {"quality": 100, "subsampling": "4:4:4"},
    "GIF": {},
}
"""The accepted formats, with options that keep the pixels (JPEG and AVIF: nearly)."""


def pixels(picture: Image.Image) -> list[tuple[int, int, int]]:
    assert picture.mode == "RGB"
    return [(red, green, blue) for red, green, blue in np.asarray(picture).reshape(-1, 3).tolist()]


def mosaic(size: tuple[int, int] = (24, 16)) -> Image.Image:
    """Four quarters of different colors, so that all rotated and mirrored copies differ."""
    width, height = size
    picture = Image.new("RGB", size, RED)
    picture.paste(GREEN, (width // 2, 0, width, height // 2))
    picture.paste(BLUE, (0, height // 2, width // 2, height))
    picture.paste(WHITE, (width // 2, height // 2, width, height))
    return picture


def near(first: Image.Image, second: Image.Image, tolerance: int) -> bool:
    assert first.size == second.size
    return int(np.asarray(ImageChops.difference(first, second)).max()) <= tolerance


@pytest.mark.parametrize("codec", FAITHFUL)
def test_accepted_formats_are_decoded(codec: str) -> None:
    decoded = decoding.decode(encoded(mosaic(), codec, **FAITHFUL[codec]))
    assert decoded.mode == "RGB"
    assert near(decoded, mosaic(), 6 if codec in ("JPEG", "AVIF") else 0)


@pytest.mark.parametrize("codec", ["GIF", "PNG", "WEBP", "AVIF"])
def test_first_frame_of_an_animation_is_decoded(codec: str) -> None:
    frames = [Image.new("RGB", (24, 16), color) for color in (GREEN, BLUE)]
    data = encoded(mosaic(), codec, save_all=True, append_images=frames, duration=100, **FAITHFUL[codec])
    with Image.open(io.BytesIO(data)) as animation:
        assert getattr(animation, "n_frames", 1) == 3
    assert near(decoding.decode(data), mosaic(), 6 if codec == "AVIF" else 0)


def test_progressive_jpeg_is_decoded() -> None:
    assert near(decoding.decode(encoded(mosaic(), "JPEG", progressive=True, quality=95, subsampling=0)), mosaic(), 6)


@pytest.mark.parametrize("codec", ["BMP", "TIFF", "ICO", "PPM", "TGA", "JPEG2000"])
def test_other_formats_are_refused(codec: str) -> None:
    with pytest.raises(NotAPicture, match="is not a PNG, JPEG, WebP, AVIF or GIF"):
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
def test_other_bytes_are_refused(data: bytes) -> None:
    assert formats.format_of(data) is None
    assert formats.media_type(data) == "application/octet-stream"
    assert formats.extension(data) == ""
    with pytest.raises(NotAPicture, match=r"^The avatar of zeke is not a PNG.*: give one of these\.$"):
        decoding.decode(data, "The avatar of zeke")


@pytest.mark.parametrize(
    ("codec", "media_type", "extension"),
    [
        ("PNG", "image/png", ".png"),
        ("JPEG", "image/jpeg", ".jpg"),
        ("WEBP", "image/webp", ".webp"),
        ("AVIF", "image/avif", ".avif"),
        ("GIF", "image/gif", ".gif"),
    ],
)
def test_format_is_recognized_by_the_first_bytes(codec: str, media_type: str, extension: str) -> None:
    data = encoded(mosaic(), codec)[:12]
    image_format = formats.format_of(data)
    assert image_format
    assert image_format.name == codec
    assert (formats.media_type(data), formats.extension(data)) == (media_type, extension)


def test_black_and_white_is_decoded() -> None:
    picture = Image.new("1", (2, 1))
    picture.putpixel((1, 0), 1)
    assert pixels(decoding.decode(encoded(picture, "PNG"))) == [(0, 0, 0), WHITE]


@pytest.mark.parametrize("codec", ["PNG", "JPEG"])
def test_grey_is_decoded(codec: str) -> None:
    data = encoded(Image.new("L", (8, 8), 100), codec)
    assert set(pixels(decoding.decode(data))) == {(100, 100, 100)}


@pytest.mark.parametrize("codec", ["PNG", "GIF"])
def test_palette_is_decoded(codec: str) -> None:
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
def test_transparent_palette_entries_are_laid_over_white(
    transparency: int | bytes | None, expected: list[tuple[int, int, int]]
) -> None:
    picture = Image.new("P", (3, 1))
    picture.putpalette([0, 0, 0, 200, 100, 0, 10, 20, 30])
    picture.putdata([0, 1, 2])
    options = {} if transparency is None else {"transparency": transparency}
    assert pixels(decoding.decode(encoded(picture, "PNG", **options))) == expected


def test_transparent_gif_is_laid_over_white() -> None:
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
def test_alpha_channel_is_laid_over_white(codec: str, pixel: tuple[int, ...], expected: tuple[int, int, int]) -> None:
    picture = Image.new("RGBA", (4, 4), pixel)
    assert set(pixels(decoding.decode(encoded(picture, codec, **FAITHFUL[codec])))) == {expected}


def test_large_picture_is_laid_over_white_in_blocks() -> None:
    levels = np.random.default_rng(0).integers(0, 256, (decoding.BLOCK + 3, 2 * decoding.BLOCK + 3, 4), dtype=np.uint8)
    picture = Image.fromarray(levels)
    expected = Image.alpha_composite(Image.new("RGBA", picture.size, WHITE), picture).convert("RGB")
    assert ImageChops.difference(decoding.rgb(picture), expected).getbbox() is None


@pytest.mark.parametrize(("grey", "alpha", "expected"), [(80, 255, 80), (80, 0, 255), (80, 51, 220)])
def test_grey_with_alpha_is_laid_over_white(grey: int, alpha: int, expected: int) -> None:
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
def test_transparent_color_of_a_png_becomes_white(
    picture: Image.Image, transparent: object, expected: tuple[int, int, int]
) -> None:
    data = encoded(picture, "PNG", transparency=transparent)
    assert pixels(decoding.decode(data)) == [expected]


def test_16_bit_grey_is_scaled() -> None:
    levels = np.array([[0, 255, 256, 0x8000, 0xABCD, 0xFFFF]], dtype=np.uint16)
    data = encoded(Image.fromarray(levels), "PNG")
    assert pixels(decoding.decode(data)) == [(level,) * 3 for level in (0, 0, 1, 0x80, 0xAB, 0xFF)]


def test_16_bit_color_is_scaled() -> None:
    rows = b"\0" + struct.pack(">6H", 0, 0x8000, 0xFFFF, 0x12FF, 0x3400, 0x5678)
    assert pixels(decoding.decode(png(2, 1, rows, depth=16, color_type=2))) == [(0, 0x80, 0xFF), (0x12, 0x34, 0x56)]


@pytest.mark.parametrize(("depth", "rows", "expected"), [(2, b"\0\x1b", [0, 85, 170, 255]), (4, b"\0\x0f", [0, 255])])
def test_grey_of_2_or_4_bits_is_scaled(depth: int, rows: bytes, expected: list[int]) -> None:
    assert pixels(decoding.decode(png(len(expected), 1, rows, depth=depth))) == [(level,) * 3 for level in expected]


@pytest.mark.parametrize("mode", ["CMYK", "YCbCr"])
def test_jpeg_of_another_color_space_becomes_rgb(mode: str) -> None:
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
def test_rgb_converts_any_mode(mode: str, pixel: float | tuple[float, ...], expected: tuple[int, int, int]) -> None:
    assert pixels(decoding.rgb(Image.new(mode, (1, 1), pixel))) == [expected]


def test_rgb_returns_an_rgb_picture_unchanged() -> None:
    picture = mosaic()
    assert decoding.rgb(picture) is picture


@pytest.mark.parametrize(
    ("orientation", "stored_as"),
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
@pytest.mark.parametrize("codec", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_exif_orientation_is_applied_once(codec: str, orientation: int, stored_as: Image.Transpose | None) -> None:
    stored = mosaic() if stored_as is None else mosaic().transpose(stored_as)
    exif = Image.Exif()
    exif[0x0112] = orientation
    upright = decoding.decode(encoded(stored, codec, exif=exif, **FAITHFUL[codec]))
    assert near(upright, mosaic(), 6)
    assert near(decoding.upright(upright), mosaic(), 6)


DAMAGED_EXIF = {
    "not TIFF": b"Exif\0\0garbage!",
    "empty": b"",
    "truncated": b"Exif\0\0II*\0\x08\0\0\0\x05\0",
    "text as orientation": b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x02\0\0\0\x05aaaaa",
    "two orientations": b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x02\0\x01\0\x01\0\0\0\0",
}


@pytest.mark.parametrize("exif", DAMAGED_EXIF.values(), ids=DAMAGED_EXIF)
@pytest.mark.parametrize("codec", ["JPEG", "PNG", "WEBP"])
def test_damaged_exif_is_ignored_without_a_warning(codec: str, exif: bytes) -> None:
    data = encoded(mosaic(), codec, exif=exif, **FAITHFUL[codec])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow itself warns when it opens a JPEG.
        picture = Image.open(io.BytesIO(data))
    with picture, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert near(decoding.decode(data), mosaic(), 6)
        with decoding.normalized(picture) as normalized:
            assert near(normalized, mosaic(), 6)
    assert not caught


def test_damaged_directory_of_a_multi_picture_jpeg_is_ignored_without_a_warning() -> None:
    whole = encoded(mosaic(), "MPO", save_all=True, append_images=[mosaic()])
    data = whole.replace(b"MPF\0II*\0", b"MPF\0II*\1")
    assert data != whole
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        assert decoding.decode(data).size == (24, 16)
    assert not warned


def test_decoding_in_threads_keeps_the_warning_filters() -> None:
    exif = Image.Exif()
    exif[0x0112] = 3  # so that EXIF is applied, with Pillow's warnings ignored
    data = encoded(mosaic(), "WEBP", exif=exif)
    filters, interval = list(warnings.filters), sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # to provoke races between threads
    try:
        with ThreadPoolExecutor(8) as pool:
            assert {picture.size for picture in pool.map(decoding.decode, [data] * 500)} == {(24, 16)}
        assert warnings.filters == filters
    finally:
        sys.setswitchinterval(interval)


def test_color_profile_is_ignored() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    assert pixels(decoding.decode(encoded(mosaic(), "PNG", icc_profile=profile))) == pixels(mosaic())


@pytest.mark.parametrize(
    ("size", "loaded"), [((460, 460), 115), ((420, 420), 105), ((240, 240), 60), ((120, 120), 60), ((119, 119), 119)]
)
def test_jpeg_is_decoded_at_reduced_size_for_classifying(size: tuple[int, int], loaded: int) -> None:
    data = encoded(Image.effect_noise(size, 60).convert("RGB"), "JPEG")
    assert decoding.load(data).size == (loaded, loaded)
    assert decoding.load(data, whole=True).size == decoding.decode(data).size == size


@pytest.mark.parametrize("path_type", [str, Path])
def test_read_decodes_a_file_regardless_of_its_extension(tmp_path: Path, path_type: type[str] | type[Path]) -> None:
    path = tmp_path / "avatar.dat"
    mosaic().save(path, "PNG")
    assert pixels(decoding.read(path_type(path))) == pixels(mosaic())


@pytest.mark.parametrize("name", ["missing.png", ".", "missing/missing.png"])
def test_error_names_a_file_that_cannot_be_read(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with pytest.raises(NotAPicture) as caught:
        decoding.read(path)
    assert str(caught.value).startswith(f"{path} cannot be read (")
    assert str(caught.value).endswith("): give a picture file.")


def test_path_with_a_null_character_is_refused() -> None:
    with pytest.raises(NotAPicture, match=r"^'a\\x00b' is not a path \("):
        decoding.read("a\0b")


def test_error_names_a_file_that_is_not_a_picture(tmp_path: Path) -> None:
    path = tmp_path / "avatar.png"
    path.write_text("<!DOCTYPE html>")
    with pytest.raises(NotAPicture) as caught:
        decoding.read(path)
    assert str(caught.value) == f"{path} is not a PNG, JPEG, WebP, AVIF or GIF: give one of these."
