"""What the subcommands share.

Each subcommand is a module with a function `add(subparsers)`. It imports what it needs when it runs, so that `--help`
does not wait for NumPy or scikit-learn.
"""

import argparse
import inspect
import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from github_avatars import resources
from github_avatars.files import write_atomically

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]
else:
    Subparsers = argparse._SubParsersAction


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


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add the option --json FILE; pass its value to `write_json`."""
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the results to this file, as JSON")


def write_json(path: Path | None, results: object) -> None:
    """Write the results to the file of --json, if one is given. Raises BadFile if it cannot be written.

    Call this after printing the results: an error must not lose the output of a long run.
    """
    if path:
        write_atomically(path, json.dumps(results, indent=1) + "\n")


def print_error(error: Exception) -> int:
    """Print an error as one line on standard error and return the exit code, 1."""
    print("error:", " ".join(str(error).splitlines()), file=sys.stderr)
    return 1


def print_address(address: str) -> None:
    """Print the address of a page that is ready."""
    print(address, flush=True)
