"""The result of an evaluation as plain data, as `evaluate --json` writes it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from github_avatars.errors import BadFile
from github_avatars.files import open_input

Json = dict[str, Any]


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
    pictures: list[Json]
    """The predictions for originals: `file`, `label`, `family`, `probability`, `prediction`, `features`."""
    unreadable: list[Json]
    """The files that cannot be decoded: `file`, `reason`."""
    scores: Json
    """The scores of the originals (`scoring.scores`)."""
    reliability: list[Json]
    """The reliability table of originals and degraded copies together (`scoring.reliability`)."""
    families: list[Json]
    """The accuracy for the originals of each `family`: `count`, `right`, and the keys of `scoring.share`."""
    robustness: list[Json]
    """The accuracy for the degraded copies of each `kind` and `size`, with the same keys."""
    robustness_brier: float | None
    """The Brier score of all degraded copies."""
    robustness_errors: list[Json]
    """The wrong predictions for degraded copies: `file`, `label`, `size`, `kind`, `probability`."""
    learning_curve: list[Json]
    """The scores by number of training `pictures`: `accuracy`, `brier`. Empty unless `held_out`."""


def load(path: Path) -> Evaluation:
    """The evaluation that `evaluate --json` wrote to `path`. Raises BadFile if the file contains anything else."""
    try:
        with open_input(path) as file:
            return Evaluation(**json.load(file))
    except OSError as error:
        raise BadFile(f"{path} cannot be read ({error.strerror}): give what evaluate --json wrote.") from error
    except (ValueError, TypeError, RecursionError) as error:
        raise BadFile(f"{path} is not an evaluation ({error}): give what evaluate --json wrote.") from error
