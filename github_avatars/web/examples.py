"""The gallery: some pictures of avatars/, which need no network."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from github_avatars.errors import BadInput
from github_avatars.picture import decoding
from github_avatars.training import dataset
from github_avatars.training.dataset import Example

AVATARS = Path(__file__).resolve().parent.parent.parent / "avatars"

DEFAULTS = 8
FAMILIES = (
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
"""The families of custom avatars of which one is shown, easy and hard ones mixed."""


@dataclass(frozen=True)
class Gallery:
    """Examples by their login, in the order in which they are shown."""

    folder: Path
    examples: dict[str, Example]

    def data(self, name: str) -> bytes:
        """The picture file of one. Raises BadInput where there is none of this name."""
        return decoding.read_bytes(self.folder / self.example(name).file)

    def example(self, name: str) -> Example:
        """The line of the index. Raises BadInput where there is none of this name."""
        if name not in self.examples:
            raise BadInput(f"{name[:100]!r} is no example: pick one of the gallery.")
        return self.examples[name]


@cache
def gallery() -> Gallery:
    """What is shown of the project's own avatars. Raises BadDataset where these are not there."""
    every = dataset.read_index(AVATARS)
    defaults = [example for example in every if example.label == "default"][:DEFAULTS]
    first = {example.family: example for example in reversed(every)}
    customs = [first[family] for family in FAMILIES if family in first]
    # One default avatar, then two others, and so on: what differs stands side by side.
    mixed = [
        example
        for number, default in enumerate(defaults)
        for example in (default, *customs[2 * number : 2 * number + 2])
    ]
    return Gallery(AVATARS, {example.login: example for example in mixed})
