"""The page's gallery: some pictures of avatars/, which need no network."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from github_avatars.errors import BadInput
from github_avatars.picture import decoding
from github_avatars.resources import AVATARS
from github_avatars.training import dataset
from github_avatars.training.dataset import Example

DEFAULT_COUNT = 8
CUSTOM_FAMILIES = (
    "cartoon",
    "grey-logo",
    "grid-pinwheel",
    "photo-landscape",
    "grid-other-count",
    "near-grey-logo",
    "grid-upside",
    "initials",
    "sprite",
    "grid-asymmetric",
    "photo-portrait",
    "grey-mirrored",
    "flag",
    "two-colors",
    "grid-tiles",
    "line-drawing",
)
"""Families of custom avatars, easy and hard ones mixed. The gallery shows one picture of each."""


@dataclass(frozen=True)
class Gallery:
    """Examples by login, in the order in which they are shown."""

    folder: Path
    examples: dict[str, Example]

    def read(self, name: str) -> bytes:
        """The picture file of an example. Raises BadInput if there is none of this name."""
        return decoding.read_bytes(self.folder / self.example(name).file)

    def example(self, name: str) -> Example:
        """The example of this name. Raises BadInput if there is none."""
        if name not in self.examples:
            raise BadInput(f"{name[:100]!r} is not an example: select one of the gallery.")
        return self.examples[name]


@cache
def gallery() -> Gallery:
    """The gallery of avatars/. Raises BadDataset if that folder is missing or damaged."""
    examples = dataset.read_index(AVATARS)
    defaults = [example for example in examples if example.label == "default"][:DEFAULT_COUNT]
    first_of_family = {example.family: example for example in reversed(examples)}
    customs = [first_of_family[family] for family in CUSTOM_FAMILIES if family in first_of_family]
    # One default avatar, then two custom ones, and so on, so that different pictures are side by side.
    mixed = [
        example
        for number, default in enumerate(defaults)
        for example in (default, *customs[2 * number : 2 * number + 2])
    ]
    return Gallery(AVATARS, {example.login: example for example in mixed})
