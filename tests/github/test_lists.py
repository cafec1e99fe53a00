"""GitHub's lists of accounts, from the stand-in's REST API over real sockets."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from github_avatars.demo import AVATARS, MODES, Exchange, Fault, GitHubStandIn, once, resetting, responding
from github_avatars.demo.rest import ROOT
from github_avatars.errors import (
    BadLogin,
    BadOption,
    BadToken,
    ForeignRedirect,
    GitHubAvatarsError,
    LoginRequired,
    NoSuchAccount,
    NoSuchRepository,
    RateLimited,
    Unreachable,
)
from github_avatars.github import API, Account, Kind, api, lists, rate_limit
from github_avatars.github.client import RETRIES
from github_avatars.training import dataset
from tests.support.timing import with_timeout

EVERYBODY = [Account(example.login, example.account_id) for example in dataset.read_index(AVATARS)]
TOKEN = "ghp_0123456789tokentokentoken"
STARGAZERS = f"{ROOT}/repos/octocat/hello-world/stargazers"


@pytest.fixture
def standin() -> Iterator[GitHubStandIn]:
    with GitHubStandIn() as standin:
        yield standin


@pytest.fixture
def hub(standin: GitHubStandIn) -> Iterator[API]:
    with API(standin.url, token=TOKEN, backoff=0) as hub:
        yield hub


def listed(hub: API, kind: Kind, name: str, cursor: str | None = None) -> list[Account]:
    return [account for page in lists.pages(hub, kind, name, cursor) for account in page.accounts]


def sending(found: object, **headers: str) -> Fault:
    return responding(200, {"Content-Type": "application/json", **headers}, json.dumps(found).encode())


# Pages


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        ("stargazers", "octocat/hello-world", EVERYBODY),
        ("contributors", "octocat/hello-world", EVERYBODY[::2]),
        ("members", "octo-org", EVERYBODY[::10]),
        ("followers", EVERYBODY[230].login, EVERYBODY[:230]),
        ("followers", EVERYBODY[0].login, []),
        ("stargazers", "octocat/empty", []),
        ("contributors", "octocat/empty", []),
        ("stargazers", "octocat/renamed", EVERYBODY),
    ],
)
def test_all_pages_of_a_list_are_read(hub: API, kind: Kind, name: str, expected: Sequence[Account]) -> None:
    assert listed(hub, kind, name) == expected


def test_a_page_has_a_hundred_accounts_and_says_how_many_pages_there_are(hub: API, standin: GitHubStandIn) -> None:
    pages = list(lists.pages(hub, "stargazers", "octocat/hello-world"))
    assert [len(page.accounts) for page in pages] == [100, 100, 100, 100, 100, 76]
    assert [page.page_count for page in pages] == [6, 6, 6, 6, 6, None]
    assert standin.requests.total() == 6
    assert standin.connections == 1


def test_a_page_is_asked_for_when_it_is_wanted(hub: API, standin: GitHubStandIn) -> None:
    pages = lists.pages(hub, "stargazers", "octocat/hello-world")
    assert standin.requests.total() == 0
    next(pages)
    assert standin.requests.total() == 1


def test_a_list_goes_on_where_it_was_left(hub: API) -> None:
    for number, page in enumerate(lists.pages(hub, "stargazers", "octocat/hello-world"), 1):
        rest = [] if page.cursor is None else listed(hub, "stargazers", "octocat/hello-world", page.cursor)
        assert rest == EVERYBODY[100 * number :]


def test_without_a_token_there_is_what_everybody_may_see(standin: GitHubStandIn) -> None:
    with API(standin.url) as hub:
        assert listed(hub, "members", "octo-org") == EVERYBODY[::50]


def test_who_has_no_account_is_left_out(hub: API, standin: GitHubStandIn) -> None:
    anonymous = {"type": "Anonymous", "name": "Zeke", "email": "zeke@example.com", "contributions": 1}
    standin.faults[STARGAZERS] = sending([{"login": "zeke", "id": 26}, anonymous, None, {"login": "bot[bot]", "id": 3}])
    assert listed(hub, "stargazers", "octocat/hello-world") == [Account("zeke", 26), Account("bot[bot]", 3)]


def test_a_request_says_which_version_it_speaks_and_who_asks(hub: API, standin: GitHubStandIn) -> None:
    asked: list[dict[str, str]] = []

    def noting(exchange: Exchange) -> bool:
        asked.append(dict(exchange.headers))
        return False

    standin.faults[STARGAZERS] = noting
    list(lists.pages(hub, "stargazers", "octocat/hello-world"))
    assert asked[0]["Authorization"] == f"Bearer {TOKEN}"
    assert asked[0]["Accept"] == "application/vnd.github+json"
    assert asked[0]["X-GitHub-Api-Version"] == api.VERSION
    assert asked[0]["User-Agent"] == "github-avatars"


# What is not there


@pytest.mark.parametrize(
    ("kind", "name", "error"),
    [
        ("stargazers", "octocat/nothing", NoSuchRepository),
        ("contributors", "nobody/hello-world", NoSuchRepository),
        ("members", "octocat", NoSuchAccount),
        ("followers", "nobody-here", NoSuchAccount),
    ],
)
def test_what_is_not_there_is_told(hub: API, kind: Kind, name: str, error: type[GitHubAvatarsError]) -> None:
    with pytest.raises(error, match=rf"has no .*{name}.*: check the spelling") as caught:
        listed(hub, kind, name)
    assert type(caught.value) is error


@pytest.mark.parametrize(
    ("kind", "name", "error"),
    [
        ("stargazers", "octocat", BadOption),
        ("stargazers", "octocat/hello/world", BadOption),
        ("stargazers", "octocat/..", BadOption),
        ("contributors", "octocat/.", BadOption),
        ("contributors", "octocat/a?b", BadOption),
        ("contributors", "/hello-world", BadLogin),
        ("contributors", "../hello-world", BadLogin),
        ("contributors", "octocat\n/hello-world", BadLogin),
        ("members", "octo/org", BadLogin),
        ("followers", "", BadLogin),
    ],
)
def test_an_impossible_name_is_told_and_nothing_asked(
    hub: API, standin: GitHubStandIn, kind: Kind, name: str, error: type[GitHubAvatarsError]
) -> None:
    with pytest.raises(error) as caught:
        listed(hub, kind, name)
    assert type(caught.value) is error
    assert str(caught.value).isprintable()
    assert standin.requests.total() == 0


# Refusals


def test_a_token_that_is_not_accepted_is_told(hub: API, standin: GitHubStandIn) -> None:
    standin.rest.token = "another"
    with pytest.raises(BadToken, match=r"does not accept the token \(HTTP 401\)"):
        listed(hub, "stargazers", "octocat/hello-world")
    assert standin.requests.total() == 1


def test_a_list_for_those_with_a_token_is_told() -> None:
    with (
        GitHubStandIn(mode=MODES["api-401"]) as standin,
        API(standin.url) as hub,
        pytest.raises(LoginRequired, match="give one in GITHUB_TOKEN"),
    ):
        listed(hub, "followers", "octocat")


def test_what_github_says_of_a_refusal_is_repeated(hub: API, standin: GitHubStandIn) -> None:
    said = "The history or contributor list is too large to list contributors for this repository via the API."
    standin.faults[f"{ROOT}/repos/octocat/hello-world/contributors"] = responding(
        403, {"x-ratelimit-remaining": "4999", "x-ratelimit-reset": "1"}, json.dumps({"message": said}).encode()
    )
    with pytest.raises(Unreachable, match=rf"refuses the contributors of octocat/hello-world \(HTTP 403, '{said}'\)"):
        listed(hub, "contributors", "octocat/hello-world")
    assert standin.requests.total() == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"{}",
        b"[1]",
        b'{"message": ["a"]}',
        b'{"message": "a\\nb"}',
        b"[" * 100_000,
        b"\xff",
        b'{"message": "ghp_0123"}',
    ],
)
def test_what_is_no_reason_is_not_repeated(hub: API, standin: GitHubStandIn, body: bytes) -> None:
    standin.faults[STARGAZERS] = responding(422, {}, body)
    with pytest.raises(Unreachable, match=r"\(HTTP 422(, \"\['a'\]\")?\): check") as caught:
        listed(hub, "stargazers", "octocat/hello-world")
    assert "ghp_" not in str(caught.value)


@pytest.mark.parametrize(
    "fault",
    [
        responding(200, {"Content-Type": "text/html"}, b"<!DOCTYPE html><title>Sign in</title>"),
        responding(200, {}, b"[" * 100_000),
        sending({"message": "hello"}),
        sending("login"),
        sending(7),
        sending([[]]),
        sending([{"login": "zeke"}]),
        sending([{"login": 7, "id": 7}]),
        sending([{"login": "zeke", "id": "7"}]),
    ],
)
def test_what_is_no_list_is_told(hub: API, standin: GitHubStandIn, fault: Fault) -> None:
    standin.faults[STARGAZERS] = fault
    with pytest.raises(Unreachable, match="is not the stargazers of octocat/hello-world"):
        listed(hub, "stargazers", "octocat/hello-world")


@pytest.mark.parametrize("fault", [resetting(), responding(502), responding(200, {"Content-Length": "99"}, b"[]")])
def test_what_passes_is_mended_by_asking_again(hub: API, standin: GitHubStandIn, fault: Fault) -> None:
    standin.faults[f"{ROOT}/repositories/1296269/stargazers"] = once(fault, RETRIES)
    assert listed(hub, "stargazers", "octocat/hello-world") == EVERYBODY
    standin.faults[STARGAZERS] = fault
    standin.requests.clear()
    with pytest.raises(Unreachable):
        listed(hub, "stargazers", "octocat/hello-world")
    assert standin.requests.total() == 1 + RETRIES


def test_a_page_without_end_is_not_held_in_memory(standin: GitHubStandIn) -> None:
    with API(standin.url, backoff=0) as hub:
        standin.faults[STARGAZERS] = responding(200, {}, b" " * (api.MAX_BYTES + 1))
        with pytest.raises(Unreachable, match="sent no complete response"):
            with_timeout(lambda: listed(hub, "stargazers", "octocat/hello-world"))


def test_the_pages_before_an_error_hold(hub: API, standin: GitHubStandIn) -> None:
    pages = lists.pages(hub, "stargazers", "octocat/hello-world")
    assert next(pages).accounts == tuple(EVERYBODY[:100])
    standin.mode = MODES["500"]
    with pytest.raises(Unreachable):
        next(pages)


# Rate limits


def test_rate_limit_is_waited_for(standin: GitHubStandIn) -> None:
    standin.rest.limit, standin.rest.window = 4, 2
    waits: list[RateLimited] = []

    def wait(limited: RateLimited) -> None:
        waits.append(limited)
        rate_limit.wait(limited)

    with API(standin.url, token=TOKEN, wait=wait) as hub:
        assert listed(hub, "stargazers", "octocat/hello-world") == EVERYBODY
    assert "limits the rate of requests (HTTP 403) and refuses the stargazers of octocat/hello-world" in str(waits[0])


def test_without_waiting_a_rate_limit_says_until_when(standin: GitHubStandIn) -> None:
    standin.rest.limit = 2
    with API(standin.url) as hub:
        pages = lists.pages(hub, "stargazers", "octocat/hello-world")
        assert len([next(pages), next(pages)]) == 2
        with pytest.raises(RateLimited, match="without a token: retry after") as caught:
            next(pages)
    assert caught.value.until
    assert timedelta(minutes=58) < caught.value.until - datetime.now(UTC) < timedelta(minutes=61)


@pytest.mark.parametrize(
    ("mode", "told"),
    [
        ("api-rate-limit", True),
        ("api-secondary-limit", False),
        ("403-retry-after", True),
        ("429-retry-after-date", True),
        ("429", False),
    ],
)
def test_every_way_to_ask_for_fewer_requests_is_understood(mode: str, told: bool) -> None:
    with GitHubStandIn(mode=MODES[mode]) as standin, API(standin.url, token=TOKEN) as hub:
        with pytest.raises(RateLimited) as caught:
            listed(hub, "stargazers", "octocat/hello-world")
        assert (caught.value.until is not None) == told
        assert standin.requests.total() == 1


def test_who_is_asked_to_wait_again_and_again_gives_up() -> None:
    waited: list[RateLimited] = []
    with GitHubStandIn(mode=MODES["429"]) as standin, API(standin.url, wait=waited.append) as hub:
        with pytest.raises(RateLimited):
            listed(hub, "stargazers", "octocat/hello-world")
        assert standin.requests.total() == 1 + api.MAX_WAITS
    assert len(waited) == api.MAX_WAITS


# Where the token goes


@pytest.fixture
def stranger() -> Iterator[GitHubStandIn]:
    """Somebody else's host, which is not to be asked anything."""
    with GitHubStandIn() as stranger:
        yield stranger
        assert stranger.connections == 0


@pytest.mark.parametrize(
    "elsewhere",
    [
        "{stranger}/api/v3/repositories/1/stargazers?page=2",
        "//{host}/api/v3/repositories/1/stargazers",
        "{standin}@{host}/api/v3/x",
        "https://127.0.0.1:1/api/v3/x",
        "{standin}/login",
        "{standin}/api/v30/x",
        "/octocat.png",
        "http://[",
        "file:///etc/passwd",
    ],
)
@pytest.mark.parametrize("by", ["link", "redirect", "cursor"])
def test_nothing_outside_of_the_api_is_asked(
    hub: API, standin: GitHubStandIn, stranger: GitHubStandIn, elsewhere: str, by: str
) -> None:
    host = stranger.url.removeprefix("http://")
    address = elsewhere.format(stranger=stranger.url, standin=standin.url, host=host)
    if by == "link":
        standin.faults[STARGAZERS] = sending([], Link=f'<{address}>; rel="next"')
    elif by == "redirect":
        standin.faults[STARGAZERS] = responding(302, {"Location": address})
    with pytest.raises(ForeignRedirect):
        listed(hub, "stargazers", "octocat/hello-world", address if by == "cursor" else None)
    assert set(standin.requests) <= {f"{STARGAZERS}?per_page=100"}


def test_a_redirect_without_end_is_told(hub: API, standin: GitHubStandIn) -> None:
    standin.faults[STARGAZERS] = responding(302, {"Location": STARGAZERS})
    with pytest.raises(ForeignRedirect, match="more than 5 times"):
        listed(hub, "stargazers", "octocat/hello-world")


def test_no_token_is_sent_in_clear() -> None:
    with pytest.raises(BadOption, match="https") as caught:
        API("http://github.example.com", token=TOKEN)
    assert TOKEN not in str(caught.value)
    with API("http://github.example.com"), API("http://localhost:9", token=TOKEN):
        pass


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ('<a?page=2>; rel="next", <a?page=5>; rel="last"', [("next", "a?page=2"), ("last", "a?page=5")]),
        ("<a>;rel=next", [("next", "a")]),
        ('<a,b;c>; title="x"; rel="next"', [("next", "a,b;c")]),
        ("<a>; title=next", []),
        ("a; rel=next", []),
        ("", []),
    ],
)
def test_links(link: str, expected: list[tuple[str, str]]) -> None:
    assert api._links({"Link": link}) == expected


def test_a_link_that_is_made_to_take_long_does_not() -> None:
    for text in ("<" * 60_000, "<a>" + " " * 60_000, "<a>;" + "rel=" * 15_000, "<a>; rel" + " " * 60_000):
        with_timeout(partial(api._links, {"Link": text}))
