import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from github_avatars import identicon
from github_avatars.errors import BadDataset
from github_avatars.picture import decoding
from github_avatars.training import dataset
from github_avatars.training.dataset import LABELS, Example
from github_avatars.training.degradation import CODECS, DEGRADATIONS, SIZES, Degradation

EXAMPLES = [
    Example("default/1.png", "default", "mojombo", 1, "identicon"),
    Example("custom/a, b.jpg", "custom", "octo-cat", 583231, 'a "quoted" family'),
]

words = st.text(st.characters(exclude_categories=["C", "Z"]) | st.just(" "), min_size=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two pictures and their index."""
    for number, example in enumerate(EXAMPLES):
        path = tmp_path / example.file
        path.parent.mkdir()
        path.write_bytes(bytes([number]) * 10)
    dataset.write_index(tmp_path, EXAMPLES)
    return tmp_path


# Index


def test_an_index_is_read_as_it_was_written(folder: Path) -> None:
    assert dataset.read_index(folder) == EXAMPLES


@settings(deadline=None, max_examples=100)
@given(st.lists(st.builds(Example, words, st.sampled_from(LABELS), words, st.integers(1, 10**12), words), max_size=5))
def test_any_examples_are_read_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, examples: list[Example]
) -> None:
    folder = tmp_path_factory.mktemp("index")
    dataset.write_index(folder, examples)
    assert dataset.read_index(folder) == examples


def test_an_index_is_plain_text_with_a_heading(folder: Path) -> None:
    assert (folder / "index.csv").read_bytes().decode().splitlines(keepends=True) == [
        "file,label,login,account_id,family\n",
        "default/1.png,default,mojombo,1,identicon\n",
        '"custom/a, b.jpg",custom,octo-cat,583231,"a ""quoted"" family"\n',
    ]


def test_a_missing_index_is_refused_by_name(tmp_path: Path) -> None:
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
def test_a_wrong_line_is_refused_by_file_and_number(folder: Path, line: str, reason: str) -> None:
    path = folder / "index.csv"
    path.write_text(path.read_text() + "\n" + line + "\n")
    with pytest.raises(BadDataset) as caught:
        dataset.read_index(folder)
    message = str(caught.value)
    # The header, two examples and an empty line come before it.
    assert message.startswith(f"{path}, line 5 is wrong (")
    assert reason in message
    assert message.endswith("it needs file, label, login, account_id, family.")


@pytest.mark.parametrize("column", dataset.NAMES)
def test_a_missing_column_is_refused_by_name(folder: Path, column: str) -> None:
    path = folder / "index.csv"
    path.write_text(path.read_text().replace(column, "other", 1))
    with pytest.raises(BadDataset, match=f"line 2 is wrong .*{column}"):
        dataset.read_index(folder)


@pytest.mark.parametrize(
    "data", [b"file,label\xff\n", b"file,label,login,account_id,family\n" + b"x" * 200_000 + b",,,,\n"]
)
def test_an_index_that_is_no_text_is_refused_by_name(folder: Path, data: bytes) -> None:
    (folder / "index.csv").write_bytes(data)
    with pytest.raises(BadDataset, match=r"index\.csv is no CSV file in UTF-8"):
        dataset.read_index(folder)


# Digest


def test_the_digest_does_not_depend_on_the_order_of_the_index(folder: Path) -> None:
    assert dataset.digest(folder, EXAMPLES) == dataset.digest(folder, EXAMPLES[::-1])


@pytest.mark.parametrize("place", range(10))
def test_the_digest_changes_with_any_byte(folder: Path, place: int) -> None:
    before = dataset.digest(folder, EXAMPLES)
    path = folder / EXAMPLES[1].file
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)
    assert dataset.digest(folder, EXAMPLES) != before


def test_the_digest_changes_with_a_label_a_name_and_a_missing_picture(folder: Path) -> None:
    first, second = EXAMPLES
    (folder / "copy.png").write_bytes((folder / first.file).read_bytes())
    variants = [
        EXAMPLES,
        [replace(first, label="custom"), second],
        [replace(first, file="copy.png"), second],
        [first],
        [],
    ]
    assert len({dataset.digest(folder, examples) for examples in variants}) == len(variants)


def test_the_digest_does_not_depend_on_what_training_does_not_see(folder: Path) -> None:
    renamed = [replace(example, login="another") for example in EXAMPLES]
    assert dataset.digest(folder, renamed) == dataset.digest(folder, EXAMPLES)


# Degradations


@pytest.fixture(scope="module")
def original() -> Image.Image:
    """An identicon with a gradient over it: colours enough that a codec has something to lose."""
    gradient = Image.linear_gradient("L").resize((420, 420)).convert("RGB")
    return Image.blend(identicon.render(583231), gradient, 0.3)


def test_degradations_are_every_size_filter_shape_and_codec_once() -> None:
    assert len(set(DEGRADATIONS)) == len(DEGRADATIONS) == len(SIZES) * 4 * 2 * len(CODECS)
    assert {degradation.size for degradation in DEGRADATIONS} == set(SIZES)
    assert {degradation.codec for degradation in DEGRADATIONS} == set(CODECS)
    assert {degradation.circle for degradation in DEGRADATIONS} == {False, True}
    assert {degradation.resampling for degradation in DEGRADATIONS} == {"BOX", "BILINEAR", "BICUBIC", "LANCZOS"}
    assert (min(SIZES), max(SIZES)) == (16, 460)


@pytest.mark.parametrize("circle", [False, True])
@pytest.mark.parametrize("codec", CODECS)
def test_a_thumbnail_is_the_picture_in_its_new_size(original: Image.Image, codec: str, circle: bool) -> None:
    for number, size in enumerate(SIZES):
        resampling = ("BOX", "BILINEAR", "BICUBIC", "LANCZOS")[number % 4]
        thumbnail = decoding.decode(Degradation(size, resampling, circle, codec).apply(original))
        expected = original.resize((size, size), Image.Resampling[resampling])
        assert thumbnail.size == (size, size)
        # The square within the circle.
        inner = (size // 5, size // 5, size - size // 5, size - size // 5)
        strayed = np.abs(np.asarray(thumbnail.crop(inner), int) - np.asarray(expected.crop(inner), int)).mean()
        assert strayed == 0 if codec == "png" else strayed < 16


@pytest.mark.parametrize(
    ("codec", "file_format"),
    [
        ("png", "PNG"),
        ("palette png", "PNG"),
        ("gif", "GIF"),
        ("jpeg 90", "JPEG"),
        ("jpeg 75", "JPEG"),
        ("jpeg 50", "JPEG"),
        ("webp 80", "WEBP"),
        ("jpeg 75 twice", "JPEG"),
    ],
)
@pytest.mark.parametrize("circle", [False, True])
def test_a_codec_is_what_its_name_says(original: Image.Image, codec: str, file_format: str, circle: bool) -> None:
    with Image.open(io.BytesIO(Degradation(64, "LANCZOS", circle, codec).apply(original))) as thumbnail:
        assert thumbnail.format == file_format
        assert (thumbnail.mode == "P") == (codec in ("palette png", "gif"))
        assert thumbnail.has_transparency_data == (circle and file_format != "JPEG")


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("size", [16, 64, 460])
def test_a_circles_corners_are_seen_as_white(codec: str, size: int) -> None:
    thumbnail = decoding.decode(Degradation(size, "BOX", True, codec).apply(Image.new("RGB", (420, 420))))
    last = size - 1
    for corner in ((0, 0), (0, last), (last, 0), (last, last)):
        assert min(thumbnail.getpixel(corner)) >= (200 if "jpeg" in codec else 255)


def test_a_circle_is_transparent_outside_opaque_inside_and_smooth_between(original: Image.Image) -> None:
    with Image.open(io.BytesIO(Degradation(100, "BOX", True, "png").apply(original))) as thumbnail:
        alpha = np.asarray(thumbnail.getchannel("A"))
    y, x = np.mgrid[:100, :100] - 49.5
    distance = np.hypot(x, y)
    assert (alpha[distance > 51] == 0).all()
    assert (alpha[distance < 49] == 255).all()
    assert len(np.unique(alpha)) > 10


def test_worse_qualities_lose_more(original: Image.Image) -> None:
    thumbnail = original.resize((128, 128), Image.Resampling.BOX)
    ImageDraw.Draw(thumbnail).line((0, 0, 127, 127), fill="red", width=3)
    lost = [
        np.abs(np.asarray(decoding.decode(CODECS[codec](thumbnail)), int) - np.asarray(thumbnail, int)).mean()
        for codec in ("png", "jpeg 90", "jpeg 75", "jpeg 50")
    ]
    assert lost[0] == 0
    assert lost == sorted(set(lost))


def test_the_original_is_not_changed(original: Image.Image) -> None:
    before = original.tobytes()
    for codec in CODECS:
        Degradation(420, "BOX", True, codec).apply(original)
    assert (original.mode, original.tobytes()) == ("RGB", before)


def test_another_shape_of_the_same_pixels_is_another_picture() -> None:
    flat = Image.new("RGB", (4, 6), "teal")
    assert dataset.pixel_hash(flat) == dataset.content(flat.copy())
    others = (flat.resize((6, 4)), Image.new("RGB", (4, 6), (0, 128, 129)))
    assert len({dataset.pixel_hash(picture) for picture in (flat, *others)}) == 3
