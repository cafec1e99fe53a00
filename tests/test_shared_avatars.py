"""Tests on real avatars, if the folder exists. The avatars belong to people: never publish or train on them."""

import struct
from pathlib import Path

import pytest

from github_avatars import classify, features, identicon
from github_avatars.picture import decoding, proof
from github_avatars.training import dataset

AVATARS = Path(__file__).resolve().parents[2] / "shared" / "avatars"

pytestmark = pytest.mark.skipif(not AVATARS.is_dir(), reason="the folder of real avatars does not exist")


def files(folder: str) -> list[Path]:
    paths = sorted((AVATARS / folder).iterdir())
    assert paths
    return paths


@pytest.mark.parametrize("label", dataset.LABELS)
@pytest.mark.parametrize("folder", [".", "thumbnails"])
def test_every_picture_gets_its_label(folder: str, label: str) -> None:
    assert {path.name for path in files(f"{folder}/{label}") if classify(path).label != label} == set()


def test_originals_of_default_avatars_are_fitted_exactly() -> None:
    assert {identicon.fit(decoding.read(path)).error for path in files("default")} == {0.0}


def test_originals_are_proven_without_decoding() -> None:
    """Except those that other programs have written in another form. Their account ids are not known."""
    identicons = {}
    for path in files("default"):
        fitted = identicon.fit(decoding.read(path))
        identicons[path.read_bytes()] = identicon.Identicon(fitted.grid, fitted.color)
    proven = [data for data, own in identicons.items() if proof.identicon_in(data) == own]
    githubs = [
        data for data in identicons if data[16:26] == struct.pack(">IIBB", 420, 420, 8, 2) and b"eXIf" not in data
    ]
    assert len(proven) == len(githubs) > 50
    assert all(proof.identicon_in(data) in (own, None) for data, own in identicons.items())


def test_counts_alone_recognize_originals_but_no_thumbnail() -> None:
    def is_default_by_counts(path: Path) -> bool:
        measured = features.extract(decoding.read(path))
        return measured.distinct_colors == 2 and measured.github_grey > 100

    assert all(map(is_default_by_counts, files("default")))
    assert not any(map(is_default_by_counts, files("thumbnails/default")))
