"""The github-avatars command: one subcommand for each thing to do beyond a single prediction."""

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from github_avatars.errors import BadDataset, BadInput, BadLogin, GitHubAvatarsError
from github_avatars.web import command as web

# The subcommands import what they need themselves: --help should not wait for scikit-learn.


def evaluate(arguments: argparse.Namespace) -> None:
    """Score the classifier on a folder of labelled pictures."""
    from github_avatars import evaluation

    result = evaluation.evaluate(arguments.directory, progress=_bar("picture"))
    # Printed first: where the file cannot be written, minutes of work are not lost.
    print(evaluation.as_text(result))
    if arguments.json:
        arguments.json.write_text(json.dumps(result.as_json(), indent=1) + "\n", encoding="utf-8")


def explain(arguments: argparse.Namespace) -> None:
    """Draw why a picture or an account's avatar is judged as it is."""
    from github_avatars import explanation, image
    from github_avatars.github import fetch

    subject = arguments.subject
    try:
        # A folder may happen to have the name of an account.
        given = Path(subject).exists() and not Path(subject).is_dir()
        data = image.read_bytes(subject) if given else fetch(subject).data
    except BadLogin as error:
        raise BadInput(f"There is no such picture file, and {error}") from error
    found = explanation.explain(image.load(data, subject if given else f"The avatar of {subject}"))
    explanation.draw(found).save(arguments.output, "PNG")
    print(explanation.in_words(found))


def report(arguments: argparse.Namespace) -> None:
    """Make one HTML page of an evaluation that `evaluate --json` wrote."""
    from github_avatars import report

    page = report.page(report.read(arguments.evaluation), arguments.directory)
    arguments.output.write_text(page, encoding="utf-8")
    print(arguments.output)


def check(arguments: argparse.Namespace) -> None:
    """Report duplicates, label conflicts, unreadable files and the balance of a folder of labelled pictures.

    Ends with exit code 1 where a file is unreadable, or where the same or nearly the same picture is under both labels.
    Copies under one label are only reported; training keeps those of equal pixels on one side of each split.
    """
    from github_avatars import duplicates

    found = duplicates.check(arguments.directory, progress=_bar("picture"))
    print(duplicates.as_text(found))
    if found.faults():
        raise BadDataset(f"{arguments.directory} is not fit for training ({', '.join(found.faults())}): mend that.")


def collect(arguments: argparse.Namespace) -> None:
    """Fetch the avatars of a list of accounts and label each by proof.

    To the pixel the identicon of its account id: default/. No identicon at all: custom/. Between: review/, for a person
    to move. Run again, it goes on where it was ended; see errors.csv and aside.csv in the folder for what is not there.
    """
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
    one.add_argument("--balance", action="store_true", help="do not keep pictures of the label that is ahead in number")

    web.add(commands)
    return parser


def _command(
    among: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, run: Callable[[argparse.Namespace], None]
) -> argparse.ArgumentParser:
    meaning = run.__doc__ or ""
    added = among.add_parser(name, help=meaning.partition("\n")[0], description=meaning)
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
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
