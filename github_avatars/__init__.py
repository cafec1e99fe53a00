"""Classify avatars: GitHub's default avatar (an identicon) or a custom picture."""

import logging
from typing import TYPE_CHECKING

__all__ = ["Verdict", "__version__", "classify", "classify_all"]

__version__ = "0.2.0"

# Without a handler, Python itself would print warnings.
logging.getLogger(__name__).addHandler(logging.NullHandler())

if TYPE_CHECKING:
    from github_avatars.classifier import Verdict, classify, classify_all
else:

    def __getattr__(name: str) -> object:
        # Importing at first use keeps NumPy and Pillow out of commands that do not need them, such as --help.
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from github_avatars import classifier

        return getattr(classifier, name)
