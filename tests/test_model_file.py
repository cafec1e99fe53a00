"""Saving and loading model.pkl with its card; files that do not match their card or contain code are refused."""

import copy
import hashlib
import io
import json
import math
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from operator import methodcaller
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from github_avatars import classifier, features
from github_avatars.classifier import MODEL, Classifier
from github_avatars.errors import BadFile, BadModel
from tests.support.models import card_for, fitted_pipeline

Change = Callable[[dict[str, Any]], object]


@pytest.fixture
def pipeline() -> Pipeline:
    return fitted_pipeline()


@pytest.fixture
def model(tmp_path: Path, pipeline: Pipeline) -> Path:
    path = tmp_path / "model.pkl"
    classifier.save(pipeline, path, card_for(pipeline))
    return path


def edit_card(model: Path, change: Change) -> None:
    path = classifier.card_path(model)
    card = json.loads(path.read_bytes())
    change(card)
    path.write_text(json.dumps(card))


def test_saved_classifier_can_be_loaded_and_overwritten(model: Path, pipeline: Pipeline) -> None:
    assert vars(classifier.load(model)) == vars(Classifier(pipeline))
    assert sorted(path.name for path in model.parent.iterdir()) == ["model.json", "model.pkl"]
    sha256 = hashlib.sha256(model.read_bytes()).hexdigest()
    assert json.loads(classifier.card_path(model).read_text()) == {"sha256": sha256, **card_for(pipeline)}
    model.write_bytes(b"old")
    classifier.card_path(model).write_text("old")
    classifier.save(pipeline, model, card_for(pipeline))
    assert vars(classifier.load(model)) == vars(Classifier(pipeline))


def test_saving_to_a_missing_folder_is_refused(tmp_path: Path, pipeline: Pipeline) -> None:
    with pytest.raises(BadFile, match=r"absent/model\.pkl cannot be written"):
        classifier.save(pipeline, tmp_path / "absent" / "model.pkl", card_for(pipeline))


@pytest.mark.parametrize("name", ["model.pkl", "model.json"])
def test_pipe_instead_of_a_file_is_refused(model: Path, name: str) -> None:
    path = model.with_name(name)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(BadModel, match=rf"{name} cannot be read \(It is not a regular file\)"):
        classifier.load(model)


def test_shipped_classifier_is_loaded_once() -> None:
    shipped = classifier.shipped()
    assert classifier.shipped() is shipped
    assert vars(shipped) == vars(classifier.load(MODEL))


@pytest.mark.parametrize("missing", ["model.pkl", "model.json"])
def test_missing_file_is_refused(model: Path, missing: str) -> None:
    path = model.with_name(missing)
    path.unlink()
    with pytest.raises(BadModel, match="github-avatars train") as caught:
        classifier.load(model)
    assert str(caught.value).startswith(f"{path} cannot be read (No such file or directory)")


@pytest.mark.parametrize(
    "content",
    [b"", b"not JSON", b'{"sha256": ', b"[]", b"null", b"7", b'"text"', b"{}", b"\xff\xfe\x00", b"[" * 100_000],
    ids=lambda content: repr(content[:20]),
)
def test_damaged_card_is_refused(model: Path, content: bytes) -> None:
    path = classifier.card_path(model)
    path.write_bytes(content)
    with pytest.raises(BadModel, match="github-avatars train") as caught:
        classifier.load(model)
    assert str(caught.value).startswith(f"{path} is not a model's card (")


REQUIRED_FIELDS = ["sha256", "features", "weights", "means", "intercept"]


@pytest.mark.parametrize("field", REQUIRED_FIELDS)
def test_card_without_a_required_field_is_refused(model: Path, field: str) -> None:
    edit_card(model, lambda card: card.pop(field))
    with pytest.raises(
        BadModel, match=rf"model\.json is not a model's card \(KeyError\('{field}'\)\)\. Restore both files "
    ):
        classifier.load(model)


@pytest.mark.parametrize("value", [None, 7, "text", [], {}, [[]], {"github_grey": None}, {"scikit-learn": {}}, 10**400])
@pytest.mark.parametrize("field", REQUIRED_FIELDS)
def test_card_field_of_another_type_is_refused(model: Path, field: str, value: object) -> None:
    edit_card(model, lambda card: card.update({field: value}))
    with pytest.raises(BadModel, match="github-avatars train"):
        classifier.load(model)


def increase(field: str, name: str) -> Change:
    return lambda card: card[field].update({name: card[field][name] * 1.000001})


OTHER_FEATURES = r"model\.json lists other features than github_grey"
OTHER_WEIGHTS = r"model\.json lists other weights than model\.pkl contains"

CONTRADICTIONS: dict[str, tuple[Change, str]] = {
    "sha256": (lambda card: card.update(sha256="0" * 64), "its SHA-256 differs"),
    "feature renamed": (lambda card: card["features"].__setitem__(0, "grey"), OTHER_FEATURES),
    "feature missing": (lambda card: card["features"].pop(), OTHER_FEATURES),
    "features in another order": (lambda card: card["features"].reverse(), OTHER_FEATURES),
    "weight missing": (lambda card: card["weights"].popitem(), OTHER_FEATURES),
    "extra weight": (lambda card: card["weights"].update(more=1.0), OTHER_FEATURES),
    "weights of other features": (lambda card: card.update(weights={"a": 1, "b": 2, "c": 3}), OTHER_FEATURES),
    "mean missing": (lambda card: card["means"].popitem(), OTHER_FEATURES),
    "intercept": (lambda card: card.update(intercept=card["intercept"] + 1e-6), OTHER_WEIGHTS),
    "intercept NaN": (lambda card: card.update(intercept=math.nan), OTHER_WEIGHTS),
    **{
        f"{field} of {name}": (increase(field, name), OTHER_WEIGHTS)
        for field in ("weights", "means")
        for name in features.NAMES
    },
}


@pytest.mark.parametrize(("change", "message"), CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_card_that_contradicts_the_file_is_refused(model: Path, change: Change, message: str) -> None:
    edit_card(model, change)
    with pytest.raises(BadModel, match=rf"{message}.*github-avatars train"):
        classifier.load(model)


def test_informative_fields_of_the_card_may_be_edited(model: Path) -> None:
    weights = classifier.load(model).weights
    edit_card(model, lambda card: card.update(trained="yesterday", scores={}, note=None))
    assert classifier.load(model).weights == weights


def test_flipped_bits_of_the_file_are_detected(model: Path) -> None:
    data = model.read_bytes()
    for bit in range(0, 8 * len(data), 61):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        model.write_bytes(flipped)
        with pytest.raises(
            BadModel, match=r"model\.pkl is not the file that model\.json describes.*github-avatars train"
        ):
            classifier.load(model)


def test_flipped_bit_of_the_card_is_detected_or_harmless(model: Path) -> None:
    """A harmless bit is in a note, in white space or in the last digits of a weight."""
    card, expected = classifier.card_path(model), vars(classifier.load(model))
    data = card.read_bytes()
    detected = 0
    for bit in range(0, 8 * len(data), 7):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        card.write_bytes(flipped)
        try:
            assert vars(classifier.load(model)) == expected
        except BadModel:
            detected += 1
    assert detected > len(data) / 2


def test_truncated_file_is_detected(model: Path) -> None:
    data = model.read_bytes()
    for length in range(0, len(data), 37):
        model.write_bytes(data[:length])
        with pytest.raises(BadModel, match=r"SHA-256 differs.*github-avatars train"):
            classifier.load(model)


class Bomb:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.folder),)


def replace_model(model: Path, data: bytes) -> None:
    """Write `data` to the model file, and its hash to the card."""
    model.write_bytes(data)
    edit_card(model, lambda card: card.update(sha256=hashlib.sha256(data).hexdigest()))


def test_nothing_is_unpickled_from_a_file_that_does_not_match_the_card(model: Path) -> None:
    folder = model.with_name("executed")
    bomb = pickle.dumps(Bomb(folder))
    model.write_bytes(bomb)
    with pytest.raises(BadModel, match="SHA-256"):
        classifier.load(model)
    assert not folder.exists()
    pickle.loads(bomb)
    assert folder.exists(), "the file does not contain a working bomb"


def test_version_of_scikit_learn_does_not_matter(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = vars(classifier.load(model))
    for versions in ({"scikit-learn": "0.23.1"}, {}, None):
        edit_card(model, methodcaller("update", versions=versions))
        assert vars(classifier.load(model)) == expected
    for name in [name for name in sys.modules if name.partition(".")[0] in ("sklearn", "joblib", "scipy")]:
        monkeypatch.setitem(sys.modules, name, None)
    assert vars(classifier.load(model)) == expected


def with_array(pipeline: Pipeline, bomb: Bomb) -> Pipeline:
    changed = copy.deepcopy(pipeline)
    changed.steps[0][1].mean_ = np.array([bomb] * 3, object)
    return changed


def joblib_dump(value: object) -> bytes:
    file = io.BytesIO()
    joblib.dump(value, file)
    return file.getvalue()


def eval_pickle(bomb: Bomb) -> bytes:
    command = f"__import__('os').mkdir({str(bomb.folder)!r})"
    return b"cbuiltins\neval\n(S" + repr(command).encode() + b"\ntR."


HIDDEN_BOMBS: dict[str, Callable[[Pipeline, Bomb], bytes]] = {
    "alone": lambda _, bomb: pickle.dumps(bomb),
    "next to the classifier": lambda pipeline, bomb: pickle.dumps((pipeline, bomb)),
    "as a step": lambda pipeline, bomb: pickle.dumps(Pipeline([("a", bomb), pipeline.steps[1]])),
    "in an array": lambda pipeline, bomb: pickle.dumps(with_array(pipeline, bomb)),
    "in an array of joblib": lambda pipeline, bomb: joblib_dump(with_array(pipeline, bomb)),
    "in the text protocol": lambda _, bomb: pickle.dumps(bomb, protocol=0),
    "before the classifier": lambda pipeline, bomb: pickle.dumps(bomb, 3)[:-1] + b"0" + pickle.dumps(pipeline, 3),
    "as a call of eval": lambda _, bomb: eval_pickle(bomb),
}


@pytest.mark.parametrize("hide", HIDDEN_BOMBS.values(), ids=HIDDEN_BOMBS)
def test_no_code_is_executed_from_a_file_that_matches_the_card(
    model: Path, pipeline: Pipeline, hide: Callable[[Pipeline, Bomb], bytes]
) -> None:
    folder = model.with_name("executed")
    data = hide(pipeline, Bomb(folder))
    replace_model(model, data)
    with pytest.raises(
        BadModel, match=r"model\.pkl does not contain a classifier \(.*it refers to .*github-avatars train"
    ):
        classifier.load(model)
    assert not folder.exists()
    joblib.load(io.BytesIO(data))
    assert folder.exists(), "the file does not contain a working bomb"


def test_attributes_of_an_allowed_global_are_refused(model: Path) -> None:
    replace_model(model, b"\x80\x04\x8c\x10sklearn.pipeline\x8c\x18Pipeline.fit.__globals__\x93.")
    with pytest.raises(BadModel, match=r"it refers to sklearn\.pipeline\.Pipeline\.fit\.__globals__, which"):
        classifier.load(model)


def test_allowed_globals_are_those_of_a_classifier(model: Path) -> None:
    names = set()

    class Recorder(pickle.Unpickler):
        def find_class(self, module: str, name: str) -> object:
            names.add(f"{module}.{name}")
            return super().find_class(module, name)

    Recorder(io.BytesIO(model.read_bytes())).load()
    assert names == classifier.ALLOWED_GLOBALS


NOT_CLASSIFIERS: dict[str, Callable[[Pipeline], bytes]] = {
    "empty": lambda _: b"",
    "text": lambda _: b"not a pickle",
    "None": lambda _: pickle.dumps(None, protocol=4),
    "dict": lambda _: pickle.dumps({"steps": []}, protocol=4),
    "truncated": lambda pipeline: pickle.dumps(pipeline, protocol=4)[:-20],
    "one step": lambda pipeline: pickle.dumps(Pipeline(pipeline.steps[:1]), protocol=4),
    "wrong order": lambda pipeline: pickle.dumps(Pipeline(pipeline.steps[::-1]), protocol=4),
    "not fitted": lambda _: pickle.dumps(make_pipeline(StandardScaler(), LogisticRegression()), protocol=4),
    "huge frame": lambda _: b"\x80\x04\x95" + b"\xff" * 8,
}


@pytest.mark.parametrize("make", NOT_CLASSIFIERS.values(), ids=NOT_CLASSIFIERS)
def test_file_without_a_fitted_classifier_is_refused(
    model: Path, pipeline: Pipeline, make: Callable[[Pipeline], bytes]
) -> None:
    replace_model(model, make(pipeline))
    with pytest.raises(BadModel, match=r"model\.pkl does not contain a classifier \(.*github-avatars train"):
        classifier.load(model)


def test_classifier_of_fewer_features_is_refused(model: Path) -> None:
    complete = classifier.load(model)
    scaler, regression = StandardScaler().fit([[0.0], [2.0]]), LogisticRegression()
    # The values equal the first three of the card (intercept and two weights), so that only their number differs.
    weight, mean = complete.weights[:2]
    scaler.mean_ = np.array([mean])
    regression.coef_, regression.intercept_ = np.array([[weight]]), np.array([complete.intercept + weight * mean])
    replace_model(model, pickle.dumps(make_pipeline(scaler, regression), protocol=4))
    with pytest.raises(BadModel, match=OTHER_WEIGHTS):
        classifier.load(model)


def test_serving_does_not_import_scikit_learn() -> None:
    """Importing it would dominate the start-up time."""
    program = (
        "import sys, predict; predict.Predictor().setup(); print(*{name.partition('.')[0] for name in sys.modules})"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=MODEL.parent, capture_output=True, text=True, check=True
    )
    imported = set(result.stdout.split())
    assert "numpy" in imported
    assert not {"sklearn", "scipy", "joblib"} & imported
