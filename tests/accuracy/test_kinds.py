"""The labels of kinds of pictures that training does not contain."""

import pytest
from PIL import Image

from github_avatars import classify_all, identicon
from github_avatars.classifier import Verdict
from tests.accuracy import kinds

SHAPES = [(36, False), (48, True), (64, False), (80, True)]
SMOOTH = [getattr(Image.Resampling, name) for name in ("BOX", "BILINEAR", "HAMMING", "BICUBIC", "LANCZOS")]


def share_of_default(files: list[bytes]) -> float:
    verdicts = [verdict for verdict in classify_all(files) if isinstance(verdict, Verdict)]
    assert len(verdicts) == len(files)
    return sum(verdict.label == "default" for verdict in verdicts) / len(verdicts)


@pytest.mark.parametrize("side", [16, 18, 20, 22, 24, 28, 32, 36])
def test_identicons_resized_by_nearest_neighbor_are_default(side: int) -> None:
    assert share_of_default(kinds.nearest_thumbnails(side, 40)) == 1


@pytest.mark.parametrize(("side", "circle"), SHAPES)
@pytest.mark.parametrize("dither", kinds.DITHERS)
def test_tiles_of_dithered_sheets_are_default(side: int, circle: bool, dither: str) -> None:
    assert share_of_default(kinds.sheet_tiles(side, circle, dither, 64)) == 1


@pytest.mark.parametrize("codec", ["JPEG", "WEBP"])
@pytest.mark.parametrize("side", [16, 20, 24, 32, 40])
def test_small_lossy_marks_in_one_color_are_custom(side: int, codec: str) -> None:
    assert share_of_default(kinds.lossy_marks(side, codec, 60)) == 0


@pytest.mark.parametrize("level", [224, 232, 248, 255])
@pytest.mark.parametrize("side", [64, 80])
def test_lossy_grids_on_another_background_are_custom(level: int, side: int) -> None:
    assert share_of_default(kinds.lossy_on_level(level, side, 60)) <= 0.02


@pytest.mark.parametrize(("side", "limit"), [(24, 0.05), (32, 0.05), (48, 0), (64, 0), (128, 0), (200, 0)])
def test_identicons_in_two_hues_are_custom(side: int, limit: float) -> None:
    assert share_of_default(kinds.lossy_in_two_hues(side, 60)) <= limit


@pytest.mark.parametrize("name", kinds.SERVICES)
@pytest.mark.parametrize("side", [64, 128, 200, 256, 400, 420])
def test_identicons_that_github_cannot_draw_are_custom(name: str, side: int) -> None:
    for resampling in SMOOTH:
        assert share_of_default(list(kinds.service(name, side, resampling, 6))) == 0


def test_originals_with_a_circle_cut_out_are_default() -> None:
    files = []
    for account_id in kinds.account_ids(10, seed=3):
        picture = identicon.render(account_id)
        picture.putalpha(kinds.disc_mask(420))
        files.append(kinds.encode(picture))
    assert share_of_default(files) == 1
