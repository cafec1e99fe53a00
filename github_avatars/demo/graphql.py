"""The stand-in's GraphQL API: ids and profiles of the accounts of avatars/ by alias, with a token and a rate limit.

It understands queries of the fields repositoryOwner(login:) and node(id:) whose arguments are variables. Accounts whose
id ends with 0 are organizations.
"""

import base64
import json
import re
from collections.abc import Mapping
from typing import Any

from github_avatars.demo.rest import RateLimit, Rest, StandInResponse

PATH = "/api/graphql"
"""The path of the API, as on an Enterprise host."""

FIELD = re.compile(r"(\w+): (repositoryOwner|node)\((?:login|id): \$(\w+)\)")
NODE = re.compile(r"(U|O|BOT)_([A-Za-z0-9_-]{10})")


class GraphQL:
    """The API, with users and organizations `accounts` and GitHub Apps `apps`, as ids by login.

    It accepts the token of `rest`, and requires one.
    """

    def __init__(self, accounts: Mapping[str, int], apps: Mapping[str, int], rest: Rest) -> None:
        self._owners = accounts
        self._apps = apps
        self._accounts = {**accounts, **apps}
        self._logins = {account_id: login for login, account_id in self._accounts.items()}
        self._rest = rest
        self.rate_limit = RateLimit(5000, 3600)
        self.hidden: set[str] = set()
        """The logins of suspended accounts, which have an avatar and no profile."""
        self.failing: set[str] = set()
        """The logins of accounts whose alias has an internal error."""

    def respond(self, body: bytes, authorization: str) -> StandInResponse:
        """The response to a query with this Authorization header."""
        scheme, _, token = authorization.partition(" ")
        if scheme != "Bearer" or self._rest.token not in (None, token):
            return _json(401, {"message": "Bad credentials", "status": "401"})
        allowed, limits = self.rate_limit.count(), self.rate_limit.headers()
        if not allowed:
            # As GitHub does, with the status 200.
            return _json(200, {"errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}]}, limits)
        try:
            request = json.loads(body)
            document, variables = request["query"], request["variables"]
            fields = [(alias, field, variables[name]) for alias, field, name in FIELD.findall(document)]
        except (ValueError, LookupError, TypeError):
            return _json(400, {"message": "Problems parsing JSON"}, limits)
        requested = set(re.findall(r"\w+", document))
        data: dict[str, Any] = {}
        errors = []
        for alias, field, value in fields:
            login, kind = self._find(field, value)
            data[alias] = None
            if login in self.failing:
                errors.append({"type": "INTERNAL", "path": [alias], "message": "Something went wrong"})
            elif login is None or login in self.hidden or kind not in (None, self._type(login)):
                errors.append({"type": "NOT_FOUND", "path": [alias], "message": f"Could not resolve {value!r}"})
            else:
                data[alias] = {key: value for key, value in self._profile(login).items() if key in requested}
        return _json(200, {"data": data, **({"errors": errors} if errors else {})}, limits)

    def _find(self, field: str, value: str) -> tuple[str | None, str | None]:
        """The login for an argument, and the type of account that a node id names."""
        if field == "repositoryOwner":
            login = value.lower()
            return (login if login in self._owners else None), None
        match = NODE.fullmatch(value)
        if not match:
            return None, None
        account_id = int.from_bytes(base64.urlsafe_b64decode(match[2] + "==")[-4:], "big")
        return self._logins.get(account_id), {"U": "User", "O": "Organization", "BOT": "Bot"}[match[1]]

    def _type(self, login: str) -> str:
        if login in self._apps:
            return "Bot"
        return "User" if self._accounts[login] % 10 else "Organization"

    def _profile(self, login: str) -> dict[str, Any]:
        account_id, kind = self._accounts[login], self._type(login)
        profile = {
            "__typename": kind,
            "databaseId": account_id,
            "createdAt": f"{2008 + account_id % 16}-01-02T03:04:05Z",
        }
        if kind != "Bot":
            profile |= {
                "name": login.title(),
                "location": "Octoland" if account_id % 2 else None,
                "repositories": {"totalCount": account_id % 100},
            }
        if kind == "User":
            profile |= {
                "company": "@octo-org" if account_id % 3 else None,
                "followers": {"totalCount": account_id % 1000},
                "following": {"totalCount": account_id % 50},
            }
        return profile


def _json(status: int, data: object, headers: Mapping[str, str] | None = None) -> StandInResponse:
    return StandInResponse(status, {"Content-Type": "application/json", **(headers or {})}, json.dumps(data).encode())
