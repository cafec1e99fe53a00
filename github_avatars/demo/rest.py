"""The stand-in's REST API: paginated lists of the accounts of avatars/, with a token and a rate limit.

All accounts have starred octocat/hello-world, every second one has contributed to it, and every third one has forked
it. It has ISSUES issues and pull requests, whose authors repeat. octocat/empty has no stargazers and contributors.
octocat/renamed redirects to octocat/hello-world.

Every tenth account is a member of the organization octo-org; every fiftieth is a public member. It has REPOSITORIES
repositories, octo-org/repo-0 and so on, and the contributors of one have often contributed to the next. Nobody has
contributed to the last one. The followers of an account are all accounts before it, and it follows all after it; an
account of the graph, if there is one, has the followers of the graph.
"""

import json
import re
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlencode, urlsplit

from github_avatars.demo.graph import Graph

ROOT = "/api/v3"
"""The path of the API, as on an Enterprise host."""

REPOSITORY = "/repositories/1296269"
"""The path of octocat/hello-world in links and redirects, where GitHub identifies repositories by number."""


ISSUES = 730
REPOSITORIES = 12


class StandInResponse(NamedTuple):
    """A response of the stand-in."""

    status: int
    headers: dict[str, str]
    body: bytes


class RateLimit:
    """Counts requests in windows of time, as GitHub does."""

    def __init__(self, limit: int, window: int) -> None:
        self.limit = limit
        """The number of requests, or of points, in a window."""
        self.window = window
        """Seconds."""
        self._used = 0
        self._reset = 0
        self._lock = threading.Lock()

    def count(self) -> bool:
        """Count a request; whether the limit allows it."""
        with self._lock:
            now = int(time.time())
            if now >= self._reset:
                self._used, self._reset = 0, now + self.window
            allowed = self._used < self.limit
            self._used += allowed
            return allowed

    @property
    def seconds_left(self) -> int:
        """Seconds until the end of the window."""
        return max(1, self._reset - int(time.time()))

    def headers(self) -> dict[str, str]:
        """The headers that describe the limit."""
        values = {"limit": self.limit, "remaining": self.limit - self._used, "used": self._used, "reset": self._reset}
        return {f"x-ratelimit-{name}": str(value) for name, value in values.items()}


class Rest:
    """The API, with `accounts` as account ids by login, and the accounts of `graph`."""

    def __init__(self, accounts: Mapping[str, int], graph: Graph | None = None) -> None:
        self._users = _users(accounts)
        self._places = {user["login"]: place for place, user in enumerate(self._users)}
        self._followers: dict[str, list[Any]] = {}
        self._following: dict[str, list[Any]] = {}
        if graph:
            users = _users(graph.accounts)
            self._followers = {user["login"]: [] for user in users}
            self._following = {user["login"]: [] for user in users}
            for follower, followed in graph.edges:
                self._followers[users[followed]["login"]].append(users[follower])
                self._following[users[follower]["login"]].append(users[followed])
        self.token: str | None = None
        """The only accepted token; None accepts all."""
        self.rate_limit = RateLimit(5000, 3600)

    def respond(self, path: str, url: str, authorization: str = "") -> StandInResponse:
        """The response to a request for `path` with this Authorization header. Its links lead to the host `url`."""
        scheme, _, token = authorization.partition(" ")
        if scheme and (scheme != "Bearer" or self.token not in (None, token)):
            return _json(401, {"message": "Bad credentials", "status": "401"})
        allowed, limits = self.rate_limit.count(), self.rate_limit.headers()
        if not allowed:
            return _json(403, {"message": "API rate limit exceeded for 127.0.0.1."}, limits)
        route = urlsplit(path.removeprefix(ROOT)).path
        if target := self._redirect_target(route, bool(scheme)):
            location = f"{url}{ROOT}{target}?{urlsplit(path).query}"
            return _json(301, {"message": "Moved Permanently", "url": location}, limits | {"Location": location})
        users = self._list(route)
        if users is None:
            return _json(404, {"message": "Not Found", "status": "404"}, limits)
        if route.endswith("/contributors") and not users:
            return StandInResponse(204, limits, b"")
        return self._page(f"{url}{ROOT}{_by_number(route)}", parse_qs(urlsplit(path).query), url, users, limits)

    def _redirect_target(self, route: str, has_token: bool) -> str | None:
        if route == "/orgs/octo-org/members" and not has_token:
            return "/orgs/octo-org/public_members"
        match = re.fullmatch("/repos/octocat/renamed/(.*)", route)
        return match and f"{REPOSITORY}/{match[1]}"

    def _list(self, route: str) -> Sequence[Any] | None:
        """The users on the list at a path; None if there is no such list."""
        if match := re.fullmatch("/users/([^/]+)/(followers|following)", route):
            return self._related(match[1].lower(), match[2])
        if match := re.fullmatch("/repos/octo-org/repo-([0-9]{1,2})/contributors", route):
            return self._contributors(int(match[1]))
        lists: dict[str, Sequence[Any]] = {
            f"{REPOSITORY}/stargazers": self._users,
            f"{REPOSITORY}/contributors": self._users[::2],
            f"{REPOSITORY}/forks": [{"name": "hello-world", "owner": user} for user in self._users[::3]],
            f"{REPOSITORY}/issues": [self._issue(number) for number in range(ISSUES)],
            "/repos/octocat/empty/stargazers": [],
            "/repos/octocat/empty/contributors": [],
            "/orgs/octo-org/members": self._users[::10],
            "/orgs/octo-org/public_members": self._users[::50],
            "/orgs/octo-org/repos": [
                {"full_name": f"octo-org/repo-{number}", "owner": self._users[0]} for number in range(REPOSITORIES)
            ],
        }
        return lists.get(_by_number(route))

    def _related(self, login: str, relation: str) -> Sequence[Any] | None:
        """The followers of an account, or those that it follows; None if there is no such account."""
        if login in self._places:
            place = self._places[login]
            return self._users[:place] if relation == "followers" else self._users[place + 1 :]
        return (self._followers if relation == "followers" else self._following).get(login)

    def _issue(self, number: int) -> dict[str, Any]:
        """An issue or pull request, or one of a deleted account."""
        user = None if number % 100 == 99 else self._users[number // 2 * 7 % len(self._users)]
        return {"number": number, "user": user, **({"pull_request": {}} if number % 3 else {})}

    def _contributors(self, repository: int) -> Sequence[Any] | None:
        """The contributors of a repository of octo-org, a half of them also of the next one; None if there is none."""
        if repository >= REPOSITORIES:
            return None
        return self._users[repository * 20 : repository * 20 + 40] if repository < REPOSITORIES - 1 else []

    def _page(
        self, address: str, query: Mapping[str, list[str]], url: str, users: Sequence[Any], limits: dict[str, str]
    ) -> StandInResponse:
        size, page = (int(query.get(name, [default])[0]) for name, default in (("per_page", "30"), ("page", "1")))
        size = min(size, 100)
        last = max(1, -(-len(users) // size))
        pages = {"first": 1, "prev": page - 1} if page > 1 else {}
        pages |= {"next": page + 1, "last": last} if page < last else {}
        others = {name: values[0] for name, values in query.items() if name not in ("per_page", "page")}
        link = ", ".join(
            f'<{address}?{urlencode({**others, "per_page": size, "page": number})}>; rel="{relation}"'
            for relation, number in pages.items()
        )
        shown = [_absolute(entry, url) for entry in users[(page - 1) * size : page * size]]
        return _json(200, shown, limits | ({"Link": link} if link else {}))


def _users(accounts: Mapping[str, int]) -> list[dict[str, Any]]:
    return [
        {"login": login, "id": number, "avatar_url": f"/u/{number}?v=4", "type": "User", "site_admin": False}
        for login, number in accounts.items()
    ]


def _absolute(entry: Mapping[str, Any], url: str) -> dict[str, Any]:
    """An entry of a list with addresses of avatars at the host `url`."""
    return {
        key: url + value if key == "avatar_url" else _absolute(value, url) if isinstance(value, dict) else value
        for key, value in entry.items()
    }


def _by_number(route: str) -> str:
    return re.sub("^/repos/octocat/hello-world/", f"{REPOSITORY}/", route)


def _json(status: int, data: object, headers: Mapping[str, str] | None = None) -> StandInResponse:
    headers = {"Content-Type": "application/json; charset=utf-8", **(headers or {})}
    return StandInResponse(status, headers, json.dumps(data).encode())
