"""Fetches that fail."""

import pytest

from github_avatars.errors import GitHubAvatarsError
from github_avatars.github import GitHub
from tests.support.timing import with_timeout


def check_message(error: GitHubAvatarsError, subject: str) -> None:
    """Check that an error message contains the subject, and is short and printable."""
    message = str(error)
    assert subject in message
    assert message.isprintable()
    assert len(message) < 250


def fetch_error(client: GitHub, kind: type[GitHubAvatarsError], login: str = "octocat") -> GitHubAvatarsError:
    """The error of a fetch, of exactly this class, with a message about the login."""
    with pytest.raises(GitHubAvatarsError) as caught:
        with_timeout(lambda: client.fetch(login))
    assert type(caught.value) is kind, caught.value
    check_message(caught.value, login)
    return caught.value
