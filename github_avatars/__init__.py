"""Tells whether a GitHub account shows GitHub's default avatar (the identicon) or one of its own."""

from github_avatars.classifier import Verdict, classify

__all__ = ["Verdict", "classify"]
