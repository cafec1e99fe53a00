"""Every family yields valid, varied and reproducible avatars, and never one of GitHub's identicons."""

import colorsys
import io

import numpy as np
import pytest
from PIL import Image

from github_avatars.demo import AVATARS
from github_avatars.identicon import GITHUB_GREY, SIZE, render
from github_avatars.training import dataset
from synthesis import FAMILIES, draw

SEEDS = range(8)
EXTENSIONS = {"PNG": ".png", "JPEG": ".jpg", "WEBP": ".webp", "GIF": ".gif"}
HARD = [family for family in FAMILIES if "grey-" in family or "grid-" in family or family == "two-colors"]
LOOKALIKES = [family for family in FAMILIES if dataset.is_lookalike(family)]


def decode(family: str, seed: int) -> Image.Image:
    """A shipped drawing, or one of a look-alike."""
    if family in LOOKALIKES:
        return Image.open(io.BytesIO(draw(family, seed).data))
    (path,) = (AVATARS / "custom").glob(f"{family}-{seed}.*")
    with Image.open(path) as picture:
        picture.load()
    assert path.suffix == EXTENSIONS[picture.format or ""]
    return picture


def painted_cells(picture: Image.Image) -> np.ndarray | None:
    """The 5×5 painted cells if the picture is exactly a one-color grid in GitHub's geometry, else None.

    This does not use `identicon.fit`, since the tests of the fit use these drawings.
    """
    pixels = np.asarray(picture.convert("RGBA").convert("RGB"))
    if pixels.shape != (SIZE, SIZE, 3):
        return None
    painted = (pixels != GITHUB_GREY).any(axis=2)
    cells = painted[70:420:70, 70:420:70]
    grid = np.zeros((SIZE, SIZE), bool)
    for row, column in np.argwhere(cells):
        grid[35 + 70 * row : 106 + 70 * row, 35 + 70 * column : 106 + 70 * column] = True
    if not np.array_equal(painted, grid) or not cells.any():
        return None
    return cells if (pixels[painted] == pixels[painted][0]).all() else None


def could_be_identicon(picture: Image.Image) -> bool:
    cells = painted_cells(picture)
    if cells is None or not np.array_equal(cells, cells[:, ::-1]):
        return False
    row, column = np.argwhere(cells)[0]
    red, green, blue = picture.convert("RGB").getpixel((70 + 70 * int(column), 70 + 70 * int(row)))  # type: ignore[misc]
    _, lightness, saturation = colorsys.rgb_to_hls(red / 255, green / 255, blue / 255)
    return 0.54 < lightness < 0.76 and 0.43 < saturation < 0.67


def asymmetric_pairs(cells: np.ndarray) -> int:
    return int((cells != cells[:, ::-1]).sum()) // 2


@pytest.mark.parametrize("family", FAMILIES)
def test_drawings_are_different_squares_of_avatar_size_and_no_identicons(family: str) -> None:
    pictures = [decode(family, seed) for seed in SEEDS]
    assert len({(picture.size, picture.convert("RGBA").tobytes()) for picture in pictures}) == len(SEEDS)
    smallest = 64 if family in LOOKALIKES else 184
    assert all(smallest <= picture.width == picture.height <= 460 for picture in pictures)
    assert not any(map(could_be_identicon, pictures))


def test_all_formats_and_common_modes_occur() -> None:
    pictures = [decode(family, seed) for family in FAMILIES for seed in SEEDS]
    assert {picture.format for picture in pictures} == set(EXTENSIONS)
    assert {picture.mode for picture in pictures} >= {"RGB", "RGBA", "L", "LA", "P", "1"}


def test_unknown_family_is_an_error_that_lists_the_families() -> None:
    with pytest.raises(ValueError, match=r"'photo-of-nothing'.*photo-landscape.*grid-overdrawn"):
        draw("photo-of-nothing", 1)


def test_at_least_two_in_five_families_are_hard() -> None:
    assert len(HARD) >= 0.4 * len(FAMILIES)


@pytest.mark.parametrize("account_id", [1, 583231, 9919])
def test_the_check_recognizes_identicons(account_id: int) -> None:
    assert could_be_identicon(render(account_id))


@pytest.mark.parametrize("seed", SEEDS)
def test_asymmetric_grids_differ_from_identicons_in_three_cells_or_more(seed: int) -> None:
    cells = painted_cells(decode("grid-asymmetric", seed))
    assert cells is not None
    assert asymmetric_pairs(cells) >= 3


def two_colors(picture: Image.Image) -> list[tuple[int, int, int]]:
    """The background, then the color of the cells."""
    colors = sorted(picture.convert("RGB").getcolors(2) or [], key=lambda entry: entry[1] != picture.getpixel((0, 0)))
    return [color for _, color in colors]  # type: ignore[misc]


@pytest.mark.parametrize("seed", SEEDS)
def test_impossible_colors_are_in_the_geometry_of_github(seed: int) -> None:
    picture = decode("lookalike-impossible-color", seed)
    (level, *_), (red, green, blue) = two_colors(picture)
    assert abs(level - 240) == seed % 2
    assert max(red, green, blue) + min(red, green, blue) == pytest.approx(255, abs=1)  # lightness 0.5
    on_grey = picture.point(lambda value: 240 if value == level else value)
    cells = painted_cells(on_grey)
    assert cells is not None
    assert np.array_equal(cells, cells[:, ::-1])


@pytest.mark.parametrize("family", ["lookalike-service", "lookalike-port"])
@pytest.mark.parametrize("seed", SEEDS)
def test_cells_of_other_programs_do_not_overlap(family: str, seed: int) -> None:
    picture = decode(family, seed)
    background, ink = two_colors(picture)
    assert background == GITHUB_GREY
    painted = (np.asarray(picture) == ink).all(axis=2)
    edges = np.flatnonzero(np.diff(painted.any(axis=0).astype(int), prepend=0, append=0))
    steps = {420: 70, 256: 43, 240: 40, 200: 30, 128: 21, 64: 10}
    assert (edges[-1] - edges[0]) % steps[picture.width] == 0
    assert np.array_equal(painted[:, edges[0] : edges[-1]], painted[:, edges[0] : edges[-1]][:, ::-1])


@pytest.mark.parametrize("seed", SEEDS)
def test_upside_grids_mirror_top_to_bottom_only(seed: int) -> None:
    cells = painted_cells(decode("grid-upside", seed))
    assert cells is not None
    assert np.array_equal(cells, cells[::-1])
    assert asymmetric_pairs(cells) >= 3


@pytest.mark.parametrize("seed", SEEDS)
def test_pinwheels_have_rotational_but_no_mirror_symmetry(seed: int) -> None:
    picture = decode("grid-pinwheel", seed).convert("RGB")
    thumbnail = np.asarray(picture.resize((105, 105), Image.Resampling.BOX), int)
    assert np.abs(thumbnail - np.rot90(thumbnail)).mean() < 2
    assert np.abs(thumbnail - thumbnail[:, ::-1]).mean() > 5


@pytest.mark.parametrize(
    "family", ["grey-two-colors", "grey-mirrored", "grey-letters", "grey-logo", "grid-other-count"]
)
def test_grey_families_contain_exact_github_grey(family: str) -> None:
    for seed in SEEDS:
        colors = decode(family, seed).convert("RGB").getcolors(460 * 460) or []
        assert GITHUB_GREY in {color for _, color in colors}


def test_half_of_the_flat_art_has_exactly_two_colors() -> None:
    counts = [len(decode("grey-two-colors", seed).getcolors(SIZE * SIZE) or []) for seed in SEEDS]
    assert counts.count(2) >= len(SEEDS) / 2


def test_plain_pictures_have_one_color_other_than_github_grey() -> None:
    for seed in range(24):
        ((_, color),) = Image.open(io.BytesIO(draw("plain", seed).data)).convert("RGB").getcolors(460 * 460) or []
        assert color != GITHUB_GREY


def second_color_share(picture: Image.Image) -> float:
    """The part of a 16-pixel thumbnail's colors that is no mixture of GitHub grey and one other color."""
    small = np.asarray(picture.convert("RGB").resize((16, 16), Image.Resampling.BOX), float) - GITHUB_GREY
    first, second, _ = np.linalg.svd(small.reshape(-1, 3), compute_uv=False)
    return float(second / first)


@pytest.mark.parametrize("seed", SEEDS)
def test_overdrawn_identicons_have_more_colors_at_16_pixels(seed: int) -> None:
    assert second_color_share(decode("grid-overdrawn", seed)) > 0.08
    assert second_color_share(render(1)) < 0.02
