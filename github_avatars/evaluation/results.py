"""The result of an evaluation as plain data, as `evaluate --json` writes it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

from github_avatars.classifier import Label
from github_avatars.errors import BadFile
from github_avatars.evaluation.scoring import Bin, Scores, Share


class Picture(TypedDict):
    """The prediction for one original."""

    file: str
    label: Label
    family: str
    probability: float
    prediction: Label
    features: dict[str, Any]


class Unreadable(TypedDict):
    """A file that cannot be decoded."""

    file: str
    reason: str


class Family(Share):
    """The accuracy for the originals of one family."""

    family: str
    count: int
    right: int


class Cell(Share):
    """The accuracy for the degraded copies of one size and column."""

    size: int
    column: str
    count: int
    right: int


class RobustnessError(TypedDict):
    """A wrong prediction for a degraded copy."""

    file: str
    label: Label
    size: int
    column: str
    probability: float


class Point(TypedDict):
    """A point of the learning curve."""

    pictures: int
    accuracy: float
    brier: float


@dataclass(frozen=True)
class Evaluation:
    """The result of an evaluation."""

    directory: str
    """The name of the folder."""
    date: str
    """The day of the evaluation (UTC), YYYY-MM-DD."""
    model: str
    """The SHA-256 of the model file."""
    versions: dict[str, str]
    """The versions of Python and of the packages."""
    held_out: bool
    """Whether the model was trained on this folder, so that the predictions are held-out ones of a cross-validation."""
    pictures: list[Picture]
    unreadable: list[Unreadable]
    scores: Scores
    """The scores of the originals."""
    reliability: list[Bin]
    """The reliability table of originals and degraded copies together."""
    families: list[Family]
    robustness: list[Cell]
    robustness_brier: float | None
    """The Brier score of all degraded copies."""
    robustness_errors: list[RobustnessError]
    learning_curve: list[Point]
    """Empty unless `held_out`."""


def load(path: Path) -> Evaluation:
    """The evaluation that `evaluate --json` wrote to `path`. Raises BadFile if the file contains anything else."""
    try:
        return Evaluation(**json.loads(path.read_bytes()))
    except OSError as error:
        raise BadFile(f"{path} cannot be read ({error.strerror}): give what evaluate --json wrote.") from error
    except (ValueError, TypeError, RecursionError) as error:
        raise BadFile(f"{path} is not an evaluation ({error}): give what evaluate --json wrote.") from error
