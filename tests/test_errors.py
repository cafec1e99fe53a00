import inspect
import re
from datetime import UTC, datetime

import pytest

from github_avatars import errors
from github_avatars.errors import BadImage, GitHubAvatarsError, GitHubError, NotAPicture, RateLimited, TooLarge


def below(error: type[GitHubAvatarsError]) -> list[type[GitHubAvatarsError]]:
    return [error, *(found for child in error.__subclasses__() for found in below(child))]


EVERY = below(GitHubAvatarsError)

PUBLISHED = {
    "error": "GitHubAvatarsError",
    "bad-input": "BadInput",
    "bad-image": "BadImage",
    "not-a-picture": "NotAPicture",
    "too-large": "TooLarge",
    "github-error": "GitHubError",
    "bad-login": "BadLogin",
    "no-such-account": "NoSuchAccount",
    "rate-limited": "RateLimited",
    "unreachable": "Unreachable",
    "login-required": "LoginRequired",
    "foreign-redirect": "ForeignRedirect",
    "busy": "Busy",
    "bad-model": "BadModel",
    "bad-dataset": "BadDataset",
}
"""The kinds that programs elsewhere may know, and their classes. New ones are added, none is ever changed."""


def drawn() -> dict[str, tuple[int, str]]:
    """The tree of the module's docstring: of every name, how deep it stands and what is said of it."""
    lines = re.findall(r"^    ([│├└─ ]*)(\w+) *(.*)$", inspect.getdoc(errors) or "", re.MULTILINE)
    return {name: (len(branches) // 4, meaning) for branches, name, meaning in lines}


@pytest.mark.parametrize("error", EVERY)
def test_every_error_says_what_it_means(error: type[GitHubAvatarsError]) -> None:
    assert error.__module__ == errors.__name__, "errors live in one place"
    assert (error.__dict__.get("__doc__") or "").endswith(".") or "\n" in error.__doc__


def test_every_error_has_a_kind_of_its_own() -> None:
    kinds = [error.__dict__.get("kind") for error in EVERY]
    assert len(set(kinds)) == len(EVERY)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", kind) for kind in kinds), kinds


def test_a_kind_that_was_published_stays_what_it_is() -> None:
    assert {error.kind: error.__name__ for error in EVERY if error.kind in PUBLISHED} == PUBLISHED
    assert not {"canceled", "unexpected"} & {error.kind for error in EVERY}, "the log has its own use for these"


def test_every_error_says_what_to_do() -> None:
    for error in EVERY:
        assert re.fullmatch(r"[A-Z].*\.", error.__dict__.get("remedy", "")), error


def test_only_what_may_pass_by_itself_is_worth_another_try() -> None:
    assert {error.kind for error in EVERY if error.retry} == {"rate-limited", "unreachable", "busy"}


def test_the_modules_docstring_draws_the_very_tree() -> None:
    def depth(error: type[GitHubAvatarsError]) -> int:
        return error.__mro__.index(GitHubAvatarsError)

    assert {name: level for name, (level, _) in drawn().items()} == {error.__name__: depth(error) for error in EVERY}
    assert all(meaning for name, (_, meaning) in drawn().items() if name != "GitHubAvatarsError")


def test_nothing_else_is_in_the_module() -> None:
    classes = {found for _, found in inspect.getmembers(errors, inspect.isclass) if found.__module__ == errors.__name__}
    assert classes == set(EVERY)


def test_what_is_caught_together_stands_together() -> None:
    assert issubclass(NotAPicture, BadImage)
    assert issubclass(TooLarge, BadImage)
    assert not issubclass(BadImage, GitHubError)


@pytest.mark.parametrize("until", [None, datetime(2030, 1, 1, tzinfo=UTC)])
def test_rate_limited_says_until_when(until: datetime | None) -> None:
    error = RateLimited("Too many requests: wait.", until)
    assert (str(error), error.until) == ("Too many requests: wait.", until)
