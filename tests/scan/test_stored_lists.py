"""Lists of GitHub in a scan: each account once, all repositories of an organization, and resuming."""

import json
from collections import Counter
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from github_avatars.demo import AVATARS, MODES, GitHubStandIn, responding
from github_avatars.demo.rest import ROOT
from github_avatars.errors import ListUnavailable, NoSuchAccount, RateLimited
from github_avatars.github import Account, Kind
from github_avatars.scan import Observer, Sources
from github_avatars.scan.store import Store
from github_avatars.training import dataset

ACCOUNTS = [Account(example.login, example.account_id) for example in dataset.read_index(AVATARS)]
OF_ORGANIZATION = ACCOUNTS[:240]
ISSUE_AUTHORS = [ACCOUNTS[number * 7 % len(ACCOUNTS)] for number in range(365)]


class Notes(Observer):
    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, message: str) -> None:
        self.notes.append(message)


@pytest.fixture
def standin(monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHubStandIn]:
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    with GitHubStandIn() as standin:
        monkeypatch.setenv("GITHUB_URL", standin.url)
        yield standin


@pytest.fixture
def store() -> Iterator[Store]:
    with Store(":memory:") as store:
        yield store


def read(store: Store, *lists: tuple[Kind, str], observer: Observer | None = None) -> list[Account]:
    found = Sources(lists=lists).accounts(store, wait=False, observer=observer or Observer())
    return [account for _, account in found]


def pages(standin: GitHubStandIn) -> Counter[str]:
    """The number of requests by kind of list."""
    paths = (urlsplit(path).path for path in standin.requests.elements())
    return Counter(path.rpartition("/")[2] for path in paths if path.startswith(ROOT))


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        ("forks", "octocat/hello-world", ACCOUNTS[::3]),
        ("issues", "octocat/hello-world", ISSUE_AUTHORS),
        ("contributors", "octo-org", OF_ORGANIZATION),
    ],
)
@pytest.mark.usefixtures("standin")
def test_each_account_of_a_list_once(store: Store, kind: Kind, name: str, expected: list[Account]) -> None:
    assert read(store, (kind, name)) == expected


@pytest.mark.usefixtures("standin")
def test_account_of_two_lists_is_in_both(store: Store) -> None:
    assert read(store, ("contributors", "octo-org"), ("contributors", "octo-org/repo-0")) == [
        *OF_ORGANIZATION,
        *ACCOUNTS[:40],
    ]


def test_organization_without_an_account_is_missing(store: Store, standin: GitHubStandIn) -> None:
    with pytest.raises(NoSuchAccount, match="has no organization octocat: check the spelling"):
        read(store, ("contributors", "octocat"))
    assert standin.requests.total() == 1


@pytest.mark.parametrize("requests", range(0, 15, 2))
def test_interrupted_organization_resumes_where_it_stopped(store: Store, standin: GitHubStandIn, requests: int) -> None:
    """One page of repositories, and one of contributors for each of the 12."""
    standin.rest.rate_limit.limit = requests
    if requests < 13:
        with pytest.raises(RateLimited):
            read(store, ("contributors", "octo-org"))
    standin.rest.rate_limit.limit = 100
    assert read(store, ("contributors", "octo-org")) == OF_ORGANIZATION
    assert pages(standin) - Counter(contributors=1) <= Counter(repos=1 + (requests == 0), contributors=13)


def test_repository_that_cannot_be_read_is_noted(store: Store, standin: GitHubStandIn) -> None:
    message = json.dumps({"message": "The history or contributor list is too large"}).encode()
    standin.faults[f"{ROOT}/repos/octo-org/repo-0/contributors"] = responding(403, {}, message)
    standin.faults[f"{ROOT}/repos/octo-org/repo-1/contributors"] = responding(404)
    observer = Notes()
    assert read(store, ("contributors", "octo-org"), observer=observer) == ACCOUNTS[40:240]
    assert len(observer.notes) == 2
    assert observer.notes[0].startswith("The contributors of octo-org/repo-0 are omitted. ")
    assert "too large" in observer.notes[0]
    assert observer.notes[1].startswith("The contributors of octo-org/repo-1 are omitted. ")


def test_empty_list_of_stargazers_is_an_error(store: Store, standin: GitHubStandIn) -> None:
    standin.mode = MODES["api-stargazers-empty"]
    with pytest.raises(ListUnavailable, match=r"^The stargazers of octocat/hello-world are an empty list.*--gharchive"):
        read(store, ("stargazers", "octocat/hello-world"))
    assert read(store, ("contributors", "octocat/empty")) == []


def test_address_of_an_app_survives_an_interruption(store: Store, standin: GitHubStandIn) -> None:
    app = {"login": "x-ci[bot]", "id": 9, "avatar_url": f"{standin.url}/in/7?v=4"}
    body = json.dumps([app]).encode()
    standin.faults[f"{ROOT}/repos/octo-org/repo-0/contributors"] = responding(200, {}, body)
    first = next(Sources(lists=[("contributors", "octo-org/repo-0")]).accounts(store, wait=False, observer=Observer()))
    standin.requests.clear()
    assert read(store, ("contributors", "octo-org/repo-0")) == [first[1]]
    assert first[1].avatar_url == f"{standin.url}/in/7?v=4"
    assert standin.requests.total() == 0
