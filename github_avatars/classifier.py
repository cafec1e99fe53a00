"""Features → Verdict, and saving and loading the classifier."""

import hashlib
import json
import math
import os
import pickle
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Literal

import numpy as np
from PIL import Image

from github_avatars import features, resources
from github_avatars.errors import BadImage, BadModel, BadOption
from github_avatars.features import Features
from github_avatars.files import open_output, read_regular
from github_avatars.identicon import Identicon
from github_avatars.picture import decoding, verification

Label = Literal["default", "custom"]
Picture = Image.Image | np.ndarray[Any, Any] | bytes | bytearray | memoryview | BinaryIO | str | os.PathLike[str]
Source = Image.Image | tuple[bytes, str]
"""A picture, or the content of a file and its name in messages."""

MODEL = resources.MODEL
"""The shipped classifier. Its card is model.json, in the same folder."""

REMEDY = "Restore both files from the repository, or install the package again, or run github-avatars train."

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
"""The only names that the pickle of a classifier may contain, and so the only ones that loading it may call."""


@dataclass(frozen=True)
class Verdict:
    """The classification of a picture."""

    label: Label
    """"default" for GitHub's identicon, "custom" for any other picture."""
    probability: float
    """The probability of "default", 0 to 1."""
    features: Features
    """The features that the verdict is based on."""
    verified: bool | None = None
    """Whether the picture equals the identicon of the given account pixel by pixel; None without an account id."""


class Classifier:
    """Logistic regression on Features.row(): log-odds of "default" = intercept + Σ weight × value.

    The argument is a fitted scikit-learn pipeline of StandardScaler and LogisticRegression. Its scaling is folded into
    the weights, because scikit-learn's checks around one dot product would take longer than measuring the features.
    `means` are the mean values of the training features. Weights and means refer to the values of Features.row().
    """

    def __init__(self, pipeline: Any) -> None:
        scaler, regression = (step for _, step in pipeline.steps)
        weights = regression.coef_[0] / scaler.scale_
        self.weights: tuple[float, ...] = tuple(weights.tolist())
        self.means: tuple[float, ...] = tuple(scaler.mean_.tolist())
        self.intercept = float(regression.intercept_[0] - weights @ scaler.mean_)

    def score(self, measured: Features) -> float:
        """The log-odds of "default": positive if "default" is likelier than "custom"."""
        return self.intercept + sum(weight * value for weight, value in zip(self.weights, measured.row(), strict=True))

    def classify(self, measured: Features) -> Verdict:
        """The verdict on a picture with these features."""
        score = self.score(measured)
        # math.exp raises OverflowError above 709.
        probability = 1 / (1 + math.exp(-score)) if score > -700 else 0.0
        return Verdict("default" if score > 0 else "custom", probability, measured)


def classify(picture: Picture, classifier: Classifier | None = None, *, account_id: int | None = None) -> Verdict:
    """Whether a picture is GitHub's default avatar.

    `picture` is a Pillow image of any mode, a NumPy array (height × width × 3 for RGB or 4 for RGBA, uint8), the bytes
    of a file, a file that is open for reading in binary mode, or a path. A JPEG file is decoded at reduced size if that
    suffices (decoding.loaded), so its features can differ slightly from those of the Pillow image. `classifier` is the
    shipped one by default.

    If it is the picture of a known account, `account_id` is GitHub's numeric id. The verdict then tells whether the
    picture is the account's identicon (`verified`).

    Raises BadImage (NotAPicture, TooLarge) if the picture cannot be used, BadModel if the shipped classifier cannot,
    BadOption if `account_id` is less than 1.
    """
    if account_id is not None and account_id < 1:
        raise BadOption(f"account_id is {account_id}: give an id of at least 1.")
    classifier, source = classifier or shipped(), _source(picture)
    with _opened(source) as shown:
        verified = verification.is_verified(shown, account_id)
        return replace(classifier.classify(features.extract(shown)), verified=verified)


def classify_all(pictures: Iterable[Picture], classifier: Classifier | None = None) -> list[Verdict | BadImage]:
    """For each picture, the verdict or the error that `classify` would raise. Faster than one by one.

    Only one picture at a time is decoded. Raises BadModel if the shipped classifier cannot be used.
    """
    return classify_opened(_each_opened(pictures), classifier or shipped())


def classify_opened(
    pictures: Iterable[Image.Image | Identicon | BadImage], classifier: Classifier
) -> list[Verdict | BadImage]:
    """The verdict on each picture from verification.opened. Errors among the pictures are returned in their place."""
    errors: dict[int, BadImage] = {}

    def usable_pictures() -> Iterator[Image.Image | Identicon]:
        index = 0
        # enumerate() would keep the previous picture in memory while the next one is decoded.
        for picture in pictures:
            if isinstance(picture, BadImage):
                errors[index] = picture
            else:
                yield picture
            del picture
            index += 1  # noqa: SIM113

    results: list[Verdict | BadImage] = [*map(classifier.classify, features.extract_all(usable_pictures()))]
    for index, error in errors.items():
        results.insert(index, error)
    return results


def _each_opened(pictures: Iterable[Picture]) -> Iterator[Image.Image | Identicon | BadImage]:
    for picture in pictures:
        try:
            with _opened(_source(picture)) as shown:
                yield shown
                del shown  # otherwise it would remain in memory while the next one is decoded
        except BadImage as error:
            yield error


def _source(picture: Picture) -> Source:
    if isinstance(picture, Image.Image):
        return picture
    if isinstance(picture, np.ndarray):
        return decoding.of_array(picture)
    if isinstance(picture, (bytes, bytearray, memoryview)):
        return bytes(picture), "the picture"
    if isinstance(picture, (str, os.PathLike)):
        return decoding.read_bytes(picture), str(picture)
    return decoding.read_open(picture), "the picture"


def _opened(source: Source) -> AbstractContextManager[Image.Image | Identicon]:
    return verification.opened(*source) if isinstance(source, tuple) else decoding.normalized(source)


@lru_cache(maxsize=1)
def shipped() -> Classifier:
    """The classifier in MODEL, loaded at the first call. Raises BadModel."""
    return load(MODEL)


def card_path(model: Path) -> Path:
    """The path of a model's card: the same name with the extension .json."""
    return model.with_suffix(".json")


def load(model: Path) -> Classifier:
    """Load the classifier that `save` wrote to `model`.

    Before unpickling, raises BadModel if the file or its card is missing, if the SHA-256 of the file and card differ,
    or if the card names other features. The unpickler then accepts only the names in ALLOWED_GLOBALS. Raises BadModel
    if the file contains another name, or if its weights differ from the card's. Only numbers are read, so scikit-learn
    is not required, and any version may have written the file.

    These checks detect accidents, mix-ups and replaced files. An attacker who can write both files can change verdicts,
    but cannot execute code.
    """
    path = card_path(model)
    try:
        data = read_regular(model)
        card = json.loads(read_regular(path))
        sha256, names, weights, means = card["sha256"], card["features"], dict(card["weights"]), dict(card["means"])
        expected = [float(number) for number in (card["intercept"], *weights.values(), *means.values())]
    except OSError as error:
        raise BadModel(f"{error.filename} cannot be read ({error.strerror}). {REMEDY}") from error
    except (ValueError, LookupError, TypeError, OverflowError, RecursionError) as error:
        raise BadModel(f"{path} is not a model's card ({error!r}). {REMEDY}") from error
    if hashlib.sha256(data).hexdigest() != sha256:
        raise BadModel(f"{model} is not the file that {path.name} describes: its SHA-256 differs. {REMEDY}")
    if not names == list(weights) == list(means) == list(features.NAMES):
        raise BadModel(f"{path} lists other features than {', '.join(features.NAMES)}. {REMEDY}")
    try:
        classifier = Classifier(_Unpickler(BytesIO(data)).load())
    except Exception as error:
        # Unpickling arbitrary bytes can raise any exception.
        raise BadModel(f"{model} does not contain a classifier ({error!r}). {REMEDY}") from error
    actual = (classifier.intercept, *classifier.weights, *classifier.means)
    if len(actual) != len(expected) or not all(map(partial(math.isclose, rel_tol=1e-9), actual, expected)):
        raise BadModel(f"{path} lists other weights than {model.name} contains. {REMEDY}")
    return classifier


class _Unpickler(pickle.Unpickler):
    """Refuses every name outside ALLOWED_GLOBALS, so that loading a file cannot execute code that the file names."""

    def find_class(self, module: str, name: str) -> Any:
        if f"{module}.{name}" not in ALLOWED_GLOBALS:
            raise pickle.UnpicklingError(f"it refers to {module}.{name}, which is not part of a classifier")
        return _Estimator if module.startswith("sklearn.") else super().find_class(module, name)


class _Estimator:
    """Holds the attributes of a scikit-learn estimator. Importing scikit-learn would dominate the start-up time."""


@contextmanager
def saver(model: Path) -> Iterator[Callable[[Any, dict[str, Any]], None]]:
    """A function that saves a fitted pipeline and its card as `save` does. The files change when the context ends.

    Raises BadFile at the start if a file cannot be written, InUse if another process is writing it.
    """
    with open_output(model) as model_file, open_output(card_path(model), [model]) as card_file:

        def save(pipeline: Any, card: dict[str, Any]) -> None:
            # A fixed protocol keeps the bytes independent of the Python version. Later ones need more ALLOWED_GLOBALS.
            data = pickle.dumps(pipeline, protocol=4)
            model_file.write(data)
            card_file.write(json.dumps({"sha256": hashlib.sha256(data).hexdigest()} | card, indent=2).encode() + b"\n")

        yield save


def save(pipeline: Any, model: Path, card: dict[str, Any]) -> None:
    """Write a fitted pipeline to `model`, and `card` together with the file's SHA-256 to its card.

    Raises BadFile if a file cannot be written.
    """
    with saver(model) as save_both:
        save_both(pipeline, card)
