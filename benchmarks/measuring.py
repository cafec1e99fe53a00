"""Compare the speed of several functions by running them alternately, so that other load affects all of them."""

import io
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from statistics import median, quantiles
from time import process_time
from typing import Any, TypeVar

from PIL import Image

Key = TypeVar("Key")
Result = TypeVar("Result")


def decode(data: bytes) -> Image.Image:
    """Decode a picture with Pillow. This is the baseline of everything that reads pictures."""
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture


def processor_seconds(candidates: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Measure the processor seconds of each candidate in each round."""
    return alternate({name: partial(processor_time, run) for name, run in candidates.items()}, rounds)


def alternate(candidates: Mapping[Key, Callable[[], Result]], rounds: int) -> dict[Key, list[Result]]:
    """Call the candidates one after the other in each round, and collect their results.

    The results of one more round before the others are discarded, since it fills caches.
    """
    results: dict[Key, list[Result]] = {key: [] for key in candidates}
    for number in range(rounds + 1):
        for key, run in candidates.items():
            result = run()
            if number > 0:
                results[key].append(result)
    return results


def processor_time(run: Callable[[], object]) -> float:
    """Call a function, and return the processor seconds of this process."""
    start = process_time()
    run()
    return process_time() - start


def spread(values: Sequence[float], digits: int = 4) -> dict[str, float]:
    """Compute the median and the quartiles of at least two values."""
    low, _, high = quantiles(values, n=4, method="inclusive")
    return {"median": round(median(values), digits), "low": round(low, digits), "high": round(high, digits)}


def ratios(values: Sequence[float], baseline: Sequence[float]) -> dict[str, float]:
    """Compute the spread of the ratios to the baseline, round by round."""
    return spread([value / base for value, base in zip(values, baseline, strict=True)])


def compare(
    values: Mapping[Key, Sequence[float]], baseline: Key, unit: str, scale: float = 1.0
) -> dict[Key, dict[str, Any]]:
    """Compute for each candidate the spread of its values times `scale` as `unit`, and that of the ratios."""
    return {
        name: {unit: spread([scale * each for each in numbers]), "ratio": ratios(numbers, values[baseline])}
        for name, numbers in values.items()
    }


def format_spread(values: Mapping[str, Any], digits: int = 2) -> str:
    """Format a spread as the median, followed by the quartiles in parentheses."""
    return f"{values['median']:.{digits}f} ({values['low']:.{digits}f}–{values['high']:.{digits}f})"
