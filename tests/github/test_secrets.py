"""A token or a password in the environment is never told: not in an answer, an error, a metric or a log line."""

import base64
import json
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from github_avatars import classifier, identicon
from github_avatars.demo import Exchange, Fault, GitHubStandIn, resetting, responding
from github_avatars.errors import BadOption, Unreachable
from github_avatars.github import GitHub
from github_avatars.prediction import predict
from tests.support.cog_server import CogServer

START = Callable[..., CogServer]
TOKEN = "ghp_0123456789tokentokentoken"
PASSWORD = "pa55word-of-the-proxy"
IN_BASE64 = base64.b64encode(f"user:{PASSWORD}".encode()).decode()
SECRETS = (TOKEN, PASSWORD, IN_BASE64)


def told(text: str) -> list[str]:
    """Which secrets a text tells."""
    return [secret for secret in SECRETS if secret.lower() in text.lower()]


def environment(proxy: str, **variables: str) -> dict[str, str]:
    """Variables that hold every secret, and have all but loopback asked by way of `proxy`."""
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), proxy)
    return {"GITHUB_TOKEN": TOKEN, "NO_PROXY": "", "no_proxy": "", "GITHUB_AVATARS_LOG": "debug"} | proxies | variables


def proxy_at(github: GitHubStandIn) -> str:
    return github.url.replace("http://", f"http://user:{PASSWORD}@")


# Through a proxy with a password, to Cog's server


@pytest.fixture(scope="module")
def started(start_cog: START, github_for_all: GitHubStandIn, tmp_path_factory: pytest.TempPathFactory) -> CogServer:
    """Asks an address of nobody by way of the stand-in, which as a proxy answers in its name."""
    variables = environment(proxy_at(github_for_all))
    server = start_cog(tmp_path_factory.mktemp("secrets"), "http://github.test", **variables)
    server.wait_for_status("READY")
    return server


@pytest.fixture
def server(started: CogServer, github: GitHubStandIn) -> Iterator[CogServer]:
    assert github.requests.total() == 0
    yield started
    assert told(started.log()) == []
    assert started.stdout.read_bytes() == b""


PICTURE = identicon.render(1)._repr_png_()

FAULTS: dict[str, tuple[Fault | None, str]] = {
    "a picture": (responding(200, {"Content-Type": "image/png"}, PICTURE), "succeeded"),
    "a damaged picture": (responding(200, {"Content-Type": "image/png"}, PICTURE[:300]), "NotAPicture"),
    "a page": (responding(200, {"Content-Type": "text/html"}, b"<title>Be right back</title>"), "NotAPicture"),
    "a redirect elsewhere": (None, "ForeignRedirect"),
    "a redirect to a login page": (responding(302, {"Location": "/login"}), "LoginRequired"),
    "a redirect to nowhere": (responding(302, {"Location": "http://[/"}), "ForeignRedirect"),
    "not found": (responding(404), "NoSuchAccount"),
    "forbidden": (responding(403), "Unreachable"),
    "the proxy wants another password": (responding(407, {"Proxy-Authenticate": "Basic"}), "Unreachable"),
    "too many requests": (responding(429, {"Retry-After": "3600"}), "RateLimited"),
    "trouble": (responding(502), "Unreachable"),
    "a reset connection": (resetting(), "Unreachable"),
    "half an answer": (resetting(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n\x89PNG"), "Unreachable"),
    "no HTTP": (resetting(b"SSH-2.0-OpenSSH_9.2\r\n"), "Unreachable"),
}


@pytest.mark.parametrize(("fault", "outcome"), FAULTS.values(), ids=FAULTS)
def test_no_secret_is_told_whatever_github_answers(
    fault: Fault | None, outcome: str, server: CogServer, github: GitHubStandIn
) -> None:
    sent: Counter[str] = Counter()

    def noting(exchange: Exchange) -> bool:
        sent.update(str(exchange.headers).split())
        return fault is not None and fault(exchange)

    github.faults["/octocat.png"] = noting
    answer = server.predict(username="octocat")
    assert outcome in answer.get("error", answer["status"])
    assert told(json.dumps(answer)) == []
    assert sent[IN_BASE64] > 0, "the password must be in use, or nothing is shown"
    assert not any(TOKEN in word for word in sent)


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
def test_no_secret_is_told_of_wrong_input(inputs: dict[str, object], server: CogServer) -> None:
    answer = server.predict(**inputs)
    assert answer["status"] == "failed"
    assert told(json.dumps(answer)) == []


def test_no_secret_is_told_by_the_server_itself(server: CogServer) -> None:
    found: list[Any] = [server.health(), *(server.request("GET", path) for path in ("/", "/openapi.json", "/nothing"))]
    assert told(json.dumps(found)) == []


@pytest.mark.parametrize("url", [f"https://user:{PASSWORD}@github.test", f"https://github.test/?token={TOKEN}"])
def test_no_secret_is_told_where_the_address_of_github_holds_one(url: str, start_cog: START, tmp_path: Path) -> None:
    server = start_cog(tmp_path, url, GITHUB_AVATARS_LOG="debug")
    health = server.wait_for_status("SETUP_FAILED")
    assert "BadOption: GITHUB_URL is " in health["setup"]["logs"]
    assert told(json.dumps(health)) == []
    assert told(json.dumps(server.request("POST", "/predictions", {"input": {"username": "octocat"}}))) == []
    assert told(server.log()) == []


# Addresses of all kinds


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
def test_no_secret_of_an_address_is_told(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_URL", url)
    with pytest.raises(BadOption, match=r"^GITHUB_URL is '.*github\.test.*': give an address") as caught:
        GitHub()
    assert told(str(caught.value)) == []


@pytest.mark.parametrize(
    "proxy",
    [
        "{proxy}",  # knows no CONNECT
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
def test_no_password_of_a_proxy_is_told(
    proxy: str, github: GitHubStandIn, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name, value in environment(proxy.format(proxy=proxy_at(github), password=PASSWORD)).items():
        monkeypatch.setenv(name, value)
    caplog.set_level(logging.DEBUG, "github_avatars")
    with GitHub("https://github.test", backoff=0) as hub, pytest.raises(Unreachable) as caught:
        predict("octocat", None, hub, classifier.shipped())
    assert "'kind': 'unreachable'" in str([vars(record) for record in caplog.records])
    assert told(str(caught.value)) == []
    assert told(str([vars(record) for record in caplog.records])) == []
