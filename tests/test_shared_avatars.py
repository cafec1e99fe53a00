"""Real avatars, where they are at hand. They belong to people: they serve to measure, never to ship or train on."""

from pathlib import Path

import pytest

from github_avatars import classify, dataset, features, identicon, image
from github_avatars.classifier import shipped

AVATARS = Path(__file__).resolve().parents[2] / "shared" / "avatars"
RESAMPLING = ("BOX", "BILINEAR", "BICUBIC", "LANCZOS")
CODECS = ("png", "jpeg 90", "jpeg 75", "jpeg 50", "webp 80")

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
    assert {identicon.fit(image.read(path)).error for path in files("default")} == {0.0}


@pytest.mark.parametrize("label", dataset.LABELS)
def test_thumbnails_made_of_the_originals_are_right(label: str) -> None:
    classifier = shipped()
    verdicts = []
    for number, path in enumerate(files(label)):
        picture = image.read(path)
        for degradation in dataset.DEGRADATIONS:
            turn = degradation.resampling == RESAMPLING[number % len(RESAMPLING)]
            if turn and degradation.size >= 32 and degradation.codec in CODECS:
                copy = image.load(degradation.apply(picture))
                verdicts.append(classifier.judge(features.extract(copy)).label)
    assert verdicts.count(label) / len(verdicts) >= 0.99


def test_the_two_counts_alone_miss_every_thumbnail_of_a_default_avatar() -> None:
    def counts_say_default(path: Path) -> bool:
        measured = features.extract(image.read(path))
        return measured.distinct_colors == 2 and measured.github_grey > 100

    assert all(map(counts_say_default, files("default")))
    assert not any(map(counts_say_default, files("thumbnails/default")))
