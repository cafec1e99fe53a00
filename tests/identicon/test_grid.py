import numpy as np
import pytest
from PIL import Image

from github_avatars.identicon import (
    CELLS,
    SAMPLE,
    SIZE,
    Identicon,
    averages,
    designs_for,
    fit,
    for_account,
    is_small,
    render,
    sample,
)


@pytest.mark.parametrize("size", [128, 129, 256, 420, 461])
def test_large_pictures_have_no_pixel_on_the_edge_of_a_cell(size: int) -> None:
    (design,) = designs_for(size, size)
    for cell, (row, column) in enumerate(CELLS):
        painted = {(row, column), (row, 4 - column)}
        rows = ["".join("#" if (y, x) in painted else "." for x in range(5)) for y in range(5)]
        sampled = np.asarray(sample(Identicon("/".join(rows), (0, 0, 0)).draw(size)).convert("L")).ravel()
        np.testing.assert_array_equal(design.design_matrix[cell], sampled.take(design.disc) == 0)


@pytest.mark.parametrize(("width", "height"), [(16, 16), (16, 40), (24, 60), (420, 420)])
def test_normal_inverse_recovers_the_deviations_of_the_cells(width: int, height: int) -> None:
    design = designs_for(width, height)[0]
    cells = np.random.default_rng(width).normal(size=(len(CELLS), 3))
    deviation = design.design_matrix[:-1].T @ cells
    np.testing.assert_allclose(design.normal_inverse @ design.design_matrix @ deviation, cells, atol=1e-9)


def test_pixels_of_thumbnails_are_shared_by_several_cells() -> None:
    shares = designs_for(16, 16)[0].design_matrix[:-1]
    assert ((shares > 0) & (shares < 1)).any()
    assert shares.sum(axis=0).max() <= 1 + 1e-6


def test_disc_excludes_the_corners() -> None:
    mask = np.zeros(SAMPLE**2, dtype=bool)
    mask[designs_for(1, 1)[0].disc] = True
    assert not mask.reshape(SAMPLE, SAMPLE)[[0, 0, -1, -1], [0, -1, 0, -1]].any()
    assert mask.reshape(SAMPLE, SAMPLE)[SAMPLE // 2].all()


@pytest.mark.parametrize("side", range(16, 60))
@pytest.mark.parametrize("corners", [False, True])
def test_a_design_knows_the_pixels_that_nearest_neighbor_picks(side: int, corners: bool) -> None:
    original = render(583231)
    if corners:
        picked = [number * SIZE // side for number in range(side)]
        copy = Image.fromarray(np.asarray(original)[np.ix_(picked, picked)])
    else:
        copy = original.resize((side, side), Image.Resampling.NEAREST)
    assert fit(copy).error < 0.02
    assert fit(copy).grid == for_account(583231).grid


def test_averages_of_small_pictures_mix_the_colors_of_a_checkerboard() -> None:
    board = np.indices((48, 48)).sum(axis=0) % 2 * 100 + 50
    mixed = averages(Image.fromarray(np.repeat(board[..., None], 3, axis=2).astype(np.uint8)))
    assert mixed.getcolors() == [(SAMPLE**2, (100, 100, 100))]
    assert is_small(127, 16)
    assert not is_small(128, 16)
