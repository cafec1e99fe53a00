"""script/synthesize writes avatars/ byte for byte, and the shipped avatars are consistent."""

from collections import Counter
from pathlib import Path

import pytest
from PIL import Image

import synthesis
from github_avatars import identicon
from github_avatars.demo import AVATARS
from github_avatars.github import check_login
from github_avatars.picture import decoding
from github_avatars.training import dataset
from github_avatars.training.dataset import Example
from synthesis.__main__ import write


@pytest.fixture(scope="module")
def examples() -> list[Example]:
    return dataset.read_index(AVATARS)


def read_files(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != "README.md")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_the_command_writes_the_shipped_files_and_deletes_those_of_an_earlier_run(tmp_path: Path) -> None:
    for label in dataset.LABELS:
        (tmp_path / label).mkdir()
        (tmp_path / label / "of-an-earlier-run.png").write_bytes(b"old")
    (tmp_path / "index.csv").write_bytes(b"old")
    write(tmp_path)
    written, shipped = read_files(tmp_path), read_files(AVATARS)
    assert written.keys() == shipped.keys()
    assert [file for file in shipped if written[file] != shipped[file]] == []
    assert len(set(shipped.values())) == len(shipped), "no two files are equal"
    assert sum(map(len, shipped.values())) < 8_000_000


def test_the_index_lists_every_file_account_and_family_once(examples: list[Example]) -> None:
    assert sorted(example.file for example in examples) == sorted(read_files(AVATARS).keys() - {"index.csv"})
    counts = Counter(example.label for example in examples)
    assert counts.keys() == set(dataset.LABELS)
    assert min(counts.values()) >= 200
    families = Counter(example.family for example in examples if example.label == "custom")
    assert families.keys() == {family for family in synthesis.FAMILIES if not dataset.is_lookalike(family)}
    assert len(set(families.values())) == 1
    assert [check_login(example.login) for example in examples] == [example.login for example in examples]
    assert len({example.login.lower() for example in examples}) == len(examples)
    assert "octocat" in {example.login for example in examples}
    assert min(example.account_id for example in examples) >= 1
    assert len({example.account_id for example in examples}) == len(examples)


def test_default_avatars_are_png_identicons_of_their_account_ids(examples: list[Example]) -> None:
    for example in examples:
        if example.label == "default":
            with Image.open(AVATARS / example.file) as stored:
                assert stored.format == "PNG"
            assert identicon.is_of(decoding.read(AVATARS / example.file), example.account_id), example.file


def test_custom_avatars_are_no_identicons(examples: list[Example]) -> None:
    for example in examples:
        assert example.file.startswith(f"{example.label}/")
        if example.label == "custom":
            assert identicon.fit(decoding.read(AVATARS / example.file)).error > 0, example.file
