"""Arguments, standard input, text and CSV files → accounts, one at a time, so that memory stays flat.

A text file has one login per line; a # begins a comment, and blank lines are ignored. A CSV file has a header, which
names the columns with the logins and, if there are any, the account ids. Both are UTF-8, with or without a byte order
mark.

An apostrophe before a cell that begins like a formula, as a scan writes it, is not part of the login.

A file is CSV if a column is requested, if its name ends with .csv or .tsv, or if its first line has a comma, semicolon
or tab, which no login has; otherwise it is text.
"""

import csv
import re
import reprlib
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

from github_avatars.errors import BadFile, BadInput, BadLogin
from github_avatars.files import is_file, open_input
from github_avatars.github import Account, check_login, is_account_id

COLUMNS = {
    "login": "account_id",
    "username": "account_id",
    "github_login": "github_id",
    "github_username": "github_id",
    "actor_login": "actor_id",
}
"""Column names for logins, in order of preference, with the column names for the account ids beside them.

These are the names in files of this project and of GH Archive. Columns such as `id` and `user_id` usually hold other
numbers, and a wrong id would fetch another account's avatar.
"""

MAX_LINE = 2**20
"""The maximum number of bytes in a line, which is held in memory."""

SEPARATORS = ",;\t"
FORMULA = re.compile(r"'*[=+\-@\t\r]")
"""The start of a cell that spreadsheets could interpret as a formula, with the apostrophes that prevent it."""

ACCOUNT_ID = re.compile(r"[1-9][0-9]{0,17}")


def read(sources: Sequence[str | Account], column: str | None = None) -> Iterator[Account]:
    """The accounts of `sources` in their order. A source is an account, a path, `-` for standard input, or a login.

    `column` is the CSV column with the logins, or the one with the account ids if it has such a name; by default, one
    of COLUMNS. Impossible logins in a file are returned unchanged, so that they get a row with an error. A CSV row with
    neither login nor id has the login "".

    Before the first account, every source is opened and its first line read. Raises BadInput for a source that is
    neither a file nor a possible login or account, BadFile for a file that cannot be read or has no such column, and,
    when its turn comes, for a line that is too long or not UTF-8.
    """
    with ExitStack() as files:
        # All at once: otherwise a misspelled last name would fail after hours.
        opened = [_open(source, column, files) for source in sources]
        yield from chain.from_iterable(opened)


def read_logins(path: Path) -> Iterator[str]:
    """The logins in a text file. Raises BadFile."""
    with _open_file(path) as file:
        yield from _without_comments(_lines(file, str(path)))


def _open(source: str | Account, column: str | None, files: ExitStack) -> Iterable[Account]:
    if isinstance(source, Account):
        if source.account_id is not None and not is_account_id(source.account_id):
            raise BadInput(
                f"The id of the account {reprlib.repr(source.login)} is impossible: give an integer of 1 to 18 digits."
            )
        return [source]
    if source == "-":
        if sys.stdin is None:
            raise BadFile("Standard input is closed: give it a list of logins, or give a file or a login instead of -.")
        return _accounts(sys.stdin.buffer, "standard input", column)
    if is_file(source):
        return _accounts(files.enter_context(_open_file(Path(source))), source, column)
    try:
        return [Account(check_login(source), None)]
    except BadLogin as error:
        raise BadInput(f"There is no such file, and {error}") from error


def _open_file(path: Path) -> BinaryIO:
    try:
        return open_input(path)
    except OSError as error:
        raise BadFile(f"{path} cannot be read ({error.strerror}): give a text file with one login per line.") from error


def _accounts(file: BinaryIO, name: str, column: str | None) -> Iterable[Account]:
    lines = _lines(file, name)
    first = next(lines, "")
    lines = chain([first], lines)
    if column is None and Path(name).suffix.lower() not in (".csv", ".tsv"):
        uncommented = first.partition("#")[0]
        if not any(separator in uncommented for separator in SEPARATORS):
            return of_lines(lines)
    rows = _csv_rows(csv.reader(lines, delimiter=max(SEPARATORS, key=first.count)), name)
    return _of_rows(rows, *column_indexes(next(rows, []), name, column))


def _lines(file: BinaryIO, name: str) -> Iterator[str]:
    number = 0
    while line := file.readline(MAX_LINE):
        number += 1
        if len(line) == MAX_LINE and not line.endswith(b"\n"):
            raise BadFile(f"Line {number} of {name} is longer than {MAX_LINE:,} bytes: give one login per line.")
        try:
            yield line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeError as error:
            raise BadFile(f"{name} is not UTF-8 (line {number}): give a text file with one login per line.") from error


def of_lines(lines: Iterable[str]) -> Iterator[Account]:
    """The accounts in the lines of a text file."""
    return (Account(login, None) for login in _without_comments(lines))


def _without_comments(lines: Iterable[str]) -> Iterator[str]:
    return (login for line in lines if (login := line.partition("#")[0].strip()))


def _csv_rows(reader: Iterable[list[str]], name: str) -> Iterator[list[str]]:
    try:
        yield from ([_unescape_formula(cell) for cell in row] for row in reader if row)
    except csv.Error as error:
        raise BadFile(f"{name} is not CSV ({error}): fix it, or give a text file with one login per line.") from error


def escape_formula(cell: str) -> str:
    """A cell for a CSV file, with an apostrophe before what spreadsheets could interpret as a formula."""
    return f"'{cell}" if FORMULA.match(cell) else cell


def _unescape_formula(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell) else cell


def column_indexes(header: list[str], name: str, column: str | None) -> tuple[int | None, int | None]:
    """The indexes of the columns with the login and the account id in the table `name`; `column` is as in `read`.

    Raises BadFile if there is neither.
    """
    indexes = {_normalized(cell): index for index, cell in reversed(list(enumerate(header)))}
    candidates = [_normalized(column)] if column is not None else [*COLUMNS, *COLUMNS.values()]
    chosen = next((candidate for candidate in candidates if candidate in indexes), None)
    if chosen is None:
        raise BadFile(
            f"{name} has no column {' or '.join(dict.fromkeys(candidates))}, but "
            f"{', '.join(header)[:200] or 'none at all'}: "
            "name the column with the logins with --column, or give a text file with one login per line."
        )
    if chosen in COLUMNS.values():
        return None, indexes[chosen]
    return indexes[chosen], indexes.get(COLUMNS.get(chosen, ""))


def _normalized(column: str) -> str:
    """A column name in the form of COLUMNS: `Actor Login` and `actor.login` become `actor_login`."""
    return re.sub(r"[\s.-]+", "_", column.strip().lower())


def of_table(table: Any, login: int | None, account_id: int | None, *, escaped: bool = False) -> Iterator[Account]:
    """The accounts in a pyarrow.Table, by the indexes of its columns with the logins and the account ids.

    `escaped` is whether it comes from a CSV file, in which formulas are escaped.
    """
    rows = zip(*(column.to_pylist() for column in table.columns), strict=True)
    unescape = _unescape_formula if escaped else str
    return _of_rows(([unescape(_cell(value)) for value in row] for row in rows), login, account_id)


def _cell(value: Any) -> str:
    """A value as text in a CSV file; integers may be floats in a column with missing values."""
    return "" if value is None else str(int(value) if isinstance(value, float) and value.is_integer() else value)


def _of_rows(rows: Iterable[Sequence[str]], login: int | None, account_id: int | None) -> Iterator[Account]:
    for row in rows:
        name, number = (
            row[index].strip() if index is not None and index < len(row) else "" for index in (login, account_id)
        )
        valid_id = int(number) if ACCOUNT_ID.fullmatch(number) else None
        yield Account(name or (None if valid_id else ""), valid_id)
