"""Removal of what Cog 0.23.1 leaves behind after a prediction, on disk and in memory.

On disk, Cog creates the folders PREDICTIONS/ID, inputs/ and outputs/ for the files of each prediction and never removes
them: 12 kB and three inodes each, although our predictions have no files. In memory, Cog parses the data URL of a
picture with urllib, which caches the last 128 addresses, and a data URL may have any length.
"""

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager, suppress
from contextvars import copy_context
from pathlib import Path
from urllib.parse import urlsplit

PREDICTIONS = Path("/tmp/coglet/predictions")  # noqa: S108 (Cog's choice)

PREDICTION_ID = "_coglet_prediction_id"
"""The name of the context variable in which Cog keeps the id of the running prediction."""


@contextmanager
def after_prediction(executor: Executor) -> Iterator[None]:
    """Clean up after the prediction that runs within this context.

    A thread of `executor` removes the folders, because that may take milliseconds and must not block other predictions.
    It should have threads of its own: otherwise predictions would wait for slow disks.
    """
    try:
        yield
    finally:
        urlsplit.cache_clear()  # type: ignore[attr-defined]
        name = next((value for variable, value in copy_context().items() if variable.name == PREDICTION_ID), "")
        folder = PREDICTIONS / name
        # Clients may choose the id: /etc, or one that contains .., leads to another folder.
        if folder.parent == PREDICTIONS and name != "..":
            executor.submit(remove_folders, folder)


def remove_folders(folder: Path) -> None:
    """Remove the folder of a prediction with its inputs/ and outputs/, those of them that are empty."""
    for path in (folder / "inputs", folder / "outputs", folder):
        with suppress(OSError):
            path.rmdir()
