"""Writes avatars/: every family's drawings as custom avatars, as many identicons as default ones, and the index."""

import argparse
import io
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

from tqdm import tqdm

import synthesis
from github_avatars import identicon
from github_avatars.training import dataset
from github_avatars.training.dataset import Example

DRAWINGS = 8
"""Drawings of each family."""

NEWEST_ACCOUNT = 110_000_000
"""Account ids are drawn from 1 to this; what the newest one is changes nothing about identicons."""

MASCOT = "cartoon"
"""The family whose first drawing the stand-in for GitHub shows as octocat's."""


def custom(dice: random.Random) -> Iterator[tuple[Example, bytes]]:
    """Every family's drawings."""
    for family in synthesis.FAMILIES:
        for number in range(DRAWINGS):
            drawing = synthesis.draw(family, number)
            name = f"{family}-{number}"
            login = "octocat" if name == f"{MASCOT}-0" else name
            file = f"custom/{name}.{drawing.extension}"
            yield Example(file, "custom", login, dice.randint(1, NEWEST_ACCOUNT), family), drawing.data


def default(dice: random.Random) -> Iterator[tuple[Example, bytes]]:
    """As many identicons of account ids drawn at random."""
    for number in range(DRAWINGS * len(synthesis.FAMILIES)):
        account_id = dice.randint(1, NEWEST_ACCOUNT)
        encoded = io.BytesIO()
        identicon.render(account_id).save(encoded, "PNG", optimize=True)
        example = Example(f"default/{account_id}.png", "default", f"default-{number}", account_id, "identicon")
        yield example, encoded.getvalue()


def write(directory: Path) -> None:
    """Write all pictures and index.csv below `directory`, in place of those that an earlier run wrote."""
    for label in dataset.LABELS:
        shutil.rmtree(directory / label, ignore_errors=True)
        (directory / label).mkdir(parents=True)
    dice = random.Random("avatars")  # noqa: S311 (nothing secret)
    drawings = [*custom(dice), *default(dice)]
    for example, data in tqdm(drawings, unit="picture"):
        (directory / example.file).write_bytes(data)
    dataset.write_index(directory, [example for example, _ in drawings])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="script/synthesize", description=__doc__)
    parser.add_argument("directory", type=Path, help="folder to write to")
    write(parser.parse_args().directory)
