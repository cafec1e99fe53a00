"""Git repositories that tests create."""

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path


def git(folder: Path, *arguments: str, stdin: bytes = b"") -> bytes:
    """The output of a Git command, without the configuration of this machine."""
    configuration = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    process = subprocess.run(
        ["git", "-C", folder, *arguments], input=stdin, capture_output=True, env=os.environ | configuration
    )
    assert process.returncode == 0, process.stderr
    return process.stdout


def create(folder: Path, commits: Iterable[tuple[str | bytes, str | bytes]], mailmap: str | None = None) -> Path:
    """A repository in a new folder with empty commits, given as author ("Name <address>") and message."""
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    stream = [b"reset refs/heads/main\n"]
    for number, (author, message) in enumerate(commits):
        stream.append(b"commit refs/heads/main\nauthor %b %d +0000\n" % (_bytes(author), number))
        text = _bytes(message)
        stream.append(b"committer GitHub <noreply@github.com> %d +0000\ndata %d\n%b\n" % (number, len(text), text))
    git(folder, "fast-import", "--quiet", stdin=b"".join(stream))
    if mailmap is not None:
        (folder / ".mailmap").write_text(mailmap)
    return folder


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode()
