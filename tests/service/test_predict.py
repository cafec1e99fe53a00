"""Cog's real server, as a process, spoken to over HTTP: with the schema that `cog build` leaves, and without."""

import base64
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from github_avatars import identicon
from github_avatars.classifier import classify
from github_avatars.demo import AVATARS, GitHubStandIn, responding
from github_avatars.github import CONNECTIONS
from github_avatars.training import dataset
from tests.support.cog_server import CogServer
from tests.support.processes import ROOT

START = Callable[..., CogServer]
MANY = CONNECTIONS
PREFIX = "Prediction failed: Async prediction failed: "
FAMILIES = {example.family: example for example in reversed(dataset.read_index(AVATARS))}
"""One example of each family."""


@pytest.fixture(scope="module")
def with_schema(start_cog: START, github_for_all: GitHubStandIn, tmp_path_factory: pytest.TempPathFactory) -> CogServer:
    folder = tmp_path_factory.mktemp("with-schema")
    (folder / ".cog").mkdir()
    shutil.copyfile(ROOT / "openapi.json", folder / ".cog" / "openapi_schema.json")
    return start_cog(folder, github_for_all.url)


@pytest.fixture(scope="module")
def without_schema(
    start_cog: START, github_for_all: GitHubStandIn, tmp_path_factory: pytest.TempPathFactory
) -> CogServer:
    return start_cog(tmp_path_factory.mktemp("without-schema"), github_for_all.url)


@pytest.fixture
def strict(with_schema: CogServer) -> CogServer:
    """The server that checks its input by the schema, ready and at rest."""
    with_schema.wait_for_status("READY")
    return with_schema


@pytest.fixture
def lax(without_schema: CogServer) -> CogServer:
    """The server that passes on whatever comes, ready and at rest."""
    without_schema.wait_for_status("READY")
    return without_schema


@pytest.fixture(params=["strict", "lax"])
def server(request: pytest.FixtureRequest) -> CogServer:
    """Either server; what a test says of it holds for both."""
    found: CogServer = request.getfixturevalue(request.param)
    return found


def data_url(data: bytes, media_type: str = "image/png") -> str:
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


def encoded(picture: Image.Image, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    picture.save(file, kind)
    return file.getvalue()


def error_of(answer: dict[str, Any]) -> str:
    """The error of a failed prediction, as `ClassName: message`; of an answer that holds nothing else."""
    assert answer["status"] == "failed", answer
    assert set(answer) == {"id", "status", "error", "logs", "metrics"}
    assert set(answer["metrics"]) == {"predict_time"}
    text = str(answer["error"])
    assert text.startswith(PREFIX)
    return text.removeprefix(PREFIX)


# A username


def test_custom_avatar(server: CogServer, github: GitHubStandIn) -> None:
    answer = server.predict(username="octocat")
    assert set(answer) == {"id", "status", "output", "logs", "metrics"}
    assert answer["status"] == "succeeded"
    assert answer["output"] == {"username": "octocat", "href": f"{github.url}/octocat.png", "prediction": "custom"}
    assert github.requests.total() == 2


def test_default_avatar(server: CogServer, github: GitHubStandIn) -> None:
    login = FAMILIES["identicon"].login
    answer = server.predict(username=login)
    assert answer["output"] == {"username": login, "href": f"{github.url}/{login}.png", "prediction": "default"}


@pytest.mark.usefixtures("github")
@pytest.mark.parametrize("family", ["identicon", "cartoon"])
def test_evidence_of_an_account(server: CogServer, family: str) -> None:
    metrics = server.predict(username=FAMILIES[family].login)["metrics"]
    verdict = classify(AVATARS / FAMILIES[family].file)
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
    }


@pytest.mark.parametrize("family", FAMILIES)
def test_verdict_is_the_librarys(strict: CogServer, github: GitHubStandIn, family: str) -> None:
    example = FAMILIES[family]
    data = (AVATARS / example.file).read_bytes()
    verdict = classify(data)
    probability = pytest.approx(verdict.probability, rel=1e-12)
    named = strict.predict(username=example.login)
    assert (named["output"]["prediction"], named["metrics"]["probability"]) == (verdict.label, probability)
    assert github.requests[f"/u/{example.account_id}?v=4"] == 1
    sent = strict.predict(image=data_url(data))
    assert (sent["output"]["prediction"], sent["metrics"]["probability"]) == (verdict.label, probability)


def test_another_input_left_null_counts_as_left_out(lax: CogServer, github: GitHubStandIn) -> None:
    """As a client may send it that was generated from the contract; Cog itself refuses it where it has the schema."""
    assert lax.predict(username="octocat", image=None)["output"]["username"] == "octocat"
    assert github.requests.total() == 2


# A picture


@pytest.mark.parametrize(("kind", "media_type"), [("PNG", "image/png"), ("JPEG", "image/jpeg")])
def test_picture_as_data_url(server: CogServer, github: GitHubStandIn, kind: str, media_type: str) -> None:
    data = encoded(identicon.render(583231), kind)
    answer = server.predict(image=data_url(data, media_type))
    assert answer["output"] == {"username": None, "href": None, "prediction": "default"}
    metrics = answer["metrics"]
    verdict = classify(data)
    assert metrics.pop("predict_time") > 0
    assert set(metrics.pop("timing")) == {"classify"}
    assert metrics == {
        "probability": pytest.approx(verdict.probability, rel=1e-12),
        "github_grey": verdict.features.github_grey,
        "distinct_colors": verdict.features.distinct_colors,
        "identicon_error": pytest.approx(verdict.features.identicon_error, rel=1e-12),
    }
    assert not github.requests


def test_picture_of_a_wrong_media_type_is_judged_by_its_bytes(server: CogServer) -> None:
    answer = server.predict(image=data_url(encoded(identicon.render(1)), "text/plain"))
    assert answer["output"]["prediction"] == "default"


@pytest.mark.parametrize("url", [data_url(b"hello", "text/plain"), data_url(b"hello"), "data:,hello"])
def test_data_that_is_no_picture(server: CogServer, url: str) -> None:
    assert error_of(server.predict(image=url)).startswith("NotAPicture: The image is not a PNG, JPEG, WebP or GIF")


def test_path_on_the_server_is_refused_even_where_a_picture_lies(server: CogServer, tmp_path: Path) -> None:
    picture = tmp_path / "secret.png"
    identicon.render(1).save(picture)
    for text in (str(picture), picture.as_uri(), "/etc/hostname", ""):
        assert error_of(server.predict(image=text)).startswith(f"BadInput: image is the text {text!r}: ")


# Wrong input


def test_no_such_user(server: CogServer, github: GitHubStandIn) -> None:
    error = error_of(server.predict(username="nobody-of-this-name"))
    assert error == f"NoSuchAccount: {github.url} has no account nobody-of-this-name: check the spelling."


@pytest.mark.parametrize("login", ["", "no login", "../octocat", "octocat.png", "octo\ncat", "a" * 40, "zëke"])
def test_bad_login_is_asked_of_nobody(server: CogServer, github: GitHubStandIn, login: str) -> None:
    assert error_of(server.predict(username=login)).startswith("BadLogin: ")
    assert not github.requests


def test_both_inputs(server: CogServer, github: GitHubStandIn) -> None:
    answer = server.predict(username="octocat", image=data_url(encoded(identicon.render(1))))
    assert error_of(answer).startswith("BadInput: Exactly one of username and image is needed, but both came")
    assert not github.requests


def test_neither_input(server: CogServer, github: GitHubStandIn) -> None:
    for body in ({"input": {}}, {}):
        status, answer = server.request("POST", "/predictions", body)
        assert status == 200
        assert error_of(answer).startswith(
            "BadInput: Exactly one of username and image is required, but neither was given"
        )
    assert not github.requests


WRONG = [
    {"username": None},
    {"username": 5},
    {"username": True},
    {"username": ["octocat"]},
    {"username": {"login": "octocat"}},
    {"image": None},
    {"image": 5},
    {"image": ["data:,"]},
]


@pytest.mark.parametrize("inputs", WRONG, ids=str)
def test_wrong_type_is_an_error_of_ours_without_the_schema(
    lax: CogServer, github: GitHubStandIn, inputs: dict[str, object]
) -> None:
    assert error_of(lax.predict(**inputs)).startswith("BadInput: ")
    assert not github.requests


@pytest.mark.parametrize("inputs", WRONG, ids=str)
def test_wrong_type_is_refused_with_the_schema(
    strict: CogServer, github: GitHubStandIn, inputs: dict[str, object]
) -> None:
    status, answer = strict.request("POST", "/predictions", {"input": inputs})
    assert status == 422
    assert [detail["loc"] for detail in answer["detail"]] == [["body", "input", *inputs]]
    assert not github.requests


@pytest.mark.usefixtures("github")
def test_unknown_input_is_dropped_with_the_schema_and_an_error_without(strict: CogServer, lax: CogServer) -> None:
    assert strict.predict(username="octocat", size=40)["status"] == "succeeded"
    answer = lax.predict(username="octocat", size=40)
    assert answer["status"] == "failed"
    assert "unexpected keyword argument 'size'" in answer["error"]


# Trouble with GitHub


def test_rate_limit(server: CogServer, github: GitHubStandIn) -> None:
    github.faults["/octocat.png"] = responding(429, {"Retry-After": "3600"})
    assert error_of(server.predict(username="octocat")).startswith("RateLimited: ")
    assert github.requests["/octocat.png"] == 1


def test_github_in_trouble(strict: CogServer, github: GitHubStandIn) -> None:
    github.faults["/octocat.png"] = responding(502)
    assert error_of(strict.predict(username="octocat")).startswith("Unreachable: ")
    assert github.requests["/octocat.png"] > 1


def test_redirect_to_a_foreign_host(server: CogServer, github: GitHubStandIn) -> None:
    github.faults["/octocat.png"] = responding(302, {"Location": "https://example.com/u/1"})
    assert error_of(server.predict(username="octocat")).startswith("ForeignRedirect: ")


def test_something_else_than_a_picture(server: CogServer, github: GitHubStandIn) -> None:
    github.faults["/octocat.png"] = responding(200, {"Content-Type": "text/html"}, b"<title>Be right back</title>")
    assert error_of(server.predict(username="octocat")).startswith("NotAPicture: ")


# The server itself


def test_served_contract_is_openapi_json(strict: CogServer) -> None:
    status, served = strict.request("GET", "/openapi.json")
    assert status == 200
    assert served == json.loads((ROOT / "openapi.json").read_text(encoding="utf-8"))


def test_health_check_tells_of_the_setup(server: CogServer) -> None:
    health = server.health()
    assert (health["status"], health["setup"]["status"]) == ("READY", "succeeded")


@pytest.mark.usefixtures("github")
def test_nothing_is_printed_on_stdout(server: CogServer) -> None:
    server.predict(username="octocat")
    assert server.stdout.read_bytes() == b""


def test_damaged_model_fails_the_setup(start_cog: START, tmp_path: Path) -> None:
    for name in ("predict.py", "model.pkl", "model.json"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "github_avatars", tmp_path / "github_avatars", ignore=shutil.ignore_patterns("__pycache__"))
    model = tmp_path / "model.pkl"
    data = bytearray(model.read_bytes())
    data[len(data) // 2] ^= 1
    model.write_bytes(data)
    server = start_cog(tmp_path, "", project=tmp_path)
    reason = server.wait_for_status("SETUP_FAILED")["setup"]["logs"]
    assert f"BadModel: {model} is not the file that model.json describes: its SHA-256 differs." in reason
    assert "Traceback" not in reason
    assert server.request("POST", "/predictions", {"input": {"username": "octocat"}})[0] == 503


def test_address_of_github_that_is_none_fails_the_setup(start_cog: START, tmp_path: Path) -> None:
    server = start_cog(tmp_path, "github.example.com")
    reason = server.wait_for_status("SETUP_FAILED")["setup"]["logs"]
    assert "BadOption: GITHUB_URL is 'github.example.com': give an address like https://" in reason
    assert "Traceback" not in reason
