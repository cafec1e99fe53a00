"""A token or a password in the environment appears in no response, error, metric or log line."""

import base64
import json
import logging
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from github_avatars import classifier, identicon
from github_avatars.demo import Exchange, Fault, GitHubStandIn, resetting, responding
from github_avatars.errors import BadOption, Unreachable
from github_avatars.github import GitHub
from github_avatars.prediction import predict
from tests.conftest import StartCog
from tests.support.cog_server import CogServer
from tests.support.processes import ROOT

TOKEN = "ghp_0123456789tokentokentoken"
PASSWORD = "pa55word-of-the-proxy"
IN_BASE64 = base64.b64encode(f"user:{PASSWORD}".encode()).decode()
SECRETS = (TOKEN, PASSWORD, IN_BASE64)


def secrets_in(text: str) -> list[str]:
    """The secrets that a text contains."""
    return [secret for secret in SECRETS if secret.lower() in text.lower()]


def environment(proxy: str) -> dict[str, str]:
    """Variables that contain all secrets, and use `proxy` for all hosts except loopback."""
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), proxy)
    return {"GITHUB_TOKEN": TOKEN, "NO_PROXY": "", "no_proxy": "", "GITHUB_AVATARS_LOG": "debug"} | proxies


def proxy_at(github: GitHubStandIn) -> str:
    return github.url.replace("http://", f"http://user:{PASSWORD}@")


@pytest.fixture(scope="module")
def server_behind_proxy(
    start_cog: StartCog, github_for_all: GitHubStandIn, tmp_path_factory: pytest.TempPathFactory
) -> CogServer:
    """A server whose GITHUB_URL does not exist. The stand-in is its proxy and responds for it."""
    folder, variables = tmp_path_factory.mktemp("secrets"), environment(proxy_at(github_for_all))
    server = start_cog(folder, "http://github.test", ROOT, schema=False, **variables)
    server.wait_for_status("READY")
    return server


@pytest.fixture
def server(server_behind_proxy: CogServer, github: GitHubStandIn) -> Iterator[CogServer]:
    """The same server. At the end, its output must contain no secret."""
    assert github.requests.total() == 0
    yield server_behind_proxy
    assert secrets_in(server_behind_proxy.log()) == []
    assert server_behind_proxy.stdout.read_bytes() == b""


PICTURE = identicon.render(1)._repr_png_() or b""

FAULTS: dict[str, tuple[Fault, str]] = {
    "a picture": (responding(200, {"Content-Type": "image/png"}, PICTURE), "succeeded"),
    "a damaged picture": (responding(200, {"Content-Type": "image/png"}, PICTURE[:300]), "NotAPicture"),
    "a page": (responding(200, {"Content-Type": "text/html"}, b"<title>Be right back</title>"), "NotAPicture"),
    "a redirect to another host": (responding(302, {"Location": "http://127.0.0.1:1/u/1"}), "ForeignRedirect"),
    "a redirect to a login page": (responding(302, {"Location": "/login"}), "LoginRequired"),
    "a redirect to an invalid address": (responding(302, {"Location": "http://[/"}), "ForeignRedirect"),
    "not found": (responding(404), "NoSuchAccount"),
    "forbidden": (responding(403), "Refused"),
    "a rejected proxy password": (responding(407, {"Proxy-Authenticate": "Basic"}), "Unreachable"),
    "too many requests": (responding(429, {"Retry-After": "3600"}), "RateLimited"),
    "a server error": (responding(502), "Unreachable"),
    "a reset connection": (resetting(), "Unreachable"),
    "half a response": (resetting(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n\x89PNG"), "Unreachable"),
    "another protocol": (resetting(b"SSH-2.0-OpenSSH_9.2\r\n"), "Unreachable"),
}


@pytest.mark.parametrize(("fault", "outcome"), FAULTS.values(), ids=FAULTS)
def test_prediction_contains_no_secret(fault: Fault, outcome: str, server: CogServer, github: GitHubStandIn) -> None:
    words: Counter[str] = Counter()

    def record(exchange: Exchange) -> bool:
        words.update(str(exchange.headers).split())
        return fault(exchange)

    github.faults["/octocat.png"] = record
    response = server.predict(username="octocat")
    assert outcome in response.get("error", response["status"])
    assert secrets_in(json.dumps(response)) == []
    assert words[IN_BASE64] > 0, "the password must be in use"
    assert not any(TOKEN in word for word in words)


@pytest.mark.parametrize(
    "inputs",
    [
        {},
        {"username": ""},
        {"username": "no login"},
        {"username": "a", "image": "b"},
        {"image": "data:,x"},
        {"size": 1},
    ],
    ids=str,
)
def test_error_for_wrong_input_contains_no_secret(inputs: dict[str, object], server: CogServer) -> None:
    response = server.predict(**inputs)
    assert response["status"] == "failed"
    assert secrets_in(json.dumps(response)) == []


def test_other_responses_of_the_server_contain_no_secret(server: CogServer) -> None:
    responses: list[Any] = [server.request("GET", path) for path in ("/", "/openapi.json", "/nothing")]
    assert secrets_in(json.dumps([server.health(), responses])) == []


@pytest.mark.parametrize("url", [f"https://user:{PASSWORD}@github.test", f"https://github.test/?token={TOKEN}"])
def test_server_with_a_secret_in_github_url(url: str, start_cog: StartCog, tmp_path: Path) -> None:
    server = start_cog(tmp_path, url, GITHUB_AVATARS_LOG="debug")
    health = server.wait_for_status("SETUP_FAILED")
    assert "BadOption: GITHUB_URL is " in health["setup"]["logs"]
    assert secrets_in(json.dumps(health)) == []
    assert secrets_in(json.dumps(server.request("POST", "/predictions", {"input": {"username": "octocat"}}))) == []
    assert secrets_in(server.log()) == []


@pytest.mark.parametrize(
    "url",
    [
        f"https://user:{PASSWORD}@github.test",
        f"https://{TOKEN}@github.test",
        f"https://user:{PASSWORD}@github.test:port/",
        f"user:{PASSWORD}@github.test",
        f"https:/user:{PASSWORD}@github.test",
        f"https://us\ner:{PASSWORD}/@github.test",
        f"https://github.test/?token={TOKEN}",
        f"https://github.test#{TOKEN}",
    ],
)
def test_error_for_github_url_contains_no_secret(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_URL", url)
    with pytest.raises(BadOption, match=r"^GITHUB_URL is '.*github\.test.*': give an address") as caught:
        GitHub()
    assert secrets_in(str(caught.value)) == []


@pytest.mark.parametrize(
    "proxy",
    [
        "{proxy}",  # does not support CONNECT
        "http://user:{password}@127.0.0.1:9",
        "http://user:{password}@127.0.0.1:port",
        "http://user:{password}@127.0.0.1:99999",
        "http://user:{password}@[::1",
        "user:{password}@127.0.0.1:9",
        "https://user:{password}@127.0.0.1:9",
        "socks5://user:{password}@127.0.0.1:9",
        "nonsense://user:{password}@127.0.0.1:9",
    ],
)
def test_error_of_a_proxy_contains_no_password(
    proxy: str, github: GitHubStandIn, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name, value in environment(proxy.format(proxy=proxy_at(github), password=PASSWORD)).items():
        monkeypatch.setenv(name, value)
    caplog.set_level(logging.DEBUG, "github_avatars")
    with GitHub("https://github.test", backoff=0) as client, pytest.raises(Unreachable) as caught:
        predict("octocat", None, client, classifier.shipped())
    assert "'kind': 'unreachable'" in str([vars(record) for record in caplog.records])
    assert secrets_in(str(caught.value)) == []
    assert secrets_in(str([vars(record) for record in caplog.records])) == []
