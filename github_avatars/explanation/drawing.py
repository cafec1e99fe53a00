"""An explanation as one picture."""

from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from github_avatars.classifier import Label
from github_avatars.explanation.explaining import (
    TITLES,
    Explanation,
    explain,
    favored_label,
    format_log_odds,
    format_values,
    in_short,
    notes,
)
from github_avatars.identicon import GITHUB_GREY, SAMPLE, Floats
from github_avatars.picture import decoding
from github_avatars.training import degradation

ROOT = Path(__file__).resolve().parents[2]
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
ABOUT = "A default avatar is the identicon that GitHub draws: a mirrored 5 x 5 grid, one colour on grey (#F0F0F0)."


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
        *((TITLES[one.name], *format_values(one), one.log_odds) for one in explanation.contributions),
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
        pen.rectangle(bar, fill=COLORS[favored_label(log_odds)])
        beyond, anchor = (end + 8, "lm") if log_odds > 0 else (end - 8, "rm")
        pen.text((beyond, middle), format_log_odds(log_odds), INK, _font(20), anchor=anchor)
    pen.line((ZERO, 490, ZERO, 684), fill=INK)
    for line, note in enumerate(notes(explanation.contributions)):
        pen.text((30, 716 + 24 * line), note, FAINT, _font(18), anchor="ls")


def _write(pen: ImageDraw.ImageDraw, middle: int, title: str, value: str, average: str) -> None:
    pen.text((30, middle), title, INK, _font(20), anchor="lm")
    pen.text((400, middle), value, INK, _font(20), anchor="rm")
    pen.text((520, middle), average, FAINT, _font(20), anchor="rm")


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def readme_example() -> Explanation:
    """What the README shows: a default avatar of avatars/ as a small thumbnail."""
    avatar = decoding.read(ROOT / "avatars" / "default" / "38654.png")
    return explain(decoding.decode(degradation.Degradation(40, "LANCZOS", False, "jpeg 75").apply(avatar)))


if __name__ == "__main__":
    README_PICTURE.parent.mkdir(exist_ok=True)
    draw(readme_example()).save(README_PICTURE)
