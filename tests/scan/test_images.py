import io
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

import synthesis
from github_avatars import classify, identicon
from github_avatars.classifier import Verdict, shipped
from github_avatars.errors import BadInput
from github_avatars.features import Features
from github_avatars.picture import decoding
from github_avatars.scan.findings import Finding
from github_avatars.scan.images import combine, find, judge
from github_avatars.training import dataset

PHOTO = synthesis.draw("photo-landscape", 0).data
IDENTICON = identicon.render(583231)


def png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def judged(tmp_path: Path) -> Callable[..., Finding]:
    """What is found of an account with these pictures in its folder."""

    def judged(**pictures: bytes) -> Finding:
        folder = tmp_path / "zeke"
        folder.mkdir()
        for name, data in pictures.items():
            (folder / name).write_bytes(data)
        ((name, account),) = find(tmp_path)
        assert account.login == "zeke"
        (finding,) = judge(shipped(), [name])
        assert finding.href == str(folder)
        return finding

    return judged


def verdict(probability: float) -> Verdict:
    return Verdict("default" if probability > 0.5 else "custom", probability, Features(0, 1, 0))


def test_accounts_are_folders_and_files_but_for_hidden_ones(tmp_path: Path) -> None:
    for name in ("b", ".git"):
        (tmp_path / name).mkdir()
    for name in ("a.b.png", ".DS_Store"):
        (tmp_path / name).touch()
    assert [(name, account.login) for name, account in find(tmp_path)] == [
        (f":{tmp_path}/a.b.png", "a.b"),
        (f":{tmp_path}/b", "b"),
    ]


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="gone cannot be read"):
        list(find(tmp_path / "gone"))


def test_a_single_picture_is_judged_as_ever(tmp_path: Path) -> None:
    (tmp_path / "paul.jpg").write_bytes(PHOTO)
    ((name, _),) = find(tmp_path)
    (found,) = judge(shipped(), [name])
    alone = classify(PHOTO)
    assert (found.label, found.probability, found.identicon_error) == (
        alone.label,
        alone.probability,
        alone.features.identicon_error,
    )
    assert (found.status, found.pictures, found.agreed, found.verified) == ("judged", 1, 1, None)


def test_pictures_are_combined_and_those_that_agree_counted(judged: Callable[..., Finding]) -> None:
    small = png(IDENTICON.resize((64, 64)))
    found = judged(a=small, b=png(IDENTICON), c=PHOTO)
    expected = sum(classify(data).probability for data in (small, png(IDENTICON), PHOTO)) / 3
    assert found.probability == pytest.approx(expected)
    assert (found.label, found.pictures, found.agreed, found.left_out) == ("default", 3, 2, None)
    # The features are those of the largest.
    assert found.identicon_error == classify(PHOTO).features.identicon_error


def test_what_cannot_be_used_is_left_out_with_a_reason(judged: Callable[..., Finding]) -> None:
    found = judged(**{"a.png": b"", "b.png": png(IDENTICON), "c.jpg": bytes(3_000_001)})
    assert (found.label, found.pictures, found.agreed) == ("default", 1, 1)
    assert found.left_out == "a.png: not-a-picture; c.jpg: too-large"


def test_nothing_usable_is_an_error(judged: Callable[..., Finding]) -> None:
    found = judged(a=b"GIF89a", b=b"")
    assert (found.status, found.label, found.pictures) == ("not-a-picture", None, 0)
    assert found.error
    assert "zeke/a" in found.error


def test_an_empty_folder_is_an_error(judged: Callable[..., Finding]) -> None:
    found = judged()
    assert (found.status, found.label) == ("not-a-picture", None)
    assert "has no pictures" in str(found.error)


def test_of_two_that_contradict_the_sharper_decides(judged: Callable[..., Finding]) -> None:
    thumbnail = png(decoding.decode(PHOTO).resize((200, 200)))
    found = judged(a=thumbnail, b=png(IDENTICON))
    assert (found.label, found.agreed, found.pictures) == ("default", 1, 2)
    assert found.probability == pytest.approx(0.5, abs=0.01)


def test_a_jpeg_counts_with_all_its_pixels(judged: Callable[..., Finding]) -> None:
    # Of which only some are decoded.
    thumbnail = png(IDENTICON.resize((300, 300), Image.Resampling.NEAREST))
    assert decoding.decode(PHOTO).width > 300 > decoding.load(PHOTO).width
    assert judged(a=PHOTO, b=thumbnail).label == "custom"


def test_probabilities_are_averaged() -> None:
    assert combine([verdict(0.9), verdict(0.2), verdict(0.7)]) == ("default", pytest.approx(0.6))
    assert combine([verdict(0.9), verdict(0.2), verdict(0.1)]) == ("custom", pytest.approx(0.4))
    # However sure one is, two others overrule it.
    assert combine([verdict(1e-300), verdict(0.8), verdict(0.8)]) == ("default", pytest.approx(1.6 / 3))
    assert combine([verdict(0.001), verdict(0.999)]) == ("custom", 0.5)
    assert combine([verdict(0.999), verdict(0.001)]) == ("default", 0.5)


def test_labels_of_both_kinds_occur() -> None:
    assert {classify(PHOTO).label, classify(IDENTICON).label} == set(dataset.LABELS)
