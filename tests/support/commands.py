"""The command github-avatars as a process, and its parsers."""

import argparse
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from github_avatars.cli import command_line
from tests.support.processes import ROOT, clean_environment


def run_python(*arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run Python in the project's folder."""
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=clean_environment(**variables), capture_output=True, text=True
    )


def run_command(*words: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run github-avatars."""
    return run_python("-m", "github_avatars", *words, **variables)


def run_without(package: str, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run github-avatars as if a package were not installed."""
    program = f"import sys; sys.modules[{package!r}] = None; from github_avatars import cli; sys.exit(cli.main())"
    return run_python("-c", program, *words, **variables)


def _parsers(
    parser: argparse.ArgumentParser, words: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], argparse.ArgumentParser]]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, subparser in action.choices.items():
                yield (*words, name), subparser
                yield from _parsers(subparser, (*words, name))


PARSER = command_line.build_parser()
PARSERS = dict(_parsers(PARSER))
"""The parser of each subcommand by its words, including those that have subcommands."""
