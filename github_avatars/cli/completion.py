"""github-avatars completion."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from github_avatars.cli.command import Subparsers, add_command
from github_avatars.cli.command_line import build_parser

SHELLS = ("bash", "zsh", "fish")


def add(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = add_command(subparsers, "completion", run)
    parser.add_argument("shell", choices=SHELLS, help="the shell to write the script for")


def run(arguments: argparse.Namespace) -> None:
    """Print a completion script for a shell.

    For bash, save it as ~/.local/share/bash-completion/completions/github-avatars; for fish, as
    ~/.config/fish/completions/github-avatars.fish; for zsh, as _github-avatars in a folder of $fpath.
    """
    import shtab

    parser = build_parser()
    for action in _actions(parser):
        value = str(action.metavar)
        if "DIR" in value:
            action.complete = shtab.DIRECTORY
        elif action.type is Path or "FILE" in value:
            action.complete = shtab.FILE
    print(shtab.complete(parser, arguments.shell))


def _actions(parser: argparse.ArgumentParser) -> Iterator[Any]:
    """All arguments of a parser and of its subcommands."""
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for subparser in action.choices.values():
                yield from _actions(subparser)
