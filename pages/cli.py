"""docs/cli.md: every command and its arguments, from the parser itself."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from github_avatars.cli import command_line

PATH = Path(__file__).resolve().parent.parent / "docs" / "cli.md"

HEAD = """\
# The command line

`script/docs` writes this page from the parsers in [cli](../github_avatars/cli/command_line.py). Each command prints the
same with `--help`.

Results go to standard output, as JSON if a program may read them. Progress and errors go to standard error; an error is
one line that says what went wrong and what to do. Options cannot be abbreviated.

| exit code | meaning |
| --- | --- |
| 0 | success |
| 1 | an error: [one of these](errors.md) or an error of the operating system |
| 2 | wrong usage, printed with the usage line |
| 130, 143, 129 | ended by Ctrl-C, SIGTERM or SIGHUP |

| variable | meaning |
| --- | --- |
| `GITHUB_URL` | another host instead of https://github.com |
| `GITHUB_TOKEN` | a token for GitHub's API, required only for lists of accounts; or use `--token-file` |
| `GITHUB_AVATARS_LOG` | log predictions as JSON on standard error, at this level: debug, info, warning, error |
"""


def page() -> str:
    """The page."""
    return HEAD + "".join(_section(words, parser) for words, parser in commands(command_line.build_parser()))


def commands(
    parser: argparse.ArgumentParser, words: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], argparse.ArgumentParser]]:
    """The words and the parser of each command below a parser, without those that only have subcommands."""
    subcommands = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not subcommands:
        yield words, parser
    for action in subcommands:
        for name, subparser in action.choices.items():
            yield from commands(subparser, (*words, name))


def _section(words: tuple[str, ...], parser: argparse.ArgumentParser) -> str:
    arguments = [action for action in parser._actions if action.dest != "help"]
    required = [_spelling(action) for action in arguments if action.required]
    has_options = any(action.option_strings and not action.required for action in arguments)
    usage = " ".join(["github-avatars", *words, *(["[OPTION …]"] if has_options else []), *required])
    items = "\n".join(map(_item, arguments))
    parts = [f"\n## {' '.join(words)}", parser.description, f"    {usage}", items, (parser.epilog or "").strip()]
    return "\n\n".join(filter(None, parts)) + "\n"


def _item(action: argparse.Action) -> str:
    names = ", ".join(f"`{name}`" for name in [*action.option_strings[:-1], _spelling(action)])
    return f"- {names}: {(action.help or '') % vars(action)}"


def _spelling(action: argparse.Action) -> str:
    """The longest name of an argument, with its value."""
    choices = f"{{{','.join(map(str, action.choices))}}}" if action.choices else action.dest.upper()
    value = "" if action.nargs == 0 else str(action.metavar or choices) + (" …" if action.nargs in ("*", "+") else "")
    return " ".join(filter(None, [*action.option_strings[-1:], f"[{value}]" if action.nargs == "*" else value]))
