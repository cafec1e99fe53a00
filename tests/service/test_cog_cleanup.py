"""What is removed after a prediction, and what is not. tests/service/test_server.py tests it with Cog's own folders."""

import threading
from contextvars import ContextVar, copy_context
from pathlib import Path
from urllib.parse import urlparse, urlsplit

import pytest

from github_avatars.service import cog_cleanup
from github_avatars.service.cog_cleanup import Cleaner
from tests.support.processes import run_python
from tests.support.timing import TIMEOUT, wait_until

PREDICTION: ContextVar[str] = ContextVar(cog_cleanup.PREDICTION_ID)


@pytest.fixture
def predictions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which Cog creates its folders, with empty ones at every place to which a test's id leads."""
    folder = tmp_path / "predictions"
    for parent in (folder / "mine", folder / "another", folder, tmp_path, tmp_path / "elsewhere"):
        for name in ("inputs", "outputs"):
            (parent / name).mkdir(parents=True)
    monkeypatch.setattr(cog_cleanup, "PREDICTIONS", folder)
    return folder


def clean_up(prediction_id: str, cleaner: Cleaner) -> None:
    """Clean up after a prediction with this id."""

    def predict() -> None:
        PREDICTION.set(prediction_id)
        with cleaner.after_prediction():
            pass

    copy_context().run(predict)


def clean_up_and_wait(*prediction_ids: str) -> None:
    with Cleaner() as cleaner:
        for prediction_id in prediction_ids:
            clean_up(prediction_id, cleaner)


def folders(top: Path) -> set[str]:
    return {str(path.relative_to(top)) for path in top.rglob("*")}


def test_folders_of_the_prediction_are_removed(predictions: Path) -> None:
    before = folders(predictions)
    clean_up_and_wait("mine")
    assert before - folders(predictions) == {"mine", "mine/inputs", "mine/outputs"}


def test_folders_of_several_predictions_are_removed(predictions: Path) -> None:
    clean_up_and_wait("another", "gone", "mine")
    assert not (predictions / "another").exists()
    assert not (predictions / "mine").exists()


def test_folders_are_removed_while_more_predictions_come(predictions: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cog_cleanup, "DELAY", 0.01)
    with Cleaner() as cleaner:
        for name in ("another", "mine"):
            clean_up(name, cleaner)
            wait_until(lambda name=name: not (predictions / name).exists())  # type: ignore[misc]


def test_folders_of_a_failed_prediction_are_removed(predictions: Path) -> None:
    def predict() -> None:
        PREDICTION.set("mine")
        with Cleaner() as cleaner, pytest.raises(KeyError), cleaner.after_prediction():
            raise KeyError

    copy_context().run(predict)
    assert not (predictions / "mine").exists()


def test_folders_with_files_remain(predictions: Path) -> None:
    (predictions / "mine" / "outputs" / "file").touch()
    clean_up_and_wait("mine")
    assert folders(predictions / "mine") == {"outputs", "outputs/file"}


@pytest.mark.parametrize("name", ["", ".", "..", "../elsewhere", "another/../mine", "mine/inputs", "gone", "x" * 300])
def test_an_id_that_leads_elsewhere_removes_nothing(predictions: Path, name: str) -> None:
    before = folders(predictions.parent)
    clean_up_and_wait(name)
    clean_up_and_wait(str(predictions.parent / name))
    assert folders(predictions.parent) == before


def test_nothing_is_removed_outside_of_a_prediction(predictions: Path) -> None:
    before = folders(predictions.parent)
    with Cleaner() as cleaner, cleaner.after_prediction():
        pass
    assert folders(predictions.parent) == before


def test_data_urls_are_removed_from_memory() -> None:
    with Cleaner() as cleaner, cleaner.after_prediction():
        urlparse("data:image/png;base64," + "A" * 1000)
        assert urlsplit.cache_info().currsize  # type: ignore[attr-defined]
    assert not urlsplit.cache_info().currsize  # type: ignore[attr-defined]


def test_prediction_does_not_wait_for_the_disk(predictions: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started, release, remove_folders = threading.Event(), threading.Event(), cog_cleanup.remove_folders

    def remove_late(folder: Path) -> None:
        started.set()
        release.wait(TIMEOUT)
        remove_folders(folder)

    monkeypatch.setattr(cog_cleanup, "remove_folders", remove_late)
    monkeypatch.setattr(cog_cleanup, "DELAY", 0)
    cleaner = Cleaner()
    clean_up("mine", cleaner)
    assert started.wait(TIMEOUT)
    clean_up("another", cleaner)
    assert (predictions / "mine").exists()
    assert (predictions / "another").exists()
    release.set()
    wait_until(lambda: not (predictions / "mine").exists() and not (predictions / "another").exists())
    cleaner.close()


def test_folders_are_removed_when_the_process_ends(tmp_path: Path) -> None:
    (tmp_path / "mine" / "inputs").mkdir(parents=True)
    code = """
import sys
from contextvars import ContextVar
from pathlib import Path
from github_avatars.service import cog_cleanup
cog_cleanup.PREDICTIONS = Path(sys.argv[1])
ContextVar(cog_cleanup.PREDICTION_ID).set("mine")
with cog_cleanup.Cleaner().after_prediction():
    pass
"""
    assert run_python(code, tmp_path).returncode == 0
    assert not list(tmp_path.iterdir())
