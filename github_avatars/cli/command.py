"""The subcommands of github-avatars, each in a module that adds it by `add(among)`, and what they have in common.

They import what they need when they run: --help should not wait for scikit-learn.
"""

import argparse
import inspect
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from github_avatars.errors import BadInput

if TYPE_CHECKING:
    Among = argparse._SubParsersAction[argparse.ArgumentParser]
else:
    Among = argparse._SubParsersAction


class Paragraphs(argparse.HelpFormatter):
    """Keeps the paragraphs of a description apart."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        fill = super()._fill_text
        return "\n\n".join(fill(paragraph, width, indent) for paragraph in text.split("\n\n"))


def command(
    among: Among, name: str, run: Callable[[argparse.Namespace], int | None], epilog: str | None = None
) -> argparse.ArgumentParser:
    """A new command that runs `run`, which gives the exit code if that is not 0.

    The docstring of `run` is its help: the first line among other commands, all of it alone.
    """
    meaning = inspect.getdoc(run) or ""
    # Abbreviated, --token-file would take a token for the name of a file, and tell it in an error.
    added = among.add_parser(
        name,
        help=meaning.partition("\n")[0],
        description=meaning,
        epilog=epilog,
        allow_abbrev=False,
        formatter_class=Paragraphs,
    )
    added.set_defaults(run=run)
    return added


@contextmanager
def importing_a_page() -> Iterator[None]:
    """Within the `with`, a page for a browser is imported. Raises BadInput where what serves pages is not installed."""
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name not in ("starlette", "uvicorn"):
            raise
        raise BadInput(f"The page needs {error.name}, which is not installed: run script/bootstrap.") from error


def bar(unit: str) -> Callable[[Iterable[Any], int], Iterable[Any]]:
    """What shows, on standard error, how far an iteration over so many units has come."""
    from tqdm import tqdm

    return lambda items, total: tqdm(items, total=total, unit=unit, mininterval=1)


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add the option that `write_json` heeds."""
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there as JSON, too")


def write_json(arguments: argparse.Namespace, found: object) -> None:
    """Write what was found to the file of --json, if one is given. To be called after it was printed.

    Then, where the file cannot be written, minutes of work are not lost.
    """
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def tell(error: Exception) -> int:
    """Tell an error in one line on standard error; the exit code for it."""
    print("error:", " ".join(str(error).splitlines()), file=sys.stderr)
    return 1
