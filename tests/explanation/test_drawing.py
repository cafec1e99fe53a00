"""Explanations as pictures."""

import numpy as np
import pytest
from PIL import Image

from github_avatars import identicon
from github_avatars.explanation import draw, explain
from github_avatars.explanation.drawing import AXIS, COLORS, SCALE, SIZE
from github_avatars.identicon import GITHUB_GREY, SAMPLE
from tests.explanation.pictures import PICTURES

INK = (31, 35, 40)
PANELS = [(30 + 300 * number, 140) for number in range(4)]
"""The top left corners of the four pictures: the picture, its sample, the identicon, the difference."""

ROWS = (510, 546, 582, 618, 662)
"""The middles of the bars: the average picture, the three features, the sum."""


def test_drawing_is_deterministic(picture: Image.Image) -> None:
    explanation = explain(picture)
    first = draw(explanation)
    assert (first.mode, first.size) == ("RGB", SIZE)
    assert first.tobytes() == draw(explanation).tobytes()
    assert explanation.picture.tobytes() == picture.tobytes()


def test_margins_are_empty(picture: Image.Image) -> None:
    pixels = np.asarray(draw(explain(picture)))
    for top, bottom, left, right in ((0, 760, 0, 28), (0, 760, 1185, 1200), (750, 760, 0, 1200)):
        assert (pixels[top:bottom, left:right] == 255).all()
    for left, _ in PANELS[1:]:
        assert (pixels[100:450, left - 20 : left - 2] == 255).all()


def panel_pixels(sheet: Image.Image, panel: int, down: int = 5, right: int = 5) -> np.ndarray:
    """One pixel of each enlarged pixel in a panel, by default the middle: SAMPLE × SAMPLE × 3."""
    left, top = PANELS[panel]
    pixels = np.asarray(sheet)
    return pixels[top + down : top + SCALE * SAMPLE : SCALE, left + right : left + SCALE * SAMPLE : SCALE]


def test_dots_mark_the_grey_pixels_of_the_sample(picture: Image.Image) -> None:
    explanation = explain(picture)
    sheet = draw(explanation)
    sample = np.asarray(explanation.sample)
    grey = (sample == GITHUB_GREY).all(axis=-1)
    assert grey.sum() == explanation.verdict.features.github_grey
    np.testing.assert_array_equal(panel_pixels(sheet, 1, down=1, right=1), sample)
    np.testing.assert_array_equal(panel_pixels(sheet, 1), np.where(grey[..., None], INK, sample))


def test_panels_show_picture_identicon_and_difference() -> None:
    explanation = explain(PICTURES["default as a small JPEG"]())
    sheet = draw(explanation)
    np.testing.assert_array_equal(panel_pixels(sheet, 0), np.asarray(explanation.picture))
    np.testing.assert_array_equal(panel_pixels(sheet, 2), np.asarray(identicon.sample(explanation.fit.draw())))
    measured = ~np.isnan(explanation.difference)
    levels = np.rint(255 * (1 - explanation.difference[measured].clip(0, 1)))
    shown = panel_pixels(sheet, 3, down=1, right=1)[measured]
    np.testing.assert_array_equal(shown, np.repeat(levels[:, None], 3, axis=1))


def test_bars_are_proportional_and_on_the_side_of_their_label(picture: Image.Image) -> None:
    explanation = explain(picture)
    pixels = np.asarray(draw(explanation))
    values = [explanation.base, *(each.log_odds for each in explanation.contributions), explanation.score]
    colors = [tuple(bytes.fromhex(COLORS[label][1:])) for label in ("custom", "default")]
    lengths = []
    for row, log_odds in zip(ROWS, values, strict=True):
        custom, default = ((pixels[row] == color).all(axis=-1) for color in colors)
        assert not (default if log_odds < 0 else custom).any()
        assert not custom[AXIS:].any()
        assert not default[:AXIS].any()
        lengths.append(int((default | custom).sum()))
    largest = max(map(abs, values))
    assert lengths == pytest.approx([abs(log_odds) * max(lengths) / largest for log_odds in values], abs=2)


def test_caption_mentions_a_difference_between_the_samples() -> None:
    names = ("default", "default without painted cells", "differs between the samples")
    usual, empty, between = (np.asarray(draw(explain(PICTURES[name]())))[411:435, 925:] for name in names)
    assert (usual == empty).all()
    assert (usual != between).any()
