"""When the next account may be asked for."""

import pytest

from github_avatars.github import Pace


def test_whoever_asks_waits_for_those_before() -> None:
    pace = Pace(rate=0.01)
    assert [pace.delay() for _ in range(4)] == pytest.approx([0, 100, 200, 300], abs=5)


def test_of_the_time_that_was_missed_no_more_than_one_account_is_made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("github_avatars.github.rate_limit.time.monotonic", lambda: now)
    pace = Pace(rate=0.01)
    now += 950
    assert [pace.delay() for _ in range(4)] == [0, 0, 100, 200]
