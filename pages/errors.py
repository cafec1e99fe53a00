"""docs/errors.md: every kind of error, from the exception classes."""

import inspect
from pathlib import Path

from github_avatars.errors import GitHubAvatarsError

PATH = Path(__file__).resolve().parent.parent / "docs" / "errors.md"

HEAD = """\
# Errors

`script/docs` writes this page from [errors.py](../github_avatars/errors.py).

Each error has a kind, a stable name by which programs distinguish errors. In Python it is the attribute `kind` of the
exception; in a log line it is the field `kind` ([reliability](reliability.md#logs-and-error-kinds)). A failed
prediction of Cog's server names the class in its `error`, before the message:

    "error": "Prediction failed: Async prediction failed: NoSuchAccount: https://github.com has no account …"

The column "retry" tells whether the same call may succeed later.

| kind | class | meaning | what to do | retry |
| --- | --- | --- | --- | --- |
"""

FOOT = """
Indented classes are subclasses of the class above them: `except GitHubError` catches everything that can go wrong with
an account. Log lines have two more kinds: `canceled` if the caller canceled the prediction, and `unexpected`, with a
traceback, for a fault of this program. Please report those.
"""


def tree(error: type[GitHubAvatarsError] = GitHubAvatarsError) -> list[type[GitHubAvatarsError]]:
    """An exception class and all its subclasses, each parent before its children."""
    return [error, *(descendant for child in error.__subclasses__() for descendant in tree(child))]


def page() -> str:
    """The page."""
    return HEAD + "".join(map(_row, tree())) + FOOT


def _row(error: type[GitHubAvatarsError]) -> str:
    depth = error.__mro__.index(GitHubAvatarsError)
    meaning = (inspect.getdoc(error) or "").partition("\n\n")[0].replace("\n", " ")
    retry = "yes" if error.retry else "no"
    return f"| `{error.kind}` | {'&emsp;' * depth}`{error.__name__}` | {meaning} | {error.remedy} | {retry} |\n"
