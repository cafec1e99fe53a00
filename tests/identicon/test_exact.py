"""Lossless pictures: what GitHub can have drawn."""

import colorsys
import random
from itertools import product

import numpy as np
import pytest
from PIL import Image, ImageDraw

from github_avatars import identicon
from github_avatars.identicon import GITHUB_GREY, Identicon, is_githubs, is_of, is_possible
from github_avatars.identicon.exact import formula_color
from tests.accuracy import kinds


def test_every_color_of_the_formula_is_possible() -> None:
    rng = random.Random(0)
    ends = (0, 255)
    for _ in range(2000):
        steps = [rng.choice((rng.randrange(256), *ends)) for _ in range(2)]
        assert is_possible(formula_color(rng.choice((rng.randrange(4096), 0, 4095)), *steps))
    for account_id in kinds.account_ids(200, seed=1):
        assert is_possible(identicon.for_account(account_id).color)


def all_colors_of_hues_near(color: tuple[int, int, int]) -> set[tuple[int, int, int]]:
    """Brute force: the formula for all saturations and lightnesses, and for all hues that could yield the color."""
    hue = colorsys.rgb_to_hls(*(channel / 255 for channel in color))[0] * 4095
    near = [step % 4095 for step in range(round(hue) - 60, round(hue) + 61, 3)]
    return {formula_color(*steps) for steps in product(near, range(0, 256, 5), (*range(0, 256, 51), 1, 254))}


@pytest.mark.parametrize("seed", range(3))
def test_possible_colors_are_those_that_brute_force_yields(seed: int) -> None:
    rng = random.Random(seed)
    edge = formula_color(rng.randrange(4096), rng.choice((0, 255)), rng.choice((0, 255)))
    near = [tuple(channel + rng.randint(-2, 2) for channel in edge) for _ in range(20)]
    yielded = all_colors_of_hues_near(edge)
    for red, green, blue in near:
        if (red, green, blue) in yielded:
            assert is_possible((red, green, blue))


@pytest.mark.parametrize("color", [(255, 0, 0), (0, 0, 0), (240, 240, 240), (51, 204, 51), (128, 128, 128)])
def test_colors_outside_the_bounds_are_impossible(color: tuple[int, int, int]) -> None:
    assert not is_possible(color)


def test_color_next_to_the_bounds_is_impossible() -> None:
    hues = np.linspace(0, 1, 50)
    for saturation, lightness in ((0.67, 0.65), (0.43, 0.65), (0.55, 0.53), (0.55, 0.77)):
        assert not any(is_possible(identicon.drawing.hsl_to_rgb(hue, lightness, saturation)) for hue in hues)


@pytest.mark.parametrize("account_id", [1, 583231, 9919, 61087714])
def test_originals_are_githubs_also_with_a_circle_cut_out(account_id: int) -> None:
    original = identicon.render(account_id)
    circle = Image.composite(original, Image.new("RGB", original.size, "white"), kinds.disc_mask(420))
    assert is_githubs(original)
    assert is_githubs(circle)
    assert is_of(circle, account_id, circle=True)
    assert not is_of(circle, account_id)
    assert not is_of(circle, account_id + 1, circle=True)
    changed = circle.copy()
    changed.putpixel((210, 30), (0, 0, 0))
    assert not is_of(changed, account_id, circle=True)


def test_original_with_one_changed_pixel_or_another_color_is_not_githubs() -> None:
    drawn = identicon.for_account(583231)
    changed = drawn.draw()
    changed.putpixel((3, 3), drawn.color)
    assert is_githubs(changed) is False
    assert is_githubs(Identicon(drawn.grid, (200, 30, 30)).draw()) is False


@pytest.mark.parametrize("resampling", [each for each in Image.Resampling if each.name in vars(Image.Resampling)])
@pytest.mark.parametrize("side", [64, 100, 128, 200, 256, 460])
def test_resized_originals_are_not_excluded(side: int, resampling: Image.Resampling) -> None:
    for account_id in kinds.account_ids(8, seed=side):
        assert is_githubs(identicon.render(account_id).resize((side, side), resampling)) is None


def test_lossy_pictures_are_not_judged() -> None:
    picture = identicon.render(1)
    assert is_githubs(Image.open(kinds.file(picture, "JPEG", quality=90)).convert("RGB")) is None
    ImageDraw.Draw(picture).ellipse((50, 50, 200, 300), fill=(10, 20, 30))
    assert is_githubs(picture) is not True
    assert is_githubs(Image.new("RGB", (420, 420), GITHUB_GREY)) is None
    assert is_githubs(identicon.render(1, 40)) is None


@pytest.mark.parametrize(
    ("account_id", "side", "resampling"),
    [
        (333319550, 509, Image.Resampling.HAMMING),
        (357534647, 317, Image.Resampling.HAMMING),
        (185936030, 267, Image.Resampling.HAMMING),
        (209659808, 381, Image.Resampling.BILINEAR),
        (351976023, 379, Image.Resampling.BILINEAR),
        (44629958, 417, Image.Resampling.LANCZOS),
    ],
)
def test_few_or_scattered_edges_do_not_exclude_github(account_id: int, side: int, resampling: Image.Resampling) -> None:
    assert is_githubs(identicon.render(account_id).resize((side, side), resampling)) is None
