"""Threads that stay on one processor."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from github_avatars.scan import affinity

linux = pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="only Linux can keep threads on a processor")


@linux
def test_the_thread_and_those_that_it_starts_stay_on_its_processor() -> None:
    allowed = os.sched_getaffinity(0)
    affinities: list[set[int | None] | set[int]] = []

    def stay() -> None:
        processor = affinity.current_processor()
        affinity.stay_on(processor)
        inner = threading.Thread(target=lambda: affinities.append(os.sched_getaffinity(0)))
        inner.start()
        inner.join()
        affinities.extend([os.sched_getaffinity(0), {processor}])

    with ThreadPoolExecutor(1) as pool:
        pool.submit(stay).result()
    assert affinities[0] == affinities[1] == affinities[2]
    assert affinities[0] < allowed or (affinities[0] == allowed and len(allowed) == 1)
    assert os.sched_getaffinity(0) == allowed


@linux
def test_the_context_keeps_the_thread_on_its_processor_until_its_end() -> None:
    allowed = os.sched_getaffinity(0)
    with pytest.raises(KeyError), affinity.on_one_processor():
        assert os.sched_getaffinity(0) == {affinity.current_processor()}
        raise KeyError
    assert os.sched_getaffinity(0) == allowed


@linux
@pytest.mark.parametrize("processor", [None, 10**5])
def test_an_unknown_or_missing_processor_changes_nothing(processor: int | None) -> None:
    allowed = os.sched_getaffinity(0)
    affinity.stay_on(processor)
    assert os.sched_getaffinity(0) == allowed


@pytest.mark.parametrize("content", ["", "1 (name) S 2 3", "1 (name) S" + " x" * 50, None])
def test_the_processor_is_unknown_without_the_status_of_the_thread(
    content: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if content is not None:
        (tmp_path / "stat").write_text(content)
    monkeypatch.setattr(affinity, "_STATUS", tmp_path / "stat")
    assert affinity.current_processor() is None


def test_nothing_is_done_where_the_system_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_setaffinity", raising=False)
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    affinity.stay_on(0)
    with affinity.on_one_processor():
        pass
