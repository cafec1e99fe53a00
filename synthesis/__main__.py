"""Draw the pictures of avatars/: custom avatars of all families but look-alikes, as many default ones, and an index."""

import argparse
import io
import random
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from tqdm import tqdm

import synthesis
from github_avatars import identicon
from github_avatars.training import dataset
from github_avatars.training.dataset import Example

DRAWINGS = 8
"""Number of drawings per family."""

FIRST = tuple(synthesis.FAMILIES)[:36]
"""The families that are drawn before any default avatar. New ones follow, so that they change no earlier picture."""

NEWEST_ACCOUNT = 110_000_000
"""Account ids are drawn at random from 1 to this number. Identicons of later ids look no different."""

MASCOT = "cartoon"
"""The first drawing of this family is the avatar of `octocat` at the stand-in for GitHub."""


def custom(rng: random.Random, families: Iterable[str]) -> Iterator[tuple[Example, bytes]]:
    """Draw the custom avatars: DRAWINGS of each family."""
    for family in families:
        for number in range(DRAWINGS):
            drawing = synthesis.draw(family, number)
            name = f"{family}-{number}"
            login = "octocat" if name == f"{MASCOT}-0" else name
            file = f"custom/{name}.{drawing.extension}"
            yield Example(file, "custom", login, rng.randint(1, NEWEST_ACCOUNT), family), drawing.data


def default(rng: random.Random, start: int, stop: int) -> Iterator[tuple[Example, bytes]]:
    """Draw the default avatars with these numbers, the identicons of random account ids."""
    for number in range(start, stop):
        account_id = rng.randint(1, NEWEST_ACCOUNT)
        encoded = io.BytesIO()
        identicon.render(account_id).save(encoded, "PNG", optimize=True)
        example = Example(f"default/{account_id}.png", "default", f"default-{number}", account_id, "identicon")
        yield example, encoded.getvalue()


def write(directory: Path) -> None:
    """Write all pictures and index.csv to `directory`, and delete the pictures of an earlier run."""
    for label in dataset.LABELS:
        shutil.rmtree(directory / label, ignore_errors=True)
        (directory / label).mkdir(parents=True)
    rng = random.Random("avatars")  # noqa: S311 - not for cryptography
    later = [family for family in synthesis.FAMILIES if family not in FIRST and not dataset.is_lookalike(family)]
    first = DRAWINGS * len(FIRST)
    total = first + DRAWINGS * len(later)
    drawings = [*custom(rng, FIRST), *default(rng, 0, first), *custom(rng, later), *default(rng, first, total)]
    for example, data in tqdm(drawings, unit="picture"):
        (directory / example.file).write_bytes(data)
    dataset.write_index(directory, [example for example, _ in drawings])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="script/synthesize", description=__doc__)
    parser.add_argument("directory", type=Path, help="output folder")
    write(parser.parse_args().directory)
