"""Times one picture, bytes → verdict, against the floor: Pillow decoding the same bytes."""

import argparse
import io
from collections.abc import Callable
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter

from PIL import Image

from github_avatars import classify, dataset, image
from github_avatars.dataset import Degradation

AVATARS = Path(__file__).resolve().parent.parent / "avatars"
PICTURES = 60
"""Pictures of each kind that a round goes through."""

THUMBNAIL = Degradation(64, "LANCZOS", circle=False, codec="png")


def kinds() -> dict[str, list[bytes]]:
    """The pictures to time, by kind: originals as GitHub serves them, and thumbnails made of them."""
    examples = dataset.read_index(AVATARS)
    default = [AVATARS / example.file for example in examples if example.label == "default"]
    custom = [AVATARS / example.file for example in examples if example.label == "custom"]
    found = {"default, PNG, 420 px": [path.read_bytes() for path in default]}
    for name, suffix in (("PNG", ".png"), ("JPEG", ".jpg")):
        found[f"custom, {name}, 184 to 460 px"] = [path.read_bytes() for path in custom if path.suffix == suffix]
    found["both, PNG, 64 px"] = [THUMBNAIL.apply(image.read(path)) for path in (*default[::8], *custom[::8])]
    return {kind: pictures[:: max(1, len(pictures) // PICTURES)] for kind, pictures in found.items()}


def decode(data: bytes) -> None:
    """The floor."""
    Image.open(io.BytesIO(data)).load()


def seconds(work: Callable[[bytes], object], pictures: list[bytes]) -> float:
    """Seconds a picture that `work` takes."""
    started = perf_counter()
    for data in pictures:
        work(data)
    return (perf_counter() - started) / len(pictures)


def main() -> None:
    """Print a table: medians over the rounds, the floor and ours taking turns in each."""
    parser = argparse.ArgumentParser(prog="script/benchmark", description=__doc__)
    parser.add_argument("--rounds", type=int, default=25, help="how often every picture is timed (default: 25)")
    rounds = parser.parse_args().rounds
    if rounds < 2:
        parser.error("--rounds must be at least 2")
    print("| pictures | decode, ms | verdict, ms | ratio | middle half of the ratios |")
    print("| --- | --- | --- | --- | --- |")
    for kind, pictures in kinds().items():
        seconds(classify, pictures)
        times = [(seconds(decode, pictures), seconds(classify, pictures)) for _ in range(rounds)]
        floor, ours = (1000 * median(column) for column in zip(*times, strict=True))
        ratios = [verdict / decoded for decoded, verdict in times]
        low, _, high = quantiles(ratios, n=4)
        print(f"| {kind} | {floor:.2f} | {ours:.2f} | {median(ratios):.2f} | {low:.2f} to {high:.2f} |")


if __name__ == "__main__":
    main()
