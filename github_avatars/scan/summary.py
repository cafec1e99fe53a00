"""What a scan came to, in a few lines for people."""

from collections import Counter

from github_avatars import scoring, tables
from github_avatars.dataset import LABELS
from github_avatars.scan.findings import PENDING, STATUSES
from github_avatars.scan.rows import Band


def in_words(tally: Counter[str], inputs: int, band: Band) -> str:
    """The summary of what Store.tally counted, of so many inputs."""
    failed = {status: tally[status] for status in STATUSES if status != PENDING and tally[status]}
    judged = sum(tally[label] for label in LABELS)
    accounts = judged + sum(failed.values()) + tally[PENDING]
    parts = [f"{tally[label]:,} {label}" for label in LABELS]
    kinds = ", ".join(f"{count:,} {status}" for status, count in failed.items())
    parts.append(f"{sum(failed.values()):,} failed" + (f" ({kinds})" if kinds else ""))
    if tally[PENDING]:
        parts.append(f"{tally[PENDING]:,} not asked for yet")
    lines = [f"{_number(inputs, 'row')}, {_number(accounts, 'account')}: {', '.join(parts)}"]
    share = scoring.share(tally["default"], judged)
    if judged:
        lines.append(
            f"of those judged, {tables.percent(share['value'])} % are default "
            f"(95 % interval: {tables.interval(share)} %)"
        )
    lines.append(
        f"for review: {tally['unsure']:,} unsure ({band[0]:g}..{band[1]:g}), "
        f"{tally['not theirs']:,} with an identicon that is not theirs"
    )
    return "\n".join(lines)


def _number(count: int, unit: str) -> str:
    return f"{count:,} {unit}{'' if count == 1 else 's'}"
