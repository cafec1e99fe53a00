"""Writers of rows: a table for people, JSON lines, CSV and Parquet. A row is given as its columns."""

import csv
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, BinaryIO, Protocol

from github_avatars.extras import optional_packages
from github_avatars.scan import account_files
from github_avatars.scan.rows import COLUMNS, PROFILE_COLUMNS, Columns, account_name
from github_avatars.text import printable

GROUP = 10_000
"""The number of rows in a row group of a Parquet file, which are held in memory."""


class Writer(Protocol):
    """Writes rows to a file."""

    def write(self, rows: Iterable[Columns]) -> None:
        """Write more rows."""

    def close(self) -> None:
        """Write what is still in memory. The file itself stays open."""


FORMATS = ("table", "jsonl", "csv", "parquet")


def writer(name: str, file: BinaryIO, *, profiles: bool = False) -> Writer:
    """A writer to `file` in one of FORMATS, of rows with `profiles`. Raises MissingPackage if Parquet needs pyarrow."""
    columns = COLUMNS | PROFILE_COLUMNS if profiles else COLUMNS
    if name == "parquet":
        return _ParquetWriter(file, columns)
    heading, line = _LINES[name]
    return _LineWriter(file, ",".join(columns) + "\n" if name == "csv" else heading, line)


class _LineWriter:
    def __init__(self, file: BinaryIO, heading: str, line: Callable[[Columns], str]) -> None:
        self._file = file
        self._heading = heading
        self._line = line

    def write(self, rows: Iterable[Columns]) -> None:
        # The heading waits for the first rows, so that an error before them does not follow it.
        self._file.write(self._heading.encode())
        self._heading = ""
        self._file.writelines(self._line(row).encode() for row in rows)
        self._file.flush()

    def close(self) -> None:
        self.write([])


def _json_line(row: Columns) -> str:
    return json.dumps(row) + "\n"


class _Echo:
    """A file for csv.writer that returns what is written."""

    def write(self, text: str) -> str:
        return text


_csv = csv.writer(_Echo(), lineterminator="\n")


def _csv_line(row: Columns) -> str:
    line: str = _csv.writerow(map(_csv_cell, row.values()))
    return line


def _csv_cell(value: Any) -> Any:
    if isinstance(value, str):
        return account_files.escape_formula(value)
    return str(value).lower() if isinstance(value, bool) else value


def _table_line(row: Columns) -> str:
    # A login in a file may contain control sequences for the terminal.
    name = printable(account_name(row)[:60])[:60]
    probability = "" if row["probability"] is None else f"{row['probability']:.4f}"
    notes = [name for name in ("unsure", "forgeable") if row[name]]
    if row["label"] == "default" and row["href"] and row["href"].startswith("http"):
        notes.append({True: "verified", False: "not its own identicon", None: "not verified"}[row["verified"]])
    if row["pictures"] > 1:
        notes.append(f"{row['agreed']} of {row['pictures']} agree")
    profile = {name: row[name] for name in PROFILE_COLUMNS if row.get(name) is not None}
    notes += [f"{name} {printable(str(value)[:60])}" for name, value in profile.items()]
    return f"{name:<39} {row['label'] or row['status']:<16} {probability:>11}  {', '.join(notes)}".rstrip() + "\n"


_LINES: dict[str, tuple[str, Callable[[Columns], str]]] = {
    "table": (f"{'account':<39} {'avatar':<16} {'probability':>11}  notes\n", _table_line),
    "jsonl": ("", _json_line),
    "csv": ("", _csv_line),
}

_ARROW_TYPES = {str: "string", int: "int64", float: "float64", bool: "bool_"}


def table(rows: Iterable[Columns]) -> Any:
    """The rows as a pyarrow.Table."""
    import pyarrow

    return pyarrow.Table.from_pylist(list(rows), _schema(COLUMNS))


def _schema(columns: Mapping[str, type]) -> Any:
    import pyarrow

    return pyarrow.schema([(name, getattr(pyarrow, _ARROW_TYPES[kind])()) for name, kind in columns.items()])


class _ParquetWriter:
    def __init__(self, file: BinaryIO, columns: Mapping[str, type]) -> None:
        with optional_packages():
            from pyarrow import parquet
        self._schema = _schema(columns)
        self._writer = parquet.ParquetWriter(file, self._schema)
        self._rows: list[Columns] = []

    def write(self, rows: Iterable[Columns]) -> None:
        for row in rows:
            self._rows.append(row)
            if len(self._rows) == GROUP:
                self._write_group()

    def close(self) -> None:
        self._write_group()
        self._writer.close()

    def _write_group(self) -> None:
        if self._rows:
            import pyarrow

            self._writer.write_table(pyarrow.Table.from_pylist(self._rows, self._schema))
            self._rows.clear()
