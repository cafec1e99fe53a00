import errno
import os
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from github_avatars import files
from github_avatars.errors import BadFile, InUse
from github_avatars.files import is_file, new_folder, open_input, open_output, open_regular, write_atomically
from tests.support.processes import ROOT


@pytest.mark.parametrize(("data", "content"), [(b"\0\xff", b"\0\xff"), ("grün\n", b"gr\xc3\xbcn\n"), ("", b"")])
def test_data_is_written_and_nothing_else_is_left(tmp_path: Path, data: bytes | str, content: bytes) -> None:
    path = tmp_path / "file"
    for _ in range(2):
        write_atomically(path, data)
        assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


def test_name_of_maximum_length_can_be_written(tmp_path: Path) -> None:
    for path in (tmp_path / ("x" * 255), tmp_path / ("é" * 127)):
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

    monkeypatch.setattr(Path, "replace", fail)
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


def make_device(path: Path) -> Path:
    """A device like /dev/null."""
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 3))
        path.write_bytes(b"test")
    except PermissionError:
        pytest.skip("only root can make devices")
    return path


def test_device_is_written_directly(tmp_path: Path) -> None:
    device = make_device(tmp_path / "null")
    link = tmp_path / "link"
    link.symlink_to(device)
    write_atomically(device, "text")
    write_atomically(link, "text")
    assert device.is_char_device()
    assert link.is_symlink()


def test_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    target, link, hanging = tmp_path / "folder/file", tmp_path / "link", tmp_path / "hanging"
    target.write_text("old")
    link.symlink_to(target)
    hanging.symlink_to("folder/new")
    write_atomically(link, "text")
    write_atomically(hanging, "text")
    assert link.is_symlink()
    assert hanging.is_symlink()
    assert target.read_text() == (tmp_path / "folder/new").read_text() == "text"
    link.unlink()
    link.symlink_to(link)
    with pytest.raises(BadFile, match="cannot be written"):
        write_atomically(link, "text")


def test_open_descriptor_is_written_at_its_position(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("ab") as file:
        file.write(b"before\n")
        file.flush()
        write_atomically(Path(f"/dev/fd/{file.fileno()}"), "text\n")
        file.write(b"after\n")
    assert log.read_text() == "before\ntext\nafter\n"
    with pytest.raises(BadFile, match="Bad file descriptor"):
        write_atomically(Path("/dev/fd/999999"), "text")


def test_inputs_and_other_outputs_are_not_replaced(tmp_path: Path) -> None:
    path, link, same, new = (tmp_path / name for name in ("file", "link", "same", "new"))
    path.write_text("old")
    link.symlink_to(path)
    same.hardlink_to(path)
    for conflict in (path, link, same, tmp_path, tmp_path / "." / "file"):
        with pytest.raises(BadFile, match="file is also an input or another output"), open_output(path, [conflict]):
            pass
    with pytest.raises(BadFile, match="new is also an input"), open_output(new, ["other", new]):
        pass
    with open_output(new, [path, tmp_path, tmp_path / "gone", "-", "nul\0"]):
        pass
    assert path.read_text() == "old"


def test_failure_keeps_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), open_output(path) as file:
        file.write(b"new")
        raise ZeroDivisionError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_full_device_is_an_error_of_the_file() -> None:
    with pytest.raises(BadFile, match=r"/dev/full cannot be written \(No space left on device\)"):
        write_atomically(Path("/dev/full"), "text")


WRITER = """
import sys
from pathlib import Path
from github_avatars.files import open_output
with open_output(Path(sys.argv[1])) as file:
    file.write(b"text")
    file.flush()
    print(flush=True)
    sys.stdin.read()
"""


def start_writer(path: Path) -> "subprocess.Popen[bytes]":
    """A process that has opened `path` for writing, and completes it when its standard input is closed."""
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, path], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout
    process.stdout.readline()
    return process


def test_file_that_another_process_writes_is_refused(tmp_path: Path) -> None:
    path, link = tmp_path / "file", tmp_path / "link"
    link.symlink_to("file")
    with start_writer(path) as process:
        for name in (path, link):
            with pytest.raises(InUse, match=f"{name.name} is being written by another run"), open_output(name):
                pass
        with open_output(tmp_path / "other"):
            pass
        process.communicate()
    assert path.read_text() == "text"
    with open_output(path) as file:
        file.write(b"new")
    assert path.read_text() == "new"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["file", "link", "other"]


def test_file_of_a_killed_process_is_removed_by_the_next_one(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with start_writer(path) as process:
        process.kill()
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(".github-avatars-")
    with open_output(path):
        assert not left.exists()
    assert list(tmp_path.iterdir()) == [path]


def test_writing_needs_no_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    monkeypatch.setattr(files, "fcntl", None)
    with open_output(path) as file, open_output(path) as other:
        file.write(b"text")
        other.write(b"other")
    assert path.read_text() == "text"
    assert list(tmp_path.iterdir()) == [path]


def test_new_folder_is_complete_or_missing(tmp_path: Path) -> None:
    path = tmp_path / "parent" / "folder"
    with pytest.raises(ZeroDivisionError), new_folder(path) as folder:
        (folder / "file").touch()
        raise ZeroDivisionError
    assert list(path.parent.iterdir()) == []
    with new_folder(path) as folder:
        (folder / "file").touch()
        assert not path.exists()
    assert [entry.name for entry in path.iterdir()] == ["file"]
    with pytest.raises(BadFile, match="File exists"), new_folder(path):
        pass


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


@pytest.mark.parametrize("make", [os.mkfifo, make_socket, make_device], ids=["pipe", "socket", "device"])
@pytest.mark.parametrize("function", [open_regular, open_input])
def test_special_files_are_not_opened(
    tmp_path: Path, make: Callable[[Path], object], function: Callable[[Path], object]
) -> None:
    make(tmp_path / "special")
    (tmp_path / "link").symlink_to("special")
    for name in ("special", "link"):
        with pytest.raises(OSError, match="not a regular file") as caught:
            function(tmp_path / name)
        assert caught.value.filename == str(tmp_path / name)
    with pytest.raises(IsADirectoryError):
        function(tmp_path)


def test_open_pipe_can_be_an_input() -> None:
    reader, writer = os.pipe()
    os.write(writer, b"text")
    os.close(writer)
    with open_input(f"/dev/fd/{reader}") as file:
        assert file.read() == b"text"
    with pytest.raises(OSError, match="not a regular file") as caught:
        open_regular(f"/dev/fd/{reader}")
    assert caught.value.errno == errno.EINVAL
    os.close(reader)


def test_only_existing_files_that_are_not_folders_count_as_files(tmp_path: Path) -> None:
    path = tmp_path / "octocat.png"
    assert not is_file(str(path))
    path.touch()
    assert is_file(str(path))
    assert not is_file(str(tmp_path))
    assert not is_file("x" * 100_000)
