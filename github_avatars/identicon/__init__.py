"""GitHub's default avatar (identicon): draw the one of an account id, and fit one to any picture."""

from github_avatars.identicon.drawing import GITHUB_GREY, Color, Identicon, for_account, render
from github_avatars.identicon.exact import has_two_colors, is_githubs, is_of, is_possible
from github_avatars.identicon.fitting import BIAS_WEIGHT, Fit, difference, errors, fit, known_error, pixels
from github_avatars.identicon.grid import (
    CELLS,
    MIN_UNBLURRED_SIDE,
    RADIUS,
    SAMPLE,
    SIZE,
    Design,
    Floats,
    averages,
    designs_for,
    is_small,
    pack,
    sample,
)

__all__ = [
    "BIAS_WEIGHT",
    "CELLS",
    "GITHUB_GREY",
    "MIN_UNBLURRED_SIDE",
    "RADIUS",
    "SAMPLE",
    "SIZE",
    "Color",
    "Design",
    "Fit",
    "Floats",
    "Identicon",
    "averages",
    "designs_for",
    "difference",
    "errors",
    "fit",
    "for_account",
    "has_two_colors",
    "is_githubs",
    "is_of",
    "is_possible",
    "is_small",
    "known_error",
    "pack",
    "pixels",
    "render",
    "sample",
]
