"""The bytes of a text file → its text in parts, its lines, and the values of JSON text, so that memory stays flat."""

import codecs
import io
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

from github_avatars.errors import BadFile

MAX_LINE = 2**20
"""The maximum number of characters in a line, which is held in memory."""

MAX_VALUE = 2**26
"""The maximum number of characters in a JSON value, or in an element if it is an array."""

VALUE = "value"

WHITE_SPACE = re.compile(r"[ \t\n]*")

LONGEST_TOKEN = 12
"""The number of characters at the end of a text in which a cut value has its error, unless a string is cut."""

PART = 2**16
"""The number of bytes that are read at once."""

ENCODINGS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
"""The encodings by byte order mark. Windows PowerShell redirects output to files in UTF-16."""


def parts(file: BinaryIO, name: str) -> Iterator[str]:
    r"""The text of a file in parts, with \n as the only line end.

    A byte order mark decides the encoding; without one, it is UTF-8. Other bytes become lone surrogates: in Latin-1 and
    similar encodings, logins are readable, because they are ASCII. Raises BadFile for invalid UTF-16, and for text with
    NUL characters, which only a binary file has.
    """
    data = file.read(3)
    encoding = next((encoding for mark, encoding in ENCODINGS.items() if data.startswith(mark)), "utf-8")
    errors = "strict" if encoding == "utf-16" else "surrogateescape"
    decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(encoding)(errors), translate=True)
    line = 1
    is_last = False
    while not is_last:
        is_last = not data
        try:
            text = decoder.decode(data, final=is_last)
        except UnicodeError as error:
            raise BadFile(f"{name} is not UTF-16 (from line {line} on): save it as UTF-8.") from error
        if "\0" in text:
            line += text.partition("\0")[0].count("\n")
            raise BadFile(f"{name} is not a text file (line {line}): save it as text, CSV or JSON in UTF-8.")
        yield text
        line += text.count("\n")
        data = file.read1(PART)  # type: ignore[attr-defined]


def lines(text: Iterable[str], name: str) -> Iterator[str]:
    """The lines of a text in parts, each with its end. Raises BadFile for a line that is too long."""
    number = 1
    rest = ""
    for part in text:
        *complete, rest = (rest + part).split("\n")
        yield from (f"{line}\n" for line in complete)
        number += len(complete)
        if len(rest) > MAX_LINE:
            raise BadFile(f"Line {number} of {name} is longer than {MAX_LINE:,} characters: give one login per line.")
    if rest:
        yield rest


def json_values(text: Iterable[str], name: str) -> Iterator[tuple[int, Any]]:
    """The line number and the value of each JSON value in a text in parts.

    The text is a sequence of values, such as one per line. Arrays outside of objects are replaced by their elements, so
    that they are not held in memory. Raises BadFile for text that is not JSON.
    """
    reader = _JSONReader(text, name)
    open_arrays = 0
    previous = ""
    while character := reader.next_character():
        can_begin = previous in ("", "[", ",") or (previous == VALUE and not open_arrays)
        if can_begin and character not in "[],":
            yield reader.value()
            previous = VALUE
            continue
        if can_begin and character == "[":
            open_arrays += 1
            previous = character
        elif open_arrays and previous == VALUE and character == ",":
            previous = character
        elif open_arrays and previous in ("[", VALUE) and character == "]":
            open_arrays -= 1
            previous = VALUE
        else:
            raise reader.error(f"unexpected {character!r}")
        reader.skip()
    if open_arrays:
        raise reader.error("an array is not closed")


class _JSONReader:
    """A text in parts, of which as much is held in memory as one value needs."""

    def __init__(self, text: Iterable[str], name: str) -> None:
        self._parts = iter(text)
        self._name = name
        self._buffer = ""
        self._position = 0
        self._line = 1
        self._decoder = json.JSONDecoder()

    def error(self, problem: str, position: int | None = None) -> BadFile:
        """The error for a problem at a position in the buffer, by default the current one."""
        line = self._line + self._buffer.count("\n", self._position, position or self._position)
        return BadFile(f"{self._name} is not JSON (line {line}: {problem}): fix it, or give a text or CSV file.")

    def next_character(self) -> str:
        """The next character that is not white space; the empty text at the end."""
        while True:
            self._move_to(WHITE_SPACE.match(self._buffer, self._position).end())  # type: ignore[union-attr]
            if self._position < len(self._buffer):
                return self._buffer[self._position]
            if not self._read():
                return ""

    def skip(self) -> None:
        """Skip one character."""
        self._move_to(self._position + 1)

    def value(self) -> tuple[int, Any]:
        """The line number and the value that begins at the current position. Raises BadFile."""
        while True:
            try:
                value, end = self._decoder.raw_decode(self._buffer, self._position)
            except json.JSONDecodeError as error:
                # The value may continue in the next part.
                is_cut = error.msg.startswith("Unterminated") or error.pos > len(self._buffer) - LONGEST_TOKEN
                if not is_cut or not self._read():
                    raise self.error(error.msg, error.pos) from error
            except (ValueError, RecursionError) as error:
                raise self.error("a number is too long, or the nesting too deep") from error
            else:
                # So may a number.
                if end < len(self._buffer) or not self._read():
                    line = self._line
                    self._move_to(end)
                    return line, value

    def _move_to(self, position: int) -> None:
        self._line += self._buffer.count("\n", self._position, position)
        self._position = position

    def _read(self) -> bool:
        """Read as much as the buffer still holds, or at least a part; False at the end. Raises BadFile."""
        rest = len(self._buffer) - self._position
        if rest > MAX_VALUE:
            raise self.error(f"a value is longer than {MAX_VALUE:,} characters")
        new: list[str] = []
        size = 0
        for part in self._parts:
            new.append(part)
            size += len(part)
            if size > rest:
                break
        self._buffer = "".join([self._buffer[self._position :], *new])
        self._position = 0
        return bool(new)
