"""A scan as a network: its accounts, which of them follow which, and the communities that they form.

It needs the extra `map`, so nothing else here imports this module.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

import networkx

from github_avatars.scan.rows import COLUMNS, PROFILE_COLUMNS, UNSURE, Columns, UncertaintyRange, redactor
from github_avatars.scan.store import Store
from github_avatars.text import printable

TYPES = COLUMNS | PROFILE_COLUMNS

SEED = 0
"""The seed of the Louvain method, which visits the accounts in a random order."""


@dataclass(frozen=True)
class Network:
    """The accounts of a run, each once, and the edges between them. Accounts are given by their index in `rows`."""

    rows: Sequence[Columns]
    """The columns of each account's first row, with those of its profile."""
    numbers: Sequence[int]
    """The number of each account in the store."""
    edges: Sequence[tuple[int, int]]
    """The follower and the followed account of each edge, in ascending order."""
    communities: Sequence[int | None]
    """The community of each account: 1 is the largest one. None for an account without edges."""
    redacted: bool = False
    """Whether the rows are redacted."""


def read(store: Store, unsure: UncertaintyRange = UNSURE, *, redact: bool = False) -> Network:
    """The network of the accounts of the last run in a store.

    An account that was given both by its login and by its id is one account if its id is known. Edges to accounts that
    are not among the inputs of the run are omitted. With `redact`, the rows are those of `rows.redactor`.

    Raises BadFile if the store cannot be read.
    """
    transform = redactor() if redact else lambda columns: columns
    rows: list[Columns] = []
    numbers: list[int] = []
    by_id: dict[int, int] = {}
    by_number: dict[int, int] = {}
    for number, row in store.numbered_rows(unsure):
        if number in by_number:
            continue
        index = len(rows) if row.account_id is None else by_id.setdefault(row.account_id, len(rows))
        by_number[number] = index
        if index == len(rows):
            rows.append(transform(row.columns(profiles=True)))
            numbers.append(number)
    edges = sorted(set(_edges(store, by_number)))
    return Network(rows, numbers, edges, find_communities(len(rows), edges), redact)


def _edges(store: Store, by_number: dict[int, int]) -> Iterator[tuple[int, int]]:
    for follower, followed in store.edges():
        edge = by_number.get(follower), by_number.get(followed)
        if edge[0] is not None and edge[1] is not None and edge[0] != edge[1]:
            yield edge[0], edge[1]


def find_communities(accounts: int, edges: Sequence[tuple[int, int]]) -> Sequence[int | None]:
    """The community of each account, by the Louvain method. 1 is the largest one; None stands for no edges.

    The direction of an edge does not matter; two accounts that follow each other are connected twice. The result
    depends on nothing but the arguments.

    Source: V. D. Blondel et al., Fast unfolding of communities in large networks, J. Stat. Mech. P10008 (2008).
    """
    graph = networkx.Graph()
    for follower, followed in edges:
        weight = graph.get_edge_data(follower, followed, {"weight": 0})["weight"]
        graph.add_edge(follower, followed, weight=weight + 1)
    found = networkx.community.louvain_communities(graph, seed=SEED) if edges else []
    communities: list[int | None] = [None] * accounts
    for number, members in enumerate(sorted(found, key=lambda members: (-len(members), min(members))), 1):
        for member in members:
            communities[member] = number
    return communities


def write_graphml(network: Network, file: BinaryIO) -> None:
    """Write the network as GraphML, which Gephi and other programs read.

    The attributes of a node are the columns of its account that have a value, and its community.
    """
    graph = networkx.DiGraph()
    for index, (columns, community) in enumerate(zip(network.rows, network.communities, strict=True)):
        values = {name: _value(kind, columns[name]) for name, kind in TYPES.items() if columns[name] is not None}
        graph.add_node(index, **values, **({} if community is None else {"community": community}))
    graph.add_edges_from(network.edges)
    networkx.write_graphml_xml(graph, file)


def _value(kind: type, value: Any) -> Any:
    # XML does not allow all characters.
    return printable(value) if kind is str else kind(value)
