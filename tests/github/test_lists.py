"""GitHub's lists of accounts, from the stand-in's REST API."""

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
    ListUnavailable,
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

ALL_ACCOUNTS = [Account(example.login, example.account_id) for example in dataset.read_index(AVATARS)]
TOKEN = "ghp_0123456789tokentokentoken"
STARGAZERS = f"{ROOT}/repos/octocat/hello-world/stargazers"


@pytest.fixture
def standin() -> Iterator[GitHubStandIn]:
    with GitHubStandIn() as standin:
        yield standin


@pytest.fixture
def client(standin: GitHubStandIn) -> Iterator[API]:
    with API(standin.url, token=TOKEN, backoff=0) as client:
        yield client


def read_list(client: API, kind: Kind, name: str, *cursors: str) -> list[Account]:
    return [account for page in lists.pages(client, kind, name, cursors) for account in page.accounts]


def responding_with_json(data: object, **headers: str) -> Fault:
    return responding(200, {"Content-Type": "application/json", **headers}, json.dumps(data).encode())


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        ("stargazers", "octocat/hello-world", ALL_ACCOUNTS),
        ("contributors", "octocat/hello-world", ALL_ACCOUNTS[::2]),
        ("members", "octo-org", ALL_ACCOUNTS[::10]),
        ("contributors", "octo-org/repo-3", ALL_ACCOUNTS[60:100]),
        ("contributors", "octo-org/repo-11", []),
        ("forks", "octocat/hello-world", ALL_ACCOUNTS[::3]),
        ("forks", "octocat/renamed", ALL_ACCOUNTS[::3]),
        ("followers", ALL_ACCOUNTS[230].login, ALL_ACCOUNTS[:230]),
        ("followers", ALL_ACCOUNTS[0].login, []),
        ("stargazers", "octocat/empty", []),
        ("contributors", "octocat/empty", []),
        ("stargazers", "octocat/renamed", ALL_ACCOUNTS),
    ],
)
def test_all_pages_of_a_list(client: API, kind: Kind, name: str, expected: Sequence[Account]) -> None:
    assert read_list(client, kind, name) == expected


def test_repositories_of_an_organization(client: API) -> None:
    (page,) = lists.pages(client, "repositories", "octo-org")
    assert page.repositories == tuple(f"octo-org/repo-{number}" for number in range(12))
    assert page.accounts == ()


def test_authors_of_issues_and_pull_requests(client: API, standin: GitHubStandIn) -> None:
    """Each as often as they opened one, without those of deleted accounts."""
    authors = [ALL_ACCOUNTS[number // 2 * 7 % len(ALL_ACCOUNTS)] for number in range(730) if number % 100 != 99]
    assert read_list(client, "issues", "octocat/hello-world") == authors
    pages = [path for path in standin.requests if "/repositories/" in path]
    # The oldest first, so that new ones do not move the pages.
    assert all("state=all&sort=created&direction=asc" in path for path in pages)
    assert len(pages) == 7


def test_page_of_issues_may_be_large(client: API, standin: GitHubStandIn) -> None:
    """GitHub sends their texts as well."""
    issues = [{"user": {"login": "zeke", "id": 26}, "body": "é" * 65_536}] * 100
    body = json.dumps(issues, ensure_ascii=False).encode()
    standin.faults[f"{ROOT}/repos/octocat/hello-world/issues"] = responding(200, {}, body)
    assert read_list(client, "issues", "octocat/hello-world") == [Account("zeke", 26)] * 100


@pytest.mark.parametrize(
    ("kind", "name", "entry"),
    [
        ("forks", "octocat/hello-world", {"login": "zeke"}),
        ("forks", "octocat/hello-world", {"owner": {"login": "zeke"}}),
        ("forks", "octocat/hello-world", {"owner": {"owner": {"id": 26}}}),
        ("issues", "octocat/hello-world", {"user": "zeke"}),
        ("issues", "octocat/hello-world", {"owner": {"login": "zeke", "id": 26}}),
        ("repositories", "octo-org", {"full_name": "../x"}),
        ("repositories", "octo-org", {"full_name": "octo-org/a?b"}),
        ("repositories", "octo-org", {"name": "repo-1"}),
    ],
)
def test_entry_of_another_list_is_unexpected(
    client: API, standin: GitHubStandIn, kind: Kind, name: str, entry: object
) -> None:
    standin.faults[f"{ROOT}{lists.LISTS[kind].path.format(name)}"] = responding_with_json([entry])
    with pytest.raises(Unreachable, match=f"is not the {kind} of {name}: check GITHUB_URL"):
        list(lists.pages(client, kind, name))


@pytest.mark.parametrize(("kind", "key"), [("forks", "owner"), ("issues", "user")])
def test_entries_without_an_account_are_omitted(client: API, standin: GitHubStandIn, kind: Kind, key: str) -> None:
    entries = [{key: None}, {key: {"login": "zeke", "id": 26}}]
    standin.faults[f"{ROOT}/repos/octocat/hello-world/{kind}"] = responding_with_json(entries)
    assert read_list(client, kind, "octocat/hello-world") == [Account("zeke", 26)]


@pytest.mark.parametrize(
    ("mode", "error"), [("api-stargazers-404", NoSuchRepository), ("api-stargazers-403", ListUnavailable)]
)
def test_hidden_stargazers_are_explained(
    client: API, standin: GitHubStandIn, mode: str, error: type[Exception]
) -> None:
    standin.mode = MODES[mode]
    with pytest.raises(error, match=r"only to the admins and collaborators .* GH Archive with --gharchive"):
        read_list(client, "stargazers", "octocat/hello-world")


@pytest.mark.parametrize("status", [403, 410, 451])
def test_refusal_of_a_list_is_distinguished_from_that_of_a_proxy(
    client: API, standin: GitHubStandIn, status: int
) -> None:
    path = f"{ROOT}/repos/octocat/hello-world/issues"
    standin.faults[path] = responding(status, {}, b'{"message": "Issues are disabled for this repo"}')
    with pytest.raises(ListUnavailable, match=rf"\(HTTP {status}, 'Issues are disabled for this repo'\): check what"):
        read_list(client, "issues", "octocat/hello-world")
    standin.faults[path] = responding(status, {}, b"<html>Blocked</html>")
    with pytest.raises(Unreachable, match=rf"\(HTTP {status}\): check GITHUB_URL"):
        read_list(client, "issues", "octocat/hello-world")


def test_page_has_100_accounts_and_the_number_of_pages(client: API, standin: GitHubStandIn) -> None:
    pages = list(lists.pages(client, "stargazers", "octocat/hello-world"))
    full, rest = divmod(len(ALL_ACCOUNTS), 100)
    assert [len(page.accounts) for page in pages] == [100] * full + [rest]
    assert [page.page_count for page in pages] == [full + 1] * full + [None]
    assert standin.requests.total() == full + 1
    assert standin.connections == 1


def test_pages_are_requested_lazily(client: API, standin: GitHubStandIn) -> None:
    pages = lists.pages(client, "stargazers", "octocat/hello-world")
    assert standin.requests.total() == 0
    next(pages)
    assert standin.requests.total() == 1


def test_list_resumes_at_a_cursor(client: API) -> None:
    for number, page in enumerate(lists.pages(client, "stargazers", "octocat/hello-world"), 1):
        rest = [] if page.cursor is None else read_list(client, "stargazers", "octocat/hello-world", page.cursor)
        assert rest == ALL_ACCOUNTS[100 * number :]


def test_without_a_token_only_public_members_are_listed(standin: GitHubStandIn) -> None:
    with API(standin.url) as client:
        assert read_list(client, "members", "octo-org") == ALL_ACCOUNTS[::50]


def test_contributors_without_an_account_are_omitted(client: API, standin: GitHubStandIn) -> None:
    anonymous = {"type": "Anonymous", "name": "Zeke", "email": "zeke@example.com", "contributions": 1}
    standin.faults[STARGAZERS] = responding_with_json(
        [{"login": "zeke", "id": 26}, anonymous, None, {"login": "bot[bot]", "id": 3}]
    )
    assert read_list(client, "stargazers", "octocat/hello-world") == [Account("zeke", 26), Account("bot[bot]", 3)]


def test_headers_of_a_request(client: API, standin: GitHubStandIn) -> None:
    requests: list[dict[str, str]] = []

    def record(exchange: Exchange) -> bool:
        requests.append(dict(exchange.headers))
        return False

    standin.faults[STARGAZERS] = record
    list(lists.pages(client, "stargazers", "octocat/hello-world"))
    assert requests[0]["Authorization"] == f"Bearer {TOKEN}"
    assert requests[0]["Accept"] == "application/vnd.github+json"
    assert requests[0]["X-GitHub-Api-Version"] == api.VERSION
    assert requests[0]["User-Agent"] == "github-avatars"


@pytest.mark.parametrize(
    ("kind", "name", "error"),
    [
        ("stargazers", "octocat/nothing", NoSuchRepository),
        ("contributors", "nobody/hello-world", NoSuchRepository),
        ("members", "octocat", NoSuchAccount),
        ("followers", "nobody-here", NoSuchAccount),
    ],
)
def test_missing_list(client: API, kind: Kind, name: str, error: type[GitHubAvatarsError]) -> None:
    with pytest.raises(error, match=rf"has no .*{name}.*: check the spelling") as caught:
        read_list(client, kind, name)
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
def test_invalid_name_sends_no_request(
    client: API, standin: GitHubStandIn, kind: Kind, name: str, error: type[GitHubAvatarsError]
) -> None:
    with pytest.raises(error) as caught:
        read_list(client, kind, name)
    assert type(caught.value) is error
    assert str(caught.value).isprintable()
    assert standin.requests.total() == 0


def test_rejected_token(client: API, standin: GitHubStandIn) -> None:
    standin.rest.token = "another"
    with pytest.raises(BadToken, match=r"does not accept the token \(HTTP 401\)"):
        read_list(client, "stargazers", "octocat/hello-world")
    assert standin.requests.total() == 1


def test_list_that_requires_a_token() -> None:
    with (
        GitHubStandIn(mode=MODES["api-401"]) as standin,
        API(standin.url) as client,
        pytest.raises(LoginRequired, match="give one in GITHUB_TOKEN"),
    ):
        read_list(client, "followers", "octocat")


def test_error_repeats_the_message_of_github(client: API, standin: GitHubStandIn) -> None:
    message = "The history or contributor list is too large to list contributors for this repository via the API."
    standin.faults[f"{ROOT}/repos/octocat/hello-world/contributors"] = responding(
        403, {"x-ratelimit-remaining": "4999", "x-ratelimit-reset": "1"}, json.dumps({"message": message}).encode()
    )
    expected = rf"refuses the contributors of octocat/hello-world \(HTTP 403, '{message}'\)"
    with pytest.raises(ListUnavailable, match=expected):
        read_list(client, "contributors", "octocat/hello-world")
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
def test_error_repeats_no_unsafe_message(client: API, standin: GitHubStandIn, body: bytes) -> None:
    standin.faults[STARGAZERS] = responding(422, {}, body)
    with pytest.raises(Unreachable, match=r"\(HTTP 422(, \"\['a'\]\")?\): check") as caught:
        read_list(client, "stargazers", "octocat/hello-world")
    assert "ghp_" not in str(caught.value)


@pytest.mark.parametrize("fault", [resetting(), responding(502), responding(200, {"Content-Length": "99"}, b"[]")])
def test_transient_failure_is_retried(client: API, standin: GitHubStandIn, fault: Fault) -> None:
    standin.faults[f"{ROOT}/repositories/1296269/stargazers"] = once(fault, RETRIES)
    assert read_list(client, "stargazers", "octocat/hello-world") == ALL_ACCOUNTS
    standin.faults[STARGAZERS] = fault
    standin.requests.clear()
    with pytest.raises(Unreachable):
        read_list(client, "stargazers", "octocat/hello-world")
    assert standin.requests.total() == 1 + RETRIES


def test_oversized_page_is_abandoned(standin: GitHubStandIn) -> None:
    with API(standin.url, backoff=0) as client:
        standin.faults[STARGAZERS] = responding(200, {}, b" " * (api.MAX_BYTES + 1))
        with pytest.raises(Unreachable, match="sent no complete response"):
            with_timeout(lambda: read_list(client, "stargazers", "octocat/hello-world"))


def test_pages_before_an_error_remain_valid(client: API, standin: GitHubStandIn) -> None:
    pages = lists.pages(client, "stargazers", "octocat/hello-world")
    assert next(pages).accounts == tuple(ALL_ACCOUNTS[:100])
    standin.mode = MODES["500"]
    with pytest.raises(Unreachable):
        next(pages)


def test_rate_limit_is_waited_for(standin: GitHubStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limit, "MARGIN", timedelta(seconds=0.1))
    standin.rest.rate_limit.limit, standin.rest.rate_limit.window = 2, 1
    waits: list[RateLimited] = []

    def wait(limited: RateLimited) -> None:
        waits.append(limited)
        rate_limit.wait(limited)

    with API(standin.url, token=TOKEN, wait=wait) as client:
        assert read_list(client, "stargazers", "octocat/hello-world") == ALL_ACCOUNTS
    assert "limits the rate of requests (HTTP 403) and refuses the stargazers of octocat/hello-world" in str(waits[0])


def test_without_waiting_a_rate_limit_is_an_error_with_its_end(standin: GitHubStandIn) -> None:
    standin.rest.rate_limit.limit = 2
    with API(standin.url) as client:
        pages = lists.pages(client, "stargazers", "octocat/hello-world")
        assert len([next(pages), next(pages)]) == 2
        with pytest.raises(RateLimited, match="without a token: retry after") as caught:
            next(pages)
    assert caught.value.until
    assert timedelta(minutes=58) < caught.value.until - datetime.now(UTC) < timedelta(minutes=61)


@pytest.mark.parametrize(
    ("mode", "has_end"),
    [
        ("api-rate-limit", True),
        ("api-secondary-limit", False),
        ("403-retry-after", True),
        ("429-retry-after-date", True),
        ("429", False),
    ],
)
def test_every_form_of_rate_limit(mode: str, has_end: bool) -> None:
    with GitHubStandIn(mode=MODES[mode]) as standin, API(standin.url, token=TOKEN) as client:
        with pytest.raises(RateLimited) as caught:
            read_list(client, "stargazers", "octocat/hello-world")
        assert (caught.value.until is not None) == has_end
        assert standin.requests.total() == 1


def test_repeated_rate_limits_are_an_error() -> None:
    waited: list[RateLimited] = []
    with GitHubStandIn(mode=MODES["429"]) as standin, API(standin.url, wait=waited.append) as client:
        with pytest.raises(RateLimited):
            read_list(client, "stargazers", "octocat/hello-world")
        assert standin.requests.total() == 1 + api.MAX_WAITS
    assert len(waited) == api.MAX_WAITS


@pytest.fixture
def other_host() -> Iterator[GitHubStandIn]:
    """A host that must receive no connection."""
    with GitHubStandIn() as other_host:
        yield other_host
        assert other_host.connections == 0


@pytest.mark.parametrize(
    "target",
    [
        "{other}/api/v3/repositories/1/stargazers?page=2",
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
@pytest.mark.parametrize("source", ["link", "redirect", "cursor"])
def test_no_request_leaves_the_api(
    client: API, standin: GitHubStandIn, other_host: GitHubStandIn, target: str, source: str
) -> None:
    host = other_host.url.removeprefix("http://")
    address = target.format(other=other_host.url, standin=standin.url, host=host)
    if source == "link":
        standin.faults[STARGAZERS] = responding_with_json([], Link=f'<{address}>; rel="next"')
    elif source == "redirect":
        standin.faults[STARGAZERS] = responding(302, {"Location": address})
    with pytest.raises(ForeignRedirect):
        read_list(client, "stargazers", "octocat/hello-world", *[address] * (source == "cursor"))
    assert set(standin.requests) <= {f"{STARGAZERS}?per_page=100"}


def test_redirect_loop(client: API, standin: GitHubStandIn) -> None:
    standin.faults[STARGAZERS] = responding(302, {"Location": STARGAZERS})
    with pytest.raises(ForeignRedirect, match="more than 5 times"):
        read_list(client, "stargazers", "octocat/hello-world")


def test_token_requires_https() -> None:
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
def test_link_header(link: str, expected: list[tuple[str, str]]) -> None:
    assert api._links({"Link": link}) == expected


def test_malicious_link_header_takes_no_time() -> None:
    for text in ("<" * 60_000, "<a>" + " " * 60_000, "<a>;" + "rel=" * 15_000, "<a>; rel" + " " * 60_000):
        with_timeout(partial(api._links, {"Link": text}))
