"""Files and folders by path or by address in an object store, for example s3://bucket/rows."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory


def absolute(path: object) -> str:
    """The absolute path, or the address, whose double slashes are restored in case `Path` has merged them."""
    address = re.sub("^file:/+", "file:///", re.sub("^([a-z0-9]+):/+", r"\1://", str(path)))
    return address if "://" in address else str(Path(address).absolute())


def list_folder(path: object) -> list[str]:
    """The addresses of everything in a folder except hidden files; an empty list if the folder does not exist."""
    from pyarrow import fs

    folder = absolute(path)
    system, name = fs.FileSystem.from_uri(folder)
    scheme = folder[: folder.find("://") + 3] if "://" in folder else ""
    entries = system.get_file_info(fs.FileSelector(name, allow_not_found=True))
    return sorted(f"{scheme}{entry.path}" for entry in entries if not entry.base_name.startswith("."))


@contextmanager
def local_copy(address: str) -> Iterator[Path]:
    """The path of a file or folder; from an object store, of a copy that is removed at the end of the `with`."""
    if "://" not in address:
        yield Path(address)
        return
    from pyarrow import fs

    with TemporaryDirectory() as folder:
        path = Path(folder) / address.rpartition("/")[2]
        system, name = fs.FileSystem.from_uri(address)
        if not system.get_file_info(name).is_file:
            path.mkdir()
        fs.copy_files(name, str(path), source_filesystem=system)
        yield path
