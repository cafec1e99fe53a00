"""The result of a fetch in each failure mode of the stand-in: in the library, and with Cog's server."""

import re
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from github_avatars.classifier import classify
from github_avatars.demo import AVATARS, MODES, GitHubStandIn
from github_avatars.errors import (
    ForeignRedirect,
    GitHubAvatarsError,
    LoginRequired,
    NoSuchAccount,
    NotAPicture,
    RateLimited,
    Refused,
    TooLarge,
    Unreachable,
)
from github_avatars.github import GitHub
from github_avatars.github.client import MAX_REDIRECTS, READ_TIMEOUT, RETRIES
from github_avatars.picture.decoding import MAX_BYTES
from github_avatars.training import dataset
from tests.support.cog_server import CogServer
from tests.support.fetching import fetch_error
from tests.support.processes import ROOT
from tests.support.timing import wait_until, with_timeout

ACCOUNTS = dataset.read_index(AVATARS)[::17]
PREFIX = "Prediction failed: Async prediction failed: "
ATTEMPTS = 1 + RETRIES
SHORT_TIMEOUT = ("silence", "drip")
"""Modes in which requests take as long as the timeout allows, so that the tests shorten it."""


@dataclass(frozen=True)
class Expected:
    """The result of a fetch."""

    error: type[GitHubAvatarsError] | None
    """The error; None if the fetch succeeds."""
    requests: int
    """The number of requests that the fetch sends."""
    for_an_hour: bool = False
    """Whether the rate limit ends in an hour."""


EXPECTED = {
    "404": Expected(NoSuchAccount, 1),
    "403": Expected(Refused, 1),
    "451": Expected(Refused, 1),
    "403-retry-after": Expected(RateLimited, 1, for_an_hour=True),
    "403-retry-after-date": Expected(RateLimited, 1, for_an_hour=True),
    "403-ratelimit-reset": Expected(RateLimited, 1, for_an_hour=True),
    "429": Expected(RateLimited, 1),
    "429-retry-after": Expected(RateLimited, 1, for_an_hour=True),
    "429-retry-after-date": Expected(RateLimited, 1, for_an_hour=True),
    "429-ratelimit-reset": Expected(RateLimited, 1, for_an_hour=True),
    "500": Expected(Unreachable, ATTEMPTS),
    "502": Expected(Unreachable, ATTEMPTS),
    "503": Expected(Unreachable, ATTEMPTS),
    "refused": Expected(Unreachable, 0),
    "silence": Expected(Unreachable, ATTEMPTS),
    "reset": Expected(Unreachable, 1 + ATTEMPTS),
    "short": Expected(Unreachable, 1 + ATTEMPTS),
    "long": Expected(None, 2),
    "early-hints": Expected(None, 2),
    "drip": Expected(Unreachable, 1 + ATTEMPTS),
    "gigabyte": Expected(TooLarge, 2),
    "gigabyte-unannounced": Expected(TooLarge, 2),
    "redirect-loop": Expected(ForeignRedirect, 1 + MAX_REDIRECTS),
    "login-page": Expected(LoginRequired, 1),
    "gzip": Expected(None, 2),
    "gzip-bomb": Expected(TooLarge, 2),
    "wrong-type": Expected(None, 2),
    "html": Expected(NotAPicture, 2),
    "portal": Expected(NotAPicture, 1),
    "api-401": Expected(None, 2),
    "api-rate-limit": Expected(None, 2),
    "api-secondary-limit": Expected(None, 2),
    "api-rate-limit-9999": Expected(None, 2),
    "api-huge-id": Expected(None, 2),
    "api-link-to-itself": Expected(None, 2),
    "api-apps": Expected(None, 2),
    "api-stargazers-404": Expected(None, 2),
    "api-stargazers-403": Expected(None, 2),
    "api-stargazers-empty": Expected(None, 2),
    "graphql-rate-limit": Expected(None, 2),
    "graphql-secondary-limit": Expected(None, 2),
    "graphql-502": Expected(None, 2),
    "page-limit": Expected(None, 2),
    "missing-picture": Expected(Unreachable, 1 + ATTEMPTS),
    "default-port": Expected(None, 2),
    "no-length": Expected(None, 2),
}
"""By mode. The tests fail for a mode that is missing here."""


def picture(account: dataset.Example) -> bytes:
    return (AVATARS / account.file).read_bytes()


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.alone if name in SHORT_TIMEOUT else ()) for name in MODES]
)
def test_result_and_requests_of_a_fetch_and_of_the_next_ones(name: str) -> None:
    expected = EXPECTED[name]
    account, other = ACCOUNTS[:2]
    read_timeout = 0.3 if name in SHORT_TIMEOUT else READ_TIMEOUT
    with (
        GitHubStandIn(mode=MODES[name]) as standin,
        GitHub(standin.url, read_timeout=read_timeout, backoff=0) as client,
    ):
        if expected.error:
            error = fetch_error(client, expected.error, account.login)
            if isinstance(error, RateLimited):
                left = (error.until - datetime.now(UTC)).total_seconds() if error.until else None
                assert left == (pytest.approx(3600, abs=60) if expected.for_an_hour else None)
        else:
            assert with_timeout(lambda: client.fetch(account.login)).data == picture(account)
        assert standin.requests.total() == expected.requests
        if not MODES[name].listening:
            standin.listen()
        standin.mode = None
        for later in (other, account):
            avatar = client.fetch(later.login)
            assert (avatar.account_id, avatar.data) == (later.account_id, picture(later))


@pytest.mark.parametrize("name", ["gigabyte", "gigabyte-unannounced", "gzip-bomb"])
def test_large_response_is_not_kept_in_memory(name: str) -> None:
    with GitHubStandIn(mode=MODES[name]) as standin, GitHub(standin.url) as client:
        tracemalloc.start()
        try:
            fetch_error(client, TooLarge)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    # This includes the memory of the stand-in.
    assert peak < 3 * MAX_BYTES


def test_documentation_lists_these_results() -> None:
    page = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    documented = {
        name: (result, int(requests))
        for names, result, requests in re.findall(r"^\| (`.+`) \| (.+) \| (\d+) \|$", page, re.MULTILINE)
        for name in re.findall(r"`(.+?)`", names)
    }
    assert documented == {
        name: (
            (expected.error.__name__ if expected.error else "the right picture")
            + (", until then" if expected.for_an_hour else ""),
            expected.requests,
        )
        for name, expected in EXPECTED.items()
    }


def test_server_in_all_modes_at_once(cog_server: CogServer, github: GitHubStandIn) -> None:
    """With the real timeouts. Meanwhile, the server responds to health checks and to other predictions.

    The modes of the REST API do not affect predictions, and the server has slots for the others only.
    """
    modes = {name: mode for name, mode in MODES.items() if mode.listening and not name.startswith(("api-", "graphql-"))}
    *accounts, bystander = ACCOUNTS[: len(modes) + 1]
    for account, mode in zip(accounts, modes.values(), strict=True):
        github.faults |= {f"/{account.login}.png": mode.fault, f"/u/{account.account_id}": mode.fault}
    with ThreadPoolExecutor(len(accounts)) as pool:
        responses = {
            name: pool.submit(cog_server.predict, username=account.login)
            for name, account in zip(modes, accounts, strict=True)
        }
        paths = [f"/{account.login}.png" for account in accounts]
        wait_until(
            lambda: all(github.requests[path] for path in paths),
            lambda: str([path for path in paths if not github.requests[path]]),
        )
        predictions_meanwhile = 0

        def all_done() -> bool:
            nonlocal predictions_meanwhile
            assert cog_server.health()["status"] == "READY"
            assert cog_server.predict(username=bystander.login)["status"] == "succeeded"
            predictions_meanwhile += not (responses["silence"].done() or responses["drip"].done())
            return all(response.done() for response in responses.values())

        wait_until(all_done)
    assert predictions_meanwhile
    for account, (name, response) in zip(accounts, responses.items(), strict=True):
        error = EXPECTED[name].error
        if error:
            assert response.result()["error"].startswith(f"{PREFIX}{error.__name__}: "), response.result()
            assert account.login in response.result()["error"]
        else:
            assert response.result()["output"]["prediction"] == classify(picture(account)).label
    github.faults.clear()
    for account in accounts:
        prediction = cog_server.predict(username=account.login)["output"]["prediction"]
        assert prediction == classify(picture(account)).label
