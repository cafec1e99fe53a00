"""The page in front of a Cog server: of the real one, and of what else may answer there."""

import json
import math
from collections.abc import Iterator

import pytest
from starlette.responses import Response

from github_avatars.classifier import shipped
from github_avatars.demo import AVATARS, MODES, GitHubStandIn
from github_avatars.errors import BadInput, Busy, NoSuchAccount, NotAPicture, Unreachable
from github_avatars.github import GitHub
from github_avatars.training import dataset
from github_avatars.web.cog_server import OTHER_MODEL
from github_avatars.web.cog_server import CogServer as Cog
from tests.support.cog_server import CogServer
from tests.support.processes import free_port
from tests.support.sites import Site, serving, site

DEFAULT = next(example for example in dataset.read_index(AVATARS) if example.label == "default")


@pytest.fixture(scope="module")
def page() -> Iterator[Site]:
    """The site that judges by itself."""
    with site() as running:
        yield running


@pytest.fixture(scope="module")
def behind(start_cog: object, github_for_all: GitHubStandIn, tmp_path_factory: pytest.TempPathFactory) -> CogServer:
    server: CogServer = start_cog(tmp_path_factory.mktemp("cog"), github_for_all.url)  # type: ignore[operator]
    server.wait_for_status("READY")
    return server


@pytest.fixture
def cog(behind: CogServer, github: GitHubStandIn) -> Iterator[Cog]:
    with GitHub(github.url) as own:
        yield Cog(f"http://127.0.0.1:{behind.port}/", own, shipped())


@pytest.mark.parametrize("login", [DEFAULT.login, "octocat"])
def test_a_cog_server_gives_the_same_answer(cog: Cog, page: Site, login: str) -> None:
    there = cog.account(login).as_json(pictures=True)
    here = page.ask(f"/api/accounts?login={login}").json
    assert there.pop("href").endswith(f"/{login}.png")
    del here["href"]
    assert there == here


def test_a_cog_server_judges_pictures(cog: Cog, page: Site) -> None:
    for file in (DEFAULT.file, "custom/photo-portrait-0.jpg"):
        data = (AVATARS / file).read_bytes()
        assert cog.picture(data).as_json(pictures=True) == page.ask("/api/pictures", data).json


def test_where_the_page_cannot_fetch_the_verdict_stands_without_pictures(behind: CogServer) -> None:
    with GitHub(f"http://127.0.0.1:{free_port()}", backoff=0.01) as nowhere:
        told = Cog(f"http://127.0.0.1:{behind.port}", nowhere, shipped()).account("octocat").as_json(pictures=True)
    assert (told["prediction"], told["pictures"], told["fit"]) == ("custom", None, None)
    assert told["why"]["contributions"]
    assert told["missing"].startswith("This page could not fetch the picture itself: ")


def test_another_model_of_a_cog_server_is_not_explained(cog: Cog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cog._classifier, "intercept", cog._classifier.intercept + 1)
    told = cog.account("octocat").as_json(pictures=False)
    assert (told["prediction"], told["why"], told["missing"]) == ("custom", None, OTHER_MODEL)


def test_errors_of_a_cog_server_keep_their_kind(cog: Cog, github: GitHubStandIn) -> None:
    with pytest.raises(NoSuchAccount, match=r"^http://127.* has no account nobody-here: check the spelling\.$"):
        cog.account("nobody-here")
    github.faults["/octocat.png"] = MODES["429-retry-after"].fault
    with pytest.raises(Exception, match=r"limits the rate of requests .*: retry after .* UTC\.$") as caught:
        cog.account("octocat")
    assert caught.value.kind == "rate-limited"  # type: ignore[attr-defined]


def strange(label: str, probability: float) -> bytes:
    """A prediction as a Cog server tells it."""
    metrics = {"probability": probability, "github_grey": 0, "distinct_colors": 1, "identicon_error": 1.0}
    output = {"username": None, "href": None, "prediction": label}
    return json.dumps({"status": "succeeded", "output": output, "metrics": metrics}).encode()


@pytest.mark.parametrize(
    ("status", "body", "error", "text"),
    [
        (409, b'{"error": "full", "status": "failed"}', Busy, "has no place free"),
        (200, b'{"status": "failed", "error": "Worker crashed"}', Unreachable, "fails to predict"),
        (200, b'{"status": "failed", "error": "Prediction failed: Path: gone"}', Unreachable, "fails to predict"),
        (200, b'{"status": "succeeded"}', Unreachable, "no Cog server of this project"),
        (200, b'{"status": "succeeded", "output": [], "metrics": 1}', Unreachable, "no Cog server of this project"),
        (200, strange("robot", 0.5), Unreachable, "no Cog server of this project"),
        (200, strange("default", math.nan), Unreachable, "no Cog server of this project"),
        (404, b"<!DOCTYPE html>", Unreachable, "gave no answer"),
        (302, b"", Unreachable, "gave no answer"),
        (200, b"[]", Unreachable, "fails to predict"),
    ],
)
def test_what_else_a_cog_server_may_say(status: int, body: bytes, error: type[Exception], text: str) -> None:
    answer = Response(body, status, {"Location": "http://127.0.0.1:1/"})

    with serving(answer) as port, GitHub() as github, pytest.raises(error, match=text):
        Cog(f"http://127.0.0.1:{port}", github, shipped()).account("octocat")


def test_a_cog_server_that_is_not_there_is_told() -> None:
    with GitHub() as github:
        with pytest.raises(Unreachable, match=r"gave no answer \(ConnectionError\)"):
            Cog(f"http://127.0.0.1:{free_port()}", github, shipped()).account("octocat")
        for address in ("localhost:5000", "ftp://a", "http://a/b", ""):
            with pytest.raises(BadInput, match="--cog is"):
                Cog(address, github, shipped())


def test_a_picture_that_is_none_is_not_sent_to_a_cog_server() -> None:
    with GitHub() as github, pytest.raises(NotAPicture):
        Cog(f"http://127.0.0.1:{free_port()}", github, shipped()).picture(b"{}")
