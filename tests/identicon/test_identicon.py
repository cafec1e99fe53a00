import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from github_avatars import identicon
from github_avatars.identicon import GITHUB_GREY, SIZE, Identicon

VECTORS = Path(__file__).resolve().parents[3] / "shared" / "identicon-vectors.csv"

# What GitHub itself draws for these accounts. The colours of 691968 and 51038318 tell division by 4095 from by 4096.
GITHUBS = [
    (112612, "#.#.#/##.##/...../#...#/..#..", "#5A59D7"),
    (153516, ".#.#./#.#.#/#####/#####/.....", "#6FCF70"),
    (691968, "#####/##.##/..#../#####/..#..", "#C1D185"),
    (863884, "...../#####/...../..#../.###.", "#E06EC6"),
    (2587899, "..#../#####/#####/#.#.#/#####", "#C84FCE"),
    (4358416, ".###./#...#/.#.#./.#.#./.#.#.", "#BAD651"),
    (7516675, "...../..#../##.##/#####/.#.#.", "#4ECD91"),
    (9872863, "#####/..#../..#../..#../##.##", "#CD65AA"),
    (10818924, "...../##.##/#...#/#####/.....", "#E3969C"),
    (13973580, ".###./##.##/##.##/#####/#.#.#", "#DCCF72"),
    (51038318, "#####/.#.#./#.#.#/...../#####", "#6779D1"),
    (61034633, "#...#/#.#.#/#####/##.##/#...#", "#56CFB6"),
]

BLANK = 4022  # the lowest account id whose identicon has no painted cell

IDS = [112612, 1, 583231, 9919]

account_ids = st.integers(1, 10**12)
smoothing = st.sampled_from([each for each in Image.Resampling if each != Image.Resampling.NEAREST])


def hexadecimal(color: tuple[int, ...]) -> str:
    return "#" + "".join(f"{channel:02X}" for channel in color)


def painted(account_id: int) -> Identicon:
    expected = identicon.for_account(account_id)
    assume("#" in expected.grid)
    return expected


def runs(row: int) -> list[tuple[int, int]]:
    """First and last x of every painted run in a pixel row of account 112612's identicon."""
    inked = (np.asarray(identicon.render(112612))[row] != GITHUB_GREY).any(axis=1)
    edges = np.flatnonzero(np.diff(inked, prepend=False, append=False))
    return [(first, after - 1) for first, after in edges.reshape(-1, 2).tolist()]


@pytest.mark.parametrize(("account_id", "grid", "color"), GITHUBS)
def test_an_account_id_gives_githubs_grid_and_color(account_id: int, grid: str, color: str) -> None:
    found = identicon.for_account(account_id)
    assert (found.grid, hexadecimal(found.color)) == (grid, color)


@pytest.mark.skipif(not VECTORS.exists(), reason=f"needs the measured identicons in {VECTORS.name}, which are not here")
def test_every_measured_identicon_is_reproduced_and_found_again() -> None:
    with VECTORS.open(newline="") as file:
        expected = {int(row["account_id"]): (row["grid_rows"], row["color"].upper()) for row in csv.DictReader(file)}
    assert len(expected) > 50
    for found in (identicon.for_account, lambda account_id: identicon.fit(identicon.render(account_id))):
        assert {key: ((it := found(key)).grid, hexadecimal(it.color)) for key in expected} == expected


@pytest.mark.parametrize("account_id", [0, -1])
def test_what_is_no_account_id_is_refused_by_value(account_id: int) -> None:
    with pytest.raises(ValueError, match=f"^{account_id} is no account id"):
        identicon.for_account(account_id)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ((0, 34), []),
        ((35, 70, 104), [(35, 105), (175, 245), (315, 385)]),  # #.#.#
        ((105,), [(35, 385)]),  # the pixel row that both the first and the second row of cells paint
        ((106, 175), [(35, 175), (245, 385)]),  # ##.##
        ((176, 244), []),
        ((245, 314), [(35, 105), (315, 385)]),  # #...#
        ((315,), [(35, 105), (175, 245), (315, 385)]),
        ((316, 385), [(175, 245)]),  # ..#..
        ((386, 419), []),
    ],
)
def test_cells_are_71_pixels_overlap_by_one_and_leave_margins_of_35_and_34(
    rows: tuple[int, ...], expected: list[tuple[int, int]]
) -> None:
    assert [runs(row) for row in rows] == [expected] * len(rows)


def test_an_identicon_is_420_pixels_a_side_and_has_two_colors() -> None:
    picture = identicon.render(112612)
    assert (picture.mode, picture.size) == ("RGB", (420, 420))
    inked = 70 * 213 + 351 + 70 * 282 + 70 * 142 + 213 + 70 * 71
    assert sorted(picture.getcolors()) == [(inked, (90, 89, 215)), (420 * 420 - inked, GITHUB_GREY)]


@settings(deadline=None, max_examples=150)
@given(account_ids, st.integers(60, 600))
def test_fit_undoes_render_exactly_from_60_pixels_on(account_id: int, size: int) -> None:
    expected = painted(account_id)
    found = identicon.fit(identicon.render(account_id, size))
    assert (found.grid, found.color, found.error) == (expected.grid, expected.color, 0)


@settings(deadline=None, max_examples=150)
@given(account_ids, st.integers(60, 600), smoothing)
def test_smooth_resizing_blurs_neither_grid_nor_color_from_60_pixels_on(
    account_id: int, size: int, resampling: Image.Resampling
) -> None:
    expected = painted(account_id)
    found = identicon.fit(identicon.render(account_id).resize((size, size), resampling))
    assert found.grid == expected.grid
    assert found.error < 0.25
    assert np.abs(np.subtract(found.color, expected.color)).max() <= 16


@settings(deadline=None, max_examples=150)
@given(account_ids, st.integers(16, 59), smoothing)
def test_smooth_resizing_keeps_the_grid_down_to_16_pixels(
    account_id: int, size: int, resampling: Image.Resampling
) -> None:
    expected = painted(account_id)
    found = identicon.fit(identicon.render(account_id).resize((size, size), resampling))
    assert found.grid == expected.grid
    assert found.error < 0.35


@settings(deadline=None, max_examples=50)
@given(account_ids, st.integers(60, 600), st.integers(60, 600))
def test_fit_finds_an_identicon_that_was_stretched(account_id: int, width: int, height: int) -> None:
    expected = painted(account_id)
    stretched = identicon.render(account_id).resize((width, height), Image.Resampling.NEAREST)
    found = identicon.fit(stretched)
    assert (found.grid, found.color, found.error) == (expected.grid, expected.color, 0)


@settings(deadline=None, max_examples=150)
@given(st.binary(min_size=12 * 12 * 3, max_size=12 * 12 * 3), st.integers(1, 90), st.integers(1, 90))
def test_fit_of_any_picture_is_a_mirrored_grid_and_an_error_from_0_to_1(data: bytes, width: int, height: int) -> None:
    picture = Image.frombytes("RGB", (12, 12), data).resize((width, height), Image.Resampling.BICUBIC)
    found = identicon.fit(picture)
    rows = found.grid.split("/")
    assert [len(row) for row in rows] == [5] * 5
    assert [row[::-1] for row in rows] == rows
    assert 0 <= found.error <= 1


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (2, 3), (23, 24)])
@pytest.mark.parametrize("color", [(0, 0, 0), GITHUB_GREY, (240, 240, 241)])
def test_fit_takes_pictures_of_any_shape(size: tuple[int, int], color: tuple[int, int, int]) -> None:
    found = identicon.fit(Image.new("RGB", size, color))
    assert (found.error == 0) == (color == GITHUB_GREY)


@pytest.mark.parametrize("size", [(420, 420), (16, 16), (460, 200), (1, 1)])
def test_blank_grey_is_the_identicon_of_no_cell(size: tuple[int, int]) -> None:
    assert "#" not in identicon.for_account(BLANK).grid
    blank = Image.new("RGB", size, GITHUB_GREY)
    found = identicon.fit(blank)
    assert (found.grid, found.error) == ("...../...../...../...../.....", 0)
    assert identicon.is_of(blank, BLANK) == (size == (SIZE, SIZE))


@pytest.mark.parametrize("place", [(0, 0), (419, 419), (200, 0)])
def test_grey_is_no_identicon_if_a_pixel_that_the_sample_misses_differs(place: tuple[int, int]) -> None:
    picture = Image.new("RGB", (420, 420), GITHUB_GREY)
    picture.putpixel(place, (240, 240, 239))
    assert identicon.sample(picture).getcolors() == [(identicon.SAMPLE**2, GITHUB_GREY)]
    assert identicon.fit(picture).error == 1


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16"])
def test_fit_refuses_pictures_that_are_not_rgb(mode: str) -> None:
    with pytest.raises(ValueError, match=f"mode is {mode}:"):
        identicon.fit(Image.new(mode, (420, 420)))


@pytest.mark.parametrize("account_id", IDS)
def test_is_of_knows_an_accounts_own_identicon(account_id: int) -> None:
    picture = identicon.render(account_id)
    assert identicon.is_of(picture, account_id)
    assert not identicon.is_of(picture, account_id + 1)


@pytest.mark.parametrize("place", [(0, 0), (419, 419), (210, 210)])
def test_is_of_sees_a_single_pixel_changed_by_one(place: tuple[int, int]) -> None:
    picture = identicon.render(583231)
    red, green, blue = picture.getpixel(place)
    picture.putpixel(place, (red, green, blue - 1))
    assert not identicon.is_of(picture, 583231)


@pytest.mark.parametrize("size", [(419, 419), (840, 840), (16, 16)])
def test_is_of_wants_githubs_size(size: tuple[int, int]) -> None:
    assert not identicon.is_of(identicon.render(583231).resize(size, Image.Resampling.NEAREST), 583231)


def test_is_of_is_not_deceived_by_the_same_bytes_in_another_shape() -> None:
    assert not identicon.is_of(Image.frombytes("RGB", (840, 210), identicon.render(583231).tobytes()), 583231)


@pytest.mark.parametrize("account_id", IDS)
@pytest.mark.parametrize("under", ["white", "black"])
def test_the_corners_that_a_circle_cuts_off_do_not_count(account_id: int, under: str) -> None:
    original = identicon.render(account_id)
    disc = Image.new("L", original.size)
    ImageDraw.Draw(disc).ellipse((0, 0, 419, 419), fill=255)
    cut = Image.composite(original, Image.new("RGB", original.size, under), disc)
    assert cut.tobytes() != original.tobytes()
    expected = identicon.for_account(account_id)
    found = identicon.fit(cut)
    assert (found.grid, found.color, found.error) == (expected.grid, expected.color, 0)


Rows = list[str]


def moved(rows: Rows) -> Rows:
    """The rows with the outer right cell of the first that allows it swapped inward: mirrored no more."""
    number = next(number for number, row in enumerate(rows) if row[0] != row[1])
    row = rows[number]
    return [*rows[:number], row[:3] + row[4] + row[3], *rows[number + 1 :]]


def halved(rows: Rows) -> Rows:
    return [row[:3] + ".." for row in rows]


@pytest.mark.parametrize("account_id", IDS)
@pytest.mark.parametrize(("spoil", "least"), [(moved, 0.25), (halved, 0.5)])
def test_grids_that_are_not_mirrored_leave_much_unexplained(
    account_id: int, spoil: Callable[[Rows], Rows], least: float
) -> None:
    true = identicon.for_account(account_id)
    rows = "/".join(spoil(true.grid.split("/")))
    assert least < identicon.fit(Identicon(rows, true.color).draw()).error <= 1


@pytest.mark.parametrize("account_id", IDS)
@pytest.mark.parametrize(
    ("background", "least"), [((255, 255, 255), 0.1), ((0, 0, 0), 0.5), ((235, 235, 235), 0.03), ((241, 241, 241), 0)]
)
def test_another_background_than_github_grey_stays_unexplained(
    account_id: int, background: tuple[int, int, int], least: float
) -> None:
    picture = identicon.render(account_id)
    grey = picture.convert("L").point(lambda level: 255 * (level == 240))
    picture.paste(background, mask=grey)
    assert identicon.fit(picture).error > least


@pytest.mark.parametrize("account_id", IDS)
@pytest.mark.parametrize("color", [(255, 0, 0), (0, 0, 0), (36, 41, 46)])
def test_colors_that_github_never_gives_leave_some_unexplained(account_id: int, color: tuple[int, int, int]) -> None:
    true = identicon.for_account(account_id)
    found = identicon.fit(Identicon(true.grid, color).draw())
    assert found.grid == true.grid
    assert found.error > 0.2


def test_the_error_of_a_pale_picture_is_as_large_as_that_of_a_bold_one() -> None:
    bold = Image.new("RGB", (420, 420), GITHUB_GREY)
    ImageDraw.Draw(bold).ellipse((40, 90, 200, 380), fill=(90, 90, 215))
    pale = Image.blend(Image.new("RGB", (420, 420), GITHUB_GREY), bold, 0.1)
    assert identicon.fit(pale).error > 0.5
    assert identicon.fit(pale).error == pytest.approx(identicon.fit(bold).error, abs=0.4)


@settings(deadline=None, max_examples=100)
@given(st.binary(min_size=12 * 12 * 3, max_size=12 * 12 * 3), st.integers(12, 90), st.integers(12, 90))
def test_the_error_is_what_the_identicon_leaves_pixel_by_pixel(data: bytes, width: int, height: int) -> None:
    picture = Image.frombytes("RGB", (12, 12), data).resize((width, height), Image.Resampling.BICUBIC)
    found = identicon.fit(picture)
    design = identicon.design_for(width, height)
    painted = np.array([found.grid.split("/")[row][column] == "#" for row, column in identicon.CELLS])
    covered = painted @ design.design_matrix[:-1]
    to_luma_chroma = np.array([[0.299, 0.587, 0.114], [-0.0843, -0.1657, 0.25], [0.25, -0.2094, -0.0406]]).T
    deviation = (np.asarray(identicon.sample(picture)).reshape(-1, 3)[design.disc] - 240.0) @ to_luma_chroma
    left = deviation - np.outer(covered, (np.array(found.color) - 240.0) @ to_luma_chroma)
    ground = np.average(left[:, 0], weights=1 - covered)
    area = design.design_matrix[:-1].sum(axis=1)
    cells = (design.design_matrix[:-1] @ left[:, 0] / area)[painted]
    steady = len(left) * ground**2 + (area[painted] * cells**2).sum()
    expected = ((left**2).sum() + identicon.BIAS_WEIGHT * steady) / (deviation**2).sum()
    assert found.error**2 == pytest.approx(min(expected, 1), abs=1e-9)
