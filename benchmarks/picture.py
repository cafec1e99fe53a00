"""Classify one picture, from bytes to verdict, compared with decoding the same bytes with Pillow."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from benchmarks.measuring import compare, decode, format_spread, processor_seconds
from github_avatars import classify, classify_all
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

DECODING, OURS = "decoding", "ours"


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


def measure(rounds: int) -> dict[str, Any]:
    """Measure milliseconds per picture and ratios to decoding, for each kind, one by one and in a batch."""
    kinds = {}
    for kind, files in load_pictures().items():
        batch = [files[number % len(files)] for number in range(BATCH)]
        kinds[kind] = {
            "single": _compare(partial(_for_each, decode, files), partial(_for_each, classify, files), files, rounds),
            "batch": _compare(partial(_for_each, decode, batch), partial(classify_all, batch), batch, rounds),
        }
    return {"pictures": PICTURES, "batch": BATCH, "rounds": rounds, "kinds": kinds}


def _for_each(function: Callable[[bytes], object], files: Iterable[bytes]) -> None:
    for data in files:
        function(data)


def _compare(
    decode_all: Callable[[], object], ours: Callable[[], object], files: list[bytes], rounds: int
) -> dict[str, Any]:
    seconds = processor_seconds({DECODING: decode_all, OURS: ours}, rounds)
    return compare(seconds, DECODING, "ms", 1000 / len(files))


def section(results: dict[str, Any]) -> str:
    """Write the section of the page."""
    head = ["pictures", "decoding, ms", "ours, ms", "ratio", "ours in a batch, ms", "ratio"]
    rows = [
        (
            kind,
            format_spread(ways["single"][DECODING]["ms"], 3),
            *(
                text
                for way in ("single", "batch")
                for text in (format_spread(ways[way][OURS]["ms"], 3), format_spread(ways[way][OURS]["ratio"]))
            ),
        )
        for kind, ways in results["kinds"].items()
    ]
    return f"""\
## One picture

From the bytes of a file to the verdict, one by one and in batches of {results["batch"]}, compared with decoding the
same bytes with Pillow. {results["rounds"]} rounds over {results["pictures"]} pictures of each kind. The target is 1.15
times the time of decoding, and 1.05 times in a batch.

{table(head, rows)}
"""
