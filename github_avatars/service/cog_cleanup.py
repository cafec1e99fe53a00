"""What Cog 0.23.1 leaves behind of a prediction, on disk and in memory.

On disk, it makes three folders for the files of each prediction, PREDICTIONS/ID with inputs and outputs in it, and
keeps them for good: 12 kB and three inodes each, though none of ours has files. In memory, it parses the data URL of a
picture with urllib, which keeps the last 128 addresses that it parsed, and a data URL may have any length.
"""

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager, suppress
from contextvars import copy_context
from pathlib import Path
from urllib.parse import urlsplit

PREDICTIONS = Path("/tmp/coglet/predictions")  # noqa: S108 (Cog's choice)

ID = "_coglet_prediction_id"
"""Name of the context variable in which Cog keeps the id of the prediction that runs."""


@contextmanager
def removed(executor: Executor) -> Iterator[None]:
    """At the end of the `with`, that of the prediction that runs is removed; of folders only empty ones.

    From the disk by a thread of `executor`: that may take milliseconds, and no other prediction is to stand still.
    """
    try:
        yield
    finally:
        urlsplit.cache_clear()  # type: ignore[attr-defined]
        name = next((value for variable, value in copy_context().items() if variable.name == ID), "")
        folder = PREDICTIONS / name
        # Clients may choose the id: /etc, or one with .. in it, leads elsewhere.
        if folder.parent == PREDICTIONS and name != "..":
            executor.submit(remove, folder)


def remove(folder: Path) -> None:
    """Remove the folder of a prediction, if it and those in it are empty."""
    for path in (folder / "inputs", folder / "outputs", folder):
        with suppress(OSError):
            path.rmdir()
