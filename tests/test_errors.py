import inspect
import re
from datetime import UTC, datetime

import pytest

from github_avatars import errors
from github_avatars.errors import Busy, GitHubAvatarsError, RateLimited
from pages.errors import tree

ALL_ERRORS = tree()

PUBLISHED = {
    "error": "GitHubAvatarsError",
    "bad-input": "BadInput",
    "bad-option": "BadOption",
    "bad-file": "BadFile",
    "in-use": "InUse",
    "bad-token": "BadToken",
    "missing-package": "MissingPackage",
    "bad-image": "BadImage",
    "not-a-picture": "NotAPicture",
    "too-large": "TooLarge",
    "github-error": "GitHubError",
    "bad-login": "BadLogin",
    "no-such-account": "NoSuchAccount",
    "no-profile": "NoProfile",
    "bot": "BotAccount",
    "unknown-address": "UnknownAddress",
    "refused": "Refused",
    "no-such-repository": "NoSuchRepository",
    "list-unavailable": "ListUnavailable",
    "rate-limited": "RateLimited",
    "unreachable": "Unreachable",
    "login-required": "LoginRequired",
    "foreign-redirect": "ForeignRedirect",
    "busy": "Busy",
    "bad-model": "BadModel",
    "bad-dataset": "BadDataset",
}
"""Every kind with its class. Other programs may use them: add new ones, but never change or remove one."""


def test_every_error_has_its_published_kind() -> None:
    assert {error.__dict__["kind"]: error.__name__ for error in ALL_ERRORS} == PUBLISHED
    assert not PUBLISHED.keys() & {"canceled", "unexpected"}, "log lines use these kinds for other exceptions"


@pytest.mark.parametrize("error", ALL_ERRORS)
def test_every_error_has_a_meaning_and_a_remedy(error: type[GitHubAvatarsError]) -> None:
    assert error.__module__ == errors.__name__
    assert re.match(r"[A-Z`m].*\.$", error.__dict__["__doc__"].partition("\n")[0])
    assert re.fullmatch(r"[A-Z].*\.", error.__dict__["remedy"])


def test_errors_that_may_disappear_are_marked_for_retry() -> None:
    assert {error.kind for error in ALL_ERRORS if error.retry} == {"rate-limited", "unreachable", "busy"}


def test_module_docstring_shows_the_tree() -> None:
    lines = re.findall(r"^    ([│├└─ ]*)(\w+) *(.*)$", inspect.getdoc(errors) or "", re.MULTILINE)
    documented = {name: len(branches) // 4 for branches, name, _ in lines}
    assert documented == {error.__name__: error.__mro__.index(GitHubAvatarsError) for error in ALL_ERRORS}
    assert all(meaning for _, name, meaning in lines if name != "GitHubAvatarsError")


@pytest.mark.parametrize("error", [RateLimited, Busy])
@pytest.mark.parametrize("until", [None, datetime(2030, 1, 1, tzinfo=UTC)])
def test_end_of_a_temporary_error_is_available(error: type[RateLimited] | type[Busy], until: datetime | None) -> None:
    raised = error("Too many requests: wait.", until)
    assert (str(raised), raised.until) == ("Too many requests: wait.", until)
