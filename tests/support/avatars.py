"""Folders of avatars for the stand-in for GitHub."""

from collections.abc import Mapping
from pathlib import Path

from PIL import Image

from github_avatars import identicon
from github_avatars.training import dataset
from github_avatars.training.dataset import Example

Avatars = Mapping[str, tuple[int, Image.Image | bytes]]
"""By login, the account id and the picture."""


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
