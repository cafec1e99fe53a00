"""The store of a scan → its map in a file."""

from pathlib import Path
from typing import BinaryIO, Literal, get_args

from github_avatars.scan import network
from github_avatars.scan.rows import UNSURE, UncertaintyRange
from github_avatars.scan.store import Store
from github_avatars.web.map import rendering

Format = Literal["html", "graphml"]

FORMATS: tuple[Format, ...] = get_args(Format)


def write(
    db: str | Path, file: BinaryIO, kind: Format = "html", *, unsure: UncertaintyRange = UNSURE, redact: bool = False
) -> None:
    """Write the map of the last run in the store `db`: an HTML page, or GraphML for Gephi and other programs.

    `unsure` is the range of unsure probabilities. With `redact`, the map has no logins, ids, links and pictures; an
    account is named by a hash, as in rows.redactor.

    Raises InUse or BadFile for the store.
    """
    with Store(db) as store:
        accounts = network.read(store, unsure, redact=redact)
        if kind == "graphml":
            network.write_graphml(accounts, file)
        else:
            file.write(rendering.page(accounts, store.host(), store.picture).encode())
