"""Rows → a table for people, JSON lines, CSV or Parquet."""

import csv
import json
from collections.abc import Callable, Iterable
from typing import Any, BinaryIO, Protocol, get_args, get_type_hints

from github_avatars.errors import BadInput
from github_avatars.scan.rows import NAMES, Row

GROUP = 10_000
"""Rows that a Parquet file keeps together, and that are held in memory for that."""


class Writer(Protocol):
    """What rows are written by."""

    def write(self, rows: Iterable[Row]) -> None:
        """Write these rows, too."""

    def close(self) -> None:
        """Write what is still to be written. The file itself stays open."""


FORMATS = ("table", "jsonl", "csv", "parquet")


def writer(name: str, file: BinaryIO) -> Writer:
    """What writes to `file` in the format of this name, one of FORMATS.

    Raises BadInput where Parquet is asked for and the package pyarrow is missing.
    """
    if name == "parquet":
        return _Parquet(file)
    head, line = _LINES[name]
    return _Lines(file, head, line)


class _Lines:
    def __init__(self, file: BinaryIO, head: str, line: Callable[[Row], str]) -> None:
        self._file = file
        self._head = head
        self._line = line

    def write(self, rows: Iterable[Row]) -> None:
        # Not before there are rows, lest an error come below it.
        self._file.write(self._head.encode())
        self._head = ""
        self._file.writelines(self._line(row).encode() for row in rows)
        self._file.flush()

    def close(self) -> None:
        self.write([])


def _json(row: Row) -> str:
    return json.dumps(vars(row)) + "\n"


class _Echo:
    """What csv writes to, that gives back what was written."""

    def write(self, text: str) -> str:
        return text


_csv = csv.writer(_Echo(), lineterminator="\n")


def _plain(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else value


def _csv_line(row: Row) -> str:
    line: str = _csv.writerow([_plain(value) for value in vars(row).values()])
    return line


def _table_line(row: Row) -> str:
    name = row.login if row.login is not None else f"#{row.account_id}"
    # What a file calls a login might be meant for the terminal instead.
    shown = "".join(sign if sign.isprintable() else "?" for sign in name[:60])
    probability = "" if row.probability is None else f"{row.probability:.4f}"
    notes = ["unsure"] if row.unsure else []
    if row.label == "default" and row.verified is not None:
        notes.append("verified" if row.verified else "not theirs")
    if row.pictures > 1:
        notes.append(f"{row.agreed} of {row.pictures} agree")
    return f"{shown:<39} {row.label or row.status:<16} {probability:>11}  {', '.join(notes)}".rstrip() + "\n"


_LINES: dict[str, tuple[str, Callable[[Row], str]]] = {
    "table": (f"{'account':<39} {'avatar':<16} {'probability':>11}  notes\n", _table_line),
    "jsonl": ("", _json),
    "csv": (",".join(NAMES) + "\n", _csv_line),
}


_ARROW = {str: "string", int: "int64", float: "float64", bool: "bool_"}


def _arrow(hint: Any) -> str:
    """The name of Arrow's type for a field; a Literal is text."""
    return next((_ARROW[kind] for kind in get_args(hint) or (hint,) if kind in _ARROW), "string")


def schema() -> Any:
    """The columns of a Parquet file, as pyarrow has them."""
    import pyarrow

    return pyarrow.schema([(name, getattr(pyarrow, _arrow(hint))()) for name, hint in get_type_hints(Row).items()])


def table(rows: Iterable[Row]) -> Any:
    """The rows as a table of pyarrow."""
    import pyarrow

    return pyarrow.Table.from_pylist([vars(row) for row in rows], schema())


class _Parquet:
    def __init__(self, file: BinaryIO) -> None:
        try:
            from pyarrow import parquet
        except ModuleNotFoundError as error:
            raise BadInput("Parquet needs the package pyarrow: install github-avatars[parquet].") from error
        self._writer = parquet.ParquetWriter(file, schema())
        self._rows: list[Row] = []

    def write(self, rows: Iterable[Row]) -> None:
        for row in rows:
            self._rows.append(row)
            if len(self._rows) == GROUP:
                self._write()

    def close(self) -> None:
        self._write()
        self._writer.close()

    def _write(self) -> None:
        if self._rows:
            self._writer.write_table(table(self._rows))
            self._rows.clear()
