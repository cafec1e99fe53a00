"""Removal of what Cog 0.23.1 leaves behind after a prediction, on disk and in memory.

On disk, Cog creates the folders PREDICTIONS/ID, inputs/ and outputs/ for the files of each prediction and never removes
them: 12 kB and three inodes each, although our predictions have no files. In memory, Cog parses the data URL of a
picture with urllib, which caches the last 128 addresses, and a data URL may have any length.
"""

import atexit
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import copy_context
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

PREDICTIONS = Path("/tmp/coglet/predictions")  # noqa: S108 (Cog's choice)

PREDICTION_ID = "_coglet_prediction_id"
"""The name of the context variable in which Cog keeps the id of the running prediction."""

DELAY = 1.0
"""Seconds after a prediction until its folders are removed, together with those of others."""


class Cleaner:
    """Cleans up after predictions. Close it, or use it in a `with` statement; otherwise it is closed at exit.

    A thread of its own removes the folders, because that may take milliseconds and must not block other predictions. To
    wake it for each prediction would take longer than the removal, so it removes those of many predictions at once.
    """

    def __init__(self) -> None:
        self._folders: deque[Path] = deque()
        atexit.register(self.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove the folders that are left."""
        self._remove()
        atexit.unregister(self.close)

    @contextmanager
    def after_prediction(self) -> Iterator[None]:
        """Clean up after the prediction that runs within this context. Only one thread may call this."""
        try:
            yield
        finally:
            urlsplit.cache_clear()  # type: ignore[attr-defined]
            name = next((value for variable, value in copy_context().items() if variable.name == PREDICTION_ID), "")
            folder = PREDICTIONS / name
            # Clients may choose the id: /etc, or one that contains .., leads to another folder.
            if folder.parent == PREDICTIONS and name != "..":
                self._folders.append(folder)
                if len(self._folders) == 1:
                    timer = threading.Timer(DELAY, self._remove)
                    timer.daemon = True
                    timer.start()

    def _remove(self) -> None:
        # Another thread may take the last folder at the same time.
        with suppress(IndexError):
            while True:
                remove_folders(self._folders.popleft())


def remove_folders(folder: Path) -> None:
    """Remove the folder of a prediction with its inputs/ and outputs/, those of them that are empty."""
    for path in (folder / "inputs", folder / "outputs", folder):
        with suppress(OSError):
            path.rmdir()
