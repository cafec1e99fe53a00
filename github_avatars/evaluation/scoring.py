"""What a list of judgements comes to: shares with intervals, the confusion of labels, and the probabilities' worth."""

import math
from collections import Counter
from collections.abc import Iterable
from typing import Any

from github_avatars.classifier import Label, Verdict
from github_avatars.training.dataset import LABELS

BINS = 10
"""Bins of the reliability table, each as wide as the next."""

Z = 1.959964
"""The 97.5 % quantile of the normal distribution: intervals of 95 % reach so many standard deviations to each side."""

DIGITS = 6
"""Decimals that are kept: processors round the rest differently."""

Json = dict[str, Any]
Judgement = tuple[Label, Verdict]
"""What a picture is, and what it was taken for."""


def share(right: int, count: int) -> Json:
    """`right` of `count` as `value`, with Wilson's interval of 95 % from `low` to `high`; all None where count is 0.

    With p = right / count, n = count: (p + z²/2n ± z·√(p(1 − p)/n + z²/4n²)) / (1 + z²/n).
    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the
    American Statistical Association 22 (1927), 209–212.
    """
    if not count:
        return {"value": None, "low": None, "high": None}
    part, square = right / count, Z**2 / count
    centre, reach = part + square / 2, Z * math.sqrt(part * (1 - part) / count + square / count / 4)
    low, high = (centre - reach) / (1 + square), (centre + reach) / (1 + square)
    # At the ends of the scale the interval's end is the value itself, but for rounding.
    return {
        "value": round(part, DIGITS),
        "low": round(max(low, 0.0), DIGITS),
        "high": round(min(high, 1.0), DIGITS),
    }


def scores(judgements: list[Judgement]) -> Json:
    """Accuracy, precision and recall of "default" as `share` gives them, their `count`, `brier` and `confusion`.

    `confusion` is label → what it was taken for → how many.
    """
    counts = Counter((label, verdict.label) for label, verdict in judgements)
    confusion = {label: {said: counts[label, said] for said in LABELS} for label in LABELS}
    hits = confusion["default"]["default"]
    return {
        "count": len(judgements),
        "accuracy": share(hits + confusion["custom"]["custom"], len(judgements)),
        "precision": share(hits, hits + confusion["custom"]["default"]),
        "recall": share(hits, hits + confusion["default"]["custom"]),
        "brier": brier(judgements),
        "confusion": confusion,
    }


def brier(judgements: list[Judgement]) -> float | None:
    """Brier's score: the mean square of what the probability of "default" is off by; None of nothing.

    Source: G. W. Brier, "Verification of forecasts expressed in terms of probability", Monthly Weather Review 78
    (1950), 1–3; here the half of it that counts one of two labels.
    """
    return mean((verdict.probability - (label == "default")) ** 2 for label, verdict in judgements)


def mean(values: Iterable[float]) -> float | None:
    """The mean, None of nothing."""
    found = list(values)
    return round(math.fsum(found) / len(found), DIGITS) if found else None


def reliability(judgements: list[Judgement]) -> list[Json]:
    """What was said and what is true: for each bin of the probability its mean there, and the share of "default"."""
    bins: list[list[Judgement]] = [[] for _ in range(BINS)]
    for label, verdict in judgements:
        bins[min(int(verdict.probability * BINS), BINS - 1)].append((label, verdict))
    return [
        {
            "low": number / BINS,
            "high": (number + 1) / BINS,
            "count": len(held),
            "mean_probability": mean(verdict.probability for _, verdict in held),
            "share_default": mean(float(label == "default") for label, _ in held),
        }
        for number, held in enumerate(bins)
    ]
