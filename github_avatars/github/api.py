"""GitHub's REST API, as far as reading lists goes.

A token is sent to the API's host alone, and over https alone unless that host is this machine: redirects and links are
followed within the API only.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import urljoin, urlsplit

import requests
import urllib3

from github_avatars.errors import BadInput, ForeignRedirect, GitHubError, LoginRequired, RateLimited, Unreachable
from github_avatars.github import cancellation, hosts, rate_limit, transport
from github_avatars.github.client import BACKOFF, CONNECT_TIMEOUT, MAX_REDIRECTS, READ_TIMEOUT, REDIRECTS, RETRIES
from github_avatars.github.transport import HTTPResponse

VERSION = "2022-11-28"
"""Of the API. Source: https://docs.github.com/en/rest/about-the-rest-api/api-versions"""

MAX_WAITS = 5
"""How often GitHub may ask to wait before it answers one request."""

MAX_BYTES = 5_000_000
"""Bytes of an answer; a page of 100 accounts has some 100,000."""

TOKEN = re.compile(r"[!-~]{1,1000}")


@dataclass(frozen=True)
class APIResponse:
    """What the API answers."""

    url: str
    """The address that it came from, after redirects."""
    links: dict[str, str]
    """Addresses by their relation, as "next" and "last", within the API."""
    data: Any
    """The JSON of the body; None where there is nothing to tell."""


def read_token(file: Path | None, environment: Mapping[str, str]) -> str | None:
    """The token in `file`, or else in the variable GITHUB_TOKEN; None without either.

    Raises BadInput, in which nothing of it is told, where that can be no token.
    """
    source, text = "GITHUB_TOKEN", environment.get("GITHUB_TOKEN", "")
    if file is not None:
        # Never named in an error: somebody may have given the token itself.
        source = "The token file"
        try:
            with file.open("rb") as opened:
                text = opened.read(10_000).decode("utf-8-sig", "replace")
        except OSError as error:
            raise BadInput(f"{source} cannot be read ({error.strerror}): give one that holds a token.") from None
    found = text.strip()
    if (found or file) and not TOKEN.fullmatch(found):
        raise BadInput(f"{source} holds no token of GitHub: put one there, and nothing else.")
    return found or None


class API:
    """The API of GitHub, or of the host at `base` as in github.GitHub, for whoever `token` stands for.

    Keeps its connection, and wants to be closed or used in a `with` statement. `wait` is called with the RateLimited of
    an answer, and returns when the same may be asked again, or raises it. `read_timeout` and `backoff` are seconds.
    Raises BadInput if the address is none, or the token would be sent there in clear.
    """

    def __init__(
        self,
        base: str | None = None,
        *,
        token: str | None = None,
        wait: Callable[[RateLimited], None] = rate_limit.give_up,
        read_timeout: float = READ_TIMEOUT,
        backoff: float = BACKOFF,
    ) -> None:
        base = hosts.base_url(base)
        if token and base.startswith("http:") and not hosts.is_loopback(base):
            raise BadInput(f"GITHUB_URL is {base}: give an address with https, since others could read the token.")
        self.url = hosts.api_url(base)
        self._token = token
        self._wait = wait
        self._read_timeout = read_timeout
        self._backoff = backoff
        self._session = transport.Session(direct=hosts.is_loopback(base), private_host=hosts.private_host(base))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def get(self, url: str, what: str, missing: GitHubError) -> APIResponse:
        """What is at `url` or where redirects lead from there; `what` names it in errors.

        Raises `missing` where there is nothing, RateLimited, Unreachable, LoginRequired, ForeignRedirect, and BadInput
        where the token is not accepted.
        """
        for _ in range(1 + MAX_REDIRECTS):
            url = self._within(url, url, what)
            answer = self._ask(url, what)
            if answer.status in (200, 204):
                links = {relation: self._within(url, link, what) for relation, link in _links(answer.headers)}
                return APIResponse(url, links, self._parse(answer, what))
            if answer.status == 404:
                raise missing
            if answer.status not in REDIRECTS:
                raise self._refusal(answer, what)
            url = self._within(url, answer.headers.get("Location", ""), what)
        raise ForeignRedirect(f"{self.url} redirects more than {MAX_REDIRECTS} times for {what}: check GITHUB_URL.")

    def _within(self, url: str, link: str, what: str) -> str:
        """The address that `link`, found at `url`, leads to, if it is one of the API."""
        api = urlsplit(self.url)
        try:
            target = urlsplit(urljoin(url, link))
        except ValueError:
            target = urlsplit("")
        if target[:2] != api[:2] or not target.path.startswith(f"{api.path}/"):
            raise ForeignRedirect(f"{self.url} leads elsewhere for {what}: check GITHUB_URL.")
        return target.geturl()

    def _ask(self, url: str, what: str) -> HTTPResponse:
        """The settled answer: asked for again after passing failures, and when a rate limit is over."""
        failures = waits = 0
        while True:
            try:
                return self._ask_once(url, what)
            except RateLimited as limited:
                waits += 1
                if waits > MAX_WAITS:
                    raise
                self._wait(limited)
            except Unreachable:
                failures += 1
                if failures > RETRIES:
                    raise
                cancellation.pause(self._backoff * 2**failures)

    def _ask_once(self, url: str, what: str) -> HTTPResponse:
        try:
            answer = self._exchange(url)
        except transport.PrivateAddress as found:
            raise ForeignRedirect(
                f"{self.url} is at {found}, an address of a private network: check the name service and GITHUB_URL."
            ) from found
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise Unreachable(
                f"{self.url} gave no whole answer for {what} ({type(error).__name__}): "
                "check the network and GITHUB_URL, or try again later."
            ) from error
        # A secondary limit may be told in the body alone.
        in_words = answer.status in (403, 429) and b"rate limit" in answer.body.lower()
        if in_words or rate_limit.is_rate_limited(answer.status, answer.headers):
            more = "" if self._token else " to those without token"
            raise rate_limit.to_error(self.url, answer.status, answer.headers, what + more)
        if answer.status >= 500:
            raise Unreachable(f"{self.url} is in trouble (HTTP {answer.status}) and refuses {what}: try again later.")
        return answer

    def _exchange(self, url: str) -> HTTPResponse:
        headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": VERSION}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        timeout = urllib3.Timeout(connect=CONNECT_TIMEOUT, read=self._read_timeout)
        with self._session.get(url, timeout, headers) as response:
            body = bytearray()
            for piece in response.stream(64 * 1024):
                body += piece
                if len(body) > MAX_BYTES:
                    raise urllib3.exceptions.HTTPError(f"more than {MAX_BYTES:,} bytes")
            return HTTPResponse(response.status, response.headers, bytes(body))

    def _refusal(self, answer: HTTPResponse, what: str) -> Exception:
        """What an answer means that is neither found nor missing."""
        if answer.status == 401 and self._token:
            return BadInput(f"{self.url} does not accept the token (HTTP 401): give another one, or none.")
        if answer.status == 401:
            return LoginRequired(f"{self.url} shows {what} only to those with a token: give one in GITHUB_TOKEN.")
        return Unreachable(
            f"{self.url} refuses {what} (HTTP {answer.status}{self._reason(answer)}): "
            "check GITHUB_URL, and what the token may read."
        )

    def _reason(self, answer: HTTPResponse) -> str:
        """What GitHub says in an error, as far as it is safe to repeat."""
        try:
            said = str(json.loads(answer.body)["message"])[:150]
        except (ValueError, LookupError, TypeError, RecursionError):
            return ""
        # Whoever answers has seen the token, and may say it.
        safe = said.isprintable() and not (self._token and self._token[:4] in said)
        return f", {said!r}" if safe else ""

    def _parse(self, answer: HTTPResponse, what: str) -> Any:
        try:
            return json.loads(answer.body) if answer.status == 200 else None
        except (ValueError, RecursionError) as error:
            raise Unreachable(f"{self.url} answers with something else than {what}: check GITHUB_URL.") from error


def _links(headers: Mapping[str, str]) -> list[tuple[str, str]]:
    """The relations and addresses of a Link header."""
    found = re.findall(r"<([^<>]*)>([^<>]*)", headers.get("Link", ""))
    relations = [(re.search(r'\brel="?([a-z]+)', parameters), address) for address, parameters in found]
    return [(relation[1], address) for relation, address in relations if relation]
