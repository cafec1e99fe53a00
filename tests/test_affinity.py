"""Threads that stay on one processor."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from github_avatars import affinity

linux = pytest.mark.skipif(not affinity.allowed(), reason="only Linux can keep threads on a processor")


def in_thread(work: Callable[[], object]) -> None:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


@linux
def test_a_thread_and_those_that_it_starts_stay_on_its_processor() -> None:
    before = affinity.allowed()
    affinities = []

    def stay() -> None:
        processors = affinity.current()
        affinity.restrict(processors)
        in_thread(lambda: affinities.append(affinity.allowed()))
        affinities.extend([affinity.allowed(), affinity.current(), processors])

    in_thread(stay)
    assert len(affinities[0]) == 1
    assert affinities == 4 * [affinities[0]]
    assert affinities[0] <= before
    assert affinity.allowed() == before


@linux
def test_all_threads_of_the_process_stay_on_one_processor() -> None:
    before, started, ended, affinities = affinity.allowed(), threading.Event(), threading.Event(), []

    def wait() -> None:
        started.set()
        ended.wait()
        affinities.append(affinity.allowed())

    thread = threading.Thread(target=wait)
    thread.start()
    started.wait()
    try:
        affinity.restrict_process(affinity.current())
        affinities.append(affinity.allowed())
        ended.set()
        thread.join()
    finally:
        ended.set()
        affinity.restrict_process(before)
    assert len(affinities[0]) == 1
    assert affinities[1] == affinities[0]
    assert affinity.allowed() == before


@linux
def test_the_context_keeps_the_thread_on_its_processor_until_its_end() -> None:
    before = affinity.allowed()
    with pytest.raises(KeyError), affinity.on_one_processor():
        assert affinity.allowed() == affinity.current()
        raise KeyError
    assert affinity.allowed() == before


@pytest.mark.parametrize("processors", [set(), {10**5}], ids=["none", "missing"])
def test_no_processor_and_one_that_is_missing_change_nothing(processors: set[int]) -> None:
    before = affinity.allowed()
    affinity.restrict(processors)
    assert affinity.allowed() == before


@pytest.mark.parametrize("content", ["", "1 (name) S 2 3", "1 (name) S" + " x" * 50, None])
def test_the_processor_is_unknown_without_the_status_of_the_thread(
    content: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if content is not None:
        (tmp_path / "stat").write_text(content)
    monkeypatch.setattr(affinity, "_STATUS", tmp_path / "stat")
    assert affinity.current() == set()


def test_nothing_is_done_where_the_system_cannot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_setaffinity", raising=False)
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(affinity, "_THREADS", tmp_path / "task")
    affinity.restrict({0})
    affinity.restrict_process({0})
    with affinity.on_one_processor():
        assert affinity.allowed() == set()
