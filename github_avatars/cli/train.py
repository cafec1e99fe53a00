"""github-avatars train."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from github_avatars.cli.command import Subparsers, add_command, progress_bar
from github_avatars.errors import BadModel

if TYPE_CHECKING:
    from github_avatars.training.fitting import Card

PROJECT = Path(__file__).resolve().parents[2]


def add(subparsers: Subparsers) -> None:
    """Add the command."""
    train = add_command(subparsers, "train", run)
    train.add_argument(
        "--data",
        type=Path,
        default=PROJECT / "avatars",
        metavar="DIR",
        help="folder with default/ and custom/ (default: avatars/ of the project)",
    )
    train.add_argument(
        "--model",
        type=Path,
        default=PROJECT / "model.pkl",
        metavar="FILE",
        help="file to write (default: model.pkl of the project)",
    )
    train.add_argument("--force", action="store_true", help="overwrite the model even with one that scores worse")
    train.add_argument("--check", action="store_true", help="write nothing; exit code 1 where the model is stale")


def run(arguments: argparse.Namespace) -> None:
    """Train the classifier on labelled pictures, write it beside its card, and print its scores as JSON.

    Nothing is written where the new model scores worse than the one that is there.
    """
    from github_avatars import classifier
    from github_avatars.training import dataset, fitting

    directory, model = arguments.data, arguments.model
    if arguments.check:
        classifier.load(model)
    examples = dataset.read(directory)
    progress = progress_bar("picture")
    table = fitting.tabulate(directory, examples, lambda items: progress(items, len(examples)))
    pipeline = fitting.fit(table)
    card = fitting.card(directory, examples, table, pipeline)
    old = _card(model)
    if arguments.check:
        if differences := fitting.differences(old, card):
            raise BadModel(f"{model} is stale: {'; '.join(differences)}. Run script/train.")
        return
    worse = [name for name in ("accuracy", "originals") if card["scores"][name] < old.get("scores", {}).get(name, 0)]
    if worse and not arguments.force:
        raise BadModel(
            f"The new model scores worse in {' and '.join(worse)} ({card['scores']} against {old['scores']}): "
            f"{model} stays as it was. Mend the pictures or the features, or use --force."
        )
    classifier.save(pipeline, model, card)
    print(json.dumps(card["scores"]))


def _card(model: Path) -> "Card":
    """The card of the model that is there already; empty where it is missing or damaged, since training mends that."""
    from github_avatars import classifier

    try:
        card: Card = json.loads(classifier.card_path(model).read_bytes())
        numbers = [card["intercept"], *card["weights"].values(), *card["scores"].values()]
        return card if all(isinstance(number, float) for number in numbers) else {}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return {}
