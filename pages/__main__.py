"""Write the generated pages in docs/, or check that they are current."""

import argparse
import io
import sys
from pathlib import Path
from typing import Protocol

from PIL import Image

from benchmarks import page as benchmarks
from github_avatars.cli.process import print_error
from github_avatars.errors import GitHubAvatarsError
from github_avatars.files import write_atomically
from pages import ablation, cli, errors, explanation, model_card


class Page(Protocol):
    """A module that writes a page."""

    PATH: Path

    def page(self) -> str | bytes:
        """The content: text, or a PNG file."""


PAGES: tuple[Page, ...] = (cli, errors, explanation, model_card, ablation, benchmarks)


def is_current(path: Path, content: str | bytes) -> bool:
    """Whether the file has this content. Pictures are compared by their pixels."""
    if not path.exists():
        return False
    written = path.read_bytes()
    return content.encode() == written if isinstance(content, str) else _pixels(content) == _pixels(written)


def main() -> int:
    """Parse the command line and run; return the exit code."""
    parser = argparse.ArgumentParser(prog="script/docs", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 if a page is out of date")
    check = parser.parse_args().check
    code = 0
    for page in PAGES:
        try:
            content = page.page()
            if is_current(page.PATH, content):
                continue
            if check:
                code = 1
                print(f"{page.PATH} is out of date: run script/docs.", file=sys.stderr)
            else:
                write_atomically(page.PATH, content)
                print(page.PATH)
        except GitHubAvatarsError as error:
            code = print_error(error)
    return code


def _pixels(png: bytes) -> bytes:
    with Image.open(io.BytesIO(png)) as picture:
        return picture.convert("RGB").tobytes()


if __name__ == "__main__":
    sys.exit(main())
