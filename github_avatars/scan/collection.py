"""Logins → a folder of avatars, each labelled by proof; training reads it as it reads avatars/.

    DIR/default/    pictures that are, to the pixel, the identicon of their account's id
    DIR/custom/     pictures that are no identicon at all
    DIR/review/     pictures that look like one, but not like their account's
    DIR/index.csv   a line for each picture in default/ and custom/, as dataset.read_index reads it, with more columns
    DIR/aside.csv   a line for each avatar that was fetched and not labelled, and why
    DIR/errors.csv  a line for each avatar that could not be had, and why

Pictures are named by account id. A person may move what is in review/ to default/ or custom/, and the next run lists it
there. A line is written after its picture, so that a collection that is killed is whole at any moment, and goes on with
the account that it was at.
"""

import time
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from PIL import Image

from github_avatars import identicon
from github_avatars.errors import (
    HOST_FAILURES,
    OUTAGE,
    BadImage,
    ForeignRedirect,
    GitHubAvatarsError,
    GitHubError,
    RateLimited,
)
from github_avatars.github import Avatar, GitHub, Pace, rate_limit
from github_avatars.picture import decoding
from github_avatars.picture.formats import extension
from github_avatars.scan import account_files
from github_avatars.scan.journal import Journal, locked
from github_avatars.training import dataset
from github_avatars.training.dataset import LABELS, Progress

CUSTOM_ERROR = 0.6
"""A picture whose identicon error is above this is no identicon at all.

Measured on avatars/, with copies that two filters, circle masks and the four lossiest codecs make: those of identicons
reach 0.65 at 24 pixels (0.6 once in 2,000), 0.51 at 32 and 0.22 at 64. GitHub serves avatars at full size, so that is a
wide margin. On the other side, half of the custom originals are at 1.00, and 6 of 288, all drawn to be hard, stay below
0.6. The trained classifier has no say, since it would be taught its own mistakes.
"""

SOURCE = ("date", "source", "content")
"""When a picture was fetched (UTC), from which address, and the name of its pixels."""

Place = Literal["default", "custom", "review"]


def read_logins(path: Path) -> list[str]:
    """The logins in a text file: one a line, without comments (from # on) and repetitions. Raises BadInput."""
    return _unique(account_files.logins(path))


def _unique(logins: Iterable[str]) -> list[str]:
    """The logins in their order; GitHub takes no notice of the case of letters."""
    first: dict[str, str] = {}
    for login in logins:
        first.setdefault(login.lower(), login)
    return list(first.values())


def collect(
    logins: Iterable[str],
    directory: Path,
    github: GitHub,
    *,
    rate: float = 2.0,
    balance: bool = False,
    progress: Progress = lambda items, _: items,
) -> dict[str, int]:
    """Fetch the avatars of `logins` that are not yet in `directory`, at most `rate` accounts a second, and label them.

    With `balance`, a picture of the label that is ahead in number is not kept; its account counts as done all the same,
    and is not asked for again. `progress` wraps the iteration over the accounts.

    Gives the number of accounts by what became of them in this run: "default", "custom", "review", "duplicate" (its
    picture or its account is there already), "surplus" (by `balance`), "error", and "earlier" (done by an earlier run).
    An account that fails is a line in errors.csv, and the next one follows. Raises RateLimited where GitHub wants fewer
    requests, a HOST_FAILURES error after OUTAGE of them in a row, BadInput for a rate out of bounds or a folder that
    cannot be used, and BadDataset for one with other contents; what was collected until then is kept.
    """
    rate_limit.check_rate(rate)
    with locked(directory):
        collection = _Collection(directory, balance)
        wanted = _unique(logins)
        left = [login for login in wanted if login.lower() not in collection.done]
        outcomes = Counter(earlier=len(wanted) - len(left))
        failures = 0
        turns = Pace(rate)
        for login in progress(left, len(left)):
            time.sleep(turns.delay())
            try:
                outcomes[collection.take(github.fetch(login))] += 1
                failures = 0
            except RateLimited as error:
                raise RateLimited(f"{error} {_kept(directory)}", error.until) from error
            except (GitHubError, BadImage) as error:
                collection.fail(login, error)
                outcomes["error"] += 1
                failures = failures + 1 if isinstance(error, HOST_FAILURES) else 0
                if failures == OUTAGE:
                    raise type(error)(f"{error} So did {OUTAGE} accounts in a row. {_kept(directory)}") from error
    return {name: outcomes[name] for name in (*LABELS, "review", "duplicate", "surplus", "error", "earlier")}


def _kept(directory: Path) -> str:
    return f"What was collected is kept in {directory}: run the same command then to go on."


def place(picture: Image.Image, account_id: int) -> Place:
    """Where the RGB picture that an account shows belongs."""
    if identicon.is_of(picture, account_id):
        return "default"
    return "custom" if identicon.fit(picture).error > CUSTOM_ERROR else "review"


class _Collection:
    """What is in the folder, and what is done with one more avatar. `done` is logins in lower case."""

    def __init__(self, directory: Path, balance: bool) -> None:
        self._directory = directory
        self._balance = balance
        self._index = Journal(directory / dataset.INDEX, (*dataset.NAMES, *SOURCE))
        self._aside = Journal(directory / "aside.csv", ("file", "reason", "login", "account_id", *SOURCE))
        self._errors = Journal(directory / "errors.csv", ("login", "kind", "message", "date"))
        kept = [*self._index.rows, *(row for row in self._aside.rows if row["reason"] == "review")]
        self._accounts = {row["account_id"]: row["file"] for row in kept}
        self._contents = {row["content"]: row["file"] for row in kept}
        self._counts = Counter(row["label"] for row in self._index.rows)
        again = {error.kind for error in HOST_FAILURES}
        settled = [row for row in self._errors.rows if row["kind"] not in again]
        self.done = {row["login"].lower() for row in (*self._index.rows, *self._aside.rows, *settled)}
        self._list_reviewed()

    def take(self, avatar: Avatar) -> str:
        """Keep a picture with a line that says what it is, or only say why not; the name of what was done.

        Raises BadImage, and ForeignRedirect where nothing tells the account's id, without which there is no proof.
        """
        if avatar.account_id is None:
            raise ForeignRedirect(
                f"The avatar of {avatar.login} came from an address without account id: check GITHUB_URL."
            )
        picture = decoding.decode(avatar.data, f"The avatar of {avatar.login}")
        where = place(picture, avatar.account_id)
        facts = {
            "login": avatar.login,
            "account_id": str(avatar.account_id),
            "date": _today(),
            "source": avatar.href,
            "content": dataset.pixel_hash(picture),
        }
        there = self._there(facts, where)
        if there:
            self._aside.add(file=there, reason="duplicate", **facts)
            return "duplicate"
        if self._balance and where != "review" and self._counts[where] > min(self._counts[label] for label in LABELS):
            self._aside.add(file="", reason="surplus", **facts)
            return "surplus"
        file = f"{where}/{avatar.account_id}{extension(avatar.data)}"
        self._write(file, avatar.data)
        self._accounts[facts["account_id"]] = self._contents[facts["content"]] = file
        if where == "review":
            self._aside.add(file=file, reason=where, **facts)
        else:
            self._list(file, where, "identicon" if where == "default" else "upload", facts)
        return where

    def fail(self, login: str, error: GitHubAvatarsError) -> None:
        """Note that an avatar could not be had, and why."""
        self._errors.add(login=login, kind=error.kind, message=error, date=_today())

    def _there(self, facts: dict[str, str], where: Place) -> str | None:
        """The file that has this account or these pixels already, if any.

        Whoever else shows an account's identicon, in review/, does not keep out the account that has it by proof.
        """
        same = self._contents.get(facts["content"]) if where != "default" else None
        return self._accounts.get(facts["account_id"], same)

    def _list(self, file: str, label: str, family: str, facts: dict[str, str]) -> None:
        self._index.add(file=file, label=label, family=family, **facts)
        self._counts[label] += 1

    def _list_reviewed(self) -> None:
        """Add to the index what a person has moved from review/ to default/ or custom/."""
        listed = {row["file"] for row in self._index.rows}
        for row in self._aside.rows:
            if row["reason"] == "review" and not (self._directory / row["file"]).exists():
                for label in LABELS:
                    file = f"{label}/{Path(row['file']).name}"
                    if file not in listed and (self._directory / file).exists():
                        facts = {name: row[name] for name in ("login", "account_id", *SOURCE)}
                        self._list(file, label, "reviewed", facts)

    def _write(self, file: str, data: bytes) -> None:
        path = self._directory / file
        path.parent.mkdir(exist_ok=True)
        partial = path.with_name(f".{path.name}.partial")
        partial.write_bytes(data)
        partial.replace(path)


def _today() -> str:
    return datetime.now(UTC).date().isoformat()
