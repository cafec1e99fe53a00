import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import synthesis
from github_avatars import features, identicon
from github_avatars.features import NAMES, Features
from github_avatars.identicon import GITHUB_GREY, SAMPLE, Identicon
from github_avatars.picture import decoding

BOX, LANCZOS, NEAREST = Image.Resampling.BOX, Image.Resampling.LANCZOS, Image.Resampling.NEAREST

IDENTICONS = [
    # account id, size, filter, github_grey, distinct_colors, identicon_error
    (1, 420, NEAREST, 304, 2, 0),
    (1, 40, NEAREST, 304, 2, 0),
    (1, 64, BOX, 304, 2, 0.029013011),
    (1, 64, LANCZOS, 198, 35, 0.026505172),
    (1, 20, BOX, 237, 18, 0.058354217),
    (583231, 420, NEAREST, 432, 2, 0),
    (583231, 64, LANCZOS, 366, 16, 0.027766987),
    (583231, 20, BOX, 369, 11, 0.070621017),
    (112612, 420, NEAREST, 416, 2, 0),
    (112612, 64, LANCZOS, 290, 31, 0.034640054),
    (112612, 20, BOX, 314, 18, 0.067906422),
]

DRAWINGS = [
    # family, features of its first drawing at full size, and at 64 × 64 pixels
    ("logo", (0, 10, 1), (0, 37, 1)),
    ("initials", (0, 5, 1), (0, 21, 1)),
    ("flag", (0, 2, 1), (0, 4, 1)),
    ("sprite", (0, 5, 1), (0, 35, 1)),
    ("plain", (0, 1, 1), (0, 1, 1)),
    ("palette", (0, 6, 1), (0, 99, 1)),
    ("transparent", (0, 7, 1), (0, 54, 1)),
    ("screen", (0, 30, 1), (0, 91, 1)),
    ("grey-two-colors", (368, 2, 1), (364, 6, 1)),
    ("grey-logo", (478, 3, 0.647226430), (452, 20, 0.916117546)),
    ("near-grey-logo", (0, 6, 1), (0, 23, 1)),
    ("grid-asymmetric", (336, 2, 0.787098028), (336, 2, 0.749614380)),
    ("grid-eights", (0, 3, 1), (0, 23, 1)),
    ("grid-overdrawn", (330, 8, 1), (320, 41, 1)),
]


def first_drawing(family: str) -> Image.Image:
    return decoding.decode(synthesis.draw(family, 0).data)


def measured(picture: Image.Image) -> tuple[int, int, object]:
    extracted = features.extract(picture)
    return extracted.github_grey, extracted.distinct_colors, pytest.approx(extracted.identicon_error, abs=1e-8)


@pytest.mark.parametrize(("account_id", "side", "resampling", "grey", "colors", "error"), IDENTICONS)
def test_features_of_identicons(
    account_id: int, side: int, resampling: Image.Resampling, grey: int, colors: int, error: float
) -> None:
    assert measured(identicon.render(account_id).resize((side, side), resampling)) == (grey, colors, error)


@pytest.mark.parametrize(("family", "original", "thumbnail"), DRAWINGS)
def test_features_of_drawings(family: str, original: tuple[float, ...], thumbnail: tuple[float, ...]) -> None:
    assert measured(first_drawing(family)) == original
    assert measured(first_drawing(family).resize((64, 64), BOX)) == thumbnail


@pytest.mark.parametrize("family", synthesis.FAMILIES)
def test_counts_are_similar_at_40_and_at_460_pixels(family: str) -> None:
    picture = first_drawing(family)
    small, large = (features.extract(picture.resize((side, side), NEAREST)) for side in (40, 460))
    # Thin lines fall between the sampled pixels of the small picture. Counts over all pixels would differ by 132 times.
    assert abs(small.github_grey - large.github_grey) <= SAMPLE**2 / 10
    assert abs(math.log(small.distinct_colors / large.distinct_colors)) <= math.log(3)


@settings(deadline=None, max_examples=100)
@given(st.binary(min_size=SAMPLE**2, max_size=SAMPLE**2), st.integers(1, 4))
def test_counts_are_exact_if_every_pixel_is_sampled(data: bytes, scale: int) -> None:
    palette = [GITHUB_GREY, (240, 240, 239), (0, 0, 0), (90, 89, 215)]
    colors = [palette[byte % len(palette)] for byte in data]
    pixels = np.array(colors, dtype=np.uint8).reshape(SAMPLE, SAMPLE, 3)
    extracted = features.extract(Image.fromarray(pixels.repeat(scale, axis=0).repeat(scale, axis=1)))
    assert (extracted.github_grey, extracted.distinct_colors) == (colors.count(GITHUB_GREY), len(set(colors)))


@settings(deadline=None, max_examples=100)
@given(st.binary(min_size=192, max_size=192), st.integers(1, 80), st.integers(1, 80))
def test_features_of_any_picture_are_within_their_bounds(data: bytes, width: int, height: int) -> None:
    extracted = features.extract(Image.frombytes("RGB", (8, 8), data).resize((width, height)))
    assert 0 <= extracted.github_grey <= 576
    assert 1 <= extracted.distinct_colors <= 576
    assert 0 <= extracted.identicon_error <= 1


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1)])
def test_features_of_pictures_of_extreme_shape(size: tuple[int, int]) -> None:
    assert features.extract(Image.new("RGB", size, GITHUB_GREY)) == Features(576, 1, 0)


@pytest.mark.parametrize("mode", ["P", "L", "LA", "RGBA", "1", "CMYK"])
def test_features_do_not_depend_on_the_mode(mode: str) -> None:
    source = first_drawing("grey-logo")
    picture = source.convert(mode)
    if mode in ("LA", "RGBA"):
        picture.putalpha(Image.linear_gradient("L").resize(picture.size))
    assert picture.mode == mode
    assert features.extract(picture) == features.extract(decoding.rgb(picture))


def test_features_of_an_identicon_are_those_of_its_picture() -> None:
    accounts = [identicon.for_account(account_id) for account_id in range(1, 200)]
    extremes = [Identicon("/".join([row] * 5), accounts[0].color) for row in (".....", "#####")]
    for known in accounts + extremes:
        assert features.extract(known) == features.extract(known.draw()), known


def test_row_contains_transformed_features_in_the_order_of_names() -> None:
    assert NAMES == ("github_grey", "distinct_colors", "identicon_error")
    assert Features(github_grey=416, distinct_colors=8, identicon_error=0.25).row() == (416, math.log(8), 0.5)


def test_picture_with_other_colors_between_the_sampled_pixels_is_not_blank() -> None:
    picture = Image.new("RGB", (420, 420), GITHUB_GREY)
    picture.putpixel((0, 0), (240, 240, 239))
    assert features.extract(picture) == Features(576, 1, 1)


def test_grey_picture_has_the_same_features_in_every_mode() -> None:
    grey = Image.new("RGB", (64, 64), GITHUB_GREY)
    palette = Image.new("P", (64, 64), 0)
    palette.putpalette([240] * 6)
    palette.putpixel((1, 1), 1)
    transparent = grey.convert("RGBA")
    transparent.putpixel((1, 1), (225, 225, 225, 128))  # GitHub grey over white
    with decoding.normalized(Image.fromarray(np.full((64, 64), 240 * 257, dtype=np.uint16))) as normalized:
        sixteen_bits = normalized
    assert decoding.rgb(transparent).getpixel((1, 1)) == GITHUB_GREY
    for picture in (grey, palette, transparent, sixteen_bits):
        assert features.extract(picture) == Features(576, 1, 0), picture.mode
