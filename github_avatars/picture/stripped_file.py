"""What every format's module returns and raises when it strips a file."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeVar

T = TypeVar("T")

MAX_PARTS = 10_000
"""The maximum number of chunks, segments, boxes or scans, each of which takes time. Real files have far fewer."""

BAD_HEADER = "is damaged: its header is incomplete. Give a complete file."

NO_PIXELS = "is damaged: it ends before its pixels. Give a complete file."


class StrippedFile(NamedTuple):
    """A picture file without the parts that no pixel of its first frame depends on."""

    description: str
    """The format, for messages."""
    width: int
    """The width of the canvas in pixels."""
    height: int
    """The height of the canvas in pixels."""
    cost_factor: int
    """The time or memory that decoding a pixel can take, relative to a pixel of a plain file."""
    orientation: int
    """EXIF's orientation, 1 for upright."""
    data: bytes


class Unusable(Exception):
    """Its message continues a sentence that starts with the name of the file."""


def limit_parts(parts: Iterable[T]) -> Iterator[T]:
    """The same parts. Raises Unusable after MAX_PARTS of them."""
    for number, part in enumerate(parts):
        if number == MAX_PARTS:
            raise Unusable(f"has more than {MAX_PARTS:,} parts, as no program writes: save it again.")
        yield part
