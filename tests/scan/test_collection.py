import csv
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import synthesis
from github_avatars import identicon
from github_avatars.demo import Exchange, GitHubStandIn, resetting, responding
from github_avatars.errors import OUTAGE, BadDataset, BadInput, RateLimited, Unreachable
from github_avatars.github import GitHub
from github_avatars.picture import decoding
from github_avatars.scan import collection
from github_avatars.scan.collection import collect, read_logins
from github_avatars.training import dataset
from github_avatars.training.dataset import Example
from github_avatars.training.degradation import Degradation
from tests.support.processes import ROOT, clean_environment
from tests.support.timing import TIMEOUT

FAST = 1000.0
NOTHING = {"default": 0, "custom": 0, "review": 0, "duplicate": 0, "surplus": 0, "error": 0, "earlier": 0}

PICTURES = {
    "hans": (11, identicon.render(11)),
    "greta": (12, identicon.render(12)),
    "ida": (13, identicon.render(13)),
    "paul": (21, decoding.decode(synthesis.draw("photo-landscape", 0).data)),
    "anna": (22, decoding.decode(synthesis.draw("cartoon", 0).data)),
    "otto": (23, decoding.decode(synthesis.draw("logo", 0).data)),
    "copycat": (31, decoding.decode(synthesis.draw("photo-landscape", 0).data)),
    "thief": (41, identicon.render(51)),
    "smear": (42, decoding.decode(Degradation(420, "BOX", False, "jpeg 90").apply(identicon.render(42)))),
    "owner": (51, identicon.render(51)),
}
"""Accounts: the login, the account id and what it shows."""


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the accounts show, for the stand-in. Its labels play no part."""
    folder = tmp_path_factory.mktemp("shown")
    for login, (_, picture) in PICTURES.items():
        picture.save(folder / f"{login}.png")
    dataset.write_index(
        folder, [Example(f"{login}.png", "custom", login, number, "") for login, (number, _) in PICTURES.items()]
    )
    return folder


@pytest.fixture
def standin(shown: Path) -> Iterator[GitHubStandIn]:
    with GitHubStandIn(shown) as standin:
        yield standin


@pytest.fixture
def hub(standin: GitHubStandIn) -> Iterator[GitHub]:
    """GitHub at the stand-in, without waits between retries."""
    with GitHub(standin.url, backoff=0) as hub:
        yield hub


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "collected"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def files(folder: Path) -> list[str]:
    """The pictures in the folder, and whatever else is below it."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.glob("*/*"))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def asked(standin: GitHubStandIn, login: str) -> int:
    return standin.requests[f"/{login}.png"]


# Logins


def test_logins_are_read_without_comments_and_repetitions(tmp_path: Path) -> None:
    path = tmp_path / "logins.txt"
    path.write_bytes(b"\xef\xbb\xbf# people\r\nzeke\r\n\r\n  OctoCat  # a cat\nZEKE\noctocat\n-Jerry-")
    assert read_logins(path) == ["zeke", "OctoCat", "-Jerry-"]


def test_logins_that_cannot_be_read_are_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"logins\.txt cannot be read \(No such file.*one login a line"):
        read_logins(tmp_path / "logins.txt")
    (tmp_path / "logins.txt").write_bytes(b"zeke\xff")
    with pytest.raises(BadInput, match=r"logins\.txt is no text in UTF-8"):
        read_logins(tmp_path / "logins.txt")


# Labels


def test_each_avatar_is_labelled_by_proof(hub: GitHub, folder: Path) -> None:
    assert collect(["hans", "paul", "thief", "smear", "otto"], folder, hub, rate=FAST) == NOTHING | {
        "default": 1,
        "custom": 2,
        "review": 2,
    }
    assert files(folder) == ["custom/21.png", "custom/23.png", "default/11.png", "review/41.png", "review/42.png"]
    assert identicon.is_of(decoding.read(folder / "default/11.png"), 11)


def test_the_index_is_a_datasets_and_says_when_and_whence(hub: GitHub, folder: Path) -> None:
    today = datetime.now(UTC).date()
    collect(["Hans", "paul"], folder, hub, rate=FAST)
    assert (
        dataset.read_index(folder)
        == dataset.read(folder)
        == [
            Example("default/11.png", "default", "Hans", 11, "identicon"),
            Example("custom/21.png", "custom", "paul", 21, "upload"),
        ]
    )
    first, _ = rows(folder / "index.csv")
    assert first["source"] == f"{hub.base}/Hans.png"
    assert datetime.fromisoformat(first["date"]).date() - today <= timedelta(1)


def test_files_are_kept_as_they_came_and_named_by_content(hub: GitHub, standin: GitHubStandIn, folder: Path) -> None:
    sent = {}
    for login, family in (("paul", "photo-night"), ("anna", "sprite"), ("otto", "photo-pale")):
        drawing = synthesis.draw(family, 0)
        number = PICTURES[login][0]
        sent[f"custom/{number}.{drawing.extension}"] = drawing.data
        standin.faults[f"/u/{number}"] = responding(200, {"Content-Type": "image/png"}, drawing.data)
    assert {Path(file).suffix for file in sent} == {".jpg", ".gif", ".webp"}
    collect(["paul", "anna", "otto"], folder, hub, rate=FAST)
    assert {file: (folder / file).read_bytes() for file in files(folder)} == sent


def test_the_margin_holds_on_the_drawn_avatars() -> None:
    """Thumbnails of identicons stay well below it; what falls below it of the custom ones is drawn to be hard."""
    examples = dataset.read_index(ROOT / "avatars")
    thumbnails, doubtful, customs = [], [], 0
    for example in examples:
        picture = decoding.read(ROOT / "avatars" / example.file)
        if example.label == "custom":
            customs += 1
            if collection.place(picture, example.account_id) != "custom":
                doubtful.append(example.family)
        elif len(thumbnails) < 300:
            assert collection.place(picture, example.account_id) == "default"
            assert collection.place(picture, example.account_id + 1) == "review"
            for codec in ("jpeg 50", "webp 80", "palette png"):
                copy = decoding.decode(Degradation(64, "BICUBIC", False, codec).apply(picture))
                thumbnails.append(identicon.fit(copy).error)
    assert max(thumbnails) < collection.CUSTOM_ERROR / 2
    assert len(doubtful) <= 0.04 * customs
    assert all(family.startswith(("grid-", "grey-", "near-grey-", "chart")) for family in doubtful), doubtful


def test_grey_all_over_is_for_a_person_to_look_at() -> None:
    assert collection.place(identicon.Identicon("...../...../...../...../.....", (0, 0, 0)).draw(), 7) == "review"


# Duplicates


def test_one_picture_of_two_accounts_is_kept_once(hub: GitHub, folder: Path) -> None:
    assert collect(["paul", "copycat"], folder, hub, rate=FAST) == NOTHING | {"custom": 1, "duplicate": 1}
    assert files(folder) == ["custom/21.png"]
    (aside,) = rows(folder / "aside.csv")
    assert (aside["login"], aside["reason"], aside["file"]) == ("copycat", "duplicate", "custom/21.png")


def test_one_account_of_two_names_is_kept_once(hub: GitHub, standin: GitHubStandIn, folder: Path) -> None:
    standin.faults["/formerly-paul.png"] = responding(302, {"Location": "/u/21?v=4"})
    collect(["paul"], folder, hub, rate=FAST)
    standin.faults["/u/21"] = responding(200, body=synthesis.draw("cartoon", 3).data)
    before = (folder / "custom/21.png").read_bytes()
    assert collect(["formerly-paul"], folder, hub, rate=FAST)["duplicate"] == 1
    assert (folder / "custom/21.png").read_bytes() == before


def test_whoever_shows_anothers_identicon_does_not_keep_out_its_owner(hub: GitHub, folder: Path) -> None:
    assert collect(["thief", "owner"], folder, hub, rate=FAST) == NOTHING | {"default": 1, "review": 1}
    assert files(folder) == ["default/51.png", "review/41.png"]


# Going on


def test_what_is_done_is_not_asked_for_again(hub: GitHub, standin: GitHubStandIn, folder: Path) -> None:
    everyone = [*PICTURES, "nobody", "im possible"]
    first = collect(everyone, folder, hub, rate=FAST)
    assert first == NOTHING | {"default": 4, "custom": 3, "review": 2, "duplicate": 1, "error": 2}
    before, requests = contents(folder), standin.requests.copy()
    again = collect([login.upper() for login in everyone], folder, hub, rate=FAST)
    assert again == NOTHING | {"earlier": len(everyone)}
    assert (contents(folder), standin.requests) == (before, requests)


def test_more_logins_are_added_to_what_is_there(hub: GitHub, folder: Path) -> None:
    collect(["hans"], folder, hub, rate=FAST)
    assert collect(["hans", "copycat", "paul"], folder, hub, rate=FAST) == NOTHING | {
        "custom": 1,
        "duplicate": 1,
        "earlier": 1,
    }
    assert [example.login for example in dataset.read(folder)] == ["hans", "copycat"]


@pytest.mark.parametrize("name", ["index.csv", "aside.csv", "errors.csv"])
@pytest.mark.parametrize("kept", [0, 1, 20, -1])
def test_a_line_that_was_cut_off_is_mended(
    hub: GitHub, standin: GitHubStandIn, folder: Path, name: str, kept: int
) -> None:
    """The cut goes through the heading, or through the last line, at its beginning and just before its end."""
    everyone = ["thief", "nobody", "hans"]
    collect(everyone, folder, hub, rate=FAST)
    path, before = folder / name, contents(folder)
    *_, last = before[name].splitlines(keepends=True)
    start = 5 if kept == 0 else len(before[name]) - len(last) + (kept if kept > 0 else len(last) - 1)
    path.write_bytes(before[name][:start])
    requests = standin.requests.copy()
    collect(everyone, folder, hub, rate=FAST)
    assert contents(folder) == before
    assert (standin.requests - requests).keys() < {"/thief.png", "/nobody.png", "/hans.png", "/u/41?v=4", "/u/11?v=4"}


def test_a_picture_without_its_line_is_fetched_anew(hub: GitHub, folder: Path) -> None:
    """As a kill between the two leaves it."""
    collect(["paul"], folder, hub, rate=FAST)
    before = contents(folder)
    heading = before["index.csv"].splitlines(keepends=True)[0]
    (folder / "index.csv").write_bytes(heading)
    assert collect(["paul"], folder, hub, rate=FAST) == NOTHING | {"custom": 1}
    assert contents(folder) == before


def test_what_a_person_moves_out_of_review_is_listed(hub: GitHub, folder: Path) -> None:
    collect(["smear", "thief"], folder, hub, rate=FAST)
    (folder / "custom").mkdir()
    (folder / "review/42.png").rename(folder / "custom/42.png")
    (folder / "review/41.png").unlink()
    for _ in range(2):
        assert collect(["smear", "thief"], folder, hub, rate=FAST) == NOTHING | {"earlier": 2}
        assert dataset.read(folder) == [Example("custom/42.png", "custom", "smear", 42, "reviewed")]


def test_other_folders_are_left_alone(hub: GitHub, shown: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(shown, tmp_path / "shown"))
    before = contents(copy)
    with pytest.raises(BadDataset, match=r"index\.csv is not a file to go on with .* give another folder"):
        collect(["hans"], copy, hub, rate=FAST)
    assert contents(copy) == before
    with pytest.raises(BadInput, match="cannot be written to"):
        collect(["hans"], copy / "hans.png", hub, rate=FAST)


def test_a_line_that_a_person_spoiled_is_told(hub: GitHub, folder: Path) -> None:
    collect(["hans"], folder, hub, rate=FAST)
    with (folder / "index.csv").open("a") as file:
        file.write("custom/1.png,custom\n")
    with pytest.raises(BadDataset, match=r"a line has 2 values: custom/1\.png, custom"):
        collect(["paul"], folder, hub, rate=FAST)


def test_two_runs_at_once_are_refused(hub: GitHub, folder: Path) -> None:
    def progress(items: Iterable[object], _: int) -> Iterator[object]:
        for item in items:
            with pytest.raises(BadInput, match="another run"):
                collect(["paul"], folder, hub, rate=FAST)
            yield item

    assert collect(["hans"], folder, hub, rate=FAST, progress=progress)["default"] == 1
    assert collect(["paul"], folder, hub, rate=FAST)["custom"] == 1


# Failures


def test_an_account_that_fails_is_a_line_and_the_next_follows(
    hub: GitHub, standin: GitHubStandIn, folder: Path
) -> None:
    standin.faults["/u/21"] = responding(200, body=(b"\x89PNG\r\n\x1a\n" + b"broken" * 50))
    standin.faults["/anna.png"] = resetting()
    standin.faults["/otto.png"] = responding(302, {"Location": "/in/7"})
    standin.faults["/in/7"] = responding(200, body=synthesis.draw("logo", 1).data)
    everyone = ["nobody", "-", "no body", "paul", "anna", "otto", "hans"]
    assert collect(everyone, folder, hub, rate=FAST) == NOTHING | {"default": 1, "error": 6}
    errors = rows(folder / "errors.csv")
    assert [(row["login"], row["kind"]) for row in errors] == [
        ("nobody", "no-such-account"),
        ("-", "no-such-account"),
        ("no body", "bad-login"),
        ("paul", "not-a-picture"),
        ("anna", "unreachable"),
        ("otto", "foreign-redirect"),
    ]
    assert all(row["login"] in row["message"] and row["date"] for row in errors)
    assert files(folder) == ["default/11.png"]


def test_an_account_that_failed_by_the_hosts_fault_is_asked_for_again(
    hub: GitHub, standin: GitHubStandIn, folder: Path
) -> None:
    standin.faults["/anna.png"] = resetting()
    collect(["anna", "nobody"], folder, hub, rate=FAST)
    standin.faults.clear()
    standin.requests.clear()
    assert collect(["anna", "nobody"], folder, hub, rate=FAST) == NOTHING | {"custom": 1, "earlier": 1}
    assert asked(standin, "nobody") == 0


def test_a_host_that_is_out_of_order_ends_the_run(hub: GitHub, standin: GitHubStandIn, folder: Path) -> None:
    logins = [f"account-{number}" for number in range(2 * OUTAGE)]
    standin.faults |= {f"/{login}.png": responding(401) for login in logins[::2]}
    standin.faults |= {f"/{login}.png": responding(503) for login in logins[1::2]}
    with pytest.raises(Unreachable, match=rf"So did 10 accounts in a row.* kept in {folder}"):
        collect(["hans", *logins], folder, hub, rate=FAST)
    assert len(rows(folder / "errors.csv")) == OUTAGE
    assert files(folder) == ["default/11.png"]


def test_a_rate_limit_ends_the_run_and_says_when_to_go_on(hub: GitHub, standin: GitHubStandIn, folder: Path) -> None:
    standin.faults["/paul.png"] = responding(429, {"Retry-After": "3600"})
    before = datetime.now(UTC)
    with pytest.raises(RateLimited, match=rf"retry after .* kept in {folder}: run the same command") as caught:
        collect(["hans", "paul", "anna"], folder, hub, rate=FAST)
    assert caught.value.until is not None
    assert caught.value.until - before > timedelta(minutes=59)
    assert asked(standin, "anna") == 0
    standin.faults.clear()
    assert collect(["hans", "paul", "anna"], folder, hub, rate=FAST) == NOTHING | {"custom": 2, "earlier": 1}
    assert rows(folder / "errors.csv") == []


# Pace


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan"), float("inf"), 1e-9])
def test_a_rate_out_of_bounds_is_refused(hub: GitHub, folder: Path, rate: float) -> None:
    with pytest.raises(BadInput, match=r"The rate is .*: give 0\.001 to 1000 accounts per second"):
        collect(["hans"], folder, hub, rate=rate)
    assert not folder.exists()


def test_accounts_are_asked_for_no_faster_than_the_rate(hub: GitHub, standin: GitHubStandIn, folder: Path) -> None:
    arrivals = []

    def watch(_: Exchange) -> bool:
        arrivals.append(time.monotonic())
        return False

    standin.faults |= {f"/{login}.png": watch for login in PICTURES}
    begun = time.monotonic()
    collect(["hans", "paul", "nobody", "anna"], folder, hub, rate=10)
    assert len(arrivals) == 3
    assert arrivals[-1] - begun >= 3 / 10


def test_progress_sees_every_account_that_is_left(hub: GitHub, folder: Path) -> None:
    seen = []

    def progress(items: Iterable[object], total: int) -> Iterator[object]:
        for item in items:
            seen.append((item, total))
            yield item

    collect(["hans"], folder, hub, rate=FAST)
    collect(["hans", "paul", "nobody"], folder, hub, rate=FAST, progress=progress)
    assert seen == [("paul", 2), ("nobody", 2)]


# Balance


def test_balance_keeps_the_labels_equal_in_number(hub: GitHub, standin: GitHubStandIn, folder: Path) -> None:
    everyone = ["paul", "anna", "otto", "hans", "greta", "thief", "ida"]
    assert collect(everyone, folder, hub, rate=FAST, balance=True) == NOTHING | {
        "custom": 1,
        "default": 2,
        "review": 1,
        "surplus": 3,
    }
    surplus = [row["login"] for row in rows(folder / "aside.csv") if row["reason"] == "surplus"]
    assert surplus == ["anna", "otto", "ida"]
    assert files(folder) == ["custom/21.png", "default/11.png", "default/12.png", "review/41.png"]
    requests = standin.requests.copy()
    assert collect(everyone, folder, hub, rate=FAST, balance=True)["earlier"] == len(everyone)
    assert standin.requests == requests


def test_balance_makes_up_for_what_is_there_already(hub: GitHub, folder: Path) -> None:
    collect(["hans", "greta"], folder, hub, rate=FAST)
    assert collect(["ida", "paul", "anna", "otto"], folder, hub, rate=FAST, balance=True) == NOTHING | {
        "custom": 3,
        "surplus": 1,
    }


# The command


def command(folder: Path, logins: Iterable[str], *options: str) -> list[str | Path]:
    path = folder.parent / "logins.txt"
    path.write_text("\n".join(logins))
    return [ROOT / "script/collect", "--logins", path, "-o", folder, "--rate", "1000", *options]


def test_a_killed_collection_goes_on_where_it_was(github: GitHubStandIn, folder: Path, tmp_path: Path) -> None:
    """Killed three times by SIGKILL, each time while it waits for GitHub, it ends as one that was left alone."""
    logins = [f"default-{number}" for number in range(6)] + [f"cartoon-{number}" for number in range(1, 7)]
    environment = clean_environment(GITHUB_URL=github.url)
    for fatal in ("default-0", "default-4", "cartoon-4"):
        reached = threading.Event()
        over = threading.Event()

        def hold(_: Exchange, reached: threading.Event = reached, over: threading.Event = over) -> bool:
            reached.set()
            over.wait(TIMEOUT)
            return False

        github.faults[f"/{fatal}.png"] = hold
        with subprocess.Popen(
            command(folder, logins), env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as run:
            try:
                assert reached.wait(TIMEOUT)
            finally:
                run.send_signal(signal.SIGKILL)
                over.set()
        github.faults.clear()
        assert len(dataset.read(folder)) == logins.index(fatal)
    done = subprocess.run(command(folder, logins), env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert '"earlier": 9' in done.stdout
    assert "3/3" in done.stderr
    for login in logins:
        assert asked(github, login) == (2 if login in ("default-0", "default-4", "cartoon-4") else 1), login
    with GitHub(github.url) as hub:
        collect(logins, tmp_path / "at-once", hub, rate=FAST)
    assert contents(folder) == contents(tmp_path / "at-once")


def test_an_interrupted_collection_is_one_line(github: GitHubStandIn, folder: Path) -> None:
    reached = threading.Event()
    over = threading.Event()

    def hold(_: Exchange) -> bool:
        reached.set()
        over.wait(TIMEOUT)
        return False

    github.faults["/octocat.png"] = hold
    with subprocess.Popen(
        command(folder, ["default-0", "octocat"]),
        env=clean_environment(GITHUB_URL=github.url),
        stderr=subprocess.PIPE,
        text=True,
    ) as run:
        assert reached.wait(TIMEOUT)
        run.send_signal(signal.SIGINT)
        over.set()
        _, stderr = run.communicate(timeout=TIMEOUT)
    assert run.returncode == 130
    assert stderr.splitlines()[-1] == "error: interrupted"
    assert "Traceback" not in stderr
    assert [example.login for example in dataset.read(folder)] == ["default-0"]


def test_a_failed_collection_is_one_line(github: GitHubStandIn, folder: Path) -> None:
    github.faults["/octocat.png"] = responding(429, {"Retry-After": "3600"})
    run = subprocess.run(
        command(folder, ["octocat"], "--balance"),
        env=clean_environment(GITHUB_URL=github.url),
        capture_output=True,
        text=True,
    )
    assert (run.returncode, run.stdout) == (1, "")
    last = run.stderr.splitlines()[-1]
    assert last.startswith("error: ")
    assert "retry after" in last


def test_a_model_is_trained_on_what_was_collected(github: GitHubStandIn, folder: Path, tmp_path: Path) -> None:
    with GitHub(github.url) as hub:
        collect(
            [f"{kind}-{number}" for kind in ("default", "cartoon") for number in range(1, 7)], folder, hub, rate=FAST
        )
    run = subprocess.run(
        [sys.executable, ROOT / "train.py", "--data", folder, "--model", tmp_path / "model.pkl"],
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "model.pkl").exists()
