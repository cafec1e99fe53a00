"""Measures things side by side: what is compared takes turns, so that moods of the machine hit all."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from statistics import median, quantiles
from time import process_time
from typing import Any, TypeVar

Key = TypeVar("Key")
Result = TypeVar("Result")


def take_turns(contestants: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """The processor seconds that each contestant took in each of so many rounds, after one that only warms up."""
    return in_turns({name: partial(_time, work) for name, work in contestants.items()}, rounds)


def in_turns(contestants: Mapping[Key, Callable[[], Result]], rounds: int) -> dict[Key, list[Result]]:
    """What each contestant gave in each of so many rounds, after one that only warms up."""
    given: dict[Key, list[Result]] = {key: [] for key in contestants}
    for number in range(rounds + 1):
        for key, work in contestants.items():
            result = work()
            if number:
                given[key].append(result)
    return given


def _time(work: Callable[[], object]) -> float:
    started = process_time()
    work()
    return process_time() - started


def spread(values: Sequence[float], digits: int = 4) -> dict[str, float]:
    """The median of at least two values, and the quartiles between which the middle half of them lies."""
    low, _, high = quantiles(values, n=4, method="inclusive")
    return {"median": round(median(values), digits), "low": round(low, digits), "high": round(high, digits)}


def ratios(values: Sequence[float], floor: Sequence[float]) -> dict[str, float]:
    """How many times the floor, round by round."""
    return spread([value / least for value, least in zip(values, floor, strict=True)])


def shown(found: Mapping[str, Any], digits: int = 2) -> str:
    """A spread for people: the median, and in brackets the middle half."""
    return f"{found['median']:.{digits}f} ({found['low']:.{digits}f}–{found['high']:.{digits}f})"
