"""What an evaluation must look like to be reported, and a message that names the place where it does not."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from github_avatars import identicon
from github_avatars.errors import BadInput
from github_avatars.training import dataset


@dataclass(frozen=True)
class Number:
    """A number from `low` to `high`, whole or not; `null` allows none, where there was nothing to take it of."""

    low: int
    high: int
    whole: bool = False
    null: bool = False

    def holds(self, value: Any) -> bool:
        """Whether `value` is such a number; to Python, but not to us, true and false are numbers, too."""
        if value is None or isinstance(value, bool):
            return value is None and self.null
        return isinstance(value, int if self.whole else (int, float)) and self.low <= value <= self.high

    def __str__(self) -> str:
        kind = "a whole number" if self.whole else "a number"
        return f"{kind} from {self.low} to {self.high}{' or null' if self.null else ''}"


PART, PART_OR_NULL = Number(0, 1), Number(0, 1, null=True)
COUNT = Number(0, 10**9, whole=True)
SHARE = {"value": PART_OR_NULL, "low": PART_OR_NULL, "high": PART_OR_NULL}
SAMPLED = identicon.SAMPLE**2

FORM: dict[str, Any] = {
    "directory": str,
    "date": str,
    "versions": {},
    "held_out": bool,
    "pictures": [
        {
            "file": str,
            "label": dataset.LABELS,
            "family": str,
            "probability": PART,
            "prediction": dataset.LABELS,
            "features": {
                "github_grey": Number(0, SAMPLED, whole=True),
                "distinct_colors": Number(1, SAMPLED, whole=True),
                "identicon_error": PART,
            },
        }
    ],
    "unreadable": [{"file": str, "reason": str}],
    "scores": {
        "count": COUNT,
        "accuracy": SHARE,
        "precision": SHARE,
        "recall": SHARE,
        "brier": PART_OR_NULL,
        "confusion": {label: dict.fromkeys(dataset.LABELS, COUNT) for label in dataset.LABELS},
    },
    "reliability": [
        {"low": PART, "high": PART, "count": COUNT, "mean_probability": PART_OR_NULL, "share_default": PART_OR_NULL}
    ],
    "families": [{"family": str, "count": COUNT, "right": COUNT, **SHARE}],
    "robustness": [{"size": COUNT, "column": str, "count": COUNT, "right": COUNT, **SHARE}],
    "robustness_errors": [{"file": str, "label": dataset.LABELS, "size": COUNT, "column": str, "probability": PART}],
}
"""A type stands for its values, a tuple for its members, [form] for a list and {key: form} for these keys at least."""

LEARNING_CURVE = [{"pictures": Number(1, 10**9, whole=True), "accuracy": PART, "brier": PART}]
"""The form of "learning_curve", which only an evaluation of the training pictures has."""

MEND = "give what github-avatars evaluate --json wrote."
WORDS = {bool: "true or false", str: "a text"}


def read(path: Path) -> Any:
    """The evaluation in a file. Raises BadInput where it is no JSON, OSError where it cannot be read."""
    try:
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path} is not JSON ({error}): {MEND}") from error


def check(evaluation: Any) -> None:
    """Raise BadInput where an evaluation is not of this form, or has errors on copies of pictures that it lacks."""
    _check(evaluation, FORM, "The evaluation")
    _check(evaluation.get("learning_curve") or [], LEARNING_CURVE, "The evaluation, learning_curve")
    files = {picture["file"] for picture in evaluation["pictures"]}
    for error in evaluation["robustness_errors"]:
        _demand(error["file"] in files, error["file"], "a file of its pictures", "The evaluation, robustness_errors")


def _check(value: Any, form: Any, place: str) -> None:
    if isinstance(form, dict):
        _demand(isinstance(value, dict), value, "an object", place)
        for key, inner in form.items():
            _demand(key in value, value, f"an object with {key!r}", place)
            _check(value[key], inner, f"{place}, {key}")
    elif isinstance(form, list):
        _demand(isinstance(value, list), value, "a list", place)
        for number, item in enumerate(value):
            _check(item, form[0], f"{place}, number {number}")
    elif isinstance(form, tuple):
        _demand(value in form, value, f"one of {', '.join(form)}", place)
    elif isinstance(form, Number):
        _demand(form.holds(value), value, str(form), place)
    else:
        _demand(isinstance(value, form), value, WORDS[form], place)


def _demand(met: bool, value: Any, wanted: str, place: str) -> None:
    if not met:
        raise BadInput(f"{place} is {str(value)[:60]!r}, not {wanted}: {MEND}")
