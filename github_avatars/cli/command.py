"""What the subcommands share.

Each subcommand is a module with a function `add(subparsers)`. It imports what it needs when it runs, so that `--help`
does not wait for NumPy or scikit-learn.
"""

import argparse
import inspect
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NoReturn

from github_avatars import resources
from github_avatars.files import open_output
from github_avatars.text import printable

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]
else:
    Subparsers = argparse._SubParsersAction


DATASET = "folder with default/ and custom/, or an index.csv"
"""The help text of a folder of labeled pictures."""


class Parser(argparse.ArgumentParser):
    """A parser whose errors have no control characters of the arguments."""

    def error(self, message: str) -> NoReturn:
        """Print the usage and the error, and exit with 2."""
        super().error(printable(message))


class ParagraphFormatter(argparse.HelpFormatter):
    """A help formatter that keeps the paragraphs of a description apart."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        fill = super()._fill_text
        return "\n\n".join(fill(paragraph, width, indent) for paragraph in text.split("\n\n"))


def add_command(
    subparsers: Subparsers, name: str, run: Callable[[argparse.Namespace], int | None], epilog: str | None = None
) -> argparse.ArgumentParser:
    """Add a subcommand that calls `run`, which returns the exit code (None means 0), and return its parser.

    The docstring of `run` is the help text: its first line in the list of commands, all of it for the command itself.
    """
    description = inspect.getdoc(run) or ""
    parser = subparsers.add_parser(
        name,
        help=description.partition("\n")[0],
        description=description,
        epilog=epilog,
        # Otherwise a token given with --token would be read as the file name of --token-file and appear in an error.
        allow_abbrev=False,
        formatter_class=ParagraphFormatter,
    )
    parser.set_defaults(run=run)
    return parser


def progress_bar(unit: str) -> Callable[[Iterable[Any], int], Iterable[Any]]:
    """A function `progress(items, total)` that iterates over items and shows the progress on standard error."""
    from tqdm import tqdm

    return lambda items, total: tqdm(items, total=total, unit=unit, mininterval=1)


def add_checkout_path(parser: argparse.ArgumentParser, *names: str, path: str, metavar: str, help: str) -> None:  # noqa: A002
    """Add an option for a file or folder. By default it is `path` in the checkout; an installed package requires it."""
    parser.add_argument(
        *names,
        type=Path,
        default=resources.CHECKOUT and resources.CHECKOUT / path,
        required=not resources.CHECKOUT,
        metavar=metavar,
        help=f"{help} (default: {path} of the project)" if resources.CHECKOUT else help,
    )


def add_directory(parser: argparse.ArgumentParser) -> None:
    """Add the argument DIR, a folder of labeled pictures, as `directory`."""
    parser.add_argument("directory", type=Path, metavar="DIR", help=DATASET)


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add the option --json FILE; pass its value to `json_output`."""
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the results to this file, as JSON")


def dataset_files(directory: Path) -> Iterator[Path]:
    """The files of a folder of labeled pictures, which no output may replace. Raises BadDataset."""
    from github_avatars.training import dataset

    yield directory / dataset.INDEX
    yield from (directory / example.file for example in dataset.read(directory))


def json_output(path: Path | None, conflicts: Iterable[str | Path]) -> AbstractContextManager[BinaryIO | None]:
    """The file of --json for `write_json`, if one is given. Raises the errors of `open_output`."""
    return open_output(path, conflicts) if path else nullcontext()


def write_json(file: BinaryIO | None, results: object) -> None:
    """Write the results to a `json_output`.

    Call this after printing the results: an error must not lose the output of a long run.
    """
    if file:
        sys.stdout.flush()  # before the file, which may be standard output
        file.write(json.dumps(results, indent=1).encode() + b"\n")


def print_address(address: str) -> None:
    """Print the address of a page that is ready."""
    print(address, flush=True)
