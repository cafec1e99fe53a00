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


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Fri, 31 Dec 9999 23:59:59 GMT", rate_limit.LATEST),
        ("Fri, 31 Dec 9999 23:59:59 -1200", rate_limit.LATEST),
        ("Friday, 31-Dec-9999 23:59:59 GMT", rate_limit.LATEST),
        ("Thu, 31 Dec 9998 23:59:59 GMT", datetime(9998, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("Mon, 01 Jan 1900 00:00:00 GMT", datetime(1900, 1, 1, tzinfo=UTC)),
        ("9" * 12, rate_limit.LATEST),
        ("9" * 100, rate_limit.LATEST),
        ("9" * 5000, None),
        ("-1", None),
        ("1e9", None),
        ("²", None),
        ("soon", None),
        ("Mon, 99 Jan 2020 00:00:00 GMT", None),
    ],
)
def test_absurd_retry_after(value: str, expected: datetime | None) -> None:
    assert rate_limit.retry_time({"Retry-After": value}) == expected
    error = rate_limit.to_error("github.com", 429, {"Retry-After": value}, "octocat")
    assert error.until == expected
    assert str(error).isprintable()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1", datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)),
        ("253402300799", rate_limit.LATEST),
        ("253402300800", rate_limit.LATEST),
        ("9" * 100, rate_limit.LATEST),
        ("9" * 5000, None),
        ("nan", None),
        ("", None),
    ],
)
def test_absurd_reset(value: str, expected: datetime | None) -> None:
    assert rate_limit.retry_time({"x-ratelimit-reset": value}) == expected


def test_waits_of_more_than_a_day_are_refused() -> None:
    now = datetime.now(UTC)
    soon = RateLimited("", now + rate_limit.MAX_WAIT - timedelta(minutes=1))
    assert rate_limit.resume_time(soon) == soon.until + rate_limit.MARGIN  # type: ignore[operator]
    for until in (
        now + rate_limit.MAX_WAIT + timedelta(minutes=1),
        rate_limit.LATEST,
        datetime.max.replace(tzinfo=UTC),
    ):
        limited = RateLimited("", until)
        for function in (rate_limit.resume_time, rate_limit.wait):
            with pytest.raises(RateLimited) as caught:
                function(limited)
            assert caught.value is limited


def test_without_a_reset_time_the_default_wait_applies() -> None:
    wait = rate_limit.resume_time(RateLimited("")) - datetime.now(UTC)
    assert wait.total_seconds() == pytest.approx(61, abs=1)
