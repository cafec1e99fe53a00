import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from github_avatars.errors import BadDataset
from github_avatars.training import dataset
from github_avatars.training.dataset import LABELS, Example

EXAMPLES = [
    Example("default/1.png", "default", "mojombo", 1, "identicon"),
    Example("custom/a, b.jpg", "custom", "octo-cat", 583231, 'a "quoted" family'),
]

words = st.text(st.characters(exclude_categories=["C", "Z"]) | st.just(" "), min_size=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with an index."""
    dataset.write_index(tmp_path, EXAMPLES)
    return tmp_path


@settings(deadline=None, max_examples=100)
@given(st.lists(st.builds(Example, words, st.sampled_from(LABELS), words, st.integers(1, 10**12), words), max_size=5))
def test_index_round_trip(tmp_path_factory: pytest.TempPathFactory, examples: list[Example]) -> None:
    folder = tmp_path_factory.mktemp("index")
    dataset.write_index(folder, examples)
    assert dataset.read_index(folder) == examples
    assert dataset.read(folder) == examples


def test_index_is_csv_with_a_header(folder: Path) -> None:
    assert (folder / "index.csv").read_bytes().decode().splitlines(keepends=True) == [
        "file,label,login,account_id,family\n",
        "default/1.png,default,mojombo,1,identicon\n",
        '"custom/a, b.jpg",custom,octo-cat,583231,"a ""quoted"" family"\n',
    ]


def test_missing_index_is_named_in_the_error(tmp_path: Path) -> None:
    with pytest.raises(
        BadDataset, match=r"index\.csv cannot be read \(No such file.*: give a folder with an index\.csv"
    ):
        dataset.read_index(tmp_path)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("a.png,Default,zeke,3,flat", "label 'Default' is none of default, custom"),
        ("a.png,,zeke,3,flat", "label '' is none of default, custom"),
        ("a.png,custom,zeke,three,flat", "'three'"),
        ("a.png,custom,zeke,,flat", "''"),
        ("a.png,custom,zeke,3", "too short"),
        ("a.png", "too short"),
    ],
)
def test_invalid_line_is_named_by_file_and_number(folder: Path, line: str, reason: str) -> None:
    path = folder / "index.csv"
    path.write_text(path.read_text() + "\n" + line + "\n")
    with pytest.raises(BadDataset) as caught:
        dataset.read_index(folder)
    message = str(caught.value)
    # The header, two examples and an empty line come before it.
    assert message.startswith(f"{path}, line 5 is invalid (")
    assert reason in message
    assert message.endswith("it needs file, label, login, account_id, family.")


def test_missing_column_is_named_in_the_error(folder: Path) -> None:
    path = folder / "index.csv"
    text = path.read_text()
    for column in dataset.NAMES:
        path.write_text(text.replace(column, "other", 1))
        with pytest.raises(BadDataset, match=f"line 2 is invalid .*{column}"):
            dataset.read_index(folder)


@pytest.mark.parametrize(
    "data", [b"file,label\xff\n", b"file,label,login,account_id,family\n" + b"x" * 200_000 + b",,,,\n"]
)
def test_index_that_is_not_csv_is_rejected(folder: Path, data: bytes) -> None:
    (folder / "index.csv").write_bytes(data)
    with pytest.raises(BadDataset, match=r"index\.csv is not a CSV file in UTF-8"):
        dataset.read_index(folder)


def test_without_an_index_the_folders_are_the_labels(tmp_path: Path) -> None:
    for file in ("default/b.png", "default/deep/a.png", "custom/c", "custom/.hidden", "other/d.png", "e.png"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    assert dataset.read(tmp_path) == [
        Example("default/b.png", "default", "", 0, ""),
        Example("default/deep/a.png", "default", "", 0, ""),
        Example("custom/c", "custom", "", 0, ""),
    ]


def test_a_label_may_have_no_folder(tmp_path: Path) -> None:
    (tmp_path / "custom").mkdir()
    assert dataset.read(tmp_path) == []
    (tmp_path / "custom" / "default").touch()
    assert [example.label for example in dataset.read(tmp_path)] == ["custom"]


@pytest.mark.parametrize("name", ["", "no such folder", "file"])
def test_folder_without_index_and_labels_is_rejected(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "other").mkdir()
    with pytest.raises(BadDataset, match=r"has neither index\.csv nor a folder default or custom: give a folder of"):
        dataset.read(tmp_path / name)


def test_labels_without_examples_are_counted() -> None:
    assert dataset.count_labels([]) == {"default": 0, "custom": 0}
    assert dataset.count_labels([*EXAMPLES, EXAMPLES[1]]) == {"default": 1, "custom": 2}


def test_digest_is_the_documented_one_and_depends_on_name_label_and_content_only() -> None:
    lines = "custom/a, b.jpg custom 22\ndefault/1.png default 11\n"
    digest = hashlib.sha256(lines.encode()).hexdigest()
    other_login = [replace(example, login="another", account_id=7, family="") for example in EXAMPLES]
    assert dataset.digest(EXAMPLES, ["11", "22"]) == dataset.digest(EXAMPLES[::-1], ["22", "11"]) == digest
    assert dataset.digest(other_login, ["11", "22"]) == digest


def test_pixel_hash_depends_on_pixels_and_size() -> None:
    flat = Image.new("RGB", (4, 6), "teal")
    assert dataset.pixel_hash(flat) == dataset.pixel_hash(flat.copy())
    others = (flat.resize((6, 4)), Image.new("RGB", (4, 6), (0, 128, 129)))
    assert len({dataset.pixel_hash(picture) for picture in (flat, *others)}) == 3
