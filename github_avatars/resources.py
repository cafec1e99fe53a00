"""Where the shipped model and pictures are: at the top of a checkout, or in `data` of an installed package.

The wheel contains a part of avatars/ only; hatch_build.py selects it.
"""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_DATA = _PACKAGE / "data"

CHECKOUT = None if _DATA.is_dir() else _PACKAGE.parent
"""The folder of the checkout (or of the image, which has the same layout); None in an installed package."""

_FOLDER = CHECKOUT or _DATA

MODEL = _FOLDER / "model.pkl"
AVATARS = _FOLDER / "avatars"
"""The pictures that the demo and the gallery of the web page show, with their index.csv."""
