import random
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

import synthesis
from github_avatars import identicon
from github_avatars.errors import BadDataset, BadImage, NotAPicture
from github_avatars.picture import decoding
from github_avatars.training import dataset, duplicates
from github_avatars.training.dataset import Example
from github_avatars.training.degradation import Degradation
from github_avatars.training.duplicates import Check, Group, check
from tests.support.processes import ROOT


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three different pictures of each label."""
    for label in dataset.LABELS:
        (tmp_path / label).mkdir()
    for account_id in (1, 2, 3):
        identicon.render(account_id).save(tmp_path / f"default/{account_id}.png")
    for family in ("photo-landscape", "cartoon", "logo"):
        (tmp_path / f"custom/{family}").write_bytes(synthesis.draw(family, 0).data)
    return tmp_path


def files(groups: Iterable[Group]) -> list[set[str]]:
    return [{example.file for example in group} for group in groups]


def thumbnail(path: Path, degradation: Degradation) -> bytes:
    return degradation.apply(decoding.read(path))


def test_shipped_avatars_have_no_problems() -> None:
    result = check(ROOT / "avatars")
    count = len(dataset.read_index(ROOT / "avatars")) // 2
    assert result == Check({"default": count, "custom": count}, [], [], [])
    assert result.problems() == []


def test_equal_bytes_and_equal_pixels_are_the_same_picture(folder: Path) -> None:
    shutil.copyfile(folder / "default/1.png", folder / "default/bytes.png")
    decoding.read(folder / "default/1.png").save(folder / "default/pixels.webp", lossless=True)
    result = check(folder)
    assert files(result.same) == [{"default/1.png", "default/bytes.png", "default/pixels.webp"}]
    assert (result.nearly, result.conflicts(), result.problems()) == ([], [], [])


@pytest.mark.parametrize("codec", ["jpeg 75", "webp 80"])
@pytest.mark.parametrize("circle", [False, True])
def test_reencoded_copies_are_near_duplicates(folder: Path, codec: str, circle: bool) -> None:
    originals = ["default/2.png", "custom/photo-landscape", "custom/cartoon"]
    for file in originals:
        (folder / f"{file}-copy").write_bytes(thumbnail(folder / file, Degradation(230, "LANCZOS", circle, codec)))
    result = check(folder)
    assert sorted(map(sorted, files(result.nearly))) == [[file, f"{file}-copy"] for file in sorted(originals)]
    assert (result.same, result.problems()) == ([], [])


def test_copies_of_copies_are_one_group(folder: Path) -> None:
    for size in (230, 300, 420):
        copy = folder / f"custom/copy-{size}"
        copy.write_bytes(thumbnail(folder / "custom/cartoon", Degradation(size, "BICUBIC", False, "jpeg 90")))
    shutil.copyfile(copy, folder / "custom/copy-of-copy")
    result = check(folder)
    assert files(result.nearly) == [{"custom/cartoon", "custom/copy-230", "custom/copy-300", "custom/copy-420"}]
    assert files(result.same) == [{"custom/copy-420", "custom/copy-of-copy"}]


def test_different_identicons_are_never_near_duplicates_but_a_small_copy_is(tmp_path: Path) -> None:
    """Among these are pairs with one grid in nearly one color, and pairs whose grids differ in outer cells only."""
    similar = [
        *(identicon.Identicon("#...#/.###./##.##/.#.#./#####", color) for color in ((146, 120, 214), (148, 121, 214))),
        *(identicon.Identicon(f"{top}/.#.#./.#.#./.#.#./#...#", (146, 120, 214)) for top in ("#####", ".###.")),
    ]
    drawn_id, *_ = numbers = random.Random(0).sample(range(1, 10**8), 500)
    drawn = [identicon.for_account(number) for number in numbers]
    (tmp_path / "default").mkdir()
    for number, each in enumerate((*similar, *drawn)):
        each.draw().save(tmp_path / f"default/{number}.png", compress_level=1)
    identicon.render(drawn_id, 200).save(tmp_path / "default/small.png")
    result = check(tmp_path)
    assert (result.same, files(result.nearly)) == ([], [{"default/4.png", "default/small.png"}])
    summaries = [duplicates._summarize(tmp_path / f"default/{number}.png") for number in range(4)]
    means = [summary.means for summary in summaries if not isinstance(summary, BadImage)]
    distances = [abs(first - second).max() for first, second in (means[:2], means[2:])]
    assert max(distances) <= duplicates.NEAR, "the similar pairs are not similar enough to test anything"


def test_flat_pictures_are_duplicates_only_if_equal(tmp_path: Path) -> None:
    (tmp_path / "custom").mkdir()
    for level in range(236, 246):
        Image.new("RGB", (420, 420), (level, level, level)).save(tmp_path / f"custom/{level}.png")
    Image.new("RGB", (420, 420), (240, 240, 240)).save(tmp_path / "custom/same.gif")
    result = check(tmp_path)
    assert files(result.same) == [{"custom/240.png", "custom/same.gif"}]
    assert result.nearly == []


@pytest.mark.parametrize(("contrast", "is_near"), [(duplicates.CONTRAST - 1, False), (duplicates.CONTRAST, True)])
def test_pictures_with_the_least_contrast_are_compared(tmp_path: Path, contrast: int, is_near: bool) -> None:
    (tmp_path / "custom").mkdir()
    picture = Image.new("RGB", (80, 80), (100, 100, 100))
    picture.paste((100 + contrast, 100, 100), (0, 0, 40, 80))
    picture.save(tmp_path / "custom/one.png")
    picture.putpixel((40, 40), (101, 100, 100))
    picture.save(tmp_path / "custom/other.png")
    assert files(check(tmp_path).nearly) == ([{"custom/one.png", "custom/other.png"}] if is_near else [])


def test_tolerance_for_pale_pictures_depends_on_their_contrast(tmp_path: Path) -> None:
    (tmp_path / "custom").mkdir()
    for number, corner in enumerate((120, 240)):
        pale = Image.new("RGB", (400, 400), (250, 250, 250))
        ImageDraw.Draw(pale).rectangle((100, 100, corner + 60, 300), fill=(230, 230, 230))
        pale.save(tmp_path / f"custom/{number}.png")
        pale.save(tmp_path / f"custom/{number}.webp", quality=90)
    nearly = files(check(tmp_path).nearly)
    assert nearly == [{"custom/0.png", "custom/0.webp"}, {"custom/1.png", "custom/1.webp"}]


def test_near_duplicates_are_within_the_smaller_of_two_tolerances() -> None:
    """The second summary is within the tolerance of the first, which has more contrast, but not the other way."""

    def summary(name: str, low: int, high: int) -> duplicates._Summary:
        means = np.full((32, 3), low, dtype=np.int16)
        means[0] = high
        return duplicates._Summary(name, means, None)

    high_contrast, low_contrast = summary("a", 100, 164), summary("b", 104, 160)
    assert duplicates._near_duplicates([high_contrast, low_contrast]) == [["a", "b"]]
    low_contrast = summary("b", 108, 156)
    assert (high_contrast.radius(), low_contrast.radius()) == (8, 6)
    assert duplicates._near_duplicates([high_contrast, low_contrast]) == []
    assert duplicates._near_duplicates([]) == []


def test_same_picture_under_both_labels_is_a_conflict(folder: Path) -> None:
    shutil.copyfile(folder / "default/1.png", folder / "custom/1.png")
    (folder / "default/logo").write_bytes(thumbnail(folder / "custom/logo", Degradation(420, "BOX", False, "jpeg 90")))
    result = check(folder)
    assert files(result.conflicts()) == [{"default/1.png", "custom/1.png"}, {"custom/logo", "default/logo"}]
    assert result.problems() == ["pictures under both labels: 2"]


def test_unreadable_files_are_listed_with_reasons(folder: Path) -> None:
    (folder / "default/page.png").write_text("<!DOCTYPE html>")
    path = folder / "custom/cartoon"
    path.write_bytes(path.read_bytes()[:-500])
    result = check(folder)
    reasons = dict(result.unreadable)
    assert reasons.keys() == {"default/page.png", "custom/cartoon"}
    assert "is not a PNG, JPEG, WebP, AVIF or GIF" in reasons["default/page.png"]
    assert "is damaged" in reasons["custom/cartoon"]
    assert result.counts == {"default": 4, "custom": 3}
    assert result.problems() == ["unreadable files: 2"]


def test_files_of_the_index_are_checked_with_progress(folder: Path) -> None:
    examples = [Example("default/1.png", "default", "a", 1, ""), Example("default/9.png", "default", "b", 9, "")]
    dataset.write_index(folder, examples)
    seen = []

    def progress(items: Iterable[object], total: int) -> Iterator[object]:
        for item in items:
            seen.append(total)
            yield item

    result = check(folder, progress)
    assert seen == [2, 2]
    assert result.counts == {"default": 2, "custom": 0}
    assert [file for file, _ in result.unreadable] == ["default/9.png"]


def test_folder_without_labels_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(BadDataset, match="default or custom"):
        check(tmp_path)
    (tmp_path / "default").mkdir()
    assert check(tmp_path) == Check({"default": 0, "custom": 0}, [], [], [])


def test_result_as_text(folder: Path) -> None:
    shutil.copyfile(folder / "default/1.png", folder / "custom/1.png")
    shutil.copyfile(folder / "default/2.png", folder / "default/4.png")
    (folder / "custom/page.png").write_text("<!DOCTYPE html>")
    with pytest.raises(NotAPicture) as caught:
        decoding.read(folder / "custom/page.png")
    assert duplicates.as_text(check(folder)).splitlines() == [
        "9 pictures: 4 default (44%), 5 custom (56%)",
        "Unreadable: 1",
        f"  custom/page.png: {caught.value}",
        "Under both labels, the same picture: 1",
        "  default/1.png (default), custom/1.png (custom)",
        "Under both labels, nearly the same picture: none",
        "The same picture: 1",
        "  default/2.png (default), default/4.png (default)",
        "Nearly the same picture: none",
    ]
