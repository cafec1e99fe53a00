"""github-avatars completion."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from github_avatars.cli.command import Subparsers, add_command
from github_avatars.errors import BadInput

SHELLS = ("bash", "zsh", "fish")


def add(subparsers: Subparsers) -> None:
    """Add the command."""
    completion = add_command(subparsers, "completion", run)
    completion.add_argument("shell", choices=SHELLS, help="the shell to write it for")


def run(arguments: argparse.Namespace) -> None:
    """Print a shell's completion of this command line.

    Of bash it belongs into ~/.local/share/bash-completion/completions/github-avatars, of fish into
    ~/.config/fish/completions/github-avatars.fish, of zsh into the file _github-avatars in a folder of $fpath.
    """
    try:
        import shtab
    except ImportError as error:
        raise BadInput("The package shtab is missing: pip install 'github-avatars[completion]'.") from error
    for action in _actions(arguments.parser):
        name = str(action.metavar)
        if "DIR" in name:
            action.complete = shtab.DIRECTORY
        elif action.type is Path or "FILE" in name:
            action.complete = shtab.FILE
    print(shtab.complete(arguments.parser, arguments.shell))


def _actions(parser: argparse.ArgumentParser) -> Iterator[Any]:
    """All arguments of a parser and of the subcommands below it."""
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                yield from _actions(below)
