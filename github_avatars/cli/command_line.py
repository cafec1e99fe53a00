"""The github-avatars command: its list of subcommands, and what all of them have in common."""

import argparse
from collections.abc import Sequence

from github_avatars import __version__
from github_avatars.cli import (
    collect,
    completion,
    dataset,
    demo,
    evaluate,
    explain,
    predict,
    process,
    report,
    review,
    scan,
    serve,
    train,
)
from github_avatars.cli import map as map_command
from github_avatars.cli.command import ParagraphFormatter, Parser
from github_avatars.extras import optional_packages

COMMANDS = (
    predict,
    explain,
    evaluate,
    train,
    collect,
    scan,
    review,
    map_command,
    report,
    dataset,
    serve,
    demo,
    completion,
)
"""The modules of the subcommands, in the order of the help text."""

DESCRIPTION = "Classify GitHub avatars as default or custom."

EPILOG = """\
Exit codes: 0 success, 1 an error, printed as one line on standard error, 2 wrong usage, 128 + N ended by signal N:
130 by Ctrl-C, 143 by SIGTERM, 129 by SIGHUP.

GITHUB_URL replaces https://github.com.
"""


def build_parser() -> argparse.ArgumentParser:
    """The parser of the command line, with all subcommands. The parsed arguments contain `run`, which executes one."""
    parser = Parser(
        prog="github-avatars",
        description=DESCRIPTION,
        epilog=EPILOG,
        allow_abbrev=False,
        formatter_class=ParagraphFormatter,
    )
    parser.add_argument("--version", action="version", version=f"github-avatars {__version__}")
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    for module in COMMANDS:
        module.add(subparsers)
    parser.set_defaults(parser=parser)
    return parser


def main(words: Sequence[str] | None = None) -> int:
    """Run a subcommand and return its exit code. `words` are the arguments (default: those of the process)."""

    def parse_and_run() -> int | None:
        arguments = build_parser().parse_args(words)
        with optional_packages():
            code: int | None = arguments.run(arguments)
        return code

    return process.run(parse_and_run)
