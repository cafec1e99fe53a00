"""An explanation as one picture."""

import io
from functools import cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from github_avatars.classifier import Label
from github_avatars.explanation.explaining import (
    SCALE_NOTE,
    TITLES,
    Explanation,
    format_log_odds,
    format_values,
    headline,
    supported_label,
)
from github_avatars.identicon import GITHUB_GREY, SAMPLE, Floats

SIZE = (1200, 760)
"""Width and height of the drawing, in pixels."""

SCALE = 10
"""Side of an enlarged pixel of the sample."""

PANEL = SCALE * SAMPLE
"""Side of each of the four pictures in the drawing."""

AXIS = 850
"""The x coordinate at which the bars start."""

MAX_BAR = 240
"""Length of the longest bar."""

WHITE, INK, FAINT, LINE = "#FFFFFF", "#1F2328", "#59636E", "#AFB8C1"
COLORS: dict[Label, str] = {"default": "#0072B2", "custom": "#D55E00"}
"""Blue and vermilion, which people with any kind of color vision can distinguish.

Source: Okabe and Ito, Color Universal Design, https://jfly.uni-koeln.de/color/
"""
SUBTITLE = "A default avatar is the identicon that GitHub draws: a mirrored 5 x 5 grid in one color on grey (#F0F0F0)."


def draw(explanation: Explanation) -> Image.Image:
    """The explanation as one picture of SIZE, mode RGB. The same explanation always results in the same pixels."""
    sheet = Image.new("RGB", SIZE, WHITE)
    pen = ImageDraw.Draw(sheet)
    pen.text((30, 20), headline(explanation.verdict), COLORS[explanation.verdict.label], _font(34))
    pen.text((30, 66), SUBTITLE, FAINT, _font(19))
    for number, (title, picture, captions) in enumerate(_panels(explanation)):
        left, top = 30 + 300 * number, 140
        pen.text((left, top - 8), title, INK, _font(20), anchor="ls")
        sheet.paste(picture, (left + (PANEL - picture.width) // 2, top + (PANEL - picture.height) // 2))
        pen.rectangle((left - 1, top - 1, left + PANEL, top + PANEL), outline=LINE)
        for line, caption in enumerate(captions):
            pen.text((left, top + PANEL + 8 + 23 * line), caption, FAINT, _font(18))
    _draw_table(pen, explanation)
    return sheet


def draw_sample(sample: Image.Image) -> Image.Image:
    """The sample, enlarged to PANEL × PANEL, with a dot on every pixel that is exactly GitHub grey."""
    enlarged = sample.resize((PANEL, PANEL), Image.Resampling.NEAREST)
    pen = ImageDraw.Draw(enlarged)
    grey = (np.asarray(sample) == GITHUB_GREY).all(axis=-1)
    for row, column in np.argwhere(grey).tolist():
        left, top = SCALE * column + 4, SCALE * row + 4
        pen.rectangle((left, top, left + 2, top + 2), fill=INK)
    return enlarged


def draw_difference(difference: Floats) -> Image.Image:
    """The differences, enlarged to PANEL × PANEL: white for 0, black for 1 or more, hatched for NaN."""
    levels = 255 * (1 - np.nan_to_num(difference).clip(0, 1))
    shaded = Image.fromarray(levels.round().astype(np.uint8)).convert("RGB")
    shaded = shaded.resize((PANEL, PANEL), Image.Resampling.NEAREST)
    pen = ImageDraw.Draw(shaded)
    for row, column in np.argwhere(np.isnan(difference)).tolist():
        left, top = SCALE * column, SCALE * row
        pen.line((left, top + SCALE - 1, left + SCALE - 1, top), fill=LINE)
    return shaded


def encode_png(picture: Image.Image) -> bytes:
    """A picture as a PNG file."""
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def _panels(explanation: Explanation) -> list[tuple[str, Image.Image, tuple[str, str]]]:
    """The four pictures: a title, a picture that fits into PANEL × PANEL, and two lines of caption."""
    width, height = explanation.picture.size
    measured = explanation.verdict.features
    size = [max(1, round(length * PANEL / max(width, height))) for length in (width, height)]
    # Enlarged pixels stay visible as squares; when the picture is reduced, every pixel contributes.
    resampling = Image.Resampling.NEAREST if max(width, height) < PANEL else Image.Resampling.LANCZOS
    colors = "1 color" if measured.distinct_colors == 1 else f"{measured.distinct_colors} distinct colors"
    is_between_samples = measured.identicon_error > 0 and np.nanmax(explanation.difference) == 0
    return [
        ("Picture", explanation.picture.resize(size, resampling), (f"{width} x {height} pixels", "")),
        (
            f"Sample of {SAMPLE} x {SAMPLE} pixels",
            draw_sample(explanation.sample),
            (f"dotted: exactly GitHub grey ({measured.github_grey})", colors),
        ),
        ("Best-fitting identicon", explanation.fit.draw(PANEL), ("the identicon that is", "closest to the picture")),
        (
            "Their difference",
            draw_difference(explanation.difference),
            (
                f"darker is larger; error {measured.identicon_error:.2f}",
                "between the sampled pixels" if is_between_samples else "hatched: not measured",
            ),
        ),
    ]


def _draw_table(pen: ImageDraw.ImageDraw, explanation: Explanation) -> None:
    """One row with a bar for the average picture, one for each feature, and one for the sum."""
    rows = [
        ("Average training picture", "", "", explanation.base),
        *((TITLES[each.name], *format_values(each), each.log_odds) for each in explanation.contributions),
        ("Sum: log-odds of default", "", "", explanation.score),
    ]
    unit = MAX_BAR / max(1.0, *(abs(log_odds) for *_, log_odds in rows))
    _draw_cells(pen, 470, "Feature", "value", "average")
    pen.text((AXIS - 12, 470), "supports custom", COLORS["custom"], _font(20), anchor="rm")
    pen.text((AXIS + 12, 470), "supports default", COLORS["default"], _font(20), anchor="lm")
    pen.line((30, 640, SIZE[0] - 30, 640), fill=LINE)
    for middle, (title, value, average, log_odds) in zip((510, 546, 582, 618, 662), rows, strict=True):
        _draw_cells(pen, middle, title, value, average)
        end = AXIS + round(unit * log_odds)
        bar = (min(AXIS, end), middle - 11, max(AXIS, end), middle + 11)
        pen.rectangle(bar, fill=COLORS[supported_label(log_odds)])
        label_x, anchor = (end + 8, "lm") if log_odds > 0 else (end - 8, "rm")
        pen.text((label_x, middle), format_log_odds(log_odds), INK, _font(20), anchor=anchor)
    pen.line((AXIS, 490, AXIS, 684), fill=INK)
    pen.text((30, 716), SCALE_NOTE, FAINT, _font(18), anchor="ls")


def _draw_cells(pen: ImageDraw.ImageDraw, middle: int, title: str, value: str, average: str) -> None:
    pen.text((30, middle), title, INK, _font(20), anchor="lm")
    pen.text((400, middle), value, INK, _font(20), anchor="rm")
    pen.text((520, middle), average, FAINT, _font(20), anchor="rm")


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
