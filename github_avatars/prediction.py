"""A login or a picture file → Prediction, from end to end."""

from __future__ import annotations

import logging
from concurrent.futures import CancelledError
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic, perf_counter
from typing import TYPE_CHECKING

from PIL import Image

from github_avatars import features
from github_avatars.classifier import Classifier, Label
from github_avatars.errors import BadInput, GitHubAvatarsError
from github_avatars.features import Features
from github_avatars.identicon import SIZE, Identicon
from github_avatars.picture import decoding, verification
from github_avatars.text import printable

if TYPE_CHECKING:
    # Not needed, and slow to import, if only picture files are classified.
    from github_avatars.github import Avatar, GitHub

logger = logging.getLogger(__name__)

THUMBNAIL = 64
"""The longer side in pixels of the avatars that are requested. GitHub serves identicons at full size regardless."""

MAX_CUSTOM = 0.05
"""A thumbnail with a higher probability of "default" does not suffice: the original decides."""


@dataclass(frozen=True)
class Prediction:
    """The verdict on an account's avatar or on a picture, with its evidence."""

    label: Label
    """The verdict: "default" for GitHub's identicon, "custom" for any other picture."""
    probability: float
    """The probability of "default", 0 to 1."""
    features: Features
    """The features that the verdict is based on."""
    account_id: int | None = None
    """GitHub's numeric id of the account; None for a picture file, or if the avatar's address does not contain it."""
    verified: bool | None = None
    """Whether the picture equals the identicon of `account_id` pixel by pixel; None if that is unknown."""
    username: str | None = None
    """The login; None for a picture file, and for an account of which only the id is given."""
    href: str | None = None
    """The address that was requested; None for a picture file."""
    fetch_seconds: float | None = None
    """The time to fetch the avatar, also its original if that decides; None for a picture file."""
    classify_seconds: float | None = None
    """The time to decode and classify the picture, including waits for memory; None if that is unknown."""
    size: int | None = None
    """The longer side in pixels of the picture that the verdict is based on; None if that is unknown."""

    def output(self) -> dict[str, str | None]:
        """The JSON output of the service: username, href, prediction."""
        return {"username": self.username, "href": self.href, "prediction": self.label}

    def metrics(self) -> dict[str, float]:
        """The evidence as numbers, by the names of Cog's metrics; unknown values are omitted."""
        metrics = {
            "probability": self.probability,
            # dataclasses.asdict copies deeply, which takes longer than classifying.
            **vars(self.features),
            "timing.fetch": self.fetch_seconds,
            "timing.classify": self.classify_seconds,
            "account_id": self.account_id,
            "verified": self.verified,
            "size": self.size,
        }
        return {name: value for name, value in metrics.items() if value is not None}


def predict(
    username: object, picture: object, github: GitHub | None, classifier: Classifier, name: str = "The image"
) -> Prediction:
    """The prediction for an account or for a picture file. Exactly one must be given; the other is None.

    Values that are not `str` or `Path` are treated as missing, because Cog may pass `FieldInfo`. Raises BadInput unless
    exactly one is given, and the errors of `predict_account` and `predict_file`. A `picture` that is BadInput is
    raised: see service.cog_inputs. Only accounts need `github`. `name` is what error messages call the picture file;
    they never contain its path.

    Logs one line for each call, with `login` (None for a picture) and `seconds`. A success adds `label`, `probability`
    and the timings; a failure adds the `kind` of the error and its message. The kind of a CancelledError is "canceled".
    Errors outside the tree of errors.py have the kind "unexpected" and a traceback.
    """
    started = perf_counter()
    login = printable(username[:100]) if isinstance(username, str) else None
    subject = "a picture" if login is None else login
    record: dict[str, object] = {"login": login}
    try:
        prediction = _predict(username, picture, github, classifier, name)
    except BaseException as error:
        kind, level = _kind_and_level(error)
        message = repr(error) if kind == "unexpected" else str(error)
        record |= {"kind": kind, "error": printable(message[:500]), "seconds": perf_counter() - started}
        logger.log(level, "%s failed: %s", subject, kind, extra=record, exc_info=kind == "unexpected")
        raise
    metrics = prediction.metrics()
    record |= {"label": prediction.label, "probability": prediction.probability}
    record |= {name: value for name, value in metrics.items() if name.startswith("timing.")}
    record["seconds"] = perf_counter() - started
    logger.info("%s is %s", subject, prediction.label, extra=record)
    return prediction


def predict_account(account: str, github: GitHub, classifier: Classifier) -> Prediction:
    """The prediction for the avatar that GitHub shows for an account. Raises what `fetch_and_predict` raises."""
    return fetch_and_predict(account, github, classifier)[1]


def fetch_and_predict(account: str, github: GitHub, classifier: Classifier) -> tuple[Avatar, Prediction]:
    """The avatar that GitHub shows for an account, in any spelling of github.parse, and the prediction for it.

    It is requested as a thumbnail. If the original must decide (see `needs_original`), it is fetched within the same
    deadline. A thumbnail that is certainly custom cannot be that of the account's identicon, so `verified` is false.

    The `username` of the prediction is the login, None if `account` has only the id. Its `href` is the address that was
    requested: that with the id if it is given. Raises GitHubError and BadImage.
    """
    start = monotonic()
    avatar = github.fetch(account, size=THUMBNAIL, since=start)
    fetch_seconds = monotonic() - start
    prediction = predict_avatar(avatar, classifier)
    if not needs_original(prediction, THUMBNAIL):
        return avatar, replace(prediction, fetch_seconds=fetch_seconds)
    fetching = monotonic()
    avatar = github.fetch_original(avatar, since=start)
    fetch_seconds += monotonic() - fetching
    final = predict_avatar(avatar, classifier)
    classify_seconds = (prediction.classify_seconds or 0) + (final.classify_seconds or 0)
    return avatar, replace(final, fetch_seconds=fetch_seconds, classify_seconds=classify_seconds)


def needs_original(prediction: Prediction, size: int | None) -> bool:
    """Whether the original decides, because the avatar was requested in `size` pixels per side and arrived as such.

    A thumbnail decides only if it is certainly custom (MAX_CUSTOM). A verified picture is no thumbnail.
    """
    is_thumbnail = size is not None and prediction.size is not None and prediction.size <= size
    return is_thumbnail and not prediction.verified and prediction.probability > MAX_CUSTOM


def predict_avatar(avatar: Avatar, classifier: Classifier, *, size: int | None = None) -> Prediction:
    """The prediction for an avatar. Raises BadImage.

    If it was requested in `size` pixels per side, a picture that is not larger may be a thumbnail: `verified` is then
    None, unless the file is proven to be the account's identicon.
    """
    start = perf_counter()
    with verification.opened(avatar.data, f"The avatar of {avatar.login or avatar.href}") as shown:
        verdict = classifier.classify(features.extract(shown))
        side = _longer_side(shown)
        verified = verification.is_verified(shown, avatar.account_id)
    is_thumbnail = size is not None and side <= size
    return Prediction(
        verdict.label,
        verdict.probability,
        verdict.features,
        account_id=avatar.account_id,
        verified=None if is_thumbnail and not verified else verified,
        username=avatar.login or None,
        href=avatar.href,
        classify_seconds=perf_counter() - start,
        size=side,
    )


def predict_file(path: Path, classifier: Classifier, name: str = "The image") -> Prediction:
    """The prediction for a picture file, which error messages call `name`. Raises BadImage."""
    data = decoding.read_bytes(path, name)
    started = perf_counter()
    with verification.opened(data, name) as shown:
        verdict = classifier.classify(features.extract(shown))
        side = _longer_side(shown)
    seconds = perf_counter() - started
    return Prediction(verdict.label, verdict.probability, verdict.features, classify_seconds=seconds, size=side)


def _longer_side(shown: Image.Image | Identicon) -> int:
    return SIZE if isinstance(shown, Identicon) else decoding.longer_side(shown)


def _kind_and_level(error: BaseException) -> tuple[str, int]:
    if isinstance(error, GitHubAvatarsError):
        return error.kind, logging.WARNING
    if isinstance(error, CancelledError):
        return "canceled", logging.INFO
    return "unexpected", logging.ERROR


def _predict(username: object, picture: object, github: GitHub | None, classifier: Classifier, name: str) -> Prediction:
    if isinstance(picture, BadInput):
        raise picture
    if isinstance(username, Path):
        raise BadInput("username is a file: give a GitHub login.")
    if isinstance(picture, str):
        raise BadInput(
            f"image is the text {picture[:100]!r}: give a file, as -i image=@FILE or as a data URL over HTTP."
        )
    account = username if isinstance(username, str) else None
    path = picture if isinstance(picture, Path) else None
    if account is not None and path is None:
        if github is None:
            raise TypeError("an account needs a client for GitHub")
        return predict_account(account, github, classifier)
    if path is not None and account is None:
        return predict_file(path, classifier, name)
    problem = "neither was" if account is None else "both were"
    raise BadInput(
        f"Exactly one of username and image is required, but {problem} given: give a GitHub login or a picture."
    )
