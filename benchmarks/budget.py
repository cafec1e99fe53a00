"""The memory budget for pictures that are decoded at the same time: what it costs and what it saves."""

import io
import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

from PIL import Image

from benchmarks.growth import in_new_process, peak_memory
from benchmarks.measuring import alternate, format_spread, ratios, spread
from benchmarks.picture import load_pictures
from github_avatars import classify
from github_avatars.evaluation.tables import table
from github_avatars.github import CONNECTIONS
from github_avatars.picture import decoding
from github_avatars.picture.budget import Budget

AVATARS = 1_000
"""Ordinary avatars that are classified in each round."""

HUGE_SIDE = 3000
"""The side of the largest accepted picture, in pixels."""

BUDGETS: dict[str, Callable[[], Budget]] = {
    "unlimited": lambda: Budget(1, uncounted=2**62),
    "the budget": lambda: decoding.BUDGET,
}


def measure(rounds: int) -> dict[str, Any]:
    """Measure the throughput of ordinary avatars, and the time and memory of huge pictures, in CONNECTIONS threads."""
    files = [data for kind in load_pictures().values() for data in kind]
    avatars = [files[number % len(files)] for number in range(AVATARS)]
    huge = io.BytesIO()
    Image.new("RGB", (HUGE_SIDE, HUGE_SIDE), "red").save(huge, "WEBP")
    seconds = alternate({name: partial(_classify, name, avatars) for name in BUDGETS}, rounds)
    return {
        "rounds": rounds,
        "avatars": {
            name: {
                "a second": spread([AVATARS / each for each in values]),
                "ratio": ratios(seconds["unlimited"], values),
            }
            for name, values in seconds.items()
        },
        "huge": {name: in_new_process(_classify_huge, name, huge.getvalue()) for name in BUDGETS},
    }


@contextmanager
def _using(name: str) -> Iterator[None]:
    shipped = decoding.BUDGET
    decoding.BUDGET = BUDGETS[name]()
    try:
        yield
    finally:
        decoding.BUDGET = shipped


def _classify(name: str, files: list[bytes]) -> float:
    """The seconds to classify the files in CONNECTIONS threads."""
    with _using(name), ThreadPoolExecutor(CONNECTIONS) as pool:
        start = time.perf_counter()
        for _ in pool.map(classify, files):
            pass
        return time.perf_counter() - start


def _classify_huge(name: str, data: bytes) -> dict[str, float]:
    """The seconds and the megabytes that CONNECTIONS copies of a picture take at once."""
    _classify(name, load_pictures()["both, PNG, 64 px"])
    before = peak_memory()
    seconds = _classify(name, [data] * CONNECTIONS)
    return {"seconds": round(seconds, 2), "mb": math.ceil(peak_memory() - before)}


def section(results: dict[str, Any]) -> str:
    """Write the section of the page."""
    rows = [
        (
            name,
            format_spread(values["a second"], 0),
            format_spread(values["ratio"]),
            f"{results['huge'][name]['seconds']:.1f}",
            f"{results['huge'][name]['mb']:,.0f}",
        )
        for name, values in results["avatars"].items()
    ]
    head = ["memory", "avatars per second", "ratio", f"{CONNECTIONS} huge pictures, s", "their peak memory, MB"]
    return f"""\
## Memory for many pictures at once

{CONNECTIONS} threads classify {AVATARS:,} ordinary avatars of all formats in {results["rounds"]} rounds, in wall-clock
time, with and without the budget for decoded pictures (decoding.BUDGET). Then they classify as many pictures of
{HUGE_SIDE:,}×{HUGE_SIDE:,} pixels, once, in a new process. The target is the same number of avatars per second.

{table(head, rows)}
"""
