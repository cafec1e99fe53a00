"""A person's labels of uncertain accounts, kept in the store with the picture that was shown."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast, get_args

from github_avatars.classifier import Label
from github_avatars.files import new_folder
from github_avatars.picture.formats import extension
from github_avatars.scan.rows import UncertaintyRange
from github_avatars.scan.store import Store, format_time
from github_avatars.training import dataset
from github_avatars.training.dataset import Example

UNSURE = "unsure"
"""The label of an account that the person cannot classify either. It is not shown again and not exported."""

REVIEW_LABELS = (*get_args(Label), UNSURE)


@dataclass(frozen=True)
class Candidate:
    """An account to review: its probability is unsure, or it shows an identicon that is not its own."""

    number: int
    """Its number in the store."""
    key: str
    """Its account_key, or the key of images.find."""
    login: str | None
    account_id: int | None
    label: Label
    """The predicted label."""
    probability: float
    verified: bool | None
    avatar_url: str | None = None
    email: str | None = None


class Labels:
    """The candidates of all runs in a store, and their labels. `unsure` is the range of unsure probabilities."""

    def __init__(self, store: Store, unsure: UncertaintyRange) -> None:
        self._store = store
        self._unsure = unsure

    def remaining(self) -> int:
        """The number of candidates without a label."""
        ((count,),) = self._store.query(f"SELECT count(*) FROM accounts WHERE {_UNLABELED}", *self._unsure)  # noqa: S608
        return int(count)

    def next(self, after: int) -> Candidate | None:
        """The unlabeled candidate after the account with this number, or else the first; None if there is none."""
        rows = self._store.query(
            f"SELECT {_COLUMNS} FROM accounts WHERE {_UNLABELED} ORDER BY number <= ?, number LIMIT 1",  # noqa: S608
            *(*self._unsure, after),
        )
        return _candidate(rows[0]) if rows else None

    def candidate(self, number: int) -> Candidate | None:
        """The account with this number, labeled or not; None if it was not classified."""
        rows = self._store.query(
            f"SELECT {_COLUMNS} FROM accounts WHERE status = 'judged' AND number = ?",  # noqa: S608
            number,
        )
        return _candidate(rows[0]) if rows else None

    def save(self, number: int, label: str, picture: bytes) -> None:
        """Save one of REVIEW_LABELS for an account, replacing an earlier one."""
        with self._store.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO labels VALUES (?, ?, ?, ?)",
                (number, label, picture, format_time(datetime.now(UTC))),
            )

    def delete(self, number: int) -> None:
        """Delete the label of an account."""
        with self._store.transaction() as connection:
            connection.execute("DELETE FROM labels WHERE account = ?", (number,))

    def export(self, directory: Path) -> dict[str, int]:
        """Write the labeled pictures to a new folder, which dataset.read reads, and return their number by label.

        Raises BadFile if `directory` exists or cannot be created.
        """
        examples = []
        with new_folder(directory) as folder:
            for label in dataset.LABELS:
                (folder / label).mkdir()
            for number, label, login, account_id in self._store.query(
                "SELECT number, labels.label, coalesce(login, ''), coalesce(account_id, named_id, 0)"
                " FROM labels JOIN accounts ON number = account WHERE labels.label != ? ORDER BY number",
                UNSURE,
            ):
                ((picture,),) = self._store.query("SELECT picture FROM labels WHERE account = ?", number)
                file = f"{label}/{number}{extension(picture)}"
                (folder / file).write_bytes(picture)
                examples.append(Example(file, cast(Label, label), login, account_id, "reviewed"))
            dataset.write_index(folder, examples)
        return {label: sum(example.label == label for example in examples) for label in dataset.LABELS}


_COLUMNS = "number, name, login, coalesce(account_id, named_id), label, probability, verified, avatar_url, email"

_UNLABELED = """
status = 'judged' AND (probability BETWEEN ? AND ? OR (label = 'default' AND verified = 0))
AND number NOT IN (SELECT account FROM labels)
"""


def _candidate(values: tuple[Any, ...]) -> Candidate:
    candidate = Candidate(*values)
    return replace(candidate, verified=None if candidate.verified is None else bool(candidate.verified))
