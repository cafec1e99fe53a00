"""Features → Verdict, and the file that the classifier is kept in."""

import hashlib
import json
import math
import os
import pickle
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

from PIL import Image

from github_avatars import features
from github_avatars.errors import BadImage, BadModel
from github_avatars.features import Features
from github_avatars.picture import decoding

Label = Literal["default", "custom"]
Picture = Image.Image | bytes | bytearray | memoryview | str | os.PathLike[str]

MODEL = Path(__file__).resolve().parent.parent / "model.pkl"
"""The shipped classifier; its card lies beside it, as model.json."""

MEND = "Run script/train to make both files anew, or restore them from the repository."

ALLOWED_GLOBALS = frozenset(
    {
        "sklearn.pipeline.Pipeline",
        "sklearn.preprocessing._data.StandardScaler",
        "sklearn.linear_model._logistic.LogisticRegression",
        "numpy.dtype",
        "numpy.ndarray",
        "numpy._core.multiarray._reconstruct",
        "numpy._core.multiarray.scalar",
    }
)
"""All that the pickle of a classifier names, and all that is called where one is loaded."""


@dataclass(frozen=True)
class Verdict:
    """What is thought of a picture.

    `label` is "default" for GitHub's identicon, "custom" for any other picture; `probability` is that of "default",
    0 to 1, and `features` is what it was judged by.
    """

    label: Label
    probability: float
    features: Features


class Classifier:
    """A linear model of Features.row(): score = intercept + Σ weight × value, the log-odds of "default".

    Made from a scikit-learn pipeline of a StandardScaler and a LogisticRegression. The scaling is folded into the
    weights, since scikit-learn's checks around one dot product would cost more than all features together. `means` are
    those of the features that it was fitted to; like the weights, on the scales of Features.row().
    """

    def __init__(self, pipeline: Any) -> None:
        scaler, regression = (step for _, step in pipeline.steps)
        weights = regression.coef_[0] / scaler.scale_
        self.weights: tuple[float, ...] = tuple(weights.tolist())
        self.means: tuple[float, ...] = tuple(scaler.mean_.tolist())
        self.intercept = float(regression.intercept_[0] - weights @ scaler.mean_)

    def score(self, measured: Features) -> float:
        """The log-odds of "default": above 0 it is likelier than "custom"."""
        return self.intercept + sum(weight * value for weight, value in zip(self.weights, measured.row(), strict=True))

    def classify(self, measured: Features) -> Verdict:
        """The verdict on a picture of these features."""
        score = self.score(measured)
        probability = 1 / (1 + math.exp(-score)) if score > -700 else 0.0
        return Verdict("default" if score > 0 else "custom", probability, measured)


def classify(picture: Picture, classifier: Classifier | None = None) -> Verdict:
    """Whether a picture shows GitHub's default avatar: a Pillow image of any mode, an encoded file's bytes, or a path.

    Of a JPEG's bytes no more is decoded than judging needs (image.load), so its features can differ a little from those
    of the Pillow image. Judged by the shipped classifier where none is given. Raises BadImage (NotAPicture, TooLarge)
    for what is no picture, BadModel where the shipped classifier cannot be used.
    """
    return (classifier or shipped()).classify(features.extract(_shown(picture)))


def classify_all(pictures: Iterable[Picture], classifier: Classifier | None = None) -> list[Verdict | BadImage]:
    """The verdict on each picture, or the error that `classify` would raise for it; for less than one by one.

    Only one picture is decoded at a time. Raises BadModel where the shipped classifier cannot be used.
    """
    return classify_decoded(map(_shown_or_refused, pictures), classifier or shipped())


def classify_decoded(pictures: Iterable[Image.Image | BadImage], classifier: Classifier) -> list[Verdict | BadImage]:
    """The verdict on each picture as image.load gives it; what is an error already stays one."""
    refused: dict[int, BadImage] = {}

    def usable() -> Iterator[Image.Image]:
        for place, picture in enumerate(pictures):
            if isinstance(picture, BadImage):
                refused[place] = picture
            else:
                yield picture

    found: list[Verdict | BadImage] = [classifier.classify(measured) for measured in features.extract_all(usable())]
    for place, error in refused.items():
        found.insert(place, error)
    return found


def _shown_or_refused(picture: Picture) -> Image.Image | BadImage:
    try:
        return _shown(picture)
    except BadImage as error:
        return error


def _shown(picture: Picture) -> Image.Image:
    if isinstance(picture, Image.Image):
        return decoding.normalize(picture)
    if isinstance(picture, (bytes, bytearray, memoryview)):
        return decoding.load(bytes(picture))
    return decoding.load(decoding.read_bytes(picture), str(picture))


@lru_cache(maxsize=1)
def shipped() -> Classifier:
    """The classifier of model.pkl, loaded once. Raises BadModel."""
    return load(MODEL)


def card_path(model: Path) -> Path:
    """Where the card of a model file lies: beside it, of the same name, ending in .json."""
    return model.with_suffix(".json")


def load(model: Path) -> Classifier:
    """Load the classifier that `save` wrote to `model`.

    Before unpickling, raises BadModel if the file or its card is missing, if the SHA-256 of the file and card differ,
    or if the card names another scikit-learn version or other features. The unpickler then accepts only the names in
    ALLOWED_GLOBALS. Raises BadModel if the file contains another name, or if its weights differ from the card's.

    These checks detect accidents, mix-ups and replaced files. An attacker who can write both files can change verdicts,
    but cannot execute code.
    """
    path = card_path(model)
    try:
        data = model.read_bytes()
        card = json.loads(path.read_bytes())
        wrote, expected = card["versions"]["scikit-learn"], card["sha256"]
        names, weights, means = card["features"], dict(card["weights"]), dict(card["means"])
        told = [float(number) for number in (card["intercept"], *weights.values(), *means.values())]
    except OSError as error:
        raise BadModel(f"{error.filename} cannot be read ({error.strerror}). {MEND}") from error
    except (ValueError, LookupError, TypeError, OverflowError, RecursionError) as error:
        raise BadModel(f"{path} is not a model's card ({error!r}). {MEND}") from error
    if hashlib.sha256(data).hexdigest() != expected:
        raise BadModel(f"{model} is not the file that {path.name} vouches for: its sha256 differs. {MEND}")
    runs = version("scikit-learn")
    if wrote != runs:
        raise BadModel(f"{model} was written by scikit-learn {wrote}, but {runs} is installed. {MEND}")
    if not names == list(weights) == list(means) == list(features.NAMES):
        raise BadModel(f"{path} tells of other features than {', '.join(features.NAMES)}. {MEND}")
    try:
        classifier = Classifier(_Unpickler(BytesIO(data)).load())
    except Exception as error:
        # What is no pickle of a classifier may fail in any way at all.
        raise BadModel(f"{model} does not hold a classifier ({error!r}). {MEND}") from error
    held = (classifier.intercept, *classifier.weights, *classifier.means)
    if len(held) != len(told) or not all(map(partial(math.isclose, rel_tol=1e-9), held, told)):
        raise BadModel(f"{path} tells other weights than {model.name} holds. {MEND}")
    return classifier


class _Unpickler(pickle.Unpickler):
    """Refuses every name outside ALLOWED_GLOBALS, so that loading a file cannot execute code that the file names."""

    def find_class(self, module: str, name: str) -> Any:
        if f"{module}.{name}" not in ALLOWED_GLOBALS:
            raise pickle.UnpicklingError(f"it names {module}.{name}, which no classifier does")
        return _Fitted if module.startswith("sklearn.") else super().find_class(module, name)


class _Fitted:
    """What a scikit-learn estimator was fitted to, without its code: importing that would be most of a cold start."""


def save(pipeline: Any, model: Path, card: dict[str, Any]) -> None:
    """Write a fitted pipeline to `model`, and `card` with the file's sha256 added beside it."""
    # A fixed protocol keeps the bytes independent of the Python version. Later protocols need more ALLOWED_GLOBALS.
    data = pickle.dumps(pipeline, protocol=4)
    vouched = {"sha256": hashlib.sha256(data).hexdigest()} | card
    for path, content in ((model, data), (card_path(model), (json.dumps(vouched, indent=2) + "\n").encode())):
        unfinished = path.with_name(f".{path.name}.partial")
        unfinished.write_bytes(content)
        unfinished.replace(path)
