"""Arguments, standard input and files → accounts, one at a time, so that memory stays flat.

An account may have any spelling of github.parse. A file is one of these:

- text: one account per line; a # begins a comment, and blank lines are ignored;
- CSV with a header that names its columns (account_columns). It is CSV if a column is requested, if its name ends with
  .csv or .tsv, or if its first line has a comma, semicolon or tab, which no spelling has. A first line such as sep=;
  names the separator. An apostrophe before a cell that begins like a formula, as a scan writes it, is not part of it;
- JSON: one object or text per line, or an array of them, or an object that contains such arrays, as GitHub's API and
  .all-contributorsrc have. It begins with [ or {;
- Parquet.
"""

import csv
import re
import reprlib
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from github_avatars.errors import BadFile, BadInput, BadLogin
from github_avatars.extras import optional_packages
from github_avatars.files import is_file, open_input
from github_avatars.github import Account, hosts, is_account_id, parse
from github_avatars.scan import text_files
from github_avatars.scan.account_columns import Fields, choose, normalized, of_text, of_values

TABLES = {".csv": ",", ".tsv": "\t"}
"""The separators by the ends of names. Another one that the header has takes precedence."""

SEPARATORS = re.compile("[,;\t]")
SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\n?', re.IGNORECASE)
"""The first line by which a CSV file names its separator to Excel."""

FORMULA = re.compile(r"'*[=+\-@\t\r]")
"""The start of a cell that spreadsheets could interpret as a formula, with the apostrophes that prevent it."""

JSON_START = ("[", "{")
LISTS = ("items", "nodes", "contributors")
"""The members with the accounts in answers of GitHub's search and of GraphQL, and in .all-contributorsrc."""

PARQUET_START = b"PAR1"

BATCH = 1000
"""The number of rows of a Parquet file that are held in memory."""

Item = TypeVar("Item")


def read(sources: Sequence[str | Account], column: str | None = None) -> Iterator[Account]:
    """The accounts of `sources` in their order. A source is an account, a path, `-` for standard input, or a spelling.

    `column` is the column or member with the accounts; by default, it is recognized by its name (account_columns). Text
    in a file that is no account is returned as a login, so that it gets a row with an error.

    Before the first account, every source is opened and its beginning read. Raises BadInput for a source that is
    neither a file nor an account, BadFile for a file that cannot be read or has no such column, and, when its turn
    comes, for the line of a file that cannot be read.
    """
    with ExitStack() as files:
        # All at once: otherwise a misspelled last name would fail after hours.
        opened = [_open(source, column, files) for source in sources]
        yield from chain.from_iterable(opened)


def read_logins(path: Path) -> Iterator[str]:
    """The logins of the accounts in a text file. Raises BadFile."""
    with _open_file(path) as file:
        for text in _without_comments(text_files.lines(text_files.parts(file, str(path)), str(path))):
            yield of_text(text, hosts.base_url()).login or text


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
        return [parse(source)]
    except BadLogin as error:
        raise BadInput(f"There is no such file, and {error}") from error


def _open_file(path: Path) -> BinaryIO:
    try:
        return open_input(path)
    except OSError as error:
        raise BadFile(f"{path} cannot be read ({error.strerror}): give a text file with one login per line.") from error


def _accounts(file: BinaryIO, name: str, column: str | None) -> Iterable[Account]:
    base = hosts.base_url()
    suffix = Path(name).suffix.lower()
    if suffix == ".parquet" or file.peek(4).startswith(PARQUET_START):  # type: ignore[attr-defined]
        return _of_parquet(file, name, column, base)
    text, beginning = _peek(text_files.parts(file, name))
    if suffix not in TABLES and _is_json(beginning):
        accounts = _of_json(text_files.json_values(text, name), name, column, base)
        return _peek(accounts)[0]
    lines, first = _peek(text_files.lines(text, name))
    match = SEPARATOR_LINE.fullmatch(first)
    if column is None and suffix not in TABLES and not match and not re.search(SEPARATORS, first.partition("#")[0]):
        return of_lines(lines, base)
    separator = match[1] if match else max(TABLES.get(suffix, ",") + ",;\t", key=first.count)
    rows = _csv_rows(lines, separator, name)
    if match:
        next(rows)
    return _of_rows(rows, name, column, base)


def is_json(path: str) -> bool:
    """Whether this is the path of a JSON file."""
    if Path(path).suffix.lower() in TABLES or not is_file(path):
        return False
    with _open_file(Path(path)) as file:
        return _is_json(_peek(text_files.parts(file, path))[1])


def _is_json(text: str) -> bool:
    return text.lstrip().startswith(JSON_START)


def _peek(items: Iterator[Item]) -> tuple[Iterator[Item], Item | str]:
    """An iterator over the same items, and the first one that is not blank text; the empty text if there is none."""
    peeked: list[Item] = []
    for item in items:
        peeked.append(item)
        if not isinstance(item, str) or item.strip():
            return chain(peeked, items), item
    return iter(peeked), ""


def of_lines(lines: Iterable[str], base: str) -> Iterator[Account]:
    """The accounts in the lines of a text file."""
    return (of_text(text, base) for text in _without_comments(lines))


def _without_comments(lines: Iterable[str]) -> Iterator[str]:
    return (text for line in lines if (text := line.partition("#")[0].strip().strip('"')))


class _Tabs(csv.excel_tab):
    quoting = csv.QUOTE_NONE


def _csv_rows(lines: Iterable[str], separator: str, name: str) -> Iterator[list[str]]:
    """The rows that are not empty. In tab-separated text, quotes have no meaning."""
    reader = csv.reader(lines, _Tabs) if separator == "\t" else csv.reader(lines, delimiter=separator, strict=True)
    line = 1
    try:
        for row in reader:
            line = reader.line_num + 1
            if row:
                yield [_unescape_formula(cell) for cell in row]
    except csv.Error as error:
        problem = "a quote is not closed" if str(error) == "unexpected end of data" else error
        raise BadFile(
            f"{name} is not CSV (line {line}: {problem}): fix it, or give a text file with one login per line."
        ) from error


def escape_formula(cell: str) -> str:
    """A cell for a CSV file, with an apostrophe before what spreadsheets could interpret as a formula."""
    return f"'{cell}" if FORMULA.match(cell) else cell


def _unescape_formula(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell) else cell


def _of_rows(rows: Iterator[list[str]], name: str, column: str | None, base: str) -> Iterable[Account]:
    header = next(rows, [])
    fields = table_fields(header, name, column)
    indexes = {normalized(cell): index for index, cell in reversed(list(enumerate(header)))}

    def account(row: list[str]) -> Account:
        return of_values(fields, lambda field: row[indexes[field]] if indexes[field] < len(row) else "", base)

    return map(account, rows)


def table_fields(header: Sequence[str], name: str, column: str | None) -> Fields:
    """The fields of the table `name`, by the names of its columns; `column` is as in `read`. Raises BadFile."""
    requested = None if column is None else normalized(column)
    fields = choose({normalized(cell) for cell in header}, requested)
    if fields is None:
        raise BadFile(
            f"{name} has no column {requested or 'login, username or github'}, "
            f"but {', '.join(header)[:200] or 'none at all'}: "
            "name the column with the logins with --column, or give a text file with one login per line."
        )
    return fields


def _of_json(values: Iterable[tuple[int, Any]], name: str, column: str | None, base: str) -> Iterator[Account]:
    """The accounts in the values of a JSON file. An object that identifies none has the login "", but not the first."""
    is_first = True
    for line, value in values:
        for item in _items(value, column):
            if isinstance(item, dict):
                members = _members(item)
                if is_first:
                    table_fields(list(members), f"{name}, line {line},", column)
                yield _of_members(members, column, base)
            elif isinstance(item, str) or item is None:
                yield of_text((item or "").strip(), base)
            else:
                raise BadFile(f"{name}, line {line}, has {item!r:.50}, which is no account: give logins or objects.")
            is_first = False


def _items(value: Any, column: str | None) -> Iterator[Any]:
    """The value itself, or if it is an object that identifies no account, the items of the arrays of objects in it."""
    arrays = [*_arrays(value)] if isinstance(value, dict) else []
    if not arrays or choose(_members(value), column and normalized(column)):
        yield value
        return
    for array in arrays:
        for item in array:
            yield from _items(item, column)


def _arrays(value: dict[str, Any]) -> Iterator[list[Any]]:
    for name, member in value.items():
        if isinstance(member, dict):
            yield from _arrays(member)
        elif isinstance(member, list) and (any(isinstance(item, dict) for item in member) or name in LISTS):
            yield member


def _members(value: dict[str, Any]) -> dict[str, Any]:
    """The members of an object by their normalized names; those of nested objects follow the name of these."""
    members: dict[str, Any] = {}
    for key, member in value.items():
        if isinstance(member, dict):
            for name, nested in _members(member).items():
                members.setdefault(f"{normalized(key)}_{name}", nested)
        else:
            members[normalized(key)] = member
    return members


def _of_members(members: dict[str, Any], column: str | None, base: str) -> Account:
    fields = choose(members, column and normalized(column))
    return of_values(fields, members.get, base) if fields else Account("")


def _of_parquet(file: BinaryIO, name: str, column: str | None, base: str) -> Iterator[Account]:
    with optional_packages():
        import pyarrow
        from pyarrow import parquet
    try:
        opened = parquet.ParquetFile(file)
        fields = schema_fields(opened.schema_arrow, name, column)
    except (pyarrow.ArrowException, OSError) as error:
        raise _not_parquet(name, error) from error

    def accounts() -> Iterator[Account]:
        try:
            for batch in opened.iter_batches(BATCH):
                yield from of_table(batch, fields, base)
        except (pyarrow.ArrowException, OSError) as error:
            raise _not_parquet(name, error) from error

    return accounts()


def _not_parquet(name: str, error: Exception) -> BadFile:
    return BadFile(
        f"{name} cannot be read as Parquet ({str(error)[:200]}): write it again, or give a text or CSV file."
    )


def schema_fields(schema: Any, name: str, column: str | None) -> Fields:
    """The fields of a table with this pyarrow.Schema; `column` is as in `read`. Raises BadFile."""
    return table_fields(schema.empty_table().flatten().column_names, name, column)


def of_table(table: Any, fields: Fields, base: str, *, escaped: bool = False) -> Iterator[Account]:
    """The accounts in a pyarrow.Table or RecordBatch.

    `escaped` is whether it comes from a CSV file, in which formulas are escaped.
    """
    for row in table.to_pylist():
        members = _members(row)
        if escaped:
            members = {name: _unescape_formula(value or "") for name, value in members.items()}
        yield of_values(fields, members.get, base)
