"""Temporary files of killed servers are removed at startup, and those of living servers are not."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from github_avatars.service import cog_cleanup, leftovers
from tests.support.cog_server import COMMAND, CogServer, cog_variables
from tests.support.processes import ROOT, clean_environment, free_port

COG = cog_cleanup.PREDICTIONS.parent

WORKER = "import sys; sys.stdin.read()  # coglet.server._run_worker()"
"""A program whose command line is that of a Cog worker."""


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder for temporary files; no Cog worker runs as far as the tested code sees."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(cog_cleanup, "PREDICTIONS", tmp_path / "predictions")
    monkeypatch.setattr(leftovers, "_sees_other_worker", lambda: False)
    (tmp_path / "predictions" / "pred_1" / "inputs").mkdir(parents=True)
    (tmp_path / "predictions" / "pred_1" / "inputs" / "spilled.json").touch()
    yield tmp_path


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def start() -> tuple[int, Path]:
    """The lock and the folder of a server that starts."""
    lock = leftovers.use_own_folder()
    return lock, Path(tempfile.gettempdir())


def restart(temporary: Path) -> tuple[int, Path]:
    tempfile.tempdir = str(temporary)
    return start()


def test_files_of_a_dead_server_are_removed(temporary: Path) -> None:
    lock, folder = start()
    assert folder.parent == temporary
    (folder / "picture").touch()
    os.close(lock)  # as the system does when a process ends
    lock, new_folder = restart(temporary)
    assert names(temporary) == {"predictions", new_folder.name}
    assert not names(temporary / "predictions")
    os.close(lock)


def test_files_of_a_living_server_remain(temporary: Path) -> None:
    lock, folder = start()
    (folder / "picture").touch()
    (temporary / "predictions" / "pred_2").mkdir()
    other_lock, other_folder = restart(temporary)
    assert names(folder) == {"picture"}
    assert names(temporary) == {"predictions", folder.name, other_folder.name}
    assert names(temporary / "predictions") == {"pred_2"}
    os.close(lock)
    os.close(other_lock)


def test_folders_of_predictions_remain_while_another_cog_worker_runs(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    monkeypatch.setattr(cog_cleanup, "PREDICTIONS", temporary / "predictions")
    with subprocess.Popen([sys.executable, "-c", WORKER], stdin=subprocess.PIPE):
        lock, _ = start()
    assert names(temporary / "predictions") == {"pred_1"}
    os.close(lock)


@pytest.mark.parametrize("kind", ["file", "link"])
def test_nothing_outside_of_the_folders_is_removed(temporary: Path, kind: str) -> None:
    outside = temporary / "outside"
    (outside / "kept").mkdir(parents=True)
    other = temporary / f"{leftovers.PREFIX}other"
    other.touch() if kind == "file" else other.symlink_to(outside)
    (temporary / "predictions" / "pred_1" / "outputs").symlink_to(outside)
    lock, _ = start()
    assert other.exists()
    assert names(outside) == {"kept"}
    os.close(lock)


def test_linked_folder_of_predictions_is_not_followed(temporary: Path) -> None:
    predictions = temporary / "predictions"
    predictions.rename(temporary / "elsewhere")
    predictions.symlink_to(temporary / "elsewhere")
    lock, _ = start()
    assert names(temporary / "elsewhere") == {"pred_1"}
    os.close(lock)


@pytest.mark.alone
def test_server_removes_the_leftovers_of_a_killed_one(tmp_path: Path) -> None:
    """In a container of its own, because Cog workers of other tests may run on this machine."""
    container = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "bash", "-ec"]
    if subprocess.run([*container, "mount -t tmpfs tmpfs /mnt"], capture_output=True).returncode:
        pytest.skip("this machine does not allow the tests to start a container")
    shared = tmp_path / "shared"
    (shared / "coglet/predictions/pred_1/inputs").mkdir(parents=True)
    (shared / "coglet/predictions/pred_1/inputs/spilled.json").touch()
    (shared / f"{leftovers.PREFIX}killed").mkdir()
    (shared / f"{leftovers.PREFIX}killed/picture").touch()
    port = free_port()
    variables = cog_variables(ROOT / "predict.py", port) | {"PYTHONPATH": str(ROOT), "TMPDIR": str(shared)}
    environment = clean_environment(**variables)
    COG.mkdir(exist_ok=True)
    command = [*container, f'mount --bind {shared}/coglet {COG}; exec "$@"', "bash", *COMMAND]
    with CogServer(command, ROOT, port, environment, tmp_path) as server:
        server.wait_for_status("READY")
        assert not names(shared / "coglet" / "predictions")
        (folder,) = names(shared) - {"coglet"}
        assert folder != f"{leftovers.PREFIX}killed"
