"""What a scan came to, in a few lines for people."""

from collections import Counter

from github_avatars.evaluation import scoring, tables
from github_avatars.scan.findings import PENDING, STATUSES
from github_avatars.scan.rows import UncertaintyRange
from github_avatars.training.dataset import LABELS


def tally(folder: str) -> Counter[str]:
    """What Store.tally counts, of the rows in a folder of Parquet files."""
    from pyarrow import dataset

    found: Counter[str] = Counter()
    for batch in dataset.dataset(folder).to_batches(columns=["label", "status", "unsure", "verified"]):
        for row in batch.to_pylist():
            found[row["label"] or row["status"]] += 1
            found["unsure"] += row["unsure"] is True
            found["not theirs"] += row["label"] == "default" and row["verified"] is False
    return found


def in_words(tally: Counter[str], inputs: int | None, band: UncertaintyRange) -> str:
    """The summary of what Store.tally counted, of so many inputs; None where each counts as an account."""
    failed = {status: tally[status] for status in STATUSES if status != PENDING and tally[status]}
    judged = sum(tally[label] for label in LABELS)
    accounts = judged + sum(failed.values()) + tally[PENDING]
    parts = [f"{tally[label]:,} {label}" for label in LABELS]
    kinds = ", ".join(f"{count:,} {status}" for status, count in failed.items())
    parts.append(f"{sum(failed.values()):,} failed" + (f" ({kinds})" if kinds else ""))
    if tally[PENDING]:
        parts.append(f"{tally[PENDING]:,} not asked for yet")
    given = _number(accounts, "row") if inputs is None else f"{_number(inputs, 'row')}, {_number(accounts, 'account')}"
    lines = [f"{given}: {', '.join(parts)}"]
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
