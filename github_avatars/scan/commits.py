"""Local Git repositories → the accounts of the authors and co-authors of their commits.

`git log` writes the addresses of one commit after the other, so memory grows with the number of authors, not with that
of commits. A mailmap of the repository joins the addresses of an author. Nothing proves that an author owns the address
in a commit: anyone can write any.
"""

import os
import re
import subprocess
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, cast

from github_avatars.errors import BadFile, MissingPackage
from github_avatars.github import Account
from github_avatars.github.accounts import of_email
from github_avatars.text import printable

FORMAT = "%ae%n%aE%n%(trailers:key=Co-authored-by,valueonly,unfold)"
"""The author's address, the same by the mailmap, and a line for each co-author.

Sources: https://git-scm.com/docs/pretty-formats, and for co-authors
https://docs.github.com/en/pull-requests/committing-changes-to-your-project/creating-and-editing-commits/creating-a-commit-with-multiple-authors
"""

CONTACT = re.compile(rb"([^<>\0\n]*)<([^<>\0\n]*)>\s*")
CHUNK = 2**16

Addresses = tuple[bytes, bytes]
"""An address as a commit has it, and the one that the mailmap gives in its place."""


def accounts(repositories: Sequence[str | Path], note: Callable[[str], object]) -> Iterator[Account]:
    """The accounts of the authors and co-authors of the history of HEAD of each repository, each account once.

    A noreply address contains the login, and mostly the id. An author who has such an address is that account; any
    other has the address that the mailmap gives, as `Account.email`. `note` receives a message about authors without an
    address, and about histories that are cut off.

    Raises BadFile for a folder that is not a repository with a commit, and MissingPackage without Git. All histories
    are read before the first account.
    """
    addresses: dict[Addresses, None] = {}
    incomplete = 0
    for repository in repositories:
        co_authors: dict[Addresses, None] = {}
        for lines in _commits(repository):
            addresses[lines[0], lines[1]] = None
            for line in lines[2:]:
                match = CONTACT.fullmatch(line)
                if match:
                    co_authors[match[1].strip(), match[2].strip()] = None
                else:
                    incomplete += 1
        addresses.update(dict.fromkeys(_by_mailmap(repository, co_authors)))
        if _git_text(repository, "rev-parse", "--is-shallow-repository") == "true":
            note(f"{repository} is a shallow clone: the authors of older commits are missing.")
    without = sum(not canonical for _, canonical in addresses) + incomplete
    if without:
        note(f"Authors and co-authors of commits without an address, and thus without a row: {without:,}.")
    yield from _distinct(addresses)


def _distinct(addresses: Iterable[Addresses]) -> Iterator[Account]:
    """The accounts of these addresses, each once."""
    # By the address of the mailmap: the accounts of its noreply addresses.
    authors: dict[str, tuple[str, list[Account]]] = {}
    ids: dict[str, Account] = {}
    for pair in addresses:
        texts = [address.decode("utf-8", "backslashreplace").strip() for address in pair]
        if not texts[1]:
            continue
        _, named = authors.setdefault(texts[1].lower(), (texts[1], []))
        for account in (replace(of_email(text), forgeable=True) for text in texts):
            if account.email is None:
                named.append(account)
                if account.account_id is not None and account.login is not None:
                    ids[account.login.lower()] = account
    seen = set()
    for address, named in authors.values():
        for account in named or [Account(None, email=address, forgeable=True)]:
            known = account if account.login is None else ids.get(account.login.lower(), account)
            key = known.account_id or (known.login or known.email or "").lower()
            if key not in seen:
                seen.add(key)
                yield known


def _commits(repository: str | Path) -> Iterator[list[bytes]]:
    """The lines of FORMAT for each commit."""
    # Otherwise the configuration of a repository could make git log run a program.
    options = ("--no-show-signature", "--no-color", "--encoding=UTF-8", f"--format={FORMAT}", "-z", "HEAD", "--")
    with _git(repository, "log", *options) as output:
        for record in _records(output):
            author, by_mailmap, *co_authors = record.split(b"\n")
            yield [author, by_mailmap, *filter(None, co_authors)]


def _records(output: IO[bytes]) -> Iterator[bytes]:
    """The records of a stream that end with NUL."""
    rest = b""
    while chunk := output.read(CHUNK):
        *records, rest = (rest + chunk).split(b"\0")
        yield from records


def _by_mailmap(repository: str | Path, contacts: Iterable[Addresses]) -> Iterator[Addresses]:
    """The addresses of contacts, which are given as name and address."""
    contacts = list(contacts)
    if not contacts:
        return
    with TemporaryFile() as file:
        file.writelines(b"%b <%b>\n" % contact for contact in contacts)
        file.seek(0)
        with _git(repository, "check-mailmap", "--stdin", stdin=file) as output:
            for (_, address), line in zip(contacts, output, strict=False):
                match = CONTACT.fullmatch(line)
                yield address, match[2].strip() if match else address


def _git_text(repository: str | Path, *arguments: str) -> str:
    with _git(repository, *arguments) as output:
        return output.read().decode("utf-8", "replace").strip()


@contextmanager
def _git(repository: str | Path, *arguments: str, stdin: IO[bytes] | None = None) -> Iterator[IO[bytes]]:
    """The output of a Git command in a repository. At the end of the `with`, raises BadFile if the command failed."""
    command = ["git", "--no-pager", "-C", os.fspath(repository), *arguments]
    with TemporaryFile() as errors:
        try:
            process = subprocess.Popen(  # noqa: S603
                command, stdin=stdin or subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, env=_environment()
            )
        except FileNotFoundError as error:
            raise MissingPackage("--git needs the program git: install it.") from error
        except (OSError, ValueError) as error:
            raise _unreadable(repository, str(error)) from error
        with process:
            try:
                yield cast(IO[bytes], process.stdout)
            except BaseException:
                process.kill()
                raise
        if process.returncode:
            errors.seek(0)
            raise _unreadable(repository, errors.read(CHUNK).decode("utf-8", "replace"))


def _unreadable(repository: str | Path, text: str) -> BadFile:
    lines = text.strip().splitlines() or ["git failed"]
    reason = next((line for line in lines if line.startswith("fatal: ")), lines[-1]).removeprefix("fatal: ")
    return BadFile(
        f"The commits of {repository} cannot be read ({printable(reason[:200])}): "
        "give the folder of a Git repository that has a commit."
    )


def _environment() -> dict[str, str]:
    """The environment for Git: without the variables that select another repository, as hooks have them."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") or name.startswith("GIT_CONFIG")
    }
    # A partial clone would request what it lacks from its remote, by a command of its configuration. No protocol is
    # allowed, because older versions of Git ignore GIT_NO_LAZY_FETCH.
    return {**kept, "LC_ALL": "C", "GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": ""}
