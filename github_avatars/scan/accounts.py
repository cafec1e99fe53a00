"""An account to judge, as a source names it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Account:
    """One account; a source tells its login, its id, or both."""

    login: str | None
    """As the source spells it, be it a possible login or not; None where only the id is told."""
    account_id: int | None
    """GitHub's numeric id; None where only the login is told."""
