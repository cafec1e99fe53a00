"""Tells whether a GitHub account shows GitHub's default avatar (the identicon) or one of its own."""

import logging
from typing import TYPE_CHECKING

__all__ = ["Verdict", "classify", "classify_all"]

# Else Python itself would print what is logged from the level of a warning on.
logging.getLogger(__name__).addHandler(logging.NullHandler())

if TYPE_CHECKING:
    from github_avatars.classifier import Verdict, classify, classify_all
else:

    def __getattr__(name: str) -> object:
        # Imported when asked for: what needs no pictures, as the command's --help, need not wait for NumPy and Pillow.
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from github_avatars import classifier

        return getattr(classifier, name)
