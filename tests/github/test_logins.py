"""Which logins are valid, and that each entry point refuses the others in one short line, without a request."""

import http.client
import json
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from github_avatars.demo import GitHubStandIn
from github_avatars.errors import BadLogin
from github_avatars.github import GitHub, check_login
from github_avatars.github.accounts import LOGIN
from tests.support.cog_server import CogServer
from tests.support.processes import ROOT, clean_environment, run
from tests.support.timing import TIMEOUT

INVALID = {
    "nothing": "",
    "a folder up": "../octocat",
    "folders up": "../../../../etc/passwd",
    "a path": "octocat/../zeke",
    "an absolute path": "/etc/passwd",
    "backslashes": "..\\octocat",
    "this folder": ".",
    "an address": "https://example.com/octocat",
    "another host": "//example.com/octocat",
    "user and host": "octocat@example.com",
    "a port": "octocat:80",
    "a query": "octocat?size=1",
    "a fragment": "octocat#",
    "a file": "octocat.png",
    "percent-encoded dots": "%2e%2e",
    "a percent-encoded slash": "octocat%2fzeke",
    "a percent-encoded NUL": "octocat%00",
    "a percent-encoded newline": "octocat%0d%0aX-Header:%20value",
    "a space": "octo cat",
    "a leading space": " octocat",
    "a trailing space": "octocat ",
    "a newline": "octocat\n",
    "a header": "octocat HTTP/1.1\r\nHost: example.com\r\n\r\n",
    "a tab": "octo\tcat",
    "an escape sequence": "\x1b[2Joctocat",
    "a delete": "octocat\x7f",
    "an accent": "z\u00e9ke",
    "a Cyrillic o": "\u043ectocat",
    "full width": "\uff4f\uff43\uff54\uff4f\uff43\uff41\uff54",
    "a Kelvin sign": "\u212aeke",
    "a dotless i": "z\u0131ke",
    "a combining accent": "octocat\u0301",
    "a zero-width space": "octo\u200bcat",
    "right to left": "\u202etacotco",
    "a full-width dot and slash": "\uff0e\uff0e\uff0foctocat",
    "Arabic digits": "octocat\u0663",
    "an emoji": "octocat\U0001f431",
    "a quote": "octocat'",
    "a shell": "$(reboot)",
    "markup": "<script>alert(1)</script>",
    "one letter too many": "a" * 40,
    "one letter too many before a shortcode": "a" * 40 + "_abc",
    "many letters": "a" * 100_000,
    "an empty shortcode": "zeke_",
    "only a shortcode": "_octo",
    "a short shortcode": "a_bc",
    "a long shortcode": "a_abcdefghi",
    "two shortcodes": "a_bcd_efg",
    "a hyphen in the shortcode": "a_b-c",
}
"""Invalid logins by what is wrong with them."""
ONLY_IN_PROCESS = {"a NUL": "octocat\0", "ten megabytes": "a" * 10_000_000, "a lone surrogate": "octocat\ud800"}
WITH_THE_SCRIPT = ["a path", "a header", "a Cyrillic o", "many letters"]
ALLOWED = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")


def check_message(message: str) -> None:
    expected = (
        " is not a valid GitHub login: give 1 to 39 letters| is not an address of an account at http://127[^ ]*: give"
    )
    assert re.search(expected, message)
    assert message.isprintable()
    assert len(message) < 260


@pytest.mark.parametrize(
    "login",
    [
        "zeke",
        "a",
        "0",
        "A-b",
        "Guin-",
        "-Jerry-",
        "0----0",
        "a" * 39,
        "a" * 39 + "_octo",
        "mona-cat_octo",
        "octo_admin",
        "2abvd19d_admin",
    ],
)
def test_valid_logins(login: str) -> None:
    assert check_login(login) == login


@pytest.mark.parametrize("name", [*INVALID, *ONLY_IN_PROCESS])
def test_library_refuses_invalid_logins(github: GitHubStandIn, name: str) -> None:
    login = (INVALID | ONLY_IN_PROCESS)[name]
    with GitHub(github.url) as client:
        for function in (check_login, client.fetch):
            with pytest.raises(BadLogin) as caught:
                function(login)
            check_message(str(caught.value))
    assert not github.requests


@pytest.mark.parametrize("login", [None, 7, b"zeke"])
def test_library_refuses_other_types(login: str) -> None:
    with pytest.raises(BadLogin) as caught:
        check_login(login)
    check_message(str(caught.value))


def test_error_for_a_bot_explains_that_it_is_an_app() -> None:
    with pytest.raises(BadLogin, match="GitHub App"):
        check_login("dependabot[bot]")


@given(st.text() | st.text(alphabet="aZ9-_.%/\n\u0661é\u212a", max_size=45) | st.from_regex(LOGIN))
def test_valid_logins_are_safe_in_an_address(text: str) -> None:
    try:
        login = check_login(text)
    except BadLogin:
        return
    assert login == text
    assert set(login) <= ALLOWED
    assert 1 <= len(login.partition("_")[0]) <= 39


def test_script_refuses_invalid_logins(github: GitHubStandIn) -> None:
    """Only a few, because each starts a process. No argument can be longer than the longest here, or contain a NUL."""
    environment = clean_environment(GITHUB_URL=github.url)
    script = ROOT / "script" / "predict"
    commands = [[script, "-i", f"username={INVALID[name]}"] for name in WITH_THE_SCRIPT]
    with ThreadPoolExecutor(2) as pool:
        for result in pool.map(lambda command: run(command, environment=environment), commands):
            assert (result.returncode, result.stdout) == (1, "")
            (line,) = result.stderr.splitlines()
            assert line.startswith("error: ")
            check_message(line)
    assert not github.requests


@pytest.mark.parametrize("name", [*INVALID, "a NUL", "ten megabytes"])
def test_server_refuses_invalid_logins(cog_server: CogServer, github: GitHubStandIn, name: str) -> None:
    response = cog_server.predict(username=(INVALID | ONLY_IN_PROCESS)[name])
    assert response["status"] == "failed"
    prefix, kind, message = response["error"].partition("BadLogin: ")
    assert (prefix, kind) == ("Prediction failed: Async prediction failed: ", "BadLogin: ")
    check_message(message)
    assert not github.requests


def test_server_refuses_a_lone_surrogate(cog_server: CogServer, github: GitHubStandIn) -> None:
    """It is not valid JSON. The response of Cog itself is not JSON either."""
    connection = http.client.HTTPConnection("127.0.0.1", cog_server.port, timeout=TIMEOUT)
    with closing(connection):
        body = json.dumps({"input": {"username": ONLY_IN_PROCESS["a lone surrogate"]}})
        connection.request("POST", "/predictions", body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        assert response.status == 400
        assert len(response.read()) < 250
    assert not github.requests


def test_server_logs_only_the_beginning_of_a_long_login(cog_server: CogServer) -> None:
    assert cog_server.predict(username="b" * 10_000_000)["status"] == "failed"
    lines = cog_server.log().splitlines()
    assert any("BadLogin: 'bbbb" in line for line in lines)
    assert max(map(len, lines)) < 1000
