"""True labels and predictions → shares with confidence intervals, confusion matrix, Brier score, reliability."""

import math
from collections import Counter
from collections.abc import Iterable
from typing import Any

from github_avatars.classifier import Label, Verdict
from github_avatars.training.dataset import LABELS

BINS = 10
"""Bins of equal width in the reliability table."""

Z = 1.959964
"""The 97.5 % quantile of the normal distribution, for confidence intervals of 95 %."""

DIGITS = 6
"""Decimals that are kept, because processors round the others differently."""

LabeledVerdict = tuple[Label, Verdict]
"""A picture's true label, and the verdict on it."""


def share(right: float, count: float) -> dict[str, float | None]:
    """`right` / `count` as `value`, and Wilson's 95 % interval from `low` to `high`; all None if `count` is 0.

    With p = right / count, n = count: (p + z²/2n ± z·√(p(1 − p)/n + z²/4n²)) / (1 + z²/n).
    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the
    American Statistical Association 22 (1927), 209–212.
    """
    if not count:
        return {"value": None, "low": None, "high": None}
    value, square = right / count, Z**2 / count
    center = value + square / 2
    margin = Z * math.sqrt(value * (1 - value) / count + square / count / 4)
    low, high = (center - margin) / (1 + square), (center + margin) / (1 + square)
    # Rounding can move a limit that is exactly 0 or 1 beyond it.
    limits = {"value": value, "low": max(low, 0.0), "high": min(high, 1.0)}
    return {name: round(limit, DIGITS) for name, limit in limits.items()}


def scores(verdicts: list[LabeledVerdict]) -> dict[str, Any]:
    """The scores of labeled verdicts, where "default" is the positive label.

    `accuracy`, `precision` and `recall` are shares. `confusion` maps the true label to the predicted one to a number.
    """
    counts = Counter((label, verdict.label) for label, verdict in verdicts)
    confusion = {label: {predicted: counts[label, predicted] for predicted in LABELS} for label in LABELS}
    hits = confusion["default"]["default"]
    return {
        "count": len(verdicts),
        "accuracy": share(hits + confusion["custom"]["custom"], len(verdicts)),
        "precision": share(hits, hits + confusion["custom"]["default"]),
        "recall": share(hits, hits + confusion["default"]["custom"]),
        "brier": brier(verdicts),
        "confusion": confusion,
    }


def brier(verdicts: list[LabeledVerdict]) -> float | None:
    """The Brier score: the mean squared error of the probability of "default"; None without verdicts.

    Source: G. W. Brier, "Verification of forecasts expressed in terms of probability", Monthly Weather Review 78
    (1950), 1–3. His sum over both labels is twice this value.
    """
    return mean((verdict.probability - (label == "default")) ** 2 for label, verdict in verdicts)


def mean(values: Iterable[float]) -> float | None:
    """The mean, rounded; None without values."""
    numbers = list(values)
    return round(math.fsum(numbers) / len(numbers), DIGITS) if numbers else None


def reliability(pictures: Iterable[tuple[Label, Iterable[Verdict]]]) -> list[dict[str, Any]]:
    """The reliability table of pictures, each with its label and the verdicts on the original and on its copies.

    For each bin of the probability from `low` to `high`: the `count` of verdicts, the number of `pictures` that they
    belong to, the mean of the probability, and the share of "default" with Wilson's interval, from `share_low` to
    `share_high`. Since the copies of a picture have the same label, the interval is that of an effective count,
    (Σm)² / Σm², where m is the number of verdicts on each picture.
    Source: L. Kish, "Survey Sampling" (1965), on the effect of clusters of unequal size.
    """
    bins: list[list[tuple[Label, list[float]]]] = [[] for _ in range(BINS)]
    for label, verdicts in pictures:
        binned: dict[int, list[float]] = {}
        for verdict in verdicts:
            binned.setdefault(min(int(verdict.probability * BINS), BINS - 1), []).append(verdict.probability)
        for number, probabilities in binned.items():
            bins[number].append((label, probabilities))
    return [_bin(number, members) for number, members in enumerate(bins)]


def _bin(number: int, members: list[tuple[Label, list[float]]]) -> dict[str, Any]:
    count = sum(len(probabilities) for _, probabilities in members)
    default = sum(len(probabilities) for label, probabilities in members if label == "default")
    effective = count**2 / sum(len(probabilities) ** 2 for _, probabilities in members) if members else 0
    interval = share(default * effective / count if count else 0, effective)
    return {
        "low": number / BINS,
        "high": (number + 1) / BINS,
        "count": count,
        "pictures": len(members),
        "mean_probability": mean(probability for _, probabilities in members for probability in probabilities),
        "share_default": interval["value"],
        "share_low": interval["low"],
        "share_high": interval["high"],
    }
