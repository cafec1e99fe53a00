"""A picture → why it is judged as it is: what was measured of it and what each measurement says, drawn or in words.

The classifier's score is the log-odds of "default". Each feature's part in it is its Shapley value: of what separates
the score from that of the average training picture, the share that this feature brings about, averaged over every order
in which the features could become known. For a linear model that is weight × (value − training mean).

Source: Lundberg and Lee, A Unified Approach to Interpreting Model Predictions (2017), https://arxiv.org/abs/1705.07874
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import astuple, dataclass

import numpy as np
from PIL import Image

from github_avatars import features, identicon
from github_avatars.classifier import Classifier, Label, Verdict, shipped
from github_avatars.features import Features
from github_avatars.identicon import Fit, Floats
from github_avatars.picture import decoding

TITLES = {
    "github_grey": "GitHub-grey pixels (of 576)",
    "distinct_colors": "Distinct colours",
    "identicon_error": "Identicon error (0 to 1)",
}
SCALE = "Log-odds: at 0 both are equally likely; with every 2.3 more, default becomes ten times as likely as custom."
EXCUSE = (
    "Resizing and lossy coding bring in colours and error alike: so many colours excuse some error, few colours do not."
)

_MEASURED: dict[str, Callable[[float], float]] = {
    "github_grey": float,
    "distinct_colors": math.exp,
    "identicon_error": lambda root: root**2,
}
"""What undoes the scales of Features.row()."""


@dataclass(frozen=True)
class Contribution:
    """What one feature says of a picture.

    `value` is what was measured of the picture, `average` the same of the average training picture (averaged on the
    scale of Features.row()). `log_odds` is the Shapley value: above 0 it speaks for "default", below for "custom". A
    positive `weight` is the model's saying that the more there is of the feature, the likelier is "default".
    """

    name: str
    value: float
    average: float
    weight: float
    log_odds: float


@dataclass(frozen=True)
class Explanation:
    """Why a picture is judged as it is.

    `picture` is RGB, `sample` the SAMPLE × SAMPLE pixels of it that it was judged by, `fit` the identicon that fits it
    best, and `difference` how far the two are apart where (identicon.difference). `base` is the score of the average
    training picture; with the log-odds of all `contributions` it adds up to `score`, the log-odds of "default".
    """

    picture: Image.Image
    sample: Image.Image
    fit: Fit
    difference: Floats
    verdict: Verdict
    base: float
    contributions: tuple[Contribution, ...]
    score: float


def explain(picture: Image.Image, classifier: Classifier | None = None) -> Explanation:
    """Why a Pillow picture of any mode is judged as it is, by the shipped classifier where none is given.

    Raises BadImage for a picture that cannot be decoded, BadModel where the shipped classifier cannot be used.
    """
    classifier = classifier or shipped()
    shown = decoding.rgb(decoding.normalize(picture))
    verdict = classifier.classify(features.extract(shown))
    fitted = identicon.fit(shown)
    return Explanation(
        picture=shown,
        sample=identicon.sample(shown),
        fit=fitted,
        difference=identicon.difference(shown, fitted),
        verdict=verdict,
        base=base(classifier),
        contributions=contributions(verdict.features, classifier),
        score=classifier.score(verdict.features),
    )


def base(classifier: Classifier) -> float:
    """The score of the average training picture."""
    return classifier.intercept + float(np.dot(classifier.weights, classifier.means))


def contributions(measured: Features, classifier: Classifier) -> tuple[Contribution, ...]:
    """What each feature says, in the order of features.NAMES."""
    columns = zip(features.NAMES, astuple(measured), measured.row(), classifier.weights, classifier.means, strict=True)
    return tuple(
        Contribution(name, value, _MEASURED[name](mean), weight, weight * (scaled - mean))
        for name, value, scaled, weight, mean in columns
    )


def notes(given: Iterable[Contribution]) -> list[str]:
    """What one must know to read contributions, a sentence or two each."""
    excused = any(one.name == "distinct_colors" and one.weight > 0 for one in given)
    return [SCALE, EXCUSE] if excused else [SCALE]


def in_words(explanation: Explanation) -> str:
    """The verdict in one line and what each feature says in one more each, the weightiest first."""
    lines = [f"{in_short(explanation.verdict)} (log-odds {format_log_odds(explanation.score)})."]
    for one in sorted(explanation.contributions, key=lambda one: -abs(one.log_odds)):
        value, average = format_values(one)
        signed = format_log_odds(one.log_odds)
        says = "says nothing" if signed == "0.0" else f"speaks for {favored_label(one.log_odds)} ({signed})"
        lines.append(f"{TITLES[one.name]}: {value}, on average {average}; {says}.")
    return "\n".join(lines)


def in_short(verdict: Verdict) -> str:
    """A verdict and how sure it is: "Default avatar, 98.2 % sure"."""
    sure = max(verdict.probability, 1 - verdict.probability)
    return f"{verdict.label.capitalize()} avatar, {'over 99.9' if sure > 0.999 else f'{100 * sure:.1f}'} % sure"


def favored_label(log_odds: float) -> Label:
    """The label that log-odds count for."""
    return "default" if log_odds > 0 else "custom"


def format_values(one: Contribution) -> tuple[str, str]:
    """Value and average: counts as whole numbers, errors with two decimals."""
    decimals = 2 if one.name == "identicon_error" else 0
    return f"{one.value:.{decimals}f}", f"{one.average:.{decimals}f}"


def format_log_odds(log_odds: float) -> str:
    """Log-odds with sign and one decimal."""
    return f"{log_odds:+.1f}" if round(log_odds, 1) else "0.0"
