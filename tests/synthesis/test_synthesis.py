import hashlib
import io
import subprocess
import sys
from functools import cache

import numpy as np
import pytest
from PIL import Image

from github_avatars.identicon import GITHUB_GREY, SIZE, render
from synthesis import FAMILIES, draw

SEEDS = range(12)
EXTENSIONS = {"PNG": "png", "JPEG": "jpg", "WEBP": "webp", "GIF": "gif"}
HARD = [family for family in FAMILIES if "grey-" in family or "grid-" in family or family == "two-colors"]


@cache
def drawn(family, seed):
    return draw(family, seed)


def opened(family, seed):
    picture = Image.open(io.BytesIO(drawn(family, seed).data))
    picture.load()
    return picture


def pattern(picture):
    """The 5×5 cells of a picture that is, to the pixel, a grid of one colour in GitHub's geometry; None for any other.

    Read off the picture itself, and not by the library's own fit, which is to be tried on these drawings.
    """
    pixels = np.asarray(picture.convert("RGBA").convert("RGB"))
    if pixels.shape != (SIZE, SIZE, 3):
        return None
    inked = (pixels != GITHUB_GREY).any(axis=2)
    cells = inked[70:420:70, 70:420:70]
    grid = np.zeros((SIZE, SIZE), bool)
    for row, column in np.argwhere(cells):
        grid[35 + 70 * row : 106 + 70 * row, 35 + 70 * column : 106 + 70 * column] = True
    if not np.array_equal(inked, grid) or not cells.any():
        return None
    return cells if (pixels[inked] == pixels[inked][0]).all() else None


def could_be_githubs(picture):
    cells = pattern(picture)
    return cells is not None and np.array_equal(cells, cells[:, ::-1])


@pytest.mark.parametrize("family", FAMILIES)
def test_a_seed_always_gives_the_same_avatar(family):
    assert [draw(family, seed) for seed in (0, 1, 2)] == [drawn(family, seed) for seed in (0, 1, 2)]


def test_another_process_draws_the_same_bytes():
    program = (
        "import hashlib\n"
        "from github_avatars.synthesis import FAMILIES, draw\n"
        "print(hashlib.sha256(b''.join(draw(family, 5).data for family in FAMILIES)).hexdigest())"
    )
    elsewhere = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    here = hashlib.sha256(b"".join(drawn(family, 5).data for family in FAMILIES)).hexdigest()
    assert elsewhere.stdout.strip() == here


@pytest.mark.parametrize("family", FAMILIES)
def test_a_dozen_seeds_give_a_dozen_pictures(family):
    pictures = [opened(family, seed).convert("RGBA") for seed in SEEDS]
    assert len({(picture.size, picture.tobytes()) for picture in pictures}) == len(SEEDS)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_drawing_is_a_square_of_an_avatars_size_under_its_own_extension(family):
    for seed in SEEDS:
        drawing = drawn(family, seed)
        picture = opened(family, seed)
        assert picture.width == picture.height
        assert 184 <= picture.width <= 460
        assert drawing.extension == EXTENSIONS[picture.format]
        assert drawing.family == family


def test_all_formats_and_the_modes_that_people_upload_occur():
    pictures = [opened(family, seed) for family in FAMILIES for seed in SEEDS]
    assert {picture.format for picture in pictures} == set(EXTENSIONS)
    assert {picture.mode for picture in pictures} >= {"RGB", "RGBA", "L", "LA", "P", "1"}


def test_an_unknown_family_is_refused_by_name():
    with pytest.raises(ValueError, match=r"'photo-of-nothing'.*photo-landscape.*grid-overdrawn"):
        draw("photo-of-nothing", 1)


def test_the_hard_families_are_at_least_two_in_five():
    assert len(HARD) >= 0.4 * len(FAMILIES)


@pytest.mark.parametrize("family", FAMILIES)
def test_nothing_drawn_could_be_githubs(family):
    assert not [seed for seed in SEEDS if could_be_githubs(opened(family, seed))]


@pytest.mark.parametrize("account_id", [1, 583231, 9919])
def test_what_github_draws_is_recognised(account_id):
    assert could_be_githubs(render(account_id))


@pytest.mark.parametrize("seed", SEEDS)
def test_asymmetric_grids_are_githubs_but_for_three_cells_or_more(seed):
    cells = pattern(opened("grid-asymmetric", seed))
    assert cells is not None
    assert (cells != cells[:, ::-1]).sum() // 2 >= 3


@pytest.mark.parametrize("seed", SEEDS)
def test_upside_grids_mirror_top_to_bottom_only(seed):
    cells = pattern(opened("grid-upside", seed))
    assert cells is not None
    assert np.array_equal(cells, cells[::-1])
    assert (cells != cells[:, ::-1]).sum() // 2 >= 3


@pytest.mark.parametrize("seed", SEEDS)
def test_pinwheels_survive_a_quarter_turn_of_their_cells_but_no_mirror(seed):
    picture = opened("grid-pinwheel", seed).convert("RGB")
    thumbnail = np.asarray(picture.resize((105, 105), Image.Resampling.BOX), int)
    assert np.abs(thumbnail - np.rot90(thumbnail)).mean() < 2
    assert np.abs(thumbnail - thumbnail[:, ::-1]).mean() > 5


@pytest.mark.parametrize(
    "family", ["grey-two-colors", "grey-mirrored", "grey-letters", "grey-logo", "grid-other-count"]
)
def test_drawings_on_grey_stand_on_githubs_grey_exactly(family):
    for seed in SEEDS:
        colors = opened(family, seed).convert("RGB").getcolors(460 * 460)
        assert GITHUB_GREY in {color for _, color in colors}


def test_the_flat_ones_have_two_colors_as_a_default_avatar_has():
    counts = [len(opened("grey-two-colors", seed).getcolors(SIZE * SIZE)) for seed in SEEDS]
    assert counts.count(2) >= len(SEEDS) / 2


def test_plain_pictures_have_one_color_and_never_githubs_grey():
    for seed in range(24):
        ((_, color),) = opened("plain", seed).convert("RGB").getcolors(460 * 460)
        assert color != GITHUB_GREY


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_drawn_over_a_default_avatar_shows_at_16_pixels(seed):
    assert off_one_ink(opened("grid-overdrawn", seed)) > 0.08


def test_a_default_avatar_at_16_pixels_is_all_one_ink():
    assert off_one_ink(render(1)) < 0.02


def off_one_ink(picture):
    """How far a thumbnail's colours stray from mixtures of GitHub grey and a single ink, as a share."""
    small = np.asarray(picture.convert("RGB").resize((16, 16), Image.Resampling.BOX), float) - GITHUB_GREY
    first, second, _ = np.linalg.svd(small.reshape(-1, 3), compute_uv=False)
    return second / first


def test_eight_of_each_weigh_less_than_eight_megabytes():
    assert sum(len(drawn(family, seed).data) for family in FAMILIES for seed in range(8)) < 8_000_000
