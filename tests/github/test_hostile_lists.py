"""Responses of the REST API that are no lists, or whose pages never end."""

import json
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from github_avatars.demo import Exchange, Fault, GitHubStandIn, responding
from github_avatars.demo.rest import ROOT
from github_avatars.errors import Unreachable
from github_avatars.github import API, lists
from tests.support.timing import with_timeout

STARGAZERS = f"{ROOT}/repos/octocat/hello-world/stargazers"
HOSTILE_IDS = [
    *(b"0", b"-1", b"1.0", b"7.5", b"1e3", b"1e400", b"NaN", b"Infinity", b"true", b"null", b'"7"', b"[7]", b"{}"),
    *(b"1000000000000000000", b"9223372036854775808", b"9" * 4000),
]
"""As JSON."""

HOSTILE_LOGINS: list[object] = [
    *(7, None, True, [], {}, "", " ", "a b", "a/b", "../a", "a\n", "\0", "\x1b[31m", "\ud800", "zoë", "\u0430dmin"),
    *("[bot]", "a[bot]b", "a[Bot]", "=1+1", "x" * 101, "x" * 1_000_000),
]


@pytest.fixture
def standin() -> Iterator[GitHubStandIn]:
    with GitHubStandIn() as standin:
        yield standin


@pytest.fixture
def client(standin: GitHubStandIn) -> Iterator[API]:
    with API(standin.url, backoff=0) as client:
        yield client


def read_pages(client: API, read: list[lists.Page], *cursors: str) -> None:
    """Append the stargazers of octocat/hello-world to `read`, which keeps the pages before an error."""
    for page in lists.pages(client, "stargazers", "octocat/hello-world", cursors):
        read.append(page)


def responding_with_json(data: object, **headers: str) -> Fault:
    return responding(200, {"Content-Type": "application/json", **headers}, json.dumps(data).encode())


@pytest.mark.parametrize(
    "fault",
    [
        responding(200, {"Content-Type": "text/html"}, b"<!DOCTYPE html><title>Sign in</title>"),
        responding(200, {}, b"[" * 100_000),
        responding_with_json({"message": "hello"}),
        responding_with_json("login"),
        responding_with_json(7),
        responding_with_json([[]]),
        responding_with_json([{"login": "zeke"}]),
        responding(200, {}, b"1" * 5000),
        responding(200, {}, b'[{"login": "zeke", "id": ' + b"[" * 50_000 + b"]" * 50_000 + b"}]"),
        *(
            responding(200, {}, b'[{"login": "a", "id": 1}, {"login": "b", "id": %b}]' % number)
            for number in HOSTILE_IDS
        ),
        *(responding_with_json([{"login": "a", "id": 1}, {"login": login, "id": 7}]) for login in HOSTILE_LOGINS),
    ],
)
def test_response_that_is_not_a_list(client: API, standin: GitHubStandIn, fault: Fault) -> None:
    standin.faults[STARGAZERS] = fault
    with pytest.raises(Unreachable, match="is not the stargazers of octocat/hello-world"):
        read_pages(client, [])


@pytest.mark.parametrize(
    ("links", "pages_before_the_error"),
    [
        # The page to which each page links.
        ({1: 1}, 0),
        ({1: 2, 2: 2}, 1),
        ({1: 2, 2: 1}, 1),
        ({1: 2, 2: 3, 3: 4, 4: 2}, 3),
    ],
)
def test_pages_in_a_circle_are_requested_once(
    client: API, standin: GitHubStandIn, links: dict[int, int], pages_before_the_error: int
) -> None:
    def fault(exchange: Exchange) -> bool:
        number = int((parse_qs(urlsplit(exchange.path).query)).get("page", ["1"])[0])
        page = "per_page=100" if links[number] == 1 else f"page={links[number]}"
        return responding_with_json([{"login": "zeke", "id": number}], Link=f'<?{page}>; rel="next"')(exchange)

    standin.faults[STARGAZERS] = fault
    read: list[lists.Page] = []
    with pytest.raises(Unreachable, match="links the pages of the stargazers of octocat/hello-world without end"):
        with_timeout(lambda: read_pages(client, read))
    assert len(read) == pages_before_the_error
    assert standin.requests.total() == len(links)
    assert set(standin.requests.values()) == {1}


def linking_forever(exchange: Exchange) -> bool:
    """A fault that links each page to another one."""
    number = int(parse_qs(urlsplit(exchange.path).query).get("page", ["1"])[0])
    accounts = [{"login": "zeke", "id": number}]
    return responding_with_json(accounts, Link=f'<?page={number + 1}>; rel="next"')(exchange)


def test_number_of_pages_is_limited(client: API, standin: GitHubStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also for a list that is read in several runs."""
    monkeypatch.setattr(lists, "PAGE_LIMIT", 5)
    standin.faults[STARGAZERS] = linking_forever
    read: list[lists.Page] = []
    with pytest.raises(Unreachable, match="without end"):
        read_pages(client, read)
    assert [page.accounts[0].account_id for page in read] == [1, 2, 3, 4, 5]
    cursors = [page.cursor or "" for page in read]
    for length, remaining in ((2, 3), (5, 0)):
        read.clear()
        standin.requests.clear()
        with pytest.raises(Unreachable, match="without end"):
            read_pages(client, read, *cursors[:length])
        assert len(read) == standin.requests.total() == remaining


def test_circle_to_a_page_of_an_earlier_run(client: API, standin: GitHubStandIn) -> None:
    read: list[lists.Page] = []
    cursors = [f"{client.url}/repos/octocat/hello-world/stargazers?page={number}" for number in (2, 3)]
    standin.faults[STARGAZERS] = responding_with_json([], Link='<?page=2>; rel="next"')
    with pytest.raises(Unreachable, match="without end"):
        read_pages(client, read, *cursors)
    assert not read
    assert standin.requests.total() == 1


def test_long_link_is_not_followed(client: API, standin: GitHubStandIn) -> None:
    standin.faults[STARGAZERS] = responding_with_json([], Link=f'<?page=2&{"x" * lists.MAX_LINK}>; rel="next"')
    with pytest.raises(Unreachable, match="without end"):
        read_pages(client, [])
    assert standin.requests.total() == 1
