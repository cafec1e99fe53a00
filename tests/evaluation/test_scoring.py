import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from github_avatars.classifier import Label, Verdict
from github_avatars.evaluation import scoring
from github_avatars.features import Features


@pytest.mark.parametrize(
    ("right", "count", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilsons_interval_is_as_published(right: int, count: int, low: float, high: float) -> None:
    # R. G. Newcombe, Statistics in Medicine 17 (1998), 857–872, table I, method 3.
    share = scoring.share(right, count)
    assert share["value"] == pytest.approx(right / count, abs=1e-6)
    assert (share["low"], share["high"]) == pytest.approx((low, high), abs=6e-5)


@given(st.integers(1, 10**6).flatmap(lambda count: st.tuples(st.integers(0, count), st.just(count))))
def test_limits_of_an_interval_differ_from_the_share_by_z_standard_errors(numbers: tuple[int, int]) -> None:
    right, count = numbers
    share, opposite = scoring.share(right, count), scoring.share(count - right, count)
    value, low, high, opposite_low = share["value"], share["low"], share["high"], opposite["low"]
    assert value is not None
    assert low is not None
    assert high is not None
    assert 0 <= low <= value <= high <= 1
    for limit in (low, high):
        if 0 < limit < 1:
            standard_error = math.sqrt(limit * (1 - limit) / count)
            assert abs(right / count - limit) == pytest.approx(1.959964 * standard_error, abs=2e-4)
    assert opposite_low == pytest.approx(1 - high, abs=2e-6)


def verdicts(*pairs: tuple[Label, float]) -> list[tuple[Label, Verdict]]:
    """True labels and verdicts with these probabilities."""
    return [(label, Verdict("default" if p > 0.5 else "custom", p, Features(0, 1, 0.5))) for label, p in pairs]


def test_scores_of_six_verdicts() -> None:
    default: list[tuple[Label, float]] = [("default", p) for p in (0.9, 1.0, 0.2)]
    scores = scoring.scores(verdicts(*default, ("custom", 0.6), ("custom", 0.7), ("custom", 0.0)))
    assert scores["count"] == 6
    assert scores["confusion"] == {"default": {"default": 2, "custom": 1}, "custom": {"default": 2, "custom": 1}}
    assert scores["accuracy"] == scoring.share(3, 6)
    assert scores["precision"] == scoring.share(2, 4)
    assert scores["recall"] == scoring.share(2, 3)
    assert scores["brier"] == pytest.approx((0.01 + 0 + 0.64 + 0.36 + 0.49 + 0) / 6, abs=1e-6)


def test_scores_without_verdicts_are_none() -> None:
    scores = scoring.scores([])
    assert (scores["count"], scores["brier"]) == (0, None)
    nothing = {"value": None, "low": None, "high": None}
    assert scores["accuracy"] == scores["precision"] == scores["recall"] == nothing


def test_reliability_of_four_verdicts() -> None:
    labeled = verdicts(("default", 1.0), ("custom", 0.9), ("custom", 0.0), ("custom", 0.1))
    bins = scoring.reliability((label, [verdict]) for label, verdict in labeled)
    assert [(bin_["low"], bin_["high"]) for bin_ in bins] == [(n / 10, (n + 1) / 10) for n in range(10)]
    assert [bin_["count"] for bin_ in bins] == [1, 1, 0, 0, 0, 0, 0, 0, 0, 2]
    assert (bins[9]["mean_probability"], bins[9]["share_default"]) == (0.95, 0.5)
    assert (bins[9]["share_low"], bins[9]["share_high"]) == (scoring.share(1, 2)["low"], scoring.share(1, 2)["high"])
    assert [bins[2][name] for name in ("mean_probability", "share_default", "share_low")] == [None] * 3


def test_reliability_counts_the_copies_of_a_picture_as_one_if_they_are_in_one_bin() -> None:
    label, verdict = verdicts(("default", 0.95))[0]
    for pictures in (1, 5):
        bin_ = scoring.reliability([(label, [verdict] * 100)] * pictures)[9]
        assert (bin_["count"], bin_["pictures"], bin_["share_default"]) == (100 * pictures, pictures, 1.0)
        assert bin_["share_low"] == scoring.share(pictures, pictures)["low"]
    # 3 verdicts on one picture and 1 on another are worth 16 / 10 pictures.
    bin_ = scoring.reliability([("default", [verdict] * 3), ("custom", [verdict])])[9]
    assert (bin_["share_default"], bin_["share_low"]) == (0.75, scoring.share(1.2, 1.6)["low"])
