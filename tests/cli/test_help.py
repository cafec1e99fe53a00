"""Help texts and the style of all commands."""

import argparse
import json
import re

import pytest

from tests.support.commands import PARSER, PARSERS, run_command, run_python

HEAVY = {
    "sklearn",
    "scipy",
    "numpy",
    "PIL",
    "requests",
    "tqdm",
    "bokeh",
    "torch",
    "shtab",
    "sqlite3",
    "ray",
    "pyarrow",
    "networkx",
}
OPTIONS = [(words, action) for words, parser in PARSERS.items() for action in parser._actions if action.option_strings]

HELP_OF_ALL = """
import contextlib, io, json, sys
from github_avatars import cli
for words in json.loads(sys.argv[1]):
    text = io.StringIO()
    with contextlib.redirect_stdout(text), contextlib.suppress(SystemExit):
        cli.main([*words, "--help"])
    print(json.dumps([words, text.getvalue(), sorted(set(json.loads(sys.argv[2])) & set(sys.modules))]))
"""


@pytest.mark.parametrize("words", PARSERS, ids=" ".join)
def test_every_command_and_argument_has_a_help_text(words: tuple[str, ...]) -> None:
    *parents, name = words
    parent = PARSERS[tuple(parents)] if parents else PARSER
    (subcommands,) = (each for each in parent._actions if isinstance(each, argparse._SubParsersAction))
    (listed,) = (each for each in subcommands._choices_actions if each.dest == name)
    assert listed.help
    assert listed.help.endswith(".")
    assert "\n" not in listed.help
    for action in PARSERS[words]._actions:
        assert action.help or isinstance(action, argparse._SubParsersAction), action


def test_options_have_one_style() -> None:
    for words, option in OPTIONS:
        assert re.fullmatch("--[a-z]+(-[a-z]+)*", option.option_strings[-1]), (words, option)
        if option.nargs != 0:
            metavar = str(option.metavar or option.dest.upper())
            assert option.choices or re.fullmatch("[A-Z./]+", metavar), (words, option)
        assert ("-o" in option.option_strings) == (option.dest == "output"), (words, option)
        if option.dest == "json":
            assert option.metavar == "FILE", words


def test_options_cannot_be_abbreviated() -> None:
    """Otherwise --token would be read as --token-file, and an error message would contain the token."""
    assert not any(parser.allow_abbrev for parser in [PARSER, *PARSERS.values()])


def test_help_lists_the_exit_codes() -> None:
    text = " ".join(PARSER.format_help().split())
    assert re.search("Exit codes: 0 .* 1 .* 2 .* 130 .* 143 .* 129 ", text)


def test_paragraphs_of_a_description_are_separate() -> None:
    parser = PARSERS["serve",]
    first, second = (parser.description or "").split("\n\n")
    text = re.sub("(?<!\n)\n(?!\n)", " ", parser.format_help())
    assert f"\n\n{first}\n\n{second.replace(chr(10), ' ')}\n\n" in text


def test_help_imports_nothing_heavy() -> None:
    commands = [[], *map(list, PARSERS)]
    process = run_python("-c", HELP_OF_ALL, json.dumps(commands), json.dumps(list(HEAVY)))
    assert (process.returncode, process.stderr) == (0, "")
    lines = [json.loads(line) for line in process.stdout.splitlines()]
    assert [words for words, _, _ in lines] == commands
    for words, text, imported in lines:
        assert text.startswith(" ".join(("usage: github-avatars", *words)))
        assert imported == [], words


@pytest.mark.parametrize("module", ["github_avatars", "github_avatars.cli"])
def test_package_runs_as_a_module(module: str) -> None:
    process = run_python("-m", module, "predict", "--help")
    assert (process.returncode, process.stderr) == (0, "")
    assert process.stdout.startswith("usage: github-avatars predict ")


@pytest.mark.parametrize(
    "words", [(), ("dataset",), ("paint",), ("collect", "--rate", "fast"), ("completion", "tcsh"), ("train", "--forc")]
)
def test_wrong_usage_prints_the_usage(words: tuple[str, ...]) -> None:
    process = run_command(*words)
    assert (process.returncode, process.stdout) == (2, "")
    assert process.stderr.startswith("usage: github-avatars")
