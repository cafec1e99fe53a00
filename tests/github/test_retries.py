"""Failures of a fetch: which are retried, how long, and the errors of the others."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from github_avatars.demo import Fault, GitHubStandIn, dripping, once, resetting, responding
from github_avatars.errors import GitHubError, NoSuchAccount, RateLimited, Refused, Unreachable
from github_avatars.github import GitHub
from github_avatars.github.client import RETRIES
from tests.support.fetching import fetch_error

PICTURE = "/u/583231"
PAGE = "/octocat.png"
PNG = b"\x89PNG\r\n\x1a\n"
CHUNKED = {"Transfer-Encoding": "chunked"}


def rate_limit_error(client: GitHub) -> RateLimited:
    error = fetch_error(client, RateLimited)
    assert isinstance(error, RateLimited)
    return error


def seconds_from_now(until: datetime | None) -> float:
    assert until is not None
    assert until.utcoffset() == timedelta(0)
    return (until - datetime.now(UTC)).total_seconds()


def test_missing_account_is_not_retried(client: GitHub, standin: GitHubStandIn) -> None:
    fetch_error(client, NoSuchAccount, "stranger")
    assert standin.requests == {"/stranger.png": 1}


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (429, {"Retry-After": "3600"}),
        (429, {"Retry-After": "{date}"}),
        (403, {"Retry-After": "3600"}),
        (503, {"Retry-After": "3600"}),
        (403, {"x-ratelimit-reset": "{epoch}"}),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "{epoch}"}),
        (429, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "{epoch}"}),
    ],
)
def test_long_rate_limit_is_an_error_with_its_end(
    client: GitHub, standin: GitHubStandIn, status: int, headers: dict[str, str]
) -> None:
    end = datetime.now(UTC) + timedelta(hours=1)
    date, epoch = format_datetime(end, usegmt=True), int(end.timestamp())
    filled = {name: value.format(date=date, epoch=epoch) for name, value in headers.items()}
    standin.faults[PAGE] = responding(status, filled)
    error = rate_limit_error(client)
    assert seconds_from_now(error.until) == pytest.approx(3600, abs=60)
    assert f"{error.until:%H:%M}" in str(error)
    assert standin.requests == {PAGE: 1}


@pytest.fixture
def tokyo_time_zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("tokyo_time_zone")
@pytest.mark.parametrize("form", ["%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y"])
def test_all_date_formats_of_http(client: GitHub, standin: GitHubStandIn, form: str) -> None:
    standin.faults[PAGE] = responding(429, {"Retry-After": f"{datetime.now(UTC) + timedelta(hours=1):{form}}"})
    assert seconds_from_now(rate_limit_error(client).until) == pytest.approx(3600, abs=60)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Retry-After": "soon"},
        {"Retry-After": "\u00b2"},
        {"Retry-After": "Mon, 99 Foo 99999 99:99:99 GMT"},
        {"x-ratelimit-reset": "tomorrow"},
    ],
)
def test_rate_limit_without_an_end(client: GitHub, standin: GitHubStandIn, headers: dict[str, str]) -> None:
    standin.faults[PAGE] = responding(429, headers)
    assert rate_limit_error(client).until is None
    assert standin.requests == {PAGE: 1}


@pytest.mark.parametrize("path", [PAGE, PICTURE])
@pytest.mark.parametrize(
    "fault",
    [
        responding(429, {"Retry-After": "0"}),
        responding(403, {"Retry-After": "0"}),
        responding(503, {"Retry-After": "0"}),
        responding(500),
        responding(502, body=b"<html>"),
        responding(200, {"Content-Length": "1000"}, PNG),
        resetting(),
        resetting(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + PNG),
    ],
)
def test_transient_failure_is_retried(client: GitHub, standin: GitHubStandIn, fault: Fault, path: str) -> None:
    standin.faults[path] = once(fault, times=2)
    assert client.fetch("octocat").account_id == 583231
    assert [count for requested, count in standin.requests.items() if requested.startswith(path)] == [3]


def test_short_rate_limit_is_waited_for(client: GitHub, standin: GitHubStandIn) -> None:
    standin.faults[PAGE] = once(responding(429, {"Retry-After": "1"}))
    start = time.monotonic()
    client.fetch("octocat")
    assert time.monotonic() - start > 0.9


def test_rate_limit_beyond_the_deadline_is_not_waited_for(standin: GitHubStandIn) -> None:
    standin.faults[PAGE] = responding(429, {"Retry-After": "9"})
    with GitHub(standin.url, deadline=5) as client:
        rate_limit_error(client)
    assert standin.requests == {PAGE: 1}


@pytest.mark.parametrize(
    ("status", "headers", "kind"),
    [
        (403, {}, Refused),
        (403, {"x-ratelimit-remaining": "41", "x-ratelimit-reset": "1700000000"}, Refused),
        (400, {}, Unreachable),
        (410, {}, Refused),
        (451, {}, Refused),
    ],
)
def test_refusal_is_not_retried(
    client: GitHub, standin: GitHubStandIn, status: int, headers: dict[str, str], kind: type[GitHubError]
) -> None:
    standin.faults[PAGE] = responding(status, headers)
    assert str(status) in str(fetch_error(client, kind))
    assert standin.requests == {PAGE: 1}


@pytest.mark.parametrize(
    "fault",
    [
        resetting(),
        resetting(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + PNG),
        responding(200, {"Content-Length": "1000"}, PNG),
        dripping([b"5\r\n\x89PNG\r\r\n"], headers=CHUNKED),
        dripping([b"-1\r\n" + PNG], headers=CHUNKED),
        dripping([b"-5\r\n" + PNG], headers=CHUNKED),
        dripping([b"this is not HTTP\r\n\r\n"]),
        dripping([b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n"]),
        responding(200, {"Content-Encoding": "gzip"}, PNG),
    ],
)
def test_malformed_response(client: GitHub, standin: GitHubStandIn, fault: Fault) -> None:
    standin.faults[PICTURE] = fault
    fetch_error(client, Unreachable)
    assert standin.requests[f"{PICTURE}?v=4"] == 1 + RETRIES


def test_read_timeout(standin: GitHubStandIn) -> None:
    standin.latency = 60
    with GitHub(standin.url, read_timeout=0.1, backoff=0) as client:
        fetch_error(client, Unreachable)
    assert standin.requests == {PAGE: 1 + RETRIES}


@pytest.mark.parametrize(
    "fault",
    [
        dripping([PNG, *[b"."] * 1000], 0.05, headers={}),
        dripping([PNG, *[b"."] * 1000], 0.05, headers={"Content-Length": "5000"}),
        dripping([b"1\r\n.\r\n"] * 1000, 0.05, headers=CHUNKED),
        dripping([b"5000\r\n", *[b"."] * 1000], 0.05, headers=CHUNKED),
        dripping([b"0"] * 1000, 0.05, headers=CHUNKED),
        dripping([b"HTTP/1.1 200 OK\r\nX: ", *[b"."] * 1000], 0.05),
        dripping([b"H"] * 1000, 0.05),
    ],
)
@pytest.mark.parametrize("path", [PAGE, PICTURE])
def test_slow_response_ends_at_the_deadline(standin: GitHubStandIn, fault: Fault, path: str) -> None:
    standin.faults[path] = fault
    start = time.monotonic()
    with GitHub(standin.url, deadline=0.5) as client:
        fetch_error(client, Unreachable)
    assert time.monotonic() - start < 10
    assert max(standin.requests.values()) == 1


def test_failures_leak_neither_threads_nor_connections(client: GitHub, standin: GitHubStandIn) -> None:
    standin.faults[PAGE] = resetting()
    before = threading.active_count()
    for _ in range(3):
        fetch_error(client, Unreachable)
    assert threading.active_count() < before + 2 * (1 + RETRIES)
    assert client.fetch("zeke").account_id == 2289


def test_missing_picture_of_an_existing_account_is_retried(
    client: GitHub, standin: GitHubStandIn, octocat: bytes
) -> None:
    standin.faults["/u/583231"] = once(responding(404), times=2)
    assert client.fetch("octocat").data == octocat
    standin.faults["/u/583231"] = responding(404)
    assert "has no picture for octocat, which exists" in str(fetch_error(client, Unreachable))
    with pytest.raises(NoSuchAccount):
        client.fetch_by_id(583231)
