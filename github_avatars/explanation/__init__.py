"""Why a picture gets its prediction: what each feature contributes, as numbers, as text, and as a drawing."""

from github_avatars.explanation.drawing import draw, draw_difference, draw_sample, encode_png
from github_avatars.explanation.explaining import (
    SCALE_NOTE,
    TITLES,
    Contribution,
    Explanation,
    as_text,
    explain,
    explain_file_or_account,
    headline,
)

__all__ = [
    "SCALE_NOTE",
    "TITLES",
    "Contribution",
    "Explanation",
    "as_text",
    "draw",
    "draw_difference",
    "draw_sample",
    "encode_png",
    "explain",
    "explain_file_or_account",
    "headline",
]
