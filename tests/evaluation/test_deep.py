"""The competitors that need torch. `script/bootstrap-deep` creates an environment in which these tests run."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from github_avatars import identicon
from github_avatars.evaluation.ablation import comparison, harness
from github_avatars.training import fitting
from github_avatars.training.measuring import measure
from pages.ablation import NETWORKS
from tests.support.datasets import write_dataset

torch = pytest.importorskip("torch", reason="torch is in requirements/deep.txt, which is optional")
from github_avatars.evaluation.ablation import deep  # noqa: E402 (it imports torch)

SIDE, CHANNELS = 64, 3


def plain(color: tuple[int, int, int], size: int = 40) -> Image.Image:
    return Image.new("RGB", (size, size), color)


def red_and_blue(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of plain pictures in shades of red, then of blue, and whether they are red."""
    shades = np.linspace(100, 255, count).astype(int).tolist()
    pictures = [plain((shade, 9, 9)) for shade in shades] + [plain((9, 9, shade)) for shade in shades]
    return np.stack([deep.pixels(picture) for picture in pictures]), np.arange(2 * count) < count


def test_pixels_are_listed_row_by_row() -> None:
    picture = plain((1, 2, 3), SIDE)
    picture.putpixel((5, 2), (7, 8, 9))
    row = deep.pixels(picture)
    assert row.dtype == np.uint8
    pixels = row.reshape(SIDE, SIDE, CHANNELS)
    assert pixels[2, 5].tolist() == [7, 8, 9]
    assert pixels[5, 2].tolist() == [1, 2, 3]
    assert deep.pixels(plain((1, 2, 3), 300)).tolist() == [1, 2, 3] * SIDE**2


def test_small_network_has_three_convolutional_layers_and_learns() -> None:
    rows, red = red_and_blue(40)
    network = deep.SmallNetwork().fit(rows[::2], red[::2])
    layers = [module for module in network.network_.modules() if isinstance(module, torch.nn.Conv2d)]
    assert len(layers) == 3
    probability = network.predict_proba(rows[1::2])
    assert probability.shape == (40, 2)
    np.testing.assert_allclose(probability.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(probability[:, 1] > 0.5, red[1::2])


def test_small_network_is_reproducible_and_keeps_the_random_state() -> None:
    rows, red = red_and_blue(8)
    torch.manual_seed(7)
    expected = torch.rand(3).tolist()
    torch.manual_seed(7)
    first = deep.SmallNetwork().fit(rows, red)
    assert torch.rand(3).tolist() == expected
    second = deep.SmallNetwork().fit(rows, red)
    np.testing.assert_array_equal(first.predict_proba(rows), second.predict_proba(rows))
    assert first.state_bytes() == second.state_bytes() > sum(p.nbytes for p in first.network_.parameters())


def test_efficientnet_extracts_1280_features_with_the_weights_of_its_package() -> None:
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


def test_comparison_of_the_networks(tmp_path: Path) -> None:
    write_dataset(tmp_path, ("logo", "plain", "flag", "sprite", "chart"))
    result = comparison.compare(tmp_path, deep.DEEP, deep.PACKAGES)
    assert [row["name"] for row in result["competitors"]] == list(NETWORKS)
    small, large = result["competitors"]
    assert 5e5 < small["bytes"] < 5e6
    assert large["bytes"] > deep._weights().stat().st_size
    for row in (small, large):
        assert row["grid"]["count"] == 7 * 88
        assert row["versions"]["torch"].startswith("2.13.0")


def test_features_of_a_worker_process_are_those_of_this_process(tmp_path: Path) -> None:
    (example, *_) = write_dataset(tmp_path, ("logo",))
    extract = partial(harness._extract_all, [deep.DEEP[1].extraction])
    (measurement,) = fitting.readable(measure(tmp_path, [example], [[]], extract))
    with Image.open(tmp_path / example.file) as picture:
        np.testing.assert_allclose(measurement.values[0][0], deep.imagenet(picture), rtol=1e-4, atol=1e-4)
