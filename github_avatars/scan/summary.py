"""The summary of a scan, for people."""

from collections import Counter
from dataclasses import dataclass
from typing import Self

from github_avatars.evaluation import scoring, tables
from github_avatars.scan.rows import PENDING, STATUSES, UncertaintyRange
from github_avatars.training.dataset import LABELS


@dataclass(frozen=True)
class Summary:
    """The counts of a scan; `str` returns them as three lines of text."""

    counts: Counter[str]
    """The number of accounts by their label or, if they were not classified, by their status."""
    unsure: int
    """The number of accounts whose probability lies within `range`."""
    not_own: int
    """The number of accounts that show an identicon other than their own."""
    range: UncertaintyRange
    inputs: int | None = None
    """The number of inputs; None if each counts as an account."""
    unverified: int = 0
    """The number of default avatars of accounts at GitHub that are not verified."""

    @classmethod
    def of_parquet(cls, folder: str, unsure: UncertaintyRange) -> Self:
        """The summary of the rows in a folder of Parquet files."""
        from pyarrow import dataset

        counts: Counter[str] = Counter()
        unsure_count = not_own = unverified = 0
        for batch in dataset.dataset(folder).to_batches(columns=["label", "status", "unsure", "verified", "href"]):
            for row in batch.to_pylist():
                counts[row["label"] or row["status"]] += 1
                unsure_count += row["unsure"] is True
                not_own += row["label"] == "default" and row["verified"] is False
                is_remote = str(row["href"]).startswith("http")
                unverified += row["label"] == "default" and row["verified"] is None and is_remote
        return cls(counts, unsure_count, not_own, unsure, unverified=unverified)

    @property
    def pending(self) -> int:
        """The number of accounts that were not requested."""
        return self.counts[PENDING]

    def __str__(self) -> str:
        failed = {status: self.counts[status] for status in STATUSES if status != PENDING and self.counts[status]}
        classified = sum(self.counts[label] for label in LABELS)
        accounts = _quantity(self.counts.total(), "row" if self.inputs is None else "account")
        parts = [f"{self.counts[label]:,} {label}" for label in LABELS]
        kinds = ", ".join(f"{count:,} {status}" for status, count in failed.items())
        parts.append(f"{sum(failed.values()):,} failed" + (f" ({kinds})" if kinds else ""))
        if self.pending:
            parts.append(f"{self.pending:,} not requested yet")
        inputs = "" if self.inputs is None else f"{_quantity(self.inputs, 'row')}, "
        lines = [f"{inputs}{accounts}: {', '.join(parts)}"]
        if classified:
            share = scoring.share(self.counts["default"], classified)
            lines.append(
                f"of those classified, {tables.percent(share['value'])} % are default "
                f"(95 % interval: {tables.interval(share)} %)"
            )
        low, high = self.range
        lines.append(
            f"for review: {self.unsure:,} unsure ({low:g}..{high:g}), "
            f"{self.not_own:,} with an identicon that is not their own"
            + (f", {self.unverified:,} default but not verified" if self.unverified else "")
        )
        return "\n".join(lines)


def _quantity(count: int, unit: str) -> str:
    return f"{count:,} {unit}{'' if count == 1 else 's'}"
