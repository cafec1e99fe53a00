"""Renders page.html."""

from base64 import b64encode
from collections import defaultdict
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, TemplateError

from github_avatars import classifier, features
from github_avatars.errors import BadFile
from github_avatars.evaluation import results, tables
from github_avatars.evaluation.report import figures
from github_avatars.evaluation.results import Evaluation, Json
from github_avatars.evaluation.scoring import DIGITS
from github_avatars.picture import decoding
from github_avatars.training import dataset

THUMBNAIL = 96
"""The longest side of a thumbnail, in pixels."""

LEAST_CERTAIN = 24
"""Number of right predictions that are shown: the least certain ones."""

DARKEST = 0.9
"""The accuracy at and below which a cell of the robustness table has the darkest color."""


def page(evaluation: Evaluation, directory: Path) -> str:
    """The page about an evaluation of the pictures in `directory`, with all scripts, styles and thumbnails in it.

    Raises BadImage if a picture can no longer be read, BadModel if the shipped classifier, whose decision boundary is
    drawn, cannot be used.
    """
    thumbnails = {picture["file"]: _thumbnail(directory / picture["file"]) for picture in evaluation.pictures}
    wrong = [picture for picture in evaluation.pictures if picture["prediction"] != picture["label"]]
    right = [picture for picture in evaluation.pictures if picture["prediction"] == picture["label"]]
    readme = directory / "README.md"
    shipped = classifier.shipped()
    html = _template().render(
        evaluation=evaluation,
        labels=dataset.LABELS,
        wrong=sorted(wrong, key=_certainty),
        least_certain=sorted(right, key=_certainty)[:LEAST_CERTAIN],
        thumbnails=thumbnails,
        degraded=_by_picture(evaluation.robustness_errors),
        families=sorted(evaluation.families, key=lambda family: (family["right"] - family["count"], family["family"])),
        sizes=list(dict.fromkeys(cell["size"] for cell in evaluation.robustness)),
        kinds=list(dict.fromkeys(cell["kind"] for cell in evaluation.robustness)),
        cells={(cell["kind"], cell["size"]): cell for cell in evaluation.robustness},
        copies=sum(cell["count"] for cell in evaluation.robustness),
        copies_right=sum(cell["right"] for cell in evaluation.robustness),
        figures=figures.build(evaluation, thumbnails),
        intercept=shipped.intercept,
        weights=dict(zip(features.NAMES, shipped.weights, strict=True)),
        bokeh=figures.script(),
        about=readme.read_text(encoding="utf-8", errors="replace") if readme.is_file() else "",
    )
    # File names may contain bytes that are not UTF-8.
    return html.encode("utf-8", "replace").decode()


def page_of_file(path: Path, directory: Path) -> str:
    """The page about the evaluation in a file. Raises BadFile if it is not what `evaluate --json` wrote, as `page`."""
    evaluation = results.load(path)
    try:
        return page(evaluation, directory)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, TemplateError) as error:
        raise BadFile(f"{path} is not an evaluation ({error!r}): give what evaluate --json wrote.") from error


def _thumbnail(path: Path) -> str:
    """The picture as a small WebP in a data URL."""
    picture = decoding.read(path)
    picture.thumbnail((THUMBNAIL, THUMBNAIL))
    buffer = BytesIO()
    picture.save(buffer, "WEBP", quality=80)
    return f"data:image/webp;base64,{b64encode(buffer.getvalue()).decode()}"


def _certainty(picture: Json) -> tuple[float, str]:
    """A sort key: the predicted probability of the true label, then the file name."""
    probability = picture["probability"]
    # Without rounding, the subtraction could change the order of equal probabilities.
    return round(probability if picture["label"] == "default" else 1 - probability, DIGITS), picture["file"]


def _by_picture(errors: Iterable[Json]) -> list[dict[str, Any]]:
    """The wrong predictions for degraded copies, one entry for each picture, those with the most first.

    `sizes` is size → kinds.
    """
    entries: dict[str, dict[str, Any]] = {}
    for error in errors:
        entry = entries.setdefault(
            error["file"], {"file": error["file"], "label": error["label"], "count": 0, "sizes": defaultdict(list)}
        )
        entry["count"] += 1
        entry["sizes"][error["size"]].append(error["kind"])
    return sorted(entries.values(), key=lambda entry: (-entry["count"], entry["file"]))


def _shade(accuracy: float | None) -> str:
    """A background color: nearly white if all are right, and at DARKEST a red with enough contrast to black text."""
    depth = 0.0 if accuracy is None else min(1.0, (1 - accuracy) / (1 - DARKEST)) ** 0.5
    return f"hsl(14 {round(80 * depth)}% {round(97 - 27 * depth)}%)"


def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(percent=tables.percent, interval=tables.interval, decimals=tables.number, shade=_shade)
    # The order matters to Bokeh: a model must come before references to it.
    environment.policies["json.dumps_kwargs"] = {"sort_keys": False}
    return environment.get_template("page.html")
