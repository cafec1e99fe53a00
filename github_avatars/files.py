"""Files: recognizing them among arguments, and writing them completely or not at all."""

import os
import tempfile
from pathlib import Path

from github_avatars.errors import BadFile


def is_file(argument: str) -> bool:
    """Whether an argument that is a file or a login names a file. A folder may have the name of an account."""
    try:
        return Path(argument).exists() and not Path(argument).is_dir()
    except OSError:  # longer than the system allows
        return False


def write_atomically(path: Path, data: bytes | str) -> None:
    """Write `data` (text as UTF-8) to `path`, completely or not at all, even if the program is killed.

    Devices and pipes, such as /dev/stdout, are written directly. Raises BadFile if the file cannot be written.
    """
    content = data.encode() if isinstance(data, str) else data
    temporary = None
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(content)
            return
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name[:100]}.", dir=path.parent)
        with os.fdopen(descriptor, "wb") as file:
            # mkstemp makes files that only their owner can read.
            Path(temporary).chmod(path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask())
            file.write(content)
        os.replace(temporary, path)  # noqa: PTH105 (mkstemp returns a string)
        temporary = None
    except OSError as error:
        raise BadFile(f"{path} cannot be written ({error.strerror}): give another path.") from error
    finally:
        if temporary:
            Path(temporary).unlink(missing_ok=True)


def _umask() -> int:
    """The process's umask; the only way to read it is to set it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
