"""Growth: time and memory against the size of a picture, and against the number of pictures to train on."""

import io
import json
import math
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.decoding import decode
from benchmarks.timing import shown, spread, take_turns
from github_avatars import classify, classify_all
from github_avatars.demo import AVATARS
from github_avatars.evaluation.tables import table
from github_avatars.training import dataset

SIDES = (64, 128, 256, 512, 1024, 2048, 3000)
"""Pixels a side, up to the most that is judged (image.MAX_PIXELS)."""

COUNTS = (400, 1_265, 4_000, 12_649, 40_000)
"""Pictures to train on."""

BATCH = 8
"""Pictures judged at once, to see that the memory they take does not add up."""

PLOT = "growth.svg"


def shapes(side: int, codec: str) -> bytes:
    """A picture of soft shapes in a few dozen tones: with more in it, a large one would be refused for its bytes."""
    across = np.linspace(0, 9, side)
    waves = 110 + 60 * np.sin(across)[:, None] * np.cos(across * 1.7)[None]
    tones = waves[..., None] // 4 * 4 + [0, 20, -20]
    buffer = io.BytesIO()
    Image.fromarray(tones.astype(np.uint8)).save(buffer, codec, **({} if codec == "PNG" else {"quality": 85}))
    return buffer.getvalue()


WORKS: dict[str, Callable[[bytes], object]] = {
    "nothing": len,
    "decoding": decode,
    "ours": classify,
    f"ours, {BATCH} at once": lambda data: classify_all([data] * BATCH),
}
"""What is done to a picture in a process of its own, to see how much memory it takes."""


def measure(rounds: int) -> dict[str, Any]:
    """Seconds and megabytes by size of picture and codec, and by number of training pictures."""
    return {
        "pictures": [_picture(side, codec, rounds) for codec in ("PNG", "JPEG") for side in SIDES],
        "training": [train(count) for count in COUNTS],
    }


def _picture(side: int, codec: str, rounds: int) -> dict[str, Any]:
    data = shapes(side, codec)
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        memory = {name: _in_a_process("picture", name, file.name) for name in WORKS}
    repeats = max(1, (512 // side) ** 2)
    contestants = {name: partial(_repeat, WORKS[name], data, repeats) for name in ("decoding", "ours")}
    taken = take_turns(contestants, rounds)
    return {
        "side": side,
        "codec": codec,
        "ms": {name: spread([1000 * seconds / repeats for seconds in each]) for name, each in taken.items()},
        "mb": {name: round(memory[name]["mb"] - memory["nothing"]["mb"], 1) for name in WORKS if name != "nothing"},
    }


def _repeat(work: Callable[[bytes], object], data: bytes, times: int) -> None:
    for _ in range(times):
        work(data)


def train(count: int) -> dict[str, Any]:
    """What training on so many pictures takes: processor seconds and the process's peak of memory."""
    return {"pictures": count, **_in_a_process("training", count)}


def _in_a_process(*words: object) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.growth", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=AVATARS.parent)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _train_here(count: int) -> dict[str, float]:
    """Trains on the pictures of avatars/ over and over, each time under other names: by these they are degraded."""
    # Only here: a process that judges a picture would take longer to import it than for all else.
    from github_avatars.training import fitting

    known = dataset.read_index(AVATARS)
    random.Random(0).shuffle(known)  # noqa: S311 - nothing secret; the index has the labels one after the other
    with tempfile.TemporaryDirectory() as folder:
        examples = []
        for number in range(count):
            example = known[number % len(known)]
            file = f"{number}-{Path(example.file).name}"
            (Path(folder) / file).symlink_to(AVATARS / example.file)
            examples.append(replace(example, file=file))
        started = process_time()
        fitting.fit(fitting.tabulate(Path(folder), examples))
        return {"seconds": round(process_time() - started, 2), "mb": round(peak(), 1)}


def _picture_here(work: str, path: str) -> dict[str, float]:
    data = Path(path).read_bytes()
    classify(shapes(64, "PNG"))
    WORKS[work](data)
    return {"mb": round(peak(), 1)}


def peak() -> float:
    """The peak of memory of this process in megabytes; getrusage would count the one that started it, too."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) / 1000 for line in status.splitlines() if line.startswith("VmHWM:"))


def slope(sizes: Sequence[float], values: Sequence[float]) -> float:
    """The exponent of growth between the smallest and the largest: 1 is linear."""
    return math.log(values[-1] / values[0]) / math.log(sizes[-1] / sizes[0])


def page(found: dict[str, Any]) -> str:
    """The section of the page."""
    pictures = found["pictures"]
    rows = [
        (
            one["codec"],
            f"{one['side']}",
            shown(one["ms"]["decoding"]),
            shown(one["ms"]["ours"]),
            *(f"{megabytes:.1f}" for megabytes in one["mb"].values()),
        )
        for one in pictures
    ]
    names = list(pictures[0]["mb"])
    head = ("codec", "pixels a side", "decoding, ms", "ours, ms", *(f"{name}, MB" for name in names))
    trained = [(f"{one['pictures']:,}", f"{one['seconds']:.1f}", f"{one['mb']:.0f}") for one in found["training"]]
    counts, seconds, megabytes = zip(*(one.values() for one in found["training"]), strict=True)
    of_time, of_memory = slope(counts, seconds), slope(counts, megabytes)
    png, jpeg = (_of_pixels(pictures, codec) for codec in ("PNG", "JPEG"))
    return f"""\
## Growth

![Time and memory against the size of a picture and the number of training pictures]({PLOT})

From 256 pixels a side on, time grows with the number of pixels to the power of {png:.2f} (PNG) and {jpeg:.2f} (JPEG).
Memory is what a process takes at its peak on top of one that has judged a small picture.

{table(head, rows)}

With the number of training pictures, processor time, from the files to the fitted model, grows to the power of
{of_time:.2f}, memory to the power of {of_memory:.2f}; 1 is linear. The pictures are those of avatars/, over and over
under other names, by which they are degraded each time in other ways.

{table(("training pictures", "processor time, s", "memory, MB"), trained)}
"""


def _of_pixels(pictures: list[dict[str, Any]], codec: str) -> float:
    large = [one for one in pictures if one["codec"] == codec and one["side"] >= 256]
    return slope([one["side"] ** 2 for one in large], [one["ms"]["ours"]["median"] for one in large])


def draw(found: dict[str, Any], docs: Path) -> None:
    """Write the plot that the page shows."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "the same every time"
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 3, figsize=(12, 3.8), layout="constrained")
    for codec, style in (("PNG", "o-"), ("JPEG", "s--")):
        some = [one for one in found["pictures"] if one["codec"] == codec]
        pixels = [one["side"] ** 2 for one in some]
        for name, color in (("decoding", "C7"), ("ours", "C0")):
            times = [one["ms"][name]["median"] for one in some]
            axes[0].plot(pixels, times, style, color=color, label=f"{codec}, {name}")
            axes[1].plot(pixels, [one["mb"][name] for one in some], style, color=color, label=f"{codec}, {name}")
    counts = [one["pictures"] for one in found["training"]]
    axes[2].plot(counts, [one["seconds"] for one in found["training"]], "o-", color="C0", label="seconds")
    axes[2].plot(counts, [one["mb"] for one in found["training"]], "s--", color="C1", label="megabytes")
    titles = ("milliseconds, by pixels", "megabytes, by pixels", "training, by pictures")
    for axis, title in zip(axes, titles, strict=True):
        axis.set(title=title, xscale="log", yscale="log")
        axis.grid(alpha=0.3)
        axis.legend(fontsize="small")
    figure.savefig(docs / PLOT, metadata={"Date": None})
    pyplot.close(figure)


if __name__ == "__main__":
    what, *words = sys.argv[1:] or ("",)
    if what == "picture":
        print(json.dumps(_picture_here(*words)))
    elif what == "training":
        print(json.dumps(_train_here(int(words[0]))))
    else:
        print(page(measure(3)))
