import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from github_avatars import identicon
from github_avatars.identicon import GITHUB_GREY, Identicon

VECTORS = Path(__file__).with_name("vectors.csv")
"""The grid and color of 57 real default avatars. 691968 and 51038318 distinguish hue / 4095 from hue / 4096."""


def vectors() -> list[tuple[int, str, str]]:
    with VECTORS.open(newline="") as file:
        return [(int(row["account_id"]), row["grid_rows"], row["color"]) for row in csv.DictReader(file)]


def grid_and_color(drawn: Identicon) -> tuple[str, str]:
    return drawn.grid, "#{:02X}{:02X}{:02X}".format(*drawn.color)


@pytest.mark.parametrize(("account_id", "grid", "color"), vectors())
def test_grid_and_color_of_real_avatars_are_reproduced_and_fitted(account_id: int, grid: str, color: str) -> None:
    assert grid_and_color(identicon.for_account(account_id)) == (grid, color)
    fitted = identicon.fit(identicon.render(account_id))
    assert (*grid_and_color(fitted), fitted.error) == (grid, color, 0)


@pytest.mark.parametrize("account_id", [0, -1])
def test_account_ids_below_1_are_refused(account_id: int) -> None:
    with pytest.raises(ValueError, match=f"^{account_id} is not an account id"):
        identicon.for_account(account_id)


def painted_runs(row: int) -> list[tuple[int, int]]:
    """The first and last x of every painted run in a pixel row of account 112612's identicon."""
    painted = (np.asarray(identicon.render(112612))[row] != GITHUB_GREY).any(axis=1)
    edges = np.flatnonzero(np.diff(painted, prepend=False, append=False))
    return [(first, after - 1) for first, after in edges.reshape(-1, 2).tolist()]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ((0, 34), []),
        ((35, 70, 104), [(35, 105), (175, 245), (315, 385)]),  # #.#.#
        ((105,), [(35, 385)]),  # painted by the first and by the second row of cells
        ((106, 175), [(35, 175), (245, 385)]),  # ##.##
        ((176, 244), []),
        ((245, 314), [(35, 105), (315, 385)]),  # #...#
        ((315,), [(35, 105), (175, 245), (315, 385)]),
        ((316, 385), [(175, 245)]),  # ..#..
        ((386, 419), []),
    ],
)
def test_cells_have_71_pixels_and_overlap_by_one(rows: tuple[int, ...], expected: list[tuple[int, int]]) -> None:
    assert [painted_runs(row) for row in rows] == [expected] * len(rows)


def test_picture_has_420_pixels_a_side_and_two_colors() -> None:
    picture = identicon.render(112612)
    assert (picture.mode, picture.size) == ("RGB", (420, 420))
    painted = 70 * 213 + 351 + 70 * 282 + 70 * 142 + 213 + 70 * 71
    assert set(picture.getcolors() or ()) == {(painted, (90, 89, 215)), (420 * 420 - painted, GITHUB_GREY)}


def test_is_of_recognizes_the_identicon_of_the_account_only() -> None:
    picture = identicon.render(583231)
    assert identicon.is_of(picture, 583231)
    assert not identicon.is_of(picture, 583232)
    for position in ((0, 0), (419, 419), (210, 210)):
        changed = picture.copy()
        red, green, blue = np.asarray(picture)[position[::-1]].tolist()
        changed.putpixel(position, (red, green, blue - 1))
        assert not identicon.is_of(changed, 583231)
    for size in ((419, 419), (840, 840), (16, 16)):
        assert not identicon.is_of(picture.resize(size, Image.Resampling.NEAREST), 583231)
    assert not identicon.is_of(Image.frombytes("RGB", (840, 210), picture.tobytes()), 583231)
