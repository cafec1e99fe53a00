"""How often requests may be sent, and how long to wait after a rate limit."""

from datetime import UTC, datetime, timedelta

import pytest

from github_avatars.errors import BadOption, RateLimited
from github_avatars.github import Pace, rate_limit


def test_pace_spaces_requests_evenly() -> None:
    pace = Pace(rate=0.01)
    assert [pace.delay() for _ in range(4)] == pytest.approx([0, 100, 200, 300], abs=5)


def test_pace_catches_up_at_most_one_missed_request(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    pace = Pace(rate=0.01)
    now += 950
    assert [pace.delay() for _ in range(4)] == [0, 0, 100, 200]


@pytest.mark.parametrize("rate", [0.001, 1000.0])
def test_possible_rates(rate: float) -> None:
    rate_limit.check_rate(rate)


@pytest.mark.parametrize("rate", [0.0, -1.0, 1000.1, float("nan")])
def test_impossible_rates(rate: float) -> None:
    with pytest.raises(BadOption, match=r"give 0\.001 to 1000 accounts per second"):
        rate_limit.check_rate(rate)


def test_wait_for_a_limit_that_is_over_takes_the_margin() -> None:
    started = datetime.now(UTC)
    reports: list[timedelta] = []
    rate_limit.wait(RateLimited("", started - timedelta(days=1)), reports.append)
    assert datetime.now(UTC) - started >= rate_limit.MARGIN
    assert timedelta() < reports[0] <= rate_limit.MARGIN
    assert reports[-1] == timedelta()


def test_without_a_reset_time_the_default_wait_applies() -> None:
    wait = rate_limit.resume_time(RateLimited("")) - datetime.now(UTC)
    assert wait.total_seconds() == pytest.approx(61, abs=1)
