"""The engine when it fetches by login, and verifies default avatars with ids that it looks up."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import synthesis
from github_avatars import identicon
from github_avatars.demo import AVATARS, MODES, GitHubStandIn, once, responding
from github_avatars.demo.graphql import PATH
from github_avatars.demo.rest import RateLimit
from github_avatars.demo.standin import APPS
from github_avatars.errors import OUTAGE, RateLimited, Unreachable
from github_avatars.github import API
from github_avatars.scan.identification import IdLookup
from github_avatars.scan.store import DueAccount
from github_avatars.training import dataset
from github_avatars.training.degradation import Degradation
from tests.scan.test_engine import EngineRun, due_account, prediction
from tests.support.avatars import needs_original, write_avatars

pytestmark = pytest.mark.alone

EXAMPLES = dataset.read_index(AVATARS)[::4]
DEFAULTS = [example for example in EXAMPLES if example.label == "default"]
UNCERTAIN = [example for example in EXAMPLES if needs_original(example)]
TOKEN = "ghp_0123456789tokentokentoken"


@pytest.fixture
def api(github: GitHubStandIn) -> Iterator[API]:
    with API(github.url, token=TOKEN, backoff=0) as api:
        yield api


def run_by_login(url: str, *accounts: str | DueAccount, api: API | None = None, **options: Any) -> EngineRun:
    return EngineRun(url, *accounts, via="login", id_lookup=IdLookup(api), **options)


def verdicts(run: EngineRun) -> dict[str | None, tuple[str, bool | None, int | None]]:
    """The label, whether it is verified, and the account id by login."""
    return {
        login: (predicted.label, predicted.verified, predicted.account_id)
        for login, result in run.run().items()
        for predicted in (prediction(result),)
    }


def test_custom_avatars_need_one_request_and_default_ones_the_id(github: GitHubStandIn) -> None:
    run = run_by_login(github.url, *(example.login for example in EXAMPLES))
    results = verdicts(run)
    assert results == {
        example.login: ("default", True, example.account_id) if example.label == "default" else ("custom", None, None)
        for example in EXAMPLES
    }
    assert github.requests == {
        **{f"/{example.login}?s=64": 1 for example in EXAMPLES},
        **{f"/{example.login}": 1 for example in UNCERTAIN},
        **{f"/{example.login}.png": 1 for example in DEFAULTS},
    }
    assert UNCERTAIN
    assert run.unfinished() == []


def test_ids_come_from_one_query_with_a_token(github: GitHubStandIn, api: API) -> None:
    results = verdicts(run_by_login(github.url, *(example.login for example in EXAMPLES), api=api))
    assert all(results[example.login] == ("default", True, example.account_id) for example in DEFAULTS)
    assert len(results) == len(EXAMPLES)
    assert github.requests.pop(PATH) == -(-len(DEFAULTS) // 100)
    assert set(github.requests) == {f"/{example.login}?s=64" for example in EXAMPLES} | {
        f"/{example.login}" for example in UNCERTAIN
    }


@pytest.mark.parametrize("is_resized", [False, True], ids=["originals", "thumbnails"])
def test_identicons_of_others_and_copies_are_not_verified(tmp_path: Path, is_resized: bool) -> None:
    avatars = write_avatars(
        tmp_path,
        {
            "hans": (11, identicon.render(11)),
            "thief": (41, identicon.render(51)),
            "lossy": (42, Degradation(200, "BOX", False, "jpeg 90").apply(identicon.render(42))),
            "paul": (21, synthesis.draw("photo-landscape", 0).data),
        },
    )
    with GitHubStandIn(avatars, resize_identicons=is_resized) as github:
        assert verdicts(run_by_login(github.url, "hans", "thief", "lossy", "paul")) == {
            "hans": ("default", True, 11),
            "thief": ("default", False, 41),
            "lossy": ("default", False, 42),
            "paul": ("custom", None, None),
        }


def test_limited_pages_leave_default_avatars_unverified_without_waiting(github: GitHubStandIn) -> None:
    github.mode = MODES["page-limit"]
    github.page_limit = RateLimit(10, 60)
    waits: list[float] = []
    notes: list[str] = []
    run = run_by_login(github.url, *(example.login for example in EXAMPLES), on_wait=waits.append, on_note=notes.append)
    results = verdicts(run)
    assert [label for label, _, _ in results.values()].count("default") == len(DEFAULTS)
    verified = [verified for label, verified, _ in results.values() if label == "default"]
    assert verified.count(True) == 10
    assert verified.count(None) == len(DEFAULTS) - 10
    assert not waits
    (note,) = notes
    assert "default avatars are not verified: a token in GITHUB_TOKEN prevents this" in note


@pytest.mark.parametrize("mode", ["graphql-rate-limit", "graphql-502", "rejected token"])
def test_ids_come_from_pages_while_queries_fail(github: GitHubStandIn, api: API, mode: str) -> None:
    github.mode = MODES.get(mode)
    github.rest.token = "another" if mode == "rejected token" else None
    results = verdicts(run_by_login(github.url, *(example.login for example in DEFAULTS[:12]), api=api))
    assert set(results.values()) == {("default", True, example.account_id) for example in DEFAULTS[:12]}


def test_thumbnail_without_an_id_is_requested_again_as_original(tmp_path: Path) -> None:
    avatars = write_avatars(tmp_path, {"hans": (11, identicon.render(11))})
    with GitHubStandIn(avatars, faults={"/hans.png": responding(404)}, resize_identicons=True) as github:
        assert verdicts(run_by_login(github.url, "hans")) == {"hans": ("default", None, None)}
        assert github.requests == {"/hans?s=64": 1, "/hans.png": 1, "/hans": 1}


def test_account_that_has_no_page_is_not_verified(github: GitHubStandIn) -> None:
    login = DEFAULTS[0].login
    github.faults[f"/{login}.png"] = responding(404)
    assert verdicts(run_by_login(github.url, login)) == {login: ("default", None, None)}


def test_apps_and_commit_addresses(github: GitHubStandIn) -> None:
    account_id, app_id = APPS["stand-in-ci[bot]"]
    app = DueAccount(1, "#1", "stand-in-ci[bot]", account_id, 64, None, avatar_url=f"{github.url}/in/{app_id}?v=4")
    known, unknown = (
        DueAccount(number, "", None, None, 64, None, email=email)
        for number, email in ((3, f"{DEFAULTS[0].login}@example.com"), (4, "nobody@example.com"))
    )
    run = run_by_login(github.url, app, due_account(2, "stand-in-ci[bot]"), known, unknown)
    run.run()
    assert run.statuses() == ["judged", "bot", "judged", "unknown-address"]
    results = {outcome.number: outcome.result for outcome in run.outcomes}
    assert (prediction(results[1]).label, prediction(results[1]).verified) == ("custom", None)
    assert (prediction(results[3]).label, prediction(results[3]).verified) == ("default", None)


def test_rate_limit_of_the_avatar_host_ends_a_run_that_does_not_wait(github: GitHubStandIn, api: API) -> None:
    logins = [example.login for example in DEFAULTS]
    github.faults[f"/{logins[20]}"] = responding(429, {"Retry-After": "3600"})
    run = run_by_login(github.url, *logins, api=api)
    with pytest.raises(RateLimited):
        run.run()
    # Those that wait for their ids are finished.
    assert run.statuses().count("judged") >= 12
    assert all(prediction(outcome.result).verified for outcome in run.outcomes)
    assert len(run.outcomes) + len(run.unfinished()) == len(logins)


@pytest.mark.parametrize("status", [403, 410, 451])
@pytest.mark.parametrize("is_by_id", [False, True], ids=["by login", "by id"])
def test_many_refused_accounts_are_no_outage(github: GitHubStandIn, status: int, is_by_id: bool) -> None:
    refused, others = EXAMPLES[: 3 * OUTAGE], EXAMPLES[3 * OUTAGE : 4 * OUTAGE]
    github.faults |= {f"/{example.login}": responding(status) for example in refused}
    github.faults |= {f"/u/{example.account_id}": responding(status) for example in refused}
    accounts = [
        due_account(number, example.login, account_id=example.account_id if is_by_id else None)
        for number, example in enumerate((*refused, *others))
    ]
    run = run_by_login(github.url, *accounts, concurrency=1)
    run.run()
    assert run.statuses() == ["refused"] * len(refused) + ["judged"] * len(others)


@pytest.mark.parametrize("via", ["login", "page"])
def test_host_that_refuses_everything_is_an_outage(github: GitHubStandIn, via: str) -> None:
    github.mode = MODES["403"]
    logins = [example.login for example in EXAMPLES]
    run = EngineRun(github.url, *logins, via=via, id_lookup=IdLookup(), concurrency=1)
    with pytest.raises(Unreachable, match="accounts in a row have no avatar"):
        run.run()
    assert OUTAGE <= run.statuses().count("refused") <= OUTAGE + 3
    assert len(run.outcomes) + len(run.unfinished()) == len(logins)


def test_host_that_breaks_down_after_refusals_is_an_outage(github: GitHubStandIn) -> None:
    logins = [example.login for example in EXAMPLES[:OUTAGE]]
    github.faults |= {f"/{login}": responding(451) for login in logins}
    github.faults["/" + "-" * 39] = once(responding(401))
    run = run_by_login(github.url, *logins, *(example.login for example in EXAMPLES[OUTAGE:]), concurrency=1)
    with pytest.raises(Unreachable, match=f"accounts in a row have no avatar.* refuses {logins[-1]} "):
        run.run()
