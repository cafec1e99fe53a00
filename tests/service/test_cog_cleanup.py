"""What is removed, and what is not; tests/test_server.py shows it of Cog's own folders."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar, copy_context
from pathlib import Path
from urllib.parse import urlparse, urlsplit

import pytest

from github_avatars.service import cog_cleanup

PREDICTION: ContextVar[str] = ContextVar(cog_cleanup.PREDICTION_ID)


@pytest.fixture
def predictions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where Cog would make its folders, with empty ones at every place that an id may lead to."""
    folder = tmp_path / "predictions"
    for parent in (folder / "mine", folder / "another", folder, tmp_path, tmp_path / "elsewhere"):
        for name in ("inputs", "outputs"):
            (parent / name).mkdir(parents=True)
    monkeypatch.setattr(cog_cleanup, "PREDICTIONS", folder)
    return folder


def run(name: str) -> None:
    def work() -> None:
        PREDICTION.set(name)
        with ThreadPoolExecutor(1) as threads, cog_cleanup.after_prediction(threads):
            pass

    copy_context().run(work)


def folders(top: Path) -> set[str]:
    return {str(path.relative_to(top)) for path in top.rglob("*")}


def test_the_predictions_own_are_removed(predictions: Path) -> None:
    before = folders(predictions)
    run("mine")
    assert before - folders(predictions) == {"mine", "mine/inputs", "mine/outputs"}


def test_they_are_removed_where_it_fails_too(predictions: Path) -> None:
    def work() -> None:
        PREDICTION.set("mine")
        with ThreadPoolExecutor(1) as threads, pytest.raises(KeyError), cog_cleanup.after_prediction(threads):
            raise KeyError

    copy_context().run(work)
    assert not (predictions / "mine").exists()


def test_a_file_stays_and_so_do_the_folders_above_it(predictions: Path) -> None:
    (predictions / "mine" / "outputs" / "file").touch()
    run("mine")
    assert folders(predictions / "mine") == {"outputs", "outputs/file"}


@pytest.mark.parametrize("name", ["", ".", "..", "../elsewhere", "another/../mine", "mine/inputs", "gone", "x" * 300])
def test_an_id_that_leads_elsewhere_removes_nothing(predictions: Path, name: str) -> None:
    before = folders(predictions.parent)
    run(name)
    run(str(predictions.parent / name))
    assert folders(predictions.parent) == before


def test_nothing_is_removed_where_no_prediction_runs(predictions: Path) -> None:
    before = folders(predictions.parent)
    with ThreadPoolExecutor(1) as threads, cog_cleanup.after_prediction(threads):
        pass
    assert folders(predictions.parent) == before


def test_no_data_url_is_kept_in_memory() -> None:
    with ThreadPoolExecutor(1) as threads, cog_cleanup.after_prediction(threads):
        urlparse("data:image/png;base64," + "A" * 1000)
        assert urlsplit.cache_info().currsize  # type: ignore[attr-defined]
    assert not urlsplit.cache_info().currsize  # type: ignore[attr-defined]


def test_nobody_waits_for_the_disk(predictions: Path) -> None:
    """The thread that removes is busy until the `with` has ended."""
    ended = threading.Event()
    with ThreadPoolExecutor(1) as threads:
        threads.submit(ended.wait, 10)

        def work() -> None:
            PREDICTION.set("mine")
            with cog_cleanup.after_prediction(threads):
                pass

        copy_context().run(work)
        assert (predictions / "mine").exists()
        ended.set()
    assert not (predictions / "mine").exists()
