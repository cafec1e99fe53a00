"""Fetching avatars: account → Avatar.

https://github.com/LOGIN.png redirects to https://avatars.githubusercontent.com/u/ACCOUNT-ID?v=4, which serves the
picture. Neither requires a token. If the account id is known, the second address suffices.

https://avatars.githubusercontent.com/LOGIN serves the picture without a redirect, but does not reveal the id. Unlike
github.com, it does not limit the rate of requests after a few dozen. Enterprise hosts have no such address.
"""

import math
import re
import reprlib
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache, partial
from typing import Literal, Self
from urllib.parse import quote, urljoin, urlsplit

import urllib3

from github_avatars import cancellation
from github_avatars.errors import (
    BotAccount,
    ForeignRedirect,
    LoginRequired,
    NoSuchAccount,
    NotAPicture,
    RateLimited,
    Refused,
    TooLarge,
    UnknownAddress,
    Unreachable,
)
from github_avatars.github import hosts, rate_limit, transport
from github_avatars.github.accounts import AVATAR_PATH, BOT, Account, check_login, parse
from github_avatars.github.transport import HTTPResponse
from github_avatars.picture.decoding import MAX_BYTES
from github_avatars.picture.formats import format_of

CONNECT_TIMEOUT = 4.0
"""Seconds for making a connection: DNS, all addresses of the host, TLS."""

READ_TIMEOUT = 10.0
"""Seconds for one response, from the request to its last byte."""

DEADLINE = 20.0
"""Seconds for one fetch, including redirects, retries and the pauses between them."""

RETRIES = 3
"""The number of retries of one request after a transient failure."""

BACKOFF = 0.25
"""Seconds: the first retry is immediate, the second waits twice this, the third four times; plus random jitter."""

MAX_PAUSE = 10.0
"""Seconds: if GitHub requests a longer wait, the fetch raises RateLimited at once, and the caller plans the wait."""

MAX_REDIRECTS = 5

MAX_REFUSAL_BYTES = 64 * 1024
"""Bytes to read of a response that is not a picture, so that its connection can be used again."""

REDIRECTS = (301, 302, 303, 307, 308)
REFUSALS = (403, 410, 451)
"""The statuses that refuse an account: forbidden, gone, and unavailable for legal reasons."""

OTHER_PATHS = ("u", "in", "t")
"""The logins that are no path of the avatar host, because the addresses of ids, apps and teams begin like that."""

UNKNOWN_ADDRESS = "github-avatars@address.invalid"
"""A commit address that no account has, because the domain is reserved.

Source: https://www.rfc-editor.org/rfc/rfc2606
"""

MAX_ADDRESS = 254
"""The maximum length of an email address. Source: https://www.rfc-editor.org/errata/eid1690"""

PRIVATE_MODE = "an Enterprise host in private mode serves avatars to its own users only, so use another host"

LOGIN_PAGE = re.compile(r"/(?:login|sessions?)(?:/.*)?|/(?:enterprises|orgs)/[^/]+/(?:sso|saml/.*)")
"""Matches the paths to which GitHub redirects who is not logged in, also for single sign-on."""

Via = Literal["login", "page"]
"""How to fetch by a login: from the avatar host, in one request without the id, or from the page, in two with it."""


@dataclass(frozen=True)
class Avatar:
    """An avatar as GitHub serves it."""

    login: str
    """The requested login; empty if only the id or the address was given."""
    account_id: int | None
    """GitHub's numeric id of the account; None if the avatar's address does not contain it."""
    href: str
    """The requested address, such as https://github.com/zeke.png."""
    data: bytes
    """The picture file: a PNG, JPEG, WebP, AVIF or GIF by its first bytes. Empty if it is unchanged."""
    etag: str | None = None
    """GitHub's identifier of this version of the file, for a later conditional request; None if it sends none."""
    unchanged: bool = False
    """Whether the file is still the one with the requested ETag, and was therefore not sent."""
    source: str = ""
    """The address of the file, after redirects and without the requested size."""


class GitHub:
    """A client for the avatars of GitHub, or of the Enterprise host or stand-in at `base` (default: GITHUB_URL).

    It keeps its connections open and may be used from many threads. Close it, or use it in a `with` statement.
    `read_timeout`, `deadline` and `backoff` are in seconds. Raises BadOption if `base` is not an address.
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
        self._trusted_hosts = hosts.trusted_hosts(self.base)
        self._avatars_url = hosts.avatars_url(self.base)
        self._serves_logins = self._avatars_url is not None
        self._unknown_pictures: dict[int | None, bytes] = {}
        self._read_timeout = read_timeout
        self._deadline = deadline
        # The first retry is immediate: a kept connection may have been closed by GitHub in the meantime.
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

    def fetch(
        self,
        account: str | Account,
        *,
        size: int | None = None,
        etag: str | None = None,
        via: Via = "page",
        since: float | None = None,
    ) -> Avatar:
        """Fetch the avatar of an account, within about `deadline` seconds from when a pooled connection is free.

        Several fetches for one prediction share a deadline if it counts from the same `since`, a time of
        time.monotonic; by default it counts from now.

        A text is any spelling of `parse`. The request goes to the avatar's address or to that with the id if one of
        these is known, and else to that with the login, as `via` says, or the commit address. `size` requests a picture
        of at most this many pixels per side; GitHub enlarges none, and ignores it for identicons. With the `etag` of an
        earlier fetch, an unchanged picture is not sent again.

        Raises BadLogin or BotAccount (before any request), NoSuchAccount, UnknownAddress, Refused, RateLimited,
        Unreachable, LoginRequired, ForeignRedirect, TooLarge or NotAPicture.
        """
        if not isinstance(account, Account):
            account = parse(account, self.base)
        login = account.login or ""
        if account.avatar_url:
            subject = login or account.avatar_url
            return self._fetch(subject, self._trusted_address(subject, account.avatar_url), size, etag, login, since)
        if BOT.fullmatch(login):
            raise BotAccount(
                f"{login} is a GitHub App, whose avatar has an address that its login does not reveal: "
                "give the avatar_url of GitHub's API."
            )
        if account.account_id:
            subject = login or f"id {account.account_id}"
            return self._fetch(subject, self._url_of_id(account.account_id), size, etag, login, since)
        if account.email is not None and account.login is None:
            return self._fetch_by_email(account.email, size, etag, since)
        check_login(login)
        if via == "login" and self._serves_logins and login.lower() not in OTHER_PATHS:
            return self._fetch(login, f"{self._avatars_url}/{login}", size, etag, login, since)
        return self._fetch(login, f"{self.base}/{login}.png", size, etag, login, since)

    def fetch_by_id(self, account_id: int, *, size: int | None = None, etag: str | None = None) -> Avatar:
        """Like `fetch`, with one request instead of two, to the address to which `fetch` is redirected.

        An Enterprise host serves avatars from one of two addresses (see hosts.trusted_hosts). This client learns which
        one from an earlier `fetch`; without one, it assumes the address without subdomain isolation.
        """
        return self.fetch(Account(None, account_id), size=size, etag=etag)

    def fetch_original(self, avatar: Avatar, *, since: float | None = None) -> Avatar:
        """Fetch an avatar again, at full size, with one request.

        `since` is as for `fetch`. Raises the errors of `fetch`, but Unreachable instead of NoSuchAccount.
        """
        subject = avatar.login or avatar.href
        original = self._fetch(subject, avatar.source, None, None, avatar.login, since, is_known=True)
        return replace(original, href=avatar.href)

    def account_id(self, login: str) -> int | None:
        """The id of an account, from the redirect of its page, in one request; None if it does not contain the id.

        Raises the errors of `fetch`, and RateLimited without waiting.
        """
        deadline = time.monotonic() + self._deadline
        url = f"{self.base}/{check_login(login)}.png"
        response = self._get_with_retries(login, url, deadline, {}, waits=False)
        return None if response.status == 200 else _account_id(self._redirect_target(login, url, response))

    def _url_of_id(self, account_id: int | str) -> str:
        return f"{self._avatars_url or f'{self.base}/avatars'}/u/{account_id}?v=4"

    def _fetch_by_email(self, email: str, size: int | None, etag: str | None, since: float | None) -> Avatar:
        """The avatar of the account with a commit address. GitHub serves one picture for all unknown addresses."""
        unknown = UnknownAddress(f"{self.base} has no account with the commit address {reprlib.repr(email)}.")
        if "@" not in email or len(email) > MAX_ADDRESS:
            raise unknown
        try:
            avatar = self._fetch_address(email, size, etag, since)
        except NoSuchAccount as error:
            raise unknown from error
        if avatar.unchanged or avatar.account_id:
            return avatar
        if size not in self._unknown_pictures:
            self._unknown_pictures[size] = self._fetch_address(UNKNOWN_ADDRESS, size, None, since).data
        if avatar.data == self._unknown_pictures[size]:
            raise unknown
        return avatar

    def _fetch_address(self, email: str, size: int | None, etag: str | None, since: float | None) -> Avatar:
        url = f"{self._avatars_url or f'{self.base}/avatars'}/u/e?email={quote(email, safe='', errors='replace')}"
        return self._fetch(reprlib.repr(email), url, size, etag, since=since)

    def _fetch(
        self,
        subject: str,
        href: str,
        size: int | None,
        etag: str | None,
        login: str = "",
        since: float | None = None,
        *,
        is_known: bool = False,
    ) -> Avatar:
        deadline = (time.monotonic() if since is None else since) + self._deadline
        headers = {"If-None-Match": etag} if etag else {}
        url = href
        for redirects in range(1 + MAX_REDIRECTS):
            account_id = _account_id(url)
            is_page = urlsplit(url).path.endswith(".png")
            sized_url = f"{url}{'&' if '?' in url else '?'}s={size}" if size and not is_page else url
            is_known = is_known or (redirects > 0 and account_id is not None)
            response = self._get_with_retries(subject, sized_url, deadline, headers, is_known=is_known)
            if response.status in (200, 304) and account_id and not self._avatars_url:
                self._avatars_url = url.partition("?")[0].rpartition("/u/")[0]
            if response.status == 304 and etag:
                return Avatar(login, account_id, href, b"", etag, unchanged=True, source=url)
            if response.status == 200:
                data = _picture(subject, response)
                return Avatar(login, account_id, href, data, response.headers.get("ETag"), source=url)
            url = self._redirect_target(subject, url, response)
        raise ForeignRedirect(f"{self.base} redirects more than {MAX_REDIRECTS} times for {subject}: check GITHUB_URL.")

    def _get_with_retries(
        self,
        subject: str,
        url: str,
        deadline: float,
        headers: Mapping[str, str],
        *,
        is_known: bool = False,
        waits: bool = True,
    ) -> HTTPResponse:
        """The response at `url`. Transient failures are retried while the number of retries and the deadline allow.

        For an account that `is_known` to exist, HTTP 404 is such a failure. Only if `waits`, rate limits are.

        urllib3 cannot do this: its Retry does not see errors while a body is read, knows no deadline, and sleeps as
        long as Retry-After says.
        """
        retry = self._retry
        while True:
            try:
                return self._get(subject, url, deadline, headers, is_known=is_known)
            except (RateLimited, Unreachable) as failure:
                if not retry.total or (isinstance(failure, RateLimited) and not waits):
                    raise
                retry = retry.increment("GET", url)
                pause = _pause(failure, retry)
                if pause > MAX_PAUSE or time.monotonic() + pause >= deadline:
                    raise
            cancellation.pause(pause)

    def _get(
        self, subject: str, url: str, deadline: float, headers: Mapping[str, str], *, is_known: bool
    ) -> HTTPResponse:
        left = max(deadline - time.monotonic(), 0.001)
        timeout = urllib3.Timeout(total=left, connect=CONNECT_TIMEOUT, read=self._read_timeout)
        response = self._session.request(url, subject, timeout, headers, partial(_read_body, subject))
        if rate_limit.is_rate_limited(response.status, response.headers):
            raise rate_limit.to_error(_host(url), response.status, response.headers, subject)
        if response.status >= 500:
            raise Unreachable(
                f"{_host(url)} has a server error (HTTP {response.status}) for {subject}: try again later."
            )
        if response.status == 404 and is_known:
            raise Unreachable(f"{_host(url)} has no picture for {subject}, which exists (HTTP 404): try again later.")
        return response

    def _redirect_target(self, subject: str, url: str, response: HTTPResponse) -> str:
        """The address to which a response redirects, if it is trusted; otherwise raises the error that fits."""
        host = _host(url)
        if response.status == 404:
            raise NoSuchAccount(f"{self.base} has no account {subject}: check the spelling.")
        if response.status == 401:
            raise LoginRequired(f"{host} shows {subject} only to users who are logged in: {PRIVATE_MODE}.")
        if response.status in REFUSALS:
            raise Refused(f"{host} refuses {subject} (HTTP {response.status}): look at the page of the account.")
        if response.status not in REDIRECTS:
            raise Unreachable(f"{host} refuses {subject} (HTTP {response.status}): check GITHUB_URL and the network.")
        target = self._trusted_address(subject, response.headers.get("Location", ""), url)
        if LOGIN_PAGE.fullmatch(urlsplit(target).path):
            raise LoginRequired(f"{host} redirects {subject} to its login page: {PRIVATE_MODE}.")
        return target

    def _trusted_address(self, subject: str, link: str, url: str | None = None) -> str:
        """The absolute address of a link in the response at `url`, or of an avatar. Raises ForeignRedirect."""
        origin = f"{_host(url)} redirects {subject}" if url else f"The avatar_url of {subject} leads"
        try:
            target = hosts.without_default_port(urlsplit(urljoin(url or "", link)))
        except ValueError as error:
            raise ForeignRedirect(f"{origin} to an invalid address: check GITHUB_URL.") from error
        downgrade = target.scheme != "https" and not (url or self.base).startswith("http:")
        trusted = self._trusted_hosts.fullmatch(target.netloc)
        if target.scheme not in ("http", "https") or downgrade or not trusted:
            shown = reprlib.repr(f"{target.scheme}://{target.netloc}")
            raise ForeignRedirect(f"{origin} to {shown}, which is not GitHub at {self.base}: check GITHUB_URL.")
        return target.geturl()


_shared_lock = threading.Lock()


def fetch(account: str | Account) -> Avatar:
    """`GitHub().fetch(account)` with one shared client, created at the first call."""
    with _shared_lock:
        github = _shared_client()
    return github.fetch(account)


@cache
def _shared_client() -> GitHub:
    return GitHub()


def _host(url: str) -> str:
    return urlsplit(url).netloc


def _account_id(url: str) -> int | None:
    match = AVATAR_PATH.fullmatch(urlsplit(url).path)
    return int(match[1]) if match else None


def _read_body(subject: str, response: urllib3.BaseHTTPResponse) -> bytes:
    """The whole body of a picture; of any other response, as much as is needed to use its connection again."""
    is_picture = response.status == 200
    limit = MAX_BYTES if is_picture else MAX_REFUSAL_BYTES
    size = response.length_remaining or 0
    body = bytearray()
    if size <= limit:
        for chunk in response.stream(64 * 1024):
            body += chunk
            if (size := len(body)) > limit:
                break
    if is_picture and size > limit:
        raise TooLarge(f"The avatar of {subject} has more than {limit:,} bytes, the limit: check GITHUB_URL.")
    return bytes(body)


def _picture(subject: str, response: HTTPResponse) -> bytes:
    # GitHub's Content-Type is sometimes wrong.
    if not format_of(response.body):
        media_type = reprlib.repr(response.headers.get("Content-Type", "unknown"))
        raise NotAPicture(f"The response for {subject} is not a picture (its type is {media_type}): check GITHUB_URL.")
    return response.body


def _pause(failure: RateLimited | Unreachable, retry: urllib3.Retry) -> float:
    """Seconds to wait before the next retry; infinite for a rate limit without a time."""
    if isinstance(failure, Unreachable):
        return retry.get_backoff_time()
    if failure.until is None:
        return math.inf
    return max(0.0, (failure.until - datetime.now(UTC)).total_seconds())
