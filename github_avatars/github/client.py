"""login → Avatar: everything about talking to GitHub.

An avatar is asked for at https://github.com/LOGIN.png, which redirects to
https://avatars.githubusercontent.com/u/ACCOUNT-ID?v=4, which serves the picture. Neither needs a token. Where the
account id is known, the second address alone will do.
"""

import math
import re
import reprlib
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Self
from urllib.parse import urljoin, urlsplit

import requests
import urllib3

from github_avatars.errors import (
    BadLogin,
    ForeignRedirect,
    LoginRequired,
    NoSuchAccount,
    NotAPicture,
    RateLimited,
    TooLarge,
    Unreachable,
)
from github_avatars.github import cancellation, hosts, rate_limit, transport
from github_avatars.github.transport import HTTPResponse
from github_avatars.picture.decoding import MAX_BYTES
from github_avatars.picture.formats import format_of

CONNECT_TIMEOUT = 4.0
"""Seconds that making a connection may take: looking the name up, trying its addresses, TLS."""

READ_TIMEOUT = 10.0
"""Seconds that one answer may take, from the request to its last byte."""

DEADLINE = 20.0
"""Seconds that one fetch may take in all: redirects, retries and pauses included."""

RETRIES = 3
"""How often one address is asked again after a passing failure."""

BACKOFF = 0.25
"""Seconds: the first retry comes at once, the second after twice this, the third after four times; plus some jitter."""

MAX_PAUSE = 10.0
"""Seconds: a longer wait that GitHub asks for is the caller's to plan, so it becomes RateLimited at once."""

MAX_REDIRECTS = 5

MAX_REFUSAL_BYTES = 64 * 1024
"""Bytes read of an answer that is no picture, so that its connection can serve again."""

REDIRECTS = (301, 302, 303, 307, 308)
PRIVATE_MODE = "an Enterprise host in private mode serves avatars to its own users only, so pick another host"

LOGIN = re.compile(r"[A-Za-z0-9-]{1,39}(?:_[A-Za-z0-9]{3,8})?")
LOGIN_PAGE = re.compile(r"/(?:login|sessions?)(?:/.*)?|/(?:enterprises|orgs)/[^/]+/(?:sso|saml/.*)")
AVATAR_PATH = re.compile(r"(?:/avatars)?/u/([1-9][0-9]{0,17})")


@dataclass(frozen=True)
class Account:
    """One account; a source tells its login, its id, or both."""

    login: str | None
    """As the source spells it, be it a possible login or not; None where only the id is told."""
    account_id: int | None
    """GitHub's numeric id; None where only the login is told."""


@dataclass(frozen=True)
class Avatar:
    """A picture as GitHub serves it."""

    login: str
    """The account's login, spelled as it was asked for; empty where it was asked for by its id."""
    account_id: int | None
    """GitHub's numeric id of the account; None where the picture's address does not tell."""
    href: str
    """The address asked, as https://github.com/zeke.png."""
    data: bytes
    """The picture file: by its first bytes a PNG, JPEG, WebP or GIF. Empty where it is unchanged."""
    etag: str | None = None
    """GitHub's name of this very file, to ask by whether it is still the same; None where GitHub gives none."""
    unchanged: bool = False
    """Whether it is still the file of the ETag that was asked with; only then nothing was sent."""


def check_login(login: str) -> str:
    """`login` itself if it can be a GitHub login, else BadLogin.

    That is 1 to 39 ASCII letters, digits and hyphens, for enterprise-managed users followed by `_` and a shortcode of 3
    to 8 letters and digits; GitHub counts that among the 39, but may say so itself. GitHub no longer gives out logins
    with leading, trailing or double hyphens, but accounts from before that rule exist and have avatars (`-Jerry-`,
    `Guin-`, `0----0`).

    Sources: https://docs.github.com/en/enterprise-cloud@latest/admin/managing-iam/iam-configuration-reference/username-considerations-for-external-authentication,
    https://github.com/shinnn/github-username-regex/issues/7
    """
    if isinstance(login, str) and LOGIN.fullmatch(login):
        return login
    shown = reprlib.repr(login)
    if isinstance(login, str) and login.endswith("[bot]"):
        raise BadLogin(f"{shown} is a GitHub App, which has no avatar at /LOGIN.png: give a user or an organization.")
    raise BadLogin(
        f"{shown} is not a possible GitHub login: give 1 to 39 letters, digits and hyphens, "
        "with the _shortcode of an enterprise-managed user if there is one."
    )


class GitHub:
    """GitHub, or the Enterprise host or stand-in at `base` (default: the environment variable GITHUB_URL).

    Holds its connections open, may be used from many threads, and wants to be closed or used in a `with` statement.
    `read_timeout`, `deadline` and `backoff` are seconds. Raises BadInput if the address is none.
    """

    def __init__(
        self,
        base: str | None = None,
        *,
        read_timeout: float = READ_TIMEOUT,
        deadline: float = DEADLINE,
        backoff: float = BACKOFF,
    ) -> None:
        self.base = hosts.base_url(base)
        self._trusted = hosts.trusted_hosts(self.base)
        self._avatars = hosts.avatars_url(self.base)
        self._read_timeout = read_timeout
        self._deadline = deadline
        # The first retry comes at once: it mends a kept connection that GitHub had closed meanwhile.
        self._retry = urllib3.Retry(RETRIES, backoff_factor=backoff, backoff_jitter=backoff)
        self._session = transport.Session(
            direct=hosts.is_loopback(self.base), private_host=hosts.private_host(self.base)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def fetch(self, login: str, *, size: int | None = None, etag: str | None = None) -> Avatar:
        """The avatar of `login`, or an error within about `deadline` seconds, once one of its connections is free.

        With a `size`, in pixels a side, GitHub is asked to make the picture as small; it makes none larger, and serves
        identicons whole. With the `etag` of a picture that was fetched before, nothing is sent where it is unchanged.

        Raises BadLogin (nothing was asked), NoSuchAccount, RateLimited, Unreachable, LoginRequired, ForeignRedirect,
        TooLarge or NotAPicture.
        """
        return self._follow(login, f"{self.base}/{check_login(login)}.png", size, etag, login)

    def fetch_by_id(self, account_id: int, *, size: int | None = None, etag: str | None = None) -> Avatar:
        """As `fetch`, with one request instead of two: asked by its id, an avatar is where `fetch` is redirected to.

        An Enterprise host keeps avatars at one of two addresses (hosts.trusted_hosts). A `fetch` before tells which;
        else it is taken to be the one without subdomain isolation.
        """
        avatars = self._avatars or f"{self.base}/avatars"
        return self._follow(f"id {account_id}", f"{avatars}/u/{account_id}?v=4", size, etag)

    def _follow(self, whose: str, href: str, size: int | None, etag: str | None, login: str = "") -> Avatar:
        deadline = time.monotonic() + self._deadline
        headers = {"If-None-Match": etag} if etag else {}
        url = href
        for _ in range(1 + MAX_REDIRECTS):
            account_id = _account_id(url)
            resized = f"{url}{'&' if '?' in url else '?'}s={size}" if size and account_id else url
            answer = self._ask(whose, resized, deadline, headers)
            if answer.status in (200, 304) and account_id and not self._avatars:
                self._avatars = url.partition("?")[0].rpartition("/u/")[0]
            if answer.status == 304 and etag:
                return Avatar(login, account_id, href, b"", etag, unchanged=True)
            if answer.status == 200:
                return Avatar(login, account_id, href, _picture(whose, answer), answer.headers.get("ETag"))
            url = self._redirect(whose, url, answer)
        raise ForeignRedirect(
            f"{self.base} redirects more than {MAX_REDIRECTS} times for {whose}: check GITHUB_URL, or try again later."
        )

    def _ask(self, login: str, url: str, deadline: float, headers: Mapping[str, str]) -> HTTPResponse:
        """The settled answer at `url`: a passing failure is asked again while retries and time last.

        Retry is consulted here, not mounted in the adapter: there it would not see a body break off, know no
        deadline, and sleep as long as Retry-After says.
        """
        retry = self._retry
        while True:
            try:
                return self._ask_once(login, url, deadline, headers)
            except (RateLimited, Unreachable) as failure:
                if not retry.total:
                    raise
                retry = retry.increment("GET", url)
                pause = _pause(failure, retry)
                if pause > MAX_PAUSE or time.monotonic() + pause >= deadline:
                    raise
            cancellation.pause(pause)

    def _ask_once(self, login: str, url: str, deadline: float, headers: Mapping[str, str]) -> HTTPResponse:
        left = max(deadline - time.monotonic(), 0.001)
        timeout = urllib3.Timeout(total=left, connect=CONNECT_TIMEOUT, read=self._read_timeout)
        try:
            with self._session.get(url, timeout, headers) as response:
                answer = HTTPResponse(response.status, response.headers, _body(login, response))
        except transport.PrivateAddress as found:
            raise ForeignRedirect(
                f"{_host(url)} leads {login} to {found}, an address of a private network, "
                f"which is not GitHub at {self.base}: check the name service and GITHUB_URL."
            ) from found
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise Unreachable(
                f"{_host(url)} gave no whole answer for {login} ({type(error).__name__}): "
                "check the network and GITHUB_URL, or try again later."
            ) from error
        if rate_limit.is_rate_limited(answer.status, answer.headers):
            raise rate_limit.to_error(_host(url), answer.status, answer.headers, login)
        if answer.status >= 500:
            raise Unreachable(
                f"{_host(url)} is in trouble (HTTP {answer.status}) and refuses {login}: try again later."
            )
        return answer

    def _redirect(self, login: str, url: str, answer: HTTPResponse) -> str:
        """The address that `answer` leads to, checked; the right error if it leads nowhere."""
        if answer.status == 404:
            raise NoSuchAccount(f"{self.base} knows no account {login}: check the spelling.")
        if answer.status == 401:
            raise LoginRequired(f"{_host(url)} shows {login} only to those who log in: {PRIVATE_MODE}.")
        if answer.status not in REDIRECTS:
            raise Unreachable(f"{_host(url)} refuses {login} (HTTP {answer.status}): check GITHUB_URL and the network.")
        try:
            target = urlsplit(urljoin(url, answer.headers.get("Location", "")))
        except ValueError as error:
            raise ForeignRedirect(f"{_host(url)} redirects {login} to no address at all: check GITHUB_URL.") from error
        downgrade = target.scheme != "https" and not url.startswith("http:")
        if target.scheme not in ("http", "https") or downgrade or not self._trusted.fullmatch(target.netloc.lower()):
            shown = reprlib.repr(f"{target.scheme}://{target.netloc}")
            raise ForeignRedirect(
                f"{_host(url)} redirects {login} to {shown}, which is not GitHub at {self.base}: check GITHUB_URL."
            )
        if LOGIN_PAGE.fullmatch(target.path):
            raise LoginRequired(f"{_host(url)} answers {login} with its login page: {PRIVATE_MODE}.")
        return target.geturl()


_sharing = threading.Lock()


def fetch(login: str) -> Avatar:
    """`GitHub().fetch(login)` over one shared instance, made at the first call."""
    with _sharing:
        github = _shared()
    return github.fetch(login)


@cache
def _shared() -> GitHub:
    return GitHub()


def _host(url: str) -> str:
    return urlsplit(url).netloc


def _account_id(url: str) -> int | None:
    found = AVATAR_PATH.fullmatch(urlsplit(url).path)
    return int(found[1]) if found else None


def _body(login: str, response: urllib3.BaseHTTPResponse) -> bytes:
    """The body: whole if it is to be a picture, else as much of it as frees the connection."""
    is_picture = response.status == 200
    limit = MAX_BYTES if is_picture else MAX_REFUSAL_BYTES
    size = response.length_remaining or 0
    body = bytearray()
    if size <= limit:
        for piece in response.stream(64 * 1024):
            body += piece
            if (size := len(body)) > limit:
                break
    if is_picture and size > limit:
        raise TooLarge(f"The avatar of {login} has more than {limit:,} bytes, which no avatar has: check GITHUB_URL.")
    return bytes(body)


def _picture(login: str, answer: HTTPResponse) -> bytes:
    # By the bytes alone: GitHub's Content-Type has been seen wrong on right pictures.
    if not format_of(answer.body):
        kind = answer.headers.get("Content-Type", "of no type")
        raise NotAPicture(
            f"GitHub answers {login} with something else than a picture ({reprlib.repr(kind)}): check GITHUB_URL."
        )
    return answer.body


def _pause(failure: RateLimited | Unreachable, retry: urllib3.Retry) -> float:
    """Seconds to wait before asking again; infinite where GitHub wants patience but does not say how much."""
    if isinstance(failure, Unreachable):
        return retry.get_backoff_time()
    if failure.until is None:
        return math.inf
    return max(0.0, (failure.until - datetime.now(UTC)).total_seconds())
