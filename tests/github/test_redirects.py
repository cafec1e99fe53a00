"""Redirects: where the client follows them, and where it refuses to."""

import reprlib

import pytest

from github_avatars.demo import MODES, GitHubStandIn, responding
from github_avatars.errors import BadOption, ForeignRedirect, LoginRequired, NoSuchRepository
from github_avatars.github import API, GitHub
from github_avatars.github.client import MAX_REDIRECTS
from github_avatars.github.transport import HTTPResponse
from tests.support.fetching import fetch_error

PICTURE = "/u/583231"
PAGE = "/octocat.png"


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
def test_foreign_redirect(client: GitHub, standin: GitHubStandIn, location: str) -> None:
    standin.faults[PAGE] = responding(302, {"Location": location.format(port=standin.url.rpartition(":")[2])})
    fetch_error(client, ForeignRedirect)
    assert standin.requests == {PAGE: 1}


def test_redirect_without_location(client: GitHub, standin: GitHubStandIn) -> None:
    standin.faults[PAGE] = responding(302)
    fetch_error(client, ForeignRedirect)


@pytest.mark.parametrize(("hops", "is_allowed"), [(MAX_REDIRECTS - 1, True), (MAX_REDIRECTS, False)])
def test_number_of_redirects(client: GitHub, standin: GitHubStandIn, hops: int, is_allowed: bool) -> None:
    paths = [PAGE, *[f"/hop/{number}" for number in range(hops)]]
    for path, target in zip(paths, [*paths[1:], PICTURE], strict=True):
        standin.faults[path] = responding(301, {"Location": target})
    if is_allowed:
        assert client.fetch("octocat").account_id == 583231
    else:
        fetch_error(client, ForeignRedirect)


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
    """Without requests, because the tests cannot use these hosts."""
    with GitHub(base) as client:
        for address in trusted:
            response = HTTPResponse(302, {"Location": address}, b"")
            target = client._redirect_target("octocat", f"{base}/octocat.png", response)
            assert target.lower() == address.lower()
        for address in foreign:
            response = HTTPResponse(302, {"Location": address}, b"")
            with pytest.raises(ForeignRedirect):
                client._redirect_target("octocat", f"{base}/octocat.png", response)


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
def test_redirect_to_a_login_page(client: GitHub, standin: GitHubStandIn, location: str) -> None:
    standin.faults[PAGE] = responding(302, {"Location": location})
    fetch_error(client, LoginRequired)
    assert standin.requests == {PAGE: 1}


def test_unauthorized(client: GitHub, standin: GitHubStandIn) -> None:
    standin.faults[PAGE] = responding(401, {"WWW-Authenticate": "Basic"})
    fetch_error(client, LoginRequired)


@pytest.mark.parametrize(
    ("base", "location", "target"),
    [
        ("https://ghe.corp", "https://GHE.corp:443/avatars/u/1?v=4", "https://ghe.corp/avatars/u/1?v=4"),
        ("https://ghe.corp", "https://avatars.ghe.corp:443/u/1", "https://avatars.ghe.corp/u/1"),
        ("https://ghe.corp", "//ghe.corp:443/avatars/u/1", "https://ghe.corp/avatars/u/1"),
        ("http://ghe.corp", "http://ghe.corp:80/avatars/u/1", "http://ghe.corp/avatars/u/1"),
        ("http://ghe.corp", "https://ghe.corp:443/avatars/u/1", "https://ghe.corp/avatars/u/1"),
        ("https://ghe.corp", "https://ghe.corp:80/avatars/u/1", None),
        ("http://ghe.corp", "http://ghe.corp:443/avatars/u/1", None),
    ],
)
def test_default_port_in_a_redirect(base: str, location: str, target: str | None) -> None:
    response = HTTPResponse(302, {"Location": location}, b"")
    with GitHub(base) as client:
        if target:
            assert client._redirect_target("octocat", f"{base}/octocat.png", response) == target
        else:
            with pytest.raises(ForeignRedirect):
                client._redirect_target("octocat", f"{base}/octocat.png", response)


def test_default_port_over_sockets() -> None:
    try:
        standin = GitHubStandIn(host="127.0.0.80", port=80, mode=MODES["default-port"])
    except BadOption:
        pytest.skip("only some users may listen on port 80")
    with standin, GitHub("http://127.0.0.80") as client, API("http://127.0.0.80") as api:
        assert client.fetch("octocat").account_id
        response = api.get(f"{api.url}/repos/octocat/renamed/contributors", "a list", NoSuchRepository("none"))
        assert response.links["next"].startswith("http://127.0.0.80/api/v3/repositories/")
        assert standin.connections == 2
