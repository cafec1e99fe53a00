"""Predictions from end to end, against a stand-in for GitHub."""

import concurrent.futures
import logging
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import cog
import numpy as np
import pytest
from PIL import Image

from github_avatars import classifier, identicon
from github_avatars.classifier import Classifier, Label, Verdict, classify
from github_avatars.demo import Exchange, GitHubStandIn, responding
from github_avatars.errors import (
    BadInput,
    BadLogin,
    GitHubAvatarsError,
    GitHubError,
    NoSuchAccount,
    NotAPicture,
    RateLimited,
    TooLarge,
    Unreachable,
)
from github_avatars.features import Features
from github_avatars.github import Account, Avatar, GitHub
from github_avatars.picture.decoding import MAX_BYTES
from github_avatars.prediction import (
    THUMBNAIL,
    Prediction,
    fetch_and_predict,
    predict,
    predict_account,
    predict_avatar,
    predict_file,
)
from github_avatars.training import dataset
from github_avatars.training.dataset import Example
from tests.support.processes import ROOT

PICTURE_METRICS = {"probability", "github_grey", "distinct_colors", "identicon_error", "timing.classify", "size"}
ACCOUNT_METRICS = PICTURE_METRICS | {"account_id", "verified", "timing.fetch"}
ACCOUNT_IDS = {"own": 101, "lossless": 102, "stranger": 103, "touched": 104, "smaller": 105, "lossy": 106, "photo": 107}
"""The accounts in the `avatars` folder and their ids."""


@pytest.fixture(scope="module")
def avatars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Accounts whose avatars are their own identicon, a near copy of it, or something else."""
    folder = tmp_path_factory.mktemp("avatars")
    drawn = {login: identicon.render(account_id) for login, account_id in ACCOUNT_IDS.items()}
    drawn["own"].save(folder / "own.png")
    drawn["lossless"].convert("RGBA").save(folder / "lossless.webp", lossless=True)
    identicon.render(9999).save(folder / "stranger.png")
    drawn["touched"].putpixel((3, 5), (240, 240, 241))
    drawn["touched"].save(folder / "touched.png")
    drawn["smaller"].resize((210, 210)).save(folder / "smaller.png")
    drawn["lossy"].save(folder / "lossy.jpg", quality=95)
    noise = np.random.default_rng(7).integers(0, 256, (64, 64, 3), np.uint8)
    Image.fromarray(noise).save(folder / "photo.png")
    files = {file.stem: file.name for file in folder.iterdir()}
    dataset.write_index(
        folder, [Example(files[login], "default", login, ACCOUNT_IDS[login], "any") for login in ACCOUNT_IDS]
    )
    return folder


@pytest.fixture
def standin(avatars: Path) -> Iterator[GitHubStandIn]:
    with GitHubStandIn(avatars) as standin:
        yield standin


@pytest.fixture
def hub(standin: GitHubStandIn) -> Iterator[GitHub]:
    with GitHub(standin.url, backoff=0) as hub:
        yield hub


@pytest.fixture(scope="module")
def shipped() -> Classifier:
    return classifier.load(classifier.MODEL)


def test_prediction_for_an_account(hub: GitHub, standin: GitHubStandIn, avatars: Path, shipped: Classifier) -> None:
    standin.latency = 0.05  # on each of the two requests
    prediction = predict("own", None, hub, shipped)
    verdict = classify(avatars / "own.png", shipped)
    assert prediction == Prediction(
        "default",
        verdict.probability,
        verdict.features,
        account_id=101,
        verified=True,
        username="own",
        href=f"{standin.url}/own.png",
        fetch_seconds=prediction.fetch_seconds,
        classify_seconds=prediction.classify_seconds,
        size=420,
    )
    assert 0.09 < (prediction.fetch_seconds or 0) < 60
    assert 0 < (prediction.classify_seconds or 0) < 60
    assert prediction.output() == {"username": "own", "href": f"{standin.url}/own.png", "prediction": "default"}
    assert prediction.metrics() == {
        "probability": verdict.probability,
        "github_grey": verdict.features.github_grey,
        "distinct_colors": 2,
        "identicon_error": 0,
        "account_id": 101,
        "verified": True,
        "size": 420,
        "timing.fetch": prediction.fetch_seconds,
        "timing.classify": prediction.classify_seconds,
    }


@pytest.mark.parametrize("path_type", [Path, cog.Path])
def test_prediction_for_a_file(
    path_type: type[Path], hub: GitHub, standin: GitHubStandIn, avatars: Path, shipped: Classifier
) -> None:
    prediction = predict(None, path_type(avatars / "photo.png"), hub, shipped)
    verdict = classify(avatars / "photo.png", shipped)
    assert prediction == Prediction(
        "custom", verdict.probability, verdict.features, classify_seconds=prediction.classify_seconds, size=64
    )
    assert prediction.output() == {"username": None, "href": None, "prediction": "custom"}
    assert set(prediction.metrics()) == PICTURE_METRICS
    assert not standin.requests


def test_login_keeps_its_spelling(hub: GitHub, standin: GitHubStandIn, shipped: Classifier) -> None:
    prediction = predict_account("OWN", hub, shipped)
    assert (prediction.username, prediction.href) == ("OWN", f"{standin.url}/OWN.png")
    assert prediction.verified is True


@pytest.mark.parametrize(
    ("spelling", "username", "path"),
    [
        ("@Own", "Own", "/Own.png"),
        ("https://github.com/own", "own", "/own.png"),
        ("github.com/own.png", "own", "/own.png"),
        ("own@users.noreply.github.com", "own", "/own.png"),
        ("101+own@users.noreply.github.com", "own", "/u/101?v=4"),
        ("https://avatars.githubusercontent.com/u/101?v=4", None, "/u/101?v=4"),
        ("u/101", None, "/u/101?v=4"),
    ],
)
def test_every_spelling_of_an_account(
    spelling: str, username: str | None, path: str, hub: GitHub, standin: GitHubStandIn, shipped: Classifier
) -> None:
    """The output names the login if the spelling contains it, and the address of the picture that was fetched."""
    prediction = predict(spelling, None, hub, shipped)
    assert prediction.output() == {"username": username, "href": standin.url + path, "prediction": "default"}
    assert (prediction.account_id, prediction.verified) == (101, True)


ACCOUNTS: list[tuple[str, bool, Label]] = [
    ("own", True, "default"),
    ("lossless", True, "default"),
    ("stranger", False, "default"),
    ("touched", False, "default"),
    ("smaller", False, "default"),
    ("lossy", False, "default"),
    ("photo", False, "custom"),
]


@pytest.mark.parametrize(("login", "verified", "label"), ACCOUNTS)
def test_verified_means_equal_to_the_identicon_of_this_account(
    login: str, verified: bool, label: Label, hub: GitHub, shipped: Classifier
) -> None:
    prediction = predict_account(login, hub, shipped)
    assert (prediction.label, prediction.verified) == (label, verified)
    assert prediction.account_id == ACCOUNT_IDS[login]
    assert set(prediction.metrics()) == ACCOUNT_METRICS


@pytest.fixture
def resizing(tmp_path: Path) -> Iterator[GitHubStandIn]:
    """A stand-in that resizes all pictures, identicons too. The picture of `photo` has 460 pixels per side."""
    noise = np.random.default_rng(7).integers(0, 256, (460, 460, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "photo.jpg")
    identicon.render(101).save(tmp_path / "own.png")
    dataset.write_index(
        tmp_path,
        [Example("photo.jpg", "custom", "photo", 107, "any"), Example("own.png", "default", "own", 101, "any")],
    )
    with GitHubStandIn(tmp_path, resize_identicons=True) as standin:
        yield standin


@pytest.fixture
def resizing_hub(resizing: GitHubStandIn) -> Iterator[GitHub]:
    with GitHub(resizing.url, backoff=0) as hub:
        yield hub


class Answering(Classifier):
    """Gives each picture the same probability."""

    def __init__(self, probability: float) -> None:
        self.probability = probability

    def classify(self, measured: Features) -> Verdict:
        return Verdict("default" if self.probability > 0.5 else "custom", self.probability, measured)


def test_thumbnail_suffices_for_a_custom_avatar(
    resizing: GitHubStandIn, resizing_hub: GitHub, shipped: Classifier
) -> None:
    prediction = predict_account("photo", resizing_hub, shipped)
    assert resizing.requests == {"/photo.png": 1, "/u/107?v=4&s=64": 1}
    assert prediction.output() == {"username": "photo", "href": f"{resizing.url}/photo.png", "prediction": "custom"}
    assert (prediction.account_id, prediction.verified, prediction.size) == (107, False, 64)


def test_original_decides_about_a_small_identicon(
    resizing: GitHubStandIn, resizing_hub: GitHub, shipped: Classifier
) -> None:
    prediction = predict_account("own", resizing_hub, shipped)
    assert resizing.requests == {"/own.png": 1, "/u/101?v=4&s=64": 1, "/u/101?v=4": 1}
    assert prediction.output() == {"username": "own", "href": f"{resizing.url}/own.png", "prediction": "default"}
    assert (prediction.account_id, prediction.verified, prediction.size) == (101, True, 420)


@pytest.mark.parametrize(("probability", "size"), [(0.0, 64), (0.05, 64), (0.051, 460), (0.5, 460), (0.96, 460)])
def test_original_decides_about_a_thumbnail_that_is_not_certainly_custom(
    probability: float, size: int, resizing: GitHubStandIn, resizing_hub: GitHub
) -> None:
    avatar, prediction = fetch_and_predict("photo", resizing_hub, Answering(probability))
    assert prediction.size == size
    assert prediction.href == avatar.href == f"{resizing.url}/photo.png"
    assert resizing.requests.total() == (2 if size == THUMBNAIL else 3)
    assert classify(avatar.data).features == prediction.features


def test_host_that_ignores_the_size_is_asked_once(
    resizing: GitHubStandIn, resizing_hub: GitHub, tmp_path: Path
) -> None:
    """The JPEG is decoded at reduced size, which does not make it a thumbnail."""
    picture = Image.new("RGB", (512, 300))
    picture.save(tmp_path / "wide.jpg")
    resizing.faults["/u/107"] = responding(200, body=(tmp_path / "wide.jpg").read_bytes())
    prediction = predict_account("photo", resizing_hub, Answering(0.5))
    assert prediction.size == 512
    assert resizing.requests == {"/photo.png": 1, "/u/107?v=4&s=64": 1}


def test_original_of_an_avatar_without_an_account_id(resizing: GitHubStandIn, resizing_hub: GitHub) -> None:
    logo = "https://avatars.githubusercontent.com/in/15368?v=4"
    avatar, prediction = fetch_and_predict(logo, resizing_hub, Answering(0.5))
    assert (prediction.account_id, prediction.verified, prediction.size) == (None, None, 420)
    assert resizing.requests == {"/in/15368?v=4&s=64": 1, "/in/15368?v=4": 1}
    assert prediction.href == avatar.href == f"{resizing.url}/in/15368?v=4"


@pytest.mark.parametrize("fails", ["s=64", "v=4"])
@pytest.mark.parametrize(
    ("status", "headers", "error"),
    [(404, {}, Unreachable), (429, {"Retry-After": "3600"}, RateLimited), (500, {}, Unreachable)],
)
def test_missing_thumbnail_or_original_is_an_error(
    fails: str,
    status: int,
    headers: dict[str, str],
    error: type[GitHubError],
    resizing: GitHubStandIn,
    resizing_hub: GitHub,
) -> None:
    def fault(exchange: Exchange) -> bool:
        return exchange.path.endswith(fails) and responding(status, headers)(exchange)

    resizing.faults["/u/107"] = fault
    with pytest.raises(error, match=" photo"):
        predict_account("photo", resizing_hub, Answering(0.5))


def test_thumbnail_and_original_share_a_deadline(resizing: GitHubStandIn) -> None:
    starts = []

    class Recording(GitHub):
        def fetch(self, account: str | Account, **options: Any) -> Avatar:
            starts.append(options["since"])
            return super().fetch(account, **options)

        def fetch_original(self, avatar: Avatar, **options: Any) -> Avatar:
            starts.append(options["since"])
            return super().fetch_original(avatar, **options)

    with Recording(resizing.url) as hub:
        predict_account("photo", hub, Answering(0.5))
    assert len(starts) == 2
    assert starts[0] == starts[1] is not None


def test_nothing_is_verified_without_an_account_id(
    hub: GitHub, standin: GitHubStandIn, avatars: Path, shipped: Classifier
) -> None:
    """Some Enterprise hosts serve the picture without a redirect to an address with the id."""
    standin.faults["/own.png"] = responding(200, {"Content-Type": "image/png"}, (avatars / "own.png").read_bytes())
    prediction = predict_account("own", hub, shipped)
    assert (prediction.label, prediction.account_id, prediction.verified) == ("default", None, None)
    assert set(prediction.metrics()) == PICTURE_METRICS | {"timing.fetch"}


@pytest.mark.parametrize(
    ("login", "size", "verified"),
    [
        *(("own", size, True) for size in (None, 64, 420)),
        *(("touched", size, False) for size in (None, 64, 419)),
        *(("touched", size, None) for size in (420, 1000)),
    ],
)
def test_pictures_that_may_be_resized_are_not_verified(
    login: str, size: int | None, verified: bool | None, hub: GitHub, shipped: Classifier
) -> None:
    assert predict_avatar(hub.fetch(login), shipped, size=size).verified is verified


def test_avatar_without_a_login_is_named_by_its_address(hub: GitHub, shipped: Classifier) -> None:
    avatar = replace(hub.fetch("own"), login="")
    prediction = predict_avatar(avatar, shipped)
    assert (prediction.username, prediction.href) == (None, avatar.href)
    with pytest.raises(NotAPicture, match=f"^The avatar of {re.escape(avatar.href)} "):
        predict_avatar(replace(avatar, data=b""), shipped)


MISSING_INPUT = cog.Input(default=None)
"""What Cog's server may pass for a missing input if it has no schema."""


@pytest.mark.parametrize(
    "missing",
    [None, MISSING_INPUT, object(), 5, b"own", ["own"], {"a": 1}, False],
    ids=lambda missing: type(missing).__name__,
)
def test_values_that_are_neither_text_nor_a_path_are_missing(
    missing: object, hub: GitHub, standin: GitHubStandIn, avatars: Path, shipped: Classifier
) -> None:
    assert predict("own", missing, hub, shipped).username == "own"
    requests = standin.requests.total()
    assert predict(missing, avatars / "own.png", hub, shipped).username is None
    with pytest.raises(BadInput, match=r"^Exactly one of username and image is required, but neither was given: "):
        predict(missing, missing, hub, shipped)
    assert standin.requests.total() == requests


def test_username_and_image_together_are_refused(
    hub: GitHub, standin: GitHubStandIn, avatars: Path, shipped: Classifier
) -> None:
    with pytest.raises(BadInput, match=r"^Exactly one of username and image is required, but both were given: "):
        predict("own", avatars / "own.png", hub, shipped)
    assert not standin.requests


@pytest.mark.parametrize("username", [None, "own", MISSING_INPUT], ids=["alone", "with a login", "with FieldInfo"])
def test_image_given_as_text_is_refused_and_not_read(
    username: object, hub: GitHub, standin: GitHubStandIn, avatars: Path, shipped: Classifier
) -> None:
    path = str(avatars / "own.png")
    with pytest.raises(BadInput, match=r"image is the text '.*own\.png': give a file"):
        predict(username, path, hub, shipped)
    with pytest.raises(BadInput, match=r"image is the text 'x{100}': "):
        predict(username, "x" * 5000, hub, shipped)
    assert not standin.requests


def test_username_given_as_a_file_is_refused(hub: GitHub, avatars: Path, shipped: Classifier) -> None:
    with pytest.raises(BadInput, match=r"^username is a file: give a GitHub login"):
        predict(avatars / "own.png", None, hub, shipped)


@pytest.mark.parametrize(("login", "error"), [("", BadLogin), ("not a login", BadLogin), ("nobody", NoSuchAccount)])
def test_errors_of_the_client_propagate(login: str, error: type[Exception], hub: GitHub, shipped: Classifier) -> None:
    with pytest.raises(error):
        predict(login, None, hub, shipped)


def test_error_names_the_account_of_a_damaged_avatar(
    hub: GitHub, standin: GitHubStandIn, avatars: Path, shipped: Classifier
) -> None:
    standin.faults[f"/u/{ACCOUNT_IDS['own']}"] = responding(200, body=(avatars / "own.png").read_bytes()[:200])
    with pytest.raises(NotAPicture, match=r"^The avatar of own "):
        predict("own", None, hub, shipped)


def test_unusable_files_are_refused(tmp_path: Path, shipped: Classifier) -> None:
    path = tmp_path / "letter.png"
    with pytest.raises(NotAPicture, match=r"^The image cannot be read \(No such file or directory\)"):
        predict_file(path, shipped)
    path.write_text("Dear Sir or Madam")
    with pytest.raises(NotAPicture, match=r"^The image "):
        predict_file(path, shipped)
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(TooLarge, match=r"^The image has more than 3,000,000 bytes"):
        predict_file(path, shipped)
    with pytest.raises(TooLarge, match=r"^My letter has more than 3,000,000 bytes"):
        predict_file(path, shipped, "My letter")


LogLine = Callable[[], tuple[str, str, dict[str, Any]]]
STANDARD_FIELDS = vars(logging.makeLogRecord({})).keys() | {"message"}


@pytest.fixture
def log_line(caplog: pytest.LogCaptureFixture) -> LogLine:
    """The level, the text and the extra fields of the only logged line."""
    caplog.set_level(logging.DEBUG, "github_avatars")

    def only_line() -> tuple[str, str, dict[str, Any]]:
        (record,) = (record for record in caplog.records if record.name == "github_avatars.prediction")
        fields = {name: value for name, value in vars(record).items() if name not in STANDARD_FIELDS}
        assert 0 <= fields.pop("seconds") < 60
        return record.levelname, record.getMessage(), fields

    return only_line


def test_success_for_an_account_is_logged(hub: GitHub, shipped: Classifier, log_line: LogLine) -> None:
    prediction = predict("own", None, hub, shipped)
    assert log_line() == (
        "INFO",
        "own is default",
        {
            "login": "own",
            "label": "default",
            "probability": prediction.probability,
            "timing.fetch": prediction.fetch_seconds,
            "timing.classify": prediction.classify_seconds,
        },
    )


def test_success_for_a_file_is_logged_without_a_login(
    hub: GitHub, avatars: Path, shipped: Classifier, log_line: LogLine
) -> None:
    prediction = predict(None, avatars / "photo.png", hub, shipped)
    assert log_line() == (
        "INFO",
        "a picture is custom",
        {
            "login": None,
            "label": "custom",
            "probability": prediction.probability,
            "timing.classify": prediction.classify_seconds,
        },
    )


@pytest.mark.parametrize(
    ("username", "picture", "kind"),
    [
        ("nobody", None, "no-such-account"),
        ("not a login", None, "bad-login"),
        ("", None, "bad-login"),
        ("refused", None, "rate-limited"),
        (None, None, "bad-input"),
        ("own", Path("own.png"), "bad-input"),
        (None, "own.png", "bad-input"),
        (None, Path("gone.png"), "not-a-picture"),
        (7, object(), "bad-input"),
    ],
)
def test_failure_is_logged_with_its_kind_and_message(
    username: object,
    picture: object,
    kind: str,
    hub: GitHub,
    standin: GitHubStandIn,
    shipped: Classifier,
    log_line: LogLine,
) -> None:
    standin.faults["/refused.png"] = responding(429, {"Retry-After": "3600"})
    with pytest.raises(GitHubAvatarsError) as caught:
        predict(username, picture, hub, shipped)
    level, text, fields = log_line()
    login = username if isinstance(username, str) else None
    assert (level, text) == ("WARNING", f"{'a picture' if login is None else login} failed: {kind}")
    assert fields == {"login": login, "kind": kind, "error": str(caught.value)}


@pytest.mark.parametrize(
    ("error", "kind", "level", "text"),
    [
        (MemoryError("no more"), "unexpected", "ERROR", "MemoryError('no more')"),
        (KeyboardInterrupt(), "unexpected", "ERROR", "KeyboardInterrupt()"),
        (concurrent.futures.CancelledError(), "canceled", "INFO", ""),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_other_exceptions_are_logged_with_a_traceback_unless_canceled(
    error: BaseException,
    kind: str,
    level: str,
    text: str,
    shipped: Classifier,
    log_line: LogLine,
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Failing(GitHub):
        def fetch(self, *_: object, **__: object) -> NoReturn:
            raise error

    with Failing("http://127.0.0.1:9") as failing, pytest.raises(type(error)):
        predict("own", None, failing, shipped)
    assert log_line() == (level, f"own failed: {kind}", {"login": "own", "kind": kind, "error": text})
    assert ("in fetch" in caplog.text) is (kind == "unexpected"), "only unexpected errors have a traceback"


@pytest.mark.parametrize(
    "login",
    ["own\nown is default", "own\r\n", "own\x1b[2K", "own\u2028own", "own\u202e", "own\0", "\ud800", "a" * 1_000_000],
    ids=ascii,
)
def test_hostile_login_cannot_forge_a_line_or_fill_the_log(
    login: str, hub: GitHub, shipped: Classifier, log_line: LogLine
) -> None:
    with pytest.raises(BadLogin):
        predict(login, None, hub, shipped)
    _, text, fields = log_line()
    for value in (text, fields["login"], fields["error"]):
        assert value.isprintable()
        assert len(value) < 1000
    assert fields["login"].startswith(login[:3].rstrip("\ud800"))


def test_unprintable_characters_are_escaped_in_the_log(hub: GitHub, shipped: Classifier, log_line: LogLine) -> None:
    with pytest.raises(BadLogin):
        predict("a\n\x1b\u2028", None, hub, shipped)
    assert log_line()[2]["login"] == r"a\n\x1b\u2028"


def test_nothing_is_printed_without_a_log_handler() -> None:
    """Python itself prints warnings of loggers that have no handler."""
    program = "from github_avatars import prediction; prediction.predict(None, None, None, None)"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT)
    assert result.stdout == ""
    assert result.stderr.startswith("Traceback")
    assert "failed: bad-input" not in result.stderr
