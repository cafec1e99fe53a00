"""Avatars → what is found of each account: the verdict with its evidence, or why there is none."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

from PIL import Image

from github_avatars import identicon
from github_avatars.classifier import Classifier, Label, Verdict, classify_decoded
from github_avatars.errors import (
    HOST_FAILURES,
    BadImage,
    BadLogin,
    GitHubAvatarsError,
    NoSuchAccount,
    NotAPicture,
    TooLarge,
)
from github_avatars.github import Avatar
from github_avatars.picture import decoding

JUDGED, PENDING = "judged", "pending"

FAILURES = (BadLogin, NoSuchAccount, *HOST_FAILURES, NotAPicture, TooLarge)

STATUSES = (JUDGED, PENDING, *(error.kind for error in FAILURES))
"""All that can have become of an account: judged, not asked yet, or the kind of the error that it ended in.

Where GitHub wants fewer requests, an account stays pending.
"""

PASSING = tuple(error.kind for error in HOST_FAILURES)
"""The statuses that tell of the host or the network: such an account is asked for again by the next run."""


@dataclass(frozen=True)
class Finding:
    """What came of one account."""

    status: str = PENDING
    """One of STATUSES. Unless it is "judged", no verdict follows, or one that an earlier answer gave."""
    error: str | None = None
    """What went wrong, in words."""
    label: Label | None = None
    probability: float | None = None
    """That of "default", 0 to 1."""
    github_grey: int | None = None
    distinct_colors: int | None = None
    identicon_error: float | None = None
    """The features, as Features has them; of several pictures, those of the largest."""
    verified: bool | None = None
    """Whether the avatar is, to the pixel, the identicon of this very account; None where only a thumbnail was seen."""
    pictures: int = 0
    """How many pictures were judged."""
    agreed: int = 0
    """How many of them, looked at alone, have this label."""
    left_out: str | None = None
    """Which pictures could not be used, and the kind of error each ended in."""
    account_id: int | None = None
    href: str | None = None
    """The address that was asked, or the path of the pictures."""

    @property
    def wants_original(self) -> bool:
        """Whether only the picture in full could tell if it is the account's own identicon."""
        return self.label == "default" and self.verified is None and self.account_id is not None


FIELDS = tuple(field.name for field in fields(Finding))


def failed(error: GitHubAvatarsError, account_id: int | None = None, href: str | None = None) -> Finding:
    """The finding of an account that ended in an error."""
    return Finding(error.kind, str(error), account_id=account_id, href=href)


def judged(verdict: Verdict, **more: Any) -> Finding:
    """The finding of an account with a verdict; `more` is what else is known of it, by the names of the fields."""
    seen = verdict.features
    return Finding(
        JUDGED,
        label=verdict.label,
        probability=verdict.probability,
        github_grey=seen.github_grey,
        distinct_colors=seen.distinct_colors,
        identicon_error=seen.identicon_error,
        **more,
    )


def judge(classifier: Classifier, shown: Sequence[tuple[Avatar, int | None]]) -> list[Finding]:
    """What is found of each avatar, for less than one by one; with each comes the size that it was asked in, if in one.

    A picture that cannot be used is a finding, too.
    """
    verified: list[bool | None] = []

    def pictures() -> Iterator[Image.Image | BadImage]:
        for avatar, size in shown:
            verified.append(None)
            try:
                picture = decoding.load(avatar.data, f"The avatar of {avatar.login or avatar.href}")
            except BadImage as error:
                yield error
            else:
                verified[-1] = _verified(picture, avatar.account_id, size)
                yield picture

    seen = classify_decoded(pictures(), classifier)
    return [
        failed(verdict, avatar.account_id, avatar.href)
        if isinstance(verdict, BadImage)
        else judged(verdict, verified=its, pictures=1, agreed=1, account_id=avatar.account_id, href=avatar.href)
        for (avatar, _), verdict, its in zip(shown, seen, verified, strict=True)
    ]


def _verified(picture: Image.Image, account_id: int | None, size: int | None) -> bool | None:
    if account_id is None or (size is not None and max(picture.size) <= size):
        return None
    return picture.size == (identicon.SIZE, identicon.SIZE) and identicon.is_of(decoding.rgb(picture), account_id)
