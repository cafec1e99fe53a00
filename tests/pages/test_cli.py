"""docs/cli.md describes every command and every argument."""

import argparse
import re
import subprocess
import sys

from github_avatars.cli import command_line
from pages import cli
from tests.support.processes import ROOT, clean_environment

PAGE = cli.PATH.read_text(encoding="utf-8")
COMMANDS = dict(cli.commands(command_line.build_parser()))


def test_a_section_of_each_command_describes_every_argument() -> None:
    assert re.findall("^## (.+)$", PAGE, re.MULTILINE) == [" ".join(words) for words in COMMANDS]
    for words, parser in COMMANDS.items():
        section = PAGE.partition(f"## {' '.join(words)}\n")[2].partition("\n## ")[0]
        assert parser.description
        assert parser.description in section
        for action in parser._actions:
            if not isinstance(action, argparse._HelpAction):
                assert all(f"`{name}" in section for name in action.option_strings)
                assert action.help
                assert action.help.partition("%")[0] in section


def test_the_page_does_not_depend_on_the_terminal() -> None:
    """Unlike argparse's own help."""
    program = "from pages import cli; print(cli.page(), end='')"
    environment = clean_environment(COLUMNS="40", LANG="C", FORCE_COLOR="1", PYTHONIOENCODING="utf-8")
    process = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True)
    assert (process.returncode, process.stdout.decode()) == (0, PAGE), process.stderr
