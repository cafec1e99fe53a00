"""Predictions over HTTP with Cog's server: with the schema that `cog build` writes, and without it."""

import base64
import io
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from github_avatars import identicon
from github_avatars.classifier import classify
from github_avatars.demo import AVATARS, GitHubStandIn
from github_avatars.prediction import THUMBNAIL
from github_avatars.training import dataset
from tests.conftest import StartCog
from tests.support.avatars import judged_file
from tests.support.cog_server import CogServer
from tests.support.processes import ROOT

PREFIX = "Prediction failed: Async prediction failed: "
FAMILIES = {example.family: example for example in reversed(dataset.read_index(AVATARS))}
"""One example of each family."""


@pytest.fixture(scope="module")
def started_without_schema(
    start_cog: StartCog, github_for_all: GitHubStandIn, tmp_path_factory: pytest.TempPathFactory
) -> CogServer:
    return start_cog(tmp_path_factory.mktemp("without-schema"), github_for_all.url)


@pytest.fixture
def without_schema(started_without_schema: CogServer) -> CogServer:
    """A server that does not validate its inputs."""
    started_without_schema.wait_for_status("READY")
    return started_without_schema


@pytest.fixture(params=["cog_server", "without_schema"])
def server(request: pytest.FixtureRequest) -> CogServer:
    """Each of the two servers."""
    server: CogServer = request.getfixturevalue(request.param)
    return server


def data_url(data: bytes, media_type: str = "image/png") -> str:
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


def encoded(picture: Image.Image, codec: str = "PNG") -> bytes:
    file = io.BytesIO()
    picture.save(file, codec)
    return file.getvalue()


def error_of(response: dict[str, Any]) -> str:
    """The error of a failed prediction, as `ClassName: message`. The response contains nothing else of interest."""
    assert response["status"] == "failed", response
    assert set(response) == {"id", "status", "error", "logs", "metrics"}
    assert set(response["metrics"]) == {"predict_time"}
    text = str(response["error"])
    assert text.startswith(PREFIX)
    return text.removeprefix(PREFIX)


def test_custom_avatar(server: CogServer, github: GitHubStandIn) -> None:
    response = server.predict(username="octocat")
    assert set(response) == {"id", "status", "output", "logs", "metrics"}
    assert response["status"] == "succeeded"
    assert response["output"] == {"username": "octocat", "href": f"{github.url}/octocat.png", "prediction": "custom"}
    assert github.requests.total() == 2


@pytest.mark.parametrize("spelling", ["@octocat", "https://github.com/octocat", "github.com/octocat.png"])
def test_other_spellings_of_a_login(cog_server: CogServer, github: GitHubStandIn, spelling: str) -> None:
    response = cog_server.predict(username=spelling)
    assert response["output"] == {"username": "octocat", "href": f"{github.url}/octocat.png", "prediction": "custom"}


def test_account_by_id(cog_server: CogServer, github: GitHubStandIn) -> None:
    account_id = next(example.account_id for example in dataset.read_index(AVATARS) if example.login == "octocat")
    for spelling in (f"u/{account_id}", f"https://avatars.githubusercontent.com/u/{account_id}?v=4"):
        response = cog_server.predict(username=spelling)
        href = f"{github.url}/u/{account_id}?v=4"
        assert response["output"] == {"username": None, "href": href, "prediction": "custom"}
        assert response["metrics"]["account_id"] == account_id


def test_default_avatar(server: CogServer, github: GitHubStandIn) -> None:
    login = FAMILIES["identicon"].login
    response = server.predict(username=login)
    assert response["output"] == {"username": login, "href": f"{github.url}/{login}.png", "prediction": "default"}


@pytest.mark.usefixtures("github")
@pytest.mark.parametrize("family", ["identicon", "cartoon"])
def test_metrics_of_an_account(server: CogServer, family: str) -> None:
    metrics = server.predict(username=FAMILIES[family].login)["metrics"]
    verdict = classify(judged_file(FAMILIES[family]))
    assert metrics.pop("predict_time") > 0
    timing = metrics.pop("timing")
    assert set(timing) == {"fetch", "classify"}
    assert min(timing.values()) > 0
    assert metrics == {
        "probability": pytest.approx(verdict.probability, rel=1e-12),
        "github_grey": verdict.features.github_grey,
        "distinct_colors": verdict.features.distinct_colors,
        "identicon_error": pytest.approx(verdict.features.identicon_error, rel=1e-12),
        "account_id": FAMILIES[family].account_id,
        "verified": family == "identicon",
        "size": 420 if family == "identicon" else THUMBNAIL,
    }


@pytest.mark.parametrize("family", FAMILIES)
def test_predictions_equal_those_of_the_library(cog_server: CogServer, github: GitHubStandIn, family: str) -> None:
    example = FAMILIES[family]
    data = (AVATARS / example.file).read_bytes()
    verdict = classify(data)
    judged = judged_file(example)
    account = cog_server.predict(username=example.login)
    assert account["output"]["prediction"] == verdict.label
    assert account["metrics"]["probability"] == pytest.approx(classify(judged).probability, rel=1e-12)
    address = f"/u/{example.account_id}?v=4"
    # The stand-in sends identicons at full size for the first address.
    originals = int(judged == data and example.label == "custom")
    assert (github.requests[f"{address}&s={THUMBNAIL}"], github.requests[address]) == (1, originals)
    picture = cog_server.predict(image=data_url(data))
    assert picture["output"]["prediction"] == verdict.label
    assert picture["metrics"]["probability"] == pytest.approx(verdict.probability, rel=1e-12)


def test_null_counts_as_missing_without_the_schema(without_schema: CogServer, github: GitHubStandIn) -> None:
    """Generated clients may send null for the other input. With the schema, Cog itself refuses it."""
    assert without_schema.predict(username="octocat", image=None)["output"]["username"] == "octocat"
    assert github.requests.total() == 2


@pytest.mark.parametrize(("codec", "media_type"), [("PNG", "image/png"), ("JPEG", "image/jpeg")])
def test_picture_as_data_url(server: CogServer, github: GitHubStandIn, codec: str, media_type: str) -> None:
    data = encoded(identicon.render(583231), codec)
    response = server.predict(image=data_url(data, media_type))
    assert response["output"] == {"username": None, "href": None, "prediction": "default"}
    metrics = response["metrics"]
    verdict = classify(data)
    assert metrics.pop("predict_time") > 0
    assert set(metrics.pop("timing")) == {"classify"}
    assert metrics == {
        "probability": pytest.approx(verdict.probability, rel=1e-12),
        "github_grey": verdict.features.github_grey,
        "distinct_colors": verdict.features.distinct_colors,
        "identicon_error": pytest.approx(verdict.features.identicon_error, rel=1e-12),
        "size": 420,
    }
    assert not github.requests


def test_media_type_of_a_data_url_is_ignored(server: CogServer) -> None:
    response = server.predict(image=data_url(encoded(identicon.render(1)), "text/plain"))
    assert response["output"]["prediction"] == "default"


@pytest.mark.parametrize("url", [data_url(b"hello", "text/plain"), data_url(b"hello"), "data:,hello"])
def test_data_url_without_a_picture(server: CogServer, url: str) -> None:
    assert error_of(server.predict(image=url)).startswith(
        "NotAPicture: The image is not a PNG, JPEG, WebP, AVIF or GIF"
    )


def test_path_on_the_server_is_refused(server: CogServer, tmp_path: Path) -> None:
    picture = tmp_path / "secret.png"
    identicon.render(1).save(picture)
    for text in (str(picture), picture.as_uri(), "/etc/hostname", ""):
        assert error_of(server.predict(image=text)).startswith(f"BadInput: image is the text {text!r}: ")


def test_missing_account(server: CogServer, github: GitHubStandIn) -> None:
    error = error_of(server.predict(username="nobody-of-this-name"))
    assert error == f"NoSuchAccount: {github.url} has no account nobody-of-this-name: check the spelling."


def test_both_inputs(server: CogServer, github: GitHubStandIn) -> None:
    response = server.predict(username="octocat", image=data_url(encoded(identicon.render(1))))
    assert error_of(response).startswith("BadInput: Exactly one of username and image is required, but both ")
    assert not github.requests


@pytest.mark.parametrize("body", [{"input": {}}, {}], ids=str)
def test_neither_input(server: CogServer, github: GitHubStandIn, body: dict[str, object]) -> None:
    status, response = server.request("POST", "/predictions", body)
    assert status == 200
    assert error_of(response).startswith("BadInput: Exactly one of username and image is required, but neither ")
    assert not github.requests


WRONG_TYPES = [
    {"username": None},
    {"username": 5},
    {"username": True},
    {"username": ["octocat"]},
    {"username": {"login": "octocat"}},
    {"image": None},
    {"image": 5},
    {"image": ["data:,"]},
]


@pytest.mark.parametrize("inputs", WRONG_TYPES, ids=str)
def test_wrong_type_is_our_error_without_the_schema(
    without_schema: CogServer, github: GitHubStandIn, inputs: dict[str, object]
) -> None:
    assert error_of(without_schema.predict(**inputs)).startswith("BadInput: ")
    assert not github.requests


@pytest.mark.parametrize("inputs", WRONG_TYPES, ids=str)
def test_wrong_type_is_refused_with_the_schema(
    cog_server: CogServer, github: GitHubStandIn, inputs: dict[str, object]
) -> None:
    status, response = cog_server.request("POST", "/predictions", {"input": inputs})
    assert status == 422
    assert [detail["loc"] for detail in response["detail"]] == [["body", "input", *inputs]]
    assert not github.requests


@pytest.mark.usefixtures("github")
def test_unknown_input_is_dropped_with_the_schema_and_an_error_without(
    cog_server: CogServer, without_schema: CogServer
) -> None:
    assert cog_server.predict(username="octocat", size=40)["status"] == "succeeded"
    response = without_schema.predict(username="octocat", size=40)
    assert response["status"] == "failed"
    assert "unexpected keyword argument 'size'" in response["error"]


def test_served_schema_is_openapi_json(cog_server: CogServer) -> None:
    status, schema = cog_server.request("GET", "/openapi.json")
    assert status == 200
    assert schema == json.loads((ROOT / "openapi.json").read_text(encoding="utf-8"))


def test_health_check_reports_the_setup(server: CogServer) -> None:
    health = server.health()
    assert (health["status"], health["setup"]["status"]) == ("READY", "succeeded")


@pytest.mark.usefixtures("github")
def test_nothing_is_printed_on_standard_output(server: CogServer) -> None:
    server.predict(username="octocat")
    assert server.stdout.read_bytes() == b""


def test_damaged_model_fails_the_setup(start_cog: StartCog, tmp_path: Path) -> None:
    for name in ("predict.py", "model.pkl", "model.json"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "github_avatars", tmp_path / "github_avatars", ignore=shutil.ignore_patterns("__pycache__"))
    model = tmp_path / "model.pkl"
    data = bytearray(model.read_bytes())
    data[len(data) // 2] ^= 1
    model.write_bytes(data)
    server = start_cog(tmp_path, "", project=tmp_path)
    logs = server.wait_for_status("SETUP_FAILED")["setup"]["logs"]
    assert f"BadModel: {model} " in logs
    assert "SHA-256" in logs
    assert "Traceback" not in logs
    assert server.request("POST", "/predictions", {"input": {"username": "octocat"}})[0] == 503


def test_malformed_github_url_fails_the_setup(start_cog: StartCog, tmp_path: Path) -> None:
    server = start_cog(tmp_path, "github.example.com")
    logs = server.wait_for_status("SETUP_FAILED")["setup"]["logs"]
    assert "BadOption: GITHUB_URL is 'github.example.com': give an address like https://" in logs
    assert "Traceback" not in logs
