"""Files of GH Archive (https://www.gharchive.org) → the accounts that caused the events.

A file has one event per line, as JSON, and is usually compressed with gzip. It is read line by line, so that memory
does not grow with its size.
"""

import gzip
import json
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from github_avatars.errors import BadFile, BadOption
from github_avatars.files import open_input
from github_avatars.github import Account, accounts, hosts, is_account_id, lists

MAX_LINE = 2**26
"""The maximum number of bytes in a line. Events contain texts that users wrote."""

GZIP = b"\x1f\x8b"
"""The first bytes of a file that is compressed with gzip."""

EVENT = re.compile(r"[A-Z][A-Za-z]{0,50}Event")
"""Types of events. Source: https://docs.github.com/en/rest/using-the-rest-api/github-event-types"""


@dataclass(frozen=True)
class GHArchive:
    """Files of GH Archive, and which of their events count. Raises BadOption for an impossible filter."""

    files: Sequence[str | Path]
    events: Sequence[str] = ()
    """Types of events, such as "WatchEvent", which is a star; by default, all types."""
    repositories: Sequence[str] = ()
    """Repositories as OWNER/REPO, in any case; by default, all repositories."""

    def __post_init__(self) -> None:
        for event in self.events:
            if not EVENT.fullmatch(event):
                raise BadOption(f"--event is {event[:100]!r}: give a type of GitHub's events, such as WatchEvent.")
        for repository in self.repositories:
            lists.check_repository("repo", repository)
        if not self.files and (self.events or self.repositories):
            raise BadOption("--event and --repo select events of --gharchive: give its files, too.")

    def accounts(self, note: Callable[[str], object]) -> Iterator[Account]:
        """The account of each matching event, in the order of the files, repeated if it caused several.

        `note` receives a message if events without an account were omitted, or if no event matches. Raises BadFile:
        before the first account for a file that cannot be opened, and when its turn comes, for a damaged line or a
        truncated file.
        """
        for path in self.files:
            _open(path).close()
        repositories = {repository.lower() for repository in self.repositories}
        base = hosts.base_url()
        matching = anonymous = 0
        for path in self.files:
            for event in _events(path):
                if self.events and event["type"] not in self.events:
                    continue
                if repositories and _repository(event).lower() not in repositories:
                    continue
                matching += 1
                account = _actor(event, base)
                if account:
                    yield account
                else:
                    anonymous += 1
        if anonymous:
            note(f"Events of GH Archive without an account, and thus without a row: {anonymous:,}.")
        if self.files and not matching:
            note(
                "No event of the files of GH Archive matches. They name a repository as it was called at the time, "
                "and each contains one hour."
            )


def _open(path: str | Path) -> BinaryIO:
    try:
        return open_input(path)
    except OSError as error:
        raise BadFile(f"{path} cannot be read ({error.strerror}): give a file of GH Archive.") from error


def _events(path: str | Path) -> Iterator[dict[str, Any]]:
    """The events in a file; each has a type. Raises BadFile."""
    number = 0
    with closing(_open(path)) as file:
        try:
            for number, line in enumerate(_lines(file), 1):
                if len(line) == MAX_LINE:
                    raise BadFile(f"Line {number} of {path} is longer than {MAX_LINE:,} bytes: give a file of events.")
                if not line.isspace():
                    yield _parse(line, number, path)
        except (EOFError, OSError, zlib.error) as error:
            reason = "the file ends early" if isinstance(error, EOFError) else error
            raise BadFile(f"{path} is damaged after line {number} ({reason}): download it again.") from error


def _lines(file: BinaryIO) -> Iterator[bytes]:
    # A pipe cannot be read twice, so the first bytes are read without moving on.
    is_compressed = cast(Any, file).peek(len(GZIP)).startswith(GZIP)
    stream = cast(BinaryIO, gzip.GzipFile(fileobj=file)) if is_compressed else file
    while line := stream.readline(MAX_LINE):
        yield line


def _parse(line: bytes, number: int, path: str | Path) -> dict[str, Any]:
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        event = None
    if isinstance(event, dict) and isinstance(event.get("type"), str):
        return event
    raise BadFile(f"Line {number} of {path} is not an event of GH Archive: give a complete file of events, unchanged.")


def _actor(event: dict[str, Any], base: str) -> Account | None:
    """The account that caused an event; None if there is none. Before 2015, most events have only a login."""
    match event.get("actor"):
        case {"login": str(login), "id": account_id, "avatar_url": str(avatar_url)} if is_account_id(account_id):
            return accounts.of_fields(login or None, account_id, avatar_url, base)
        case {"login": str(login), "id": account_id} if is_account_id(account_id):
            return Account(login or None, account_id)
        case {"login": str(login)} | str(login) if login:
            return Account(login)
        case _:
            return None


def _repository(event: dict[str, Any]) -> str:
    """OWNER/REPO of an event; before 2015, an event has both apart."""
    match event:
        case {"repo": {"name": str(name)}}:
            return name
        case {"repository": {"owner": str(owner), "name": str(name)}}:
            return f"{owner}/{name}"
        case _:
            return ""
