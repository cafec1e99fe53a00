"""Scores of the classifier on a folder of labeled pictures, and every wrong prediction."""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

from github_avatars import classifier
from github_avatars.classifier import Verdict
from github_avatars.errors import BadImage
from github_avatars.evaluation import scoring
from github_avatars.evaluation.results import Evaluation, Json
from github_avatars.evaluation.scoring import DIGITS, share
from github_avatars.training import dataset, degradation, fitting
from github_avatars.training.dataset import Example, Progress, no_progress
from github_avatars.training.degradation import Degradation
from github_avatars.training.measuring import extract_features, measure, training_degradations


def robustness_conditions() -> list[tuple[str, Degradation]]:
    """The cells of the robustness table: every kind of copy in each size, with the degradation of the copies there.

    A kind is a codec, "circle" for a PNG cropped to a circle with transparent corners, or a filter other than Lanczos,
    which resizes the copies of all other kinds, for a PNG.
    """
    kinds = {codec: ("LANCZOS", False, codec) for codec in degradation.CODECS if codec != "palette png"}
    kinds |= {"circle": ("LANCZOS", True, "png")}
    kinds |= {name.lower(): (name, False, "png") for name in degradation.FILTERS if name != "LANCZOS"}
    return [(kind, Degradation(size, *kinds[kind])) for kind, size in product(kinds, degradation.SIZES)]


@dataclass(frozen=True)
class Classified:
    """A labeled picture and the verdicts on it."""

    example: Example
    original: Verdict
    copies: tuple[Verdict, ...]
    """The verdicts on its degraded copies, in the order of robustness_conditions(); empty for a look-alike."""


def evaluate(directory: Path, model: Path = classifier.MODEL, progress: Progress = no_progress) -> Evaluation:
    """Classify every picture of `directory` and degraded copies of it with `model`, and score the predictions.

    If the model was trained on these pictures, each is classified by a model that was fitted without it, in the folds
    of the cross-validation. Unreadable files are listed in the result. Raises BadDataset if the folder has no labeled
    pictures, BadModel if the model cannot be used.
    """
    examples = dataset.read(directory)
    shipped = classifier.load(model)
    card = json.loads(classifier.card_path(model).read_bytes())
    trained_on = card.get("avatars", {})
    conditions = [condition for _, condition in robustness_conditions()]
    # The copies in the training table are needed for the training pictures only, which have the same counts at least.
    counts = dataset.count_labels(examples)
    with_training_copies = all(trained_on.get(label) == count for label, count in counts.items())
    degradations = [
        [
            *(training_degradations(example) if with_training_copies else []),
            *(conditions if not example.is_lookalike else []),
        ]
        for example in examples
    ]
    measurements = measure(directory, examples, degradations, extract_features, progress)
    readable = [measurement for measurement in measurements if not isinstance(measurement, BadImage)]
    held_out = len(readable) == len(examples) and trained_on.get("digest") == dataset.digest(
        examples, [measurement.digest for measurement in readable]
    )
    classifiers, learning_curve = [shipped] * len(examples), []
    if held_out:
        table = fitting.feature_table(directory, examples, readable)
        classifiers, learning_curve = fitting.held_out_classifiers(table), fitting.learning_curve(table)
    classified, unreadable = [], []
    for example, measurement, used in zip(examples, measurements, classifiers, strict=True):
        if isinstance(measurement, BadImage):
            unreadable.append((example.file, str(measurement)))
        else:
            copies = [] if example.is_lookalike else measurement.values[-len(conditions) :]
            original = used.classify(measurement.values[0])
            classified.append(Classified(example, original, tuple(map(used.classify, copies))))
    return summarize(
        classified,
        directory=directory.resolve().name,
        date=datetime.now(UTC).date().isoformat(),
        model=card["sha256"],
        versions=fitting.versions(),
        held_out=held_out,
        unreadable=[{"file": file, "reason": reason} for file, reason in unreadable],
        learning_curve=[{name: round(value, DIGITS) for name, value in point.items()} for point in learning_curve],
    )


def summarize(pictures: list[Classified], **about: Any) -> Evaluation:
    """The evaluation of classified pictures; `about` are the fields of Evaluation that do not follow from them."""
    originals = [(picture.example.label, picture.original) for picture in pictures]
    copies = [(picture.example.label, verdict) for picture in pictures for verdict in picture.copies]
    return Evaluation(
        pictures=[_picture(picture) for picture in pictures],
        scores=scoring.scores(originals),
        reliability=scoring.reliability(
            (picture.example.label, (picture.original, *picture.copies)) for picture in pictures
        ),
        families=_families(pictures),
        robustness=_robustness(pictures),
        robustness_brier=scoring.brier(copies),
        robustness_errors=_robustness_errors(pictures),
        **about,
    )


def _picture(picture: Classified) -> Json:
    features = asdict(picture.original.features)
    return {
        "file": picture.example.file,
        "label": picture.example.label,
        "family": picture.example.family,
        "probability": round(picture.original.probability, DIGITS),
        "prediction": picture.original.label,
        "features": features | {"identicon_error": round(picture.original.features.identicon_error, DIGITS)},
    }


def _families(pictures: list[Classified]) -> list[Json]:
    outcomes: dict[str, list[bool]] = {}
    for picture in pictures:
        if picture.example.family:
            is_right = picture.original.label == picture.example.label
            outcomes.setdefault(picture.example.family, []).append(is_right)
    return [
        {"family": family, "count": len(right), "right": sum(right), **share(sum(right), len(right))}
        for family, right in sorted(outcomes.items())
    ]


def _robustness(pictures: list[Classified]) -> list[Json]:
    copied = [picture for picture in pictures if picture.copies]
    right = [
        sum(picture.copies[number].label == picture.example.label for picture in copied)
        for number in range(len(robustness_conditions()))
    ]
    return [
        {"size": condition.size, "kind": kind, "count": len(copied), "right": hits, **share(hits, len(copied))}
        for (kind, condition), hits in zip(robustness_conditions(), right, strict=True)
    ]


def _robustness_errors(pictures: list[Classified]) -> list[Json]:
    return [
        {
            "file": picture.example.file,
            "label": picture.example.label,
            "size": condition.size,
            "kind": kind,
            "probability": round(verdict.probability, DIGITS),
        }
        for picture in pictures
        for (kind, condition), verdict in zip(robustness_conditions(), picture.copies, strict=bool(picture.copies))
        if verdict.label != picture.example.label
    ]
