"""Files: writing them completely or not at all, and opening only those that cannot block."""

import errno
import hashlib
import io
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, cast

from github_avatars.errors import BadFile, InUse

try:
    import fcntl
except ModuleNotFoundError:  # not on Windows
    fcntl = None  # type: ignore[assignment]

LOCKED = ".partial"
"""The end of the names of files that are locked while a run writes them."""

STREAMS = {"/dev/stdin": 0, "/dev/stdout": 1, "/dev/stderr": 2}


def is_file(argument: str) -> bool:
    """Whether an argument that is a file or a login names a file. A folder may have the name of an account."""
    try:
        return Path(argument).exists() and not Path(argument).is_dir()
    except OSError:  # longer than the system allows
        return False


def open_regular(path: str | os.PathLike[str]) -> BinaryIO:
    """Open a regular file for reading.

    Raises OSError for anything else: opening a pipe would block until another program writes to it, and a device may
    be endless.
    """
    # Before opening, because opening alone has an effect on some devices.
    _check_regular(Path(path).stat(), path)
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)
    file = os.fdopen(os.open(path, flags), "rb")
    try:
        _check_regular(os.fstat(file.fileno()), path)
    except OSError:
        file.close()
        raise
    return file


def read_regular(path: str | os.PathLike[str], limit: int = -1) -> bytes:
    """The first `limit` bytes of a regular file, or all of them. Raises OSError for anything else."""
    with open_regular(path) as file:
        return file.read(limit)


def open_input(path: str | os.PathLike[str]) -> BinaryIO:
    """Like `open_regular`, but /dev/stdin and /dev/fd/N, which a shell passes for <(command), may be of any type."""
    number = _descriptor(path)
    return open_regular(path) if number is None else os.fdopen(os.dup(number), "rb")


@contextmanager
def open_output(path: Path, conflicts: Iterable[str | Path] = (), *, lock: bool = True) -> Iterator[BinaryIO]:
    """A file to write to. `path` gets the content when the context ends, and stays unchanged if it ends by an error.

    An existing file keeps its permissions. Symbolic links are followed. Anything but a regular file, such as a device
    or a pipe, is written directly.

    Raises BadFile at the start if `path` is a folder, cannot be written, or is one of `conflicts` or an existing file
    in a folder among them: the inputs and other outputs of the same call. "-" is standard input. Raises InUse if
    another process is writing to `path`; without `lock`, this is not checked.
    """
    try:
        directly = _open_directly(path)
        if directly is None:
            target = Path(os.path.realpath(path))
            status = _status(target)
            if any(_is_same(target, status, other) for other in conflicts):
                raise BadFile(f"{path} is also an input or another output of this command: give another path.")
            if status and not os.access(target, os.W_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            # A digest, because the name itself may have the maximum length.
            prefix = f".github-avatars-{hashlib.sha256(os.fsencode(target.name)).hexdigest()[:16]}-"
            suffix = LOCKED if lock and fcntl else ".new"
            descriptor, name = tempfile.mkstemp(prefix=prefix, suffix=suffix, dir=target.parent)
            temporary = Path(name)
    except (OSError, ValueError) as error:
        raise _unwritable(path, error) from error
    if directly is not None:
        with _writer(directly, path) as file:
            yield file
        return
    try:
        with _writer(descriptor, path) as file:
            if suffix == LOCKED and not _is_only_writer(
                descriptor, temporary, target.parent.glob(f"{prefix}*{LOCKED}")
            ):
                raise InUse(f"{path} is being written by another run: wait until it ends, or give another path.")
            yield file
            file.flush()
            try:
                _set_permissions(temporary, status)
                if fcntl is None:
                    file.close()  # Windows renames only closed files
                temporary.replace(target)
            except OSError as error:
                raise _unwritable(path, error) from error
    finally:
        with suppress(OSError):
            temporary.unlink()


def write_atomically(path: Path, data: bytes | str) -> None:
    """Write `data` (text as UTF-8) to `path` as `open_output` does. Raises BadFile if the file cannot be written."""
    with open_output(path, lock=False) as file:
        file.write(data.encode() if isinstance(data, str) else data)


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A folder to write to, which gets the name `path` when the context ends, and is removed if it ends by an error.

    Raises BadFile at the start if `path` exists or cannot be created.
    """
    try:
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=".github-avatars-", suffix=".partial", dir=path.parent))
    except OSError as error:
        raise _not_new(path, error) from error
    try:
        yield temporary
        temporary.chmod(0o777 & ~_umask())
        try:
            temporary.rename(path)
        except OSError as error:
            raise _not_new(path, error) from error
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def _not_new(path: Path, error: OSError) -> BadFile:
    return BadFile(f"{path} cannot be created ({error.strerror}): give a folder that does not exist.")


def _descriptor(path: str | os.PathLike[str]) -> int | None:
    """The number of the open file that a name in /dev stands for; None for other names."""
    name = os.fspath(path)
    match = re.fullmatch(r"/(?:dev|proc/self)/fd/([0-9]{1,9})", name)
    return int(match[1]) if match else STREAMS.get(name)


def _check_regular(status: os.stat_result, path: str | os.PathLike[str]) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "It is not a regular file", os.fspath(path))


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _open_directly(path: Path) -> int | None:
    """A descriptor of anything that exists and is not a regular file; None for a file that can be replaced."""
    number = _descriptor(path)
    if number is not None:
        # Opening the name again would truncate a file that the shell appends to.
        return os.dup(number)
    status = _status(path)
    if status is None or stat.S_ISREG(status.st_mode):
        return None
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    return os.open(path, os.O_WRONLY | getattr(os, "O_NOCTTY", 0))


def _is_same(target: Path, status: os.stat_result | None, other: str | Path) -> bool:
    """Whether the file `target` with this status is `other`, maybe by another name, or is in the folder `other`."""
    if other == "-":
        other = "/dev/stdin"
    try:
        real = Path(os.path.realpath(other))
        if target == real or status is None:
            return target == real
        return os.path.samestat(Path(other).stat(), status) or (real.is_dir() and target.is_relative_to(real))
    except (OSError, ValueError):
        return False


class _File(io.FileIO):
    """A file whose write errors name it."""

    path: Path

    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise _unwritable(self.path, error) from error


@contextmanager
def _writer(descriptor: int, path: Path) -> Iterator[BinaryIO]:
    raw = _File(descriptor, "wb")
    raw.path = path
    with raw:
        file = io.BufferedWriter(raw)
        try:
            yield cast(BinaryIO, file)
        except BaseException:
            raw.close()  # so that the buffer is not written
            raise
        if not file.closed:
            file.flush()


def _is_only_writer(descriptor: int, temporary: Path, partial_files: Iterable[Path]) -> bool:
    """Lock a temporary file, and return whether no other process has locked one of `partial_files`.

    Removes those that are not locked, because a program that was killed has left them. A separate lock file would be
    left in the same way. Two processes that start at the same moment may both see the other one.
    """
    with suppress(OSError):  # some network file systems have no locks
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    removed = [_remove_unlocked(path) for path in partial_files if path != temporary]
    # Another process may have removed this one before it was locked.
    return all(removed) and temporary.exists()


def _remove_unlocked(path: Path) -> bool:
    """Remove a file unless another process has locked it; False if one has."""
    with suppress(OSError), path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        path.unlink()
    return True


def _set_permissions(path: Path, replaced: os.stat_result | None) -> None:
    """Give a new file the permissions of the one that it replaces, or else those that the umask allows."""
    if replaced is None:
        path.chmod(0o666 & ~_umask())  # mkstemp makes files that only their owner can read
        return
    if hasattr(os, "chown"):
        with suppress(PermissionError):
            os.chown(path, replaced.st_uid, replaced.st_gid)
    path.chmod(replaced.st_mode & 0o777)


def _umask() -> int:
    """The process's umask; the only way to read it is to set it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _unwritable(path: Path, error: OSError | ValueError) -> BadFile:
    reason = error.strerror if isinstance(error, OSError) else error
    return BadFile(f"{path} cannot be written ({reason}): give another path.")
