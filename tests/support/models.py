"""A fitted classifier for tests, and the card that `classifier.load` requires."""

from functools import cache
from typing import Any

import numpy as np
import sklearn
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from github_avatars import features
from github_avatars.classifier import Classifier
from github_avatars.features import Features


@cache
def random_features() -> list[Features]:
    """2,000 features, drawn from all possible values."""
    rng = np.random.default_rng(0)
    columns = rng.integers(0, 577, 2000), rng.integers(1, 577, 2000), rng.random(2000) ** 2
    return [Features(int(grey), int(colors), float(error)) for grey, colors, error in zip(*columns, strict=True)]


@cache
def fitted_pipeline() -> Pipeline:
    """A classifier that predicts "default" for small errors, fitted to random features and some wrong labels."""
    measured = random_features()
    labels = [sample.identicon_error < 0.15 or number % 20 == 0 for number, sample in enumerate(measured)]
    return make_pipeline(StandardScaler(), LogisticRegression()).fit([sample.row() for sample in measured], labels)


def card_for(pipeline: Pipeline) -> dict[str, Any]:
    """The required fields of the pipeline's card, and a note that `load` ignores."""
    classifier = Classifier(pipeline)
    return {
        "versions": {"scikit-learn": sklearn.__version__},
        "features": list(features.NAMES),
        "weights": dict(zip(features.NAMES, classifier.weights, strict=True)),
        "means": dict(zip(features.NAMES, classifier.means, strict=True)),
        "intercept": classifier.intercept,
        "note": "for a test",
    }
