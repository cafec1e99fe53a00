"""A small folder of labeled pictures."""

from pathlib import Path

import synthesis
from github_avatars import identicon
from github_avatars.training import dataset
from github_avatars.training.dataset import Example

FAMILIES = ("logo", "plain", "flag", "grey-logo", "sprite", "grid-eights")


def write_dataset(folder: Path, families: tuple[str, ...] = FAMILIES, seed: int = 1) -> list[Example]:
    """Write a drawing of each family, as many identicons, and an index of them: the identicons first."""
    examples = []
    for number in range(1, len(families) + 1):
        identicon.render(number).save(folder / f"{number}.png")
        examples.append(Example(f"{number}.png", "default", f"user-{number}", number, "identicon"))
    for number, family in enumerate(families, start=100):
        drawing = synthesis.draw(family, seed)
        file = f"{family}.{drawing.extension}"
        (folder / file).write_bytes(drawing.data)
        examples.append(Example(file, "custom", family, number, family))
    dataset.write_index(folder, examples)
    return examples
