"""The graph of the stand-in: its edges, and its accounts over HTTP."""

import json
import re
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection

import pytest

from github_avatars import identicon
from github_avatars.demo import GitHubStandIn, Graph
from github_avatars.demo.graph import ACCOUNTS, DEFAULT_SHARE, INSIDE, OUTSIDE
from github_avatars.github import GitHub
from github_avatars.picture import decoding
from tests.support.timing import TIMEOUT

GRAPH = Graph()


@pytest.fixture(scope="module")
def standin() -> Iterator[GitHubStandIn]:
    with GitHubStandIn(graph=GRAPH) as standin:
        yield standin


def listed(standin: GitHubStandIn, login: str, relation: str) -> list[str]:
    """The logins on a list of the API, in pages of five."""
    logins: list[str] = []
    with closing(HTTPConnection(standin.url.removeprefix("http://"), timeout=TIMEOUT)) as connection:
        path = f"/api/v3/users/{login}/{relation}?per_page=5"
        while path:
            connection.request("GET", path)
            response = connection.getresponse()
            logins += [user["login"] for user in json.loads(response.read())]
            match = re.search('<([^<>]*)>; rel="next"', response.headers.get("Link", ""))
            path = match[1].removeprefix(standin.url) if match else ""
    return logins


def test_graph_has_two_communities_and_is_the_same_each_time() -> None:
    edges = GRAPH.edges
    assert Graph().edges == edges != Graph(seed=1).edges
    assert len(set(edges)) == len(edges)
    assert all(follower != followed for follower, followed in edges)
    inside = sum((follower - followed) % 2 == 0 for follower, followed in edges)
    assert inside / ACCOUNTS == pytest.approx(INSIDE, rel=0.05)
    assert (len(edges) - inside) / ACCOUNTS == pytest.approx(OUTSIDE, rel=0.1)
    for community, share in enumerate(DEFAULT_SHARE):
        assert sum(GRAPH.has_default_avatar[community::2]) / (ACCOUNTS / 2) == pytest.approx(share, abs=0.06)


def test_followers_and_following_are_listed_in_pages(standin: GitHubStandIn) -> None:
    followers = [f"graph-{follower}" for follower, followed in GRAPH.edges if followed == 7]
    following = [f"graph-{followed}" for follower, followed in GRAPH.edges if follower == 7]
    assert len(followers) > 5
    assert listed(standin, "Graph-7", "followers") == followers
    assert listed(standin, "graph-7", "following") == following
    assert "graph-0" not in listed(standin, "octocat", "following") + listed(standin, "octocat", "followers")


def test_avatars_are_identicons_or_those_of_the_folder(standin: GitHubStandIn) -> None:
    with GitHub(standin.url) as github:
        for number in range(20):
            avatar = github.fetch(f"graph-{number}")
            picture = decoding.decode(avatar.data)
            assert avatar.account_id
            assert identicon.is_of(picture, avatar.account_id) == GRAPH.has_default_avatar[number]
