"""Candidates run alternately, and results are summarized by median and quartiles."""

from collections.abc import Callable

from benchmarks.measuring import alternate, format_spread, processor_seconds, ratios, spread


def test_candidates_alternate_and_the_first_round_is_discarded() -> None:
    calls: list[str] = []

    def candidate(name: str) -> Callable[[], int]:
        def run() -> int:
            calls.append(name)
            return len(calls)

        return run

    results = alternate({name: candidate(name) for name in ("baseline", "ours")}, 3)
    assert calls == ["baseline", "ours"] * 4
    assert results == {"baseline": [3, 5, 7], "ours": [4, 6, 8]}


def test_processor_seconds_are_measured_in_each_round() -> None:
    seconds = processor_seconds({"idle": lambda: None, "busy": lambda: sum(range(200_000))}, 2)
    assert {name: len(values) for name, values in seconds.items()} == {"idle": 2, "busy": 2}
    assert min(seconds["busy"]) > max(seconds["idle"]) >= 0


def test_spread_is_the_median_and_the_quartiles() -> None:
    assert spread([5.0, 1.0, 2.0, 4.0, 3.0]) == {"median": 3.0, "low": 2.0, "high": 4.0}
    assert ratios([2.0, 9.0, 4.0], [1.0, 3.0, 2.0]) == {"median": 2.0, "low": 2.0, "high": 2.5}
    assert format_spread({"median": 3, "low": 2, "high": 4}, 1) == "3.0 (2.0–4.0)"
