"""Temporary files of a server whose worker was killed, which the next server removes when it starts.

Each worker keeps its temporary files in a folder of its own, which it locks. The system releases the lock when the
worker ends, in whatever way. So a folder that can be locked belongs to no living worker, not even in another container.
"""

import atexit
import fcntl
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from github_avatars.service import cog_cleanup

PREFIX = "github-avatars-"

_WORKER = b"coglet.server._run_worker()"
"""The end of the command line of each Cog worker."""


def use_own_folder() -> int:
    """Let this process create its temporary files in a new folder, and remove the leftovers of others.

    Returns the file descriptor of the lock, which lasts until the process ends.
    """
    parent = Path(tempfile.gettempdir())
    cog_leftovers = _cog_folders()  # listed before the check for other workers, which may create more afterwards
    other_workers = [folder for folder in parent.glob(f"{PREFIX}*") if not _remove_if_unused(folder)]
    if not other_workers and not _sees_other_worker():
        for folder in cog_leftovers:
            shutil.rmtree(folder, ignore_errors=True)
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        lock = os.open(folder, os.O_RDONLY)
        fcntl.flock(lock, fcntl.LOCK_EX)
        # Another server may have removed the folder before it was locked.
        if folder.exists():
            tempfile.tempdir = str(folder)
            atexit.register(shutil.rmtree, folder, ignore_errors=True)
            return lock
        os.close(lock)


def _remove_if_unused(folder: Path) -> bool:
    """Remove a folder of temporary files unless it is locked. Returns whether it is gone."""
    with suppress(FileNotFoundError):
        try:
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except OSError:
            return False  # of another user, or not a folder
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            return False
        finally:
            os.close(lock)
    return True


def _cog_folders() -> list[Path]:
    """The folders of predictions, none of which this server has made, that belong to this user."""
    predictions = cog_cleanup.PREDICTIONS
    try:
        if predictions.resolve() != predictions:
            return []  # a symbolic link to another place
        return [folder for folder in predictions.iterdir() if folder.lstat().st_uid == os.getuid()]
    except OSError:
        return []


def _sees_other_worker() -> bool:
    """Whether the system runs another Cog worker, of any project; True if that is unknown."""
    try:
        processes = [path for path in Path("/proc").iterdir() if path.name.isdigit() and path.name != str(os.getpid())]
    except OSError:
        return True
    for process in processes:
        with suppress(OSError):  # the process has ended in the meantime
            if _WORKER in (process / "cmdline").read_bytes():
                return True
    return not processes
