import numpy as np
import pytest

from github_avatars.identicon import CELLS, MIN_UNBLURRED_SIDE, SAMPLE, Identicon, design_for, sample


@pytest.mark.parametrize("size", [MIN_UNBLURRED_SIDE, 61, 97, 256, 420, 461])
def test_large_pictures_have_no_pixel_on_the_edge_of_a_cell(size: int) -> None:
    design = design_for(size, size)
    for cell, (row, column) in enumerate(CELLS):
        painted = {(row, column), (row, 4 - column)}
        rows = ["".join("#" if (y, x) in painted else "." for x in range(5)) for y in range(5)]
        sampled = np.asarray(sample(Identicon("/".join(rows), (0, 0, 0)).draw(size)).convert("L")).ravel()
        np.testing.assert_array_equal(design.design_matrix[cell], sampled.take(design.disc) == 0)


@pytest.mark.parametrize(("width", "height"), [(16, 16), (16, 40), (24, 60), (420, 420)])
def test_normal_inverse_recovers_the_deviations_of_the_cells(width: int, height: int) -> None:
    design = design_for(width, height)
    cells = np.random.default_rng(width).normal(size=(len(CELLS), 3))
    deviation = design.design_matrix[:-1].T @ cells
    np.testing.assert_allclose(design.normal_inverse @ design.design_matrix @ deviation, cells, atol=1e-9)


def test_pixels_of_thumbnails_are_shared_by_several_cells() -> None:
    shares = design_for(16, 16).design_matrix[:-1]
    assert ((shares > 0) & (shares < 1)).any()
    assert shares.sum(axis=0).max() <= 1 + 1e-9


def test_disc_excludes_the_corners() -> None:
    mask = np.zeros(SAMPLE**2, dtype=bool)
    mask[design_for(1, 1).disc] = True
    assert not mask.reshape(SAMPLE, SAMPLE)[[0, 0, -1, -1], [0, -1, 0, -1]].any()
    assert mask.reshape(SAMPLE, SAMPLE)[SAMPLE // 2].all()
