"""Collecting labeled avatars: labels, duplicates, balance, and resuming."""

import csv
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

import synthesis
from github_avatars import identicon
from github_avatars.demo import MODES, Exchange, GitHubStandIn, resetting, responding
from github_avatars.errors import OUTAGE, BadDataset, BadFile, BadOption, InUse, RateLimited, Unreachable
from github_avatars.github import GitHub
from github_avatars.picture import decoding
from github_avatars.scan import Observer, collect
from github_avatars.scan.collection import CUSTOM_ERROR, STORE, place
from github_avatars.training import dataset
from github_avatars.training.dataset import Example
from github_avatars.training.degradation import Degradation
from tests.support.avatars import write_avatars
from tests.support.holding import Hold
from tests.support.processes import ROOT, clean_environment
from tests.support.timing import with_timeout

NOTHING = {"default": 0, "custom": 0, "review": 0, "duplicate": 0, "surplus": 0, "error": 0, "earlier": 0}

AVATARS = {
    "hans": (11, identicon.render(11)),
    "greta": (12, identicon.render(12)),
    "ida": (13, identicon.render(13)),
    "paul": (21, decoding.decode(synthesis.draw("photo-landscape", 0).data)),
    "anna": (22, decoding.decode(synthesis.draw("cartoon", 0).data)),
    "otto": (23, decoding.decode(synthesis.draw("logo", 0).data)),
    "copycat": (31, decoding.decode(synthesis.draw("photo-landscape", 0).data)),
    "thief": (41, identicon.render(51)),
    "lossy": (42, decoding.decode(Degradation(420, "BOX", False, "jpeg 90").apply(identicon.render(42)))),
    "owner": (51, identicon.render(51)),
}
"""By login, the account id and the avatar."""

Collect = Callable[..., dict[str, int]]


@pytest.fixture(scope="module")
def avatars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_avatars(tmp_path_factory.mktemp("avatars"), AVATARS)


@pytest.fixture
def standin(avatars: Path) -> Iterator[GitHubStandIn]:
    with GitHubStandIn(avatars) as standin:
        yield standin


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "collected"


@pytest.fixture
def collected(standin: GitHubStandIn, folder: Path) -> Collect:
    """Collects logins from the stand-in to `folder`, quickly, and returns the counts that are not 0."""

    def collected(logins: Iterable[str], directory: Path = folder, **options: object) -> dict[str, int]:
        defaults = {"rate": 1000.0, "github": partial(GitHub, standin.url, backoff=0)}
        counts = collect(logins, directory, **{**defaults, **options})  # type: ignore[arg-type]
        assert counts.keys() == NOTHING.keys()
        return {name: count for name, count in counts.items() if count}

    return collected


def lines(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def files(folder: Path) -> list[str]:
    """The files in subfolders: the pictures."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.glob("*/*"))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_avatars_are_labeled_by_proof(collected: Collect, folder: Path) -> None:
    assert collected(["hans", "paul", "thief", "lossy", "otto"]) == {"default": 1, "custom": 2, "review": 2}
    assert files(folder) == ["custom/21.png", "custom/23.png", "default/11.png", "review/41.png", "review/42.png"]
    assert identicon.is_of(decoding.read(folder / "default/11.png"), 11)
    assert not (folder / STORE).exists()


def test_index_is_that_of_a_dataset_with_date_and_source(
    collected: Collect, standin: GitHubStandIn, folder: Path
) -> None:
    today = datetime.now(UTC).date()
    collected(["Hans", "paul"])
    assert (
        dataset.read_index(folder)
        == dataset.read(folder)
        == [
            Example("default/11.png", "default", "Hans", 11, "identicon"),
            Example("custom/21.png", "custom", "paul", 21, "upload"),
        ]
    )
    hans, _ = lines(folder / "index.csv")
    assert hans["source"] == f"{standin.url}/Hans.png"
    assert datetime.fromisoformat(hans["date"]).date() - today <= timedelta(1)


def test_pictures_are_unchanged_with_the_extension_of_their_format(
    collected: Collect, standin: GitHubStandIn, folder: Path
) -> None:
    sent = {}
    for login, family in (("paul", "photo-night"), ("anna", "sprite"), ("otto", "photo-pale")):
        drawing = synthesis.draw(family, 0)
        account_id, _ = AVATARS[login]
        sent[f"custom/{account_id}.{drawing.extension}"] = drawing.data
        standin.faults[f"/u/{account_id}"] = responding(200, {"Content-Type": "image/png"}, drawing.data)
    assert {Path(file).suffix for file in sent} == {".jpg", ".gif", ".webp"}
    collected(["paul", "anna", "otto"])
    assert {file: (folder / file).read_bytes() for file in files(folder)} == sent


def test_limit_for_custom_avatars_has_a_margin_on_the_drawn_avatars() -> None:
    """Thumbnails of identicons have much smaller errors; the few custom avatars below it are drawn to be hard."""
    thumbnail_errors: list[float] = []
    hard, customs = [], 0
    for example in dataset.read_index(ROOT / "avatars"):
        picture = decoding.read(ROOT / "avatars" / example.file)
        if example.label == "custom":
            customs += 1
            if place(picture) != "custom":
                hard.append(example.family)
        elif len(thumbnail_errors) < 300:
            assert place(picture) == "review"
            for codec in ("jpeg 50", "webp 80", "palette png"):
                thumbnail = decoding.decode(Degradation(64, "BICUBIC", False, codec).apply(picture))
                thumbnail_errors.append(identicon.fit(thumbnail).error)
    assert max(thumbnail_errors) < CUSTOM_ERROR / 2
    assert len(hard) <= 0.04 * customs
    assert all(family.startswith(("grid-", "grey-", "near-grey-", "chart", "one-color")) for family in hard), hard


def test_plain_grey_picture_needs_a_review() -> None:
    assert place(identicon.Identicon("...../...../...../...../.....", (0, 0, 0)).draw()) == "review"


def test_same_picture_of_two_accounts_is_kept_once(collected: Collect, folder: Path) -> None:
    assert collected(["paul", "copycat"]) == {"custom": 1, "duplicate": 1}
    assert files(folder) == ["custom/21.png"]
    (line,) = lines(folder / "aside.csv")
    assert (line["login"], line["reason"], line["file"]) == ("copycat", "duplicate", "custom/21.png")


def test_renamed_account_is_kept_once(collected: Collect, standin: GitHubStandIn, folder: Path) -> None:
    standin.faults["/formerly-paul.png"] = responding(302, {"Location": "/u/21?v=4"})
    collected(["paul"])
    standin.faults["/u/21"] = responding(200, body=synthesis.draw("cartoon", 3).data)
    before = (folder / "custom/21.png").read_bytes()
    assert collected(["formerly-paul"]) == {"duplicate": 1}
    assert (folder / "custom/21.png").read_bytes() == before


def test_foreign_identicon_is_not_a_duplicate_of_its_owners(collected: Collect, folder: Path) -> None:
    assert collected(["thief", "owner"]) == {"default": 1, "review": 1}
    assert files(folder) == ["default/51.png", "review/41.png"]


def test_collected_accounts_are_not_requested_again(collected: Collect, standin: GitHubStandIn, folder: Path) -> None:
    logins = [*AVATARS, "nobody", "im possible"]
    assert collected(logins) == {"default": 4, "custom": 3, "review": 2, "duplicate": 1, "error": 2}
    before, requests = contents(folder), standin.requests.copy()
    assert collected([login.upper() for login in logins]) == {"earlier": len(logins)}
    assert (contents(folder), standin.requests) == (before, requests)


def test_another_run_adds_to_the_folder(collected: Collect, folder: Path) -> None:
    collected(["hans"])
    assert collected(["hans", "copycat", "paul"]) == {"custom": 1, "duplicate": 1, "earlier": 1}
    assert [example.login for example in dataset.read(folder)] == ["hans", "copycat"]


def test_repeated_logins_are_collected_once(collected: Collect) -> None:
    assert collected(["hans", "Hans", "paul", "HANS"]) == {"default": 1, "custom": 1}


def test_picture_without_its_line_is_fetched_again(collected: Collect, folder: Path) -> None:
    collected(["paul"])
    before = contents(folder)
    (folder / "index.csv").write_bytes(before["index.csv"].splitlines(keepends=True)[0])
    assert collected(["paul"]) == {"custom": 1}
    assert contents(folder) == before


def test_pictures_that_a_person_moves_from_review_are_indexed(collected: Collect, folder: Path) -> None:
    collected(["lossy", "thief"])
    (folder / "custom").mkdir()
    (folder / "review/42.png").rename(folder / "custom/42.png")
    (folder / "review/41.png").unlink()
    for _ in range(2):
        assert collected(["lossy", "thief"]) == {"earlier": 2}
        assert dataset.read(folder) == [Example("custom/42.png", "custom", "lossy", 42, "reviewed")]
        assert files(folder) == ["custom/42.png"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        *(
            (f"{name}.csv", rf"{name}\.csv is not part of a collection .*balance")
            for name in ("index", "aside", "errors")
        ),
        ("default/11.png", r"default exists, but .*collected has no index\.csv"),
        ("review", "review exists"),
        (STORE, r"\.scan\.db cannot be used .*not a database"),
    ],
)
def test_file_that_is_not_of_a_collection_is_refused_and_unchanged(
    collected: Collect, standin: GitHubStandIn, folder: Path, name: str, message: str
) -> None:
    (folder / name).parent.mkdir(parents=True)
    (folder / name).write_text("login,balance\nzeke,12\n")
    before = contents(folder)
    with pytest.raises((BadDataset, BadFile), match=f"{message}.*give another (folder|path)"):
        collected(["hans"])
    assert contents(folder) == before
    assert not standin.requests


def test_folder_with_other_contents_is_refused_and_unchanged(collected: Collect, avatars: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(avatars, tmp_path / "copy"))
    before = contents(copy)
    with pytest.raises(BadDataset, match=r"index\.csv is not part of a collection .* give another folder"):
        collected(["hans"], copy)
    with pytest.raises(BadFile, match="cannot be written to"):
        collected(["hans"], copy / "hans.png")
    assert contents(copy) == before


def test_folder_with_avatars_of_another_host_is_refused_and_unchanged(
    collected: Collect, avatars: Path, folder: Path
) -> None:
    for login in ("hans", "thief"):
        collected([login])
        before = contents(folder)
        with GitHubStandIn(avatars) as other, pytest.raises(BadDataset, match=rf"not at {other.url}: give another"):
            collected(["paul"], github=partial(GitHub, other.url))
        assert not other.requests
        assert contents(folder) == before
        shutil.rmtree(folder)


def test_account_that_another_host_does_not_have_is_requested(collected: Collect) -> None:
    with GitHubStandIn(mode=MODES["404"]) as empty:
        assert collected(["paul", "@"], github=partial(GitHub, empty.url)) == {"error": 2}
    assert collected(["paul", "@"]) == {"custom": 1, "earlier": 1}


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo])
def test_special_file_is_refused(collected: Collect, folder: Path, make: Callable[[Path], None]) -> None:
    folder.mkdir()
    make(folder / "aside.csv")
    with pytest.raises(BadFile, match=r"aside\.csv cannot be read .*: give another folder"):
        with_timeout(lambda: collected(["hans"]))


@pytest.mark.parametrize(
    ("name", "added", "message"),
    [
        ("index.csv", b"custom/1.png,custom\n", r"a line has 2 values: custom/1\.png, custom"),
        ("aside.csv", b"\xff\n", "aside.csv is not part of a collection .*utf-8"),
    ],
)
def test_malformed_line_is_refused(collected: Collect, folder: Path, name: str, added: bytes, message: str) -> None:
    collected(["hans"])
    with (folder / name).open("ab") as file:
        file.write(added)
    with pytest.raises(BadDataset, match=message):
        collected(["paul"])


def test_concurrent_run_is_refused(collected: Collect) -> None:
    class Concurrent(Observer):
        def begin(self, accounts: int, done: int) -> None:
            assert (accounts, done) == (1, 0)
            with pytest.raises(InUse, match="another run"):
                collected(["paul"])

    assert collected(["hans"], observer=Concurrent()) == {"default": 1}
    assert collected(["paul"]) == {"custom": 1}


def test_failed_accounts_are_listed_and_do_not_affect_the_others(
    collected: Collect, standin: GitHubStandIn, folder: Path
) -> None:
    standin.faults["/u/21"] = responding(200, body=(b"\x89PNG\r\n\x1a\n" + b"broken" * 50))
    standin.faults["/anna.png"] = resetting()
    standin.faults["/otto.png"] = responding(302, {"Location": "/in/7"})
    standin.faults["/in/7"] = responding(200, body=synthesis.draw("logo", 1).data)
    logins = ["nobody", "-", "no body", "paul", "anna", "otto", "hans"]
    assert collected(logins) == {"default": 1, "error": 6}
    errors = lines(folder / "errors.csv")
    assert [(line["login"], line["kind"]) for line in errors] == [
        ("nobody", "no-such-account"),
        ("-", "no-such-account"),
        ("no body", "bad-login"),
        ("paul", "not-a-picture"),
        ("anna", "unreachable"),
        ("otto", "foreign-redirect"),
    ]
    assert all(line["login"] in line["message"] and line["date"] for line in errors)
    assert files(folder) == ["default/11.png"]


def test_account_that_failed_because_of_the_host_is_requested_again(collected: Collect, standin: GitHubStandIn) -> None:
    standin.faults["/anna.png"] = resetting()
    collected(["anna", "nobody"])
    standin.faults.clear()
    standin.requests.clear()
    assert collected(["anna", "nobody"]) == {"custom": 1, "earlier": 1}
    assert standin.requests["/nobody.png"] == 0


def test_outage_ends_the_run_with_what_was_fetched(collected: Collect, standin: GitHubStandIn, folder: Path) -> None:
    logins = [f"account-{number}" for number in range(10 * OUTAGE)]
    standin.faults |= {f"/{login}.png": responding(503) for login in logins}
    with pytest.raises(Unreachable):
        collected(["hans", *logins])
    assert OUTAGE <= len(lines(folder / "errors.csv")) < len(logins)
    assert files(folder) == ["default/11.png"]


def test_rate_limit_ends_the_run_with_what_was_fetched(
    collected: Collect, standin: GitHubStandIn, folder: Path
) -> None:
    standin.faults["/paul.png"] = responding(429, {"Retry-After": "3600"})
    before = datetime.now(UTC)
    with pytest.raises(RateLimited) as caught:
        collected(["hans", "paul"])
    assert caught.value.until is not None
    assert caught.value.until - before > timedelta(minutes=59)
    assert files(folder) == ["default/11.png"]
    assert lines(folder / "errors.csv") == []
    standin.faults.clear()
    assert collected(["hans", "paul", "anna"]) == {"custom": 2, "earlier": 1}


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan"), float("inf"), 1e-9])
def test_impossible_rate_is_refused(collected: Collect, folder: Path, rate: float) -> None:
    with pytest.raises(BadOption, match=r"The rate is .*: give 0\.001 to 1000 accounts per second"):
        collected(["hans"], rate=rate)
    assert not folder.exists()


def test_rate_is_not_exceeded(collected: Collect, standin: GitHubStandIn) -> None:
    arrivals = []

    def record(_: Exchange) -> bool:
        arrivals.append(time.monotonic())
        return False

    standin.faults |= {f"/{login}.png": record for login in AVATARS}
    started = time.monotonic()
    collected(["hans", "paul", "anna"], rate=10)
    assert len(arrivals) == 3
    assert arrivals[-1] - started >= 2 / 10


def test_balance_keeps_the_numbers_of_both_labels_equal(
    collected: Collect, standin: GitHubStandIn, folder: Path
) -> None:
    logins = ["paul", "anna", "otto", "hans", "greta", "thief", "ida"]
    assert collected(logins, balance=True) == {"custom": 1, "default": 2, "review": 1, "surplus": 3}
    surplus = [line["login"] for line in lines(folder / "aside.csv") if line["reason"] == "surplus"]
    assert surplus == ["anna", "otto", "ida"]
    assert files(folder) == ["custom/21.png", "default/11.png", "default/12.png", "review/41.png"]
    requests = standin.requests.copy()
    assert collected(logins, balance=True) == {"earlier": len(logins)}
    assert standin.requests == requests


def test_balance_counts_the_pictures_of_earlier_runs(collected: Collect) -> None:
    collected(["hans", "greta"])
    assert collected(["ida", "paul", "anna", "otto"], balance=True) == {"custom": 3, "surplus": 1}


KILLED_PROGRAM = """
import os, sys
from pathlib import Path
from github_avatars.scan import collect, collection
real, count = collection.write_atomically, 0
def write_atomically(path, data):
    global count
    if count == int(sys.argv[2]):
        os.kill(os.getpid(), 9)
    count += 1
    real(path, data)
collection.write_atomically = write_atomically
collection.Store.close = lambda store: os.kill(os.getpid(), 9)
collect(sys.argv[3:], Path(sys.argv[1]), rate=1000.0)
"""


@pytest.mark.parametrize("writes", [0, 1, 3, 4, 5, 6])
def test_run_that_is_killed_while_it_writes_loses_nothing(
    collected: Collect, standin: GitHubStandIn, folder: Path, tmp_path: Path, writes: int
) -> None:
    """It writes three pictures and three CSV files, and then removes the store."""
    logins = ["hans", "paul", "copycat", "thief", "nobody"]
    program: list[str | Path] = [sys.executable, "-c", KILLED_PROGRAM, folder, str(writes), *logins]
    killed = subprocess.run(program, cwd=ROOT, env=clean_environment(GITHUB_URL=standin.url), capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    requests = standin.requests.copy()
    # Logins that the next run does not name are written, too.
    collected(["nobody"])
    assert standin.requests == requests
    collected(logins, tmp_path / "undisturbed")
    assert contents(folder) == contents(tmp_path / "undisturbed")


def test_run_that_is_killed_while_it_fetches_resumes(standin: GitHubStandIn, folder: Path, tmp_path: Path) -> None:
    logins = [*AVATARS, "nobody"]
    (tmp_path / "logins.txt").write_text("\n".join(logins))
    command: list[str | Path] = [sys.executable, "-m", "github_avatars.cli", "collect"]
    command += ["--logins", tmp_path / "logins.txt"]
    command += ["--rate", "1000", "-o"]
    environment = clean_environment(GITHUB_URL=standin.url, PYTHONPATH=str(ROOT))
    for held in ("hans", "anna"):
        standin.faults[f"/{held}.png"] = hold = Hold()
        process = subprocess.Popen([*command, folder], env=environment, stderr=subprocess.DEVNULL)
        try:
            assert hold.wait_for_request()
        finally:
            process.kill()
            process.wait()
            hold.release.set()
        standin.faults.clear()
        assert not (folder / "index.csv").exists()
    for directory in (folder, tmp_path / "undisturbed"):
        ran = subprocess.run([*command, directory], env=environment, capture_output=True, text=True)
        assert ran.returncode == 0, ran.stderr
    assert contents(folder) == contents(tmp_path / "undisturbed")
