"""Trains the classifier: labelled pictures in, model.pkl and model.json out."""

import argparse
import json
import sys
from functools import partial
from pathlib import Path

from tqdm import tqdm

from github_avatars import classifier, dataset, training
from github_avatars.errors import BadModel, GitHubAvatarsError

AVATARS = Path(__file__).resolve().parent / "avatars"


def train(directory: Path, model: Path, force: bool, check: bool) -> None:
    """Fit the classifier to the pictures of `directory` and write it to `model`.

    With `check`, only compare: BadModel where `model` cannot be loaded or training gives another one. Without `force`,
    BadModel, and nothing written, where the new model scores worse than the one in `model`.
    """
    if check:
        classifier.load(model)
    examples = dataset.read(directory)
    table = training.tabulate(directory, examples, partial(tqdm, total=len(examples), unit="picture", mininterval=1))
    pipeline = training.fit(table)
    card = training.card(directory, examples, table, pipeline)
    old = _card(model)
    if check:
        differences = training.differences(old, card)
        if differences:
            raise BadModel(f"{model} is stale: {'; '.join(differences)}. Run script/train.")
        return
    worse = [name for name in ("accuracy", "originals") if card["scores"][name] < old.get("scores", {}).get(name, 0)]
    if worse and not force:
        raise BadModel(
            f"The new model scores worse in {' and '.join(worse)} ({card['scores']} against {old['scores']}): "
            f"{model} stays as it was. Mend the pictures or the features, or use --force."
        )
    classifier.save(pipeline, model, card)
    print(json.dumps(card["scores"]))


def _card(model: Path) -> training.Card:
    """The card of the model that is there already; empty where it is missing or damaged, since training mends that."""
    try:
        card: training.Card = json.loads(classifier.card_of(model).read_bytes())
        numbers = [card["intercept"], *card["weights"].values(), *card["scores"].values()]
        return card if all(isinstance(number, float) for number in numbers) else {}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return {}


def main() -> int:
    """Parse the command line and train; 1 for an error, told in one line."""
    parser = argparse.ArgumentParser(prog="train", description=__doc__)
    parser.add_argument(
        "--data", type=Path, default=AVATARS, metavar="DIR", help="folder with default/ and custom/ (default: avatars/)"
    )
    parser.add_argument("--model", type=Path, default=classifier.MODEL, help="file to write (default: model.pkl)")
    parser.add_argument("--force", action="store_true", help="overwrite the model even with one that scores worse")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where the model is stale")
    arguments = parser.parse_args()
    try:
        train(arguments.data, arguments.model, arguments.force, arguments.check)
    except (GitHubAvatarsError, OSError) as error:
        print(f"train: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
