"""The competitors that need torch; `script/ablation --deep` makes an environment in which these tests run."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import synthesis
from github_avatars import identicon
from github_avatars.evaluation.ablation import __main__ as command
from github_avatars.evaluation.ablation import harness, page
from github_avatars.training import dataset
from github_avatars.training.dataset import Example

torch = pytest.importorskip("torch", reason="torch is in requirements/deep.txt, which is optional")
from github_avatars.evaluation.ablation import deep  # noqa: E402 - it imports torch

SIDE, CHANNELS = 64, 3


def plain(color: tuple[int, int, int], size: int = 40) -> Image.Image:
    return Image.new("RGB", (size, size), color)


def red_and_blue(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of plain pictures of many reds, then of many blues, and which are red."""
    shades = np.linspace(100, 255, count).astype(int).tolist()
    pictures = [plain((shade, 9, 9)) for shade in shades] + [plain((9, 9, shade)) for shade in shades]
    return np.stack([deep.pixels(picture) for picture in pictures]), np.arange(2 * count) < count


def test_pixels_are_those_of_the_picture_row_by_row() -> None:
    picture = plain((1, 2, 3), SIDE)
    picture.putpixel((5, 2), (7, 8, 9))
    row = deep.pixels(picture)
    assert row.dtype == np.uint8
    shown = row.reshape(SIDE, SIDE, CHANNELS)
    assert shown[2, 5].tolist() == [7, 8, 9]
    assert shown[5, 2].tolist() == [1, 2, 3]
    assert deep.pixels(plain((1, 2, 3), 300)).tolist() == [1, 2, 3] * SIDE**2


def test_the_small_network_has_three_convolutional_layers_and_learns() -> None:
    rows, red = red_and_blue(40)
    network = deep.SmallNetwork().fit(rows[::2], red[::2])
    layers = [module for module in network.network_.modules() if isinstance(module, torch.nn.Conv2d)]
    assert len(layers) == 3
    probability = network.predict_proba(rows[1::2])
    assert probability.shape == (40, 2)
    np.testing.assert_allclose(probability.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(probability[:, 1] > 0.5, red[1::2])


def test_the_small_network_is_the_same_every_time_and_leaves_chance_alone() -> None:
    rows, red = red_and_blue(8)
    torch.manual_seed(7)
    untouched = torch.rand(3).tolist()
    torch.manual_seed(7)
    first = deep.SmallNetwork().fit(rows, red)
    assert torch.rand(3).tolist() == untouched
    second = deep.SmallNetwork().fit(rows, red)
    np.testing.assert_array_equal(first.predict_proba(rows), second.predict_proba(rows))
    assert first.state_bytes() == second.state_bytes() > sum(p.nbytes for p in first.network_.parameters())


def test_efficientnet_makes_1280_numbers_with_the_weights_of_its_package() -> None:
    row = deep.imagenet(identicon.render(1))
    assert row.shape == (1280,)
    assert row.dtype == np.float32
    assert (row >= 0).all()
    np.testing.assert_array_equal(row, deep.imagenet(identicon.render(1)))
    assert not np.allclose(row, deep.imagenet(identicon.render(2)), atol=0.1)
    shipped = torch.load(deep._weights(), weights_only=True)
    kept = deep._lite0().state_dict()
    assert shipped.keys() == kept.keys()
    assert all(torch.equal(shipped[name], kept[name]) for name in shipped)


def test_the_competition_with_the_networks(tmp_path: Path) -> None:
    listed = []
    for account_id in range(1, 6):
        identicon.render(account_id).save(tmp_path / f"{account_id}.png")
        listed.append(Example(f"{account_id}.png", "default", f"user-{account_id}", account_id, "identicon"))
    for number, family in enumerate(("logo", "plain", "flag", "sprite", "chart"), start=100):
        drawing = synthesis.draw(family, 1)
        (tmp_path / f"{family}.{drawing.extension}").write_bytes(drawing.data)
        listed.append(Example(f"{family}.{drawing.extension}", "custom", family, number, "custom"))
    dataset.write_index(tmp_path, listed)
    found = command.run(tmp_path, deep.DEEP, deep.PACKAGES, lambda items, _: items)
    assert [row["name"] for row in found["competitors"]] == list(page.DEEP)
    small, large = found["competitors"]
    assert 5e5 < small["bytes"] < 5e6
    assert large["bytes"] > deep._weights().stat().st_size
    for row in (small, large):
        assert row["grid"]["count"] == 4 * 88
        assert row["versions"]["torch"].startswith("2.13.0")
    way = deep.DEEP[1].way
    measured = harness.measure(tmp_path, listed, [way], lambda items, _: items)[way]
    shown = Image.open(tmp_path / "1.png")
    np.testing.assert_allclose(measured.table.rows[0], deep.imagenet(shown), rtol=1e-4, atol=1e-4)
