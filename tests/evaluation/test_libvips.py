"""Thumbnails that libvips makes: the library behind sharp, and so behind many image pipelines of websites.

Its filters differ from those of Pillow, which the training copies and the robustness table are made with.
"""

import numpy as np
import pytest

from github_avatars import classify, identicon
from github_avatars.demo import AVATARS
from github_avatars.picture import decoding
from github_avatars.training import dataset

pyvips = pytest.importorskip("pyvips", reason="libvips is not installed: pip install 'pyvips[binary]'")

SIZES = (20, 24, 32, 48, 64)
KERNELS = ("nearest", "linear", "cubic", "mitchell", "lanczos2", "lanczos3")
ENCODINGS = (".png", ".webp[Q=80]", ".jpg[Q=75]")
CUSTOM = [
    example
    for example in dataset.read_index(AVATARS)
    if example.label == "custom" and not example.family.startswith("photo-")
][::16]


@pytest.mark.parametrize("kernel", KERNELS)
def test_resized_identicons_are_default_and_drawings_are_custom(kernel: str) -> None:
    pictures = [("default", identicon.render(account_id)) for account_id in range(1, 17)]
    pictures += [(example.label, decoding.read(AVATARS / example.file)) for example in CUSTOM]
    wrong = []
    for number, (label, picture) in enumerate(pictures):
        original = pyvips.Image.new_from_array(np.asarray(picture))
        for size in SIZES:
            thumbnail = original.resize(size / picture.width, kernel=kernel)
            assert thumbnail.width == size
            encoding = ENCODINGS[(number + size // 4) % len(ENCODINGS)]
            if classify(thumbnail.write_to_buffer(encoding)).label != label:
                wrong.append((label, number, size, encoding))
    assert [entry for entry in wrong if entry[0] == "default"] == []
    assert len(wrong) <= len(pictures) * len(SIZES) / 50, wrong
