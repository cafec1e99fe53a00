"""Real avatars, where they are at hand. They belong to people: they serve to measure, never to ship or train on.

tests/test_evaluation.py judges copies of them in every size and codec.
"""

from pathlib import Path

import pytest

from github_avatars import classify, features, identicon
from github_avatars.picture import decoding
from github_avatars.training import dataset

AVATARS = Path(__file__).resolve().parents[2] / "shared" / "avatars"

pytestmark = pytest.mark.skipif(not AVATARS.is_dir(), reason="the folder of real avatars is not at hand")


def files(folder: str) -> list[Path]:
    found = sorted((AVATARS / folder).iterdir())
    assert found
    return found


@pytest.mark.parametrize("label", dataset.LABELS)
@pytest.mark.parametrize("folder", [".", "thumbnails"])
def test_every_picture_is_right(folder: str, label: str) -> None:
    assert {path.name for path in files(f"{folder}/{label}") if classify(path).label != label} == set()


def test_originals_of_default_avatars_are_fitted_exactly() -> None:
    assert {identicon.fit(decoding.read(path)).error for path in files("default")} == {0.0}


def test_the_two_counts_alone_miss_every_thumbnail_of_a_default_avatar() -> None:
    def counts_say_default(path: Path) -> bool:
        measured = features.extract(decoding.read(path))
        return measured.distinct_colors == 2 and measured.github_grey > 100

    assert all(map(counts_say_default, files("default")))
    assert not any(map(counts_say_default, files("thumbnails/default")))
