"""Every error that the project raises on purpose, in one tree.

    GitHubAvatarsError
    ├── BadInput              the call is wrong
    │   ├── BadOption         an option, parameter or environment variable has an impossible value
    │   ├── BadFile           a file or folder cannot be read or written as requested
    │   ├── InUse             another process uses the store, the folder or the port
    │   ├── BadToken          the token is malformed, or GitHub does not accept it
    │   └── MissingPackage    an optional package is not installed
    ├── BadImage              the bytes cannot be used as a picture
    │   ├── NotAPicture       not a readable PNG, JPEG, WebP or GIF
    │   └── TooLarge          more bytes or more pixels than an avatar may have
    ├── GitHubError           an account's avatar could not be had
    │   ├── BadLogin          not a possible GitHub login; nothing was asked of GitHub
    │   ├── NoSuchAccount     GitHub knows no account of this login
    │   ├── NoSuchRepository  GitHub knows no such repository, or does not show it
    │   ├── RateLimited       GitHub wants fewer requests; `until` says how long
    │   ├── Unreachable       no answer in time, a broken connection, or a server error
    │   ├── LoginRequired     GitHub answered with its login page
    │   └── ForeignRedirect   the answer leads to a host that is not GitHub's
    ├── Busy                  who should answer has too much to do; `until` says how long
    ├── BadModel              model.pkl cannot be trusted, or does not fit this environment
    └── BadDataset            the labelled pictures cannot be trained on

A message says what went wrong, on which input, and what to do. For machines, `kind` is a stable name, `retry` whether
the same call may succeed later; `remedy` is what to do in general. docs/errors.md lists them all.
"""

from datetime import datetime
from typing import ClassVar


class GitHubAvatarsError(Exception):
    """Base of the tree; never raised itself."""

    kind: ClassVar[str] = "error"
    remedy: ClassVar[str] = "Read the message."
    retry: ClassVar[bool] = False


class BadInput(GitHubAvatarsError):
    """The call is wrong, for example both of username and image are given, or neither."""

    kind = "bad-input"
    remedy = "Give either a login as username or a picture file as image; mend a setting as the message says."


class BadOption(BadInput):
    """An option, a parameter or an environment variable has an impossible value."""

    kind = "bad-option"
    remedy = "Change the value as the message says."


class BadFile(BadInput):
    """A file or folder cannot be read or written as requested."""

    kind = "bad-file"
    remedy = "Check the path and its permissions, or give another one."


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
    """The bytes are not a readable PNG, JPEG, WebP or GIF."""

    kind = "not-a-picture"
    remedy = "Give a whole PNG, JPEG, WebP or GIF; of an account, check GITHUB_URL."


class TooLarge(BadImage):
    """More bytes or more pixels than an avatar may have."""

    kind = "too-large"
    remedy = "Give a smaller picture."


class GitHubError(GitHubAvatarsError):
    """An account's avatar could not be had."""

    kind = "github-error"
    remedy = "Check the login and GITHUB_URL."


class BadLogin(GitHubError):
    """Not a possible GitHub login; nothing was asked of GitHub."""

    kind = "bad-login"
    remedy = "Give 1 to 39 letters, digits and hyphens, without @."


class NoSuchAccount(GitHubError):
    """GitHub knows no account of this login."""

    kind = "no-such-account"
    remedy = "Check the spelling."


class NoSuchRepository(GitHubError):
    """GitHub knows no repository of this name, or does not show it."""

    kind = "no-such-repository"
    remedy = "Check the spelling; of a private one, give a token that may read it."


class RateLimited(GitHubError):
    """GitHub wants fewer requests.

    `until` is when it will answer again (UTC), None where GitHub does not say.
    """

    kind = "rate-limited"
    remedy = "Wait until the time that the message names, or some minutes; then ask more slowly."
    retry = True

    def __init__(self, message: str, until: datetime | None = None) -> None:
        super().__init__(message)
        self.until = until


class Unreachable(GitHubError):
    """No answer in time, a broken connection, or a server error."""

    kind = "unreachable"
    remedy = "Try again later; if it stays, check the network and GITHUB_URL."
    retry = True


class LoginRequired(GitHubError):
    """GitHub answered with its login page, as an Enterprise host in private mode does."""

    kind = "login-required"
    remedy = "Ask another host: this one shows avatars to its own users only."


class ForeignRedirect(GitHubError):
    """The answer leads to a host that is not GitHub's, into a private network, or to no picture address at all."""

    kind = "foreign-redirect"
    remedy = "Check GITHUB_URL: something between here and GitHub answers in its place."


class Busy(GitHubAvatarsError):
    """The server that should answer, not GitHub, has more to do than it takes on.

    `until` is when the client may ask again (UTC), None where that is not known.
    """

    kind = "busy"
    remedy = "Ask again a little later, and more slowly."
    retry = True

    def __init__(self, message: str, until: datetime | None = None) -> None:
        super().__init__(message)
        self.until = until


class BadModel(GitHubAvatarsError):
    """model.pkl cannot be trusted, or does not fit the installed scikit-learn."""

    kind = "bad-model"
    remedy = "Run script/train, or restore model.pkl and model.json from the repository."


class BadDataset(GitHubAvatarsError):
    """The labelled pictures cannot be trained on."""

    kind = "bad-dataset"
    remedy = "Mend the pictures or their index as the message says."


HOST_FAILURES = (Unreachable, LoginRequired, ForeignRedirect)
"""They tell of the host or the network, not of the account, which may be asked for again later."""

OUTAGE = 10
"""So many accounts in a row that fail by their host's fault mean that it is out of order."""
