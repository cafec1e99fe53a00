"""A picture → an explanation of its prediction: what was measured, and what each feature contributes.

The classifier's score is the log-odds of "default". The contribution of a feature is its Shapley value: the part of the
difference between the score and the score of the average training picture that is due to this feature, averaged over
all orders in which the features could become known. For a linear model that is coefficient × (value − training mean).

Source: Lundberg and Lee, A Unified Approach to Interpreting Model Predictions (2017), https://arxiv.org/abs/1705.07874
"""

import math
from collections.abc import Callable
from dataclasses import asdict, astuple, dataclass
from typing import Any

import numpy as np
from PIL import Image

from github_avatars import features, identicon
from github_avatars.classifier import Classifier, Label, Verdict, shipped
from github_avatars.errors import BadInput, BadLogin
from github_avatars.features import Features
from github_avatars.files import is_file
from github_avatars.github import GitHub
from github_avatars.identicon import Fit, Floats
from github_avatars.picture import decoding

TITLES = {
    "github_grey": "GitHub-grey pixels (of 576)",
    "distinct_colors": "Distinct colors",
    "identicon_error": "Identicon error (0 to 1)",
}
SCALE_NOTE = "Log-odds: 0 means that both labels are equally likely; each 2.3 more makes default ten times as likely."

_UNSCALED: dict[str, Callable[[float], float]] = {
    "github_grey": float,
    "distinct_colors": math.exp,
    "identicon_error": lambda root: root**2,
}
"""The inverses of the scales of Features.row()."""


@dataclass(frozen=True)
class Contribution:
    """What one feature contributes to the score of a picture."""

    name: str
    value: float
    """The value for the picture."""
    average: float
    """The value for the average training picture, averaged on the scale of Features.row()."""
    weight: float
    """The coefficient in the model: positive if larger values make "default" more likely."""
    log_odds: float
    """The Shapley value: above 0 it supports "default", below 0 "custom"."""


@dataclass(frozen=True)
class Explanation:
    """Why a picture gets its verdict."""

    picture: Image.Image
    """The picture, upright, mode RGB."""
    sample: Image.Image
    """The SAMPLE × SAMPLE pixels that the features are measured on."""
    fit: Fit
    """The best-fitting identicon."""
    difference: Floats
    """The difference between sample and fit, SAMPLE × SAMPLE; see identicon.difference."""
    verdict: Verdict
    base: float
    """The score of the average training picture."""
    contributions: tuple[Contribution, ...]
    """In the order of features.NAMES."""
    score: float
    """The log-odds of "default": `base` plus the log-odds of all contributions."""

    def as_json(self) -> dict[str, Any]:
        """The numbers: the verdict with its features, base, score and contributions."""
        contributions = [asdict(contribution) for contribution in self.contributions]
        return {**asdict(self.verdict), "base": self.base, "score": self.score, "contributions": contributions}


def explain(picture: Image.Image, classifier: Classifier | None = None) -> Explanation:
    """Explain the verdict on a Pillow picture of any mode, by default that of the shipped classifier.

    Raises BadImage if the picture cannot be decoded, BadModel if the shipped classifier cannot be used.
    """
    classifier = classifier or shipped()
    with decoding.normalized(picture) as normalized:
        upright = decoding.rgb(normalized)
        verdict = classifier.classify(features.extract(upright))
        fit = identicon.fit(upright)
        return Explanation(
            picture=upright,
            sample=identicon.sample(upright),
            fit=fit,
            difference=identicon.difference(upright, fit),
            verdict=verdict,
            base=classifier.intercept + float(np.dot(classifier.weights, classifier.means)),
            contributions=_contributions(verdict.features, classifier),
            score=classifier.score(verdict.features),
        )


def explain_file_or_account(subject: str, github: GitHub, classifier: Classifier | None = None) -> Explanation:
    """Explain the verdict on a picture file, or, if there is no such file, on the avatar of an account.

    An account is any spelling of github.parse. Raises BadInput if `subject` is neither, BadImage, GitHubError.
    """
    if is_file(subject):
        with decoding.loaded(decoding.read_bytes(subject), subject) as picture:
            return explain(picture, classifier)
    try:
        avatar = github.fetch(subject)
    except BadLogin as error:
        raise BadInput(f"There is no such picture file, and {error}") from error
    with decoding.loaded(avatar.data, f"The avatar of {avatar.login or avatar.href}") as picture:
        return explain(picture, classifier)


def _contributions(measured: Features, classifier: Classifier) -> tuple[Contribution, ...]:
    columns = zip(features.NAMES, astuple(measured), measured.row(), classifier.weights, classifier.means, strict=True)
    return tuple(
        Contribution(name, value, _UNSCALED[name](mean), weight, weight * (scaled - mean))
        for name, value, scaled, weight, mean in columns
    )


def as_text(explanation: Explanation) -> str:
    """The headline, then one line for each feature, in the order of decreasing contribution."""
    lines = [f"{headline(explanation.verdict)} (log-odds {format_log_odds(explanation.score)})."]
    for contribution in sorted(explanation.contributions, key=lambda each: -abs(each.log_odds)):
        value, average = format_values(contribution)
        log_odds = format_log_odds(contribution.log_odds)
        effect = "no effect" if log_odds == "0.0" else f"supports {supported_label(contribution.log_odds)} ({log_odds})"
        lines.append(f"{TITLES[contribution.name]}: {value}, average {average}; {effect}.")
    return "\n".join(lines)


def headline(verdict: Verdict) -> str:
    """The label and its probability, as in "Default avatar, 98.2 % sure"."""
    confidence = max(verdict.probability, 1 - verdict.probability)
    percent = "over 99.9" if confidence > 0.999 else f"{100 * confidence:.1f}"
    return f"{verdict.label.capitalize()} avatar, {percent} % sure"


def supported_label(log_odds: float) -> Label:
    """The label that log-odds support."""
    return "default" if log_odds > 0 else "custom"


def format_values(contribution: Contribution) -> tuple[str, str]:
    """Value and average: the error with two decimals, counts as whole numbers."""
    decimals = 2 if contribution.name == "identicon_error" else 0
    return f"{contribution.value:.{decimals}f}", f"{contribution.average:.{decimals}f}"


def format_log_odds(log_odds: float) -> str:
    """Log-odds with their sign and one decimal."""
    return f"{log_odds:+.1f}" if round(log_odds, 1) else "0.0"
