"""Paths and addresses, the latter as file:// on this disk."""

from pathlib import Path

import pytest

from github_avatars.scan import addresses


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "account").mkdir()
    (tmp_path / "account/1.png").write_bytes(b"1")
    (tmp_path / "single.png").write_bytes(b"2")
    (tmp_path / ".hidden").touch()
    return tmp_path


def test_paths_become_absolute_and_addresses_stay(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert addresses.absolute(Path("rows")) == str(tmp_path / "rows")
    assert addresses.absolute("/rows") == "/rows"
    for address in ("s3://bucket/rows", Path("s3://bucket/rows")):
        assert addresses.absolute(address) == "s3://bucket/rows"
    assert addresses.absolute("profile://rows") == "profile://rows"
    for address in ("file:///rows", Path("file:///rows")):
        assert addresses.absolute(address) == "file:///rows"


def test_list_folder(folder: Path) -> None:
    assert addresses.list_folder(str(folder)) == [str(folder / "account"), str(folder / "single.png")]
    assert addresses.list_folder(f"file://{folder}") == [f"file://{folder}/account", f"file://{folder}/single.png"]
    assert addresses.list_folder(str(folder / "gone")) == []


def test_local_files_are_not_copied(folder: Path) -> None:
    with addresses.local_copy(str(folder / "account")) as path:
        assert path == folder / "account"


def test_copies_of_remote_files_are_removed(folder: Path) -> None:
    with addresses.local_copy(f"file://{folder}/account") as path:
        assert (path.name, [file.read_bytes() for file in path.iterdir()]) == ("account", [b"1"])
        assert path != folder / "account"
    assert not path.exists()
    with addresses.local_copy(f"file://{folder}/single.png") as path:
        assert (path.name, path.read_bytes()) == ("single.png", b"2")
