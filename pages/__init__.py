"""Writers of the generated pages in docs/. Not installed.

Each page is a module with `PATH`, its file, and `page()`, its content. `python -m pages` writes all of them.
"""

import io
from pathlib import Path
from typing import Protocol

from PIL import Image

from benchmarks import page as benchmarks
from pages import ablation, cli, errors, explanation, model_card


class Page(Protocol):
    """A module that writes a page."""

    PATH: Path

    def page(self) -> str | bytes:
        """The content: text, or a PNG file."""


PAGES: tuple[Page, ...] = (cli, errors, explanation, model_card, ablation, benchmarks)


def is_current(page: Page) -> bool:
    """Whether the file contains what the code writes today. Pictures are compared by their pixels."""
    if not page.PATH.exists():
        return False
    content, written = page.page(), page.PATH.read_bytes()
    return content.encode() == written if isinstance(content, str) else _pixels(content) == _pixels(written)


def _pixels(png: bytes) -> bytes:
    with Image.open(io.BytesIO(png)) as picture:
        return picture.convert("RGB").tobytes()
