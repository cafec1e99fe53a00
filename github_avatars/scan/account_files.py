"""Arguments, standard input, text and CSV files → accounts, one after the other, so that a million take no memory.

A text file has one login a line; what follows a # is a comment, and blank lines do not count. A CSV file has a line of
column names, which tell where the logins are, and the account ids if there are any. Both are UTF-8, with or without a
byte order mark.

A file is CSV where a column is asked for, where it is named .csv or .tsv, and where its first line has a comma,
semicolon or tab, as no login has; else it is text.
"""

import csv
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

from github_avatars.errors import BadInput, BadLogin
from github_avatars.files import is_file
from github_avatars.github import Account, check_login

COLUMNS = {
    "login": "account_id",
    "username": "account_id",
    "github_login": "github_id",
    "github_username": "github_id",
    "actor_login": "actor_id",
}
"""Names of columns with logins, those that are looked for first before others, and of those with the account ids.

As in tables of this project and of GH Archive. Columns like `id` and `user_id` mostly hold the numbers of something
else, and a wrong id would bring somebody else's avatar.
"""

MAX_LINE = 2**20
"""Bytes; a longer line is no line of such a file, and would have to be held in memory."""

SEPARATORS = ",;\t"
ACCOUNT_ID = re.compile(r"[1-9][0-9]{0,17}")


def read(sources: Sequence[str], column: str | None = None) -> Iterator[Account]:
    """The accounts that `sources` name, in their order: each is a path of a file, `-` for standard input, or a login.

    `column` is the name of the CSV column with the logins (default: one of COLUMNS), or with the account ids where the
    name is that of such a column. Values that can be no login are given as they are, to be told of in their turn; a row
    of a CSV file without login and id has the login "".

    Before the first account is given, every source was opened and its first line read. Raises BadInput for one that is
    neither a file nor a possible login, for a file that cannot be read or has no such column, and, when it gets
    there, for a line that is too long or not UTF-8.
    """
    with ExitStack() as files:
        # All at once: a misspelled name at the end should not be found out after hours.
        opened = [_open(source, column, files) for source in sources]
        yield from chain.from_iterable(opened)


def logins(path: Path) -> Iterator[str]:
    """The logins in a text file: one a line, without comments. Raises BadInput."""
    with _opened(path) as file:
        yield from _uncommented(_lines(file, str(path)))


def _open(source: str, column: str | None, files: ExitStack) -> Iterable[Account]:
    if source == "-":
        return _accounts(sys.stdin.buffer, "standard input", column)
    if is_file(source):
        return _accounts(files.enter_context(_opened(Path(source))), source, column)
    try:
        return [Account(check_login(source), None)]
    except BadLogin as error:
        raise BadInput(f"There is no such file, and {error}") from error


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise BadInput(f"{path} cannot be read ({error.strerror}): give a text file with one login a line.") from error


def _accounts(file: BinaryIO, name: str, column: str | None) -> Iterable[Account]:
    lines = _lines(file, name)
    first = next(lines, "")
    lines = chain([first], lines)
    if column is None and Path(name).suffix.lower() not in (".csv", ".tsv"):
        head = first.partition("#")[0]
        if not any(separator in head for separator in SEPARATORS):
            return of_lines(lines)
    rows = _rows(csv.reader(lines, delimiter=max(SEPARATORS, key=first.count)), name)
    return _of_rows(rows, *places(next(rows, []), name, column))


def _lines(file: BinaryIO, name: str) -> Iterator[str]:
    number = 0
    while line := file.readline(MAX_LINE):
        number += 1
        if len(line) == MAX_LINE and not line.endswith(b"\n"):
            raise BadInput(f"Line {number} of {name} is longer than {MAX_LINE:,} bytes: give one login a line.")
        try:
            yield line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeError as error:
            raise BadInput(
                f"{name} is no text in UTF-8 (line {number}): give a text file with one login a line."
            ) from error


def of_lines(lines: Iterable[str]) -> Iterator[Account]:
    """The accounts in the lines of a text file."""
    return (Account(login, None) for login in _uncommented(lines))


def _uncommented(lines: Iterable[str]) -> Iterator[str]:
    return (login for line in lines if (login := line.partition("#")[0].strip()))


def _rows(reader: Iterable[list[str]], name: str) -> Iterator[list[str]]:
    try:
        yield from filter(None, reader)
    except csv.Error as error:
        raise BadInput(
            f"{name} is no CSV file ({error}): mend it, or give a text file with one login a line."
        ) from error


def places(heading: list[str], name: str, column: str | None) -> tuple[int | None, int | None]:
    """Where in the rows of the table `name` the login and the account id are; `column` is as in `read`.

    Raises BadInput where there is neither.
    """
    columns = {_plain(cell): place for place, cell in reversed(list(enumerate(heading)))}
    wanted = [_plain(column)] if column is not None else [*COLUMNS, *COLUMNS.values()]
    found = next((each for each in wanted if each in columns), None)
    if found is None:
        raise BadInput(
            f"{name} has no column {' or '.join(dict.fromkeys(wanted))}, but {', '.join(heading)[:200] or 'nothing'}: "
            "name the one with the logins by --column, or give a text file with one login a line."
        )
    if found in COLUMNS.values():
        return None, columns[found]
    return columns[found], columns.get(COLUMNS.get(found, ""))


def _plain(column: str) -> str:
    """A column's name as COLUMNS has it; that of `actor.login` may be written in several ways."""
    return re.sub(r"[\s.-]+", "_", column.strip().lower())


def of_table(table: Any, login: int | None, account_id: int | None) -> Iterator[Account]:
    """The accounts in a table of pyarrow whose logins and account ids are in the columns at these places."""
    rows = zip(*(column.to_pylist() for column in table.columns), strict=True)
    return _of_rows((list(map(_cell, row)) for row in rows), login, account_id)


def _cell(value: Any) -> str:
    """A value as a CSV file would have it; whole numbers may come as fractions where a column has gaps."""
    return "" if value is None else str(int(value) if isinstance(value, float) and value.is_integer() else value)


def _of_rows(rows: Iterable[Sequence[str]], login: int | None, account_id: int | None) -> Iterator[Account]:
    """The accounts in the rows of a table whose logins and account ids are at these places."""
    for row in rows:
        named, number = (
            row[place].strip() if place is not None and place < len(row) else "" for place in (login, account_id)
        )
        found = int(number) if ACCOUNT_ID.fullmatch(number) else None
        yield Account(named or (None if found else ""), found)
