"""A login or a picture file in, the answer and its evidence out: the road from end to end."""

import logging
from concurrent.futures import CancelledError
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from github_avatars import features, identicon
from github_avatars.classifier import Classifier, Label
from github_avatars.errors import BadInput, GitHubAvatarsError
from github_avatars.github.client import GitHub
from github_avatars.picture import decoding

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Prediction:
    """What is said of an account or a picture, and why.

    `username` and `href` are None for a picture that came as a file. `evidence` holds `probability` (of "default"),
    the features by name, `timing.classify` in seconds, and of an account `timing.fetch` in seconds; where its address
    tells the account id, `account_id` and `verified`: the picture is, to the pixel, the identicon of this very account.
    """

    username: str | None
    href: str | None
    prediction: Label
    evidence: dict[str, float]


def predict(username: object, picture: object, github: GitHub, classifier: Classifier) -> Prediction:
    """The prediction for a login or for the file of a picture, whichever is given; the other is None.

    What is neither a string nor a path counts as not given, so that a caller may pass on whatever its server made of a
    missing input. Raises BadInput unless exactly one is given, and what of_account and of_file raise.

    Logs one line, whatever comes of it: `login` (None for a picture) and `seconds`, with `label`, `probability` and the
    seconds of each part, or with the `kind` of the error and its text. A CancelledError has the kind "canceled"; what
    else is no error of errors.py has the kind "unexpected", and a traceback.
    """
    started = perf_counter()
    login = _printable(username, 100) if isinstance(username, str) else None
    whose = "a picture" if login is None else login
    about: dict[str, object] = {"login": login}
    try:
        answer = _predict(username, picture, github, classifier)
    except BaseException as error:
        kind, level = _kind_and_level(error)
        text = repr(error) if kind == "unexpected" else str(error)
        about |= {"kind": kind, "error": _printable(text, 500), "seconds": perf_counter() - started}
        logger.log(level, "%s failed: %s", whose, kind, extra=about, exc_info=kind == "unexpected")
        raise
    about |= {"label": answer.prediction, "probability": answer.evidence["probability"]}
    about |= {name: value for name, value in answer.evidence.items() if name.startswith("timing.")}
    about["seconds"] = perf_counter() - started
    logger.info("%s is %s", whose, answer.prediction, extra=about)
    return answer


def _kind_and_level(error: BaseException) -> tuple[str, int]:
    if isinstance(error, GitHubAvatarsError):
        return error.kind, logging.WARNING
    if isinstance(error, CancelledError):
        return "canceled", logging.INFO
    return "unexpected", logging.ERROR


def _predict(username: object, picture: object, github: GitHub, classifier: Classifier) -> Prediction:
    if isinstance(username, Path):
        raise BadInput(f"username is the file {username}: give a GitHub login, without @.")
    if isinstance(picture, str):
        raise BadInput(
            f"image is the text {picture[:100]!r}: give a file, by -i image=@FILE or as a data URL over HTTP."
        )
    login = username if isinstance(username, str) else None
    path = picture if isinstance(picture, Path) else None
    if login is not None and path is None:
        return of_account(login, github, classifier)
    if path is not None and login is None:
        return of_file(path, classifier)
    given = "neither" if login is None else "both"
    raise BadInput(f"Exactly one of username and image is needed, but {given} came: give a GitHub login or a picture.")


def _printable(text: str, length: int) -> str:
    """At most so many characters of a text, in one line: what cannot be printed is escaped, lest it forge another."""
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text[:length])


def of_account(login: str, github: GitHub, classifier: Classifier) -> Prediction:
    """The prediction for the avatar that GitHub shows of an account. Raises GitHubError and BadImage."""
    started = perf_counter()
    avatar = github.fetch(login)
    evidence = {"timing.fetch": perf_counter() - started}
    label, found = _judge(avatar.data, f"The avatar of {login}", avatar.account_id, classifier)
    return Prediction(login, avatar.href, label, evidence | found)


def of_file(path: Path, classifier: Classifier) -> Prediction:
    """The prediction for a picture file. Raises BadImage."""
    label, evidence = _judge(decoding.read_bytes(path), "The image", None, classifier)
    return Prediction(None, None, label, evidence)


def _judge(data: bytes, name: str, account_id: int | None, classifier: Classifier) -> tuple[Label, dict[str, float]]:
    started = perf_counter()
    picture = decoding.load(data, name)
    verdict = classifier.judge(features.extract(picture))
    evidence = {
        "probability": verdict.probability,
        # asdict would copy deeply, which takes longer than judging.
        **vars(verdict.features),
        "timing.classify": perf_counter() - started,
    }
    if account_id is not None:
        evidence |= {"account_id": account_id, "verified": identicon.is_of(decoding.rgb(picture), account_id)}
    return verdict.label, evidence
