"""Sources: names, GitHub's lists, the token for them, and resuming a list."""

import csv
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from github_avatars.cli import command_line
from github_avatars.demo import AVATARS, MODES, Exchange, Fault, GitHubStandIn, resetting, responding
from github_avatars.demo.rest import ROOT as API_ROOT
from github_avatars.errors import BadInput, BadLogin, NoSuchAccount, RateLimited, Unreachable
from github_avatars.github import Account, lists
from github_avatars.scan import Observer, ScanOptions, Sources, scan
from github_avatars.scan.store import Store
from github_avatars.training import dataset

EXAMPLES = dataset.read_index(AVATARS)
ACCOUNTS = [Account(example.login, example.account_id) for example in EXAMPLES]
LOGINS = [example.login for example in EXAMPLES]
PAGES = -(-len(ACCOUNTS) // lists.PAGE_SIZE)
"""The number of pages of a list of all accounts."""
TOKEN = "ghp_0123456789tokentokentoken"
STARGAZERS = f"{API_ROOT}/repos/octocat/hello-world/stargazers"


class Recorder(Observer):
    def __init__(self) -> None:
        self.notes: list[str] = []
        self.waits: list[float] = []

    def note(self, message: str) -> None:
        self.notes.append(message)

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)


@pytest.fixture
def standin(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[GitHubStandIn]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    with GitHubStandIn() as standin:
        monkeypatch.setenv("GITHUB_URL", standin.url)
        yield standin


def accounts(sources: Sources, *, wait: bool = True, observer: Observer | None = None) -> Iterator[Account]:
    with Store(":memory:") as store:
        for _, account in sources.accounts(store, wait=wait, observer=observer or Observer()):
            yield account


@pytest.mark.usefixtures("standin")
def test_names_come_before_the_lists() -> None:
    Path("names.csv").write_text("who,x\nida,1\n")
    sources = Sources(
        ["zeke", "names.csv"],
        "who",
        [("followers", LOGINS[1]), ("members", "octo-org"), ("followers", LOGINS[2])],
    )
    assert list(accounts(sources)) == [
        Account("zeke", None),
        Account("ida", None),
        *ACCOUNTS[:1],
        *ACCOUNTS[::50],
        *ACCOUNTS[:2],
    ]


def test_impossible_list_is_refused_before_the_first_account(standin: GitHubStandIn) -> None:
    with pytest.raises(BadInput, match="--stargazers is 'octocat': give a repository as OWNER/REPO"):
        next(accounts(Sources(["zeke"], lists=[("members", "octo-org"), ("stargazers", "octocat")])))
    with pytest.raises(BadLogin):
        next(accounts(Sources(["zeke"], lists=[("followers", "no login")])))
    assert standin.requests.total() == 0


def test_accounts_before_a_missing_list_are_returned(standin: GitHubStandIn) -> None:
    remaining = accounts(Sources(["zeke"], lists=[("members", "octocat"), ("followers", "octocat")]))
    assert next(remaining) == Account("zeke", None)
    with pytest.raises(NoSuchAccount):
        next(remaining)
    assert standin.requests.total() == 1


def test_list_that_github_cuts_off_is_noted(standin: GitHubStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    sources, recorder = Sources(lists=[("stargazers", "octocat/hello-world")]), Recorder()
    assert len(list(accounts(sources, observer=recorder))) == len(ACCOUNTS)
    assert recorder.notes == []
    monkeypatch.setattr(lists, "MAX_PAGES", PAGES)
    assert len(list(accounts(sources, observer=recorder))) == len(ACCOUNTS)
    assert recorder.notes == [f"GitHub lists only the first {PAGES * 100} stargazers of octocat/hello-world."]
    assert standin.requests.total() == 2 * PAGES


def test_rate_limit_is_waited_for_on_request(standin: GitHubStandIn) -> None:
    sources, recorder = Sources(lists=[("stargazers", "octocat/hello-world")]), Recorder()
    standin.rest.rate_limit.limit, standin.rest.rate_limit.window = 3, 2
    assert len(list(accounts(sources, observer=recorder))) == len(ACCOUNTS)
    assert "limits the rate of requests" in recorder.notes[0]
    assert re.search(r"Waiting until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\.$", recorder.notes[0])
    assert recorder.waits[-1] == 0 < recorder.waits[0]
    standin.rest.rate_limit.window = 3600
    standin.rest.rate_limit.limit = 0
    with pytest.raises(RateLimited):
        for _ in range(2):  # the first may be in the previous window
            list(accounts(sources, wait=False))


def test_token_is_read_only_for_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "not a token")
    assert list(accounts(Sources(["zeke"]))) == [Account("zeke", None)]


def test_token_is_sent_to_the_api(standin: GitHubStandIn, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN)
    standin.rest.token = TOKEN
    sources = Sources(lists=[("members", "octo-org")], token_file=tmp_path / "token")
    assert list(accounts(sources)) == ACCOUNTS[::10]


def _echo(exchange: Exchange) -> bool:
    """Responds with an error that contains the token."""
    body = {"message": f"I got {exchange.headers['Authorization']}"}
    return responding(422, {"X-Echo": exchange.headers["Authorization"]}, json.dumps(body).encode())(exchange)


FAULTS: dict[str, Fault] = {
    "a list": responding(200, {}, b'[{"login": "zeke", "id": 1}]'),
    "no list": responding(200, {}, b"{}"),
    "an echo": _echo,
    "bad credentials": responding(401, {}, b'{"message": "Bad credentials"}'),
    "not found": responding(404),
    "unavailable": responding(503),
    "a rate limit": responding(429, {"Retry-After": "3600"}),
    "a redirect to another host": responding(302, {"Location": "https://127.0.0.1:9/"}),
    "a link to another host": responding(200, {"Link": '<https://127.0.0.1:9/>; rel="next"'}, b"[]"),
    "a reset connection": resetting(),
}


@pytest.mark.parametrize("name", FAULTS)
def test_token_is_never_printed_or_logged(
    name: str,
    standin: GitHubStandIn,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    received: list[str] = []

    def record(exchange: Exchange) -> bool:
        received.append(exchange.headers["Authorization"])
        return FAULTS[name](exchange)

    standin.faults[STARGAZERS] = record
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    caplog.set_level("DEBUG")
    code = command_line.main(["scan", "--stargazers", "octocat/hello-world", "--no-wait"])
    output = capsys.readouterr()
    assert set(received) == {f"Bearer {TOKEN}"}
    assert code == (0 if name == "a list" else 1)
    assert ("error: " in output.err) == (code == 1)
    assert TOKEN not in output.out + output.err + caplog.text


@pytest.mark.usefixtures("standin")
def test_token_given_as_its_file_is_not_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main(["scan", "--members", "octo-org", "--token-file", TOKEN]) == 1
    output = capsys.readouterr()
    assert "The token file cannot be read" in output.err
    assert TOKEN not in output.out + output.err


def test_token_cannot_be_given_as_an_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main(["scan", "--members", "octo-org", "--token", "x"]) == 2
    assert "unrecognized arguments: --token" in capsys.readouterr().err


def list_requests(standin: GitHubStandIn) -> Counter[str]:
    """The number of requested pages by kind of list."""
    paths = (path.partition("?")[0] for path, count in standin.requests.items() for _ in range(count))
    return Counter(path.rpartition("/")[2] for path in paths if path.startswith(API_ROOT))


@pytest.mark.parametrize("pages", [0, 1, PAGES])
def test_interrupted_list_resumes_after_the_last_page(pages: int, standin: GitHubStandIn) -> None:
    words = ["scan", "--followers", LOGINS[1], "--stargazers", "octocat/hello-world", "--no-wait"]
    words += ["-o", "rows.csv", "--ordered", "--concurrency", "32"]
    standin.rest.rate_limit.limit = pages
    assert command_line.main(words) == 1
    standin.rest.rate_limit.limit = 100
    standin.requests.clear()
    assert command_line.main(words) == 0
    assert list_requests(standin) == Counter(stargazers=PAGES - pages, followers=1)
    with Path("rows.csv").open() as file:
        assert [row["login"] for row in csv.DictReader(file)] == [*LOGINS, LOGINS[0]]
    # A complete list is read again by the next scan, because it may have grown.
    standin.requests.clear()
    assert command_line.main(words) == 0
    assert list_requests(standin) == Counter(stargazers=PAGES, followers=1)


@pytest.mark.parametrize("accounts", ["[[", '["zeke", 1]', "[1]"])
def test_damaged_page_of_an_interrupted_list_is_an_error(
    standin: GitHubStandIn, capsys: pytest.CaptureFixture[str], accounts: str
) -> None:
    words = ["scan", "--stargazers", "octocat/hello-world", "--no-wait"]
    standin.rest.rate_limit.limit = 1
    assert command_line.main(words) == 1
    with Store("scan.db") as store, store.transaction() as connection:
        connection.execute("UPDATE pages SET accounts = ?", (accounts,))
    capsys.readouterr()
    assert command_line.main(words) == 1
    assert capsys.readouterr().err == (
        "error: The store has a damaged page of the stargazers octocat/hello-world: give another path as --db.\n"
    )


def stored(store: Store) -> list[tuple[str | None, int | None]]:
    """The accounts on the stored pages."""
    return [tuple(account) for (page,) in store.query("SELECT accounts FROM pages") for account in json.loads(page)]


@pytest.mark.parametrize("account_id", [0, -1, 2**63, 1e400, True, "7", None])
def test_impossible_id_on_a_stored_page_is_read_again(standin: GitHubStandIn, account_id: object) -> None:
    """Version 0.1.0 stored any id, and could not scan it then."""
    sources = Sources(lists=[("stargazers", "octocat/hello-world")])
    with Store(":memory:") as store:
        remaining = sources.accounts(store, wait=False, observer=Observer())
        for _ in range(250):
            next(remaining)
        with store.transaction() as connection:
            accounts = json.dumps([("zeke", account_id)])
            connection.execute("UPDATE pages SET accounts = ? WHERE number = 2", (accounts,))
        standin.requests.clear()
        accounts_now = [account for _, account in sources.accounts(store, wait=False, observer=Observer())]
        assert accounts_now == ACCOUNTS
        assert stored(store) == [(account.login, account.account_id) for account in ACCOUNTS]
    assert list_requests(standin) == Counter(stargazers=PAGES - 1)


def test_stored_pages_in_a_circle_are_read_again(standin: GitHubStandIn) -> None:
    sources = Sources(lists=[("stargazers", "octocat/hello-world")])
    with Store(":memory:") as store:
        remaining = sources.accounts(store, wait=False, observer=Observer())
        for _ in range(250):
            next(remaining)
        with store.transaction() as connection:
            connection.execute("UPDATE pages SET cursor = (SELECT cursor FROM pages WHERE number = 1) WHERE number = 3")
        standin.requests.clear()
        accounts_now = [account for _, account in sources.accounts(store, wait=False, observer=Observer())]
        assert accounts_now == ACCOUNTS
    assert list_requests(standin) == Counter(stargazers=PAGES - 2)


def test_endless_list_can_be_read_when_the_host_is_repaired(
    standin: GitHubStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "PAGE_LIMIT", 3)
    sources = Sources(lists=[("stargazers", "octocat/hello-world")])
    with Store(":memory:") as store:
        with pytest.raises(Unreachable, match="without end"):
            list(sources.accounts(store, wait=False, observer=Observer()))
        assert len(stored(store)) == 300
        monkeypatch.setattr(standin.rest, "_users", standin.rest._users[:250])
        accounts_now = [account for _, account in sources.accounts(store, wait=False, observer=Observer())]
        assert accounts_now == ACCOUNTS[:250]


@pytest.mark.parametrize("mode", ["api-huge-id", "api-link-to-itself", "api-rate-limit-9999"])
def test_hostile_list_is_an_error_in_each_run(
    mode: str, standin: GitHubStandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    """It leaves nothing in the store that a later run could not read."""
    words = ["scan", "--stargazers", "octocat/hello-world", "--db", "scan.db", "-o", "rows.csv"]
    standin.mode = MODES[mode]
    for _ in range(2):
        assert command_line.main(words) == 1
        error = capsys.readouterr().err
        assert error.startswith("error: ")
        assert error.count("\n") == 1
        assert ("retry after 9999-01-01 00:00:00 UTC" in error) == (mode == "api-rate-limit-9999")
    standin.mode = None
    assert command_line.main(words) == 0
    with Path("rows.csv").open() as file:
        assert sorted(row["login"] for row in csv.DictReader(file)) == sorted(LOGINS)


@pytest.mark.parametrize("account_id", [0, -1, 10**18, 2**63, pytest.param(10**5000, id="5000 digits"), True, 1.0])
def test_impossible_id_of_an_account_is_refused(account_id: Any) -> None:
    with pytest.raises(BadInput, match="The id of the account 'zeke' is impossible"):
        list(scan([Account("zeke", account_id)]))


def test_listed_accounts_are_requested_by_id(standin: GitHubStandIn) -> None:
    rows = list(scan(Sources(lists=[("followers", LOGINS[5])]), ScanOptions(ordered=True)))
    assert [(row.login, row.account_id, row.status) for row in rows] == [
        (account.login, account.account_id, "judged") for account in ACCOUNTS[:5]
    ]
    assert sum(count for path, count in standin.requests.items() if path.startswith("/u/")) >= 5
    assert not any(path.endswith(".png") for path in standin.requests)


def test_apps_have_the_address_of_their_logo_and_can_be_omitted(standin: GitHubStandIn) -> None:
    standin.mode = MODES["api-apps"]
    sources, recorder = Sources(lists=[("contributors", "octocat/hello-world")]), Recorder()
    listed = list(accounts(sources))
    apps = [account for account in listed if account.is_bot]
    assert [(app.login, app.avatar_url) for app in apps] == [
        ("stand-in-ci[bot]", f"{standin.url}/in/15368?v=4"),
        ("Copilot", f"{standin.url}/in/946600?v=4"),
    ]
    assert list(accounts(replace(sources, no_bots=True), observer=recorder)) == [
        account for account in listed if not account.is_bot
    ]
    assert recorder.notes == ["Omitted accounts of GitHub Apps: 2."]


def test_rows_of_apps_are_about_their_logos(standin: GitHubStandIn) -> None:
    standin.mode = MODES["api-apps"]
    sources = Sources(["x-ci[bot]"], lists=[("members", "octo-org")])
    rows = {row.login: row for row in scan(sources)}
    for login, app_id in (("stand-in-ci[bot]", 15368), ("Copilot", 946600)):
        row = rows[login]
        assert row.prediction
        assert (row.prediction.label, row.prediction.verified) == ("custom", None)
        assert row.href == f"{standin.url}/in/{app_id}?v=4"
    assert rows["x-ci[bot]"].status == "bot"
