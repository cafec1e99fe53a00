import os
import threading
from pathlib import Path

import pytest

from github_avatars.errors import BadFile
from github_avatars.files import is_file, write_atomically


@pytest.mark.parametrize(("data", "content"), [(b"\0\xff", b"\0\xff"), ("grün\n", b"gr\xc3\xbcn\n"), ("", b"")])
def test_data_is_written_and_nothing_else_is_left(tmp_path: Path, data: bytes | str, content: bytes) -> None:
    path = tmp_path / "file"
    for _ in range(2):
        write_atomically(path, data)
        assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


def test_name_of_maximum_length_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 255)
    write_atomically(path, "text")
    assert path.read_text() == "text"


def test_permissions_of_new_files_follow_the_umask_and_existing_ones_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "file"
    previous = os.umask(0o027)
    try:
        write_atomically(path, "new")
        assert path.stat().st_mode & 0o777 == 0o640
        assert os.umask(0o027) == 0o027
    finally:
        os.umask(previous)
    path.chmod(0o604)
    write_atomically(path, "changed")
    assert path.stat().st_mode & 0o777 == 0o604


def test_failure_keeps_the_old_file_and_leaves_no_temporary_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(BadFile, match=r"file cannot be written \(No space left on device\): give another path\.$"):
        write_atomically(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_folder_or_missing_parent_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing" / "file"):
        with pytest.raises(BadFile, match="cannot be written"):
            write_atomically(path, "text")
    assert list(tmp_path.iterdir()) == []


def test_pipe_is_written_directly(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=write_atomically, args=(path, "text"), daemon=True)
    writer.start()
    assert path.read_text() == "text"
    assert path.is_fifo()


def test_only_existing_files_that_are_not_folders_count_as_files(tmp_path: Path) -> None:
    path = tmp_path / "octocat.png"
    assert not is_file(str(path))
    path.touch()
    assert is_file(str(path))
    assert not is_file(str(tmp_path))
    assert not is_file("x" * 100_000)
