"""Where the edges of cells are in lossless copies of identicons, by any program that makes them."""

import io
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from PIL import Image, ImageFilter

from github_avatars import identicon
from github_avatars.identicon import GITHUB_GREY, SIZE, is_githubs
from tests.accuracy import kinds

Resampling = Image.Resampling
Copy = Callable[[Image.Image, int], Image.Image]
SIDES = (60, 64, 80, 100, 127, 128, 144, 150, 200, 256, 300, 419, 460)


def picked(picture: Image.Image, points: np.ndarray) -> Image.Image:
    """Linear interpolation at these points of each row and column, without averaging."""
    low = np.floor(points).astype(int).clip(0, SIZE - 1)
    high = (low + 1).clip(max=SIZE - 1)
    share = (points - low).clip(0)
    pixels = np.asarray(picture, dtype=float)
    pixels = pixels[low] * (1 - share)[:, None, None] + pixels[high] * share[:, None, None]
    pixels = pixels[:, low] * (1 - share)[:, None] + pixels[:, high] * share[:, None]
    return Image.fromarray((pixels + 0.5).astype(np.uint8))


def smooth(resampling: Resampling, picture: Image.Image, side: int) -> Image.Image:
    return picture.resize((side, side), resampling)


def thumbnail(picture: Image.Image, side: int) -> Image.Image:
    copy = picture.copy()
    copy.thumbnail((side, side))
    return copy


COPIES: dict[str, Copy] = {
    **{each.name.lower(): partial(smooth, each) for each in Resampling},
    "thumbnail": thumbnail,
    "nearest to corners": lambda picture, side: picked(picture, np.arange(side) * SIZE // side),
    "linear at centers": lambda picture, side: picked(picture, (np.arange(side) + 0.5) * SIZE / side - 0.5),
    "linear at corners": lambda picture, side: picked(picture, np.arange(side) * SIZE / side),
    "linear from end to end": lambda picture, side: picked(picture, np.arange(side) * (SIZE - 1) / (side - 1)),
    "two steps": lambda picture, side: picture.resize((230, 230), Resampling.BICUBIC).resize((side, side)),
    "sharpened": lambda picture, side: picture.resize((side, side), Resampling.LANCZOS).filter(ImageFilter.SHARPEN),
    "sharpened box": lambda picture, side: picture.resize((side, side), Resampling.BOX).filter(ImageFilter.SHARPEN),
    "blurred": lambda picture, side: picture.resize((side, side)).filter(ImageFilter.GaussianBlur(0.7)),
    "32 colors": lambda picture, side: picture.resize((side, side)).quantize(32).convert("RGB"),
    "palette first": lambda picture, side: picture.quantize(2).convert("RGB").resize((side, side)),
}


@pytest.mark.parametrize("name", COPIES)
def test_copies_of_identicons_are_not_excluded(name: str) -> None:
    excluded = [
        (account_id, side)
        for side in SIDES
        for account_id in kinds.account_ids(6, seed=side)
        if is_githubs(COPIES[name](identicon.render(account_id), side)) is False
    ]
    assert excluded == []


@pytest.mark.parametrize("name", ["70-pixel port", "margin of 34 pixels", "port drawn at its size"])
@pytest.mark.parametrize("resampling", [Resampling.BOX, Resampling.HAMMING, Resampling.BILINEAR, Resampling.LANCZOS])
def test_cells_of_another_size_or_margin_are_excluded(name: str, resampling: Resampling) -> None:
    for side in (64, 80, 100, 128, 200, 256, 300, 400):
        for file in kinds.service(name, side, resampling, 6, seed=side):
            assert is_githubs(Image.open(io.BytesIO(file)).convert("RGB")) is False


@pytest.mark.parametrize("side", [60, 72, 96, 120, 144, 180, 192])
def test_port_that_equals_a_copy_by_nearest_neighbor_is_not_excluded(side: int) -> None:
    """A port of GitHub's formula that is drawn at these sizes has the same pixels."""
    for account_id in kinds.account_ids(6, seed=side):
        drawn = identicon.for_account(account_id)
        rows = [[cell == "#" for cell in row] for row in drawn.grid.split("/")]
        port = kinds.draw_cells(rows, side, side // 12, side // 6, 0, drawn.color, GITHUB_GREY)
        assert port.tobytes() == drawn.draw(side).tobytes()
        assert is_githubs(port) is None
