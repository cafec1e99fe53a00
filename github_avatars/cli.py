"""The github-avatars command: one subcommand for each thing to do beyond a single prediction."""

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from github_avatars.errors import GitHubAvatarsError

# The subcommands import what they need themselves: --help should not wait for scikit-learn.


def evaluate(arguments: argparse.Namespace) -> None:
    """Score the classifier on a folder of labelled pictures."""
    from github_avatars import evaluation

    result = evaluation.evaluate(arguments.directory, progress=_bar("picture"))
    if arguments.json:
        arguments.json.write_text(json.dumps(result.as_json(), indent=1) + "\n", encoding="utf-8")
    print(evaluation.as_text(result))


def explain(arguments: argparse.Namespace) -> None:
    """Draw why a picture or an account's avatar is judged as it is."""
    from github_avatars import explanation, image
    from github_avatars.github import fetch

    if Path(arguments.subject).exists():
        picture = image.read(arguments.subject)
    else:
        picture = image.decode(fetch(arguments.subject).data, f"The avatar of {arguments.subject}")
    found = explanation.explain(picture)
    explanation.draw(found).save(arguments.output)
    print(explanation.in_words(found))


def report(arguments: argparse.Namespace) -> None:
    """Make one HTML page of an evaluation that `evaluate --json` wrote."""
    from github_avatars import report

    result = json.loads(arguments.evaluation.read_text(encoding="utf-8"))
    arguments.output.write_text(report.page(result, arguments.directory), encoding="utf-8")
    print(arguments.output)


def check(arguments: argparse.Namespace) -> None:
    """Report duplicates, label conflicts, unreadable files and the balance of a folder of labelled pictures."""
    from github_avatars import duplicates

    print(duplicates.as_text(duplicates.check(arguments.directory, progress=_bar("picture"))))


def collect(arguments: argparse.Namespace) -> None:
    """Fetch the avatars of a list of accounts and label each by proof."""
    from github_avatars import collection
    from github_avatars.github import GitHub

    logins = collection.read_logins(arguments.logins)
    with GitHub() as github:
        summary = collection.collect(
            logins, arguments.output, github, rate=arguments.rate, balance=arguments.balance, progress=_bar("account")
        )
    print(json.dumps(summary))


def _bar(unit: str) -> Callable[[Iterable[Any], int], Iterable[Any]]:
    """What shows, on standard error, how far an iteration over so many units has come."""
    from tqdm import tqdm

    return lambda items, total: tqdm(items, total=total, unit=unit, mininterval=1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="github-avatars", description="Tells default GitHub avatars from custom ones."
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    one = _command(commands, "evaluate", evaluate)
    one.add_argument("directory", type=Path, help="folder with default/ and custom/, and an index.csv if there is one")
    one.add_argument("--json", type=Path, metavar="FILE", help="write all results there, too")

    one = _command(commands, "explain", explain)
    one.add_argument("subject", metavar="FILE|LOGIN", help="a picture file, or else a GitHub login")
    one.add_argument("-o", "--output", type=Path, required=True, metavar="PNG", help="the picture to write")

    one = _command(commands, "report", report)
    one.add_argument("evaluation", type=Path, metavar="JSON", help="what evaluate --json wrote")
    one.add_argument("directory", type=Path, help="the folder that was evaluated")
    one.add_argument("-o", "--output", type=Path, required=True, metavar="HTML", help="the page to write")

    dataset = commands.add_parser("dataset", help="Look after a folder of labelled pictures.")
    one = _command(dataset.add_subparsers(metavar="COMMAND", required=True), "check", check)
    one.add_argument("directory", type=Path, help="folder with default/ and custom/, and an index.csv if there is one")

    one = _command(commands, "collect", collect)
    one.add_argument("--logins", type=Path, required=True, metavar="FILE", help="text file with one login a line")
    one.add_argument(
        "-o", "--output", type=Path, required=True, metavar="DIR", help="folder to write to, or go on with"
    )
    one.add_argument("--rate", type=float, default=2.0, help="accounts a second at the most (default: %(default)s)")
    one.add_argument("--balance", action="store_true", help="keep both labels equal in number")
    return parser


def _command(
    among: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, run: Callable[[argparse.Namespace], None]
) -> argparse.ArgumentParser:
    added = among.add_parser(name, help=run.__doc__, description=run.__doc__)
    added.set_defaults(run=run)
    return added


def main(words: Sequence[str] | None = None) -> int:
    """Run the subcommand that `words` (default: the command line) name; 1 for an error, told in one line."""
    arguments = _parser().parse_args(words)
    try:
        arguments.run(arguments)
    except (GitHubAvatarsError, OSError) as error:
        print("error:", " ".join(str(error).splitlines()), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
