"""What a person says of accounts whose verdict is in doubt, kept in the store beside the picture that was shown."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast, get_args

from github_avatars.classifier import Label
from github_avatars.errors import BadInput
from github_avatars.picture.formats import extension
from github_avatars.scan.rows import UncertaintyRange
from github_avatars.scan.store import Store, time
from github_avatars.training import dataset
from github_avatars.training.dataset import Example

UNSURE = "unsure"
"""What is said where a person cannot tell either; it is not asked for again, and not exported."""

REVIEW_LABELS = (*get_args(Label), UNSURE)

SCHEMA = """
CREATE TABLE IF NOT EXISTS labels (
    account INTEGER PRIMARY KEY REFERENCES accounts,
    label TEXT NOT NULL,
    picture BLOB NOT NULL,
    labelled TEXT NOT NULL
) STRICT
"""


@dataclass(frozen=True)
class Candidate:
    """An account whose verdict is unsure, or that shows an identicon that is not its own."""

    number: int
    """The store's."""
    name: str
    login: str | None
    account_id: int | None
    label: Label
    """What the model says."""
    probability: float
    verified: bool | None


class Labels:
    """The doubts in a store, of all its runs, and what was said of them. `band` is that of unsure probabilities."""

    def __init__(self, store: Store, band: UncertaintyRange) -> None:
        self._store = store
        self._band = band
        with store.changing() as connection:
            connection.execute(SCHEMA)

    def remaining(self) -> int:
        """How many doubts have no label."""
        ((count,),) = self._store.ask(f"SELECT count(*) FROM accounts WHERE {_DOUBTFUL}", *self._band)  # noqa: S608
        return int(count)

    def next(self, after: int) -> Candidate | None:
        """The doubt without a label that follows the account of this number, or else the first; None without any."""
        found = self._store.ask(
            "SELECT number, name, login, coalesce(account_id, named_id), label, probability, verified"  # noqa: S608
            f" FROM accounts WHERE {_DOUBTFUL} ORDER BY number <= ?, number LIMIT 1",
            *(*self._band, after),
        )
        return _doubt(found[0]) if found else None

    def candidate(self, number: int) -> Candidate | None:
        """The account of this number, whether it has a label or not; None where none was judged."""
        found = self._store.ask(
            "SELECT number, name, login, coalesce(account_id, named_id), label, probability, verified"
            " FROM accounts WHERE status = 'judged' AND number = ?",
            number,
        )
        return _doubt(found[0]) if found else None

    def save(self, number: int, saying: str, picture: bytes) -> None:
        """Keep what is said of an account, one of REVIEW_LABELS, in the place of what was said before."""
        with self._store.changing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO labels VALUES (?, ?, ?, ?)",
                (number, saying, picture, time(datetime.now(UTC))),
            )

    def delete(self, number: int) -> None:
        """Forget what was said of an account."""
        with self._store.changing() as connection:
            connection.execute("DELETE FROM labels WHERE account = ?", (number,))

    def export(self, directory: Path) -> dict[str, int]:
        """Write the labelled pictures to a new folder, as dataset.read reads it; how many there are of each label.

        Raises BadInput where there is something at `directory` already.
        """
        try:
            directory.mkdir(parents=True)
            for label in dataset.LABELS:
                (directory / label).mkdir()
        except OSError as error:
            raise BadInput(
                f"{directory} cannot be made ({error.strerror}): give a folder that is not there."
            ) from error
        examples = []
        for number, label, login, account_id in self._store.ask(
            "SELECT number, labels.label, coalesce(login, ''), coalesce(account_id, named_id, 0)"
            " FROM labels JOIN accounts ON number = account WHERE labels.label != ? ORDER BY number",
            UNSURE,
        ):
            ((picture,),) = self._store.ask("SELECT picture FROM labels WHERE account = ?", number)
            file = f"{label}/{number}{extension(picture)}"
            (directory / file).write_bytes(picture)
            examples.append(Example(file, cast(Label, label), login, account_id, "reviewed"))
        dataset.write_index(directory, examples)
        return {label: sum(example.label == label for example in examples) for label in dataset.LABELS}


_DOUBTFUL = """
status = 'judged' AND (probability BETWEEN ? AND ? OR (label = 'default' AND verified = 0))
AND number NOT IN (SELECT account FROM labels)
"""


def _doubt(values: tuple[Any, ...]) -> Candidate:
    *_, verified = values
    return replace(Candidate(*values), verified=None if verified is None else bool(verified))
