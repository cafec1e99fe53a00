"""docs/errors.md: every kind of error, from the tree itself. Written by `python -m pages.error_page`."""

import inspect
from pathlib import Path

from github_avatars.errors import GitHubAvatarsError

PAGE = Path(__file__).resolve().parent.parent / "docs" / "errors.md"

HEAD = """\
# Errors

Made from [errors.py](../github_avatars/errors.py) by `.venv/bin/python -m pages.error_page`.

Each error has a kind, by which a program may tell it from others: once listed here, a kind keeps its name and its
meaning. In Python it is the `kind` of the exception; a log line has it under `kind`
([reliability](reliability.md#logs-and-error-kinds)). A failed prediction of Cog's server has the class in its `error`,
between a prefix and a colon, before the message:

    "error": "Prediction failed: Async prediction failed: NoSuchAccount: https://github.com has no account …"

Only where the last column says yes may the same call succeed later.

| kind | class | meaning | what to do | again |
| --- | --- | --- | --- | --- |
"""

FOOT = """
A class stands below the one that catches it too: `except GitHubError` catches all that may go wrong with an account.
In the log there are two kinds more: `canceled` for a prediction that the caller gave up, and `unexpected`, with a
traceback, for what is a fault of this program: please report it.
"""


def tree(error: type[GitHubAvatarsError] = GitHubAvatarsError) -> list[type[GitHubAvatarsError]]:
    """An error and all below it, each before its own."""
    return [error, *(found for child in error.__subclasses__() for found in tree(child))]


def page() -> str:
    """The page."""
    return HEAD + "".join(map(_row, tree())) + FOOT


def _row(error: type[GitHubAvatarsError]) -> str:
    depth = error.__mro__.index(GitHubAvatarsError)
    meaning = (inspect.getdoc(error) or "").partition("\n\n")[0].replace("\n", " ")
    again = "yes" if error.retry else "no"
    return f"| `{error.kind}` | {'&emsp;' * depth}`{error.__name__}` | {meaning} | {error.remedy} | {again} |\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
