"""identicon.difference: where a picture differs from an identicon."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from github_avatars import identicon
from github_avatars.identicon import GITHUB_GREY, RADIUS, SAMPLE, Identicon
from github_avatars.picture import decoding
from tests.explanation.pictures import PICTURES


def test_identicon_equals_itself_and_corners_are_not_measured() -> None:
    own = identicon.for_account(12377479)
    difference = identicon.difference(own.draw(), own)
    center = (np.arange(SAMPLE) + 0.5) / SAMPLE - 0.5
    outside = np.add.outer(center**2, center**2) > RADIUS**2
    assert difference.shape == (SAMPLE, SAMPLE)
    np.testing.assert_array_equal(np.isnan(difference), outside)
    assert difference[~outside].max() == 0


def test_only_a_cell_of_another_color_differs() -> None:
    own = Identicon(".###./.###./.###./.###./.###.", (90, 89, 215))
    picture = own.draw()
    ImageDraw.Draw(picture).rectangle((175, 175, 245, 245), fill=GITHUB_GREY)
    difference = identicon.difference(picture, own)
    expected = np.zeros((SAMPLE, SAMPLE), dtype=bool)
    expected[10:14, 10:14] = True
    np.testing.assert_array_equal(difference > 0.1, expected)
    assert np.nanmax(difference[~expected]) == 0


@pytest.mark.parametrize("name", PICTURES)
def test_difference_is_relative_to_the_deviation_from_grey(name: str) -> None:
    picture = decoding.rgb(PICTURES[name]())
    fit = identicon.fit(picture)
    mean_square = float(np.nanmean(identicon.difference(picture, fit) ** 2))
    # The error also contains the weighted bias and the shift of the background, and is at most 1.
    assert fit.error == 1 or 0.3 * fit.error**2 <= mean_square <= fit.error**2


def test_neither_blur_nor_nearest_neighbor_is_a_difference() -> None:
    own = identicon.for_account(12377479)
    for resampling in (Image.Resampling.NEAREST, Image.Resampling.BICUBIC):
        assert np.nanmean(identicon.difference(own.draw().resize((20, 20), resampling), own)) < 0.05
