"""What comes of each bad day of GitHub that the stand-in knows: in the library, and through Cog's real server."""

import re
import shutil
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

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
    TooLarge,
    Unreachable,
)
from github_avatars.github import GitHub, client
from github_avatars.github.client import MAX_REDIRECTS, RETRIES
from github_avatars.picture.decoding import MAX_BYTES
from github_avatars.training import dataset
from tests.support.cog_server import CogServer
from tests.support.processes import ROOT
from tests.support.timing import wait_until, with_timeout

pytestmark = pytest.mark.alone

ACCOUNTS = dataset.read_index(AVATARS)[::17]
PREFIX = "Prediction failed: Async prediction failed: "
AGAIN = 1 + RETRIES


@dataclass(frozen=True)
class Expected:
    """The error of a fetch, None for the right picture; the requests that it takes; when it may be tried again."""

    error: type[GitHubAvatarsError] | None
    requests: int
    in_an_hour: bool = False


EXPECTED = {
    "404": Expected(NoSuchAccount, 1),
    "403": Expected(Unreachable, 1),
    "403-retry-after": Expected(RateLimited, 1, in_an_hour=True),
    "403-retry-after-date": Expected(RateLimited, 1, in_an_hour=True),
    "403-ratelimit-reset": Expected(RateLimited, 1, in_an_hour=True),
    "429": Expected(RateLimited, 1),
    "429-retry-after": Expected(RateLimited, 1, in_an_hour=True),
    "429-retry-after-date": Expected(RateLimited, 1, in_an_hour=True),
    "429-ratelimit-reset": Expected(RateLimited, 1, in_an_hour=True),
    "500": Expected(Unreachable, AGAIN),
    "502": Expected(Unreachable, AGAIN),
    "503": Expected(Unreachable, AGAIN),
    "refused": Expected(Unreachable, 0),
    "silence": Expected(Unreachable, AGAIN),
    "reset": Expected(Unreachable, 1 + AGAIN),
    "short": Expected(Unreachable, 1 + AGAIN),
    "long": Expected(None, 2),
    "drip": Expected(Unreachable, 1 + AGAIN),
    "gigabyte": Expected(TooLarge, 2),
    "gigabyte-unannounced": Expected(TooLarge, 2),
    "redirect-loop": Expected(ForeignRedirect, 1 + MAX_REDIRECTS),
    "login-page": Expected(LoginRequired, 1),
    "gzip": Expected(None, 2),
    "gzip-bomb": Expected(TooLarge, 2),
    "wrong-type": Expected(None, 2),
    "html": Expected(NotAPicture, 2),
    "api-401": Expected(None, 2),
    "api-rate-limit": Expected(None, 2),
    "api-secondary-limit": Expected(None, 2),
    "no-length": Expected(None, 2),
}
"""For each mode of the stand-in. A mode that is not here fails the tests below."""


def picture(account: dataset.Example) -> bytes:
    return (AVATARS / account.file).read_bytes()


@pytest.mark.parametrize("name", MODES)
def test_right_answer_or_right_error_and_no_harm_to_the_next(name: str) -> None:
    expected = EXPECTED[name]
    one, other = ACCOUNTS[:2]
    # Silence and drips last as long as is allowed; all others end by themselves.
    read_timeout = 0.3 if name in ("silence", "drip") else client.READ_TIMEOUT
    with (
        GitHubStandIn(mode=MODES[name]) as standin,
        GitHub(standin.url, read_timeout=read_timeout, backoff=0) as hub,
    ):
        if expected.error:
            with pytest.raises(GitHubAvatarsError) as caught:
                with_timeout(lambda: hub.fetch(one.login))
            check_error(caught.value, expected, one.login)
        else:
            assert with_timeout(lambda: hub.fetch(one.login)).data == picture(one)
        assert standin.requests.total() == expected.requests
        if not MODES[name].listening:
            standin.listen()
        standin.mode = None
        for account in (other, one):
            avatar = hub.fetch(account.login)
            assert (avatar.account_id, avatar.data) == (account.account_id, picture(account))


def check_error(error: GitHubAvatarsError, expected: Expected, login: str) -> None:
    assert type(error) is expected.error, error
    assert login in str(error)
    assert str(error).isprintable()
    assert len(str(error)) < 250
    if isinstance(error, RateLimited):
        assert (error.until is not None) == expected.in_an_hour
        if error.until:
            assert (error.until - datetime.now(UTC)).total_seconds() == pytest.approx(3600, abs=60)


@pytest.mark.parametrize("name", ["gigabyte", "gigabyte-unannounced", "gzip-bomb"])
def test_what_is_too_large_is_not_held_in_memory(name: str) -> None:
    with GitHubStandIn(mode=MODES[name]) as standin, GitHub(standin.url) as hub:
        tracemalloc.start()
        try:
            with pytest.raises(TooLarge):
                with_timeout(lambda: hub.fetch("octocat"))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    # The stand-in's own megabytes come on top, and room to grow.
    assert peak < 3 * MAX_BYTES


def test_the_page_tells_what_is_expected() -> None:
    page = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    told = {
        name: (comes_to, int(requests))
        for names, comes_to, requests in re.findall(r"^\| (`.+`) \| (.+) \| (\d+) \|$", page, re.MULTILINE)
        for name in re.findall(r"`(.+?)`", names)
    }
    assert told == {
        name: (
            (expected.error.__name__ if expected.error else "the right picture")
            + (", until then" if expected.in_an_hour else ""),
            expected.requests,
        )
        for name, expected in EXPECTED.items()
    }


def test_every_bad_day_at_once_through_the_server(
    start_cog: Callable[..., CogServer], github: GitHubStandIn, tmp_path: Path
) -> None:
    """With the real time limits, while the server answers whoever asks for its health and for other predictions."""
    (tmp_path / ".cog").mkdir()
    shutil.copyfile(ROOT / "openapi.json", tmp_path / ".cog" / "openapi_schema.json")
    server = start_cog(tmp_path, github.url)
    server.wait_for_status("READY")
    bad_days = {name: mode for name, mode in MODES.items() if mode.listening}
    *accounts, bystander = ACCOUNTS[: len(bad_days) + 1]
    for account, mode in zip(accounts, bad_days.values(), strict=True):
        github.faults |= {f"/{account.login}.png": mode.fault, f"/u/{account.account_id}": mode.fault}
    with ThreadPoolExecutor(len(accounts)) as pool:
        answers = {
            name: pool.submit(server.predict, username=a.login) for name, a in zip(bad_days, accounts, strict=True)
        }
        slow = [answers["silence"], answers["drip"]]
        asked = {name: f"/{account.login}.png" for name, account in zip(bad_days, accounts, strict=True)}
        wait_until(
            lambda: all(github.requests[path] for path in asked.values()),
            lambda: str({name: answers[name] for name, path in asked.items() if not github.requests[path]}),
        )
        asked_meanwhile = 0

        def over() -> bool:
            nonlocal asked_meanwhile
            assert server.health()["status"] == "READY"
            assert server.predict(username=bystander.login)["status"] == "succeeded"
            asked_meanwhile += not any(answer.done() for answer in slow)
            return all(answer.done() for answer in answers.values())

        wait_until(over)
    assert asked_meanwhile
    for account, (name, answer) in zip(accounts, answers.items(), strict=True):
        error = EXPECTED[name].error
        if error:
            assert answer.result()["error"].startswith(f"{PREFIX}{error.__name__}: "), answer.result()
            assert account.login in answer.result()["error"]
        else:
            assert answer.result()["output"]["prediction"] == classify(picture(account)).label
    github.faults.clear()
    for account in accounts:
        assert server.predict(username=account.login)["output"]["prediction"] == classify(picture(account)).label
