"""A picture → why it is judged as it is: what was measured of it and what each measurement says, drawn or in words.

The classifier's score is the log-odds of "default". Each feature's part in it is its Shapley value: of what separates
the score from that of the average training picture, the share that this feature brings about, averaged over every order
in which the features could become known. For a linear model that is weight × (value − training mean).

Source: Lundberg and Lee, A Unified Approach to Interpreting Model Predictions (2017), https://arxiv.org/abs/1705.07874
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import astuple, dataclass
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from github_avatars import dataset, features, grid, identicon, image
from github_avatars.classifier import Classifier, Label, Verdict, shipped
from github_avatars.features import Features
from github_avatars.grid import SAMPLE, Floats
from github_avatars.identicon import GITHUB_GREY, Fit

ROOT = Path(__file__).resolve().parent.parent
README_PICTURE = ROOT / "docs" / "explanation.png"

SIZE = (1200, 760)
"""Width and height of the drawn explanation, in pixels."""

PIXEL = 10
"""Pixels a side that a sampled pixel takes in it; the four pictures are SAMPLE of these a side."""

ZERO, REACH = 850, 240
"""Where in it the bars begin, and the pixels that the longest one takes to either side."""

WHITE, INK, FAINT, LINE = "#FFFFFF", "#1F2328", "#59636E", "#AFB8C1"
COLORS: dict[Label, str] = {"default": "#0072B2", "custom": "#D55E00"}
"""Blue and vermilion, which people of every color vision tell apart.

Source: Okabe and Ito, Color Universal Design, https://jfly.uni-koeln.de/color/
"""

TITLES = {
    "github_grey": "GitHub-grey pixels (of 576)",
    "distinct_colors": "Distinct colours",
    "identicon_error": "Identicon error (0 to 1)",
}
ABOUT = "A default avatar is the identicon that GitHub draws: a mirrored 5 x 5 grid, one colour on grey (#F0F0F0)."
SCALE = "Log-odds: at 0 both are equally likely; with every 2.3 more, default becomes ten times as likely as custom."
EXCUSE = (
    "Resizing and lossy coding bring in colours and error alike: so many colours excuse some error, few colours do not."
)

_MEASURED: dict[str, Callable[[float], float]] = {
    "github_grey": float,
    "distinct_colors": math.exp,
    "identicon_error": lambda root: root**2,
}
"""What undoes the scales of Features.row()."""


@dataclass(frozen=True)
class Contribution:
    """What one feature says of a picture.

    `value` is what was measured of the picture, `average` the same of the average training picture (averaged on the
    scale of Features.row()). `log_odds` is the Shapley value: above 0 it speaks for "default", below for "custom". A
    positive `weight` is the model's saying that the more there is of the feature, the likelier is "default".
    """

    name: str
    value: float
    average: float
    weight: float
    log_odds: float


@dataclass(frozen=True)
class Explanation:
    """Why a picture is judged as it is.

    `picture` is RGB, `sample` the SAMPLE × SAMPLE pixels of it that it was judged by, `fit` the identicon that fits it
    best, and `difference` how far the two are apart where (identicon.difference). `base` is the score of the average
    training picture; with the log-odds of all `contributions` it adds up to `score`, the log-odds of "default".
    """

    picture: Image.Image
    sample: Image.Image
    fit: Fit
    difference: Floats
    verdict: Verdict
    base: float
    contributions: tuple[Contribution, ...]
    score: float


def explain(picture: Image.Image, classifier: Classifier | None = None) -> Explanation:
    """Why a Pillow picture of any mode is judged as it is, by the shipped classifier where none is given.

    Raises BadImage for a picture that cannot be decoded, BadModel where the shipped classifier cannot be used.
    """
    classifier = classifier or shipped()
    shown = image.rgb(image.finish(picture))
    verdict = classifier.judge(features.extract(shown))
    fitted = identicon.fit(shown)
    return Explanation(
        picture=shown,
        sample=grid.sample(shown),
        fit=fitted,
        difference=identicon.difference(shown, fitted),
        verdict=verdict,
        base=base(classifier),
        contributions=contributions(verdict.features, classifier),
        score=classifier.score(verdict.features),
    )


def base(classifier: Classifier) -> float:
    """The score of the average training picture."""
    return classifier.intercept + float(np.dot(classifier.weights, classifier.means))


def contributions(measured: Features, classifier: Classifier) -> tuple[Contribution, ...]:
    """What each feature says, in the order of features.NAMES."""
    columns = zip(features.NAMES, astuple(measured), measured.row(), classifier.weights, classifier.means, strict=True)
    return tuple(
        Contribution(name, value, _MEASURED[name](mean), weight, weight * (scaled - mean))
        for name, value, scaled, weight, mean in columns
    )


def notes(given: Iterable[Contribution]) -> list[str]:
    """What one must know to read contributions, a sentence or two each."""
    excused = any(one.name == "distinct_colors" and one.weight > 0 for one in given)
    return [SCALE, EXCUSE] if excused else [SCALE]


def in_words(explanation: Explanation) -> str:
    """The verdict in one line and what each feature says in one more each, the weightiest first."""
    lines = [f"{in_short(explanation.verdict)} (log-odds {_signed(explanation.score)})."]
    for one in sorted(explanation.contributions, key=lambda one: -abs(one.log_odds)):
        value, average = _numbers(one)
        signed = _signed(one.log_odds)
        says = "says nothing" if signed == "0.0" else f"speaks for {_speaks_for(one.log_odds)} ({signed})"
        lines.append(f"{TITLES[one.name]}: {value}, on average {average}; {says}.")
    return "\n".join(lines)


def draw(explanation: Explanation) -> Image.Image:
    """The explanation as one picture of SIZE, mode RGB; the same pixels every time."""
    sheet = Image.new("RGB", SIZE, WHITE)
    pen = ImageDraw.Draw(sheet)
    label = explanation.verdict.label
    pen.text((30, 20), in_short(explanation.verdict), COLORS[label], _font(34))
    pen.text((30, 66), ABOUT, FAINT, _font(19))
    for number, (title, picture, captions) in enumerate(_panels(explanation)):
        left, top, side = 30 + 300 * number, 140, PIXEL * SAMPLE
        pen.text((left, top - 8), title, INK, _font(20), anchor="ls")
        sheet.paste(picture, (left + (side - picture.width) // 2, top + (side - picture.height) // 2))
        pen.rectangle((left - 1, top - 1, left + side, top + side), outline=LINE)
        for line, caption in enumerate(captions):
            pen.text((left, top + side + 8 + 23 * line), caption, FAINT, _font(18))
    _draw_table(pen, explanation)
    return sheet


def _panels(explanation: Explanation) -> list[tuple[str, Image.Image, tuple[str, str]]]:
    """The four pictures in a row: title, picture of at most PIXEL · SAMPLE pixels a side, two lines below it."""
    width, height = explanation.picture.size
    side = PIXEL * SAMPLE
    measured = explanation.verdict.features
    shown_size = [max(1, round(length * side / max(width, height))) for length in (width, height)]
    # Enlarged, the pixels should be seen; reduced, none of them should be lost.
    resampling = Image.Resampling.NEAREST if max(width, height) < side else Image.Resampling.LANCZOS
    colors = "1 colour" if measured.distinct_colors == 1 else f"{measured.distinct_colors} distinct colours"
    unseen = measured.identicon_error > 0 and np.nanmax(explanation.difference) == 0
    return [
        ("The picture", explanation.picture.resize(shown_size, resampling), (f"{width} x {height} pixels", "")),
        (
            f"{SAMPLE} x {SAMPLE} of its pixels",
            marked(explanation.sample),
            (f"dotted: exactly GitHub grey ({measured.github_grey})", colors),
        ),
        ("Best-fitting identicon", explanation.fit.draw(side), ("the grid and the colour", "that come nearest to it")),
        (
            "Where these two differ",
            shaded(explanation.difference),
            (
                f"the darker, the more: error {measured.identicon_error:.2f}",
                "between the sampled pixels" if unseen else "hatched: not looked at",
            ),
        ),
    ]


def marked(sample: Image.Image) -> Image.Image:
    """The sample enlarged, with a dot on every pixel that is exactly GitHub grey."""
    enlarged = sample.resize((PIXEL * SAMPLE, PIXEL * SAMPLE), Image.Resampling.NEAREST)
    pen = ImageDraw.Draw(enlarged)
    grey = (np.asarray(sample) == GITHUB_GREY).all(axis=-1)
    for row, column in np.argwhere(grey).tolist():
        left, top = PIXEL * column + 4, PIXEL * row + 4
        pen.rectangle((left, top, left + 2, top + 2), fill=INK)
    return enlarged


def shaded(difference: Floats) -> Image.Image:
    """The map of differences, enlarged: white for none, black for 1 or more, hatched where none is looked at."""
    levels = 255 * (1 - np.nan_to_num(difference).clip(0, 1))
    shaded = Image.fromarray(levels.round().astype(np.uint8)).convert("RGB")
    shaded = shaded.resize((PIXEL * SAMPLE, PIXEL * SAMPLE), Image.Resampling.NEAREST)
    pen = ImageDraw.Draw(shaded)
    for row, column in np.argwhere(np.isnan(difference)).tolist():
        left, top = PIXEL * column, PIXEL * row
        pen.line((left, top + PIXEL - 1, left + PIXEL - 1, top), fill=LINE)
    return shaded


def _draw_table(pen: ImageDraw.ImageDraw, explanation: Explanation) -> None:
    """The features, each with a bar for what it says, between where the score starts and what it comes to."""
    rows = [
        ("Start: average picture in training", "", "", explanation.base),
        *((TITLES[one.name], *_numbers(one), one.log_odds) for one in explanation.contributions),
        ("Together: log-odds of default", "", "", explanation.score),
    ]
    unit = REACH / max(1.0, *(abs(log_odds) for *_, log_odds in rows))
    _write(pen, 470, "What was measured", "here", "on average")
    pen.text((ZERO - 12, 470), "speaks for custom", COLORS["custom"], _font(20), anchor="rm")
    pen.text((ZERO + 12, 470), "speaks for default", COLORS["default"], _font(20), anchor="lm")
    pen.line((30, 640, SIZE[0] - 30, 640), fill=LINE)
    for middle, (title, value, average, log_odds) in zip((510, 546, 582, 618, 662), rows, strict=True):
        _write(pen, middle, title, value, average)
        end = ZERO + round(unit * log_odds)
        bar = (min(ZERO, end), middle - 11, max(ZERO, end), middle + 11)
        pen.rectangle(bar, fill=COLORS[_speaks_for(log_odds)])
        beyond, anchor = (end + 8, "lm") if log_odds > 0 else (end - 8, "rm")
        pen.text((beyond, middle), _signed(log_odds), INK, _font(20), anchor=anchor)
    pen.line((ZERO, 490, ZERO, 684), fill=INK)
    for line, note in enumerate(notes(explanation.contributions)):
        pen.text((30, 716 + 24 * line), note, FAINT, _font(18), anchor="ls")


def _write(pen: ImageDraw.ImageDraw, middle: int, title: str, value: str, average: str) -> None:
    pen.text((30, middle), title, INK, _font(20), anchor="lm")
    pen.text((400, middle), value, INK, _font(20), anchor="rm")
    pen.text((520, middle), average, FAINT, _font(20), anchor="rm")


def in_short(verdict: Verdict) -> str:
    """A verdict and how sure it is: "Default avatar, 98.2 % sure"."""
    sure = max(verdict.probability, 1 - verdict.probability)
    return f"{verdict.label.capitalize()} avatar, {'over 99.9' if sure > 0.999 else f'{100 * sure:.1f}'} % sure"


def _speaks_for(log_odds: float) -> Label:
    return "default" if log_odds > 0 else "custom"


def _numbers(one: Contribution) -> tuple[str, str]:
    """Value and average: counts as whole numbers, errors with two decimals."""
    decimals = 2 if one.name == "identicon_error" else 0
    return f"{one.value:.{decimals}f}", f"{one.average:.{decimals}f}"


def _signed(log_odds: float) -> str:
    return f"{log_odds:+.1f}" if round(log_odds, 1) else "0.0"


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def readme_example() -> Explanation:
    """What the README shows: a default avatar of avatars/ as a small thumbnail."""
    avatar = image.read(ROOT / "avatars" / "default" / "38654.png")
    return explain(image.decode(dataset.Degradation(40, "LANCZOS", False, "jpeg 75").apply(avatar)))


if __name__ == "__main__":
    README_PICTURE.parent.mkdir(exist_ok=True)
    draw(readme_example()).save(README_PICTURE)
