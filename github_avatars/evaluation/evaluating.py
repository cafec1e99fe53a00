"""How well the classifier does on a folder of labelled pictures: scores with intervals, and every error by file."""

import json
import platform
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import product
from pathlib import Path

import numpy as np

from github_avatars import classifier
from github_avatars.classifier import Classifier, Verdict
from github_avatars.errors import BadImage
from github_avatars.evaluation import tables
from github_avatars.evaluation.scoring import DIGITS, Json, brier, reliability, scores, share
from github_avatars.training import dataset, degradation, fitting
from github_avatars.training.dataset import Example, Progress, measure_all
from github_avatars.training.degradation import Degradation
from github_avatars.training.fitting import Table


def grid() -> list[tuple[str, Degradation]]:
    """The robustness table's cells, each a column's name and what is done to the picture: every size × 8 columns.

    A column is a codec, or "circle" for a PNG cut to a circle with transparent corners. All are resized with Lanczos.
    """
    columns = {name: (False, name) for name in degradation.CODECS if name != "palette png"} | {"circle": (True, "png")}
    return [(name, Degradation(size, "LANCZOS", *columns[name])) for size, name in product(degradation.SIZES, columns)]


@dataclass(frozen=True)
class Judged:
    """A labelled picture, the verdict on it, and those on its degraded copies in the order of grid()."""

    example: Example
    verdict: Verdict
    copies: tuple[Verdict, ...]


@dataclass(frozen=True)
class Evaluation:
    """What came of judging a folder.

    `directory` is the folder's name, `date` the day (UTC), `model` the sha256 of the shipped model and `versions` those
    of Python and of the packages. `held_out`: the shipped model was trained on this very folder, so each picture was
    judged by one fitted without it, in the folds of the cross-validation; `learning_curve` is then what
    training.learning_curve gives, else empty. `unreadable` is file and reason.
    """

    directory: str
    date: str
    model: str
    versions: dict[str, str]
    held_out: bool
    pictures: list[Judged]
    unreadable: list[tuple[str, str]]
    learning_curve: list[dict[str, float]] = field(default_factory=list)

    def as_json(self) -> Json:
        """Everything as plain data; what cannot be said, as a share of nothing, is None.

        `scores` and `families` are of the pictures as they are, `robustness…` is of the degraded copies, `reliability`
        of both.
        """
        originals = [(judged.example.label, judged.verdict) for judged in self.pictures]
        copies = [(judged.example.label, verdict) for judged in self.pictures for verdict in judged.copies]
        return {
            "directory": self.directory,
            "date": self.date,
            "model": self.model,
            "versions": self.versions,
            "held_out": self.held_out,
            "pictures": [_picture(judged) for judged in self.pictures],
            "unreadable": [{"file": file, "reason": reason} for file, reason in self.unreadable],
            "scores": scores(originals),
            "reliability": reliability(originals + copies),
            "families": _families(self.pictures),
            "robustness": _robustness(self.pictures),
            "robustness_brier": brier(copies),
            "robustness_errors": _robustness_errors(self.pictures),
            "learning_curve": [
                {name: round(value, DIGITS) for name, value in point.items()} for point in self.learning_curve
            ],
        }


def evaluate(directory: Path, progress: Progress = lambda items, _: items) -> Evaluation:
    """Judge every picture of `directory` and its copies of grid() by the shipped model, on every core.

    `progress` wraps the iterations, with their number of steps. A file that is no picture becomes a line of
    `unreadable`. Raises BadDataset where the folder holds no labels, BadModel where the shipped model is unusable.
    """
    examples = dataset.read(directory)
    shipped = classifier.shipped()
    card = json.loads(classifier.card_path(classifier.MODEL).read_bytes())
    held_out = _digest(directory, examples) == card.get("avatars", {}).get("digest")
    judges, learning_curve = [shipped] * len(examples), []
    if held_out:
        table = fitting.tabulate(directory, examples, lambda items: progress(items, len(examples)))
        judges, learning_curve = judges_of(table), fitting.learning_curve(table)
    degradations = [degradation for _, degradation in grid()]
    measured = measure_all([directory / example.file for example in examples], degradations, progress)
    pictures, unreadable = [], []
    for example, judge, found in zip(examples, judges, measured, strict=True):
        if isinstance(found, BadImage):
            unreadable.append((example.file, str(found)))
        else:
            original, *copies = map(judge.classify, found)
            pictures.append(Judged(example, original, tuple(copies)))
    packages = {package: version(package) for package in ("scikit-learn", "numpy", "pillow")}
    return Evaluation(
        directory=directory.resolve().name,
        date=datetime.now(UTC).date().isoformat(),
        model=card["sha256"],
        versions={"python": platform.python_version(), **packages},
        held_out=held_out,
        pictures=pictures,
        unreadable=unreadable,
        learning_curve=learning_curve,
    )


def _digest(directory: Path, examples: list[Example]) -> str | None:
    """What the folder is known by to the model that was trained on it; None where a file of it cannot be read."""
    try:
        return dataset.digest(directory, examples)
    except (OSError, ValueError):
        return None


def judges_of(table: Table) -> list[Classifier]:
    """For each example a classifier that was fitted without it and its copies, in the folds of the cross-validation."""
    judges: dict[int, Classifier] = {}
    for fitted, scored in fitting.folds(table):
        fold = Classifier(fitting.build_pipeline().fit(table.rows[fitted], table.default[fitted]))
        judges |= dict.fromkeys(np.unique(table.picture[scored]).tolist(), fold)
    return [judges[number] for number in table.picture[table.original].tolist()]


def _families(pictures: list[Judged]) -> list[Json]:
    found: dict[str, list[bool]] = {}
    for judged in pictures:
        if judged.example.family:
            found.setdefault(judged.example.family, []).append(judged.verdict.label == judged.example.label)
    return [
        {"family": family, "count": len(right), "right": sum(right), **share(sum(right), len(right))}
        for family, right in sorted(found.items())
    ]


def _robustness(pictures: list[Judged]) -> list[Json]:
    table = []
    for number, (column, cell) in enumerate(grid()):
        right = sum(judged.copies[number].label == judged.example.label for judged in pictures)
        count = len(pictures)
        table.append({"size": cell.size, "column": column, "count": count, "right": right, **share(right, count)})
    return table


def _robustness_errors(pictures: list[Judged]) -> list[Json]:
    return [
        {
            "file": judged.example.file,
            "label": judged.example.label,
            "size": degradation.size,
            "column": column,
            "probability": round(verdict.probability, DIGITS),
        }
        for judged in pictures
        for (column, degradation), verdict in zip(grid(), judged.copies, strict=True)
        if verdict.label != judged.example.label
    ]


def _picture(judged: Judged) -> Json:
    measured = asdict(judged.verdict.features)
    return {
        "file": judged.example.file,
        "label": judged.example.label,
        "family": judged.example.family,
        "probability": round(judged.verdict.probability, DIGITS),
        "prediction": judged.verdict.label,
        "features": measured | {"identicon_error": round(judged.verdict.features.identicon_error, DIGITS)},
    }


def as_text(evaluation: Evaluation) -> str:
    """An evaluation as a person reads it: what was judged by what, tables in Markdown, and every error by file."""
    found = evaluation.as_json()
    judge = "a model that was fitted without it" if evaluation.held_out else "the shipped model"
    parts = [
        f"{len(found['pictures'])} pictures of {found['directory']}, each judged by {judge}.",
        tables.scores(found),
        tables.confusion(found),
        tables.errors(found),
        "Degraded copies: % right, and below it the 95 % interval, by size in pixels and by codec.",
        tables.robustness(found),
        tables.means(found),
        "Probabilities of originals and copies together: what was said, and what is true.",
        tables.reliability(found),
        tables.families(found),
        tables.unreadable(found),
    ]
    text = "\n\n".join(part for part in parts if part)
    # A file's name may hold bytes that are no text, and none of them shall keep the rest from being printed.
    return text.encode(errors="backslashreplace").decode()
