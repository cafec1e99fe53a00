"""What a competitor is, and those that need no more than scikit-learn."""

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
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from github_avatars import features, identicon
from github_avatars.classifier import Classifier
from github_avatars.picture import decoding
from github_avatars.training import fitting

Row = npt.NDArray[Any]
Decode = Callable[[bytes], Image.Image]
Measure = Callable[[Image.Image], Row]
Way = tuple[Decode, Measure]
Answer = Callable[[Image.Image], float]

BINS = 8
"""Bins of each channel in v1's histogram."""

V2_SAMPLE = 16
"""Pixels a side of v2's sample."""


def whole(data: bytes) -> Image.Image:
    """All of a picture, in the mode that its file has."""
    return decoding.load(data, whole=True)


def pickled(fitted: Any) -> int:
    """How many bytes a fitted classifier takes as a pickle."""
    return len(pickle.dumps(fitted))


@dataclass(frozen=True)
class Competitor:
    """A way to tell the labels apart, to be trained and scored beside others.

    `measure` makes a row of numbers, as many for every picture, of one that `decode` gave. `untrained` gives a
    classifier of such rows, with scikit-learn's fit and predict_proba, to which True means "default". `size` is how
    many bytes the fitted classifier takes, and `served` what it is served as, where that is not the classifier itself.
    """

    name: str
    about: str
    measure: Measure
    untrained: Callable[[], Any]
    size: Callable[[Any], int] = pickled
    served: Callable[[Any], Answer] | None = None
    decode: Decode = whole

    @property
    def way(self) -> Way:
        """How it sees a picture, from the file's bytes to the row of numbers."""
        return self.decode, self.measure

    def answer(self, fitted: Any) -> Answer:
        """What gives the probability of "default" of one picture, by a fitted classifier."""
        if self.served:
            return self.served(fitted)
        return lambda picture: float(fitted.predict_proba(self.measure(picture)[np.newaxis])[0, 1])


def nothing(_: Image.Image) -> Row:
    """No number at all."""
    return np.empty(0)


def properties(picture: Image.Image) -> Row:
    """Whether the file is a PNG, its width and height, and its number of colours, 3 for any above two."""
    colors = decoding.rgb(picture).getcolors(2)
    return np.array([picture.format == "PNG", *picture.size, 3 if colors is None else len(colors)])


def histogram(picture: Image.Image) -> Row:
    """v1: the shares of the red values in each of 8 equal ranges, then of the green ones, then of the blue ones."""
    levels = np.array(decoding.rgb(picture).histogram())
    shares: Row = levels.reshape(3 * BINS, -1).sum(axis=1) / (picture.width * picture.height)
    return shares


def counts(picture: Image.Image) -> Row:
    """v2: how many of 16×16 pixels, taken by nearest neighbour, are GitHub grey, and how many colours they have."""
    sample = decoding.rgb(picture.resize((V2_SAMPLE, V2_SAMPLE), Image.Resampling.NEAREST))
    found = {color: count for count, color in sample.getcolors(V2_SAMPLE**2) or ()}
    return np.array([found.get(identicon.GITHUB_GREY, 0), len(found)])


def ours(picture: Image.Image) -> Row:
    """v3: our three features."""
    return np.array(features.extract(picture).row())


class Rule(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """What a person would write: default is a PNG of 420×420 pixels in two colours. There is nothing to fit."""

    def fit(self, _: Row, __: Row) -> Self:
        """What is asked of every classifier."""
        self.classes_ = np.array([False, True])
        return self

    def predict_proba(self, rows: Row) -> Row:
        """Certainty, of rows that `properties` gave (n × 4): n × 2, custom first."""
        default = (rows == (True, identicon.SIZE, identicon.SIZE, 2)).all(axis=1)
        return np.column_stack([~default, default]).astype(float)


def without(feature: str) -> Pipeline:
    """Our classifier, to be fitted without one of the features."""
    kept = [column for column, name in enumerate(features.NAMES) if name != feature]
    return Pipeline([("kept", ColumnTransformer([("kept", "passthrough", kept)])), *fitting.build_pipeline().steps])


def as_shipped(fitted: Pipeline) -> Answer:
    """v3 as it is served: the pipeline folded into a Classifier."""
    classifier = Classifier(fitted)
    return lambda picture: classifier.classify(features.extract(picture)).probability


LIGHT = (
    Competitor(
        "always custom",
        "says custom of every picture",
        nothing,
        partial(DummyClassifier, strategy="constant", constant=False),
    ),
    Competitor("rule", "default is a PNG of 420×420 pixels in two colours", properties, Rule),
    Competitor(
        "v1",
        "colour histogram of 24 bins, logistic regression",
        histogram,
        lambda: make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)),
    ),
    Competitor(
        "v2",
        "grey and colours counted on 16×16 pixels, decision tree",
        counts,
        partial(DecisionTreeClassifier, random_state=0),
    ),
    Competitor(
        "v3",
        "ours: three features, logistic regression",
        ours,
        fitting.build_pipeline,
        served=as_shipped,
        decode=decoding.load,
    ),
    *(
        Competitor(
            f"v3 without {name}",
            "the other two features, logistic regression",
            ours,
            partial(without, name),
            decode=decoding.load,
        )
        for name in features.NAMES
    ),
)
"""The light competitors, in the order in which they are shown."""
