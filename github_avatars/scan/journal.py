"""Records that survive a killed program: CSV files that grow by lines, in a folder that one program has to itself."""

import csv
import fcntl
import io
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from github_avatars.errors import BadDataset, BadInput


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Makes the folder if need be, and keeps other programs that ask for it out while the `with` lasts.

    Raises BadInput where it cannot be had. A program that is killed leaves no lock behind.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(directory, os.O_RDONLY)
    except OSError as error:
        raise BadInput(f"{directory} cannot be written to ({error.strerror}): give another folder.") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise BadInput(
            f"{directory} is being written to by another run: let that end, or give another folder."
        ) from error
    finally:
        os.close(descriptor)


class Journal:
    """A CSV file with the columns `names`; `rows` is what it held when it was opened.

    A last line that was not written to its end is removed. Raises BadDataset where the file is something else.
    """

    def __init__(self, path: Path, names: Sequence[str]) -> None:
        self._path = path
        self._names = names
        self.rows = self._read(_mended(path))
        if not path.exists() or not path.stat().st_size:
            self._append(names)

    def add(self, **values: object) -> None:
        """Append a line, whose values these are by column."""
        self._append([values[name] for name in self._names])

    def _append(self, values: Sequence[object]) -> None:
        line = io.StringIO()
        # A line break within a value would look like the end of a line that was cut off.
        csv.writer(line, lineterminator="\n").writerow(" ".join(str(value).split()) for value in values)
        with self._path.open("a", newline="", encoding="utf-8") as file:
            file.write(line.getvalue())

    def _read(self, data: bytes) -> list[dict[str, str]]:
        try:
            heading, *lines = list(csv.reader(io.StringIO(data.decode(), newline=""))) or [list(self._names)]
            if heading != list(self._names):
                raise ValueError(f"its columns are {', '.join(heading)}")
            if wrong := [line for line in lines if len(line) not in (0, len(heading))]:
                raise ValueError(f"a line has {len(wrong[0])} values: {', '.join(wrong[0])}")
            return [dict(zip(heading, line, strict=True)) for line in lines if line]
        except (ValueError, csv.Error) as error:
            raise BadDataset(
                f"{self._path} is not a file to go on with ({error}): it needs the columns {', '.join(self._names)}. "
                "Mend it, or give another folder."
            ) from error


def _mended(path: Path) -> bytes:
    """The whole lines of a file, of which nothing else is left."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return b""
    whole = data[: data.rfind(b"\n") + 1]
    if len(whole) < len(data):
        os.truncate(path, len(whole))
    return whole
