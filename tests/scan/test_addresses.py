"""Files by path and by address, the latter as file:// of this disk."""

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
    for given in ("s3://bucket/rows", Path("s3://bucket/rows")):
        assert addresses.absolute(given) == "s3://bucket/rows"
    assert addresses.absolute("profile://rows") == "profile://rows"
    for given in ("file:///rows", Path("file:///rows")):
        assert addresses.absolute(given) == "file:///rows"


def test_what_is_in_a_folder(folder: Path) -> None:
    assert addresses.inside(str(folder)) == [str(folder / "account"), str(folder / "single.png")]
    assert addresses.inside(f"file://{folder}") == [f"file://{folder}/account", f"file://{folder}/single.png"]
    assert addresses.inside(str(folder / "gone")) == []


def test_what_is_here_is_not_copied(folder: Path) -> None:
    with addresses.local(str(folder / "account")) as path:
        assert path == folder / "account"


def test_what_is_elsewhere_is_copied_for_a_while(folder: Path) -> None:
    with addresses.local(f"file://{folder}/account") as path:
        assert (path.name, [file.read_bytes() for file in path.iterdir()]) == ("account", [b"1"])
        assert path != folder / "account"
    assert not path.exists()
    with addresses.local(f"file://{folder}/single.png") as path:
        assert (path.name, path.read_bytes()) == ("single.png", b"2")
