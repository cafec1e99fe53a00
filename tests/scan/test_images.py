"""Pictures on disk: which accounts they belong to, and how several pictures of one account are combined."""

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image

import synthesis
from github_avatars import classify, identicon
from github_avatars.classifier import Verdict, shipped
from github_avatars.errors import BadFile, NotAPicture
from github_avatars.features import Features
from github_avatars.picture import decoding
from github_avatars.prediction import Prediction
from github_avatars.scan import ScanOptions, Sources, images, scan
from github_avatars.scan.images import combine, find
from github_avatars.scan.rows import Result
from tests.support.timing import with_timeout

NOBODY = 65534
"""A user id without privileges."""

PHOTO = synthesis.draw("photo-landscape", 0).data
IDENTICON = identicon.render(583231)

ClassifyFolder = Callable[..., Result]


def png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def verdict(probability: float) -> Verdict:
    return Verdict("default" if probability > 0.5 else "custom", probability, Features(0, 1, 0))


def classify_all(folder: Path) -> list[Result]:
    return images.classify(shipped(), [key for key, _ in find(folder)])


@contextmanager
def without_privileges(folder: Path) -> Iterator[None]:
    """A context in which this process does not ignore permissions, as root does, and can read `folder`."""
    if os.geteuid():
        yield
        return
    parents = [folder, *folder.parents]
    modes = [parent.stat().st_mode for parent in parents]
    try:
        for parent, mode in zip(parents, modes, strict=True):
            parent.chmod(mode | 0o555)
        os.seteuid(NOBODY)
        yield
    finally:
        os.seteuid(0)
        for parent, mode in zip(parents, modes, strict=True):
            parent.chmod(mode)


def predicted(result: Result) -> Prediction:
    assert result.prediction, result
    return result.prediction


@pytest.fixture
def classify_folder(tmp_path: Path) -> ClassifyFolder:
    """The result for an account with these pictures in its folder."""

    def classify_folder(**pictures: bytes) -> Result:
        folder = tmp_path / "zeke"
        folder.mkdir()
        for name, data in pictures.items():
            (folder / name).write_bytes(data)
        ((key, account),) = find(tmp_path)
        assert account.login == "zeke"
        (result,) = images.classify(shipped(), [key])
        assert result.href == str(folder)
        return result

    return classify_folder


OTHERS = [
    "Thumbs.db",
    "thumbs.db",
    "desktop.ini",
    "@eaDir",
    "#recycle",
    "__MACOSX",
    "zeke.json",
    "ZEKE.JSON",
    "rows.csv",
    "scan.db",
    "README.md",
    "zeke.png.part",
    "avatars.zip",
]


def test_what_is_not_a_picture_by_name_is_skipped_and_counted(tmp_path: Path) -> None:
    for name in OTHERS:
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "@eaDir").unlink()
    (tmp_path / "@eaDir").mkdir()
    for name in (".DS_Store", "zeke.png", "no-ending", "wrong.dat", "json"):
        (tmp_path / name).write_bytes(PHOTO)
    notes: list[str] = []
    accounts = [account.login for _, account in find(tmp_path, notes.append)]
    assert accounts == ["json", "no-ending", "wrong", "zeke"]
    (note,) = notes
    assert note.startswith(
        f"13 of the names in {tmp_path} are not those of pictures, and are skipped: #recycle, @eaDir, "
    )
    assert note.endswith(", …")


def test_folder_of_pictures_needs_no_note(tmp_path: Path) -> None:
    (tmp_path / "zeke.png").write_bytes(PHOTO)
    notes: list[str] = []
    assert len(list(find(tmp_path, notes.append))) == 1
    assert not notes


def test_accounts_are_the_folders_and_files_that_are_not_hidden(tmp_path: Path) -> None:
    for name in ("b", ".git"):
        (tmp_path / name).mkdir()
    for name in ("a.b.png", ".DS_Store"):
        (tmp_path / name).touch()
    assert [(key, account.login) for key, account in find(tmp_path)] == [
        (f":{tmp_path}/a.b.png", "a.b"),
        (f":{tmp_path}/b", "b"),
    ]


def test_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="gone cannot be read"):
        list(find(tmp_path / "gone"))


def test_single_picture_is_classified_as_by_classify(tmp_path: Path) -> None:
    (tmp_path / "paul.jpg").write_bytes(PHOTO)
    ((key, _),) = find(tmp_path)
    (result,) = images.classify(shipped(), [key])
    alone, prediction = classify(PHOTO), predicted(result)
    assert (prediction.label, prediction.probability, prediction.features) == (
        alone.label,
        alone.probability,
        alone.features,
    )
    assert (result.status, result.pictures, result.agreed, prediction.verified) == ("judged", 1, 1, None)


def test_pictures_of_an_account_are_combined(classify_folder: ClassifyFolder) -> None:
    thumbnail = png(IDENTICON.resize((64, 64)))
    result = classify_folder(a=thumbnail, b=png(IDENTICON), c=PHOTO)
    expected = sum(classify(data).probability for data in (thumbnail, png(IDENTICON), PHOTO)) / 3
    assert predicted(result).probability == pytest.approx(expected)
    assert predicted(result).label == "default"
    assert (result.pictures, result.agreed, result.skipped_pictures) == (3, 2, None)
    # The features are those of the largest picture.
    assert predicted(result).features == classify(PHOTO).features


def test_unusable_pictures_are_skipped_with_a_reason(classify_folder: ClassifyFolder) -> None:
    result = classify_folder(**{"a.png": b"", "b.png": png(IDENTICON), "c.jpg": bytes(3_000_001)})
    assert (predicted(result).label, result.pictures, result.agreed) == ("default", 1, 1)
    assert result.skipped_pictures == "a.png: not-a-picture; c.jpg: too-large"


def test_account_without_usable_pictures_is_an_error(classify_folder: ClassifyFolder) -> None:
    result = classify_folder(a=b"GIF89a", b=b"")
    assert (result.status, result.prediction, result.pictures) == ("not-a-picture", None, 0)
    assert "zeke/a" in str(result.error)


def test_empty_folder_is_an_error(classify_folder: ClassifyFolder) -> None:
    result = classify_folder()
    assert (result.status, result.prediction) == ("not-a-picture", None)
    assert "has no pictures" in str(result.error)


def make_fifo(path: Path) -> None:
    os.mkfifo(path)


def make_broken_symlink(path: Path) -> None:
    path.symlink_to("gone")


def make_symlink_to_itself(path: Path) -> None:
    path.symlink_to(path.name)


@pytest.mark.parametrize("make", [make_fifo, make_broken_symlink, make_symlink_to_itself])
def test_special_files_are_errors_or_skipped(tmp_path: Path, make: Callable[[Path], None]) -> None:
    folder = tmp_path / "zeke"
    folder.mkdir()
    make(tmp_path / "anna")
    make(folder / "b")
    IDENTICON.save(folder / "a.png")
    anna, zeke = with_timeout(lambda: classify_all(tmp_path))
    assert (anna.status, anna.href) == ("not-a-picture", f"{tmp_path}/anna")
    assert f"{tmp_path}/anna" in str(anna.error)
    assert (zeke.status, zeke.pictures, zeke.skipped_pictures) == ("judged", 1, "b: not-a-picture")


@pytest.mark.parametrize("mode", [0o000, 0o400, 0o100], ids=oct)
def test_unreadable_folder_is_an_error(tmp_path: Path, mode: int) -> None:
    folder = tmp_path / "zeke"
    folder.mkdir()
    IDENTICON.save(folder / "a.png")
    folder.chmod(mode)
    try:
        with without_privileges(tmp_path):
            (zeke,) = classify_all(tmp_path)
    finally:
        folder.chmod(0o700)
    assert (zeke.status, zeke.prediction, zeke.href) == ("not-a-picture", None, str(folder))
    assert zeke.error == f"{folder} cannot be read (Permission denied): check its permissions."


def test_folder_that_vanishes_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "zeke").mkdir()
    ((key, _),) = find(tmp_path)
    (tmp_path / "zeke").rmdir()
    (zeke,) = images.classify(shipped(), [key])
    assert zeke.status == "not-a-picture"
    assert "No such file" in str(zeke.error)


def test_names_that_are_not_utf_8(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"\xff\xfe")
    folder.mkdir()
    IDENTICON.save(folder / os.fsdecode(b"\xe9.png"))
    (folder / os.fsdecode(b"\xe8.png")).touch()
    (tmp_path / os.fsdecode(b"\x80.png")).touch()
    options = ScanOptions(db=tmp_path / ".scan.db", ordered=True)
    for _ in range(2):
        broken, judged = scan(Sources(images=tmp_path), options)
        assert (broken.login, broken.status) == ("\\udc80", "not-a-picture")
        assert "No such file" not in str(broken.error)
        assert (judged.login, judged.status) == ("\\udcff\\udcfe", "judged")
        assert (judged.href, judged.skipped_pictures) == (f"{tmp_path}/\\udcff\\udcfe", "\\udce8.png: not-a-picture")


def test_larger_of_two_contradicting_pictures_decides(classify_folder: ClassifyFolder) -> None:
    thumbnail = png(decoding.decode(PHOTO).resize((200, 200)))
    result = classify_folder(a=thumbnail, b=png(IDENTICON))
    assert (predicted(result).label, result.agreed, result.pictures) == ("default", 1, 2)
    assert predicted(result).probability == pytest.approx(0.5, abs=0.01)


def test_size_of_a_jpeg_is_that_of_the_file(classify_folder: ClassifyFolder) -> None:
    # It is decoded at reduced size.
    thumbnail = png(IDENTICON.resize((300, 300), Image.Resampling.NEAREST))
    assert decoding.decode(PHOTO).width > 300 > decoding.load(PHOTO).width
    assert predicted(classify_folder(a=PHOTO, b=thumbnail)).label == "custom"


@pytest.mark.parametrize(
    ("probabilities", "label", "combined"),
    [
        ((0.9, 0.2, 0.7), "default", 0.6),
        ((0.9, 0.2, 0.1), "custom", 0.4),
        # Two pictures outvote a third, however confident it is.
        ((1e-300, 0.8, 0.8), "default", 1.6 / 3),
        # The first is the largest, which decides if the mean is undecided.
        ((0.001, 0.999), "custom", 0.5),
        ((0.999, 0.001), "default", 0.5),
    ],
)
def test_combined_probability_is_the_mean(probabilities: tuple[float, ...], label: str, combined: float) -> None:
    actual_label, actual = combine([*map(verdict, probabilities)])
    assert actual_label == label
    assert actual == pytest.approx(combined)


def test_largest_picture_of_an_account(tmp_path: Path) -> None:
    folder = tmp_path / "zeke"
    folder.mkdir()
    with pytest.raises(NotAPicture, match="has no pictures"):
        images.largest(f":{folder}")
    IDENTICON.resize((64, 64)).save(folder / "a.png")
    (folder / "b.jpg").write_bytes(PHOTO)
    (folder / "c.png").write_bytes(b"broken")
    assert images.largest(f":{folder}") == folder / "b.jpg"
