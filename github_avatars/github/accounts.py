"""Accounts, and the ways to write one: a login, the address of a profile or an avatar, a noreply commit address."""

import re
import reprlib
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TypeGuard
from urllib.parse import urlsplit

from github_avatars.errors import BadLogin, BadOption
from github_avatars.github import hosts

MAX_ACCOUNT_ID = 10**18 - 1
"""Much more than GitHub has, and a number that SQLite can store."""

ACCOUNT_ID = r"[1-9][0-9]{0,17}"
LOGIN = re.compile(r"[A-Za-z0-9-]{1,39}(?:_[A-Za-z0-9]{3,8})?")
BOT = re.compile(r"[A-Za-z0-9_-]{1,100}\[bot\]")
"""The login of a GitHub App's account."""

AVATAR_PATH = re.compile(rf"(?:/avatars)?/u/({ACCOUNT_ID})")
APP_LOGO_PATH = re.compile(rf"(?:/avatars)?/in/({ACCOUNT_ID})")
APP_LOGO = re.compile(rf"/in/{ACCOUNT_ID}(?:\?|$)")
LOGIN_PATH = re.compile(r"/([^/]+?)(?:\.png)?/?")
APP_PATH = re.compile(r"/apps/([A-Za-z0-9_-]{1,100})/?")
NOREPLY = re.compile(rf"(?:({ACCOUNT_ID})\+)?([^@+]+)@users\.noreply\.([^@]+)")

SPELLINGS = "give a login such as zeke, the address of a profile or an avatar, or ID+LOGIN@users.noreply.github.com"


@dataclass(frozen=True)
class Account:
    """An account, by at least one of its login, its id, the address of its avatar, and a commit address."""

    login: str | None
    """The login, which may be invalid if it comes from a file; None if it is unknown."""
    account_id: int | None = None
    """GitHub's numeric id; None if it is unknown."""
    avatar_url: str | None = None
    """The address of the avatar if it is not /u/ID: a GitHub App has the one of its logo, /in/APP-ID."""
    email: str | None = None
    """An address in commits of which the account is unknown; None if the login or the id is known."""
    forgeable: bool = False
    """Whether it is the author of a commit, in which anyone can write any author."""

    @property
    def is_bot(self) -> bool:
        """Whether it is the account of a GitHub App, by its login or because its avatar is the logo of an App."""
        return bool(BOT.fullmatch(self.login or "") or APP_LOGO.search(self.avatar_url or ""))


def is_account_id(value: object) -> TypeGuard[int]:
    """Whether this is a possible id of an account: an integer from 1 to MAX_ACCOUNT_ID."""
    return type(value) is int and 1 <= value <= MAX_ACCOUNT_ID


def check_login(login: str) -> str:
    """Return `login` if it is a valid GitHub login. Raises BadLogin.

    A login has 1 to 39 ASCII letters, digits and hyphens. Those of enterprise-managed users end with `_` and a
    shortcode of 3 to 8 letters and digits, which GitHub counts among the 39; this function does not. New logins cannot
    contain leading, trailing or double hyphens, but old accounts have them (`-Jerry-`, `Guin-`, `0----0`).

    Sources: https://docs.github.com/en/enterprise-cloud@latest/admin/managing-iam/iam-configuration-reference/username-considerations-for-external-authentication,
    https://github.com/shinnn/github-username-regex/issues/7
    """
    if isinstance(login, str) and LOGIN.fullmatch(login):
        return login
    shown = reprlib.repr(login)
    if isinstance(login, str) and login.endswith("[bot]"):
        raise BadLogin(f"{shown} is a GitHub App, which has no avatar at /LOGIN.png: give a user or an organization.")
    raise BadLogin(
        f"{shown} is not a valid GitHub login: give 1 to 39 letters, digits and hyphens, "
        "with the _shortcode of an enterprise-managed user if there is one."
    )


def parse(text: str, base: str | None = None) -> Account:
    """The account that `text` names at the host `base`, which is like GitHub.base (default: that of GITHUB_URL).

    The spellings are zeke, @zeke, https://github.com/zeke, github.com/zeke.png, avatars.githubusercontent.com/zeke,
    2289+zeke@users.noreply.github.com and, by the id, https://avatars.githubusercontent.com/u/2289?v=4 and u/2289. A
    GitHub App is its login, which ends with [bot], the address of its page, https://github.com/apps/NAME, or that of
    its logo, https://avatars.githubusercontent.com/in/ID.

    Raises BadLogin for any other text, also for an address of another host, and BadOption if GITHUB_URL is invalid.
    """
    base = base or hosts.base_url()
    if not isinstance(text, str):
        check_login(text)
    if match := re.fullmatch(rf"u/({ACCOUNT_ID})", text):
        return Account(None, int(match[1]))
    if "/" in text:
        return _of_address(text, base)
    if "@" in text[1:]:
        return _of_noreply(text, base)
    return _of_login(text.removeprefix("@"))


def of_email(address: str, base: str | None = None) -> Account:
    """The account with an address in commits: of a noreply address, its login and id; of any other, its `email`."""
    try:
        return _of_noreply(address, base or hosts.base_url())
    except BadLogin:
        return Account(None, email=address)


def of_fields(
    login: str | None, account_id: int | None = None, avatar_url: str | None = None, base: str | None = None
) -> Account:
    """The account with these fields of GitHub's API. `avatar_url` may reveal the id, or be that of a GitHub App.

    An address of another host is ignored: the oldest events of GH Archive have those of Gravatar.
    """
    if avatar_url and avatar_url.partition("?")[0].endswith(f"/u/{account_id}"):
        return Account(login, account_id)  # as almost all of them; parsing takes ten times as long
    try:
        named = parse(avatar_url, base) if avatar_url else Account(None)
    except BadLogin:
        named = Account(None)
    is_own = named.account_id is None or account_id in (None, named.account_id)
    return Account(login or named.login, account_id or named.account_id, named.avatar_url if is_own else avatar_url)


def _of_login(login: str) -> Account:
    return Account(login if BOT.fullmatch(login) else check_login(login))


def _of_noreply(address: str, base: str) -> Account:
    """The account of ID+LOGIN@users.noreply.HOST or, without its id, LOGIN@users.noreply.HOST. Raises BadLogin.

    Source: https://docs.github.com/en/account-and-profile/reference/email-addresses-reference
    """
    match = NOREPLY.fullmatch(address)
    if not match or match[3].lower() not in _profile_hosts(base):
        raise _not_an_address(address, base)
    return replace(_of_login(match[2]), account_id=int(match[1]) if match[1] else None)


def _of_address(text: str, base: str) -> Account:
    """The account of the address of a profile or an avatar. Raises BadLogin."""
    account = None
    if not text.isprintable() or " " in text:  # urlsplit would remove line breaks
        raise _not_an_address(text, base)
    with suppress(ValueError, BadOption):
        url = urlsplit(text if "://" in text else f"https://{text}")
        host = urlsplit(hosts.normalize(f"{url.scheme}://{url.netloc}")).netloc
        if host in _profile_hosts(base) or host.partition(".")[2] in _avatar_domains(base, host):
            account = _of_path(url.path, f"{urlsplit(base).scheme}://{host}", base)
    if account is None:
        raise _not_an_address(text, base)
    return account


def _not_an_address(text: str, base: str) -> BadLogin:
    return BadLogin(f"{reprlib.repr(text)} is not an address of an account at {base}: {SPELLINGS}.")


def _of_path(path: str, host: str, base: str) -> Account | None:
    """The account of a path at the address `host`; None if there is none. Raises BadLogin."""
    if match := AVATAR_PATH.fullmatch(path):
        return Account(None, int(match[1]))
    if match := APP_LOGO_PATH.fullmatch(path):
        return Account(None, avatar_url=f"{hosts.avatars_url(base) or host}{path}?v=4")
    if match := APP_PATH.fullmatch(path):
        return Account(f"{match[1]}[bot]")
    match = LOGIN_PATH.fullmatch(path)
    return Account(check_login(match[1])) if match else None


def _profile_hosts(base: str) -> set[str]:
    """The hosts (with port) of the addresses of profiles. A stand-in has those of github.com, too."""
    own = urlsplit(base).netloc
    return {own, "github.com", "www.github.com"} if own == "github.com" or hosts.is_loopback(base) else {own}


def _avatar_domains(base: str, host: str) -> set[str]:
    """The domains of the hosts of avatars if `host` is named like one, such as avatars.HOST or avatars1.HOST."""
    if not re.match(r"avatars[0-9]?\.", host):
        return set()
    own = urlsplit(base).netloc
    return {own, "githubusercontent.com"} if "github.com" in _profile_hosts(base) else {own}
