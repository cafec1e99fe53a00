import dataclasses
import math
from itertools import combinations
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from PIL import Image, ImageDraw
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from github_avatars import features, identicon
from github_avatars.classifier import MODEL, Classifier, classify
from github_avatars.demo import AVATARS
from github_avatars.errors import NotAPicture
from github_avatars.explanation.drawing import AXIS, COLORS, SCALE, SIZE, draw
from github_avatars.explanation.explaining import as_text, explain
from github_avatars.features import NAMES, Features
from github_avatars.identicon import GITHUB_GREY, RADIUS, SAMPLE, Identicon
from github_avatars.picture import decoding
from github_avatars.training import degradation

BLANK = 4022  # the lowest account id whose identicon has no painted cell
DEFAULT = AVATARS / "default" / "12377479.png"
JPEG = degradation.Degradation(24, "LANCZOS", False, "jpeg 75")
INK = (31, 35, 40)
PANELS = [(30 + 300 * number, 140) for number in range(4)]
"""Where the top left pixels of the four pictures lie: the picture, its sample, the identicon, the differences."""
ROWS = (510, 546, 582, 618, 662)
"""The middles of the bars: the start, the three features, the sum."""


def missed() -> Image.Image:
    """GitHub grey but for a pixel that the sample misses."""
    picture = identicon.render(BLANK)
    picture.putpixel((0, 0), (0, 0, 0))
    return picture


PICTURES = {
    "default": lambda: decoding.read(DEFAULT),
    "default as a small JPEG": lambda: decoding.decode(JPEG.apply(decoding.read(DEFAULT))),
    "default of no cell": lambda: identicon.render(BLANK),
    "photo": lambda: decoding.read(AVATARS / "custom" / "photo-portrait-0.jpg"),
    "logo on grey": lambda: decoding.read(AVATARS / "custom" / "grey-logo-0.png"),
    "asymmetric grid": lambda: decoding.read(AVATARS / "custom" / "grid-asymmetric-0.png"),
    "butterfly as a small JPEG": lambda: decoding.decode(
        JPEG.apply(decoding.read(AVATARS / "custom" / "grey-mirrored-0.png"))
    ),
    "one pixel": lambda: Image.new("RGB", (1, 1), "red"),
    "a line": lambda: Image.new("RGB", (5000, 3), "red"),
    "a difference that the sample misses": missed,
}


@pytest.fixture(params=PICTURES)
def picture(request: pytest.FixtureRequest) -> Image.Image:
    return PICTURES[request.param]()


def linear(weights: tuple[float, ...], means: tuple[float, ...], intercept: float) -> Pipeline:
    """A pipeline with these numbers, as if it had been fitted."""
    scaler = StandardScaler().fit([[mean - 1 for mean in means], [mean + 1 for mean in means]])
    regression = LogisticRegression()
    regression.coef_, regression.classes_ = np.array([weights]), np.array([False, True])
    regression.intercept_ = np.array([intercept + np.dot(weights, means)])
    return make_pipeline(scaler, regression)


# What is explained


def test_an_explanation_holds_what_the_library_says_elsewhere(picture: Image.Image) -> None:
    found = explain(picture)
    assert found.verdict == classify(picture)
    assert found.picture.tobytes() == picture.tobytes()
    assert found.sample.tobytes() == identicon.sample(picture).tobytes()
    assert found.fit == identicon.fit(picture)
    assert found.fit.error == found.verdict.features.identicon_error
    assert [one.name for one in found.contributions] == list(NAMES)
    assert [one.value for one in found.contributions] == list(dataclasses.astuple(found.verdict.features))


@pytest.mark.parametrize("mode", ["P", "L", "LA", "RGBA", "1", "CMYK", "I;16"])
def test_a_picture_of_any_mode_is_explained_as_it_is_judged(mode: str) -> None:
    if mode == "I;16":
        picture = Image.fromarray(np.asarray(decoding.read(DEFAULT).convert("L"), dtype=np.uint16) * 257)
    else:
        picture = decoding.read(DEFAULT).convert(mode)
    found = explain(picture)
    assert (found.verdict, found.picture.mode) == (classify(picture), "RGB")


def test_what_cannot_be_decoded_is_not_explained(tmp_path: Path) -> None:
    (tmp_path / "half.png").write_bytes(DEFAULT.read_bytes()[:700])
    with Image.open(tmp_path / "half.png") as half, pytest.raises(NotAPicture):
        explain(half)


# Contributions


def shapley(pipeline: Any, row: tuple[float, ...]) -> list[float]:
    """By the definition: what a feature adds to each coalition of the others, which are else at their means."""
    means = pipeline.steps[0][1].mean_
    count = len(row)

    def score(coalition: set[int]) -> float:
        mixed = [row[index] if index in coalition else means[index] for index in range(count)]
        return float(pipeline.decision_function([mixed])[0])

    values = []
    for index in range(count):
        others = [other for other in range(count) if other != index]
        coalitions = [set(chosen) for size in range(count) for chosen in combinations(others, size)]
        values.append(
            sum(
                (score(coalition | {index}) - score(coalition))
                * math.factorial(len(coalition))
                * math.factorial(count - len(coalition) - 1)
                / math.factorial(count)
                for coalition in coalitions
            )
        )
    return values


@pytest.mark.parametrize("source", ["shipped", "another"])
def test_contributions_are_shapley_values_over_all_coalitions(source: str, picture: Image.Image) -> None:
    pipeline = joblib.load(MODEL) if source == "shipped" else linear((0.01, -2.0, 3.0), (50.0, 2.0, 0.3), -1.5)
    found = explain(picture, Classifier(pipeline))
    expected = shapley(pipeline, found.verdict.features.row())
    assert [one.log_odds for one in found.contributions] == pytest.approx(expected, abs=1e-9)
    assert found.base == pytest.approx(float(pipeline.decision_function([pipeline.steps[0][1].mean_])[0]), abs=1e-9)


def test_base_and_contributions_add_up_to_the_models_score(picture: Image.Image) -> None:
    found = explain(picture)
    total = found.base + sum(one.log_odds for one in found.contributions)
    assert total == pytest.approx(found.score, abs=1e-9)
    row = [found.verdict.features.row()]
    assert total == pytest.approx(float(joblib.load(MODEL).decision_function(row)[0]), abs=1e-9)
    assert found.verdict.probability == pytest.approx(1 / (1 + math.exp(-total)), abs=1e-12)


def test_averages_are_told_as_features_are_measured() -> None:
    measured = Features(github_grey=416, distinct_colors=8, identicon_error=0.25)
    found = explain(decoding.read(DEFAULT), Classifier(linear((1.0, 1.0, 1.0), measured.row(), 0.0)))
    assert [one.average for one in found.contributions] == pytest.approx(list(dataclasses.astuple(measured)))


def test_a_picture_that_is_average_in_everything_starts_and_ends_at_the_same_score() -> None:
    picture = decoding.read(DEFAULT)
    found = explain(picture, Classifier(linear((1.0, 2.0, 3.0), features.extract(picture).row(), 0.7)))
    assert [one.log_odds for one in found.contributions] == pytest.approx([0, 0, 0], abs=1e-12)
    assert found.score == pytest.approx(found.base)


# Where picture and identicon differ


def test_an_identicon_differs_nowhere_from_itself_and_the_corners_are_not_looked_at() -> None:
    found = explain(decoding.read(DEFAULT)).difference
    centre = (np.arange(SAMPLE) + 0.5) / SAMPLE - 0.5
    outside = np.add.outer(centre**2, centre**2) > RADIUS**2
    assert found.shape == (SAMPLE, SAMPLE)
    np.testing.assert_array_equal(np.isnan(found), outside)
    assert found[~outside].max() == 0


def test_a_cell_of_another_color_differs_and_nothing_else_does() -> None:
    own = Identicon(".###./.###./.###./.###./.###.", (90, 89, 215))
    picture = own.draw()
    ImageDraw.Draw(picture).rectangle((175, 175, 245, 245), fill=GITHUB_GREY)
    found = identicon.difference(picture, own)
    differing = np.zeros((SAMPLE, SAMPLE), dtype=bool)
    differing[10:14, 10:14] = True
    np.testing.assert_array_equal(found > 0.1, differing)
    assert np.nanmax(found[~differing]) == 0


def test_differences_are_relative_to_the_pictures_own_deviation_from_grey(picture: Image.Image) -> None:
    found = explain(picture)
    mean_square = float(np.nanmean(found.difference**2))
    # Steady differences come on top of these in the error, which ends at 1.
    assert found.fit.error == 1 or 0.4 * found.fit.error**2 <= mean_square <= found.fit.error**2


def test_a_blur_of_the_thumbnail_itself_is_no_difference() -> None:
    own = identicon.for_account(12377479)
    sharp, blurred = (own.draw().resize((20, 20), way) for way in (Image.Resampling.NEAREST, Image.Resampling.BICUBIC))
    assert np.nanmean(identicon.difference(blurred, own)) < np.nanmean(identicon.difference(sharp, own)) / 2


def test_differences_want_rgb() -> None:
    with pytest.raises(ValueError, match="mode is L: make it RGB"):
        identicon.difference(Image.new("L", (24, 24)), identicon.for_account(1))


# In words


def test_in_words_the_weightiest_comes_first() -> None:
    pipeline = linear((0.0001, -1.0, 10.0), (20.0, math.log(4), 0.5), 0.5)
    assert as_text(explain(decoding.read(DEFAULT), Classifier(pipeline))).splitlines() == [
        "Custom avatar, 54.0 % sure (log-odds -0.2).",
        "Identicon error (0 to 1): 0.00, average 0.25; supports custom (-5.0).",
        "Distinct colors: 2, average 4; supports default (+0.7).",
        "GitHub-grey pixels (of 576): 320, average 20; no effect.",
    ]


@pytest.mark.parametrize(
    ("score", "said"),
    [
        (-40.0, "Custom avatar, over 99.9 % sure (log-odds -40.0)."),
        (-6.9, "Custom avatar, 99.9 % sure (log-odds -6.9)."),
        (-0.04, "Custom avatar, 51.0 % sure (log-odds 0.0)."),
        (0.0, "Custom avatar, 50.0 % sure (log-odds 0.0)."),
        (0.4, "Default avatar, 59.9 % sure (log-odds +0.4)."),
        (6.95, "Default avatar, over 99.9 % sure (log-odds +7.0)."),
        (900.0, "Default avatar, over 99.9 % sure (log-odds +900.0)."),
    ],
)
def test_nothing_is_said_to_be_wholly_sure(score: float, said: str) -> None:
    constant = Classifier(linear((0.0, 0.0, 0.0), (0.0, 0.0, 0.0), score))
    assert as_text(explain(decoding.read(DEFAULT), constant)).splitlines()[0] == said


# Drawn


def test_drawing_gives_the_same_pixels_every_time(picture: Image.Image) -> None:
    found = explain(picture)
    first = draw(found)
    assert (first.mode, first.size) == ("RGB", SIZE)
    assert first.tobytes() == draw(found).tobytes()
    assert found.picture.tobytes() == picture.tobytes()


def test_nothing_runs_into_the_margins_or_from_one_picture_into_the_next(picture: Image.Image) -> None:
    pixels = np.asarray(draw(explain(picture)))
    for top, bottom, left, right in ((0, 760, 0, 28), (0, 760, 1185, 1200), (750, 760, 0, 1200)):
        assert (pixels[top:bottom, left:right] == 255).all()
    for left, _ in PANELS[1:]:
        assert (pixels[100:450, left - 20 : left - 2] == 255).all()


def middles(sheet: Image.Image, panel: int, down: int = 5, right: int = 5) -> np.ndarray:
    """One pixel of each sampled one's square in a panel: SAMPLE × SAMPLE × 3."""
    left, top = PANELS[panel]
    pixels = np.asarray(sheet)
    return pixels[top + down : top + SCALE * SAMPLE : SCALE, left + right : left + SCALE * SAMPLE : SCALE]


def test_exactly_the_grey_pixels_of_the_sample_are_dotted(picture: Image.Image) -> None:
    found = explain(picture)
    sheet = draw(found)
    sample = np.asarray(found.sample)
    grey = (sample == GITHUB_GREY).all(axis=-1)
    assert grey.sum() == found.verdict.features.github_grey
    np.testing.assert_array_equal(middles(sheet, 1, down=1, right=1), sample)
    np.testing.assert_array_equal(middles(sheet, 1), np.where(grey[..., None], INK, sample))


def test_the_picture_the_identicon_and_the_differences_are_shown() -> None:
    found = explain(PICTURES["default as a small JPEG"]())
    sheet = draw(found)
    np.testing.assert_array_equal(middles(sheet, 0), np.asarray(found.picture))
    np.testing.assert_array_equal(middles(sheet, 2), np.asarray(identicon.sample(found.fit.draw())))
    seen = ~np.isnan(found.difference)
    shades = np.rint(255 * (1 - found.difference[seen].clip(0, 1)))
    np.testing.assert_array_equal(middles(sheet, 3, down=1, right=1)[seen], np.repeat(shades[:, None], 3, axis=1))


def test_bars_go_to_the_side_that_they_speak_for_and_are_as_long_as_they_weigh(picture: Image.Image) -> None:
    found = explain(picture)
    pixels = np.asarray(draw(found))
    said = [found.base, *(one.log_odds for one in found.contributions), found.score]
    colors = [tuple(bytes.fromhex(COLORS[label][1:])) for label in ("custom", "default")]
    lengths = []
    for row, log_odds in zip(ROWS, said, strict=True):
        custom, default = ((pixels[row] == color).all(axis=-1) for color in colors)
        assert not (default if log_odds < 0 else custom).any()
        assert not custom[AXIS:].any()
        assert not default[:AXIS].any()
        lengths.append(int((default | custom).sum()))
    assert lengths == pytest.approx([abs(log_odds) * max(lengths) / max(map(abs, said)) for log_odds in said], abs=2)


@pytest.mark.parametrize(("weight", "told"), [(1.0, True), (0.0, False), (-1.0, False)])
def test_many_colors_are_called_an_excuse_only_where_the_model_takes_them_for_one(weight: float, told: bool) -> None:
    found = explain(decoding.read(DEFAULT), Classifier(linear((0.0, weight, -1.0), (0.0, 1.0, 0.5), 0.0)))
    assert (np.asarray(draw(found))[722:750] < 255).any() == told


def test_a_difference_that_the_sample_misses_is_told() -> None:
    names = ("default", "default of no cell", "a difference that the sample misses")
    usual, blank, unseen = (np.asarray(draw(explain(PICTURES[name]())))[411:435, 925:] for name in names)
    assert (usual == blank).all()
    assert (usual != unseen).any()
