"""The github-avatars command: what all of its subcommands share. Each is a module of its own."""

import argparse
import os
import sys
from collections.abc import Sequence

from github_avatars.cli import (
    collect,
    completion,
    dataset,
    evaluate,
    explain,
    predict,
    report,
    review,
    scan,
    serve,
    train,
)
from github_avatars.cli.command import Paragraphs, tell
from github_avatars.errors import GitHubAvatarsError

COMMANDS = (predict, explain, evaluate, train, collect, scan, review, report, dataset, serve, completion)

DESCRIPTION = "Tells default GitHub avatars from custom ones."

EPILOG = """\
Exit codes: 0 done, 1 an error, told in one line on standard error, 2 a wrong call, 130 interrupted.

GITHUB_URL names another host than https://github.com.
"""


def parser() -> argparse.ArgumentParser:
    """The parser of the command line, with all subcommands; for each, `run` does its work."""
    made = argparse.ArgumentParser(
        prog="github-avatars",
        description=DESCRIPTION,
        epilog=EPILOG,
        allow_abbrev=False,
        formatter_class=Paragraphs,
    )
    among = made.add_subparsers(metavar="COMMAND", required=True)
    for each in COMMANDS:
        each.add(among)
    made.set_defaults(parser=made)
    return made


def main(words: Sequence[str] | None = None) -> int:
    """Run the subcommand that `words` (default: the command line) name; the exit code."""
    arguments = parser().parse_args(words)
    try:
        return arguments.run(arguments) or 0
    except BrokenPipeError:
        # Whoever read the output has seen enough; at its end Python would complain once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (GitHubAvatarsError, OSError) as error:
        return tell(error)
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr)
        return 130
