"""Fetching from the avatar host: by login, by commit address, and the logos of GitHub Apps."""

import pytest

from github_avatars.demo import MODES, GitHubStandIn, responding
from github_avatars.demo.standin import APPS
from github_avatars.errors import (
    BadLogin,
    BotAccount,
    ForeignRedirect,
    NoSuchAccount,
    RateLimited,
    UnknownAddress,
)
from github_avatars.github import Account, GitHub


def test_login_needs_one_request_and_reveals_no_id(client: GitHub, standin: GitHubStandIn, octocat: bytes) -> None:
    avatar = client.fetch("octocat", size=64, via="login")
    assert (avatar.login, avatar.account_id, avatar.href) == ("octocat", None, f"{standin.url}/octocat")
    assert avatar.data == octocat
    assert dict(standin.requests) == {"/octocat?s=64": 1}
    assert client.fetch("octocat", size=64, via="login", etag=avatar.etag).unchanged
    with pytest.raises(NoSuchAccount, match="has no account stranger:"):
        client.fetch("stranger", via="login")
    with pytest.raises(BadLogin):
        client.fetch(Account("u/1"), via="login")


def test_known_id_is_fetched_by_id(client: GitHub, standin: GitHubStandIn) -> None:
    assert client.fetch(Account("octocat", 583231), via="login").account_id == 583231
    assert dict(standin.requests) == {"/u/583231?v=4": 1}


@pytest.mark.parametrize("login", ["u", "In", "t"])
def test_login_that_begins_other_addresses_is_fetched_from_its_page(
    client: GitHub, standin: GitHubStandIn, login: str
) -> None:
    with pytest.raises(NoSuchAccount):
        client.fetch(login, via="login")
    assert dict(standin.requests) == {f"/{login}.png": 1}


def test_enterprise_host_has_no_addresses_with_logins() -> None:
    with GitHub("https://ghe.invalid") as client:
        assert not client._serves_logins
    with GitHub("https://github.com") as client:
        assert client._serves_logins


def test_id_comes_from_the_redirect_of_the_page(client: GitHub, standin: GitHubStandIn) -> None:
    assert client.account_id("octocat") == 583231
    assert dict(standin.requests) == {"/octocat.png": 1}
    with pytest.raises(NoSuchAccount):
        client.account_id("stranger")
    standin.faults["/zeke.png"] = responding(302, {"Location": "/in/5"})
    assert client.account_id("zeke") is None


def test_id_is_not_waited_for(client: GitHub, standin: GitHubStandIn) -> None:
    standin.faults["/octocat.png"] = responding(429, {"Retry-After": "1"})
    with pytest.raises(RateLimited):
        client.account_id("octocat")
    assert dict(standin.requests) == {"/octocat.png": 1}


def test_pages_are_limited_and_the_avatar_host_is_not(client: GitHub, standin: GitHubStandIn) -> None:
    standin.mode = MODES["page-limit"]
    for _ in range(60):
        client.account_id("octocat")
    with pytest.raises(RateLimited) as limited:
        client.account_id("octocat")
    assert limited.value.until
    assert client.fetch("octocat", via="login").data


@pytest.mark.parametrize("login", APPS)
def test_app_is_fetched_from_its_logo(client: GitHub, standin: GitHubStandIn, login: str) -> None:
    account_id, app_id = APPS[login]
    url = f"{standin.url}/in/{app_id}?v=4"
    avatar = client.fetch(Account(login, account_id, url), size=64, via="login")
    assert (avatar.login, avatar.account_id, avatar.href) == (login, None, url)
    assert dict(standin.requests) == {f"/in/{app_id}?v=4&s=64": 1}
    assert client.fetch_by_id(account_id).data != avatar.data


@pytest.mark.parametrize("account_id", [None, 5])
def test_app_without_the_address_of_its_logo(client: GitHub, standin: GitHubStandIn, account_id: int | None) -> None:
    with pytest.raises(BotAccount, match=r"x-ci\[bot\] is a GitHub App"):
        client.fetch(Account("x-ci[bot]", account_id))
    assert not standin.requests


@pytest.mark.parametrize("url", ["https://evil.invalid/in/1", "ftp://127.0.0.1/in/1", "/in/1", "http://[::1"])
def test_avatar_at_a_foreign_address_is_refused(client: GitHub, standin: GitHubStandIn, url: str) -> None:
    with pytest.raises(ForeignRedirect, match=r"The avatar_url of x-ci\[bot\] leads to"):
        client.fetch(Account("x-ci[bot]", 5, url))
    assert not standin.requests


def test_commit_address_of_an_account(client: GitHub, standin: GitHubStandIn, octocat: bytes) -> None:
    avatar = client.fetch(Account(None, email="octocat@example.com"), size=64)
    assert (avatar.login, avatar.account_id, avatar.data) == ("", None, octocat)
    assert avatar.href == f"{standin.url}/u/e?email=octocat%40example.com"
    assert client.fetch(Account(None, email="octocat@example.com"), size=64, etag=avatar.etag).unchanged


def test_commit_address_of_no_account(client: GitHub, standin: GitHubStandIn) -> None:
    for address in ("nobody@example.com", "a b&s=1@\u00e9.\udcff"):
        with pytest.raises(UnknownAddress, match="no account with the commit address"):
            client.fetch(Account(None, email=address), size=64)
    # The picture of unknown addresses is requested once.
    assert standin.requests.total() == 3
    standin.faults["/u/e"] = responding(404)
    with pytest.raises(UnknownAddress):
        client.fetch(Account(None, email="nobody@example.com"))


@pytest.mark.parametrize("address", ["", "root", "a" * 255 + "@example.com"])
def test_impossible_commit_address_is_not_requested(client: GitHub, standin: GitHubStandIn, address: str) -> None:
    with pytest.raises(UnknownAddress):
        client.fetch(Account(None, email=address))
    assert not standin.requests
