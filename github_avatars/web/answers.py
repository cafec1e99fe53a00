"""What the page tells of an account or a picture: the verdict, its evidence and why, as JSON."""

import base64
import io
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from PIL import Image

from github_avatars import identicon
from github_avatars.classifier import Classifier, Verdict
from github_avatars.explanation import drawing, explaining
from github_avatars.explanation.drawing import PIXEL
from github_avatars.explanation.explaining import TITLES, Contribution, Explanation
from github_avatars.github import GitHub
from github_avatars.identicon import SAMPLE
from github_avatars.picture import decoding
from github_avatars.picture.formats import media_type

Json = dict[str, Any]


@dataclass(frozen=True)
class Why:
    """What moved the verdict, on the scale of log-odds: from `base` over all `contributions` to `score`."""

    base: float
    contributions: tuple[Contribution, ...]
    score: float


@dataclass(frozen=True)
class Answer:
    """What is known of an account's avatar, or of a picture, of which `username` and `href` are None.

    `verified` tells whether the picture is, to the pixel, the identicon of `account_id`; None where there is none.
    `data` is the picture file and `explained` what can be shown of it; `why` needs the features alone. Where one of the
    last three is missing, `missing` says why.
    """

    username: str | None
    href: str | None
    verdict: Verdict
    account_id: int | None
    verified: bool | None
    why: Why | None
    data: bytes | None
    explained: Explanation | None
    missing: str | None = None

    def as_json(self, *, pictures: bool) -> Json:
        """All that is known, under names that Cog's answer has too; `pictures` adds what can be seen, as data URLs."""
        told: Json = {
            "username": self.username,
            "href": self.href,
            "prediction": self.verdict.label,
            "probability": self.verdict.probability,
            "words": explaining.in_short(self.verdict),
            **asdict(self.verdict.features),
            "account_id": self.account_id,
            "verified": self.verified,
            "fit": _fit(self.explained) if self.explained else None,
            "why": _why(self.why) if self.why else None,
            "missing": self.missing,
        }
        if pictures:
            told["pictures"] = _pictures(self.data, self.explained) if self.data and self.explained else None
        return told


class Judge(Protocol):
    """Whoever gives the answers; may be used from many threads."""

    def account(self, login: str) -> Answer:
        """The answer for an account. Raises GitHubAvatarsError."""

    def picture(self, data: bytes, account_id: int | None = None) -> Answer:
        """The answer for a picture file, perhaps that of an account. Raises GitHubAvatarsError."""


class Here:
    """Judges in this process."""

    def __init__(self, github: GitHub, classifier: Classifier) -> None:
        self._github = github
        self._classifier = classifier

    def account(self, login: str) -> Answer:
        """The answer for the avatar that GitHub shows of an account. Raises GitHubError and BadImage."""
        avatar = self._github.fetch(login)
        return self._answer(avatar.data, f"The avatar of {login}", login, avatar.href, avatar.account_id)

    def picture(self, data: bytes, account_id: int | None = None) -> Answer:
        """The answer for a picture file. Raises BadImage."""
        return self._answer(data, "The picture", None, None, account_id)

    def _answer(self, data: bytes, name: str, username: str | None, href: str | None, account_id: int | None) -> Answer:
        found = explaining.explain(decoding.load(data, name), self._classifier)
        why = Why(found.base, found.contributions, found.score)
        return Answer(username, href, found.verdict, account_id, is_of(found.picture, account_id), why, data, found)


def is_of(picture: Image.Image, account_id: int | None) -> bool | None:
    """Whether an RGB picture is the identicon of an account; None where no account is known."""
    return None if account_id is None else identicon.is_of(picture, account_id)


def png(picture: Image.Image) -> bytes:
    """A picture as a PNG file."""
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def data_url(data: bytes) -> str:
    """A picture file as a data URL."""
    return f"data:{media_type(data)};base64,{base64.b64encode(data).decode()}"


def _fit(found: Explanation) -> Json:
    return {"grid": found.fit.grid, "color": "#{:02x}{:02x}{:02x}".format(*found.fit.color)}


def _why(why: Why) -> Json:
    return {
        "base": why.base,
        "contributions": [{"title": TITLES[one.name], **asdict(one)} for one in why.contributions],
        "score": why.score,
        "notes": explaining.notes(why.contributions),
    }


def _pictures(data: bytes, found: Explanation) -> dict[str, str]:
    """The picture file itself, and what explains the verdict, enlarged."""
    return {
        "picture": data_url(data),
        "sample": data_url(png(drawing.marked(found.sample))),
        "fit": data_url(png(found.fit.draw(PIXEL * SAMPLE))),
        "difference": data_url(png(drawing.shaded(found.difference))),
    }
