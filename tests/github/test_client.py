import hashlib
import io
import reprlib
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from github_avatars.demo import Exchange, Fault, GitHubStandIn, dripping, once, resetting, responding
from github_avatars.errors import (
    BadLogin,
    BadOption,
    ForeignRedirect,
    GitHubAvatarsError,
    LoginRequired,
    NoSuchAccount,
    NotAPicture,
    RateLimited,
    TooLarge,
    Unreachable,
)
from github_avatars.github import GitHub, check_login, client, hosts
from github_avatars.github.transport import HTTPResponse
from github_avatars.picture.decoding import MAX_BYTES
from github_avatars.training import dataset
from tests.support.processes import ROOT, clean_environment

PICTURE = "/u/583231"
ASKED = "/octocat.png"


@pytest.fixture(scope="module")
def avatars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of avatars with two accounts: octocat shows a PNG, zeke a JPEG."""
    folder = tmp_path_factory.mktemp("avatars")
    Image.new("RGB", (8, 8), "teal").save(folder / "octocat.png")
    Image.new("RGB", (8, 8), "gold").save(folder / "zeke.jpg")
    dataset.write_index(
        folder,
        [
            dataset.Example("octocat.png", "default", "octocat", 583231, "identicon"),
            dataset.Example("zeke.jpg", "custom", "zeke", 2289, "flat"),
        ],
    )
    return folder


@pytest.fixture
def standin(avatars: Path) -> Iterator[GitHubStandIn]:
    """The stand-in; a test may put its faults in before it asks."""
    with GitHubStandIn(avatars) as standin:
        yield standin


@pytest.fixture
def hub(standin: GitHubStandIn) -> Iterator[GitHub]:
    """GitHub at the stand-in, without waits between retries."""
    with GitHub(standin.url, backoff=0) as hub:
        yield hub


def failure(hub: GitHub, kind: type[GitHubAvatarsError], login: str = "octocat") -> GitHubAvatarsError:
    """The error of a fetch: of exactly this kind, naming the login."""
    with pytest.raises(GitHubAvatarsError) as caught:
        hub.fetch(login)
    assert type(caught.value) is kind, caught.value
    message = str(caught.value)
    assert login in message
    assert message.isprintable()
    assert len(message) < 250
    return caught.value


# What a fetch gives


def test_an_avatar(hub: GitHub, standin: GitHubStandIn, avatars: Path) -> None:
    data = (avatars / "octocat.png").read_bytes()
    etag = f'"{hashlib.sha256(data).hexdigest()}"'
    assert hub.fetch("octocat") == client.Avatar("octocat", 583231, f"{standin.url}/octocat.png", data, etag)


def test_login_keeps_its_spelling(hub: GitHub, standin: GitHubStandIn) -> None:
    avatar = hub.fetch("OctoCat")
    assert (avatar.login, avatar.account_id, avatar.href) == ("OctoCat", 583231, f"{standin.url}/OctoCat.png")


@pytest.mark.parametrize(
    ("path", "account_id"),
    [("/avatars/u/7?s=460", 7), ("/u/7", 7), ("/in/7", None), ("/u/seven", None), ("/u/" + "7" * 5000, None)],
)
def test_account_id_is_read_off_the_address(
    hub: GitHub, standin: GitHubStandIn, avatars: Path, path: str, account_id: int | None
) -> None:
    standin.faults[ASKED] = responding(302, {"Location": path})
    standin.faults[path.partition("?")[0]] = responding(200, body=(avatars / "octocat.png").read_bytes())
    assert hub.fetch("octocat").account_id == account_id


def test_asked_by_its_id_an_avatar_takes_one_request(hub: GitHub, standin: GitHubStandIn, avatars: Path) -> None:
    avatar = hub.fetch_by_id(583231)
    assert (avatar.login, avatar.account_id, avatar.href) == ("", 583231, f"{standin.url}{PICTURE}?v=4")
    assert avatar.data == (avatars / "octocat.png").read_bytes()
    assert dict(standin.requests) == {f"{PICTURE}?v=4": 1}
    with pytest.raises(NoSuchAccount, match="has no account id 1:"):
        hub.fetch_by_id(1)


def test_an_enterprise_host_tells_where_it_keeps_avatars(
    standin: GitHubStandIn, avatars: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hosts, "avatars_url", lambda _: None)
    data = (avatars / "octocat.png").read_bytes()
    with GitHub(standin.url) as hub:
        standin.faults["/avatars/u/583231"] = responding(200, {}, data)
        assert hub.fetch_by_id(583231).href == f"{standin.url}/avatars{PICTURE}?v=4"
    with GitHub(standin.url) as hub:
        hub.fetch("zeke")
        assert hub.fetch_by_id(583231).href == f"{standin.url}{PICTURE}?v=4"


def test_a_small_picture_is_asked_for_where_pictures_are(hub: GitHub, standin: GitHubStandIn) -> None:
    small = hub.fetch("zeke", size=4)
    assert Image.open(io.BytesIO(small.data)).size == (4, 4)
    assert hub.fetch_by_id(2289, size=4).data == small.data
    assert dict(standin.requests) == {"/zeke.png": 1, "/u/2289?v=4&s=4": 2}
    assert Image.open(io.BytesIO(hub.fetch("zeke", size=64).data)).size == (8, 8)
    assert Image.open(io.BytesIO(hub.fetch("octocat", size=4).data)).size == (8, 8)


def test_what_is_unchanged_is_not_sent_again(hub: GitHub, standin: GitHubStandIn) -> None:
    avatar = hub.fetch("octocat")
    assert avatar.etag
    assert not avatar.unchanged
    for again in (hub.fetch("octocat", etag=avatar.etag), hub.fetch_by_id(583231, etag=avatar.etag)):
        assert (again.unchanged, again.data, again.etag, again.account_id) == (True, b"", avatar.etag, 583231)
    changed = hub.fetch("octocat", etag='"other"')
    assert (changed.unchanged, changed.data) == (False, avatar.data)
    standin.faults[PICTURE] = responding(304)
    with pytest.raises(Unreachable, match="HTTP 304"):
        hub.fetch("octocat")


def test_picture_without_redirect_has_no_account_id(hub: GitHub, standin: GitHubStandIn, avatars: Path) -> None:
    standin.faults[ASKED] = responding(200, body=(avatars / "octocat.png").read_bytes())
    assert hub.fetch("octocat").account_id is None


@pytest.mark.parametrize("media_type", ["text/html", "image/jpeg", "application/octet-stream"])
def test_content_type_does_not_matter(hub: GitHub, standin: GitHubStandIn, avatars: Path, media_type: str) -> None:
    data = (avatars / "octocat.png").read_bytes()
    standin.faults[PICTURE] = responding(200, {"Content-Type": media_type}, data)
    assert hub.fetch("octocat").data == data


def test_chunked_body(hub: GitHub, standin: GitHubStandIn, avatars: Path) -> None:
    data = (avatars / "octocat.png").read_bytes()
    chunks = [b"%x\r\n%b\r\n" % (len(piece), piece) for piece in (data[:9], data[9:])]
    standin.faults[PICTURE] = dripping([*chunks, b"0\r\n\r\n"], headers={"Transfer-Encoding": "chunked"})
    assert hub.fetch("octocat").data == data


# How it asks


def test_one_connection_serves_many_fetches(hub: GitHub, standin: GitHubStandIn) -> None:
    for login in ["octocat", "zeke", "octocat"]:
        hub.fetch(login)
    failure(hub, NoSuchAccount, "stranger")
    hub.fetch("zeke")
    assert standin.connections == 1
    assert standin.requests.total() == 9


def test_32_threads_fetch_side_by_side(hub: GitHub, standin: GitHubStandIn) -> None:
    standin.latency = 0.2
    with ThreadPoolExecutor(32) as pool:
        fetched = list(pool.map(hub.fetch, ["octocat", "zeke"] * 32))
    assert [avatar.account_id for avatar in fetched] == [583231, 2289] * 32
    assert standin.max_in_flight == 32
    assert standin.connections == 32


def test_request_names_the_project_and_carries_no_secret(
    hub: GitHub, standin: GitHubStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login me password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setattr(hub._session._environment, "trust_env", True)
    seen = []

    def watch(exchange: Exchange) -> bool:
        seen.append(dict(exchange.headers))
        exchange.respond(302, {"Location": f"{PICTURE}?v=4", "Set-Cookie": "_gh_sess=abc; path=/"})
        return True

    standin.faults[ASKED] = watch
    hub.fetch("octocat")
    hub.fetch("octocat")
    assert len(seen) == 2
    for headers in seen:
        assert headers["User-Agent"].startswith("github-avatars")
        assert not {"Cookie", "Authorization"} & set(headers)


def test_proxy_of_the_environment(standin: GitHubStandIn, avatars: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", standin.url)
    monkeypatch.setenv("http_proxy", standin.url)
    standin.faults[ASKED] = responding(302, {"Location": "http://avatars.ghe.corp/u/5"})
    standin.faults["/u/5"] = responding(200, body=(avatars / "octocat.png").read_bytes())
    with GitHub("http://ghe.corp") as hub:
        assert hub.fetch("octocat").account_id == 5
    assert standin.requests == {"http://ghe.corp/octocat.png": 1, "http://avatars.ghe.corp/u/5": 1}


def test_proxy_is_not_asked_for_a_standin(hub: GitHub, standin: GitHubStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy.invalid:3128")
    monkeypatch.delenv("no_proxy", raising=False)
    assert hub.fetch("octocat").account_id == 583231
    assert standin.requests.total() == 2


def test_base_address_is_github_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_URL", raising=False)
    with GitHub() as hub:
        assert hub.base == "https://github.com"


def test_base_address_from_the_environment(standin: GitHubStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_URL", f"{standin.url}/")
    with GitHub() as hub:
        assert hub.fetch("zeke").href == f"{standin.url}/zeke.png"


def test_base_address_must_be_one() -> None:
    with pytest.raises(BadOption, match="GITHUB_URL"):
        GitHub("github.com")


def test_shared_instance(standin: GitHubStandIn) -> None:
    """In a process of its own, as it is made once per process and reads GITHUB_URL then."""
    program = (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "from github_avatars import github\n"
        "with ThreadPoolExecutor(8) as pool: print([a.account_id for a in pool.map(github.fetch, ['zeke'] * 8)])\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        env=clean_environment(GITHUB_URL=standin.url),
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert (ran.stdout, ran.stderr) == (f"{[2289] * 8}\n", "")


# Refusals and retries


def test_no_such_account(hub: GitHub, standin: GitHubStandIn) -> None:
    failure(hub, NoSuchAccount, "stranger")
    assert standin.requests == {"/stranger.png": 1}


def seconds_from_now(until: datetime | None) -> float:
    assert until is not None
    assert until.utcoffset() == timedelta(0)
    return (until - datetime.now(UTC)).total_seconds()


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
def test_rate_limit_says_until_when_and_is_not_slept(
    hub: GitHub, standin: GitHubStandIn, status: int, headers: dict[str, str]
) -> None:
    hour = datetime.now(UTC) + timedelta(hours=1)
    date, epoch = format_datetime(hour, usegmt=True), int(hour.timestamp())
    filled = {name: value.format(date=date, epoch=epoch) for name, value in headers.items()}
    standin.faults[ASKED] = responding(status, filled)
    error = failure(hub, RateLimited)
    assert isinstance(error, RateLimited)
    assert seconds_from_now(error.until) == pytest.approx(3600, abs=60)
    assert f"{error.until:%H:%M}" in str(error)
    assert standin.requests == {ASKED: 1}


@pytest.fixture
def far_from_greenwich(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("far_from_greenwich")
@pytest.mark.parametrize("form", ["%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y"])
def test_dates_of_all_three_forms_of_http(hub: GitHub, standin: GitHubStandIn, form: str) -> None:
    standin.faults[ASKED] = responding(429, {"Retry-After": f"{datetime.now(UTC) + timedelta(hours=1):{form}}"})
    error = failure(hub, RateLimited)
    assert isinstance(error, RateLimited)
    assert seconds_from_now(error.until) == pytest.approx(3600, abs=60)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Retry-After": "soon"},
        {"Retry-After": "9" * 400},
        {"Retry-After": "\u00b2"},
        {"Retry-After": "Mon, 99 Foo 99999 99:99:99 GMT"},
        {"x-ratelimit-reset": "9" * 30},
        {"x-ratelimit-reset": "tomorrow"},
    ],
)
def test_rate_limit_that_does_not_say_until_when(hub: GitHub, standin: GitHubStandIn, headers: dict[str, str]) -> None:
    standin.faults[ASKED] = responding(429, headers)
    error = failure(hub, RateLimited)
    assert isinstance(error, RateLimited)
    assert error.until is None
    assert standin.requests == {ASKED: 1}


@pytest.mark.parametrize("path", [ASKED, PICTURE])
@pytest.mark.parametrize(
    "fault",
    [
        responding(429, {"Retry-After": "0"}),
        responding(403, {"Retry-After": "0"}),
        responding(503, {"Retry-After": "0"}),
        responding(500),
        responding(502, body=b"<html>"),
        responding(200, {"Content-Length": "1000"}, b"\x89PNG\r\n\x1a\n"),
        resetting(),
        resetting(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n\x89PNG\r\n\x1a\n"),
    ],
)
def test_passing_failure_is_retried(hub: GitHub, standin: GitHubStandIn, fault: Fault, path: str) -> None:
    standin.faults[path] = once(fault, times=2)
    assert hub.fetch("octocat").account_id == 583231
    assert [count for asked, count in standin.requests.items() if asked.startswith(path)] == [3]


def test_short_retry_after_is_slept(hub: GitHub, standin: GitHubStandIn) -> None:
    standin.faults[ASKED] = once(responding(429, {"Retry-After": "1"}))
    begin = time.monotonic()
    hub.fetch("octocat")
    assert time.monotonic() - begin > 0.9


def test_retry_after_beyond_the_deadline_is_not_slept(standin: GitHubStandIn) -> None:
    standin.faults[ASKED] = responding(429, {"Retry-After": "9"})
    with GitHub(standin.url, deadline=5) as hub:
        failure(hub, RateLimited)
    assert standin.requests == {ASKED: 1}


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_lasting_server_error(hub: GitHub, standin: GitHubStandIn, status: int) -> None:
    standin.faults[ASKED] = responding(status)
    assert str(status) in str(failure(hub, Unreachable))
    assert standin.requests == {ASKED: 1 + client.RETRIES}


@pytest.mark.parametrize(
    ("status", "headers"),
    [(403, {}), (403, {"x-ratelimit-remaining": "41", "x-ratelimit-reset": "1700000000"}), (400, {}), (451, {})],
)
def test_lasting_refusal_is_not_retried(
    hub: GitHub, standin: GitHubStandIn, status: int, headers: dict[str, str]
) -> None:
    standin.faults[ASKED] = responding(status, headers)
    assert str(status) in str(failure(hub, Unreachable))
    assert standin.requests == {ASKED: 1}


@pytest.mark.parametrize(
    "fault",
    [
        resetting(),
        resetting(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n\x89PNG\r\n\x1a\n"),
        responding(200, {"Content-Length": "1000"}, b"\x89PNG\r\n\x1a\n"),
        dripping([b"5\r\n\x89PNG\r\r\n"], headers={"Transfer-Encoding": "chunked"}),
        dripping([b"this is not HTTP\r\n\r\n"]),
        dripping([b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n"]),
        responding(200, {"Content-Encoding": "gzip"}, b"\x89PNG\r\n\x1a\n"),
    ],
)
def test_broken_answer(hub: GitHub, standin: GitHubStandIn, fault: Fault) -> None:
    standin.faults[PICTURE] = fault
    failure(hub, Unreachable)
    assert standin.requests[f"{PICTURE}?v=4"] == 1 + client.RETRIES


def test_silence_times_out(standin: GitHubStandIn) -> None:
    standin.latency = 60
    with GitHub(standin.url, read_timeout=0.1, backoff=0) as hub:
        failure(hub, Unreachable)
    assert standin.requests == {ASKED: 1 + client.RETRIES}


@pytest.mark.parametrize(
    "fault",
    [
        dripping([b"\x89PNG\r\n\x1a\n", *[b"."] * 1000], 0.05, headers={}),
        dripping([b"\x89PNG\r\n\x1a\n", *[b"."] * 1000], 0.05, headers={"Content-Length": "5000"}),
        dripping([b"1\r\n.\r\n"] * 1000, 0.05, headers={"Transfer-Encoding": "chunked"}),
        dripping([b"5000\r\n", *[b"."] * 1000], 0.05, headers={"Transfer-Encoding": "chunked"}),
        dripping([b"0"] * 1000, 0.05, headers={"Transfer-Encoding": "chunked"}),
        dripping([b"HTTP/1.1 200 OK\r\nX: ", *[b"."] * 1000], 0.05),
        dripping([b"H"] * 1000, 0.05),
    ],
)
@pytest.mark.parametrize("path", [ASKED, PICTURE])
def test_drip_ends_with_the_deadline(standin: GitHubStandIn, fault: Fault, path: str) -> None:
    standin.faults[path] = fault
    begin = time.monotonic()
    with GitHub(standin.url, deadline=0.5) as hub:
        failure(hub, Unreachable)
    assert time.monotonic() - begin < 10
    assert max(standin.requests.values()) == 1


# Where it does not follow


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.2:{port}/u/583231",
        "http://127.0.0.1:1/u/583231",
        "http://avatars.invalid/u/583231",
        "//avatars.invalid/u/583231",
        "http://127.0.0.1:{port}@avatars.invalid/u/1",
        "http://avatars.invalid\\@127.0.0.1:{port}/u/1",
        "http://127.0.0.1:{port}\\@avatars.invalid/u/1",
        "http://me@127.0.0.1:{port}/u/583231",
        "http://avatars.githubusercontent.com/u/1",
        "ftp://127.0.0.1:{port}/u/583231",
        "file:///etc/passwd",
        "data:image/png;base64,iVBORw0KGgo=",
        "http://[::1",
        "http://127.0.0.1:99999999/u/1",
        "x" * 60_000 + "://127.0.0.1:{port}/u/583231",
        "http://" + "x" * 60_000 + ".invalid/u/583231",
        "http://avatars.inv\x01\x7f\xe9lid/u/583231",
    ],
    ids=reprlib.repr,
)
def test_foreign_redirect(hub: GitHub, standin: GitHubStandIn, location: str) -> None:
    standin.faults[ASKED] = responding(302, {"Location": location.format(port=standin.url.rpartition(":")[2])})
    failure(hub, ForeignRedirect)
    assert standin.requests == {ASKED: 1}


def test_redirect_to_nowhere(hub: GitHub, standin: GitHubStandIn) -> None:
    standin.faults[ASKED] = responding(302)
    failure(hub, ForeignRedirect)


@pytest.mark.parametrize(("hops", "arrives"), [(client.MAX_REDIRECTS - 1, True), (client.MAX_REDIRECTS, False)])
def test_number_of_redirects(hub: GitHub, standin: GitHubStandIn, hops: int, arrives: bool) -> None:
    steps = [ASKED, *[f"/hop/{number}" for number in range(hops)]]
    for step, following in zip(steps, [*steps[1:], PICTURE], strict=True):
        standin.faults[step] = responding(301, {"Location": following})
    if arrives:
        assert hub.fetch("octocat").account_id == 583231
    else:
        failure(hub, ForeignRedirect)


@pytest.mark.parametrize(
    ("base", "trusted", "foreign"),
    [
        (
            "https://github.com",
            ["https://github.com/u/1", "https://avatars.githubusercontent.com/u/1", "https://GitHub.com/u/1"],
            [
                "http://avatars.githubusercontent.com/u/1",
                "http://github.com/u/1",
                "https://githubusercontent.com.evil.com/u/1",
                "https://evilgithubusercontent.com/u/1",
                "https://evil.com/.githubusercontent.com",
                "https://evil.com\\.githubusercontent.com/u/1",
                "https://evil.com#.githubusercontent.com/u/1",
                "https://avatars.githubusercontent.com:8443/u/1",
                "https://gist.github.com/u/1",
                "https://ghe.corp/u/1",
            ],
        ),
        (
            "https://ghe.corp",
            ["https://ghe.corp/avatars/u/1", "https://avatars.ghe.corp/u/1"],
            ["https://avatars.githubusercontent.com/u/1", "https://corp/u/1", "https://xghe.corp/u/1"],
        ),
        ("http://ghe.corp", ["https://ghe.corp/avatars/u/1", "http://avatars.ghe.corp/u/1"], ["https://github.com/"]),
    ],
)
def test_trusted_hosts(base: str, trusted: list[str], foreign: list[str]) -> None:
    """Without a request, as there is no https://github.com here to ask."""
    with GitHub(base) as hub:
        for address in trusted:
            answer = HTTPResponse(302, {"Location": address}, b"")
            assert hub._redirect_target("octocat", f"{base}/octocat.png", answer).lower() == address.lower()
        for address in foreign:
            with pytest.raises(ForeignRedirect):
                hub._redirect_target("octocat", f"{base}/octocat.png", HTTPResponse(302, {"Location": address}, b""))


@pytest.mark.parametrize(
    "location",
    [
        "/login?return_to=%2Foctocat.png",
        "/login",
        "/session",
        "/sessions/new",
        "/enterprises/acme/sso",
        "/orgs/acme/sso?return_to=x",
        "/enterprises/acme/saml/initiate",
    ],
)
def test_login_page(hub: GitHub, standin: GitHubStandIn, location: str) -> None:
    standin.faults[ASKED] = responding(302, {"Location": location})
    failure(hub, LoginRequired)
    assert standin.requests == {ASKED: 1}


def test_unauthorized(hub: GitHub, standin: GitHubStandIn) -> None:
    standin.faults[ASKED] = responding(401, {"WWW-Authenticate": "Basic"})
    failure(hub, LoginRequired)


# What is no avatar


@pytest.mark.parametrize("body", [b"<!DOCTYPE html><title>Sign in</title>", b"", b"<svg/>", b"\x89PN"])
@pytest.mark.parametrize("media_type", ["text/html", "image/png"])
def test_not_a_picture(hub: GitHub, standin: GitHubStandIn, body: bytes, media_type: str) -> None:
    standin.faults[PICTURE] = responding(200, {"Content-Type": media_type}, body)
    failure(hub, NotAPicture)


@pytest.mark.parametrize("size", [MAX_BYTES, MAX_BYTES + 1])
def test_the_cap_on_bytes(hub: GitHub, standin: GitHubStandIn, size: int) -> None:
    body = b"\x89PNG\r\n\x1a\n".ljust(size, b"\0")
    standin.faults[PICTURE] = dripping([body], headers={})
    if size > MAX_BYTES:
        failure(hub, TooLarge)
    else:
        assert len(hub.fetch("octocat").data) == size


@pytest.mark.parametrize(
    ("status", "kind", "limit"), [(200, TooLarge, MAX_BYTES), (404, NoSuchAccount, client.MAX_REFUSAL_BYTES)]
)
def test_endless_body_is_left_early(
    hub: GitHub, standin: GitHubStandIn, status: int, kind: type[GitHubAvatarsError], limit: int
) -> None:
    sent = []

    def endless(exchange: Exchange) -> bool:
        exchange.send_head(status, {})
        while True:
            sent.append(exchange.wfile.write(bytes(100_000)))

    standin.faults[ASKED] = endless
    failure(hub, kind)
    # What is in the buffers of the connection comes on top.
    assert sum(sent) < limit + 20_000_000


def test_gigabyte_of_refusal_is_not_read(hub: GitHub, standin: GitHubStandIn) -> None:
    standin.faults[ASKED] = responding(404, {"Content-Length": str(10**9)}, b"gone")
    failure(hub, NoSuchAccount)


def test_gigabyte_of_redirect_is_not_read(hub: GitHub, standin: GitHubStandIn) -> None:
    standin.faults[ASKED] = responding(302, {"Location": PICTURE, "Content-Length": str(10**9)}, b"moved")
    assert hub.fetch("octocat").account_id == 583231


# Logins


@pytest.mark.parametrize(
    "login",
    [
        "zeke",
        "a",
        "0",
        "A-b",
        "Guin-",
        "-Jerry-",
        "0----0",
        "a" * 39,
        "a" * 39 + "_octo",
        "mona-cat_octo",
        "octo_admin",
        "2abvd19d_admin",
    ],
)
def test_possible_logins(login: str) -> None:
    assert check_login(login) == login


@pytest.mark.parametrize(
    "login",
    [
        "",
        "a" * 40,
        "a" * 40 + "_abc",
        "a" * 10_000_000,
        "zeke\n",
        "zeke\0",
        " zeke",
        "a b",
        "a/b",
        "../zeke",
        "..",
        "%2e%2e",
        "zeke.png",
        "zeke?x",
        "zeke#x",
        "a@b",
        "a\\b",
        "zeke_",
        "_octo",
        "a_bc",
        "a_abcdefghi",
        "a_bcd_efg",
        "a_b-c",
        "z\u00e9ke",
        "\uff5aeke",
        "z\u0435ke",
        "z\u0131ke",
        "\u212aeke",
        "zeke\u200b",
        "\u0663",
        "\ud800",
        None,
        7,
        b"zeke",
    ],
)
def test_impossible_logins(login: str, hub: GitHub, standin: GitHubStandIn) -> None:
    with pytest.raises(BadLogin, match="give") as caught:
        hub.fetch(login)
    assert len(str(caught.value)) < 250
    assert str(caught.value).isprintable()
    assert not standin.requests


def test_bot_logins_are_explained() -> None:
    with pytest.raises(BadLogin, match="GitHub App"):
        check_login("dependabot[bot]")


ALLOWED = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")


@given(st.text() | st.text(alphabet="aZ9-_.%/\n\u0661é\u212a", max_size=45) | st.from_regex(client.LOGIN))
def test_whatever_passes_is_safe_in_an_address(text: str) -> None:
    try:
        login = check_login(text)
    except BadLogin:
        return
    assert login == text
    assert set(login) <= ALLOWED
    assert 1 <= len(login.partition("_")[0]) <= 39


def test_fetching_after_many_failures_leaks_no_connection(hub: GitHub, standin: GitHubStandIn) -> None:
    standin.faults[ASKED] = resetting()
    for _ in range(3):
        failure(hub, Unreachable)
    assert threading.active_count() < 10
    assert hub.fetch("zeke").account_id == 2289
