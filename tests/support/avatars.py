"""Folders of avatars for the stand-in for GitHub."""

from collections.abc import Mapping
from pathlib import Path

from PIL import Image

from github_avatars import identicon
from github_avatars.classifier import classify
from github_avatars.demo import AVATARS
from github_avatars.demo.thumbnails import thumbnail
from github_avatars.prediction import MAX_CUSTOM, THUMBNAIL
from github_avatars.training import dataset
from github_avatars.training.dataset import Example

Avatars = Mapping[str, tuple[int, Image.Image | bytes]]
"""By login, the account id and the picture."""


def judged_file(example: Example) -> bytes:
    """The file that decides about an account of the stand-in: a thumbnail that is certainly custom, or the original."""
    data = (AVATARS / example.file).read_bytes()
    small = data if example.label == "default" else thumbnail(data, THUMBNAIL)
    return small if classify(small).probability <= MAX_CUSTOM else data


def needs_original(example: Example) -> bool:
    """Whether the original of a custom avatar decides, because its thumbnail is not certainly custom."""
    return example.label == "custom" and judged_file(example) == (AVATARS / example.file).read_bytes()


def write_avatars(folder: Path, avatars: Avatars) -> Path:
    """Fill the folder of a stand-in with these accounts, and return it."""
    examples = []
    for login, (account_id, picture) in avatars.items():
        file = f"{login}.png"
        if isinstance(picture, bytes):
            (folder / file).write_bytes(picture)
        else:
            picture.save(folder / file)
        is_default = isinstance(picture, Image.Image) and identicon.is_of(picture, account_id)
        examples.append(Example(file, "default" if is_default else "custom", login, account_id, ""))
    dataset.write_index(folder, examples)
    return folder
