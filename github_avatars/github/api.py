"""GitHub's REST API, for reading lists, and the transport of its GraphQL API.

A token is sent only to the API's host, and only over HTTPS unless the host is this machine. Redirects and links are
followed only within the API.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import urljoin, urlsplit

import urllib3

from github_avatars import cancellation
from github_avatars.errors import (
    BadFile,
    BadOption,
    BadToken,
    ForeignRedirect,
    GitHubError,
    ListUnavailable,
    LoginRequired,
    RateLimited,
    Unreachable,
)
from github_avatars.files import open_input
from github_avatars.github import hosts, rate_limit, transport
from github_avatars.github.client import BACKOFF, CONNECT_TIMEOUT, MAX_REDIRECTS, READ_TIMEOUT, REDIRECTS, RETRIES
from github_avatars.github.transport import HTTPResponse

VERSION = "2022-11-28"
"""The version of the API. Source: https://docs.github.com/en/rest/about-the-rest-api/api-versions"""

MAX_WAITS = 5
"""How many times one request waits for the end of a rate limit."""

MAX_BYTES = 30_000_000
"""The largest response in bytes. A page of 100 accounts has about 100,000; one of 100 issues contains their texts of up
to 65,536 characters."""

TOKEN = re.compile(r"[!-~]{1,1000}")


@dataclass(frozen=True)
class APIResponse:
    """A response of the API."""

    url: str
    """The address after redirects."""
    links: dict[str, str]
    """The addresses of the Link header by their relation, such as "next" and "last"."""
    data: Any
    """The decoded JSON; None if the response has no content."""


def read_token(file: Path | None, environment: Mapping[str, str]) -> str | None:
    """The token in `file`, or else in the variable GITHUB_TOKEN; None without either.

    Raises BadFile if the file cannot be read, and BadToken if its content is not a token. The messages contain neither
    the content nor the name of the file, because the caller may have given the token itself as the name.
    """
    source, text = "GITHUB_TOKEN", environment.get("GITHUB_TOKEN", "")
    if file is not None:
        source = "The token file"
        try:
            with open_input(file) as stream:
                text = stream.read(10_000).decode("utf-8-sig", "replace")
        except OSError as error:
            raise BadFile(f"{source} cannot be read ({error.strerror}): give a file with a token.") from None
    token = text.strip()
    if (token or file) and not TOKEN.fullmatch(token):
        raise BadToken(f"{source} does not contain a GitHub token: it must contain the token and nothing else.")
    return token or None


class API:
    """A client for the REST and GraphQL APIs of GitHub, or of the host at `base` (default: GITHUB_URL).

    The REST API needs no `token`. This client keeps its connection open. Close it by using it in a `with` statement.
    `wait` is called with each RateLimited error; it returns when the request may be sent again, or raises the error.
    `backoff` is in seconds. Raises BadOption if `base` is not an address, or if the token would be sent without
    encryption.
    """

    def __init__(
        self,
        base: str | None = None,
        *,
        token: str | None = None,
        wait: Callable[[RateLimited], None] = rate_limit.give_up,
        backoff: float = BACKOFF,
    ) -> None:
        base = hosts.base_url(base)
        if token and base.startswith("http:") and not hosts.is_loopback(base):
            raise BadOption(f"GITHUB_URL is {base}: give an https address, because others could read the token.")
        self.base = base
        self.url = hosts.api_url(base)
        self.remaining: int | None = None
        """The number of requests that GitHub accepts until the reset of its limit, as of the last response."""
        self._token = token
        self._wait = wait
        self._backoff = backoff
        self._session = transport.Session(direct=hosts.is_loopback(base), private_host=hosts.private_host(base))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def get(self, url: str, subject: str, missing: GitHubError) -> APIResponse:
        """The response at `url`, after redirects. `subject` names it in errors.

        Raises `missing` for HTTP 404, ListUnavailable if GitHub refuses this list only, and RateLimited, Unreachable,
        LoginRequired, ForeignRedirect, or BadToken if GitHub does not accept the token.
        """
        for _ in range(1 + MAX_REDIRECTS):
            url = self._resolve(url, url, subject)
            response = self._send_with_retries(url, subject)
            if response.status in (200, 204):
                links = {relation: self._resolve(url, link, subject) for relation, link in _links(response.headers)}
                return APIResponse(url, links, self._parse(response, subject))
            if response.status == 404:
                raise missing
            if response.status not in REDIRECTS:
                raise self._refusal(response, subject)
            url = self._resolve(url, response.headers.get("Location", ""), subject)
        raise ForeignRedirect(f"{self.url} redirects more than {MAX_REDIRECTS} times for {subject}: check GITHUB_URL.")

    def query(self, document: str, variables: Mapping[str, str], subject: str) -> tuple[dict[str, Any], list[Any]]:
        """The data of a GraphQL query, and the errors of parts of it. `subject` names it in errors.

        Raises RateLimited, Unreachable, also for a query that fails as a whole, LoginRequired, or BadToken.
        """
        url = hosts.graphql_url(self.base)
        body = json.dumps({"query": document, "variables": variables}).encode()
        response = self._send_with_retries(url, subject, body)
        if response.status != 200:
            raise self._refusal(response, subject)
        match self._parse(response, subject):
            case {"data": dict(data), **others}:
                errors = others.get("errors")
                return data, errors if isinstance(errors, list) else []
        raise self.unexpected(subject)

    def _resolve(self, url: str, link: str, subject: str) -> str:
        """The absolute address of a link in the response at `url`. Raises ForeignRedirect if it leaves the API."""
        api = urlsplit(self.url)
        try:
            target = hosts.without_default_port(urlsplit(urljoin(url, link)))
        except ValueError:
            target = urlsplit("")
        if target[:2] != api[:2] or not target.path.startswith(f"{api.path}/"):
            raise ForeignRedirect(f"{self.url} links to another host for {subject}: check GITHUB_URL.")
        return target.geturl()

    def _send_with_retries(self, url: str, subject: str, body: bytes | None = None) -> HTTPResponse:
        """The response to a request without `body`, or to a GraphQL query, which is its body."""
        failures = waits = 0
        while True:
            try:
                return self._send(url, subject, body)
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

    def _send(self, url: str, subject: str, body: bytes | None) -> HTTPResponse:
        headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": VERSION}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        timeout = urllib3.Timeout(connect=CONNECT_TIMEOUT, read=READ_TIMEOUT)
        response = self._session.request(url, subject, timeout, headers, _read_body, body)
        remaining = response.headers.get("x-ratelimit-remaining", "")
        self.remaining = int(remaining) if re.fullmatch("[0-9]{1,9}", remaining) else None
        # Only the body announces some secondary limits, and all limits of GraphQL, with the status 200.
        in_body = response.status in (403, 429) and b"rate limit" in response.body.lower()
        if body is not None and response.status == 200:
            failure = _query_failure(response.body)
            in_body = "rate limit" in failure.lower().replace("_", " ")
            if failure and not in_body:
                raise Unreachable(f"{self.url} cannot answer the query of {subject}: try again later.")
        if in_body or rate_limit.is_rate_limited(response.status, response.headers):
            suffix = "" if self._token else " without a token"
            raise rate_limit.to_error(self.url, response.status, response.headers, subject + suffix)
        if response.status >= 500:
            raise Unreachable(f"{self.url} has a server error (HTTP {response.status}) for {subject}: try again later.")
        return response

    def _refusal(self, response: HTTPResponse, subject: str) -> Exception:
        """The error for a response that is neither a success nor a redirect."""
        if response.status == 401 and self._token:
            return BadToken(f"{self.url} does not accept the token (HTTP 401): give another one, or none.")
        if response.status == 401:
            return LoginRequired(f"{self.url} shows {subject} only with a token: give one in GITHUB_TOKEN.")
        reason = self._reason(response)
        refusal = f"{self.url} refuses {subject} (HTTP {response.status}{reason}): "
        if reason and response.status in (403, 410, 451):
            # An answer of GitHub itself, and not that of a proxy.
            return ListUnavailable(f"{refusal}check what the token may read, or use another source.")
        return Unreachable(f"{refusal}check GITHUB_URL, and what the token may read.")

    def _reason(self, response: HTTPResponse) -> str:
        """GitHub's own error message, if it is safe to repeat."""
        try:
            message = str(json.loads(response.body)["message"])[:150]
        except (ValueError, LookupError, TypeError, RecursionError):
            return ""
        # The host has received the token and may repeat it.
        is_safe = message.isprintable() and not (self._token and self._token[:4] in message)
        return f", {message!r}" if is_safe else ""

    def _parse(self, response: HTTPResponse, subject: str) -> Any:
        try:
            return json.loads(response.body) if response.status == 200 else None
        except (ValueError, RecursionError) as error:
            raise self.unexpected(subject) from error

    def unexpected(self, subject: str) -> Unreachable:
        """The error for a response that does not have the expected form."""
        return Unreachable(f"The response of {self.url} is not {subject}: check GITHUB_URL.")


def _query_failure(body: bytes) -> str:
    """The types and messages of the errors of a GraphQL query without data; "" if it has data."""
    try:
        response = json.loads(body)
        if response.get("data") is not None:
            return ""
        return " ".join(f"{error.get('type')} {error.get('message')}" for error in response["errors"])
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return ""


def _read_body(response: urllib3.BaseHTTPResponse) -> bytes:
    body = bytearray()
    for chunk in response.stream(64 * 1024):
        body += chunk
        if len(body) > MAX_BYTES:
            raise urllib3.exceptions.HTTPError(f"more than {MAX_BYTES:,} bytes")
    return bytes(body)


def _links(headers: Mapping[str, str]) -> list[tuple[str, str]]:
    """The relations and addresses of a Link header."""
    links = re.findall(r"<([^<>]*)>([^<>]*)", headers.get("Link", ""))
    relations = [(re.search(r'\brel="?([a-z]+)', parameters), address) for address, parameters in links]
    return [(relation[1], address) for relation, address in relations if relation]
