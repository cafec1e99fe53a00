import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from github_avatars import features, identicon
from github_avatars.classifier import MODEL, Classifier, Picture, Verdict, classify, classify_all, shipped
from github_avatars.errors import NotAPicture, TooLarge
from github_avatars.explanation import explain
from github_avatars.features import Features
from github_avatars.identicon import GITHUB_GREY, Identicon
from github_avatars.picture import decoding
from github_avatars.training import dataset
from tests.support.models import fitted_pipeline, random_features

AVATARS = MODEL.parent / "avatars"


@pytest.mark.parametrize(
    "file",
    [
        *("photo-landscape-0.jpg", "photo-greyscale-0.jpg", "photo-pale-0.webp", "logo-0.png", "plain-4.gif"),
        *("transparent-0.png", "transparent-1.png", "transparent-3.png", "palette-0.png", "line-drawing-2.png"),
        "code-6.png",
    ],
)
def test_path_bytes_and_image_get_the_same_verdict(file: str) -> None:
    path = AVATARS / "custom" / file
    verdict = classify(path)
    assert classify(str(path)) == verdict
    assert classify(path.read_bytes()) == verdict
    with path.open("rb") as opened:
        assert classify(opened) == verdict
    with Image.open(path) as picture:
        image_verdict = classify(picture)
    if picture.format == "JPEG":  # files are decoded at reduced size
        assert image_verdict.label == verdict.label
        assert image_verdict.features.identicon_error == pytest.approx(verdict.features.identicon_error, abs=0.05)
    else:
        assert image_verdict == verdict


def test_batch_equals_single_verdicts() -> None:
    originals = [AVATARS / example.file for example in dataset.read_index(AVATARS)[::24]]
    thumbnails = [decoding.read(path).resize((side, 33)) for path in originals for side in (16, 59, 64)]
    blank = Image.new("RGB", (420, 420), GITHUB_GREY)
    pictures: list[Picture] = [blank, *originals, *thumbnails, *originals, blank]
    assert classify_all(pictures) == [classify(picture) for picture in pictures]
    assert classify_all([]) == []


def test_batch_contains_errors_in_their_place(tmp_path: Path) -> None:
    pictures: list[Picture] = [b"", identicon.render(1), tmp_path / "absent.png", identicon.render(2), b"GIF89a"]
    results = classify_all(iter(pictures))
    assert [type(result) for result in results] == [NotAPicture, Verdict, NotAPicture, Verdict, NotAPicture]
    for result, picture in zip(results, pictures, strict=True):
        if isinstance(result, NotAPicture):
            with pytest.raises(NotAPicture) as raised:
                classify(picture)
            assert str(result) == str(raised.value)


def test_unusable_picture_raises_not_a_picture(tmp_path: Path) -> None:
    path = tmp_path / "page.png"
    path.write_text("<!DOCTYPE html>")
    pages: list[Picture] = [path, str(path), path.read_bytes()]
    for page in pages:
        with pytest.raises(NotAPicture):
            classify(page)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_array_gets_the_verdict_of_its_image(mode: str) -> None:
    for picture in (identicon.render(583231).convert(mode), Image.open(AVATARS / "custom/logo-0.png").convert(mode)):
        array = np.asarray(picture)
        verdict = classify(picture)
        assert classify(array) == verdict
        assert classify(np.asfortranarray(array)) == verdict
        assert classify(array[::-1][::-1]) == verdict
        assert classify_all([array, picture]) == [verdict, verdict]


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((24, 24), np.uint8),
        np.zeros((24, 24, 2), np.uint8),
        np.zeros((3, 24, 24), np.uint8),
        np.zeros((24, 24, 3), np.float32),
        np.zeros((24, 24, 3), np.uint16),
        np.zeros((0, 24, 3), np.uint8),
        np.zeros((2, 24, 24, 3), np.uint8),
    ],
)
def test_array_of_another_shape_or_type_is_refused(array: Picture) -> None:
    with pytest.raises(NotAPicture, match=r"is an array of shape .*: give height × width × 3 \(RGB\) or 4 \(RGBA\)"):
        classify(array)


def test_huge_array_is_refused() -> None:
    with pytest.raises(TooLarge):
        classify(np.broadcast_to(np.uint8(0), (100_000, 100_000, 3)))


class Trickle(io.BytesIO):
    """A file that returns at most 100 bytes at once."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(size or 100, 100))


def test_open_file_is_read_from_its_position_on(tmp_path: Path) -> None:
    path = AVATARS / "custom/logo-0.png"
    data = path.read_bytes()
    file = io.BytesIO(b"before" + data)
    file.seek(6)
    assert classify(file) == classify(data)
    assert classify(Trickle(data)) == classify(data)
    with pytest.raises(TooLarge):
        classify(io.BytesIO(bytes(decoding.MAX_BYTES + 1)))
    with path.open("rb") as closed, (tmp_path / "new").open("wb") as written:
        closed.close()
        unusable: list[Any] = [io.StringIO("text"), closed, written, io.BytesIO()]
        for each in unusable:
            with pytest.raises(NotAPicture):
                classify(each)


def test_identicon_is_default_in_any_mode() -> None:
    for mode in ("RGB", "RGBA", "P", "CMYK"):
        picture = identicon.render(583231).convert(mode, palette=Image.Palette.ADAPTIVE)
        assert classify(picture).label == "default"


def test_exif_orientation_of_an_image_is_applied() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    rotated = io.BytesIO()
    identicon.render(9919).rotate(90).save(rotated, "PNG", exif=exif)
    with Image.open(rotated) as picture:
        assert classify(picture).features.identicon_error == 0
        assert classify(picture) == classify(rotated.getvalue())


def test_every_drawn_avatar_gets_its_label() -> None:
    examples = dataset.read_index(AVATARS)
    missed = [example.file for example in examples if classify(AVATARS / example.file).label != example.label]
    # None today. More than 1 in 300 means that the model distinguishes less than before.
    assert len(missed) <= len(examples) // 300, missed


def two_tone_logo() -> Image.Image:
    logo = Image.new("RGB", (460, 460), "#1D1D1F")
    ImageDraw.Draw(logo).regular_polygon((230, 230, 170), 3, fill="#FFFFFF")
    return logo


def ellipse_on_github_grey(box: tuple[int, int, int, int]) -> Image.Image:
    drawing = Image.new("RGB", (420, 420), GITHUB_GREY)
    ImageDraw.Draw(drawing).ellipse(box, fill="#6778D1")
    return drawing


CUSTOM: dict[str, Callable[[], Image.Image]] = {
    "large drawing on GitHub grey": lambda: ellipse_on_github_grey((90, 60, 330, 360)),
    "dot on GitHub grey": lambda: ellipse_on_github_grey((100, 100, 160, 160)),
    "two-color logo": two_tone_logo,
    "grid that is not mirrored": lambda: Identicon("##..#/.##../..##./#...#/.##.#", (0x67, 0x79, 0xD1)).draw(),
    "one color": lambda: Image.new("RGB", (460, 460), "#FFFFFF"),
    "one color near GitHub grey": lambda: Image.new("RGB", (460, 460), (241, 241, 241)),
}


@pytest.mark.parametrize("draw", CUSTOM.values(), ids=CUSTOM)
@pytest.mark.parametrize("side", [420, 64])
def test_picture_with_one_property_of_an_identicon_is_custom(draw: Callable[[], Image.Image], side: int) -> None:
    assert classify(draw().resize((side, side), Image.Resampling.LANCZOS)).label == "custom"


@pytest.mark.parametrize("account_id", [1, 9919, 583231, 112612, 61034633])
@pytest.mark.parametrize("side", [420, 128, 64, 40])
def test_thumbnails_of_identicons_are_default(account_id: int, side: int) -> None:
    thumbnail = identicon.render(account_id).resize((side, side), Image.Resampling.LANCZOS)
    jpeg = io.BytesIO()
    thumbnail.save(jpeg, "JPEG", quality=75)
    assert classify(thumbnail).label == "default"
    assert classify(jpeg.getvalue()).label == "default"


@given(
    st.integers(0, 576), st.integers(1, 576), st.floats(0, 1), st.integers(0, 576), st.integers(1, 576), st.floats(0, 1)
)
def test_more_grey_fewer_colors_and_a_smaller_error_never_make_default_less_likely(
    grey: int, colors: int, error: float, other_grey: int, other_colors: int, other_error: float
) -> None:
    def probability(*values: float) -> float:
        return shipped().classify(Features(*values)).probability  # type: ignore[arg-type]

    likeliest = max(grey, other_grey), min(colors, other_colors), min(error, other_error)
    for single in ((likeliest[0], colors, error), (grey, likeliest[1], error), (grey, colors, likeliest[2])):
        assert probability(*single) >= probability(grey, colors, error)


def test_every_feature_of_an_original_supports_default() -> None:
    for account_id in (1, 9919, 583231, 112612):
        contributions = explain(identicon.render(account_id)).contributions
        assert all(each.log_odds > 0 for each in contributions), account_id


def test_given_classifier_is_used_instead_of_the_shipped_one() -> None:
    picture = identicon.render(1).resize((40, 40), Image.Resampling.LANCZOS)
    given = Classifier(fitted_pipeline())
    verdict = given.classify(features.extract(picture))
    assert classify(picture, given) == verdict
    assert classify_all([picture], given) == [verdict]
    assert classify(picture).probability != verdict.probability


@pytest.mark.parametrize("source", ["fitted here", "shipped"])
def test_scores_equal_those_of_scikit_learn(source: str) -> None:
    pipeline = joblib.load(MODEL) if source == "shipped" else fitted_pipeline()
    classifier = Classifier(pipeline)
    rows = [measured.row() for measured in random_features()]
    scores = [classifier.score(measured) for measured in random_features()]
    verdicts = [classifier.classify(measured) for measured in random_features()]
    np.testing.assert_allclose(scores, pipeline.decision_function(rows), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(
        [verdict.probability for verdict in verdicts], pipeline.predict_proba(rows)[:, 1], rtol=0, atol=1e-9
    )
    assert [verdict.label == "default" for verdict in verdicts] == pipeline.predict(rows).tolist()
    assert len({verdict.label for verdict in verdicts}) == 2


@pytest.mark.parametrize(
    ("score", "label", "probability"),
    [(1e308, "default", 1), (0, "custom", 0.5), (-699, "custom", 2.7e-304), (-701, "custom", 0), (-1e308, "custom", 0)],
)
def test_extreme_scores_do_not_overflow(score: float, label: str, probability: float) -> None:
    scaler = StandardScaler().fit([[0.0] * 3, [2.0] * 3])
    regression = LogisticRegression()
    regression.coef_, regression.intercept_ = np.zeros((1, 3)), np.array([float(score)])
    verdict = Classifier(make_pipeline(scaler, regression)).classify(Features(0, 1, 0.0))
    assert verdict.label == label
    assert verdict.probability == pytest.approx(probability, rel=0.02)
