"""Fetching avatars: results, connections, and the choice of the host."""

import hashlib
import io
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from github_avatars.demo import Exchange, GitHubStandIn, dripping, responding
from github_avatars.errors import BadOption, GitHubAvatarsError, NoSuchAccount, NotAPicture, TooLarge, Unreachable
from github_avatars.github import DEADLINE, Account, Avatar, GitHub, hosts
from github_avatars.github.client import MAX_REFUSAL_BYTES
from github_avatars.picture.decoding import MAX_BYTES
from tests.support.fetching import fetch_error
from tests.support.processes import run_python

PICTURE = "/u/583231"
PAGE = "/octocat.png"


def test_fetch(client: GitHub, standin: GitHubStandIn, octocat: bytes) -> None:
    etag = f'"{hashlib.sha256(octocat).hexdigest()}"'
    assert client.fetch("octocat") == Avatar(
        "octocat", 583231, f"{standin.url}/octocat.png", octocat, etag, source=f"{standin.url}{PICTURE}?v=4"
    )


def test_login_keeps_its_spelling(client: GitHub, standin: GitHubStandIn) -> None:
    avatar = client.fetch("OctoCat")
    assert (avatar.login, avatar.account_id, avatar.href) == ("OctoCat", 583231, f"{standin.url}/OctoCat.png")


@pytest.mark.parametrize(
    ("path", "account_id"),
    [("/avatars/u/7?s=460", 7), ("/u/7", 7), ("/in/7", None), ("/u/seven", None), ("/u/" + "7" * 5000, None)],
)
def test_account_id_comes_from_the_address(
    client: GitHub, standin: GitHubStandIn, octocat: bytes, path: str, account_id: int | None
) -> None:
    standin.faults[PAGE] = responding(302, {"Location": path})
    standin.faults[path.partition("?")[0]] = responding(200, body=octocat)
    assert client.fetch("octocat").account_id == account_id


def test_picture_without_redirect_has_no_account_id(client: GitHub, standin: GitHubStandIn, octocat: bytes) -> None:
    standin.faults[PAGE] = responding(200, body=octocat)
    assert client.fetch("octocat").account_id is None


def test_fetch_by_id_sends_one_request(client: GitHub, standin: GitHubStandIn, octocat: bytes) -> None:
    avatar = client.fetch_by_id(583231)
    assert (avatar.login, avatar.account_id, avatar.href) == ("", 583231, f"{standin.url}{PICTURE}?v=4")
    assert avatar.data == octocat
    assert dict(standin.requests) == {f"{PICTURE}?v=4": 1}
    with pytest.raises(NoSuchAccount, match="has no account id 1:"):
        client.fetch_by_id(1)


def test_app_is_fetched_from_the_address_of_its_avatar(client: GitHub, standin: GitHubStandIn, octocat: bytes) -> None:
    standin.faults["/in/29110"] = responding(200, body=octocat)
    account = Account("dependabot[bot]", 49699333, f"{standin.url}/in/29110?v=4")
    avatar = client.fetch(account)
    assert (avatar.login, avatar.account_id, avatar.href) == (account.login, None, account.avatar_url)
    assert dict(standin.requests) == {"/in/29110?v=4": 1}


def test_enterprise_host_reveals_where_it_serves_avatars(
    standin: GitHubStandIn, octocat: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hosts, "avatars_url", lambda _: None)
    with GitHub(standin.url) as client:
        standin.faults["/avatars/u/583231"] = responding(200, {}, octocat)
        assert client.fetch_by_id(583231).href == f"{standin.url}/avatars{PICTURE}?v=4"
    with GitHub(standin.url) as client:
        client.fetch("zeke")
        assert client.fetch_by_id(583231).href == f"{standin.url}{PICTURE}?v=4"


def test_size_is_requested_from_the_host_of_pictures(client: GitHub, standin: GitHubStandIn) -> None:
    small = client.fetch("zeke", size=4)
    assert Image.open(io.BytesIO(small.data)).size == (4, 4)
    assert client.fetch_by_id(2289, size=4).data == small.data
    assert dict(standin.requests) == {"/zeke.png": 1, "/u/2289?v=4&s=4": 2}
    assert Image.open(io.BytesIO(client.fetch("zeke", size=64).data)).size == (8, 8)
    assert Image.open(io.BytesIO(client.fetch("octocat", size=4).data)).size == (8, 8)


def test_original_is_fetched_from_the_address_of_the_picture(client: GitHub, standin: GitHubStandIn) -> None:
    small = client.fetch("octocat", size=4)
    original = client.fetch_original(small)
    assert dict(standin.requests) == {PAGE: 1, f"{PICTURE}?v=4&s=4": 1, f"{PICTURE}?v=4": 1}
    assert original == client.fetch("octocat")
    standin.faults[PICTURE] = responding(404)
    with pytest.raises(Unreachable, match="octocat, which exists"):
        client.fetch_original(small)


def test_deadline_counts_from_an_earlier_fetch(client: GitHub, standin: GitHubStandIn) -> None:
    avatar = client.fetch("octocat")
    standin.latency = 0.5
    with pytest.raises(Unreachable):
        client.fetch("octocat", since=time.monotonic() - DEADLINE)
    with pytest.raises(Unreachable):
        client.fetch_original(avatar, since=time.monotonic() - DEADLINE)


def test_unchanged_picture_is_not_sent_again(client: GitHub, standin: GitHubStandIn) -> None:
    avatar = client.fetch("octocat")
    assert avatar.etag
    assert not avatar.unchanged
    for again in (client.fetch("octocat", etag=avatar.etag), client.fetch_by_id(583231, etag=avatar.etag)):
        assert (again.unchanged, again.data, again.etag, again.account_id) == (True, b"", avatar.etag, 583231)
    changed = client.fetch("octocat", etag='"other"')
    assert (changed.unchanged, changed.data) == (False, avatar.data)
    standin.faults[PICTURE] = responding(304)
    with pytest.raises(Unreachable, match="HTTP 304"):
        client.fetch("octocat")


@pytest.mark.parametrize("media_type", ["text/html", "image/jpeg", "application/octet-stream"])
def test_content_type_is_ignored(client: GitHub, standin: GitHubStandIn, octocat: bytes, media_type: str) -> None:
    standin.faults[PICTURE] = responding(200, {"Content-Type": media_type}, octocat)
    assert client.fetch("octocat").data == octocat


def test_chunked_body(client: GitHub, standin: GitHubStandIn, octocat: bytes) -> None:
    chunks = [b"%x\r\n%b\r\n" % (len(part), part) for part in (octocat[:9], octocat[9:])]
    standin.faults[PICTURE] = dripping([*chunks, b"0\r\n\r\n"], headers={"Transfer-Encoding": "chunked"})
    assert client.fetch("octocat").data == octocat


@pytest.mark.parametrize("body", [b"<!DOCTYPE html><title>Sign in</title>", b"", b"<svg/>", b"\x89PN"])
@pytest.mark.parametrize("media_type", ["text/html", "image/png"])
def test_response_that_is_not_a_picture(client: GitHub, standin: GitHubStandIn, body: bytes, media_type: str) -> None:
    standin.faults[PICTURE] = responding(200, {"Content-Type": media_type}, body)
    fetch_error(client, NotAPicture)


@pytest.mark.parametrize("size", [MAX_BYTES, MAX_BYTES + 1])
def test_size_limit(client: GitHub, standin: GitHubStandIn, size: int) -> None:
    body = b"\x89PNG\r\n\x1a\n".ljust(size, b"\0")
    standin.faults[PICTURE] = dripping([body], headers={})
    if size > MAX_BYTES:
        fetch_error(client, TooLarge)
    else:
        assert len(client.fetch("octocat").data) == size


@pytest.mark.parametrize(
    ("status", "kind", "limit"), [(200, TooLarge, MAX_BYTES), (404, NoSuchAccount, MAX_REFUSAL_BYTES)]
)
def test_endless_body_is_abandoned(
    client: GitHub, standin: GitHubStandIn, status: int, kind: type[GitHubAvatarsError], limit: int
) -> None:
    sizes: list[int] = []

    def endless(exchange: Exchange) -> bool:
        exchange.send_head(status, {})
        while True:
            sizes.append(exchange.wfile.write(bytes(100_000)))

    standin.faults[PAGE] = endless
    fetch_error(client, kind)
    # The buffers of the connection hold some more.
    assert sum(sizes) < limit + 20_000_000


def test_large_refusal_is_not_read(client: GitHub, standin: GitHubStandIn) -> None:
    standin.faults[PAGE] = responding(404, {"Content-Length": str(10**9)}, b"gone")
    fetch_error(client, NoSuchAccount)


def test_large_redirect_is_not_read(client: GitHub, standin: GitHubStandIn) -> None:
    standin.faults[PAGE] = responding(302, {"Location": PICTURE, "Content-Length": str(10**9)}, b"moved")
    assert client.fetch("octocat").account_id == 583231


def test_fetches_share_one_connection(client: GitHub, standin: GitHubStandIn) -> None:
    for login in ["octocat", "zeke", "octocat"]:
        client.fetch(login)
    fetch_error(client, NoSuchAccount, "stranger")
    client.fetch("zeke")
    assert standin.connections == 1
    assert standin.requests.total() == 9


def test_32_threads_fetch_at_once(client: GitHub, standin: GitHubStandIn) -> None:
    standin.latency = 0.2
    with ThreadPoolExecutor(32) as pool:
        avatars = list(pool.map(client.fetch, ["octocat", "zeke"] * 32))
    assert [avatar.account_id for avatar in avatars] == [583231, 2289] * 32
    assert standin.max_in_flight == 32
    assert standin.connections == 32


def test_request_names_the_project_and_contains_no_secret(
    client: GitHub, standin: GitHubStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login me password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setattr(client._session._environment, "trust_env", True)
    requests = []

    def redirect(exchange: Exchange) -> bool:
        requests.append(dict(exchange.headers))
        exchange.respond(302, {"Location": f"{PICTURE}?v=4", "Set-Cookie": "_gh_sess=abc; path=/"})
        return True

    standin.faults[PAGE] = redirect
    client.fetch("octocat")
    client.fetch("octocat")
    assert len(requests) == 2
    for headers in requests:
        assert headers["User-Agent"] == "github-avatars"
        assert not {"Cookie", "Authorization"} & set(headers)


def test_proxy_of_the_environment(standin: GitHubStandIn, octocat: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", standin.url)
    monkeypatch.setenv("http_proxy", standin.url)
    standin.faults[PAGE] = responding(302, {"Location": "http://avatars.ghe.corp/u/5"})
    standin.faults["/u/5"] = responding(200, body=octocat)
    with GitHub("http://ghe.corp") as client:
        assert client.fetch("octocat").account_id == 5
    assert standin.requests == {"http://ghe.corp/octocat.png": 1, "http://avatars.ghe.corp/u/5": 1}


def test_proxy_is_ignored_for_a_stand_in(
    client: GitHub, standin: GitHubStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy.invalid:3128")
    monkeypatch.delenv("no_proxy", raising=False)
    assert client.fetch("octocat").account_id == 583231
    assert standin.requests.total() == 2


def test_default_base_is_github(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_URL", raising=False)
    with GitHub() as client:
        assert client.base == "https://github.com"


def test_base_from_the_environment(standin: GitHubStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_URL", f"{standin.url}/")
    with GitHub() as client:
        assert client.fetch("zeke").href == f"{standin.url}/zeke.png"


def test_malformed_base() -> None:
    with pytest.raises(BadOption, match="GITHUB_URL"):
        GitHub("github.com")


def test_shared_client_is_created_once_and_by_any_thread(standin: GitHubStandIn) -> None:
    """In a process of its own, because the client reads GITHUB_URL when it is created."""
    program = """
from concurrent.futures import ThreadPoolExecutor
from github_avatars import github
created = []
github.client.hosts.base_url = lambda base, original=github.client.hosts.base_url: created.append(1) or original(base)
with ThreadPoolExecutor(8) as pool:
    print([avatar.account_id for avatar in pool.map(github.fetch, ["zeke"] * 8)], len(created))
"""
    result = run_python(program, GITHUB_URL=standin.url)
    assert (result.stdout, result.stderr) == (f"{[2289] * 8} 1\n", "")
