"""Hostile logins at every entrance: each is told in one short line, and nothing is asked of GitHub."""

import http.client
import json
import shutil
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from github_avatars.demo import GitHubStandIn
from github_avatars.errors import BadLogin
from github_avatars.github import GitHub, check_login
from tests.support.cog_server import CogServer
from tests.support.processes import ROOT, clean_environment
from tests.support.timing import TIMEOUT

HOSTILE = {
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
    "a trailing space": "octocat ",
    "a newline": "octocat\n",
    "a header": "octocat HTTP/1.1\r\nHost: example.com\r\n\r\n",
    "a tab": "octo\tcat",
    "an escape sequence": "\x1b[2Joctocat",
    "a delete": "octocat\x7f",
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
    "many letters": "a" * 100_000,
}
"""Logins by what is wrong with them."""
ONLY_IN_PROCESS = {"a NUL": "octocat\0", "ten megabytes": "a" * 10_000_000, "a lone surrogate": "octocat\ud800"}
THROUGH_THE_SCRIPT = ["a path", "a header", "a Cyrillic o", "many letters"]


def check_message(message: str) -> None:
    assert " is not a valid GitHub login: give 1 to 39 letters" in message
    assert message.isprintable()
    assert len(message) < 250


@pytest.mark.parametrize("name", [*HOSTILE, *ONLY_IN_PROCESS])
def test_library(github: GitHubStandIn, name: str) -> None:
    login = (HOSTILE | ONLY_IN_PROCESS)[name]
    with GitHub(github.url) as hub:
        for refuse in (check_login, hub.fetch):
            with pytest.raises(BadLogin) as caught:
                refuse(login)
            check_message(str(caught.value))
    assert not github.requests


def test_script(github: GitHubStandIn) -> None:
    """A few of them, as each takes a start; no argument can be longer than the longest here, or hold a NUL."""

    def run(name: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [ROOT / "script" / "predict", "-i", f"username={HOSTILE[name]}"],
            env=clean_environment(GITHUB_URL=github.url),
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )

    with ThreadPoolExecutor(2) as pool:
        for ended in pool.map(run, THROUGH_THE_SCRIPT):
            assert (ended.returncode, ended.stdout) == (1, "")
            (line,) = ended.stderr.splitlines()
            assert line.startswith("error: ")
            check_message(line)
    assert not github.requests


@pytest.fixture(scope="module")
def server(
    start_cog: Callable[..., CogServer], github_for_all: GitHubStandIn, tmp_path_factory: pytest.TempPathFactory
) -> CogServer:
    folder = tmp_path_factory.mktemp("server")
    (folder / ".cog").mkdir()
    shutil.copyfile(ROOT / "openapi.json", folder / ".cog" / "openapi_schema.json")
    server = start_cog(folder, github_for_all.url)
    server.wait_for_status("READY")
    return server


@pytest.mark.parametrize("name", [*HOSTILE, "a NUL", "ten megabytes"])
def test_server(server: CogServer, github: GitHubStandIn, name: str) -> None:
    answer = server.predict(username=(HOSTILE | ONLY_IN_PROCESS)[name])
    assert answer["status"] == "failed"
    before, error, message = answer["error"].partition("BadLogin: ")
    assert (before, error) == ("Prediction failed: Async prediction failed: ", "BadLogin: ")
    check_message(message)
    assert not github.requests


def test_server_with_half_a_character(server: CogServer, github: GitHubStandIn) -> None:
    """Which cannot be JSON; Cog tells that itself, and not in JSON."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=TIMEOUT)
    with closing(connection):
        body = json.dumps({"input": {"username": ONLY_IN_PROCESS["a lone surrogate"]}})
        connection.request("POST", "/predictions", body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        assert response.status == 400
        assert len(response.read()) < 250
    assert not github.requests


def test_server_logs_none_at_length(server: CogServer) -> None:
    assert server.predict(username="b" * 10_000_000)["status"] == "failed"
    lines = server.log().splitlines()
    assert any("BadLogin: 'bbbb" in line for line in lines)
    assert max(map(len, lines)) < 1000
