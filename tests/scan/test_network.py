"""The network of a scan: accounts, edges, communities and GraphML."""

import io
from collections.abc import Iterator
from pathlib import Path

import networkx
import pytest
from sklearn.metrics import adjusted_rand_score

from github_avatars.demo import Graph
from github_avatars.demo.graph import ACCOUNTS
from github_avatars.github import Account, Profile
from github_avatars.scan import network
from github_avatars.scan.network import Network
from github_avatars.scan.rows import REDACTED, UNSURE, Result
from github_avatars.scan.store import Store
from tests.support.networks import MISSING, MODEL, result_for, write_graph, write_network

GRAPH = Graph()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    path = write_graph(tmp_path_factory.mktemp("network") / "scan.db", GRAPH)
    with Store(path) as store:
        yield store


@pytest.fixture(scope="module")
def whole(store: Store) -> Network:
    return network.read(store)


def test_planted_communities_are_found(whole: Network) -> None:
    planted = [number % 2 for number in range(ACCOUNTS)]
    assert adjusted_rand_score(planted, whole.communities) >= 0.95
    assert whole.communities.count(1) >= whole.communities.count(2)
    assert network.find_communities(ACCOUNTS, whole.edges) == whole.communities


def test_communities_are_numbered_by_size() -> None:
    edges = [(0, 1), (2, 3), (3, 4), (4, 2), (6, 7)]
    assert network.find_communities(8, edges) == [2, 2, 1, 1, 1, None, 3, 3]


def test_accounts_and_edges_are_those_of_the_store(whole: Network) -> None:
    assert [row["login"] for row in whole.rows] == list(GRAPH.accounts)
    assert whole.edges == sorted(GRAPH.edges)
    assert whole.rows[MISSING - 1]["status"] == "no-such-account"


def test_one_account_in_two_spellings_is_one_account(tmp_path: Path) -> None:
    accounts = [Account("zeke"), Account("anna", 2), Account("hans", 3), Account("zeke-again", 1)]
    results = [result_for(1, True), result_for(2, False), result_for(3, False), result_for(1, True)]
    edges = [(0, 1), (3, 1), (0, 3), (2, 3)]
    path = write_network(tmp_path / "scan.db", accounts, results, edges)
    with Store(path) as store:
        with store.transaction() as connection:
            connection.execute("UPDATE accounts SET account_id = 1 WHERE name = '@zeke'")
        found = network.read(store)
        assert [row["login"] for row in found.rows] == ["zeke", "anna", "hans"]
        assert found.edges == [(0, 1), (2, 0)]
        # Another run has fewer inputs, and one of them twice.
        store.begin([("#2", accounts[1]), ("#2", Account("Anna", 2)), ("#3", accounts[2])], MODEL)
        found = network.read(store)
        assert ([row["login"] for row in found.rows], found.edges) == (["anna", "hans"], [])
        assert found.communities == [None, None]


def test_redacted_rows_have_nothing_that_identifies_an_account(store: Store, whole: Network) -> None:
    redacted = network.read(store, redact=True)
    assert redacted.redacted
    assert (redacted.edges, redacted.communities) == (whole.edges, whole.communities)
    assert all(row[name] is None for row in redacted.rows for name in REDACTED)
    assert not {row["login"] for row in redacted.rows} & GRAPH.accounts.keys()


def test_graphml_has_all_columns(store: Store, whole: Network) -> None:
    file = io.BytesIO()
    network.write_graphml(whole, file)
    graph = networkx.parse_graphml(file.getvalue().decode())
    assert graph.is_directed()
    assert sorted((int(follower), int(followed)) for follower, followed in graph.edges) == whole.edges
    for index, (row, columns) in enumerate(zip(store.rows(UNSURE), whole.rows, strict=True)):
        node = dict(graph.nodes[str(index)])
        assert node.pop("community") == whole.communities[index]
        assert columns == row.columns(profiles=True)
        assert node == {name: value for name, value in columns.items() if value is not None}
    assert networkx.get_node_attributes(graph, "login")["7"] == "graph-7"


def test_columns_of_profiles_are_attributes_if_they_are_known(tmp_path: Path) -> None:
    profile = Profile(1, "User", name="Zeke", followers=3)
    path = write_network(
        tmp_path / "scan.db",
        [Account("a", 1), Account("b", 2)],
        [result_for(1, True), Result()],
        [],
        profiles={"a": profile},
    )
    file = io.BytesIO()
    with Store(path) as store:
        network.write_graphml(network.read(store), file)
    graph = networkx.parse_graphml(file.getvalue().decode())
    assert [graph.nodes[node].get("name") for node in graph.nodes] == ["Zeke", None]
    assert [graph.nodes[node].get("followers") for node in graph.nodes] == [3, None]


def test_graphml_is_valid_for_any_text() -> None:
    rows = [dict.fromkeys(network.TYPES) | {"login": "\x00]]>&<\uffff", "error": 'a\n"b"', "probability": 1}]
    file = io.BytesIO()
    network.write_graphml(Network(rows, [1], [], [None]), file)
    graph = networkx.parse_graphml(file.getvalue().decode())
    assert graph.nodes["0"] == {"login": "\\x00]]>&<\\uffff", "error": 'a\\n"b"', "probability": 1.0}


def test_network_without_accounts(tmp_path: Path) -> None:
    with Store(tmp_path / "scan.db") as store:
        found = network.read(store)
    assert (found.rows, found.edges, found.communities) == ([], [], [])
    network.write_graphml(found, io.BytesIO())


def test_pending_accounts_are_part_of_the_network(tmp_path: Path) -> None:
    path = write_network(tmp_path / "scan.db", [Account("a", 1), Account("b", 2)], [Result(), Result()], [(0, 1)])
    with Store(path) as store:
        found = network.read(store)
    assert [row["status"] for row in found.rows] == ["pending", "pending"]
    assert found.communities == [1, 1]
