"""What a scan reports: a Result for each account, a Row for each input, and the columns of a row in a file."""

import hashlib
import hmac
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from github_avatars.errors import (
    HOST_FAILURES,
    BadLogin,
    BadOption,
    BotAccount,
    GitHubAvatarsError,
    NoProfile,
    NoSuchAccount,
    NotAPicture,
    Refused,
    TooLarge,
    UnknownAddress,
)
from github_avatars.github import Account, Profile
from github_avatars.prediction import Prediction

JUDGED, PENDING = "judged", "pending"

TRANSIENT = tuple(error.kind for error in (*HOST_FAILURES, Refused, NotAPicture, TooLarge))
"""The statuses that the host or the network can cause. The next run requests such an account again."""

FINAL = tuple(error.kind for error in (BadLogin, NoSuchAccount, NoProfile, BotAccount, UnknownAddress))
"""The statuses of accounts whose avatar cannot be classified. The next run does not request them again."""

STATUSES = (JUDGED, PENDING, *FINAL, *TRANSIENT)
"""Every status of an account: classified, not requested yet, or the kind of its error.

An account that meets a rate limit stays pending.
"""

UncertaintyRange = tuple[float, float]
"""The lowest and the highest probability of "default" for which a prediction is unsure."""

UNSURE: UncertaintyRange = (0.05, 0.95)

Columns = dict[str, Any]
"""The values of a row by the names of COLUMNS."""

COLUMNS: dict[str, type] = {
    "login": str,
    "account_id": int,
    "email": str,
    "forgeable": bool,
    "depth": int,
    "status": str,
    "label": str,
    "probability": float,
    "unsure": bool,
    "verified": bool,
    "github_grey": int,
    "distinct_colors": int,
    "identicon_error": float,
    "pictures": int,
    "agreed": int,
    "left_out": str,
    "href": str,
    "checked": str,
    "error": str,
}
"""The columns of a file of rows, in their order, with the types of their values. docs/scan.md explains them."""

PROFILE_COLUMNS: dict[str, type] = {
    "type": str,
    "created_at": str,
    "name": str,
    "company": str,
    "location": str,
    "followers": int,
    "following": int,
    "public_repositories": int,
}
"""The columns that ScanOptions.profiles adds: the fields of Profile except the id."""

REDACTED = (
    *PROFILE_COLUMNS,
    "account_id",
    "email",
    "github_grey",
    "distinct_colors",
    "identicon_error",
    "left_out",
    "href",
    "error",
)

REDACTION_KEY = "GITHUB_AVATARS_REDACT_KEY"
"""The environment variable with the key of the hashes; without it, each run creates a random key."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """The result for one account."""

    status: str = PENDING
    """One of STATUSES."""
    error: str | None = None
    """The message of the error."""
    prediction: Prediction | None = None
    """Given if the status is "judged". For several pictures, its features are those of the largest."""
    pictures: int = 0
    """The number of classified pictures."""
    agreed: int = 0
    """The number of pictures that have this label when classified alone."""
    skipped_pictures: str | None = None
    """The names of the pictures that could not be used, with the kinds of their errors."""
    account_id: int | None = None
    """GitHub's numeric id; None if it is unknown."""
    href: str | None = None
    """The address that was requested, or the path of the pictures."""

    @classmethod
    def of_error(cls, error: GitHubAvatarsError, account_id: int | None = None, href: str | None = None) -> Self:
        """The result for an account that failed."""
        return cls(status=error.kind, error=str(error), account_id=account_id, href=href)

    @classmethod
    def of_prediction(
        cls, prediction: Prediction, *, pictures: int = 1, agreed: int = 1, skipped_pictures: str | None = None
    ) -> Self:
        """The result for an account whose avatar was classified."""
        return cls(
            status=JUDGED,
            prediction=prediction,
            pictures=pictures,
            agreed=agreed,
            skipped_pictures=skipped_pictures,
            account_id=prediction.account_id,
            href=prediction.href,
        )

    @property
    def label_or_status(self) -> str:
        """The label if the account was classified, else its status."""
        return self.prediction.label if self.prediction else self.status

    @property
    def is_unverified_default(self) -> bool:
        """Whether the avatar is predicted to be a default one and was not compared with the account's own identicon."""
        prediction = self.prediction
        return prediction is not None and prediction.label == "default" and prediction.verified is None


@dataclass(frozen=True, kw_only=True)
class Row(Result):
    """One input of a scan with the result for its account. `account_id` is the source's, or else GitHub's."""

    login: str | None
    """The login as the source spells it."""
    email: str | None = None
    """The commit address, if the source has neither the login nor the id."""
    forgeable: bool = False
    """Whether the source is commits, in which anyone can write any author."""
    depth: int = 0
    """The number of lists between the sources and this account: 0 unless the scan is expanded."""
    unsure: bool | None = None
    """Whether the probability lies within the uncertainty range; None without a prediction."""
    profile: Profile | None = None
    """The profile of the account, if it was looked up."""
    checked: str | None = None
    """When the account was last requested, in UTC, for example 2026-11-24T12:30:00Z."""

    def columns(self, *, profiles: bool = False) -> Columns:
        """The values by the names of COLUMNS, and, with `profiles`, of PROFILE_COLUMNS; unknown ones are None."""
        prediction = self.prediction
        features = prediction.features if prediction else None
        return {
            "login": self.login,
            "account_id": self.account_id,
            "email": self.email,
            "forgeable": self.forgeable,
            "depth": self.depth,
            "status": self.status,
            "label": prediction and prediction.label,
            "probability": prediction and prediction.probability,
            "unsure": self.unsure,
            "verified": prediction and prediction.verified,
            "github_grey": features and features.github_grey,
            "distinct_colors": features and features.distinct_colors,
            "identicon_error": features and features.identicon_error,
            "pictures": self.pictures,
            "agreed": self.agreed,
            "left_out": self.skipped_pictures,
            "href": self.href,
            "checked": self.checked,
            "error": self.error,
            **({name: getattr(self.profile, name, None) for name in PROFILE_COLUMNS} if profiles else {}),
        }


def make_row(
    account: Account, result: Result, checked: str | None, unsure: UncertaintyRange = UNSURE, depth: int = 0
) -> Row:
    """The row for an input."""
    low, high = unsure
    prediction = result.prediction
    values = vars(result) | {"account_id": account.account_id or result.account_id}
    return Row(
        **values,
        login=account.login,
        email=account.email,
        forgeable=account.forgeable,
        depth=depth,
        unsure=None if prediction is None else low <= prediction.probability <= high,
        checked=checked,
    )


def account_name(columns: Columns) -> str:
    """What identifies the account of a row: its login, else its commit address, its id, or its avatar's address."""
    if columns["login"] is not None:
        return str(columns["login"])
    return str(columns["email"] or (f"#{columns['account_id']}" if columns["account_id"] else columns["href"]))


def check_uncertainty_range(unsure: UncertaintyRange) -> None:
    """Raise BadOption unless 0 ≤ low ≤ high ≤ 1."""
    low, high = unsure
    if not 0 <= low <= high <= 1:
        raise BadOption(
            f"The unsure range is {low:g}..{high:g}: give two probabilities, the lower one first, such as 0.05..0.95."
        )


def redactor() -> Callable[[Columns], Columns]:
    """A function that replaces a row's login by a hash and removes all other values that identify the account.

    A plain hash would not hide a login, because all logins can be hashed and compared. The hash is an HMAC: without its
    key, it only shows which rows belong to one account. The key of REDACTION_KEY makes the rows of several runs
    comparable, and its owner can compute the hash of any login.

    The features and the exact probability are removed because anyone can measure them on a public avatar.
    """
    key = os.environ.get(REDACTION_KEY, "").encode() or secrets.token_bytes(32)

    def redact(columns: Columns) -> Columns:
        name, probability = account_name(columns).lower(), columns["probability"]
        return {
            **columns,
            **{name: None for name in REDACTED if name in columns},
            "login": hmac.new(key, name.encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:20],
            "probability": None if probability is None else round(probability, 2),
        }

    return redact
