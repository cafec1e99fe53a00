"""The github-avatars command: its list of subcommands, and what all of them have in common."""

import argparse
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module

from github_avatars import __version__
from github_avatars.cli import process
from github_avatars.cli.command import ParagraphFormatter, Parser
from github_avatars.extras import optional_packages

COMMANDS = (
    "predict",
    "explain",
    "evaluate",
    "train",
    "collect",
    "scan",
    "review",
    "map",
    "report",
    "dataset",
    "serve",
    "demo",
    "completion",
)
"""The subcommands, in the order of the help text. Each has a module of its name in this package."""

DESCRIPTION = "Classify GitHub avatars as default or custom."

EPILOG = """\
Exit codes: 0 success, 1 an error, printed as one line on standard error, 2 wrong usage, 128 + N ended by signal N:
130 by Ctrl-C, 143 by SIGTERM, 129 by SIGHUP.

GITHUB_URL replaces https://github.com.
"""


def build_parser(commands: Iterable[str] = COMMANDS) -> argparse.ArgumentParser:
    """The parser of the command line with these subcommands. The parsed arguments contain `run`, which executes one."""
    parser = Parser(
        prog="github-avatars",
        description=DESCRIPTION,
        epilog=EPILOG,
        allow_abbrev=False,
        formatter_class=ParagraphFormatter,
    )
    parser.add_argument("--version", action="version", version=f"github-avatars {__version__}")
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in commands:
        import_module(f"github_avatars.cli.{command}").add(subparsers)
    return parser


def main(words: Sequence[str] | None = None) -> int:
    """Run a subcommand and return its exit code. `words` are the arguments (default: those of the process)."""
    given = sys.argv[1:] if words is None else words

    def parse_and_run() -> int | None:
        # Only the parser of the given subcommand, because creating all of them takes longer than classifying a picture.
        arguments = build_parser([word for word in given[:1] if word in COMMANDS] or COMMANDS).parse_args(given)
        with optional_packages():
            code: int | None = arguments.run(arguments)
        return code

    return process.run(parse_and_run)
