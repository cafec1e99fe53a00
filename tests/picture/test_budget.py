"""The memory budget for decoded pictures: who waits for whom, and that every way to classify a picture uses it."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from github_avatars import cancellation, classify, classify_all, explanation
from github_avatars.classifier import shipped
from github_avatars.github import Avatar
from github_avatars.picture import decoding
from github_avatars.picture.budget import Budget
from github_avatars.picture.decoding import BUDGET, MAX_PIXELS
from github_avatars.prediction import predict_avatar, predict_file
from github_avatars.scan import images
from github_avatars.web.answers import answer_picture
from tests.support.pictures import encoded
from tests.support.timing import TIMEOUT, wait_until

HUGE = encoded(Image.new("RGB", (3000, 3000), "red"), "PNG")


class Holder:
    """A thread that holds a part of a budget until `release` is set."""

    def __init__(self, budget: Budget, cost: int, threads: ThreadPoolExecutor) -> None:
        self.has_it = threading.Event()
        self.release = threading.Event()
        self.end: Future[None] = threads.submit(self._hold, budget, cost)

    def _hold(self, budget: Budget, cost: int) -> None:
        with budget.hold(cost):
            self.has_it.set()
            assert self.release.wait(TIMEOUT)

    def wait(self) -> None:
        assert self.has_it.wait(TIMEOUT)

    def finish(self) -> None:
        self.wait()
        self.release.set()
        self.end.result(TIMEOUT)


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as pool:
        yield pool


def wait_for_queue(budget: Budget, length: int) -> None:
    wait_until(lambda: len(budget._queue) == length)


def test_parts_that_fit_are_held_at_once(threads: ThreadPoolExecutor) -> None:
    budget = Budget(10)
    holders = [Holder(budget, cost, threads) for cost in (3, 3, 4)]
    for holder in holders:
        holder.wait()
    for holder in holders:
        holder.finish()


def test_part_that_does_not_fit_waits_until_enough_is_released(threads: ThreadPoolExecutor) -> None:
    budget = Budget(10)
    first, second = Holder(budget, 6, threads), Holder(budget, 4, threads)
    first.wait()
    second.wait()
    huge = Holder(budget, 10, threads)
    wait_for_queue(budget, 1)
    first.finish()
    wait_for_queue(budget, 1)
    assert not huge.has_it.is_set()
    second.finish()
    huge.finish()


def test_parts_are_given_in_the_order_of_arrival(threads: ThreadPoolExecutor) -> None:
    """Otherwise a sequence of small pictures could keep a large one waiting forever."""
    budget = Budget(10)
    first = Holder(budget, 6, threads)
    first.wait()
    large = Holder(budget, 10, threads)
    wait_for_queue(budget, 1)
    small = Holder(budget, 1, threads)
    wait_for_queue(budget, 2)
    first.finish()
    large.wait()
    assert not small.has_it.is_set()
    large.finish()
    small.finish()


def test_uncounted_parts_never_wait(threads: ThreadPoolExecutor) -> None:
    budget = Budget(10, uncounted=2)
    holder = Holder(budget, 10, threads)
    holder.wait()
    with budget.hold(2):
        pass
    holder.finish()


def test_part_larger_than_the_budget_is_all_of_it(threads: ThreadPoolExecutor) -> None:
    budget = Budget(10)
    with budget.hold(11):
        other = Holder(budget, 1, threads)
        wait_for_queue(budget, 1)
    other.finish()


def test_thread_does_not_wait_for_itself(threads: ThreadPoolExecutor) -> None:
    budget = Budget(10)
    with budget.hold(6), budget.hold(6):
        other = Holder(budget, 5, threads)
        wait_for_queue(budget, 1)
    other.finish()
    with budget.hold(10):
        pass


def test_error_releases_the_part() -> None:
    budget = Budget(10)
    for _ in range(2):
        with pytest.raises(KeyError), budget.hold(10):
            raise KeyError


def test_budget_is_never_exceeded(threads: ThreadPoolExecutor) -> None:
    budget, lock = Budget(10), threading.Lock()
    held = peak = 0

    def work(cost: int) -> None:
        nonlocal held, peak
        with budget.hold(cost):
            with lock:
                held += cost
                peak = max(peak, held)
            with lock:
                held -= cost

    list(threads.map(work, [1, 9, 3, 10, 2, 5] * 200))
    assert 0 < peak <= 10 and not held


def test_cancellation_ends_the_wait_and_keeps_no_part(threads: ThreadPoolExecutor) -> None:
    budget = Budget(10)
    outcome: list[type[BaseException]] = []

    def work() -> None:
        try:
            with budget.hold(10):
                pass
        except BaseException as error:
            outcome.append(type(error))
            raise

    async def start_and_cancel() -> None:
        task = asyncio.create_task(cancellation.run(threads, work))
        await asyncio.to_thread(wait_for_queue, budget, 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.to_thread(wait_for_queue, budget, 0)

    with budget.hold(1):
        asyncio.run(start_and_cancel())
        other = Holder(budget, 9, threads)
        other.finish()
    assert outcome == [CancelledError]


WAYS: dict[str, Callable[[Path], object]] = {
    "classify bytes": lambda _: classify(HUGE),
    "classify a path": classify,
    "classify a Pillow image": lambda path: classify(Image.open(path)),
    "classify_all": lambda path: classify_all([path]),
    "predict_file": lambda path: predict_file(path, shipped()),
    "predict_avatar": lambda _: predict_avatar(Avatar("octocat", 1, "", HUGE), shipped()),
    "explain": lambda path: explanation.explain(Image.open(path)),
    "web page": lambda _: answer_picture(HUGE, shipped()),
    "scan --images": lambda path: images.classify(shipped(), [f":{path}"]),
    "largest picture of an account": lambda path: images.largest(f":{path}"),
    "decode": lambda _: decoding.decode(HUGE),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_use_a_large_picture_waits_for_the_budget(
    tmp_path: Path, threads: ThreadPoolExecutor, way: str
) -> None:
    path = tmp_path / "huge.png"
    path.write_bytes(HUGE)
    with BUDGET.hold(MAX_PIXELS + 1):
        result = threads.submit(WAYS[way], path)
        wait_for_queue(BUDGET, 1)
    result.result(TIMEOUT)
    assert BUDGET._available == BUDGET._capacity


def test_ordinary_avatars_do_not_wait() -> None:
    avatar = encoded(Image.new("RGB", (460, 460), "red"), "PNG")
    with ThreadPoolExecutor(1) as thread, BUDGET.hold(2 * MAX_PIXELS):
        assert thread.submit(classify, avatar).result(TIMEOUT).label == "custom"


def test_only_one_picture_of_a_batch_is_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    living = 0
    original = decoding._load

    class Counted(Image.Image):
        def __del__(self) -> None:
            nonlocal living
            living -= 1

    def load(*arguments: object) -> Image.Image:
        nonlocal living
        assert not living
        picture = original(*arguments)  # type: ignore[arg-type]
        picture.__class__ = Counted
        living += 1
        return picture

    monkeypatch.setattr(decoding, "_load", load)
    avatar = encoded(Image.new("RGB", (600, 600), "red"), "PNG")
    assert [type(verdict).__name__ for verdict in classify_all([avatar] * 3)] == ["Verdict"] * 3
