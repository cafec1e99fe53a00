"""docs/cli.md: what it says of every command, and that it is what the code writes today."""

import argparse
import re
import subprocess
import sys

import pytest

from github_avatars.cli import command_line
from pages import cli_page
from tests.support.processes import ROOT, clean_environment

PAGE = cli_page.PAGE.read_text(encoding="utf-8")
COMMANDS = dict(cli_page.commands(command_line.build_parser()))


def test_the_shipped_page_is_what_the_code_writes_today() -> None:
    assert cli_page.page() == PAGE, "stale: run .venv/bin/python -m pages.cli_page"


def test_every_command_has_a_section() -> None:
    assert re.findall("^## (.+)$", PAGE, re.MULTILINE) == [" ".join(words) for words in COMMANDS]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_section_has_every_argument_and_what_it_is_for(words: tuple[str, ...]) -> None:
    section = PAGE.partition(f"## {' '.join(words)}\n")[2].partition("\n## ")[0]
    assert COMMANDS[words].description in section
    for action in COMMANDS[words]._actions:
        if not isinstance(action, argparse._HelpAction):
            assert all(f"`{name}" in section for name in action.option_strings)
            assert action.help
            assert action.help.partition("%")[0] in section


def test_the_page_is_the_same_whoever_writes_it() -> None:
    """Unlike argparse's own help, whose form depends on the terminal and on Python."""
    program = "from github_avatars import cli_page; print(cli_page.page(), end='')"
    environment = clean_environment(COLUMNS="40", LANG="C", FORCE_COLOR="1")
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True)
    assert (ran.returncode, ran.stdout.decode()) == (0, PAGE), ran.stderr
