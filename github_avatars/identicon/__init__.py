"""GitHub's default avatar: drawing the identicon of an account id, and fitting an identicon to any picture."""

from github_avatars.identicon.drawing import GITHUB_GREY, Color, Identicon, for_account, is_of, render
from github_avatars.identicon.fitting import STEADY, Fit, difference, errors, fit, is_blank, pack, pixels
from github_avatars.identicon.grid import CELLS, CRISP, RADIUS, SAMPLE, SIZE, Design, Floats, design_for, sample

__all__ = [
    "CELLS",
    "CRISP",
    "GITHUB_GREY",
    "RADIUS",
    "SAMPLE",
    "SIZE",
    "STEADY",
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
