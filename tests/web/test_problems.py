"""The page's server by HTTP: errors."""

import pytest

from github_avatars.classifier import Classifier, Verdict
from github_avatars.demo import MODES
from github_avatars.features import Features
from github_avatars.web.guard import POLICY
from tests.support.sites import DEFAULT, PageServer, page_server, picture_of


@pytest.mark.parametrize(
    ("mode", "status", "kind", "retry"),
    [
        ("404", 404, "no-such-account", False),
        ("403", 502, "refused", False),
        ("429", 503, "rate-limited", True),
        ("429-retry-after", 503, "rate-limited", True),
        ("500", 502, "unreachable", True),
        ("gigabyte", 413, "too-large", False),
        ("login-page", 502, "login-required", False),
        ("redirect-loop", 502, "foreign-redirect", False),
        ("html", 422, "not-a-picture", False),
    ],
)
def test_error_of_github_has_its_status_and_kind(
    server: PageServer, mode: str, status: int, kind: str, retry: bool
) -> None:
    server.standin.mode = MODES[mode]
    response = server.request("/octocat.json")
    problem = response.json
    assert response.status == status
    assert set(problem) == {"kind", "message", "retry", "until"}
    assert (problem["kind"], problem["retry"]) == (kind, retry)
    assert "octocat" in problem["message"]
    if mode == "429-retry-after":
        assert problem["until"] is not None
        assert 3000 < int(response.headers["retry-after"]) <= 3600
    else:
        assert problem["until"] is None


def test_silent_github_is_a_timeout() -> None:
    with page_server(deadline=0.5) as server:
        server.standin.mode = MODES["silence"]
        response = server.request("/octocat.json")
    assert (response.status, response.json["kind"]) == (502, "unreachable")


@pytest.mark.parametrize(
    "login", ["", ".", "..", "a b", "%2e%2e", "%3Cb%3E", "%00", "a/../b", "%F0%9F%98%80", "a" * 5000]
)
def test_invalid_login_is_not_requested_from_github(server: PageServer, login: str) -> None:
    response = server.request(f"/api/accounts?login={login.replace(' ', '+')}")
    assert (response.status, response.json["kind"]) == (400, "bad-login")
    assert len(response.body) < 1000
    assert not server.standin.requests


@pytest.mark.parametrize("account_id", ["0", "-1", "1.5", "abc", "9" * 19, "1" * 5000, "%D9%A1"])
def test_invalid_account_id_is_rejected(server: PageServer, account_id: str) -> None:
    response = server.request(f"/api/identicons/{account_id}.png")
    assert (response.status, response.json["kind"]) == (400, "bad-input")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/no/such/place", 404),
        ("POST", "/octocat", 405),
        ("GET", "/api/pictures", 405),
        ("GET", "/page/../app.py", 404),
        ("GET", "/page/%2e%2e/app.py", 404),
        ("GET", "/api/examples/..%2findex.csv", 404),
        ("GET", "/api/examples/nothing", 400),
    ],
)
def test_unknown_address_is_rejected(server: PageServer, method: str, path: str, status: int) -> None:
    response = server.request(path, method=method)
    assert (response.status, response.json["kind"]) == (status, "bad-input")


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"<svg/>", picture_of(DEFAULT.login)[:-200]], ids=len)
def test_unreadable_picture_is_rejected(server: PageServer, data: bytes) -> None:
    response = server.request("/api/pictures", data)
    assert (response.status, response.json["kind"]) == (422, "not-a-picture")


class BrokenClassifier(Classifier):
    def __init__(self) -> None:
        pass

    def classify(self, measured: Features) -> Verdict:
        raise ZeroDivisionError(measured)


def test_fault_of_the_server_does_not_reveal_its_text(caplog: pytest.LogCaptureFixture) -> None:
    with page_server(classifier=BrokenClassifier()) as server:
        response = server.request("/octocat.json")
        assert server.request("/api/about").status == 200
    assert (response.status, response.json["kind"]) == (500, "unexpected")
    assert b"ZeroDivision" not in response.body
    assert response.headers["content-security-policy"] == POLICY
    assert "ZeroDivisionError: Features" in caplog.text
