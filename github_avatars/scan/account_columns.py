"""The columns of a table, or the members of a JSON object, that identify an account.

These are the names in files of this project, of GH Archive and of GitHub's API, and common names for logins. A nested
member is the column whose name joins the names with a dot: `actor.login`.
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import lru_cache

from github_avatars.errors import BadLogin
from github_avatars.github import Account, accounts, parse

PAIRS = {
    "github_login": ("github_id",),
    "github_username": ("github_id",),
    "github": ("github_id",),
    "login": ("account_id", "databaseid", "id"),
    "username": ("account_id",),
    "user_login": ("user_id",),
    "actor_login": ("actor_id",),
}
"""Column names for logins, in order of preference, with the column names for the account ids beside them."""

ACCOUNT_IDS = ("account_id", "github_id", "actor_id")
"""Column names for account ids that need no login beside them."""

ADDRESSES = ("avatar_url", "html_url")
"""Column names for addresses that need neither."""

AVATAR_URLS = ("avatar_url", "href")
"""Column names for the address of the avatar; `href` is that of a scan."""

UNCERTAIN = ("id", "user_id")
"""Column names for ids that are usually other numbers. A wrong id would fetch another account's avatar."""

ACCOUNT_ID = re.compile(rf"({accounts.ACCOUNT_ID})(?:\.0+)?")
"""An id as text. Programs write it as a decimal number if other cells of the column are empty."""


@dataclass(frozen=True)
class Fields:
    """The names of the columns that identify an account; None for one that the table does not have."""

    login: str | None = None
    """The column with logins or other spellings of accounts."""
    account_id: str | None = None
    avatar_url: str | None = None


@lru_cache(maxsize=10_000)
def normalized(column: str) -> str:
    """A column name in the form that this module compares: `Actor Login` and `actor.login` become `actor_login`."""
    return re.sub(r"[\s.-]+", "_", column.strip().lower())


def choose(names: Collection[str], column: str | None = None) -> Fields | None:
    """The fields of a table with these normalized names; None if there are none.

    `column` requests the column with the logins, the account ids or the addresses, by its normalized name.

    The column `id` is the account's if there are only `login` and `id`, or `id` alone, or if `avatar_url` shows that
    the table comes from GitHub's API.
    """
    if column is not None:
        return _of_requested(names, column) if column in names else None
    for login in PAIRS:
        if login in names:
            return _beside(names, login)
    account_id = next((name for name in ACCOUNT_IDS if name in names), None)
    if account_id is None and "id" in names and _is_github_id("id", names):
        account_id = "id"
    avatar_url = "avatar_url" if "avatar_url" in names else None
    if account_id or avatar_url:
        return Fields(None, account_id, avatar_url)
    return Fields("html_url") if "html_url" in names else None


def _of_requested(names: Collection[str], column: str) -> Fields:
    if column in (*ACCOUNT_IDS, *UNCERTAIN):
        return Fields(account_id=column)
    return _beside(names, column) if column in PAIRS else Fields(column)


def _beside(names: Collection[str], login: str) -> Fields:
    account_id = next((name for name in PAIRS[login] if name in names and _is_github_id(name, names)), None)
    prefix = login.removesuffix("login") if login in ("user_login", "actor_login") else ""
    avatar_url = next((prefix + name for name in AVATAR_URLS if prefix + name in names), None)
    return Fields(login, account_id, avatar_url)


def _is_github_id(name: str, names: Collection[str]) -> bool:
    """Whether the column `name` is GitHub's id, not one of another program."""
    return name != "id" or "avatar_url" in names or set(names) <= {"login", "id"}


def of_text(text: str, base: str) -> Account:
    """The account in any spelling of github.parse; other text is an invalid login, so that it gets a row."""
    try:
        return parse(text, base)
    except BadLogin:
        return Account(text)


def of_values(fields: Fields, value: Callable[[str], object], base: str) -> Account:
    """The account in a row whose values `value` returns by the name of the column, None if there is none.

    An invalid id is ignored. A row that identifies no account has the login "".
    """
    login, number, avatar_url = (
        "" if name is None else _text(value(name)) for name in (fields.login, fields.account_id, fields.avatar_url)
    )
    named = of_text(login, base) if login else Account(None)
    match = ACCOUNT_ID.fullmatch(number)
    account_id = int(match[1]) if match else named.account_id
    account = accounts.of_fields(named.login, account_id, avatar_url or named.avatar_url, base)
    return Account(avatar_url) if account == Account(None) else account


def _text(value: object) -> str:
    """A value as text in a CSV file; integers may be floats in a column with missing values."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip() if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
