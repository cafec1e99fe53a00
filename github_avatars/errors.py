"""All exceptions that the project raises on purpose, in one tree.

    GitHubAvatarsError
    ├── BadInput              the call is wrong
    │   ├── BadOption         an option, parameter or environment variable has an invalid value
    │   ├── BadFile           a file or folder cannot be read or written as requested
    │   ├── InUse             another process uses the store, the folder or the port
    │   ├── BadToken          the token is malformed, or GitHub does not accept it
    │   └── MissingPackage    an optional package is not installed
    ├── BadImage              the bytes cannot be used as a picture
    │   ├── NotAPicture       the bytes are not a readable PNG, JPEG, WebP, AVIF or GIF
    │   └── TooLarge          the picture has more bytes or pixels than an avatar can have
    ├── GitHubError           an account's avatar could not be fetched
    │   ├── BadLogin          the text names no account; no request was sent
    │   ├── NoSuchAccount     GitHub has no account with this login
    │   ├── NoProfile         GitHub shows the account's avatar, but not the account
    │   ├── BotAccount        the account is that of a GitHub App, and its avatar's address is unknown
    │   ├── UnknownAddress    GitHub knows no account with this commit address
    │   ├── Refused           GitHub refuses this avatar, and possibly no other
    │   ├── NoSuchRepository  GitHub has no such repository, or does not show it
    │   ├── ListUnavailable   GitHub does not show a list, or not to everyone
    │   ├── RateLimited       GitHub refuses further requests for now; `until` is the end, if known
    │   ├── Unreachable       a timeout, a broken connection, or a server error
    │   ├── LoginRequired     GitHub responds with its login page
    │   └── ForeignRedirect   the response redirects to a host that is not GitHub's
    ├── Busy                  the server is overloaded; `until` is the end, if known
    ├── BadModel              model.pkl is not trusted, or does not fit this version of the package
    └── BadDataset            the labeled pictures cannot be used for training

A message states what went wrong, for which input, and what to do. For programs, `kind` is a stable name, and `retry` is
whether the same call may succeed later. `remedy` is the general advice. docs/errors.md lists all of them.
"""

from datetime import datetime
from typing import ClassVar


class GitHubAvatarsError(Exception):
    """The base class of the tree; never raised itself."""

    kind: ClassVar[str] = "error"
    remedy: ClassVar[str] = "Read the message."
    retry: ClassVar[bool] = False


class BadInput(GitHubAvatarsError):
    """The call is wrong, for example if both username and image are given, or neither."""

    kind = "bad-input"
    remedy = "Give either a login as username or a picture file as image, or correct the call as the message says."


class BadOption(BadInput):
    """An option, a parameter or an environment variable has an invalid value."""

    kind = "bad-option"
    remedy = "Change the value as the message says."


class BadFile(BadInput):
    """A file or folder cannot be read or written as requested."""

    kind = "bad-file"
    remedy = "Check the path and its permissions, or give another path."


class InUse(BadInput):
    """Another process uses the store, the folder or the port."""

    kind = "in-use"
    remedy = "Wait until the other process ends, or give another path or port."


class BadToken(BadInput):
    """The token is malformed, or GitHub does not accept it."""

    kind = "bad-token"
    remedy = "Give a valid token in GITHUB_TOKEN or with --token-file, or none."


class MissingPackage(BadInput):
    """An optional package is not installed."""

    kind = "missing-package"
    remedy = "Install the extra that the message names."


class BadImage(GitHubAvatarsError):
    """The bytes cannot be used as a picture."""

    kind = "bad-image"
    remedy = "Give another picture."


class NotAPicture(BadImage):
    """The bytes are not a readable PNG, JPEG, WebP, AVIF or GIF."""

    kind = "not-a-picture"
    remedy = "Give a complete PNG, JPEG, WebP, AVIF or GIF; for an account, check GITHUB_URL."


class TooLarge(BadImage):
    """The picture has more bytes or more pixels than an avatar can have."""

    kind = "too-large"
    remedy = "Give a smaller picture."


class GitHubError(GitHubAvatarsError):
    """An account's avatar could not be fetched."""

    kind = "github-error"
    remedy = "Check the login and GITHUB_URL."


class BadLogin(GitHubError):
    """The text cannot be a GitHub login or the address of an account; no request was sent to GitHub."""

    kind = "bad-login"
    remedy = "Give a login of 1 to 39 letters, digits and hyphens, or the address of a profile or an avatar."


class NoSuchAccount(GitHubError):
    """GitHub has no account with this login."""

    kind = "no-such-account"
    remedy = "Check the spelling."


class NoProfile(GitHubError):
    """GitHub's API does not show this account although its avatar exists: it is suspended, deleted or hidden."""

    kind = "no-profile"
    remedy = "Nothing; or scan without --profiles to classify the avatar."


class BotAccount(GitHubError):
    """The login is that of a GitHub App, whose avatar is not at the address with its login or its id."""

    kind = "bot"
    remedy = "Give the avatar_url of GitHub's API, or a list of GitHub as the source; or use --no-bots."


class UnknownAddress(GitHubError):
    """GitHub knows no account with this commit address."""

    kind = "unknown-address"
    remedy = "Give the login, if the person has an account."


class Refused(GitHubError):
    """GitHub refuses this avatar (HTTP 403, 410 or 451), for example for legal reasons."""

    kind = "refused"
    remedy = "Look at the account's page; if all accounts are refused, check GITHUB_URL and the network."


class NoSuchRepository(GitHubError):
    """GitHub has no repository with this name, or does not show it."""

    kind = "no-such-repository"
    remedy = "Check the spelling; for a private repository, give a token that can read it."


class ListUnavailable(GitHubError):
    """GitHub does not show a list, or not to everyone: stargazers, or the contributors of a very large repository."""

    kind = "list-unavailable"
    remedy = "Give a token that may read the list, or use another source, such as --git or --gharchive."


class RateLimited(GitHubError):
    """GitHub refuses further requests for now.

    `until` is the time (UTC) from which GitHub accepts requests, None if GitHub does not state it.
    """

    kind = "rate-limited"
    remedy = "Wait until the time in the message, or some minutes; then send requests more slowly."
    retry = True

    def __init__(self, message: str, until: datetime | None = None) -> None:
        super().__init__(message)
        self.until = until


class Unreachable(GitHubError):
    """A timeout, a broken connection, or a server error."""

    kind = "unreachable"
    remedy = "Try again later; if the error persists, check the network and GITHUB_URL."
    retry = True


class LoginRequired(GitHubError):
    """GitHub responds with its login page, as an Enterprise host in private mode does."""

    kind = "login-required"
    remedy = "Use another host: this one shows avatars to its own users only."


class ForeignRedirect(GitHubError):
    """The response redirects to a host that is not GitHub's, to a private network, or to no picture address."""

    kind = "foreign-redirect"
    remedy = "Check GITHUB_URL: another server responds in GitHub's place."


class Busy(GitHubAvatarsError):
    """The server that classifies, not GitHub, is overloaded.

    `until` is the time (UTC) from which the client may retry, None if unknown.
    """

    kind = "busy"
    remedy = "Retry a little later, and send requests more slowly."
    retry = True

    def __init__(self, message: str, until: datetime | None = None) -> None:
        super().__init__(message)
        self.until = until


class BadModel(GitHubAvatarsError):
    """model.pkl is not trusted, or does not fit this version of the package."""

    kind = "bad-model"
    remedy = "Restore model.pkl and model.json from the repository or install the package again, or train a model."


class BadDataset(GitHubAvatarsError):
    """The labeled pictures cannot be used for training."""

    kind = "bad-dataset"
    remedy = "Correct the pictures or their index as the message says."


HOST_FAILURES = (Unreachable, LoginRequired, ForeignRedirect)
"""Errors of the host or the network, not of the account, which can be retried later."""

OUTAGE = 10
"""The number of consecutive accounts without an avatar that counts as an outage of the host: HOST_FAILURES, responses
that are not pictures, and accounts that are missing although they had an avatar before."""
