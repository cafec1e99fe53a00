"""The options that name accounts, as a command has them."""

import argparse
import csv
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from github_avatars.cli import command_line
from github_avatars.demo import AVATARS, Exchange, Fault, GitHubStandIn, resetting, responding
from github_avatars.demo.rest import ROOT as API_ROOT
from github_avatars.errors import BadInput, BadLogin, NoSuchAccount, RateLimited
from github_avatars.github import Account, api, lists
from github_avatars.scan import sources
from github_avatars.training import dataset
from tests.support.processes import ROOT, clean_environment

EVERYBODY = [Account(example.login, example.account_id) for example in dataset.read_index(AVATARS)]
TOKEN = "ghp_0123456789tokentokentoken"
STARGAZERS = f"{API_ROOT}/repos/octocat/hello-world/stargazers"

PROGRAM = """
import argparse, sys
from github_avatars.errors import GitHubAvatarsError
from github_avatars.scan import sources
parser = argparse.ArgumentParser()
sources.add_options(parser)
try:
    print(*sources.accounts(parser.parse_args()), sep="\\n")
except GitHubAvatarsError as error:
    sys.exit(f"error: {error}")
"""


@pytest.fixture
def standin(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[GitHubStandIn]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    with GitHubStandIn() as standin:
        monkeypatch.setenv("GITHUB_URL", standin.url)
        yield standin


def accounts(*words: str) -> Iterator[Account]:
    parser = argparse.ArgumentParser()
    sources.add_options(parser)
    return sources.accounts(parser.parse_args(words))


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *words],
        cwd=ROOT,
        env=clean_environment(**environment),
        input="",
        capture_output=True,
        text=True,
    )


def test_names_come_first_and_then_each_list(standin: GitHubStandIn) -> None:
    Path("names.csv").write_text("who,x\nida,1\n")
    words = ["--followers", EVERYBODY[1].login, "--column", "who", "zeke", "names.csv", "--members=octo-org"]
    assert list(accounts(*words, "--followers", EVERYBODY[2].login)) == [
        Account("zeke", None),
        Account("ida", None),
        *EVERYBODY[::50],
        *EVERYBODY[:1],
        *EVERYBODY[:2],
    ]
    assert standin.requests.total() == 4


def test_no_accounts_at_all_are_bad_input() -> None:
    with pytest.raises(BadInput, match="No accounts are named"):
        next(accounts())


def test_an_impossible_name_is_told_before_anything_is_given(standin: GitHubStandIn) -> None:
    with pytest.raises(BadInput, match="--stargazers is 'octocat': give a repository as OWNER/REPO"):
        next(accounts("zeke", "--members", "octo-org", "--stargazers", "octocat"))
    with pytest.raises(BadLogin):
        next(accounts("zeke", "--followers", "no login"))
    assert standin.requests.total() == 0


def test_what_came_before_a_list_that_is_not_there_was_given(standin: GitHubStandIn) -> None:
    given = accounts("zeke", "--members", "octocat", "--followers", "octocat")
    assert next(given) == Account("zeke", None)
    with pytest.raises(NoSuchAccount):
        next(given)
    assert standin.requests.total() == 1


def test_a_list_that_github_cuts_off_is_noted(
    standin: GitHubStandIn, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert len(list(accounts("--stargazers", "octocat/hello-world"))) == len(EVERYBODY)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(lists, "MAX_PAGES", 6)
    assert len(list(accounts("--stargazers", "octocat/hello-world"))) == len(EVERYBODY)
    assert capsys.readouterr().err == "note: GitHub lists only the first 600 stargazers of octocat/hello-world.\n"
    assert standin.requests.total() == 12


def test_a_rate_limit_is_waited_for_unless_told_otherwise(
    standin: GitHubStandIn,
) -> None:
    standin.rest.limit, standin.rest.window = 3, 2
    assert len(list(accounts("--stargazers", "octocat/hello-world"))) == len(EVERYBODY)
    standin.rest.window = 3600
    standin.rest.limit = 0
    with pytest.raises(RateLimited):
        for _ in range(2):  # the window of before may be open still
            list(accounts("--stargazers", "octocat/hello-world", "--no-wait"))


# The token


def test_the_token_is_that_of_the_file_or_else_of_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "token"
    for content in (TOKEN, f"{TOKEN}\n", f"\ufeff {TOKEN}\r\n\n"):
        file.write_text(content, encoding="utf-8")
        assert api.read_token(file, {}) == api.read_token(file, {"GITHUB_TOKEN": "another"}) == TOKEN
    assert api.read_token(None, {"GITHUB_TOKEN": f" {TOKEN}\n"}) == TOKEN
    assert (
        api.read_token(None, {})
        is api.read_token(None, {"GITHUB_TOKEN": ""})
        is api.read_token(None, {"GITHUB_TOKEN": "\n"})
        is None
    )


@pytest.mark.parametrize(
    "content", ["", "\n", f"{TOKEN}\n{TOKEN}", f"{TOKEN}\r\nX-Header: x", f"{TOKEN}\0", "é" + TOKEN]
)
def test_what_can_be_no_token_is_told_without_it(content: str, tmp_path: Path) -> None:
    (tmp_path / "token").write_bytes(content.encode())
    with pytest.raises(BadInput, match="The token file does not contain a GitHub token") as caught:
        api.read_token(tmp_path / "token", {})
    assert TOKEN not in str(caught.value)


def test_a_token_in_the_environment_that_can_be_none_is_told_without_it() -> None:
    with pytest.raises(BadInput, match="GITHUB_TOKEN does not contain a GitHub token") as caught:
        api.read_token(None, {"GITHUB_TOKEN": f"{TOKEN} x"})
    assert TOKEN not in str(caught.value)


def test_a_token_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    for path in (tmp_path / "gone", tmp_path):
        with pytest.raises(BadInput, match=r"The token file cannot be read \(.*\): give a file with a token"):
            api.read_token(path, {})


def test_a_token_in_place_of_its_file_is_not_told() -> None:
    ran = run("--members", "octo-org", "--token-file", TOKEN)
    assert (ran.returncode, TOKEN in ran.stdout + ran.stderr) == (1, False)


def test_no_token_is_needed_where_no_list_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "no token")
    assert list(accounts("zeke")) == [Account("zeke", None)]


def test_the_token_goes_to_the_api(standin: GitHubStandIn, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN)
    standin.rest.token = TOKEN
    assert list(accounts("--members", "octo-org", "--token-file", str(tmp_path / "token"))) == EVERYBODY[::10]


def _echo(exchange: Exchange) -> bool:
    """Says in an error what it was sent."""
    said = {"message": f"I got {exchange.headers['Authorization']}"}
    return responding(422, {"X-Echo": exchange.headers["Authorization"]}, json.dumps(said).encode())(exchange)


FAULTS: dict[str, Fault] = {
    "a list": lambda _: False,
    "no list": responding(200, {}, b"{}"),
    "an echo": _echo,
    "bad credentials": responding(401, {}, b'{"message": "Bad credentials"}'),
    "not found": responding(404),
    "trouble": responding(503),
    "a rate limit": responding(429, {"Retry-After": "3600"}),
    "a redirect elsewhere": responding(302, {"Location": "https://127.0.0.1:9/"}),
    "a link elsewhere": responding(200, {"Link": '<https://127.0.0.1:9/>; rel="next"'}, b"[]"),
    "a reset connection": resetting(),
}


@pytest.mark.parametrize("name", FAULTS)
def test_the_token_is_never_told(name: str, standin: GitHubStandIn) -> None:
    received: list[str] = []

    def noting(exchange: Exchange) -> bool:
        received.append(exchange.headers["Authorization"])
        return FAULTS[name](exchange)

    standin.faults[STARGAZERS] = noting
    words = ["--stargazers", "octocat/hello-world", "--no-wait"]
    ran = run(*words, GITHUB_URL=standin.url, GITHUB_TOKEN=TOKEN, GITHUB_AVATARS_LOG="debug")
    assert set(received) == {f"Bearer {TOKEN}"}
    assert "Traceback" not in ran.stderr
    assert (ran.returncode, ran.stderr[:7]) == ((0, "") if name == "a list" else (1, "error: "))
    assert TOKEN not in ran.stdout + ran.stderr


def test_a_token_is_no_word_of_the_command_line() -> None:
    parser = argparse.ArgumentParser()
    sources.add_options(parser)
    assert "--token TOKEN" not in parser.format_help()
    assert all(action.option_strings != ["--token"] for action in parser._actions)


# Reading on


def test_everything_through_a_process(standin: GitHubStandIn) -> None:
    ran = run("zeke", "-", "--followers", EVERYBODY[1].login, GITHUB_URL=standin.url)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.splitlines() == [str(Account("zeke", None)), str(EVERYBODY[0])]


def asked(standin: GitHubStandIn) -> Counter[str]:
    """How many pages of each kind of list."""
    paths = (path.partition("?")[0] for path, count in standin.requests.items() for _ in range(count))
    return Counter(path.rpartition("/")[2] for path in paths if path.startswith(API_ROOT))


@pytest.mark.parametrize("pages", [0, 1, 6])
def test_a_list_is_gone_on_with_where_it_was(pages: int, standin: GitHubStandIn) -> None:
    words = ["scan", "--followers", EVERYBODY[1].login, "--stargazers", "octocat/hello-world", "--no-wait"]
    words += ["--db", "scan.db", "-o", "rows.csv", "--ordered", "--concurrency", "32"]
    standin.rest.limit = pages
    assert command_line.main(words) == 1
    standin.rest.limit = 100
    standin.requests.clear()
    assert command_line.main(words) == 0
    assert asked(standin) == Counter(stargazers=6 - pages, followers=1)
    with Path("rows.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["login"] for row in rows] == [one.login for one in (*EVERYBODY, EVERYBODY[0])]
    # Once all is in the store, the list is read anew: who starred meanwhile is to be on it.
    standin.requests.clear()
    assert command_line.main(words) == 0
    assert asked(standin) == Counter(stargazers=6, followers=1)


def test_a_list_is_scanned(standin: GitHubStandIn, tmp_path: Path) -> None:
    words = [
        "scan",
        "--followers",
        EVERYBODY[5].login,
        "--db",
        str(tmp_path / "scan.db"),
        "--format",
        "jsonl",
        "--ordered",
    ]
    command = [sys.executable, "-m", "github_avatars.cli", *words]
    environment = clean_environment(GITHUB_URL=standin.url)
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    rows = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [(row["login"], row["account_id"], row["status"]) for row in rows] == [
        (account.login, account.account_id, "judged") for account in EVERYBODY[:5]
    ]
    # By its id each takes one request, where by its login it would take two.
    assert sum(count for path, count in standin.requests.items() if path.startswith("/u/")) >= 5
    assert not any(path.endswith(".png") for path in standin.requests)
