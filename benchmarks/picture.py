"""Classify one picture, from bytes to verdict, compared with decoding the same bytes with Pillow."""

import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.against import THIS, Checkout, worker
from benchmarks.measuring import alternate, compare, format_spread
from github_avatars.demo import AVATARS
from github_avatars.evaluation.tables import table
from github_avatars.picture import decoding
from github_avatars.training import dataset
from github_avatars.training.degradation import Degradation

PICTURES = 60
"""Pictures of each kind per round, classified one by one."""

BATCH = 256
"""Pictures in a batch. It repeats the pictures of its kind."""

THUMBNAIL = Degradation(64, "LANCZOS", circle=False, codec="png")

DECODING, OURS = "decoding", THIS.name


def load_pictures() -> dict[str, list[bytes]]:
    """Return the files to classify by kind: originals from avatars/, and thumbnails of them."""
    examples = dataset.read_index(AVATARS)
    default = [AVATARS / example.file for example in examples if example.label == "default"]
    custom = [AVATARS / example.file for example in examples if example.label == "custom"]
    kinds = {"default, PNG, 420 px": [path.read_bytes() for path in default]}
    for codec, suffix in (("PNG", ".png"), ("JPEG", ".jpg")):
        kinds[f"custom, {codec}, 184 to 460 px"] = [path.read_bytes() for path in custom if path.suffix == suffix]
    kinds["both, PNG, 64 px"] = [THUMBNAIL.apply(decoding.read(path)) for path in (*default[::8], *custom[::8])]
    return {kind: files[:: max(1, len(files) // PICTURES)] for kind, files in kinds.items()}


def measure(rounds: int, other: Checkout | None = None) -> dict[str, Any]:
    """Measure milliseconds per picture and ratios to decoding, for each kind, one by one and in a batch.

    Each checkout works in a process of its own; that of this one also decodes.
    """
    kinds: dict[str, Any] = {}
    with ExitStack() as stack:
        calls = {each.name: stack.enter_context(worker(each)).call for each in (THIS, other) if each}
        for kind, files in load_pictures().items():
            folder = stack.enter_context(_written(files))
            kinds[kind] = {}
            for way, count in (("single", len(files)), ("batch", BATCH)):
                candidates: dict[str, Callable[[], float]] = {
                    name: partial(call, way, folder=folder, count=count) for name, call in calls.items()
                }
                candidates[DECODING] = partial(calls[OURS], "decoded", folder=folder, count=count)
                seconds = alternate(candidates, rounds)
                kinds[kind][way] = compare(seconds, DECODING, "ms", 1000 / count)
    return {"pictures": PICTURES, "batch": BATCH, "rounds": rounds, "kinds": kinds}


@contextmanager
def _written(files: Iterable[bytes]) -> Iterator[str]:
    """A folder with these files, in their order."""
    with tempfile.TemporaryDirectory() as folder:
        for number, data in enumerate(files):
            (Path(folder) / f"{number:04}").write_bytes(data)
        yield folder


def section(results: dict[str, Any]) -> str:
    """Write the section of the page."""
    head = ["pictures", "decoding, ms", "ours, ms", "ratio", "ours in a batch, ms", "ratio"]
    rows = [
        (
            kind if name == OURS else f"{kind}, {name}",
            format_spread(ways["single"][DECODING]["ms"], 3),
            *(
                text
                for way in ("single", "batch")
                for text in (format_spread(ways[way][name]["ms"], 3), format_spread(ways[way][name]["ratio"]))
            ),
        )
        for kind, ways in results["kinds"].items()
        for name in ways["single"]
        if name != DECODING
    ]
    return f"""\
## One picture

From the bytes of a file to the verdict, one by one and in batches of {results["batch"]}, compared with decoding the
same bytes with Pillow. {results["rounds"]} rounds over {results["pictures"]} pictures of each kind. The target is 1.15
times the time of decoding, and 1.05 times in a batch.

{table(head, rows)}
"""
