import io
from dataclasses import astuple

import numpy as np
import pytest
from PIL import Image, ImageDraw

from github_avatars import identicon
from github_avatars.picture import decoding
from github_avatars.training.degradation import CODECS, DEGRADATIONS, FILTERS, SIZES, Degradation


@pytest.fixture(scope="module")
def original() -> Image.Image:
    """An identicon under a gradient: enough colors for a lossy codec to change some."""
    gradient = Image.linear_gradient("L").resize((420, 420)).convert("RGB")
    return Image.blend(identicon.render(583231), gradient, 0.3)


def test_degradations_are_all_combinations() -> None:
    assert len(set(DEGRADATIONS)) == len(DEGRADATIONS) == len(SIZES) * 6 * 2 * len(CODECS)
    values = [set(values) for values in zip(*map(astuple, DEGRADATIONS), strict=True)]
    assert values == [set(SIZES), set(FILTERS), {False, True}, set(CODECS)]
    assert set(FILTERS) == {"NEAREST", "BOX", "HAMMING", "BILINEAR", "BICUBIC", "LANCZOS"}
    assert (min(SIZES), max(SIZES)) == (16, 420)


@pytest.mark.parametrize("circle", [False, True])
@pytest.mark.parametrize("codec", CODECS)
def test_thumbnail_shows_the_resized_picture(original: Image.Image, codec: str, circle: bool) -> None:
    for number, size in enumerate(SIZES):
        resampling = ("BOX", "BILINEAR", "BICUBIC", "LANCZOS")[number % 4]
        thumbnail = decoding.decode(Degradation(size, resampling, circle, codec).apply(original))
        expected = original.resize((size, size), Image.Resampling[resampling])
        assert thumbnail.size == (size, size)
        # A square within the circle.
        inner = (size // 5, size // 5, size - size // 5, size - size // 5)
        difference = np.abs(np.asarray(thumbnail.crop(inner), int) - np.asarray(expected.crop(inner), int)).mean()
        assert difference == 0 if codec == "png" else difference < 16


@pytest.mark.parametrize("circle", [False, True])
@pytest.mark.parametrize("codec", CODECS)
def test_codec_writes_the_format_of_its_name(original: Image.Image, codec: str, circle: bool) -> None:
    formats = {"gif": "GIF", "jpeg": "JPEG", "webp": "WEBP", "avif": "AVIF"}
    file_format = formats.get(codec.split()[0], "PNG")
    with Image.open(io.BytesIO(Degradation(64, "LANCZOS", circle, codec).apply(original))) as thumbnail:
        assert thumbnail.format == file_format
        assert (thumbnail.mode == "P") == (codec in ("palette png", "gif") or "sheet" in codec)
        assert thumbnail.has_transparency_data == (circle and file_format != "JPEG" and "sheet" not in codec)


@pytest.mark.parametrize("codec", CODECS)
def test_corners_of_a_circle_are_decoded_as_white(codec: str) -> None:
    for size in (16, 64, 420):
        data = Degradation(size, "BOX", True, codec).apply(Image.new("RGB", (420, 420)))
        corners = np.asarray(decoding.decode(data))[[0, 0, -1, -1], [0, -1, 0, -1]]
        assert corners.min() >= (
            200 if "jpeg" in codec else 235 if "sheet" in codec else 250 if "avif" in codec else 255
        )


def test_circle_is_transparent_outside_opaque_inside_and_antialiased(original: Image.Image) -> None:
    with Image.open(io.BytesIO(Degradation(100, "BOX", True, "png").apply(original))) as thumbnail:
        alpha = np.asarray(thumbnail.getchannel("A"))
    y, x = np.mgrid[:100, :100] - 49.5
    distance = np.hypot(x, y)
    assert (alpha[distance > 51] == 0).all()
    assert (alpha[distance < 49] == 255).all()
    assert len(np.unique(alpha)) > 10


@pytest.mark.parametrize("size", [16, 24, 36, 63, 200])
def test_nearest_neighbor_selects_pixels_of_a_palette_image(size: int) -> None:
    picture = identicon.render(583231)
    palette_image = picture.quantize()
    palette_image.thumbnail((size, size), Image.Resampling.NEAREST)
    thumbnail = decoding.decode(Degradation(size, "NEAREST", False, "png").apply(picture))
    assert thumbnail.tobytes() == palette_image.convert("RGB").tobytes()


@pytest.mark.parametrize("codec", ["dithered sheet", "ordered sheet"])
def test_tile_of_a_sheet_mixes_palette_colors_to_those_of_the_picture(codec: str) -> None:
    for account_id in range(1, 20):
        picture = identicon.render(account_id).resize((60, 60), Image.Resampling.BOX)
        with Image.open(io.BytesIO(CODECS[codec](picture))) as tile:
            assert tile.mode == "P"
            pixels, expected = np.asarray(tile.convert("RGB"), float), np.asarray(picture, float)
        assert np.abs(pixels - expected).max() > 8
        means = [array.reshape(5, 12, 5, 12, 3).mean(axis=(1, 3)) for array in (pixels, expected)]
        # Dithering conserves the mean color as far as the palette allows.
        assert np.abs(means[0] - means[1]).mean() < 8


def test_tiles_are_like_those_of_a_real_sheet() -> None:
    """One palette for hundreds of avatars, whose tiles are quantized together."""
    side, columns = 48, 16
    pictures = [identicon.render(number).resize((side, side), Image.Resampling.LANCZOS) for number in range(1, 257)]
    sheet = Image.new("RGB", (columns * side, columns * side))
    for number, picture in enumerate(pictures):
        left, top = number % columns * side, number // columns * side
        sheet.paste(picture, (left, top))
    sheet = sheet.quantize(palette=sheet.quantize()).convert("RGB")
    tile = sheet.crop((side, side, 2 * side, 2 * side))
    alone = decoding.decode(CODECS["dithered sheet"](pictures[columns + 1]))
    distances = [
        np.abs(np.asarray(dithered, float) - np.asarray(pictures[columns + 1])).mean() for dithered in (tile, alone)
    ]
    assert distances[0] / 4 < distances[1] < distances[0] * 8


def test_lower_quality_changes_more(original: Image.Image) -> None:
    thumbnail = original.resize((128, 128), Image.Resampling.BOX)
    ImageDraw.Draw(thumbnail).line((0, 0, 127, 127), fill="red", width=3)
    differences = [
        np.abs(np.asarray(decoding.decode(CODECS[codec](thumbnail)), int) - np.asarray(thumbnail, int)).mean()
        for codec in ("png", "jpeg 90", "jpeg 75", "jpeg 50")
    ]
    assert differences[0] == 0
    assert differences == sorted(set(differences))


def test_original_is_not_changed(original: Image.Image) -> None:
    before = original.tobytes()
    for codec in CODECS:
        Degradation(420, "BOX", True, codec).apply(original)
    assert (original.mode, original.tobytes()) == ("RGB", before)
