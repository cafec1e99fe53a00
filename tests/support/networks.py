"""Stores of scans whose accounts follow each other, written without requests."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from github_avatars.demo import AVATARS, Graph
from github_avatars.features import Features
from github_avatars.github import Account, Profile
from github_avatars.prediction import Prediction
from github_avatars.scan.rows import Result
from github_avatars.scan.store import Outcome, Store, account_key
from github_avatars.training import dataset

MODEL = "0" * 64
HOST = "https://github.example"
MISSING = 50
"""Every so many accounts, one does not exist."""


def write_network(
    path: Path,
    accounts: Sequence[Account],
    results: Sequence[Result],
    edges: Sequence[tuple[int, int]],
    pictures: Sequence[bytes | None] = (),
    profiles: Mapping[str, Profile] | None = None,
) -> Path:
    """Write a store.

    An edge is the places of its follower and of the followed account in `accounts`. `profiles` are by login.
    """
    keys = [account_key(account) for account in accounts]
    profiles = profiles or {}
    with Store(path) as store:
        store.begin(zip(keys, accounts, strict=True), MODEL, host=HOST, keep_pictures=bool(pictures))
        kept = pictures or [None] * len(accounts)
        store.write(
            Outcome(
                due.number, replace(result, account_id=due.account_id), 64, None, picture, profiles.get(due.login or "")
            )
            for due, result, picture in zip(store.due(64, None), results, kept, strict=True)
        )
        with store.transaction() as connection:
            store.add_edges(connection, ((keys[follower], keys[followed]) for follower, followed in edges))
        store.end("complete")
    return path


def result_for(account_id: int, has_default_avatar: bool) -> Result:
    """A plausible result. The features of custom avatars depend on the account id."""
    features = Features(440, 2, 0.0) if has_default_avatar else Features(0, 2 + account_id % 500, account_id % 97 / 97)
    prediction = Prediction(
        "default" if has_default_avatar else "custom",
        0.999 if has_default_avatar else 0.001,
        features,
        account_id=account_id,
        verified=True if has_default_avatar else None,
        href=f"{HOST}/u/{account_id}?v=4",
    )
    return Result.of_prediction(prediction)


def write_graph(path: Path, graph: Graph, *, keep_pictures: bool = False) -> Path:
    """Write a store with the accounts of a graph."""
    accounts = [Account(login, account_id) for login, account_id in graph.accounts.items()]
    results, pictures = [], []
    custom = [
        (AVATARS / example.file).read_bytes() for example in dataset.read_index(AVATARS) if example.label == "custom"
    ]
    for place, (account_id, has_default) in enumerate(
        zip(graph.accounts.values(), graph.has_default_avatar, strict=True)
    ):
        is_missing = place % MISSING == MISSING - 1
        results.append(Result(status="no-such-account") if is_missing else result_for(account_id, has_default))
        pictures.append(None if is_missing or has_default else custom[place % len(custom)])
    return write_network(path, accounts, results, graph.edges, pictures if keep_pictures else ())
