import random
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

import synthesis
from github_avatars import identicon
from github_avatars.errors import BadDataset, NotAPicture
from github_avatars.picture import decoding
from github_avatars.training import dataset, duplicates, fitting
from github_avatars.training.dataset import Example
from github_avatars.training.degradation import Degradation
from github_avatars.training.duplicates import Check, Group, check
from tests.support.processes import ROOT


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three pictures of each label, all different."""
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


# What is found


def test_the_shipped_avatars_are_sound() -> None:
    found = check(ROOT / "avatars")
    count = len(dataset.read_index(ROOT / "avatars")) // 2
    assert found == Check({"default": count, "custom": count}, [], [], [])
    assert found.faults() == []


def test_different_pictures_are_no_duplicates(folder: Path) -> None:
    assert check(folder) == Check({"default": 3, "custom": 3}, [], [], [])


def test_equal_bytes_and_equal_pixels_are_the_same_picture(folder: Path) -> None:
    shutil.copyfile(folder / "default/1.png", folder / "default/bytes.png")
    decoding.read(folder / "default/1.png").save(folder / "default/pixels.webp", lossless=True)
    found = check(folder)
    assert files(found.same) == [{"default/1.png", "default/bytes.png", "default/pixels.webp"}]
    assert (found.nearly, found.conflicts(), found.faults()) == ([], [], [])


@pytest.mark.parametrize("file", ["default/2.png", "custom/photo-landscape", "custom/cartoon"])
@pytest.mark.parametrize("codec", ["jpeg 75", "webp 80"])
@pytest.mark.parametrize("circle", [False, True])
def test_a_reencoded_copy_is_nearly_the_same_picture(folder: Path, file: str, codec: str, circle: bool) -> None:
    label = file.partition("/")[0]
    (folder / label / "copy").write_bytes(thumbnail(folder / file, Degradation(230, "LANCZOS", circle, codec)))
    found = check(folder)
    assert files(found.nearly) == [{file, f"{label}/copy"}]
    assert (found.same, found.faults()) == ([], [])


def test_copies_of_copies_are_one_group(folder: Path) -> None:
    for size in (230, 300, 420):
        copy = folder / f"custom/copy-{size}"
        copy.write_bytes(thumbnail(folder / "custom/cartoon", Degradation(size, "BICUBIC", False, "jpeg 90")))
    shutil.copyfile(copy, folder / "custom/copy-of-copy")
    found = check(folder)
    assert files(found.nearly) == [{"custom/cartoon", "custom/copy-230", "custom/copy-300", "custom/copy-420"}]
    assert files(found.same) == [{"custom/copy-420", "custom/copy-of-copy"}]


def test_no_two_identicons_are_nearly_the_same(tmp_path: Path) -> None:
    """Among these are pairs of one grid in nearly one color, and pairs that differ in cells at the rim alone."""
    looks_alike = [
        *(identicon.Identicon("#...#/.###./##.##/.#.#./#####", color) for color in ((146, 120, 214), (148, 121, 214))),
        *(identicon.Identicon(f"{rim}/.#.#./.#.#./.#.#./#...#", (146, 120, 214)) for rim in ("#####", ".###.")),
    ]
    drawn = [identicon.for_account(number) for number in random.Random(0).sample(range(1, 10**8), 500)]
    (tmp_path / "default").mkdir()
    for number, each in enumerate((*looks_alike, *drawn)):
        each.draw().save(tmp_path / f"default/{number}.png", compress_level=1)
    found = check(tmp_path)
    assert (found.same, found.nearly) == ([], [])
    reached = [duplicates._see(tmp_path / f"default/{number}.png") for number in range(4)]
    pairs = [abs(one.look - other.look).max() for one, other in (reached[:2], reached[2:])]
    assert max(pairs) <= duplicates.NEAR, "the hard pairs are no longer hard"


def test_a_small_copy_of_an_identicon_is_nearly_the_same(folder: Path) -> None:
    identicon.render(1, 200).save(folder / "default/small.png")
    assert files(check(folder).nearly) == [{"default/1.png", "default/small.png"}]


def test_flat_pictures_are_duplicates_only_where_equal(tmp_path: Path) -> None:
    (tmp_path / "custom").mkdir()
    for level in range(236, 246):
        Image.new("RGB", (420, 420), (level, level, level)).save(tmp_path / f"custom/{level}.png")
    Image.new("RGB", (420, 420), (240, 240, 240)).save(tmp_path / "custom/same.gif")
    found = check(tmp_path)
    assert files(found.same) == [{"custom/240.png", "custom/same.gif"}]
    assert found.nearly == []


def test_pale_pictures_are_compared_by_their_contrast(tmp_path: Path) -> None:
    (tmp_path / "custom").mkdir()
    for number, corner in enumerate((120, 240)):
        pale = Image.new("RGB", (400, 400), (250, 250, 250))
        ImageDraw.Draw(pale).rectangle((100, 100, corner + 60, 300), fill=(230, 230, 230))
        pale.save(tmp_path / f"custom/{number}.png")
        pale.save(tmp_path / f"custom/{number}.webp", quality=90)
    nearly = files(check(tmp_path).nearly)
    assert nearly == [{"custom/0.png", "custom/0.webp"}, {"custom/1.png", "custom/1.webp"}]


def test_one_picture_under_both_labels_is_a_conflict(folder: Path) -> None:
    shutil.copyfile(folder / "default/1.png", folder / "custom/1.png")
    (folder / "default/logo").write_bytes(thumbnail(folder / "custom/logo", Degradation(420, "BOX", False, "jpeg 90")))
    found = check(folder)
    assert files(found.conflicts()) == [{"default/1.png", "custom/1.png"}, {"custom/logo", "default/logo"}]
    assert found.faults() == ["pictures under both labels: 2"]


def test_unreadable_files_are_told_with_their_reasons(folder: Path) -> None:
    (folder / "default/page.png").write_text("<!DOCTYPE html>")
    path = folder / "custom/cartoon"
    path.write_bytes(path.read_bytes()[:-500])
    found = check(folder)
    reasons = dict(found.unreadable)
    assert reasons.keys() == {"default/page.png", "custom/cartoon"}
    assert "is not a PNG, JPEG, WebP or GIF" in reasons["default/page.png"]
    assert "is damaged" in reasons["custom/cartoon"]
    assert found.counts == {"default": 4, "custom": 3}
    assert found.faults() == ["unreadable files: 2"]


def test_files_are_those_of_the_index_where_there_is_one(folder: Path) -> None:
    listed = [Example("default/1.png", "default", "a", 1, ""), Example("default/9.png", "default", "b", 9, "")]
    dataset.write_index(folder, listed)
    found = check(folder)
    assert found.counts == {"default": 2, "custom": 0}
    assert [file for file, _ in found.unreadable] == ["default/9.png"]


def test_a_folder_without_labels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadDataset, match="default and custom"):
        check(tmp_path)
    (tmp_path / "default").mkdir()
    assert check(tmp_path) == Check({"default": 0, "custom": 0}, [], [], [])


def test_progress_sees_every_picture(folder: Path) -> None:
    seen = []

    def progress(items: Iterable[object], total: int) -> Iterator[object]:
        for item in items:
            seen.append(total)
            yield item

    check(folder, progress)
    assert seen == [6] * 6


def test_a_check_is_the_same_every_time(folder: Path) -> None:
    shutil.copyfile(folder / "default/1.png", folder / "custom/1.png")
    (folder / "custom/logo-2").write_bytes(thumbnail(folder / "custom/logo", Degradation(420, "BOX", False, "jpeg 90")))
    assert check(folder) == check(folder)


def test_in_words(folder: Path) -> None:
    shutil.copyfile(folder / "default/1.png", folder / "custom/1.png")
    shutil.copyfile(folder / "default/2.png", folder / "default/4.png")
    (folder / "custom/page.png").write_text("<!DOCTYPE html>")
    reason = failure(folder / "custom/page.png")
    assert duplicates.as_text(check(folder)).splitlines() == [
        "9 pictures: 4 default (44%), 5 custom (56%)",
        "Unreadable: 1",
        f"  custom/page.png: {reason}",
        "Under both labels, the same picture: 1",
        "  default/1.png (default), custom/1.png (custom)",
        "Under both labels, nearly the same picture: none",
        "The same picture: 1",
        "  default/2.png (default), default/4.png (default)",
        "Nearly the same picture: none",
    ]


def failure(path: Path) -> str:
    with pytest.raises(NotAPicture) as caught:
        decoding.read(path)
    return str(caught.value)


# What training makes of duplicates


@pytest.fixture
def enough(folder: Path) -> Path:
    """As many pictures as training needs, without an index."""
    for account_id in range(4, 4 + fitting.FOLDS):
        identicon.render(account_id).save(folder / f"default/{account_id}.png")
        (folder / f"custom/{account_id}").write_bytes(synthesis.draw("cartoon", account_id).data)
    return folder


def test_copies_of_a_picture_have_its_number_and_stand_on_one_side(enough: Path) -> None:
    decoding.read(enough / "custom/4").save(enough / "custom/copy.png")
    shutil.copyfile(enough / "default/1.png", enough / "default/9.png")
    examples = dataset.read(enough)
    table = fitting.tabulate(enough, examples)
    numbers = dict(zip((example.file for example in examples), table.picture[table.original].tolist(), strict=True))
    assert numbers["custom/copy.png"] == numbers["custom/4"]
    assert numbers["default/9.png"] == numbers["default/1.png"]
    assert len(set(numbers.values())) == len(examples) - 2
    for fitted, scored in fitting.folds(table):
        assert not set(table.picture[fitted]) & set(table.picture[scored])


def test_training_refuses_one_picture_under_both_labels(enough: Path) -> None:
    decoding.read(enough / "default/1.png").save(enough / "custom/stolen.gif")
    command = [sys.executable, ROOT / "train.py", "--data", enough, "--model", enough / "model.pkl"]
    run = subprocess.run(command, capture_output=True, text=True)
    assert (run.returncode, run.stdout) == (1, "")
    line = run.stderr.splitlines()[-1]
    assert line.startswith(f"error: {enough} has one picture under both labels")
    assert "default/1.png" in line
    assert "custom/stolen.gif" in line
    assert not (enough / "model.pkl").exists()
    (enough / "custom/stolen.gif").unlink()
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert (enough / "model.pkl").exists()
