"""The authors of commits in real Git repositories."""

import os
import subprocess
import tracemalloc
from pathlib import Path

import pytest

from github_avatars.errors import BadFile, MissingPackage
from github_avatars.scan import commits
from tests.support.repositories import create, git

ZEKE = "Zeke <26+zeke@users.noreply.github.com>"


@pytest.fixture(autouse=True)
def configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    """That of github.com, and of no user of Git."""
    monkeypatch.delenv("GITHUB_URL", raising=False)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)


def read(*repositories: Path, notes: list[str] | None = None) -> list[str | tuple[str | None, int | None]]:
    """The accounts: an address, or login and id."""
    accounts = list(commits.accounts(repositories, print if notes is None else notes.append))
    assert all(account.forgeable for account in accounts)
    return [account.email or (account.login, account.account_id) for account in accounts]


def by(*authors: str | bytes, message: str | bytes = "") -> list[tuple[str | bytes, str | bytes]]:
    return [(author, message) for author in authors]


def test_noreply_addresses_contain_login_and_id(tmp_path: Path) -> None:
    authors = ("Ida <ida@users.noreply.github.com>", ZEKE, "Bot <7+x-ci[bot]@users.noreply.github.com>")
    assert read(create(tmp_path / "r", by(*authors))) == [("x-ci[bot]", 7), ("zeke", 26), ("ida", None)]


def test_each_author_is_one_account(tmp_path: Path) -> None:
    repository = create(
        tmp_path / "r",
        by(
            *("Ann <Ann@Example.com>", "ann <ann@example.com>", "Ann <ann@example.com>"),
            *("zeke <ZEKE@users.noreply.github.com>", ZEKE, "Renamed <26+zeke2@users.noreply.github.com>"),
        ),
    )
    other = create(tmp_path / "other", by("Z <zeke@users.noreply.github.com>", "Bob <bob@example.com>"))
    assert read(repository, other) == [("zeke2", 26), "ann@example.com", "bob@example.com"]


def test_co_authors_of_trailers_are_read(tmp_path: Path) -> None:
    message = (
        "Fix it\n\nCo-authored-by: Not a trailer <no@example.com>\n\nbecause.\n\n"
        "Reviewed-by: Rae <rae@example.com>\n"
        "Co-authored-by: Bob <bob@example.com>\n"
        f"CO-AUTHORED-BY: {ZEKE}\n"
        "co-authored-by: Folded\n <folded@example.com>\n"
        "Co-authored-by: nobody\n"
    )
    notes: list[str] = []
    repository = create(tmp_path / "r", by("Ann <ann@example.com>", message=message))
    assert read(repository, notes=notes) == ["ann@example.com", "bob@example.com", ("zeke", 26), "folded@example.com"]
    assert notes == ["Authors and co-authors of commits without an address, and thus without a row: 1."]


def test_mailmap_joins_addresses_of_authors_and_co_authors(tmp_path: Path) -> None:
    """A person with a noreply address is that account, also if the mailmap prefers another address."""
    mailmap = (
        "Zeke <zeke@example.com> <26+zeke@users.noreply.github.com>\n"
        "Ann <ann@example.com> Ann Old <shared@example.com>\n"
        "Bob <9+bob@users.noreply.github.com> <bob@example.com>\n"
    )
    message = "x\n\nCo-authored-by: Ann Old <shared@example.com>\nCo-authored-by: Bob <BOB@example.com>\n"
    authors = ("Zeke <zeke@example.com>", "Ann <ann@example.com>", ZEKE, "Other <shared@example.com>")
    repository = create(tmp_path / "r", by(*authors, message=message), mailmap)
    assert read(repository) == ["shared@example.com", ("zeke", 26), "ann@example.com", ("bob", 9)]


@pytest.mark.parametrize("author", [b"Zo\xeb <zo@example.com>", "Zoë 🐙 <zo@example.com>", b" <zo@example.com>"])
def test_names_in_any_encoding(tmp_path: Path, author: bytes | str) -> None:
    name = author if isinstance(author, bytes) else author.encode()
    repository = create(
        tmp_path / "r",
        by("Ann <ann@example.com>", message=b"x\n\nCo-authored-by: " + name),
        "<new@x> <zo@example.com>\n",
    )
    assert read(repository) == ["ann@example.com", "new@x"]


def test_address_in_another_encoding_is_escaped(tmp_path: Path) -> None:
    assert read(create(tmp_path / "r", by(b"Zoe <zo\xeb@example.com>"))) == ["zo\\xeb@example.com"]


def test_authors_without_an_address_are_noted(tmp_path: Path) -> None:
    notes: list[str] = []
    repository = create(tmp_path / "r", by("Ann <>", "Bob <>", "Zeke <zeke>"))
    assert read(repository, notes=notes) == ["zeke"]
    assert notes == ["Authors and co-authors of commits without an address, and thus without a row: 1."]


def test_shallow_clone_is_noted(tmp_path: Path) -> None:
    repository = create(tmp_path / "r", by("Ann <ann@example.com>", "Bob <bob@example.com>"))
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{repository}", "shallow")
    notes: list[str] = []
    assert read(tmp_path / "shallow", notes=notes) == ["bob@example.com"]
    assert notes == [f"{tmp_path}/shallow is a shallow clone: the authors of older commits are missing."]


def test_bare_repository_and_a_folder_of_a_repository(tmp_path: Path) -> None:
    repository = create(tmp_path / "r", by(ZEKE))
    (repository / "folder").mkdir()
    git(tmp_path, "clone", "--quiet", "--bare", str(repository), "bare")
    assert read(tmp_path / "bare") == read(repository / "folder") == [("zeke", 26)]


def test_folder_without_commits_is_an_error_before_the_first_account(tmp_path: Path) -> None:
    repository = create(tmp_path / "r", by(ZEKE))
    (tmp_path / "folder").mkdir()
    git(tmp_path, "init", "--quiet", "empty")
    for name, reason in (
        ("gone", "cannot change to .*No such file or directory"),
        ("folder", "not a git repository.*"),
        ("empty", "bad revision 'HEAD'"),
        ("a\0b", "embedded null byte"),
    ):
        with pytest.raises(BadFile, match=rf"cannot be read \({reason}\): give the folder of a Git repository"):
            next(commits.accounts([repository, tmp_path / name], print))


def test_damaged_repository_is_an_error(tmp_path: Path) -> None:
    repository = create(tmp_path / "r", by(ZEKE, ZEKE, ZEKE))
    first = git(repository, "rev-parse", "HEAD~2").decode().strip()
    (repository / ".git/objects" / first[:2] / first[2:]).unlink()
    with pytest.raises(BadFile, match=r"^The commits of .*/r cannot be read \(.*(traverse|parse|read)"):
        next(commits.accounts([repository], print))


def test_missing_git_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingPackage, match="--git needs the program git: install it"):
        next(commits.accounts([tmp_path], print))


def test_repository_of_the_environment_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Git sets GIT_DIR for hooks."""
    repository = create(tmp_path / "r", by(ZEKE))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "gone"))
    assert read(repository) == [("zeke", 26)]


def test_repository_cannot_run_programs(tmp_path: Path) -> None:
    repository = create(tmp_path / "r", by(ZEKE))
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    program.chmod(0o700)
    signed = git(repository, "cat-file", "commit", "HEAD").replace(
        b"\n\n", b"\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n abc\n -----END PGP SIGNATURE-----\n\n", 1
    )
    commit = git(repository, "hash-object", "-t", "commit", "-w", "--stdin", stdin=signed).decode().strip()
    git(repository, "update-ref", "refs/heads/main", commit)
    for name, value in {"log.showSignature": "true", "gpg.program": program, "core.pager": program}.items():
        git(repository, "config", name, str(value))
    subprocess.run(["git", "-C", repository, "log"], capture_output=True)
    assert (tmp_path / "ran").exists()  # so the configuration is effective
    (tmp_path / "ran").unlink()
    assert read(repository) == [("zeke", 26)]
    assert not (tmp_path / "ran").exists()


def test_partial_clone_requests_nothing(tmp_path: Path) -> None:
    repository = create(tmp_path / "r", by(ZEKE, ZEKE))
    first = git(repository, "rev-parse", "HEAD~1").decode().strip()
    (repository / ".git/objects" / first[:2] / first[2:]).unlink()
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    program.chmod(0o700)
    for name, value in {
        "core.repositoryFormatVersion": "1",
        "extensions.partialClone": "origin",
        "remote.origin.url": "ssh://example.com/r",
        "remote.origin.promisor": "true",
        "protocol.ssh.allow": "always",
        "core.sshCommand": program,
    }.items():
        git(repository, "config", name, str(value))
    subprocess.run(["git", "-C", repository, "log"], capture_output=True)
    assert (tmp_path / "ran").exists()  # so the configuration is effective
    (tmp_path / "ran").unlink()
    with pytest.raises(BadFile, match="cannot be read"):
        read(repository)
    assert not (tmp_path / "ran").exists()


def test_memory_does_not_grow_with_the_number_of_commits(tmp_path: Path) -> None:
    repository = create(
        tmp_path / "r", by(ZEKE, message=b"x" * 200 + b"\n\nCo-authored-by: B <b@example.com>") * 30_000
    )
    tracemalloc.start()
    assert read(repository) == [("zeke", 26), "b@example.com"]
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()
