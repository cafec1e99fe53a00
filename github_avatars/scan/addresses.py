"""Files and folders wherever they are: by their path on disk, or by their address in an object store, as s3://bucket/x."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory


def absolute(path: object) -> str:
    """The address of what an option names: an absolute path; or an address, whose slashes Path has made one."""
    address = re.sub("^file:/+", "file:///", re.sub("^([a-z0-9]+):/+", r"\1://", str(path)))
    return address if "://" in address else str(Path(address).absolute())


def inside(path: object) -> list[str]:
    """The addresses of what is in the folder that an option names, hidden files aside; none where there is no such."""
    from pyarrow import fs

    folder = absolute(path)
    system, there = fs.FileSystem.from_uri(folder)
    before = folder[: folder.find("://") + 3] if "://" in folder else ""
    found = system.get_file_info(fs.FileSelector(there, allow_not_found=True))
    return sorted(f"{before}{info.path}" for info in found if not info.base_name.startswith("."))


@contextmanager
def local(address: str) -> Iterator[Path]:
    """The file or folder at an address; of one in an object store, a copy for as long as the `with` lasts."""
    if "://" not in address:
        yield Path(address)
        return
    from pyarrow import fs

    with TemporaryDirectory() as folder:
        path = Path(folder) / address.rpartition("/")[2]
        system, there = fs.FileSystem.from_uri(address)
        if not system.get_file_info(there).is_file:
            path.mkdir()
        fs.copy_files(there, str(path), source_filesystem=system)
        yield path
