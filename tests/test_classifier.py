import dataclasses
import hashlib
import io
import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path

import joblib
import numpy as np
import pytest
import sklearn
from PIL import Image, ImageDraw
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

import github_avatars
from github_avatars import classifier, dataset, features, identicon, image
from github_avatars.classifier import MODEL, Classifier, Verdict, classify, classify_all
from github_avatars.errors import BadModel, NotAPicture
from github_avatars.features import Features
from github_avatars.identicon import GITHUB_GREY, Identicon

AVATARS = MODEL.parent / "avatars"


def many() -> list[Features]:
    """Features of every size, more of them than training sees."""
    dice = np.random.default_rng(0)
    return [
        Features(int(grey), int(colors), float(error))
        for grey, colors, error in zip(
            dice.integers(0, 577, 2000), dice.integers(1, 577, 2000), dice.random(2000) ** 2, strict=True
        )
    ]


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    """A classifier that takes a small error for "default", fitted to features at random, with some labels wrong."""
    measured = many()
    labels = [found.identicon_error < 0.15 or number % 20 == 0 for number, found in enumerate(measured)]
    return make_pipeline(StandardScaler(), LogisticRegression()).fit([found.row() for found in measured], labels)


@pytest.fixture
def model(tmp_path: Path, pipeline: Pipeline) -> Path:
    path = tmp_path / "model.pkl"
    classifier.save(pipeline, path, {"versions": {"scikit-learn": sklearn.__version__}, "note": "for a test"})
    return path


# Verdicts


@pytest.mark.parametrize(
    "file",
    [
        "photo-landscape-0.jpg",
        "photo-greyscale-0.jpg",
        "photo-pale-0.webp",
        "logo-0.png",
        "plain-4.gif",
        "transparent-0.png",
        "transparent-1.png",
        "transparent-3.png",
        "palette-0.png",
        "line-drawing-2.png",
        "code-6.png",
    ],
)
def test_a_picture_gets_one_verdict_however_it_is_given(file: str) -> None:
    path = AVATARS / "custom" / file
    verdict = classify(path)
    assert classify(str(path)) == verdict
    assert classify(path.read_bytes()) == verdict
    with Image.open(path) as picture:
        opened = classify(picture)
    if picture.format == "JPEG":
        assert opened.label == verdict.label
        assert opened.features.identicon_error == pytest.approx(verdict.features.identicon_error, abs=0.05)
    else:
        assert opened == verdict


def test_many_pictures_get_the_verdicts_that_each_gets_alone() -> None:
    originals = [AVATARS / example.file for example in dataset.read_index(AVATARS)[::24]]
    thumbnails = [image.read(path).resize((side, 33)) for path in originals for side in (16, 59, 64)]
    blank = Image.new("RGB", (420, 420), GITHUB_GREY)
    pictures = [blank, *originals, *thumbnails, *originals, blank]
    assert classify_all(pictures) == [classify(picture) for picture in pictures]


def test_of_many_pictures_a_bad_one_gets_its_error_in_its_place(tmp_path: Path) -> None:
    pictures = [b"", identicon.render(1), b"<!DOCTYPE html>", tmp_path / "absent.png", identicon.render(2), b"GIF89a"]
    found = classify_all(iter(pictures))
    assert [type(one) for one in found] == [NotAPicture, Verdict, NotAPicture, NotAPicture, Verdict, NotAPicture]
    for one, picture in zip(found, pictures, strict=True):
        if isinstance(one, NotAPicture):
            with pytest.raises(NotAPicture) as raised:
                classify(picture)
            assert str(one) == str(raised.value)


def test_no_pictures_get_no_verdicts() -> None:
    assert classify_all([]) == []


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "CMYK"])
def test_an_identicon_is_default_in_any_mode(mode: str) -> None:
    picture = identicon.render(583231).convert(mode, palette=Image.Palette.ADAPTIVE)
    assert classify(picture).label == "default"


def test_a_pillow_picture_is_turned_upright_first() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    lying = io.BytesIO()
    identicon.render(9919).rotate(90).save(lying, "PNG", exif=exif)
    with Image.open(lying) as picture:
        assert classify(picture).features.identicon_error == 0
        assert classify(picture) == classify(lying.getvalue())


def test_every_example_is_judged_as_it_is_labelled() -> None:
    examples = dataset.read_index(AVATARS)
    missed = [example.file for example in examples if classify(AVATARS / example.file).label != example.label]
    # None today. More than 1 in 300 means that the model has lost something that it could tell apart.
    assert len(missed) <= len(examples) // 300, missed


def two_tone_logo() -> Image.Image:
    logo = Image.new("RGB", (460, 460), "#1D1D1F")
    ImageDraw.Draw(logo).regular_polygon((230, 230, 170), 3, fill="#FFFFFF")
    return logo


def drawing_on_github_grey() -> Image.Image:
    drawing = Image.new("RGB", (420, 420), GITHUB_GREY)
    ImageDraw.Draw(drawing).ellipse((90, 60, 330, 360), fill="#6778D1")
    return drawing


def dot_on_github_grey() -> Image.Image:
    dot = Image.new("RGB", (420, 420), GITHUB_GREY)
    ImageDraw.Draw(dot).ellipse((100, 100, 160, 160), fill="#6778D1")
    return dot


CUSTOM = {
    "a drawing on GitHub grey": drawing_on_github_grey,
    "a two-colour logo": two_tone_logo,
    "a grid that is not mirrored": lambda: Identicon("##..#/.##../..##./#...#/.##.#", (0x67, 0x79, 0xD1)).draw(),
    "a dot on GitHub grey": dot_on_github_grey,
    "one colour": lambda: Image.new("RGB", (460, 460), "#FFFFFF"),
    "one nearly GitHub grey": lambda: Image.new("RGB", (460, 460), (241, 241, 241)),
}


@pytest.mark.parametrize("draw", CUSTOM.values(), ids=CUSTOM)
@pytest.mark.parametrize("side", [420, 64])
def test_what_resembles_an_identicon_in_one_way_only_is_custom(draw: Callable[[], Image.Image], side: int) -> None:
    assert classify(draw().resize((side, side), Image.Resampling.LANCZOS)).label == "custom"


@pytest.mark.parametrize("account_id", [1, 9919, 583231, 112612, 61034633])
@pytest.mark.parametrize("side", [420, 128, 64, 40])
def test_identicons_and_their_thumbnails_are_default(account_id: int, side: int) -> None:
    thumbnail = identicon.render(account_id).resize((side, side), Image.Resampling.LANCZOS)
    jpeg = io.BytesIO()
    thumbnail.save(jpeg, "JPEG", quality=75)
    assert classify(thumbnail).label == "default"
    assert classify(jpeg.getvalue()).label == "default"


def test_what_is_no_picture_gets_no_verdict(tmp_path: Path) -> None:
    path = tmp_path / "page.png"
    path.write_text("<!DOCTYPE html>")
    for page in (path, str(path), path.read_bytes()):
        with pytest.raises(NotAPicture):
            classify(page)


def test_a_given_classifier_judges_instead_of_the_shipped_one(pipeline: Pipeline) -> None:
    picture = identicon.render(1).resize((40, 40), Image.Resampling.LANCZOS)
    given = Classifier(pipeline)
    assert classify(picture, given) == given.judge(features.extract(picture))
    assert classify(picture, given).probability != classify(picture).probability


def test_the_public_names() -> None:
    assert github_avatars.__all__ == ["Verdict", "classify", "classify_all"]
    assert github_avatars.classify is classify
    assert github_avatars.Verdict is Verdict


def test_a_verdict_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        classify(identicon.render(1)).label = "custom"


# Scores


@pytest.mark.parametrize("source", ["fitted here", "shipped"])
def test_scores_are_those_of_scikit_learn(source: str, pipeline: Pipeline) -> None:
    theirs = joblib.load(MODEL) if source == "shipped" else pipeline
    ours = Classifier(theirs)
    rows = [found.row() for found in many()]
    verdicts = [ours.judge(found) for found in many()]
    np.testing.assert_allclose(
        [ours.score(found) for found in many()], theirs.decision_function(rows), rtol=1e-9, atol=1e-9
    )
    np.testing.assert_allclose(
        [verdict.probability for verdict in verdicts], theirs.predict_proba(rows)[:, 1], rtol=0, atol=1e-9
    )
    assert [verdict.label == "default" for verdict in verdicts] == theirs.predict(rows).tolist()
    assert len({verdict.label for verdict in verdicts}) == 2


@pytest.mark.parametrize(
    ("score", "label", "probability"),
    [
        (1e308, "default", 1),
        (745, "default", 1),
        (0, "custom", 0.5),
        (-699, "custom", 2.7e-304),
        (-701, "custom", 0),
        (-745, "custom", 0),
        (-1e308, "custom", 0),
    ],
)
def test_extreme_scores_give_probabilities_and_no_overflow(score: float, label: str, probability: float) -> None:
    scaler = StandardScaler().fit([[0.0] * 3, [2.0] * 3])
    regression = LogisticRegression()
    regression.coef_, regression.intercept_ = np.zeros((1, 3)), np.array([float(score)])
    verdict = Classifier(make_pipeline(scaler, regression)).judge(Features(0, 1, 0.0))
    assert (verdict.label, verdict.probability) == (label, pytest.approx(probability, rel=0.02))


# The file


def test_a_saved_classifier_is_loaded_again(model: Path, pipeline: Pipeline) -> None:
    loaded, ours = classifier.load(model), Classifier(pipeline)
    assert (loaded.weights, loaded.intercept) == (ours.weights, ours.intercept)
    assert sorted(path.name for path in model.parent.iterdir()) == ["model.json", "model.pkl"]


def test_a_saved_card_keeps_what_it_was_given_and_vouches_for_the_file(model: Path) -> None:
    assert json.loads(classifier.card_of(model).read_text()) == {
        "sha256": hashlib.sha256(model.read_bytes()).hexdigest(),
        "versions": {"scikit-learn": sklearn.__version__},
        "note": "for a test",
    }


def test_saving_overwrites_both_files(model: Path, pipeline: Pipeline) -> None:
    model.write_bytes(b"old")
    classifier.card_of(model).write_text("old")
    classifier.save(pipeline, model, {"versions": {"scikit-learn": sklearn.__version__}})
    assert classifier.load(model).weights == Classifier(pipeline).weights


def test_the_shipped_classifier_is_loaded_once() -> None:
    assert classifier.shipped() is classifier.shipped()
    assert len(classifier.shipped().weights) == len(features.NAMES)


@pytest.mark.parametrize("missing", ["model.pkl", "model.json"])
def test_a_missing_file_is_refused_by_name(model: Path, missing: str) -> None:
    path = model.with_name(missing)
    path.unlink()
    with pytest.raises(BadModel, match="script/train") as caught:
        classifier.load(model)
    assert str(caught.value).startswith(f"{path} cannot be read (No such file or directory)")


@pytest.mark.parametrize(
    "card",
    [
        b"",
        b"not JSON",
        b'{"sha256": ',
        b"[]",
        b"null",
        b"7",
        b'"text"',
        b"{}",
        b'{"sha256": "0"}',
        b'{"versions": {"scikit-learn": "1"}}',
        b'{"sha256": "0", "versions": {}}',
        b'{"sha256": "0", "versions": []}',
        b'{"sha256": "0", "versions": null}',
        b"\xff\xfe\x00",
    ],
    ids=repr,
)
def test_a_damaged_card_is_refused_by_name(model: Path, card: bytes) -> None:
    path = classifier.card_of(model)
    path.write_bytes(card)
    with pytest.raises(BadModel, match="script/train") as caught:
        classifier.load(model)
    assert str(caught.value).startswith(f"{path} is not a model's card (")


@pytest.mark.parametrize("share", [0, 0.3, 0.7, 1])
def test_a_flipped_bit_is_refused(model: Path, share: float) -> None:
    data = bytearray(model.read_bytes())
    data[round(share * (len(data) - 1))] ^= 1
    model.write_bytes(data)
    with pytest.raises(BadModel, match=r"model\.pkl is not the file that model\.json vouches for.*script/train"):
        classifier.load(model)


class Bomb:
    """Makes a folder where it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.folder),)


def test_no_code_of_a_file_that_the_card_does_not_vouch_for_is_executed(model: Path) -> None:
    trace = model.with_name("executed")
    bomb = pickle.dumps(Bomb(trace))
    model.write_bytes(bomb)
    with pytest.raises(BadModel, match="sha256"):
        classifier.load(model)
    assert not trace.exists()
    pickle.loads(bomb)
    assert trace.exists(), "the file must be one that would have done it"


def test_another_scikit_learn_is_refused_by_both_versions_before_anything_is_unpickled(model: Path) -> None:
    trace = model.with_name("executed")
    model.write_bytes(pickle.dumps(Bomb(trace)))
    card = {"sha256": hashlib.sha256(model.read_bytes()).hexdigest(), "versions": {"scikit-learn": "0.23.1"}}
    classifier.card_of(model).write_text(json.dumps(card))
    with pytest.raises(BadModel) as caught:
        classifier.load(model)
    for part in (str(model), "0.23.1", sklearn.__version__, "script/train"):
        assert part in str(caught.value)
    assert not trace.exists()


def test_the_shipped_card_names_the_features_and_weights_of_the_shipped_classifier() -> None:
    card = json.loads(classifier.card_of(MODEL).read_text())
    shipped = classifier.shipped()
    assert tuple(card["features"]) == features.NAMES
    assert tuple(card["weights"].values()) == pytest.approx(shipped.weights)
    assert card["intercept"] == pytest.approx(shipped.intercept)
