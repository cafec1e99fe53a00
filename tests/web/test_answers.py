"""The page's server by HTTP: answers for accounts, pictures and examples."""

import base64
import io

import pytest
from PIL import Image

from github_avatars import explanation, identicon
from github_avatars.classifier import classify
from github_avatars.demo import AVATARS, MODES
from github_avatars.picture import decoding
from github_avatars.picture.decoding import MAX_BYTES
from github_avatars.web import examples
from github_avatars.web.app import PAGE
from tests.support.avatars import judged_file
from tests.support.sites import DEFAULT, EXAMPLES, PageServer, picture_of

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.mark.parametrize("login", [DEFAULT.login, "octocat"])
def test_account_has_the_prediction_of_the_library(server: PageServer, login: str) -> None:
    (example,) = (example for example in EXAMPLES if example.login == login)
    answer = server.request(f"/{login}.json").json
    verdict = classify(judged_file(example))
    assert (answer["prediction"], answer["probability"]) == (verdict.label, verdict.probability)
    assert {name: answer[name] for name in vars(verdict.features)} == vars(verdict.features)
    assert answer["username"] == login
    assert answer["href"] == f"{server.standin.url}/{login}.png"
    assert (answer["account_id"], answer["verified"]) == (example.account_id, example.label == "default")
    assert "pictures" not in answer
    assert server.standin.requests == {f"/{login}.png": 1, f"/u/{example.account_id}?v=4&s=64": 1}


def test_contributions_add_up_to_the_score(server: PageServer) -> None:
    why = server.request("/octocat.json").json["why"]
    log_odds = [contribution["log_odds"] for contribution in why["contributions"]]
    assert why["base"] + sum(log_odds) == pytest.approx(why["score"])
    assert [contribution["title"] for contribution in why["contributions"]] == list(explanation.TITLES.values())


def test_accept_header_selects_json(server: PageServer) -> None:
    response = server.request("/octocat", headers={"Accept": "application/json"})
    assert response.headers["content-type"] == "application/json"
    assert response.json == server.request("/octocat.json").json


@pytest.mark.parametrize("path", ["/", "/octocat", "/nobody-here", "/?name=octocat", "/page", "/api"])
def test_browser_gets_the_page_without_a_request_to_github(server: PageServer, path: str) -> None:
    response = server.request(path, headers=BROWSER)
    assert (response.status, response.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert response.body == (PAGE / "index.html").read_bytes()
    assert not server.standin.requests


def test_browser_gets_the_page_for_unknown_addresses(server: PageServer) -> None:
    response = server.request("/no/such/place", headers=BROWSER)
    assert (response.status, response.body) == (404, (PAGE / "index.html").read_bytes())


def test_pictures_are_those_of_the_explanation(server: PageServer) -> None:
    pictures = {}
    for name, address in server.request(f"/api/accounts?login={DEFAULT.login}").json["pictures"].items():
        head, _, body = address.partition(",")
        assert head == "data:image/png;base64"
        pictures[name] = base64.b64decode(body)
    assert pictures.pop("picture") == picture_of(DEFAULT.login)
    explained = explanation.explain(decoding.load(picture_of(DEFAULT.login)))
    expected = {
        "sample": explanation.draw_sample(explained.sample),
        "fit": explained.fit.draw(240),
        "difference": explanation.draw_difference(explained.difference),
    }
    assert {name: Image.open(io.BytesIO(data)).tobytes() for name, data in pictures.items()} == {
        name: picture.tobytes() for name, picture in expected.items()
    }


@pytest.mark.parametrize("file", ["default/38654.png", "custom/photo-portrait-0.jpg", "custom/grey-logo-0.png"])
def test_picture_has_the_prediction_of_the_library(server: PageServer, file: str) -> None:
    data = (AVATARS / file).read_bytes()
    answer = server.request("/api/pictures", data).json
    verdict = classify(data)
    assert (answer["prediction"], answer["probability"]) == (verdict.label, verdict.probability)
    assert [answer[name] for name in ("username", "href", "account_id", "verified")] == [None] * 4
    assert not server.standin.requests


def test_identicon_is_that_of_the_account_id(server: PageServer) -> None:
    response = server.request("/api/identicons/583231.png")
    assert response.headers["content-type"] == "image/png"
    assert Image.open(io.BytesIO(response.body)).tobytes() == identicon.render(583231).tobytes()


def test_gallery_needs_no_github(server: PageServer) -> None:
    server.standin.mode = MODES["503"]
    gallery = server.request("/api/examples").json
    names = {example["name"] for example in gallery}
    assert len(gallery) == len(names) == examples.DEFAULT_COUNT + len(examples.CUSTOM_FAMILIES)
    for example in gallery:
        answer = server.request(f"/api/examples/{example['name']}").json
        assert answer["verified"] == (True if example["label"] == "default" else None)
        data = server.request(f"/api/examples/{example['name']}/picture").body
        assert answer["probability"] == classify(data).probability
    assert not server.standin.requests


def test_about_describes_the_server(server: PageServer) -> None:
    about = {"github": server.standin.url, "demo": True, "max_bytes": MAX_BYTES, "version": "0"}
    assert server.request("/api/about").json == about
