"""Draws the custom avatars that the project ships and trains on: by code alone, the same bytes for the same seed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from synthesis import charts, figures, flags, flat, grey, grids, photos, pixels, screens, sketches
from synthesis.canvas import Dice, Encoded

__all__ = ["FAMILIES", "Drawing", "draw"]


@dataclass(frozen=True)
class Drawing:
    """One avatar as a file: `data` are its bytes, `extension` (png, jpg, webp or gif) is the one they call for."""

    family: str
    data: bytes
    extension: str


FAMILIES: Mapping[str, Callable[[Dice], Encoded]] = MappingProxyType(
    {
        "photo-landscape": photos.landscape,
        "photo-portrait": photos.portrait,
        "photo-night": photos.night,
        "photo-flower": photos.flower,
        "photo-pale": photos.pale,
        "photo-greyscale": photos.greyscale,
        "logo": flat.logo,
        "initials": flat.initials,
        "flag": flags.flag,
        "chart": charts.chart,
        "plain": flat.plain,
        "transparent": flat.transparent,
        "palette": flat.palette,
        "cartoon": sketches.cartoon,
        "line-drawing": sketches.line_drawing,
        "sprite": pixels.sprite,
        "code": pixels.code,
        "screen": screens.screen,
        "grey-logo": grey.logo,
        "grey-letters": grey.letters,
        "grey-two-colors": grey.two_colors_on_grey,
        "grey-mirrored": figures.figure,
        "grey-pale": grey.pale,
        "near-grey-logo": grey.near_grey_logo,
        "two-colors": grey.two_colors,
        "grid-asymmetric": grids.asymmetric,
        "grid-upside": grids.upside,
        "grid-pinwheel": grids.pinwheel,
        "grid-other-margin": grids.other_margin,
        "grid-other-background": grids.other_background,
        "grid-other-count": grids.other_count,
        "grid-many-colors": grids.many_colors,
        "grid-tiles": grids.tiles,
        "grid-eights": grids.eights,
        "grid-triangles": grids.triangles,
        "grid-overdrawn": grids.overdrawn,
    }
)
"""The kinds of picture, each with what draws it. Those named grey- and grid- are the hard ones."""


def draw(family: str, seed: int) -> Drawing:
    """The avatar number `seed` of a family.

    Raises ValueError where there is no such family.
    """
    if family not in FAMILIES:
        raise ValueError(f"there is no family {family!r}: choose one of {', '.join(FAMILIES)}.")
    dice = Dice(f"{family}-{seed}")
    dice.turn = seed
    data, extension = FAMILIES[family](dice)
    return Drawing(family, data, extension)
