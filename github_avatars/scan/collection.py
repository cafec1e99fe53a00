"""Logins → a folder of avatars, labeled by proof, which training reads as it reads avatars/.

    DIR/default/    pictures that equal the identicon of their account's id, pixel by pixel
    DIR/custom/     pictures that are not an identicon
    DIR/review/     pictures that resemble an identicon, but not their account's
    DIR/index.csv   a line for each picture in default/ and custom/, with more columns than dataset.read_index needs
    DIR/aside.csv   a line for each avatar that was fetched and not labeled, and why
    DIR/errors.csv  a line for each avatar that could not be fetched, and why

Pictures are named by account id. A person may move a picture from review/ to default/ or custom/; the next run adds it
to the index.

A scan fetches the avatars and keeps them in the store DIR/.scan.db. At its end they are labeled and written to the
folder, and the store is removed. If the program is killed meanwhile, the next run resumes with the store.
"""

import csv
import io
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, get_args

from PIL import Image

from github_avatars import identicon
from github_avatars.errors import BadDataset, BadFile, BadImage, BadLogin, ForeignRedirect, InUse, NoSuchAccount
from github_avatars.files import read_regular, write_atomically
from github_avatars.github import Account, GitHub
from github_avatars.picture import decoding, formats, verification
from github_avatars.scan.options import Observer, ScanOptions
from github_avatars.scan.rows import PENDING, UNSURE, Row
from github_avatars.scan.scanning import Scan
from github_avatars.scan.store import Store
from github_avatars.training import dataset
from github_avatars.training.dataset import LABELS

CUSTOM_ERROR = 0.6
"""A picture with a larger identicon error is not an identicon.

Measured on avatars/, with copies made by two filters, circle masks and the four lossiest codecs: identicons have errors
of up to 0.65 at 24 pixels (above 0.6 once in 2,000 copies), 0.51 at 32 and 0.22 at 64. GitHub serves originals, so the
margin is wide. Half of the custom originals have an error of 1.00, and 6 of 288, all drawn to be hard, are below 0.6.
The trained classifier is not used, because it would be trained on its own mistakes.
"""

STORE = ".scan.db"

SOURCE = ("date", "source", "content")
"""When a picture was fetched (UTC), its address, and its pixel_hash."""

INDEX_COLUMNS = (*dataset.NAMES, *SOURCE)
ASIDE, ASIDE_COLUMNS = "aside.csv", ("file", "reason", "login", "account_id", *SOURCE)
ERRORS, ERRORS_COLUMNS = "errors.csv", ("login", "kind", "message", "date")

Place = Literal["default", "custom", "review"]


def collect(
    logins: Iterable[str],
    directory: Path,
    *,
    rate: float = 2.0,
    balance: bool = False,
    observer: Observer | None = None,
    github: Callable[[], GitHub] = GitHub,
) -> dict[str, int]:
    """Fetch and label the avatars of `logins` that are not in `directory` yet, at most `rate` accounts per second.

    With `balance`, a picture is not kept if its label has more pictures than the other; its account still counts as
    done. Errors of single accounts are written to errors.csv. The other parameters are those of Scan.

    Returns the number of accounts by their outcome in this run: "default", "custom", "review", "duplicate" (the
    folder has the picture or the account already), "surplus" (because of `balance`), "error", and "earlier" (done by
    an earlier run).

    Raises BadOption for an impossible rate, BadFile or InUse for the folder, BadDataset if it has other contents or
    avatars of another host, and the errors of Scan.rows. Even then, everything that was fetched is in the folder.
    """
    options = ScanOptions(directory / STORE, keep_pictures=True, via="page", rate=rate, wait=False)
    with github() as client:
        host = client.base
    with _locked(directory):
        collection = _Collection(directory, balance, host)
        wanted = _unique(logins)
        outcomes = Counter(earlier=sum(login.lower() in collection.done for login in wanted))
        with Store(options.db) as store:
            store.check_host(host)
            # A killed run may have fetched others.
            fetched = [login for (login,) in store.query("SELECT login FROM accounts WHERE settled ORDER BY number")]
            missing = [login for login in _unique([*wanted, *fetched]) if login.lower() not in collection.done]
            try:
                if missing:
                    accounts = [Account(login, None) for login in missing]
                    with Scan(accounts, options, observer=observer, store=store, github=github) as scan:
                        for _ in scan.rows():
                            pass
            finally:
                for row, picture in store.rows_with_pictures(UNSURE):
                    if row.status != PENDING and (row.login or "").lower() not in collection.done:
                        outcomes[collection.add(row, picture)] += 1
                collection.write()
                store.close()
                (directory / STORE).unlink()
    return {name: outcomes[name] for name in (*LABELS, "review", "duplicate", "surplus", "error", "earlier")}


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """Create the folder if necessary, and lock it. The lock of a killed program is released.

    The store's own lock would not do, because the store is removed at the end. Raises BadFile and InUse.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        descriptor = _lock(directory)
    except BlockingIOError as error:
        raise InUse(f"{directory} is in use by another run: wait until it ends, or give another folder.") from error
    except OSError as error:
        raise BadFile(f"{directory} cannot be written to ({error.strerror}): give another folder.") from error
    try:
        yield
    finally:
        os.close(descriptor)


def _lock(directory: Path) -> int:
    """Lock a folder until the returned descriptor is closed. Raises BlockingIOError if it is locked already.

    Windows cannot lock a folder, but deletes a temporary file in it when the program ends.
    """
    if sys.platform == "win32":
        try:
            return os.open(directory / ".lock", os.O_CREAT | os.O_EXCL | os.O_TEMPORARY)
        except FileExistsError as error:
            raise BlockingIOError from error
    import fcntl

    descriptor = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def place(picture: Image.Image) -> Place:
    """Where an RGB picture belongs that an account shows and that is not the account's identicon."""
    return "custom" if identicon.fit(picture).error > CUSTOM_ERROR else "review"


def _unique(logins: Iterable[str]) -> list[str]:
    """The logins in their order, without repetitions. GitHub ignores the case of letters."""
    first: dict[str, str] = {}
    for login in logins:
        first.setdefault(login.lower(), login)
    return list(first.values())


class _Collection:
    """The contents of the folder. `done` are the logins, in lower case, that need no request to `host`."""

    def __init__(self, directory: Path, balance: bool, host: str) -> None:
        self._directory = directory
        self._balance = balance
        if not any((directory / name).exists() for name in (dataset.INDEX, STORE)):
            _refuse_pictures(directory)
        self._index = _read_csv(directory / dataset.INDEX, INDEX_COLUMNS)
        self._aside = _read_csv(directory / ASIDE, ASIDE_COLUMNS)
        self._errors = _read_csv(directory / ERRORS, ERRORS_COLUMNS)
        for line in (*self._index, *self._aside):
            if not line["source"].startswith(f"{host}/"):
                raise BadDataset(
                    f"{directory} has an avatar from {line['source']}, which is not at {host}: "
                    "give another folder, or the GITHUB_URL of these avatars."
                )
        kept = [*self._index, *(line for line in self._aside if line["reason"] == "review")]
        self._files_by_account = {line["account_id"]: line["file"] for line in kept}
        self._files_by_content = {line["content"]: line["file"] for line in kept}
        self._counts = Counter(line["label"] for line in self._index)
        # The message of an account that is missing begins with the address of the host.
        permanent_errors = [
            line
            for line in self._errors
            if line["kind"] == BadLogin.kind
            or (line["kind"] == NoSuchAccount.kind and line["message"].startswith(f"{host} "))
        ]
        self.done = {line["login"].lower() for line in (*self._index, *self._aside, *permanent_errors)}
        self._add_reviewed()

    def add(self, row: Row, picture: bytes | None) -> str:
        """Add the result for an account, and return its outcome by the names of `collect`."""
        source = {"login": row.login or "", "date": (row.checked or "")[:10]}
        if picture is None:
            return self._add_error(source, row.status, row.error or "")
        if row.account_id is None:
            message = f"The avatar of {row.login} came from an address without account id: check GITHUB_URL."
            return self._add_error(source, ForeignRedirect.kind, message)
        try:
            name = f"The avatar of {row.login}"
            with verification.loaded(picture, row.account_id, name, whole=True) as (loaded, is_own_identicon):
                decoded = decoding.rgb(loaded, name)
        except BadImage as error:
            return self._add_error(source, error.kind, str(error))
        source |= {
            "account_id": str(row.account_id),
            "source": row.href or "",
            "content": dataset.pixel_hash(decoded),
        }
        label = "default" if is_own_identicon else place(decoded)
        if file := self._existing(source, label):
            self._aside.append({"file": file, "reason": "duplicate", **source})
            return "duplicate"
        if self._balance and label != "review" and self._counts[label] > min(self._counts[other] for other in LABELS):
            self._aside.append({"file": "", "reason": "surplus", **source})
            return "surplus"
        file = f"{label}/{row.account_id}{formats.extension(picture)}"
        try:
            (self._directory / label).mkdir(exist_ok=True)
        except OSError as error:
            raise BadFile(f"{self._directory / label} cannot be created ({error.strerror}): free the name.") from error
        write_atomically(self._directory / file, picture)
        self._files_by_account[source["account_id"]] = self._files_by_content[source["content"]] = file
        if label == "review":
            self._aside.append({"file": file, "reason": label, **source})
        else:
            self._add_to_index(file, label, "identicon" if label == "default" else "upload", source)
        return label

    def write(self) -> None:
        """Write the CSV files."""
        _write_csv(self._directory / dataset.INDEX, INDEX_COLUMNS, self._index)
        _write_csv(self._directory / ASIDE, ASIDE_COLUMNS, self._aside)
        _write_csv(self._directory / ERRORS, ERRORS_COLUMNS, self._errors)

    def _add_error(self, source: Mapping[str, str], kind: str, message: str) -> str:
        self._errors.append({"kind": kind, "message": message, **source})
        return "error"

    def _existing(self, source: Mapping[str, str], label: Place) -> str | None:
        """The file with this account's picture or with these pixels, if there is one.

        An account that shows another one's identicon is in review/; it does not replace the one that has it by proof.
        """
        same_pixels = self._files_by_content.get(source["content"]) if label != "default" else None
        return self._files_by_account.get(source["account_id"], same_pixels)

    def _add_to_index(self, file: str, label: str, family: str, source: Mapping[str, str]) -> None:
        self._index.append({"file": file, "label": label, "family": family, **source})
        self._counts[label] += 1

    def _add_reviewed(self) -> None:
        """Add to the index what a person has moved from review/ to default/ or custom/."""
        listed = {line["file"] for line in self._index}
        for line in self._aside:
            if line["reason"] == "review" and not (self._directory / line["file"]).exists():
                for label in LABELS:
                    file = f"{label}/{Path(line['file']).name}"
                    if file not in listed and (self._directory / file).exists():
                        source = {name: line[name] for name in ("login", "account_id", *SOURCE)}
                        self._add_to_index(file, label, "reviewed", source)


def _refuse_pictures(directory: Path) -> None:
    """Raise BadDataset if a folder for pictures has contents: a collection's own pictures could replace them."""
    for label in get_args(Place):
        folder = directory / label
        if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
            raise BadDataset(f"{folder} exists, but {directory} has no {dataset.INDEX}: give another folder.")


def _read_csv(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    """The lines of a CSV file; none if it does not exist. Raises BadDataset if it has other columns."""
    try:
        header, *lines = list(csv.reader(io.StringIO(read_regular(path).decode(), newline=""))) or [list(columns)]
        if header != list(columns):
            raise ValueError(f"its columns are {', '.join(header)}")
        if malformed := [line for line in lines if len(line) not in (0, len(header))]:
            raise ValueError(f"a line has {len(malformed[0])} values: {', '.join(malformed[0])}")
        return [dict(zip(header, line, strict=True)) for line in lines if line]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise BadFile(f"{path} cannot be read ({error.strerror}): give another folder.") from error
    except (ValueError, csv.Error) as error:
        raise BadDataset(
            f"{path} is not part of a collection ({error}): it needs the columns {', '.join(columns)}. "
            "Fix it, or give another folder."
        ) from error


def _write_csv(path: Path, columns: Sequence[str], lines: Iterable[Mapping[str, str]]) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    write_atomically(path, text.getvalue())
