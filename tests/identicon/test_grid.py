import numpy as np
import pytest

from github_avatars.identicon import CELLS, MIN_UNBLURRED_SIDE, SAMPLE, Identicon, design_for, sample


@pytest.mark.parametrize("size", [MIN_UNBLURRED_SIDE, 61, 97, 256, 420, 461])
def test_from_60_pixels_on_every_sampled_pixel_lies_whole_within_one_cell_or_outside_all(size: int) -> None:
    design = design_for(size, size)
    for number, (row, column) in enumerate(CELLS):
        painted = {(row, column), (row, 4 - column)}
        rows = ["".join("#" if (y, x) in painted else "." for x in range(5)) for y in range(5)]
        seen = np.asarray(sample(Identicon("/".join(rows), (0, 0, 0)).draw(size)).convert("L")).ravel()
        np.testing.assert_array_equal(design.design_matrix[number], seen.take(design.disc) == 0)


@pytest.mark.parametrize(("width", "height"), [(16, 16), (16, 40), (24, 60), (420, 420)])
def test_solving_gives_back_the_deviations_that_a_picture_was_made_of(width: int, height: int) -> None:
    design = design_for(width, height)
    own = np.random.default_rng(width).normal(size=(len(CELLS), 3))
    np.testing.assert_allclose(
        design.normal_inverse @ design.design_matrix @ (design.design_matrix[:-1].T @ own), own, atol=1e-9
    )


def test_a_thumbnails_pixels_see_several_cells() -> None:
    cover = design_for(16, 16).design_matrix[:-1]
    assert ((cover > 0) & (cover < 1)).any()
    assert cover.sum(axis=0).max() <= 1 + 1e-9


def test_the_corners_that_a_circle_cuts_off_are_not_in_the_disc() -> None:
    drawn = np.zeros(SAMPLE**2, dtype=bool)
    drawn[design_for(1, 1).disc] = True
    assert not drawn.reshape(SAMPLE, SAMPLE)[[0, 0, -1, -1], [0, -1, 0, -1]].any()
    assert drawn.reshape(SAMPLE, SAMPLE)[SAMPLE // 2].all()
