"""docs/cli.md: every command, from the parser itself. Written by `python -m pages.cli_page`."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from github_avatars.cli import command_line

PAGE = Path(__file__).resolve().parent.parent / "docs" / "cli.md"

HEAD = """\
# The command line

Made from the parser of [cli.py](../github_avatars/cli/command_line.py) by `.venv/bin/python -m pages.cli_page`. Each
command says the same with `--help`.

Results go to standard output, as JSON where a program may want them; progress and errors go to standard error, an error
as one line of what went wrong and what to do. Options are written out in full.

| exit code | meaning |
| --- | --- |
| 0 | done |
| 1 | an error, one of [these](errors.md) or of the system |
| 2 | a wrong call, told with the usage |
| 130 | interrupted |

| variable | meaning |
| --- | --- |
| `GITHUB_URL` | another host than https://github.com |
| `GITHUB_TOKEN` | a token for GitHub's REST API, needed for lists only; in place of it, `--token-file` |
| `GITHUB_AVATARS_LOG` | log predictions as JSON on standard error, from this level on: debug, info, warning, error |
"""


def page() -> str:
    """The page."""
    return HEAD + "".join(_section(words, parser) for words, parser in commands(command_line.build_parser()))


def commands(
    parser: argparse.ArgumentParser, words: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], argparse.ArgumentParser]]:
    """Each command below a parser, by the words that name it; those that only have subcommands are left out."""
    below = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not below:
        yield words, parser
    for action in below:
        for name, one in action.choices.items():
            yield from commands(one, (*words, name))


def _section(words: tuple[str, ...], parser: argparse.ArgumentParser) -> str:
    arguments = [action for action in parser._actions if action.dest != "help"]
    needed = [_named(action) for action in arguments if action.required]
    others = ["[OPTION …]"] if any(action.option_strings and not action.required for action in arguments) else []
    usage = " ".join(["github-avatars", *words, *others, *needed])
    items = "\n".join(map(_item, arguments))
    return (
        "\n\n".join(
            filter(
                None,
                [f"\n## {' '.join(words)}", parser.description, f"    {usage}", items, (parser.epilog or "").strip()],
            )
        )
        + "\n"
    )


def _item(action: argparse.Action) -> str:
    spelled = ", ".join(f"`{name}`" for name in [*action.option_strings[:-1], _named(action)])
    return f"- {spelled}: {(action.help or '') % vars(action)}"


def _named(action: argparse.Action) -> str:
    """An argument as it is written, by its longest name, with its value."""
    values = f"{{{','.join(map(str, action.choices))}}}" if action.choices else action.dest.upper()
    value = "" if action.nargs == 0 else str(action.metavar or values) + (" …" if action.nargs in ("*", "+") else "")
    return " ".join(filter(None, [*action.option_strings[-1:], f"[{value}]" if action.nargs == "*" else value]))


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
