"""Rows without what tells whose they are."""

import hashlib
import hmac
import os
import secrets
from collections.abc import Callable
from dataclasses import replace

from github_avatars.scan.rows import Row

KEY = "GITHUB_AVATARS_REDACT_KEY"
"""The environment variable with the key; without it, each run makes one of its own and forgets it."""


def redaction() -> Callable[[Row], Row]:
    """Makes of a row one whose login is a hash, and which lacks what else leads to the account.

    A plain hash would hide nothing, since all logins there are can be hashed and compared. Therefore it is an HMAC:
    whoever has not the key can only tell which rows are of one account. With a key that is kept, rows of several runs
    can be joined; whoever has it can look an account up.

    The features and the exact probability are left out, for whoever fetches an account's avatar can measure the same.
    """
    key = os.environ.get(KEY, "").encode() or secrets.token_bytes(32)

    def redact(row: Row) -> Row:
        name = row.login.lower() if row.login is not None else f"#{row.account_id}"
        return replace(
            row,
            login=hmac.new(key, name.encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:20],
            account_id=None,
            probability=None if row.probability is None else round(row.probability, 2),
            github_grey=None,
            distinct_colors=None,
            identicon_error=None,
            left_out=None,
            href=None,
            error=None,
        )

    return redact
