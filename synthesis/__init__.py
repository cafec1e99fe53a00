"""Draws the custom avatars in avatars/ from code alone. A seed always yields the same bytes."""

from collections.abc import Callable

from synthesis import charts, figures, flags, flat, grey, grids, photos, pixels, screens, sketches
from synthesis.canvas import Encoded, Rng

__all__ = ["FAMILIES", "Encoded", "draw"]


FAMILIES: dict[str, Callable[[Rng], Encoded]] = {
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
    "grid-light-background": grids.light_background,
    "one-color": flat.one_color,
    "lookalike-service": grids.service,
    "lookalike-port": grids.port,
    "lookalike-impossible-color": grids.impossible_color,
}
"""The function that draws each family.

The families named grey- and grid- are hard to tell from default avatars. Those named lookalike- differ from them in
details that resizing and lossy compression destroy.
"""


def draw(family: str, seed: int) -> Encoded:
    """Draw avatar number `seed` of a family. Raises ValueError if the family does not exist."""
    if family not in FAMILIES:
        raise ValueError(f"unknown family {family!r}: use one of {', '.join(FAMILIES)}.")
    rng = Rng(f"{family}-{seed}")
    rng.number = seed
    return FAMILIES[family](rng)
