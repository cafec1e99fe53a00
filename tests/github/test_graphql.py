"""Ids and profiles from the stand-in's GraphQL API."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from github_avatars.demo import AVATARS, MODES, GitHubStandIn, once, responding
from github_avatars.demo.graphql import PATH
from github_avatars.demo.standin import APPS
from github_avatars.errors import BadToken, LoginRequired, NoProfile, RateLimited, Refused, Unreachable
from github_avatars.github import API, Account, hosts
from github_avatars.github.client import RETRIES
from github_avatars.github.graphql import BATCH, Profile, _node, profiles
from github_avatars.training import dataset

EXAMPLES = dataset.read_index(AVATARS)
USER = next(example for example in EXAMPLES if example.account_id % 10)
ORGANIZATION = next(example for example in EXAMPLES if example.account_id % 10 == 0)
TOKEN = "ghp_0123456789tokentokentoken"


@pytest.fixture(scope="module")
def running() -> Iterator[GitHubStandIn]:
    with GitHubStandIn() as standin:
        yield standin


@pytest.fixture
def standin(running: GitHubStandIn) -> Iterator[GitHubStandIn]:
    running.requests.clear()
    yield running
    running.faults.clear()
    running.mode = running.rest.token = None
    running.graphql.hidden, running.graphql.failing = set(), set()


@pytest.fixture
def api(standin: GitHubStandIn) -> Iterator[API]:
    with API(standin.url, token=TOKEN, backoff=0) as api:
        yield api


def test_hundred_accounts_need_one_query(api: API, standin: GitHubStandIn) -> None:
    examples = EXAMPLES[:BATCH]
    results = profiles(api, [Account(example.login.upper()) for example in examples], ids_only=True)
    assert results == [
        Profile(example.account_id, "User" if example.account_id % 10 else "Organization") for example in examples
    ]
    assert standin.requests == {PATH: 1}


def test_profiles_of_a_user_and_of_an_organization(api: API) -> None:
    user, organization = profiles(api, [Account(USER.login), Account(ORGANIZATION.login)])
    number = USER.account_id
    assert user == Profile(
        number,
        "User",
        f"{2008 + number % 16}-01-02T03:04:05Z",
        USER.login.title(),
        "@octo-org" if number % 3 else None,
        "Octoland" if number % 2 else None,
        number % 1000,
        number % 50,
        number % 100,
    )
    number = ORGANIZATION.account_id
    assert organization == Profile(
        number,
        "Organization",
        f"{2008 + number % 16}-01-02T03:04:05Z",
        ORGANIZATION.login.title(),
        public_repositories=number % 100,
    )


def test_accounts_by_id(api: API, standin: GitHubStandIn) -> None:
    accounts = [
        Account(None, USER.account_id),
        Account(None, ORGANIZATION.account_id),
        Account("renamed", USER.account_id),
        # The login belongs to another account now.
        Account(ORGANIZATION.login, USER.account_id),
    ]
    results = profiles(api, accounts, ids_only=True)
    user = Profile(USER.account_id, "User")
    assert results == [user, Profile(ORGANIZATION.account_id, "Organization"), user, user]
    assert standin.requests == {PATH: 2}


def test_apps(api: API, standin: GitHubStandIn) -> None:
    (login, (account_id, app_id)), _ = APPS.items()
    url = f"{standin.url}/in/{app_id}"
    shown, unknown = profiles(api, [Account(login, account_id, url), Account("Copilot", 5, url)])
    assert shown == Profile(account_id, "Bot", f"{2008 + account_id % 16}-01-02T03:04:05Z")
    assert unknown == Profile(5, "Bot")


def test_node_ids_are_those_of_the_rest_api() -> None:
    assert _node("U", 136175375) == "U_kgDOCB3fDw"
    assert _node("U", 133496243) == "U_kgDOB_T9sw"
    assert _node("U", 583231) == "U_kgDOAAjmPw"


def test_account_without_a_profile_does_not_affect_others(api: API, standin: GitHubStandIn) -> None:
    hidden, failing, other = (example.login for example in EXAMPLES[:3])
    standin.graphql.hidden, standin.graphql.failing = {hidden}, {failing}
    accounts = [
        *(Account(login) for login in (hidden, failing, other, "nobody")),
        *(Account(None, EXAMPLES[0].account_id), Account(None, 5)),
        *(Account("b@d"), Account("x-ci[bot]"), Account(None, email="a@b.c"), Account(None, 10**17)),
    ]
    results = profiles(api, accounts, ids_only=True)
    assert [type(result) for result in results] == [
        *(NoProfile, Refused, Profile, NoProfile),
        *(NoProfile, NoProfile),
        *(Profile, Profile, Profile, Profile),
    ]
    assert str(results[0]).startswith(f"{api.url} does not show the account {hidden}: it is suspended, deleted")
    assert str(results[1]) == f"{api.url} refuses the profile of {failing} (INTERNAL)."
    assert results[6:] == [Profile(), Profile(None, "Bot"), Profile(), Profile()]


def test_null_without_an_error_is_no_profile(api: API, standin: GitHubStandIn) -> None:
    standin.faults[PATH] = responding(200, {}, b'{"data": {"a0": null, "a1": {"__typename": "Mannequin"}}}')
    assert {type(result) for result in profiles(api, [Account("octocat"), Account("ghost")])} == {NoProfile}


@pytest.mark.parametrize("token", [None, "wrong"])
def test_missing_and_rejected_token(standin: GitHubStandIn, token: str | None) -> None:
    standin.rest.token = TOKEN
    with API(standin.url, token=token, backoff=0) as api, pytest.raises(BadToken if token else LoginRequired):
        profiles(api, [Account("octocat")])


@pytest.mark.parametrize(("mode", "is_known"), [("graphql-rate-limit", True), ("graphql-secondary-limit", False)])
def test_rate_limit_in_a_successful_response(api: API, standin: GitHubStandIn, mode: str, is_known: bool) -> None:
    standin.mode = MODES[mode]
    with pytest.raises(RateLimited, match="HTTP 200") as limited:
        profiles(api, [Account("octocat")])
    until = limited.value.until
    assert (until is not None) == is_known
    assert until is None or (until - datetime.now(UTC)).total_seconds() == pytest.approx(3600, abs=60)


def test_points_are_limited(standin: GitHubStandIn) -> None:
    waits = []
    with GitHubStandIn() as standin:
        standin.graphql.rate_limit.limit = 2

        def wait(limited: RateLimited) -> None:
            waits.append(limited)
            standin.graphql.rate_limit.limit = 3

        with API(standin.url, token=TOKEN, wait=wait, backoff=0) as api:
            for _ in range(3):
                assert profiles(api, [Account("octocat")])
    (limited,) = waits
    assert limited.until


@pytest.mark.parametrize("body", [b"[]", b"{}", b"<html>", b'{"data": 5}', b'{"data": {"a0": {"databaseId": "5"}}}'])
def test_response_that_is_no_profile(api: API, standin: GitHubStandIn, body: bytes) -> None:
    standin.faults[PATH] = responding(200, {}, body)
    with pytest.raises(Unreachable, match="is not the profiles of 1 account"):
        profiles(api, [Account("octocat")])


def test_failed_query_is_repeated(api: API, standin: GitHubStandIn) -> None:
    failed = {"data": None, "errors": [{"message": "Something went wrong while executing your query."}]}
    for fault in (responding(502), responding(200, {}, json.dumps(failed).encode())):
        standin.requests.clear()
        standin.faults[PATH] = once(fault)
        assert profiles(api, [Account("octocat")], ids_only=True)
        standin.faults[PATH] = fault
        with pytest.raises(Unreachable, match="the profiles of 1 account"):
            profiles(api, [Account("octocat")])
        assert standin.requests == {PATH: 2 + 1 + RETRIES}


def test_addresses() -> None:
    assert hosts.graphql_url("https://github.com") == "https://api.github.com/graphql"
    assert hosts.graphql_url("https://octo.ghe.com") == "https://api.octo.ghe.com/graphql"
    assert hosts.graphql_url("https://ghe.corp") == "https://ghe.corp/api/graphql"
