"""All communication with GitHub: avatars, REST lists, rate limits, and the HTTP transport below them.

`GitHub` fetches avatars, `API` reads lists of accounts, and both raise the errors of errors.py.
"""

from github_avatars.github.accounts import Account, check_login, is_account_id, parse
from github_avatars.github.api import API
from github_avatars.github.client import DEADLINE, Avatar, GitHub, Via, fetch
from github_avatars.github.graphql import Profile
from github_avatars.github.lists import Kind, Page
from github_avatars.github.rate_limit import Pace
from github_avatars.github.transport import CONNECTIONS

__all__ = [
    "API",
    "CONNECTIONS",
    "DEADLINE",
    "Account",
    "Avatar",
    "GitHub",
    "Kind",
    "Pace",
    "Page",
    "Profile",
    "Via",
    "check_login",
    "fetch",
    "is_account_id",
    "parse",
]
