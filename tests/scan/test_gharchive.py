"""Events in files of GH Archive."""

import gzip
import json
import os
import tracemalloc
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from github_avatars.errors import BadFile, BadLogin, BadOption
from github_avatars.github import Account
from github_avatars.scan import GHArchive, gharchive

AVATARS = "https://avatars.githubusercontent.com"


@pytest.fixture(autouse=True)
def at_github(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_URL", raising=False)


def event(login: str = "zeke", account_id: int = 26, kind: str = "WatchEvent", repo: str = "o/r") -> dict[str, Any]:
    """An event in the form of files since 2015."""
    actor = {"id": account_id, "login": login, "display_login": login, "avatar_url": f"{AVATARS}/u/{account_id}?"}
    return {"id": "1", "type": kind, "actor": actor, "repo": {"id": 7, "name": repo}, "payload": {"a": "WatchEvent"}}


def lines(events: Iterable[object]) -> bytes:
    return b"".join(json.dumps(each).encode() + b"\n" for each in events)


def write(*events: object, name: str = "2026-01-01-0.json.gz") -> Path:
    data = lines(events)
    Path(name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return Path(name)


def read(*files: str | Path, notes: list[str] | None = None, **filters: list[str]) -> list[Account]:
    return list(GHArchive(files, **filters).accounts(print if notes is None else notes.append))


@pytest.mark.parametrize("name", ["x.json.gz", "x.jsonl", "x.json", "gz-by-its-content"])
def test_actor_of_each_event(name: str) -> None:
    file = write(event(), event("ida", 5), event(), name=name)
    if name == "gz-by-its-content":
        file.write_bytes(gzip.compress(file.read_bytes()))
    assert read(file, file) == [Account("zeke", 26), Account("ida", 5), Account("zeke", 26)] * 2


def test_filters_by_type_and_repository() -> None:
    file = write(
        event("a", 1), event("b", 2, "ForkEvent"), event("c", 3, repo="O/R"), event("d", 4, "ForkEvent", "o/other")
    )
    assert [account.login for account in read(file, events=["WatchEvent"])] == ["a", "c"]
    assert [account.login for account in read(file, repositories=["O/r"])] == ["a", "b", "c"]
    assert [account.login for account in read(file, events=["ForkEvent"], repositories=["o/r", "o/other"])] == [
        "b",
        "d",
    ]
    assert read(file, events=["PublicEvent"]) == []


def test_events_before_2015_have_a_login() -> None:
    old = {
        "type": "WatchEvent",
        "actor": "ida",
        "actor_attributes": {"login": "ida", "type": "User"},
        "repository": {"owner": "o", "name": "r", "url": "https://github.com/o/r"},
    }
    assert read(write(old), repositories=["o/r"]) == [Account("ida")]


def test_avatar_of_an_app_is_kept() -> None:
    app = event("x-ci[bot]", 9)
    app["actor"]["avatar_url"] = f"{AVATARS}/in/15368?"
    (account,) = read(write(app))
    assert (account.login, account.account_id) == ("x-ci[bot]", 9)
    assert account.avatar_url
    assert account.avatar_url.startswith(f"{AVATARS}/in/15368")


@pytest.mark.parametrize("actor", [None, "", {}, 7, {"login": "", "id": None}, {"id": 0}])
def test_events_without_an_account_are_noted(actor: object) -> None:
    notes: list[str] = []
    assert read(write({**event(), "actor": actor}, event()), notes=notes) == [Account("zeke", 26)]
    assert notes == ["Events of GH Archive without an account, and thus without a row: 1."]


def test_filters_without_a_match_are_noted() -> None:
    notes: list[str] = []
    assert read(write(event()), notes=notes, repositories=["o/renamed"]) == []
    assert len(notes) == 1
    assert notes[0].startswith("No event of the files of GH Archive matches. They name a repository as it was called")


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        ({"events": ["Watch"]}, "--event is 'Watch': give a type of GitHub's events, such as WatchEvent"),
        ({"events": ["watchevent"]}, "such as WatchEvent"),
        ({"repositories": ["octocat"]}, "--repo is 'octocat': give a repository as OWNER/REPO"),
        ({"repositories": ["o o/r"]}, "not a valid GitHub login"),
    ],
)
def test_impossible_filters_are_refused(filters: dict[str, list[str]], message: str) -> None:
    with pytest.raises((BadOption, BadLogin), match=message):
        GHArchive(["x"], **filters)


def test_filters_need_files() -> None:
    with pytest.raises(BadOption, match="--event and --repo select events of --gharchive"):
        GHArchive([], ["WatchEvent"])
    assert read() == []


@pytest.mark.parametrize(
    "line",
    [
        *(b"{", b'{"type": "WatchEvent", "actor"', b"[]", b"null", b"zeke", b"{}", b'{"type": 7}', b"\xff", b"\0" * 9),
        *(b"[" * 100_000, b'{"type": "A", "n": ' + b"9" * 5000 + b"}", b'{"message": "Not Found"}'),
    ],
)
@pytest.mark.parametrize("compressed", [True, False])
def test_damaged_line_is_an_error_with_its_number(line: bytes, compressed: bool) -> None:
    data = lines([event(), event()]) + b"\n" + line + b"\n" + lines([event()])
    Path("x.json").write_bytes(gzip.compress(data) if compressed else data)
    with pytest.raises(BadFile, match=r"^Line 4 of x\.json is not an event of GH Archive: give a complete file"):
        read("x.json", repositories=["other/repo"])


def test_truncated_or_damaged_gzip_is_an_error_with_its_line() -> None:
    """Wherever it is cut off."""
    data = gzip.compress(lines(event(f"a{number}", number + 1) for number in range(200)), mtime=0)
    for size in (*range(2, 40), len(data) // 2, len(data) - 8, len(data) - 1):
        Path("x.json.gz").write_bytes(data[:size])
        with pytest.raises(
            BadFile, match=r"^(x\.json\.gz is damaged after line \d+ \(the file ends early\)|Line \d+ of)"
        ):
            read("x.json.gz")
    Path("x.json.gz").write_bytes(data[:-8] + b"\0" * 8)
    with pytest.raises(BadFile, match=r"damaged after line 200 \(CRC check failed"):
        read("x.json.gz")
    Path("x.json.gz").write_bytes(data[:300] + bytes(100) + data[400:])
    with pytest.raises(BadFile, match=r"^(x\.json\.gz is damaged after line|Line) \d+"):
        read("x.json.gz")
    Path("x.json.gz").write_bytes(data + b"trailing garbage")
    with pytest.raises(BadFile, match=r"damaged after line 200"):
        read("x.json.gz")


def test_concatenated_files_are_read() -> None:
    write(event("a", 1))
    data = Path("2026-01-01-0.json.gz").read_bytes()
    Path("x.json.gz").write_bytes(data + data + bytes(512))
    assert len(read("x.json.gz")) == 2


def test_all_files_are_opened_before_the_first_account() -> None:
    for name in ("gone.json.gz", "."):
        with pytest.raises(BadFile, match=r"cannot be read \(.*\): give a file of GH Archive"):
            next(GHArchive([write(event()), name]).accounts(print))


def test_pipe_of_a_shell_is_read() -> None:
    reader, writer = os.pipe()
    os.write(writer, gzip.compress(lines([event()])))
    os.close(writer)
    assert read(f"/dev/fd/{reader}") == [Account("zeke", 26)]
    os.close(reader)


def test_endless_line_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gharchive, "MAX_LINE", 10_000)
    Path("x.json.gz").write_bytes(gzip.compress(lines([event()]) + bytes(10**7)))
    tracemalloc.start()
    with pytest.raises(BadFile, match=r"^Line 2 of x\.json\.gz is longer than 10,000 bytes"):
        read("x.json.gz")
    assert tracemalloc.get_traced_memory()[1] < 10**6
    tracemalloc.stop()


def test_memory_does_not_grow_with_the_file() -> None:
    batch = lines(event(f"a{number}", number + 1) for number in range(1000))
    with gzip.open("x.json.gz", "wb", compresslevel=1) as file:
        for _ in range(8):
            file.write(batch)
    tracemalloc.start()
    assert sum(1 for _ in GHArchive(["x.json.gz"]).accounts(print)) == 8_000
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()
