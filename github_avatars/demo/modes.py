"""The modes of the stand-in: ways in which GitHub could fail or misbehave."""

import gzip
import json
import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import quote, urlsplit

from github_avatars.demo import graphql, rest
from github_avatars.demo.faults import dripping, interim, resetting, responding
from github_avatars.demo.standin import APPS, Exchange, Fault, Mode

HOUR = 3600
GIGABYTE = 1_000_000_000
PNG = b"\x89PNG\r\n\x1a\n"
PAGE = b"<!DOCTYPE html><title>Sign in to GitHub</title>"


def _refusing(status: int, headers: Callable[[], Mapping[str, str]] = dict) -> Fault:
    """A fault that responds to every request with `status`. `headers` is called for each response."""
    return lambda exchange: responding(status, headers(), PAGE)(exchange)


def _retry_after() -> dict[str, str]:
    return {"Retry-After": str(HOUR)}


def _retry_after_date() -> dict[str, str]:
    return {"Retry-After": format_datetime(datetime.now(UTC) + timedelta(seconds=HOUR), usegmt=True)}


def _ratelimit_reset() -> dict[str, str]:
    return {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(time.time()) + HOUR)}


def _picture(respond: Callable[[Exchange, dict[str, str], bytes], object]) -> Fault:
    """A fault that applies to pictures only. `respond` receives the usual headers and body."""

    def fault(exchange: Exchange) -> bool:
        status, headers, body = exchange.usual_response()
        if status == 200:
            respond(exchange, headers, body)
        return status == 200

    return fault


def _reset(exchange: Exchange, headers: dict[str, str], body: bytes) -> None:
    exchange.send_head(200, {**headers, "Content-Length": str(len(body))})
    resetting(body[: len(body) // 2])(exchange)


def _short(exchange: Exchange, headers: dict[str, str], body: bytes) -> None:
    responding(200, {**headers, "Content-Length": str(len(body))}, body[:-1])(exchange)


def _long(exchange: Exchange, headers: dict[str, str], body: bytes) -> None:
    forged = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(PNG), PNG)
    exchange.respond(200, {**headers, "Content-Length": str(len(body))}, body + forged)


def _drip(exchange: Exchange, headers: dict[str, str], body: bytes) -> None:
    headers["Content-Length"] = str(len(body))
    dripping([body[place : place + 1] for place in range(len(body))], 1.0, headers)(exchange)


def _no_length(exchange: Exchange, headers: dict[str, str], body: bytes) -> None:
    dripping([body], 0.0, headers)(exchange)


def _gigabyte(exchange: Exchange, headers: dict[str, str], body: bytes) -> None:
    _endless(exchange, {**headers, "Content-Length": str(GIGABYTE)}, body)


def _endless(exchange: Exchange, headers: dict[str, str], _: bytes) -> None:
    dripping([PNG, *[bytes(1_000_000)] * 1000], 0.0, headers)(exchange)


def _gzip(exchange: Exchange, headers: dict[str, str], body: bytes) -> None:
    exchange.respond(200, {**headers, "Content-Encoding": "gzip"}, gzip.compress(body))


def _gzip_bomb(exchange: Exchange, headers: dict[str, str], _: bytes) -> None:
    # gzip files may be concatenated. Compressing a whole gigabyte would take seconds.
    bomb = gzip.compress(PNG) + gzip.compress(bytes(1_000_000)) * 1000
    exchange.respond(200, {**headers, "Content-Encoding": "gzip"}, bomb)


def _wrong_type(exchange: Exchange, headers: dict[str, str], body: bytes) -> None:
    exchange.respond(200, {**headers, "Content-Type": "text/html; charset=utf-8"}, body)


def _html(exchange: Exchange, headers: dict[str, str], _: bytes) -> None:
    exchange.respond(200, {**headers, "Content-Type": "image/png"}, PAGE)


def _api(status: int, message: str, headers: Callable[[], Mapping[str, str]] = dict) -> Fault:
    """A fault that refuses all requests to the REST API, and no others."""

    def fault(exchange: Exchange) -> bool:
        if not exchange.path.startswith(f"{rest.ROOT}/"):
            return False
        return responding(status, headers(), json.dumps({"message": message}).encode())(exchange)

    return fault


def _list(respond: Callable[[Exchange, dict[str, str], list[Any]], None]) -> Fault:
    """A fault that applies to lists of the REST API only. `respond` may change the usual headers and accounts."""

    def fault(exchange: Exchange) -> bool:
        status, headers, body = exchange.usual_response()
        if status != 200 or not exchange.path.startswith(f"{rest.ROOT}/"):
            return False
        accounts = json.loads(body)
        respond(exchange, headers, accounts)
        return responding(status, headers, json.dumps(accounts).encode())(exchange)

    return fault


def _page_limit(exchange: Exchange) -> bool:
    limit = exchange.server.standin.page_limit
    if not urlsplit(exchange.path).path.endswith(".png") or limit.count():
        return False
    return responding(429, {"Retry-After": str(limit.seconds_left)}, PAGE)(exchange)


def _default_port(exchange: Exchange) -> bool:
    """Add the default port of the scheme to absolute addresses, unless they contain a port."""
    status, headers, body = exchange.usual_response()
    port = 443 if exchange.server.tls else 80
    for name in headers.keys() & {"Location", "Link"}:
        headers[name] = re.sub(r"(https?://[^/:>]+)(?=/)", rf"\1:{port}", headers[name])
    return responding(status, headers, body)(exchange)


def _missing_picture(exchange: Exchange) -> bool:
    return exchange.path.startswith("/u/") and responding(404, {}, PAGE)(exchange)


def _is_stargazers(exchange: Exchange) -> bool:
    return urlsplit(exchange.path).path.endswith("/stargazers")


def _closed(status: int, body: object) -> Fault:
    """A fault that responds to requests for stargazers, and no others."""
    return lambda exchange: (
        _is_stargazers(exchange)
        and responding(status, {"Content-Type": "application/json"}, json.dumps(body).encode())(exchange)
    )


def _graphql(status: int, error: object, headers: Callable[[], Mapping[str, str]] = dict) -> Fault:
    """A fault that responds to all queries of the GraphQL API, and nothing else, with an error."""
    return lambda exchange: (
        exchange.path == graphql.PATH
        and responding(
            status, {"Content-Type": "application/json", **headers()}, json.dumps({"errors": [error]}).encode()
        )(exchange)
    )


def _apps(exchange: Exchange, _: dict[str, str], accounts: list[Any]) -> None:
    for login, (account_id, app_id) in APPS.items():
        accounts.append(
            {"login": login, "id": account_id, "avatar_url": f"{exchange.url}/in/{app_id}?v=4", "type": "Bot"}
        )


def _huge_id(_: Exchange, __: dict[str, str], accounts: list[Any]) -> None:
    accounts[-1]["id"] = 2**63


def _link_to_itself(exchange: Exchange, headers: dict[str, str], _: list[Any]) -> None:
    headers["Link"] = f'<{exchange.path}>; rel="next"'


def _silence(exchange: Exchange) -> bool:
    exchange.close_connection = True
    exchange.pause(HOUR)
    return True


def _loop(exchange: Exchange) -> bool:
    return responding(302, {"Location": exchange.path})(exchange)


def _login_page(exchange: Exchange) -> bool:
    if exchange.path.startswith("/login?"):
        return responding(200, {"Content-Type": "text/html; charset=utf-8"}, PAGE)(exchange)
    return responding(302, {"Location": f"/login?return_to={quote(exchange.path, safe='')}"})(exchange)


MODES = {
    "404": Mode("has no accounts", _refusing(404)),
    "403": Mode("refuses without a reason", _refusing(403)),
    "403-retry-after": Mode("refuses for an hour: 403, Retry-After in seconds", _refusing(403, _retry_after)),
    "403-retry-after-date": Mode("refuses for an hour: 403, Retry-After as a date", _refusing(403, _retry_after_date)),
    "403-ratelimit-reset": Mode("refuses for an hour: 403, x-ratelimit-reset", _refusing(403, _ratelimit_reset)),
    "429": Mode("refuses for an unknown time: 429", _refusing(429)),
    "429-retry-after": Mode("refuses for an hour: 429, Retry-After in seconds", _refusing(429, _retry_after)),
    "429-retry-after-date": Mode("refuses for an hour: 429, Retry-After as a date", _refusing(429, _retry_after_date)),
    "429-ratelimit-reset": Mode("refuses for an hour: 429, x-ratelimit-reset", _refusing(429, _ratelimit_reset)),
    "500": Mode("has an internal error", _refusing(500)),
    "502": Mode("has a bad gateway", _refusing(502)),
    "503": Mode("is unavailable", _refusing(503)),
    "refused": Mode("refuses connections", resetting(), listening=False),
    "silence": Mode("accepts connections and requests, and never responds", _silence),
    "reset": Mode("resets the connection in the middle of a picture", _picture(_reset)),
    "short": Mode("closes the connection one byte before the end of a picture", _picture(_short)),
    "long": Mode("sends a forged response after the end of a picture", _picture(_long)),
    "early-hints": Mode("sends 103 Early Hints, and each response a moment later", interim(103)),
    "drip": Mode("sends a picture at one byte per second", _picture(_drip)),
    "gigabyte": Mode("sends a gigabyte as a picture, with Content-Length", _picture(_gigabyte)),
    "gigabyte-unannounced": Mode("sends a gigabyte as a picture, without Content-Length", _picture(_endless)),
    "redirect-loop": Mode("redirects every address to itself", _loop),
    "login-page": Mode("redirects to its login page, like an Enterprise host in private mode", _login_page),
    "gzip": Mode("compresses pictures although the client does not accept it", _picture(_gzip)),
    "gzip-bomb": Mode("sends a megabyte of gzip that expands to a gigabyte", _picture(_gzip_bomb)),
    "wrong-type": Mode("sends pictures as text/html", _picture(_wrong_type)),
    "html": Mode("sends a web page as image/png", _picture(_html)),
    "portal": Mode("responds to every request with a web page, like a network that requires a login", _refusing(200)),
    "api-401": Mode("rejects every token in its REST API", _api(401, "Bad credentials")),
    "api-rate-limit": Mode(
        "has exhausted the hour's rate limit of its REST API",
        _api(403, "API rate limit exceeded", _ratelimit_reset),
    ),
    "api-secondary-limit": Mode(
        "announces a secondary rate limit of its REST API in the body only",
        _api(403, "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."),
    ),
    "api-rate-limit-9999": Mode(
        "refuses until the year 9999 in its REST API",
        _api(429, "Too many requests", lambda: {"Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT"}),
    ),
    "api-huge-id": Mode("lists an account whose id has more than 63 bits", _list(_huge_id)),
    "api-link-to-itself": Mode("links each page of a list to itself", _list(_link_to_itself)),
    "api-apps": Mode("lists two GitHub Apps at the end of each page of a list", _list(_apps)),
    "api-stargazers-404": Mode("hides stargazers as a missing repository", _closed(404, {"message": "Not Found"})),
    "api-stargazers-403": Mode("refuses to list stargazers", _closed(403, {"message": "Must have push access"})),
    "api-stargazers-empty": Mode("lists no stargazers", _closed(200, [])),
    "graphql-rate-limit": Mode(
        "has exhausted the hour's points of its GraphQL API, with the status 200",
        _graphql(200, {"type": "RATE_LIMITED", "message": "API rate limit exceeded"}, _ratelimit_reset),
    ),
    "graphql-secondary-limit": Mode(
        "announces a secondary limit of its GraphQL API in the body only, as 200",
        _graphql(200, {"message": "You have exceeded a secondary rate limit. Please wait a few minutes."}),
    ),
    "graphql-502": Mode("has no time for queries of its GraphQL API", _graphql(502, {"message": "Timeout"})),
    "page-limit": Mode("allows 60 requests per minute for /LOGIN.png", _page_limit),
    "missing-picture": Mode("redirects to pictures that are 404", _missing_picture),
    "default-port": Mode("writes the default port into Location and Link, if it listens on it", _default_port),
    "451": Mode("refuses for legal reasons", _refusing(451)),
    "no-length": Mode("sends pictures without Content-Length", _picture(_no_length)),
}
"""All modes by name."""
