import copy
import dataclasses
import hashlib
import io
import json
import math
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
import sklearn
from PIL import Image, ImageDraw
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

import github_avatars
from github_avatars import classifier, features, identicon
from github_avatars.classifier import MODEL, Classifier, Verdict, classify, classify_all
from github_avatars.errors import BadModel, NotAPicture
from github_avatars.features import Features
from github_avatars.identicon import GITHUB_GREY, Identicon
from github_avatars.picture import decoding
from github_avatars.training import dataset

AVATARS = MODEL.parent / "avatars"


Change = Callable[[dict[str, Any]], object]


def card_for(pipeline: Pipeline) -> dict[str, Any]:
    """What `load` wants a card to say of a pipeline, and a note for people."""
    ours = Classifier(pipeline)
    return {
        "versions": {"scikit-learn": sklearn.__version__},
        "features": list(features.NAMES),
        "weights": dict(zip(features.NAMES, ours.weights, strict=True)),
        "means": dict(zip(features.NAMES, ours.means, strict=True)),
        "intercept": ours.intercept,
        "note": "for a test",
    }


def edit(model: Path, change: Change) -> None:
    """Change the card of a model in place."""
    path = classifier.card_path(model)
    card = json.loads(path.read_bytes())
    change(card)
    path.write_text(json.dumps(card))


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
    classifier.save(pipeline, path, card_for(pipeline))
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
    thumbnails = [decoding.read(path).resize((side, 33)) for path in originals for side in (16, 59, 64)]
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
    assert classify(picture, given) == given.classify(features.extract(picture))
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
    verdicts = [ours.classify(found) for found in many()]
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
    verdict = Classifier(make_pipeline(scaler, regression)).classify(Features(0, 1, 0.0))
    assert (verdict.label, verdict.probability) == (label, pytest.approx(probability, rel=0.02))


# The file


def test_a_saved_classifier_is_loaded_again(model: Path, pipeline: Pipeline) -> None:
    loaded, ours = classifier.load(model), Classifier(pipeline)
    assert (loaded.weights, loaded.intercept) == (ours.weights, ours.intercept)
    assert sorted(path.name for path in model.parent.iterdir()) == ["model.json", "model.pkl"]


def test_a_saved_card_keeps_what_it_was_given_and_vouches_for_the_file(model: Path, pipeline: Pipeline) -> None:
    assert json.loads(classifier.card_path(model).read_text()) == {
        "sha256": hashlib.sha256(model.read_bytes()).hexdigest(),
        **card_for(pipeline),
    }


def test_saving_overwrites_both_files(model: Path, pipeline: Pipeline) -> None:
    model.write_bytes(b"old")
    classifier.card_path(model).write_text("old")
    classifier.save(pipeline, model, card_for(pipeline))
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
    "content",
    [b"", b"not JSON", b'{"sha256": ', b"[]", b"null", b"7", b'"text"', b"{}", b"\xff\xfe\x00", b"[" * 100_000],
    ids=lambda content: repr(content[:20]),
)
def test_a_damaged_card_is_refused_by_name(model: Path, content: bytes) -> None:
    path = classifier.card_path(model)
    path.write_bytes(content)
    with pytest.raises(BadModel, match="script/train") as caught:
        classifier.load(model)
    assert str(caught.value).startswith(f"{path} is not a model's card (")


NEEDED = ["sha256", "versions", "features", "weights", "means", "intercept"]
"""What `load` reads of a card."""


@pytest.mark.parametrize("field", NEEDED)
def test_a_card_without_a_field_that_matters_is_refused_by_name(model: Path, field: str) -> None:
    edit(model, lambda card: card.pop(field))
    with pytest.raises(
        BadModel, match=rf"model\.json is not a model's card \(KeyError\('{field}'\)\)\. Run script/train"
    ):
        classifier.load(model)


@pytest.mark.parametrize("value", [None, 7, "text", [], {}, [[]], {"github_grey": None}, {"scikit-learn": {}}, 10**400])
@pytest.mark.parametrize("field", NEEDED)
def test_a_field_of_another_kind_is_refused(model: Path, field: str, value: object) -> None:
    edit(model, lambda card: card.update({field: value}))
    with pytest.raises(BadModel, match="script/train"):
        classifier.load(model)


CONTRADICTIONS = {
    "sha256": (lambda card: card.update(sha256="0" * 64), "its sha256 differs"),
    "version": (lambda card: card["versions"].update({"scikit-learn": "0.23.1"}), r"by scikit-learn 0\.23\.1, but "),
    "feature renamed": (lambda card: card["features"].__setitem__(0, "grey"), "tells of other features than github_gr"),
    "feature missing": (lambda card: card["features"].pop(), "tells of other features than"),
    "features in another order": (lambda card: card["features"].reverse(), "tells of other features than"),
    "weight missing": (lambda card: card["weights"].popitem(), "tells of other features than"),
    "weight too many": (lambda card: card["weights"].update(more=1.0), "tells of other features than"),
    "weights of others": (lambda card: card.update(weights={"a": 1, "b": 2, "c": 3}), "tells of other features than"),
    "mean missing": (lambda card: card["means"].popitem(), "tells of other features than"),
    "intercept": (lambda card: card.update(intercept=card["intercept"] + 1e-6), "tells other weights than model.pkl"),
    "intercept that is none": (lambda card: card.update(intercept=math.nan), "tells other weights than model.pkl"),
    **{
        f"{field} of {name}": (
            lambda card, field=field, name=name: card[field].update({name: card[field][name] * 1.000001}),
            r"model\.json tells other weights than model\.pkl holds",
        )
        for field in ("weights", "means")
        for name in features.NAMES
    },
}


@pytest.mark.parametrize(("change", "complaint"), CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_a_card_that_contradicts_the_file_is_refused(model: Path, change: Change, complaint: str) -> None:
    edit(model, change)
    with pytest.raises(BadModel, match=rf"{complaint}.*script/train"):
        classifier.load(model)


def test_what_a_card_says_for_people_only_may_be_edited(model: Path) -> None:
    before = classifier.load(model).weights
    edit(model, lambda card: card.update(trained="yesterday", scores={}, note=None))
    assert classifier.load(model).weights == before


def test_every_single_bit_of_the_file_counts(model: Path) -> None:
    data = model.read_bytes()
    for bit in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        model.write_bytes(flipped)
        with pytest.raises(BadModel, match=r"model\.pkl is not the file that model\.json vouches for.*script/train"):
            classifier.load(model)


def test_a_bit_flipped_in_the_card_changes_no_verdict(model: Path) -> None:
    """It is refused, or falls on what is said for people only: a date, a space, the last digits of a weight."""
    card, intact = classifier.card_path(model), classifier.load(model)
    data = card.read_bytes()
    refused = 0
    for bit in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        card.write_bytes(flipped)
        try:
            loaded = classifier.load(model)
        except BadModel:
            refused += 1
        else:
            assert (loaded.weights, loaded.intercept) == (intact.weights, intact.intercept)
    assert refused > 4 * len(data)


def test_a_file_cut_off_anywhere_is_refused(model: Path) -> None:
    data = model.read_bytes()
    for length in range(len(data)):
        model.write_bytes(data[:length])
        with pytest.raises(BadModel, match=r"sha256 differs.*script/train"):
            classifier.load(model)


# Hostile files


class Bomb:
    """Makes a folder where it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.folder),)


def vouch_for(model: Path, data: bytes) -> None:
    """Put `data` in the place of a model, with the card edited to match it."""
    model.write_bytes(data)
    edit(model, lambda card: card.update(sha256=hashlib.sha256(data).hexdigest()))


def test_no_code_of_a_file_that_the_card_does_not_vouch_for_is_executed(model: Path) -> None:
    trace = model.with_name("executed")
    bomb = pickle.dumps(Bomb(trace))
    model.write_bytes(bomb)
    with pytest.raises(BadModel, match="sha256"):
        classifier.load(model)
    assert not trace.exists()
    pickle.loads(bomb)
    assert trace.exists(), "the file must be one that would have done it"


def test_another_scikit_learn_is_refused_by_both_versions_before_anything_is_unpickled(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[object] = []
    monkeypatch.setattr(classifier, "_Unpickler", read.append)
    edit(model, lambda card: card["versions"].update({"scikit-learn": "0.23.1"}))
    with pytest.raises(BadModel) as caught:
        classifier.load(model)
    for part in (str(model), "0.23.1", sklearn.__version__, "script/train"):
        assert part in str(caught.value)
    assert not read


def in_an_array(pipeline: Pipeline, bomb: Bomb) -> Pipeline:
    hiding = copy.deepcopy(pipeline)
    hiding.steps[0][1].mean_ = np.array([bomb] * 3, object)
    return hiding


def by_joblib(found: object) -> bytes:
    file = io.BytesIO()
    joblib.dump(found, file)
    return file.getvalue()


def by_eval(bomb: Bomb) -> bytes:
    command = f"__import__('os').mkdir({str(bomb.folder)!r})"
    return b"cbuiltins\neval\n(S" + repr(command).encode() + b"\ntR."


HIDING_PLACES: dict[str, Callable[[Pipeline, Bomb], bytes]] = {
    "alone": lambda _, bomb: pickle.dumps(bomb),
    "beside the classifier": lambda pipeline, bomb: pickle.dumps((pipeline, bomb)),
    "in place of a step": lambda pipeline, bomb: pickle.dumps(Pipeline([("a", bomb), pipeline.steps[1]])),
    "in an array": lambda pipeline, bomb: pickle.dumps(in_an_array(pipeline, bomb)),
    "in an array of joblib's": lambda pipeline, bomb: by_joblib(in_an_array(pipeline, bomb)),
    "as text": lambda _, bomb: pickle.dumps(bomb, protocol=0),
    "before a whole classifier": lambda pipeline, bomb: pickle.dumps(bomb, 3)[:-1] + b"0" + pickle.dumps(pipeline, 3),
    "by eval": lambda _, bomb: by_eval(bomb),
}


@pytest.mark.parametrize("hide", HIDING_PLACES.values(), ids=HIDING_PLACES)
def test_no_code_of_a_file_that_the_card_does_vouch_for_is_executed(
    model: Path, pipeline: Pipeline, hide: Callable[[Pipeline, Bomb], bytes]
) -> None:
    trace = model.with_name("executed")
    data = hide(pipeline, Bomb(trace))
    vouch_for(model, data)
    with pytest.raises(BadModel, match=r"model\.pkl does not hold a classifier \(.*it names .*script/train"):
        classifier.load(model)
    assert not trace.exists()
    joblib.load(io.BytesIO(data))
    assert trace.exists(), "the file must be one that would have done it"


def test_what_hangs_on_an_admitted_name_is_not_admitted(model: Path) -> None:
    vouch_for(model, b"\x80\x04\x8c\x10sklearn.pipeline\x8c\x18Pipeline.fit.__globals__\x93.")
    with pytest.raises(BadModel, match=r"it names sklearn\.pipeline\.Pipeline\.fit\.__globals__, which"):
        classifier.load(model)


@pytest.mark.parametrize(
    "make",
    [
        lambda _: b"",
        lambda _: b"not a pickle",
        lambda _: pickle.dumps(None, protocol=4),
        lambda _: pickle.dumps({"steps": []}, protocol=4),
        lambda pipeline: pickle.dumps(pipeline, protocol=4)[:-20],
        lambda pipeline: pickle.dumps(Pipeline(pipeline.steps[:1]), protocol=4),
        lambda pipeline: pickle.dumps(Pipeline(pipeline.steps[::-1]), protocol=4),
        lambda _: pickle.dumps(make_pipeline(StandardScaler(), LogisticRegression()), protocol=4),
        lambda _: b"\x80\x04\x95" + b"\xff" * 8,
    ],
    ids=[
        "empty",
        "text",
        "nothing",
        "a dict",
        "cut off",
        "one step",
        "the wrong way round",
        "unfitted",
        "a huge frame",
    ],
)
def test_what_holds_no_classifier_is_refused(
    model: Path, pipeline: Pipeline, make: Callable[[Pipeline], bytes]
) -> None:
    vouch_for(model, make(pipeline))
    with pytest.raises(BadModel, match=r"model\.pkl does not hold a classifier \(.*script/train"):
        classifier.load(model)


def test_a_classifier_of_fewer_features_is_refused_though_its_numbers_agree_as_far_as_they_go(model: Path) -> None:
    intact = classifier.load(model)
    scaler, regression = StandardScaler().fit([[0.0], [2.0]]), LogisticRegression()
    weight, mean = intact.weights[:2]
    scaler.mean_ = np.array([mean])
    regression.coef_, regression.intercept_ = np.array([[weight]]), np.array([intact.intercept + weight * mean])
    vouch_for(model, pickle.dumps(make_pipeline(scaler, regression), protocol=4))
    with pytest.raises(BadModel, match=r"model\.json tells other weights than model\.pkl holds"):
        classifier.load(model)


def test_nothing_is_admitted_that_a_classifier_does_not_name(model: Path) -> None:
    named = set()

    class Listing(pickle.Unpickler):
        def find_class(self, module: str, name: str) -> object:
            named.add(f"{module}.{name}")
            return super().find_class(module, name)

    Listing(io.BytesIO(model.read_bytes())).load()
    assert named == classifier.ALLOWED_GLOBALS


def test_the_shipped_card_names_the_features_and_weights_of_the_shipped_classifier() -> None:
    card = json.loads(classifier.card_path(MODEL).read_text())
    shipped = classifier.shipped()
    assert tuple(card["features"]) == features.NAMES
    assert tuple(card["weights"].values()) == pytest.approx(shipped.weights)
    assert card["intercept"] == pytest.approx(shipped.intercept)


def test_serving_imports_no_scikit_learn() -> None:
    """In a process of its own, since this one has imported it. It would be most of a cold start."""
    program = (
        "import sys, predict; predict.Predictor().setup(); print(*{name.partition('.')[0] for name in sys.modules})"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=MODEL.parent, capture_output=True, text=True, check=True
    )
    imported = set(ended.stdout.split())
    assert "numpy" in imported
    assert not {"sklearn", "scipy", "joblib"} & imported
