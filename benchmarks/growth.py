"""Time and memory as a function of the size of a picture, and of the number of training pictures."""

import io
import math
import multiprocessing
import os
import random
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from PIL import Image

from benchmarks.measuring import decode, format_spread, processor_seconds, spread
from github_avatars import classify
from github_avatars.demo import AVATARS
from github_avatars.evaluation.tables import table
from github_avatars.training import dataset

SIDES = (64, 128, 256, 512, 1024, 2048, 3000)
"""Side lengths in pixels, up to the largest picture that is accepted."""

COUNTS = (400, 1_265, 4_000)
"""Numbers of training pictures."""

FUNCTIONS: dict[str, Callable[[bytes], object]] = {"decoding": decode, "ours": classify}

Result = TypeVar("Result")


def draw(side: int, codec: str) -> bytes:
    """Draw a picture of soft shapes with few colors. A large one with more detail would exceed the limit of bytes."""
    position = np.linspace(0, 9, side)
    waves = 110 + 60 * np.sin(position)[:, None] * np.cos(position * 1.7)[None]
    pixels = waves[..., None] // 4 * 4 + [0, 20, -20]
    buffer = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(buffer, codec, **({} if codec == "PNG" else {"quality": 85}))
    return buffer.getvalue()


def measure(rounds: int) -> dict[str, Any]:
    """Measure time and memory by size and codec of the picture, and by number of training pictures."""
    return {
        "pictures": [_measure_picture(side, codec, rounds) for codec in ("PNG", "JPEG") for side in SIDES],
        "training": [in_new_process(_train, count) for count in COUNTS],
    }


def _measure_picture(side: int, codec: str, rounds: int) -> dict[str, Any]:
    data = draw(side, codec)
    repeats = max(1, (512 // side) ** 2)
    candidates = {name: partial(_repeat, function, data, repeats) for name, function in FUNCTIONS.items()}
    seconds = processor_seconds(candidates, rounds)
    return {
        "side": side,
        "codec": codec,
        "ms": {name: spread([1000 * each / repeats for each in values]) for name, values in seconds.items()},
        "mb": {name: in_new_process(_added_memory, function, data) for name, function in FUNCTIONS.items()},
    }


def _repeat(function: Callable[[bytes], object], data: bytes, times: int) -> None:
    for _ in range(times):
        function(data)


def in_new_process(function: Callable[..., Result], *arguments: object) -> Result:
    """Call the function in a new Python process."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def _added_memory(function: Callable[[bytes], object], data: bytes) -> float:
    """Return by how many megabytes a call raises the peak memory of a process that has classified a small picture."""
    classify(draw(64, "PNG"))
    before = peak_memory()
    function(data)
    return round(peak_memory() - before, 1)


def _train(count: int) -> dict[str, float]:
    """Train on the pictures of avatars/, repeated under new names, since the name determines the degraded copies."""
    # Imported here, since scikit-learn would dominate the memory of the processes that only classify.
    from github_avatars.training import fitting

    examples = dataset.read_index(AVATARS)
    random.Random(0).shuffle(examples)  # noqa: S311 - not for cryptography; the index is sorted by label
    with tempfile.TemporaryDirectory() as folder:
        repeated = []
        for number in range(count):
            example = examples[number % len(examples)]
            file = f"{number}-{Path(example.file).name}"
            (Path(folder) / file).symlink_to(AVATARS / example.file)
            repeated.append(replace(example, file=file))
        # Pictures are measured in child processes; these four times are those of this process and of its children.
        start = sum(os.times()[:4])
        measurements = fitting.measure_for_training(Path(folder), repeated)
        fitting.fit(fitting.feature_table(Path(folder), repeated, measurements))
        seconds = round(sum(os.times()[:4]) - start, 2)
        return {"pictures": count, "seconds": seconds, "mb": round(peak_memory(), 1)}


def peak_memory() -> float:
    """Return the peak memory of this process in megabytes. `getrusage` would include that of its parent process."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) / 1000 for line in status.splitlines() if line.startswith("VmHWM:"))


def exponent(sizes: Sequence[float], values: Sequence[float]) -> float:
    """Return the exponent of growth between the first and the last size: 1 is linear."""
    return math.log(values[-1] / values[0]) / math.log(sizes[-1] / sizes[0])


def section(results: dict[str, Any]) -> str:
    """Write the section of the page."""
    pictures, training = results["pictures"], results["training"]
    rows = [
        (
            picture["codec"],
            str(picture["side"]),
            *(format_spread(picture["ms"][name]) for name in FUNCTIONS),
            *(f"{picture['mb'][name]:.1f}" for name in FUNCTIONS),
        )
        for picture in pictures
    ]
    counts, seconds, megabytes = ([run[key] for run in training] for key in ("pictures", "seconds", "mb"))
    training_rows = [(f"{run['pictures']:,}", f"{run['seconds']:.1f}", f"{run['mb']:.0f}") for run in training]
    return f"""\
## Growth

From 256 pixels per side, processor time grows with the number of pixels to the power of
{_pixel_exponent(pictures, "PNG"):.2f} (PNG) and {_pixel_exponent(pictures, "JPEG"):.2f} (JPEG). Memory is the peak of a
process, minus the peak of one that has only classified a small picture.

{table(("codec", "side, px", "decoding, ms", "ours, ms", "decoding, MB", "ours, MB"), rows)}

Training, from the files to the fitted model, takes processor time that grows with the number of pictures to the power
of {exponent(counts, seconds):.2f}, and memory that grows to the power of {exponent(counts, megabytes):.2f}. The
pictures are those of avatars/, repeated with other degraded copies.

{table(("training pictures", "processor time, s", "memory, MB"), training_rows)}
"""


def _pixel_exponent(pictures: Sequence[dict[str, Any]], codec: str) -> float:
    large = [picture for picture in pictures if picture["codec"] == codec and picture["side"] >= 256]
    return exponent([picture["side"] ** 2 for picture in large], [each["ms"]["ours"]["median"] for each in large])
