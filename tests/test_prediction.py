import concurrent.futures
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import cog
import numpy as np
import pytest
from PIL import Image

from github_avatars import classifier, identicon
from github_avatars.classifier import Classifier, classify
from github_avatars.demo import GitHubStandIn, responding
from github_avatars.errors import BadInput, BadLogin, GitHubAvatarsError, NoSuchAccount, NotAPicture, TooLarge
from github_avatars.github import GitHub
from github_avatars.picture.decoding import MAX_BYTES
from github_avatars.prediction import Prediction, of_account, of_file, predict
from github_avatars.training import dataset
from github_avatars.training.dataset import Example
from tests.support.processes import ROOT

OF_ANY_PICTURE = {"probability", "github_grey", "distinct_colors", "identicon_error", "timing.classify"}
OF_AN_ACCOUNT = OF_ANY_PICTURE | {"account_id", "verified", "timing.fetch"}
ACCOUNT_IDS = {"own": 101, "lossless": 102, "stranger": 103, "touched": 104, "smaller": 105, "lossy": 106, "photo": 107}
"""The accounts of the `avatars` folder and their ids."""


@pytest.fixture(scope="module")
def avatars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Accounts whose avatars are their own identicons, or nearly so, or not at all."""
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


# What an answer says


def test_an_account(hub: GitHub, standin: GitHubStandIn, avatars: Path, shipped: Classifier) -> None:
    answer = predict("own", None, hub, shipped)
    assert answer == Prediction("own", f"{standin.url}/own.png", "default", answer.evidence)
    verdict = classify(avatars / "own.png", shipped)
    assert answer.prediction == verdict.label
    assert answer.evidence == {
        "probability": verdict.probability,
        "github_grey": verdict.features.github_grey,
        "distinct_colors": 2,
        "identicon_error": 0,
        "account_id": 101,
        "verified": True,
        "timing.fetch": answer.evidence["timing.fetch"],
        "timing.classify": answer.evidence["timing.classify"],
    }


@pytest.mark.parametrize("kind", [Path, cog.Path])
def test_a_file(kind: type[Path], hub: GitHub, standin: GitHubStandIn, avatars: Path, shipped: Classifier) -> None:
    answer = predict(None, kind(avatars / "photo.png"), hub, shipped)
    assert answer == Prediction(None, None, "custom", answer.evidence)
    verdict = classify(avatars / "photo.png", shipped)
    assert answer.evidence == {
        "probability": verdict.probability,
        "github_grey": 0,
        "distinct_colors": verdict.features.distinct_colors,
        "identicon_error": verdict.features.identicon_error,
        "timing.classify": answer.evidence["timing.classify"],
    }
    assert not standin.requests


def test_times_are_seconds_of_this_call(hub: GitHub, standin: GitHubStandIn, shipped: Classifier) -> None:
    standin.latency = 0.05  # on each of the two requests
    evidence = of_account("own", hub, shipped).evidence
    assert evidence["timing.fetch"] > 0.09
    assert evidence["timing.classify"] > 0


def test_login_keeps_its_spelling(hub: GitHub, standin: GitHubStandIn, shipped: Classifier) -> None:
    answer = of_account("OWN", hub, shipped)
    assert (answer.username, answer.href) == ("OWN", f"{standin.url}/OWN.png")
    assert answer.evidence["verified"] is True


@pytest.mark.parametrize(
    ("login", "verified", "label"),
    [
        ("own", True, "default"),
        ("lossless", True, "default"),
        ("stranger", False, "default"),
        ("touched", False, "default"),
        ("smaller", False, "default"),
        ("lossy", False, "default"),
        ("photo", False, "custom"),
    ],
)
def test_verified_is_to_the_pixel_and_of_this_account(
    login: str, verified: bool, label: str, hub: GitHub, shipped: Classifier
) -> None:
    answer = of_account(login, hub, shipped)
    assert answer.evidence["verified"] is verified
    assert answer.evidence["account_id"] == ACCOUNT_IDS[login]
    assert answer.prediction == label
    assert set(answer.evidence) == OF_AN_ACCOUNT


def test_nothing_is_verified_where_no_account_id_is_told(
    hub: GitHub, standin: GitHubStandIn, avatars: Path, shipped: Classifier
) -> None:
    """As on an Enterprise host that serves the picture without a redirect."""
    standin.faults["/own.png"] = responding(200, {"Content-Type": "image/png"}, (avatars / "own.png").read_bytes())
    answer = of_account("own", hub, shipped)
    assert answer.prediction == "default"
    assert set(answer.evidence) == OF_ANY_PICTURE | {"timing.fetch"}


# Exactly one of the two


LEFT_OUT = cog.Input(default=None)
"""What Cog's server may hand over for an input that was left out, where it has no schema."""

ODD = [LEFT_OUT, object(), 5, b"own", ["own"], {"a": 1}, False]


@pytest.mark.parametrize("nothing", [None, *ODD], ids=lambda nothing: type(nothing).__name__)
def test_what_is_neither_text_nor_a_path_counts_as_not_given(
    nothing: object, hub: GitHub, standin: GitHubStandIn, avatars: Path, shipped: Classifier
) -> None:
    assert predict("own", nothing, hub, shipped).username == "own"
    asked = standin.requests.total()
    assert predict(nothing, avatars / "own.png", hub, shipped).username is None
    with pytest.raises(BadInput, match=r"^Exactly one of username and image is needed, but neither came: "):
        predict(nothing, nothing, hub, shipped)
    assert standin.requests.total() == asked


def test_both_are_too_many(hub: GitHub, standin: GitHubStandIn, avatars: Path, shipped: Classifier) -> None:
    with pytest.raises(BadInput, match=r"^Exactly one of username and image is needed, but both came: "):
        predict("own", avatars / "own.png", hub, shipped)
    assert not standin.requests


@pytest.mark.parametrize("username", [None, "own", LEFT_OUT], ids=["alone", "beside a login", "beside an odd object"])
def test_a_picture_given_as_text_is_refused_without_being_read(
    username: object, hub: GitHub, standin: GitHubStandIn, avatars: Path, shipped: Classifier
) -> None:
    path = str(avatars / "own.png")
    with pytest.raises(BadInput, match=r"image is the text '.*own\.png': give a file"):
        predict(username, path, hub, shipped)
    with pytest.raises(BadInput, match=r"image is the text 'x{100}': "):
        predict(username, "x" * 5000, hub, shipped)
    assert not standin.requests


def test_a_username_given_as_a_file_is_refused(hub: GitHub, avatars: Path, shipped: Classifier) -> None:
    with pytest.raises(BadInput, match=r"username is the file .*own\.png: give a GitHub login"):
        predict(avatars / "own.png", None, hub, shipped)


# What goes wrong on the way


@pytest.mark.parametrize(("login", "error"), [("", BadLogin), ("not a login", BadLogin), ("nobody", NoSuchAccount)])
def test_errors_of_the_fetch_pass(login: str, error: type[Exception], hub: GitHub, shipped: Classifier) -> None:
    with pytest.raises(error):
        predict(login, None, hub, shipped)


def test_a_damaged_avatar_is_called_the_avatar_of_its_account(
    hub: GitHub, standin: GitHubStandIn, avatars: Path, shipped: Classifier
) -> None:
    standin.faults[f"/u/{ACCOUNT_IDS['own']}"] = responding(200, body=(avatars / "own.png").read_bytes()[:200])
    with pytest.raises(NotAPicture, match=r"^The avatar of own "):
        predict("own", None, hub, shipped)


def test_a_file_that_is_no_picture(tmp_path: Path, shipped: Classifier) -> None:
    (tmp_path / "letter.png").write_text("Dear Sir or Madam")
    with pytest.raises(NotAPicture, match=r"^The image "):
        of_file(tmp_path / "letter.png", shipped)


def test_a_file_that_is_missing(tmp_path: Path, shipped: Classifier) -> None:
    with pytest.raises(NotAPicture, match=r"gone\.png cannot be read \(No such file or directory\)"):
        of_file(tmp_path / "gone.png", shipped)


def test_a_file_of_too_many_bytes(tmp_path: Path, shipped: Classifier) -> None:
    with (tmp_path / "huge.png").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(TooLarge):
        of_file(tmp_path / "huge.png", shipped)


# What is logged


Logged = Callable[[], tuple[str, str, dict[str, Any]]]
STANDARD = vars(logging.makeLogRecord({})).keys() | {"message"}


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Logged:
    """The level, the text and the fields of the one line that was logged."""
    caplog.set_level(logging.DEBUG, "github_avatars")

    def one() -> tuple[str, str, dict[str, Any]]:
        (record,) = (record for record in caplog.records if record.name == "github_avatars.prediction")
        fields = {name: value for name, value in vars(record).items() if name not in STANDARD}
        assert 0 <= fields.pop("seconds") < 60
        return record.levelname, record.getMessage(), fields

    return one


def test_an_account_is_logged_with_the_verdict_and_its_times(hub: GitHub, shipped: Classifier, logged: Logged) -> None:
    evidence = predict("own", None, hub, shipped).evidence
    level, text, fields = logged()
    assert (level, text) == ("INFO", "own is default")
    assert fields == {
        "login": "own",
        "label": "default",
        **{name: evidence[name] for name in ("probability", "timing.fetch", "timing.classify")},
    }


def test_a_picture_is_logged_without_a_login(hub: GitHub, avatars: Path, shipped: Classifier, logged: Logged) -> None:
    evidence = predict(None, avatars / "photo.png", hub, shipped).evidence
    level, text, fields = logged()
    assert (level, text) == ("INFO", "a picture is custom")
    assert fields == {
        "login": None,
        "label": "custom",
        **{name: evidence[name] for name in ("probability", "timing.classify")},
    }


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
def test_a_failure_is_logged_with_its_kind_and_text(
    username: object,
    picture: object,
    kind: str,
    hub: GitHub,
    standin: GitHubStandIn,
    shipped: Classifier,
    logged: Logged,
) -> None:
    standin.faults["/refused.png"] = responding(429, {"Retry-After": "3600"})
    with pytest.raises(GitHubAvatarsError) as caught:
        predict(username, picture, hub, shipped)
    level, text, fields = logged()
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
def test_what_else_ends_a_prediction_is_logged_too(
    error: BaseException,
    kind: str,
    level: str,
    text: str,
    shipped: Classifier,
    logged: Logged,
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Failing(GitHub):
        def fetch(self, _: str) -> NoReturn:
            raise error

    with Failing("http://127.0.0.1:9") as failing, pytest.raises(type(error)):
        predict("own", None, failing, shipped)
    assert logged() == (level, f"own failed: {kind}", {"login": "own", "kind": kind, "error": text})
    assert ("in fetch" in caplog.text) is (kind == "unexpected"), "a traceback where it is a fault of ours"


@pytest.mark.parametrize(
    "login",
    ["own\nown is default", "own\r\n", "own\x1b[2K", "own\u2028own", "own\u202e", "own\0", "\ud800", "a" * 1_000_000],
    ids=ascii,
)
def test_a_hostile_login_cannot_forge_a_line_nor_fill_the_log(
    login: str, hub: GitHub, shipped: Classifier, logged: Logged
) -> None:
    with pytest.raises(BadLogin):
        predict(login, None, hub, shipped)
    _, text, fields = logged()
    for shown in (text, fields["login"], fields["error"]):
        assert shown.isprintable()
        assert len(shown) < 1000
    assert fields["login"].startswith(login[:3].rstrip("\ud800"))


def test_nothing_is_printed_unless_somebody_listens() -> None:
    """Not even a warning, which Python prints itself where there is no handler at all."""
    program = "from github_avatars import prediction; prediction.predict(None, None, None, None)"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT)
    assert result.stdout == ""
    assert result.stderr.startswith("Traceback")
    assert "failed: bad-input" not in result.stderr
