"""Tells whether a GitHub account shows GitHub's default avatar (the identicon) or one of its own."""

from typing import TYPE_CHECKING

__all__ = ["Verdict", "classify", "classify_all"]

if TYPE_CHECKING:
    from github_avatars.classifier import Verdict, classify, classify_all
else:

    def __getattr__(name: str) -> object:
        # Imported when asked for: what needs no pictures, as the command's --help, need not wait for NumPy and Pillow.
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from github_avatars import classifier

        return getattr(classifier, name)
