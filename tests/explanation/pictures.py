"""Pictures of all kinds, and classifiers with given numbers."""

import numpy as np
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from github_avatars import identicon
from github_avatars.demo import AVATARS
from github_avatars.picture import decoding
from github_avatars.training.degradation import Degradation

EMPTY = 4022
"""The lowest account id whose identicon has no painted cell."""

DEFAULT = AVATARS / "default" / "12377479.png"
JPEG = Degradation(24, "LANCZOS", circle=False, codec="jpeg 75")


def differs_between_samples() -> Image.Image:
    """GitHub grey except for a pixel that is not in the sample."""
    picture = identicon.render(EMPTY)
    picture.putpixel((0, 0), (0, 0, 0))
    return picture


PICTURES = {
    "default": lambda: decoding.read(DEFAULT),
    "default as a small JPEG": lambda: decoding.decode(JPEG.apply(decoding.read(DEFAULT))),
    "default without painted cells": lambda: identicon.render(EMPTY),
    "photo": lambda: decoding.read(AVATARS / "custom" / "photo-portrait-0.jpg"),
    "logo on grey": lambda: decoding.read(AVATARS / "custom" / "grey-logo-0.png"),
    "asymmetric grid": lambda: decoding.read(AVATARS / "custom" / "grid-asymmetric-0.png"),
    "butterfly as a small JPEG": lambda: decoding.decode(
        JPEG.apply(decoding.read(AVATARS / "custom" / "grey-mirrored-0.png"))
    ),
    "one pixel": lambda: Image.new("RGB", (1, 1), "red"),
    "a line": lambda: Image.new("RGB", (5000, 3), "red"),
    "differs between the samples": differs_between_samples,
}


def pipeline_of(weights: tuple[float, ...], means: tuple[float, ...], intercept: float) -> Pipeline:
    """A pipeline with these numbers, as if it had been fitted. `intercept` is the score of the average picture."""
    scaler = StandardScaler().fit([[mean - 1 for mean in means], [mean + 1 for mean in means]])
    regression = LogisticRegression()
    regression.coef_, regression.classes_ = np.array([weights]), np.array([False, True])
    regression.intercept_ = np.array([intercept + np.dot(weights, means)])
    return make_pipeline(scaler, regression)
