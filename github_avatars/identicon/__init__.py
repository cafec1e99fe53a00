"""GitHub's default avatar (identicon): draw the one of an account id, and fit one to any picture."""

from github_avatars.identicon.drawing import GITHUB_GREY, Color, Identicon, for_account, is_of, render
from github_avatars.identicon.fitting import BIAS_WEIGHT, Fit, difference, errors, fit, is_blank, pack, pixels
from github_avatars.identicon.grid import (
    CELLS,
    MIN_UNBLURRED_SIDE,
    RADIUS,
    SAMPLE,
    SIZE,
    Design,
    Floats,
    design_for,
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
    "design_for",
    "difference",
    "errors",
    "fit",
    "for_account",
    "is_blank",
    "is_of",
    "pack",
    "pixels",
    "render",
    "sample",
]
