"""Tells a host that is down from accounts that have no avatar, by what comes after OUTAGE of them in a row."""

from collections import Counter
from dataclasses import replace

from github_avatars.errors import (
    HOST_FAILURES,
    OUTAGE,
    BadImage,
    BadLogin,
    BotAccount,
    GitHubError,
    NoSuchAccount,
    Refused,
    UnknownAddress,
    Unreachable,
)
from github_avatars.github.accounts import MAX_ACCOUNT_ID
from github_avatars.scan.store import DueAccount

CONTROL = -1
"""The number of an account that is requested to check whether the host works; it has no outcome."""

UNKNOWN_LOGIN = "-" * 39
UNKNOWN_ID = MAX_ACCOUNT_ID
"""A login and an id that are possible and that no account has: a host that works responds with NoSuchAccount."""

USUAL = (BadLogin, BotAccount, UnknownAddress)
"""Errors that are those of the account in any case."""


class OutageDetector:
    """Counts consecutive failures.

    Many accounts in a row can be deleted. So if they are missing, an account that had an avatar in this run is
    requested again, and only if that fails, too, it is an outage. Many can be refused, for example for legal reasons:
    then an account that does not exist is requested, and it is an outage if this is refused as well.
    """

    def __init__(self) -> None:
        self._consecutive: Counter[str] = Counter()
        self._available: DueAccount | None = None
        self._last_error: GitHubError | BadImage | None = None

    def on_success(self, step: str, due: DueAccount | None = None) -> None:
        """An avatar passed this step; `due` is the account if it was fetched."""
        self._consecutive[step] = 0
        if due:
            self._available = due

    def on_failure(self, step: str, due: DueAccount, error: GitHubError | BadImage) -> DueAccount | GitHubError | None:
        """An account failed at this step. Returns an account to request as CONTROL, or the error of an outage."""
        if isinstance(error, USUAL) or (isinstance(error, NoSuchAccount) and not due.judged):
            self._consecutive[step] = 0
            return None
        self._consecutive[step] += 1
        self._last_error = error
        if self._consecutive[step] != OUTAGE:
            return None
        if isinstance(error, NoSuchAccount) and self._available:
            return replace(self._available, number=CONTROL, judged=False)
        return _unknown_account(due) if isinstance(error, Refused) else _outage(error)

    def on_control_failure(self, control: DueAccount, error: GitHubError | BadImage) -> GitHubError | None:
        """The CONTROL account failed. Returns the error of an outage, None if it is none."""
        is_unknown = control.login == UNKNOWN_LOGIN or control.account_id == UNKNOWN_ID
        if is_unknown and isinstance(error, NoSuchAccount):
            self._consecutive.clear()
            return None
        return _outage(self._last_error if is_unknown and self._last_error else error)


def _unknown_account(due: DueAccount) -> DueAccount:
    """An account that does not exist, to be requested in the same way as this one: by login, or by an id."""
    login, account_id = (UNKNOWN_LOGIN, None) if due.is_by_login else (None, UNKNOWN_ID)
    return DueAccount(CONTROL, "", login, account_id, due.size, None)


def _outage(error: GitHubError | BadImage) -> GitHubError:
    """The error that ends a run whose last account failed with this one."""
    if isinstance(error, HOST_FAILURES):
        return error
    return Unreachable(f"{OUTAGE} accounts in a row have no avatar, which is probably an outage. The last one: {error}")
