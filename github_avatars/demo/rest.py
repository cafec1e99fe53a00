"""The stand-in's REST API: lists of the accounts of avatars/, in pages, with a token and a rate limit.

There are octocat/hello-world, which everybody starred and every second account committed to; octocat/empty, which
nobody did; octocat/renamed, which redirects to the first; the organization octo-org, whose members are every tenth
account, and every fiftieth to those without token; and of every account those before it as its followers.
"""

import json
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

ROOT = "/api/v3"
"""Where an Enterprise host has it."""

Answer = tuple[int, dict[str, str], bytes]

REPOSITORY = "/repositories/1296269"
"""GitHub calls repositories by number where it links to them."""


class Rest:
    """What the API at `url` answers of `accounts`, which are ids by login."""

    def __init__(self, url: str, accounts: Mapping[str, int]) -> None:
        self._url = url
        self._users = [
            {"login": login, "id": number, "avatar_url": f"{url}/u/{number}?v=4", "type": "User", "site_admin": False}
            for login, number in accounts.items()
        ]
        self.token: str | None = None
        """The only token that is accepted; None accepts every one."""
        self.limit = 5000
        """How many requests are answered in a window."""
        self.window = 3600
        """Seconds."""
        self._used = 0
        self._reset = 0

    def answer(self, path: str, authorization: str = "") -> Answer:
        """The status, headers and body for a request with such a header."""
        scheme, _, token = authorization.partition(" ")
        if scheme and (scheme != "Bearer" or self.token not in (None, token)):
            return self._answer(401, {"message": "Bad credentials", "status": "401"})
        allowed, counted = self._count()
        if not allowed:
            return self._answer(403, {"message": "API rate limit exceeded for 127.0.0.1."}, counted)
        route = urlsplit(path.removeprefix(ROOT)).path
        if moved := self._moved(route, bool(scheme)):
            location = f"{self._url}{ROOT}{moved}?{urlsplit(path).query}"
            return self._answer(
                301, {"message": "Moved Permanently", "url": location}, counted | {"Location": location}
            )
        users = self._list(route)
        if users is None:
            return self._answer(404, {"message": "Not Found", "status": "404"}, counted)
        if route.endswith("/contributors") and not users:
            return 204, counted, b""
        return self._page(self._linked(route), parse_qs(urlsplit(path).query), users, counted)

    def _count(self) -> tuple[bool, dict[str, str]]:
        now = int(time.time())
        if now >= self._reset:
            self._used, self._reset = 0, now + self.window
        allowed = self._used < self.limit
        self._used += allowed
        told = {"limit": self.limit, "remaining": self.limit - self._used, "used": self._used, "reset": self._reset}
        return allowed, {f"x-ratelimit-{name}": str(value) for name, value in told.items()}

    def _moved(self, route: str, known: bool) -> str | None:
        if route == "/orgs/octo-org/members" and not known:
            return "/orgs/octo-org/public_members"
        found = re.fullmatch("/repos/octocat/renamed/(.*)", route)
        return found and f"{REPOSITORY}/{found[1]}"

    def _linked(self, route: str) -> str:
        return re.sub("^/repos/octocat/hello-world/", f"{REPOSITORY}/", route)

    def _list(self, route: str) -> Sequence[Any] | None:
        """Whom the list at a path has on it; None where there is no list."""
        if found := re.fullmatch("/users/([^/]+)/followers", route):
            places = [place for place, user in enumerate(self._users) if user["login"] == found[1].lower()]
            return self._users[: places[0]] if places else None
        return {
            f"{REPOSITORY}/stargazers": self._users,
            f"{REPOSITORY}/contributors": self._users[::2],
            "/repos/octocat/empty/stargazers": [],
            "/repos/octocat/empty/contributors": [],
            "/orgs/octo-org/members": self._users[::10],
            "/orgs/octo-org/public_members": self._users[::50],
        }.get(self._linked(route))

    def _page(
        self, route: str, query: Mapping[str, list[str]], users: Sequence[Any], counted: dict[str, str]
    ) -> Answer:
        size, page = (int(query.get(name, [default])[0]) for name, default in (("per_page", "30"), ("page", "1")))
        size = min(size, 100)
        last = max(1, -(-len(users) // size))
        places = {"first": 1, "prev": page - 1} if page > 1 else {}
        places |= {"next": page + 1, "last": last} if page < last else {}
        link = ", ".join(
            f'<{self._url}{ROOT}{route}?per_page={size}&page={place}>; rel="{relation}"'
            for relation, place in places.items()
        )
        shown = users[(page - 1) * size : page * size]
        return self._answer(200, shown, counted | ({"Link": link} if link else {}))

    def _answer(self, status: int, found: object, headers: Mapping[str, str] | None = None) -> Answer:
        return (
            status,
            {"Content-Type": "application/json; charset=utf-8", **(headers or {})},
            json.dumps(found).encode(),
        )
