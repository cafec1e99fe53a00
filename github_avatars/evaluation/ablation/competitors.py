"""What a competitor is, and those that need scikit-learn only."""

import pickle
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from PIL import Image
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.compose import ColumnTransformer
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from github_avatars import features, identicon
from github_avatars.classifier import Classifier
from github_avatars.picture import decoding
from github_avatars.training import fitting

Array = npt.NDArray[Any]
Decode = Callable[[bytes], Image.Image]
Extract = Callable[[Image.Image], Array]
Extraction = tuple[Decode, Extract]
ProbabilityFunction = Callable[[Image.Image], float]
"""Returns the probability of "default" for a picture."""

BINS = 8
"""Bins for each channel of v1's histogram."""

V2_SAMPLE = 16
"""Pixels a side of v2's sample."""


def decode_whole(data: bytes) -> Image.Image:
    """A picture with all its pixels, in the mode of the file."""
    return decoding.load(data, whole=True)


def pickled_size(estimator: Any) -> int:
    """The size of a fitted estimator as a pickle, in bytes."""
    return len(pickle.dumps(estimator))


@dataclass(frozen=True)
class Competitor:
    """A classifier to compare with ours."""

    name: str
    about: str
    extract: Extract
    """Returns the features of a picture that `decode` returned, d numbers."""
    build: Callable[[], Any]
    """Returns an unfitted estimator with scikit-learn's `fit` and `predict_proba`; its label True means "default"."""
    size: Callable[[Any], int] = pickled_size
    """Returns the size of the fitted estimator in bytes."""
    serve: Callable[[Any], ProbabilityFunction] | None = None
    """Returns what makes predictions in production, if that is not the fitted estimator itself."""
    decode: Decode = decode_whole

    @property
    def extraction(self) -> Extraction:
        """How the features are extracted from a file's bytes; equal for competitors with the same features."""
        return self.decode, self.extract

    def probability_function(self, estimator: Any) -> ProbabilityFunction:
        """A function that makes predictions with a fitted estimator, one picture at a time."""
        if self.serve:
            return self.serve(estimator)
        return lambda picture: float(estimator.predict_proba(self.extract(picture)[np.newaxis])[0, 1])


def no_features(_: Image.Image) -> Array:
    """No features."""
    return np.empty(0)


def properties(picture: Image.Image) -> Array:
    """Whether the file is a PNG, its width and height, and its number of colors, where 3 means more than two."""
    colors = decoding.rgb(picture).getcolors(2)
    return np.array([picture.format == "PNG", *picture.size, 3 if colors is None else len(colors)])


def colors_with_grey(picture: Image.Image) -> Array:
    """Whether the picture has at most two colors, and whether one of them is GitHub grey."""
    colors = [color for _, color in decoding.rgb(picture).getcolors(2) or ()]
    return np.array([bool(colors), identicon.GITHUB_GREY in colors])


def histogram(picture: Image.Image) -> Array:
    """The features of v1: the shares of pixels in 8 equal ranges of red, then of green, then of blue."""
    levels = np.array(decoding.rgb(picture).histogram())
    shares: Array = levels.reshape(3 * BINS, -1).sum(axis=1) / (picture.width * picture.height)
    return shares


def counts(picture: Image.Image) -> Array:
    """The features of v2: GitHub-grey pixels and distinct colors among 16×16 pixels, sampled by nearest neighbor."""
    sample = decoding.rgb(picture.resize((V2_SAMPLE, V2_SAMPLE), Image.Resampling.NEAREST))
    count_of = {color: count for count, color in sample.getcolors(V2_SAMPLE**2) or ()}
    return np.array([count_of.get(identicon.GITHUB_GREY, 0), len(count_of)])


def our_features(picture: Image.Image) -> Array:
    """The features of v3: ours."""
    return np.array(features.extract(picture).row())


class Rule(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A fixed rule: "default" is a picture whose features equal `expected` (d)."""

    def __init__(self, expected: tuple[float, ...]) -> None:
        self.expected = expected

    def fit(self, _: Array, __: Array) -> Self:
        """Fit nothing; scikit-learn requires this method."""
        self.classes_ = np.array([False, True])
        return self

    def predict_proba(self, rows: Array) -> Array:
        """Probabilities of 0 or 1 (n × 2, custom first) for rows of features (n × d)."""
        default = (rows == self.expected).all(axis=1)
        return np.column_stack([~default, default]).astype(float)


def build_with(*names: str) -> Pipeline:
    """Our unfitted pipeline with these features only."""
    kept = [features.NAMES.index(name) for name in names]
    selection = ColumnTransformer([("kept", "passthrough", kept)])
    return Pipeline([("kept", selection), *fitting.build_pipeline(names).steps])


def serve_ours(pipeline: Pipeline) -> ProbabilityFunction:
    """v3 in production: the pipeline as a Classifier."""
    classifier = Classifier(pipeline)
    return lambda picture: classifier.classify(features.extract(picture)).probability


LIGHT = (
    Competitor(
        "always custom",
        "predicts custom for every picture",
        no_features,
        partial(DummyClassifier, strategy="constant", constant=False),
    ),
    Competitor(
        "rule",
        "default is a PNG of 420×420 pixels with two colors",
        properties,
        partial(Rule, (True, identicon.SIZE, identicon.SIZE, 2)),
    ),
    Competitor(
        "color rule",
        "default has at most two colors, one of them GitHub grey",
        colors_with_grey,
        partial(Rule, (True, True)),
    ),
    Competitor(
        "v1",
        "color histogram of 24 bins, logistic regression",
        histogram,
        lambda: make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)),
    ),
    Competitor(
        "v2",
        "grey pixels and distinct colors of 16×16 pixels, decision tree",
        counts,
        partial(DecisionTreeClassifier, random_state=0),
    ),
    Competitor(
        "v3",
        "ours: three features, logistic regression",
        our_features,
        fitting.build_pipeline,
        serve=serve_ours,
        decode=decoding.load,
    ),
    *(
        Competitor(
            f"v3 without {name}",
            "the other two features, logistic regression",
            our_features,
            partial(build_with, *(kept for kept in features.NAMES if kept != name)),
            decode=decoding.load,
        )
        for name in features.NAMES
    ),
    Competitor(
        "identicon_error alone",
        "one feature of v3, logistic regression",
        our_features,
        partial(build_with, "identicon_error"),
        decode=decoding.load,
    ),
    Competitor(
        "random forest",
        "the features of v3, 100 trees",
        our_features,
        partial(RandomForestClassifier, random_state=0),
        decode=decoding.load,
    ),
    Competitor(
        "gradient boosting",
        "the features of v3, histogram-based trees",
        our_features,
        partial(HistGradientBoostingClassifier, random_state=0),
        decode=decoding.load,
    ),
)
"""The light competitors, in the order of the page."""
