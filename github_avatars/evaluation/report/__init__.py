"""An evaluation as one HTML page that needs no network: scores, tables, figures and the pictures themselves."""

from base64 import b64encode
from collections import defaultdict
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from github_avatars import classifier, features
from github_avatars.evaluation import tables
from github_avatars.evaluation.report.form import check, read
from github_avatars.evaluation.scoring import DIGITS
from github_avatars.picture import decoding
from github_avatars.training import dataset

__all__ = ["page", "read"]

THUMBNAIL = 96
"""Pixels a side, at the most, of a picture in the page."""

LEAST_CERTAIN = 24
"""How many of the right verdicts are shown, those nearest to a wrong one."""

DEEPEST = 0.9
"""The share of right verdicts from which on downwards the robustness table has its deepest color."""

Evaluation = dict[str, Any]


def page(result: Evaluation, directory: Path) -> str:
    """The page about an evaluation (evaluation.Evaluation.as_json) of the pictures in `directory`.

    Everything is in it: script, style and a thumbnail of every picture. Raises BadInput where `result` is no
    evaluation, BadImage where one of its pictures cannot be read any more, and BadModel where the shipped classifier,
    whose decision is drawn, cannot be used.
    """
    # Bokeh takes a second to import, which script/report --help should not wait for.
    from github_avatars.evaluation.report import figures

    check(result)
    thumbnails = {picture["file"]: _thumbnail(directory / picture["file"]) for picture in result["pictures"]}
    pictures = [picture | {"thumbnail": thumbnails[picture["file"]]} for picture in result["pictures"]]
    wrong = [picture for picture in pictures if picture["prediction"] != picture["label"]]
    right = [picture for picture in pictures if picture["prediction"] == picture["label"]]
    readme = directory / "README.md"
    shipped = classifier.shipped()
    html = _template().render(
        result=result,
        labels=dataset.LABELS,
        wrong=sorted(wrong, key=_certainty),
        least_certain=sorted(right, key=_certainty)[:LEAST_CERTAIN],
        thumbnails=thumbnails,
        degraded=_by_picture(result["robustness_errors"]),
        families=sorted(result["families"], key=lambda family: (family["right"] - family["count"], family["family"])),
        sizes=list(dict.fromkeys(cell["size"] for cell in result["robustness"])),
        columns=list(dict.fromkeys(cell["column"] for cell in result["robustness"])),
        cells={(cell["size"], cell["column"]): cell for cell in result["robustness"]},
        copies=sum(cell["count"] for cell in result["robustness"]),
        copies_right=sum(cell["right"] for cell in result["robustness"]),
        figures=figures.of(result, pictures),
        intercept=shipped.intercept,
        weights=dict(zip(features.NAMES, shipped.weights, strict=True)),
        bokeh=figures.script(),
        about=readme.read_text(encoding="utf-8", errors="replace") if readme.is_file() else "",
    )
    # Names of files need not be text; what is not cannot be written.
    return html.encode("utf-8", "replace").decode()


def _thumbnail(path: Path) -> str:
    """The picture as the address of a small WebP that holds itself."""
    picture = decoding.read(path)
    picture.thumbnail((THUMBNAIL, THUMBNAIL))
    buffer = BytesIO()
    picture.save(buffer, "WEBP", quality=80)
    return f"data:image/webp;base64,{b64encode(buffer.getvalue()).decode()}"


def _certainty(picture: dict[str, Any]) -> tuple[float, str]:
    """The probability that a picture's true label was given; the file's name makes the order of equals the same."""
    probability = picture["probability"]
    # Rounded, as the probability is: what is as certain may differ in the last bit once it is taken from 1.
    return round(probability if picture["label"] == "default" else 1 - probability, DIGITS), picture["file"]


def _by_picture(errors: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The errors on degraded copies, one entry a picture: its wrong columns by size, the worst picture first."""
    found: dict[str, dict[str, Any]] = {}
    for error in errors:
        entry = found.setdefault(
            error["file"], {"file": error["file"], "label": error["label"], "count": 0, "sizes": defaultdict(list)}
        )
        entry["count"] += 1
        entry["sizes"][error["size"]].append(error["column"])
    return sorted(found.values(), key=lambda entry: (-entry["count"], entry["file"]))


def _shade(share: float | None) -> str:
    """A cell's background, from nearly white where all is right to a red that black can be read on, for DEEPEST."""
    depth = 0.0 if share is None else min(1.0, (1 - share) / (1 - DEEPEST)) ** 0.5
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
    # Bokeh's script reads a figure from front to back: a model comes before the references to it.
    environment.policies["json.dumps_kwargs"] = {"sort_keys": False}
    return environment.get_template("page.html")
