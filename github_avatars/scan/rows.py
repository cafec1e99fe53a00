"""What is said of each input of a scan: one row, whose columns are always the same."""

from dataclasses import dataclass, fields
from typing import Any

from github_avatars.classifier import Label
from github_avatars.errors import BadInput
from github_avatars.github import Account
from github_avatars.scan.findings import JUDGED, Finding

UncertaintyRange = tuple[float, float]
UNSURE: UncertaintyRange = (0.05, 0.95)
"""From which to which probability of "default" a verdict is unsure."""


@dataclass(frozen=True)
class Row:
    """One input and what was found; None wherever something is not known. The fields without a word are Finding's."""

    login: str | None
    """As the source names it."""
    account_id: int | None
    """As the source names it, or else as GitHub does."""
    status: str
    label: Label | None
    probability: float | None
    unsure: bool | None
    """Whether the probability lies within the band."""
    verified: bool | None
    github_grey: int | None
    distinct_colors: int | None
    identicon_error: float | None
    pictures: int
    agreed: int
    left_out: str | None
    href: str | None
    checked: str | None
    """When it was last asked for, in UTC, as 2026-11-24T12:30:00Z."""
    error: str | None


NAMES = tuple(field.name for field in fields(Row))
VERDICT = ("label", "probability", "verified", "github_grey", "distinct_colors", "identicon_error")
"""What is told only of an account that was judged by its last answer."""


def row(account: Account, finding: Finding, checked: str | None, band: UncertaintyRange = UNSURE) -> Row:
    """The row of an input."""
    verdict: dict[str, Any] = dict.fromkeys((*VERDICT, "unsure"))
    if finding.status == JUDGED and finding.probability is not None:
        verdict = {name: getattr(finding, name) for name in VERDICT}
        verdict["unsure"] = band[0] <= finding.probability <= band[1]
    return Row(
        login=account.login,
        account_id=account.account_id or finding.account_id,
        status=finding.status,
        pictures=finding.pictures,
        agreed=finding.agreed,
        left_out=finding.left_out,
        href=finding.href,
        checked=checked,
        error=finding.error,
        **verdict,
    )


def band(text: str) -> UncertaintyRange:
    """The band that LOW..HIGH tells. Raises BadInput."""
    try:
        low, _, high = text.partition("..")
        found = float(low), float(high)
    except ValueError:
        found = 1.0, 0.0
    if not 0 <= found[0] <= found[1] <= 1:
        raise BadInput(f"The unsure band is {text[:100]!r}: give LOW..HIGH of 0 to 1, as 0.05..0.95.")
    return found
