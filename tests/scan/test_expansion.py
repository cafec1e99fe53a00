"""Expansions of scans: accounts, depths and edges like those of a search in the graph of the stand-in."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from github_avatars.demo import MODES, Exchange, GitHubStandIn, Graph, responding
from github_avatars.demo.rest import ROOT
from github_avatars.errors import BadInput, BadOption, BadToken, RateLimited
from github_avatars.github import Account
from github_avatars.scan import Expansion, Observer, Row, Scan, ScanOptions, Sources, scan
from github_avatars.scan.options import MAX_DEPTH
from github_avatars.scan.store import Store

GRAPH = Graph()
BY_LOGIN = GRAPH.accounts
LOGINS = list(BY_LOGIN)
ORDERED = ScanOptions(ordered=True)


class Recorder(Observer):
    """Records the notes and the calls of `expand`. The scan's `stop` may be called when it waits."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.lists: list[tuple[int, int, int | None]] = []
        self.stop: Callable[[], None] = lambda: None

    def note(self, message: str) -> None:
        self.notes.append(message)

    def expand(self, depth: int, lists: int, remaining: int | None) -> None:
        self.lists.append((depth, lists, remaining))

    def wait(self, _: float) -> None:
        self.stop()


@pytest.fixture(scope="module")
def shared() -> Iterator[GitHubStandIn]:
    with GitHubStandIn(graph=GRAPH) as standin:
        yield standin


@pytest.fixture(autouse=True)
def standin(shared: GitHubStandIn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> GitHubStandIn:
    """The shared stand-in in its initial state. Its address is that of GitHub."""
    shared.mode = None
    shared.faults.clear()
    shared.requests.clear()
    shared.rest.token, shared.rest.rate_limit.limit = None, 10**6
    monkeypatch.setenv("GITHUB_URL", shared.url)
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_0123456789")
    monkeypatch.chdir(tmp_path)
    return shared


def lists_of(relation: str) -> dict[int, list[int]]:
    lists: dict[int, list[int]] = {}
    for follower, followed in GRAPH.edges:
        account, listed = (followed, follower) if relation == "followers" else (follower, followed)
        lists.setdefault(account, []).append(listed)
    return lists


def search(expansion: Expansion, *starts: int) -> tuple[list[tuple[str, int]], set[tuple[int, int]]]:
    """The logins and depths of a breadth-first search in their order, and the edges on its way."""
    lists, depths, edges = lists_of(expansion.relation), dict.fromkeys(starts, 0), set()
    for account, depth in (queue := list(depths.items())):
        is_continued = expansion.only in (None, "default" if GRAPH.has_default_avatar[account] else "custom")
        for listed in lists.get(account, []) if depth < expansion.depth and is_continued else []:
            edges.add((listed, account) if expansion.relation == "followers" else (account, listed))
            if listed not in depths:
                depths[listed] = depth + 1
                queue.append((listed, depth + 1))
    return [(LOGINS[account], depth) for account, depth in queue], edges


def expand(
    expansion: Expansion, *names: str | Account, options: ScanOptions = ORDERED, observer: Observer | None = None
) -> list[Row]:
    return list(scan(Sources(names, expansion=expansion), options, observer=observer))


def depths(rows: list[Row]) -> list[tuple[str | None, int]]:
    return [(row.login, row.depth) for row in rows]


def edges(path: Path) -> list[tuple[str, str]]:
    """The logins of the accounts of each edge."""
    with Store(path) as store:
        logins = dict(store.query("SELECT number, login FROM accounts"))
        return [(logins[follower], logins[followed]) for follower, followed in store.edges()]


def pages(standin: GitHubStandIn) -> list[str]:
    return [path for path in standin.requests.elements() if path.startswith(f"{ROOT}/")]


def answering(data: object) -> Callable[[Exchange], bool]:
    return responding(200, {"Content-Type": "application/json"}, json.dumps(data).encode())


@pytest.mark.parametrize(
    "expansion",
    [
        Expansion(2),
        Expansion(2, "following"),
        Expansion(3, "followers", "default"),
        Expansion(3, "following", "custom"),
    ],
    ids=str,
)
def test_expansion_is_a_breadth_first_search(expansion: Expansion, standin: GitHubStandIn, tmp_path: Path) -> None:
    expected, expected_edges = search(expansion, 0, 3)
    options = ScanOptions(tmp_path / "scan.db", ordered=True)
    assert depths(expand(expansion, "graph-0", "graph-3", options=options)) == expected
    assert set(edges(tmp_path / "scan.db")) == {(LOGINS[a], LOGINS[b]) for a, b in expected_edges}
    # Nothing is requested twice, and a complete scan leaves no pages behind.
    assert max(standin.requests.values()) == 1
    with Store(tmp_path / "scan.db") as store:
        assert store.query("SELECT count(*) FROM pages") == [(0,)]


def test_list_is_expanded_as_it_is_read_in_any_order() -> None:
    followers = lists_of("followers")[0]
    sources = Sources(lists=[("followers", "graph-0")], expansion=Expansion(1, only="default"))
    expected, _ = search(Expansion(1, only="default"), *followers)
    assert sorted((row.login, row.depth) for row in scan(sources)) == sorted(expected)


@pytest.mark.parametrize("limit", [1, 2, 8, 50])
def test_limit_counts_all_accounts(limit: int, standin: GitHubStandIn, tmp_path: Path) -> None:
    expected, _ = search(Expansion(3), 0)
    recorder, options = Recorder(), ScanOptions(tmp_path / "scan.db", ordered=True)
    rows = expand(Expansion(3, limit=limit), "graph-0", options=options, observer=recorder)
    assert depths(rows) == expected[:limit]
    assert f"The limit (--limit) of {limit:,} accounts is reached" in recorder.notes[-1]
    assert {login for edge in edges(tmp_path / "scan.db") for login in edge} <= {login for login, _ in expected[:limit]}
    assert len(pages(standin)) <= limit


def test_limit_counts_the_accounts_of_the_sources(standin: GitHubStandIn) -> None:
    recorder = Recorder()
    sources = Sources(["graph-0", "GRAPH-0"], lists=[("followers", "default-3")], expansion=Expansion(limit=5))
    rows = list(scan(sources, ORDERED, observer=recorder))
    assert len(rows) == len({row.login for row in rows}) == 5
    assert any("The sources have more accounts than the limit (--limit) of 5" in note for note in recorder.notes)
    assert len(pages(standin)) == 1


def test_account_with_100_000_followers_is_read_up_to_the_limit(standin: GitHubStandIn) -> None:
    def respond(exchange: Exchange) -> bool:
        page = int(parse_qs(urlsplit(exchange.path).query).get("page", ["1"])[0])
        users = [{"login": f"f-{number}", "id": 10**9 + number} for number in range(100 * page - 100, 100 * page)]
        link = f'<{exchange.url}{ROOT}/users/graph-0/followers?per_page=100&page={page + 1}>; rel="next"'
        return responding(200, {"Link": link}, json.dumps(users).encode())(exchange)

    standin.faults[f"{ROOT}/users/graph-0/followers"] = respond
    for limit, page_count in ((201, 2), (250, 3)):
        standin.requests.clear()
        rows = expand(Expansion(2, limit=limit), "graph-0")
        assert [row.login for row in rows[1:]] == [f"f-{number}" for number in range(limit - 1)]
        assert len(pages(standin)) == page_count


def test_account_is_scanned_once_however_it_is_given(tmp_path: Path) -> None:
    """The sources have the login, the lists the login and the id."""
    follower = lists_of("followers")[0][0]
    login, account_id = LOGINS[follower], BY_LOGIN[LOGINS[follower]]
    expected, expected_edges = search(Expansion(), 0, follower)
    spellings: list[str | Account] = [login.upper(), Account(login, account_id), Account(None, account_id)]
    for number, given in enumerate(spellings):
        options = ScanOptions(tmp_path / f"{number}.db", ordered=True)
        rows = expand(Expansion(), "graph-0", given, Account(login, account_id), options=options)
        if given != Account(None, account_id):
            assert [((row.login or "").lower(), row.depth) for row in rows] == expected
            assert len(edges(options.db)) == len(expected_edges)  # type: ignore[arg-type]
        assert [row.depth for row in rows if row.account_id == account_id or row.login == given] == [0]


def test_lists_that_github_does_not_show_are_omitted_with_a_note(standin: GitHubStandIn) -> None:
    hidden, refused, *others = lists_of("followers")[0]
    standin.faults[f"{ROOT}/users/{LOGINS[hidden]}/followers"] = responding(404)
    message = json.dumps({"message": "Resource not accessible"}).encode()
    standin.faults[f"{ROOT}/users/{LOGINS[refused]}/followers"] = responding(403, {}, message)
    recorder = Recorder()
    rows = expand(Expansion(2), "graph-0", Account(None, BY_LOGIN["graph-1"]), observer=recorder)
    expected = {0, *lists_of("followers")[0], *(listed for other in others for listed in lists_of("followers")[other])}
    assert {row.login for row in rows} == {LOGINS[number] for number in expected - {1}} | {None}
    assert recorder.notes[1:] == [
        "Accounts without a login in the source have no lists here: 1.",
        f"Lists that GitHub does not show are omitted: 2 ({LOGINS[hidden]}, {LOGINS[refused]}). "
        f"{standin.url}{ROOT} has no account {LOGINS[hidden]}: check the spelling.",
    ]


@pytest.mark.parametrize("no_bots", [False, True])
def test_lists_of_apps_are_not_requested(standin: GitHubStandIn, no_bots: bool) -> None:
    standin.faults[f"{ROOT}/users/graph-0/followers"] = MODES["api-apps"].fault
    recorder = Recorder()
    sources = Sources(["graph-0"], no_bots=no_bots, expansion=Expansion(2))
    rows = list(scan(sources, ORDERED, observer=recorder))
    assert any(row.login == "stand-in-ci[bot]" for row in rows) == (not no_bots)
    assert any(row.login == "Copilot" for row in rows) == (not no_bots)
    assert not any("bot" in path or "Copilot" in path for path in pages(standin))
    assert len(recorder.notes) == 1


def test_rate_limit_ends_an_expansion_that_does_not_wait_and_the_next_run_resumes(
    standin: GitHubStandIn, tmp_path: Path
) -> None:
    expected, expected_edges = search(Expansion(2), 0)
    standin.rest.rate_limit = type(standin.rest.rate_limit)(5, 3600)
    options = ScanOptions(tmp_path / "scan.db", wait=False)
    rows: list[Row] = []
    with Scan(Sources(["graph-0"], expansion=Expansion(2)), options) as running:
        with pytest.raises(RateLimited):
            rows.extend(running.rows())
        assert running.summary().counts["pending"] == sum(row.status == "pending" for row in rows) > 0
    assert {row.depth for row in rows if row.status == "pending"} == {2}
    assert len({row.login for row in rows}) == len(rows)
    standin.rest.rate_limit.limit = 10**6
    again = expand(Expansion(2), "graph-0", options=ScanOptions(tmp_path / "scan.db", ordered=True))
    assert depths(again) == expected
    assert len(edges(tmp_path / "scan.db")) == len(expected_edges)
    # Only the page that was refused is requested again.
    assert max(standin.requests.values()) == 2
    assert sum(count == 2 for count in standin.requests.values()) == 1


def test_scan_that_is_stopped_while_it_waits_ends_without_an_error(standin: GitHubStandIn, tmp_path: Path) -> None:
    standin.rest.rate_limit = type(standin.rest.rate_limit)(2, 3600)
    recorder, options = Recorder(), ScanOptions(tmp_path / "scan.db")
    with Scan(Sources(["graph-0"], expansion=Expansion(2)), options, observer=recorder) as running:
        recorder.stop = running.stop
        rows = list(running.rows())
    assert any("Waiting until" in note for note in recorder.notes)
    assert {row.depth for row in rows} == {0, 1, 2}
    with Store(tmp_path / "scan.db") as store:
        assert store.query("SELECT outcome FROM runs") == [("interrupted",)]


def test_results_of_another_model_are_replaced_at_every_depth(standin: GitHubStandIn, tmp_path: Path) -> None:
    options = ScanOptions(tmp_path / "scan.db", ordered=True)
    first = expand(Expansion(), "graph-0", options=options)
    standin.requests.clear()
    assert expand(Expansion(), "graph-0", options=options) == first
    assert [urlsplit(path).path for path in standin.requests] == [f"{ROOT}/users/graph-0/followers"]
    with Store(tmp_path / "scan.db") as store, store.transaction() as connection:
        connection.execute("UPDATE accounts SET model = ''")
    standin.requests.clear()
    assert depths(expand(Expansion(), "graph-0", options=options)) == depths(first)
    assert sum(not path.startswith("/api/") for path in standin.requests) == len(first)


def test_rejected_token_keeps_the_rows(standin: GitHubStandIn) -> None:
    standin.mode = MODES["api-401"]
    rows: list[Row] = []
    with Scan(Sources(["graph-0"], expansion=Expansion())) as running, pytest.raises(BadToken):
        rows.extend(running.rows())
    assert [row.status for row in rows] == ["judged"]


def test_observer_receives_the_lists_that_are_left_and_the_budget(standin: GitHubStandIn) -> None:
    standin.rest.rate_limit = type(standin.rest.rate_limit)(5000, 3600)
    recorder = Recorder()
    expand(Expansion(2), "graph-0", observer=recorder)
    followers = len(lists_of("followers")[0])
    assert recorder.lists[:2] == [(0, 1, None), (0, 1, 4999)]
    assert recorder.lists[2:4] == [(1, followers, 4999), (1, followers, 4998)]
    assert recorder.lists[-1] == (1, 1, 4999 - followers)


@pytest.mark.parametrize(
    ("expansion", "names", "lists", "token", "requests", "allowed"),
    [
        (Expansion(1), 3, [], "x", "53", "5,000 per hour with a token"),
        (Expansion(2), 3, [], "", "5,050", "60 per hour without a token"),
        (Expansion(1, limit=210), 1, [("followers", "graph-0")], "x", "213", "5,000 per hour with a token"),
    ],
)
def test_estimate_comes_first(
    monkeypatch: pytest.MonkeyPatch,
    standin: GitHubStandIn,
    expansion: Expansion,
    names: int,
    lists: list[tuple[str, str]],
    token: str,
    requests: str,
    allowed: str,
) -> None:
    class First(Recorder):
        def note(self, message: str) -> None:
            super().note(f"{standin.requests.total()} {message}")

    monkeypatch.setenv("GITHUB_TOKEN", token)
    recorder = First()
    with Scan(Sources(LOGINS[:names], lists=lists, expansion=expansion), observer=recorder):  # type: ignore[arg-type]
        pass
    assert recorder.notes[0] == (
        f"0 Up to {expansion.limit:,} accounts need about {expansion.limit:,} requests for avatars, "
        f"and up to about {requests} for lists, of which GitHub allows {allowed}."
    )


def test_impossible_expansions_are_refused(tmp_path: Path) -> None:
    for depth in (0, -1, MAX_DEPTH + 1):
        with pytest.raises(BadOption, match=f"The depth is {depth}: give 1 to {MAX_DEPTH}"):
            Expansion(depth)
    for limit in (0, 10**8):
        with pytest.raises(BadOption, match=f"The limit is {limit} accounts: give 1 to"):
            Expansion(limit=limit)
    with pytest.raises(BadInput, match="Pictures on disk have no followers"):
        Sources(images=tmp_path, expansion=Expansion())
