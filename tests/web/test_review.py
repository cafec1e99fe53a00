"""The command `review` as a process: its page by HTTP and in a real browser."""

import http.client
import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

import synthesis
from github_avatars import identicon
from github_avatars.cli import command_line
from github_avatars.demo import GitHubStandIn, responding
from github_avatars.github import GitHub
from github_avatars.scan.labels import Candidate
from github_avatars.training import dataset
from github_avatars.training.degradation import Degradation
from github_avatars.web.bodies import DISCARDED_BYTES
from github_avatars.web.review import _fetch
from tests.support.avatars import Avatars, write_avatars
from tests.support.processes import ROOT, clean_environment
from tests.support.sites import send_endlessly
from tests.support.timing import TIMEOUT
from tests.support.visits import Visit

ACCOUNTS: Avatars = {
    "hans": (11, identicon.render(11)),
    "thief": (41, identicon.render(51)),
    "paul": (21, synthesis.draw("photo-landscape", 0).data),
    "blur": (42, Degradation(200, "BOX", circle=False, codec="jpeg 90").apply(identicon.render(42))),
}
"""Account ids and avatars. thief shows the identicon of another account, and blur a copy of its own that differs."""


@pytest.fixture(scope="module")
def avatars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_avatars(tmp_path_factory.mktemp("avatars"), ACCOUNTS)


@pytest.fixture
def github(avatars: Path) -> Iterator[GitHubStandIn]:
    with GitHubStandIn(avatars) as github:
        yield github


@pytest.fixture
def db(github: GitHubStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The store of a scan of all accounts."""
    monkeypatch.setenv("GITHUB_URL", github.url)
    path = str(tmp_path / "scan.db")
    assert command_line.main(["scan", *ACCOUNTS, "nobody", "--db", path, "-o", str(tmp_path / "rows")]) == 0
    return path


class Review:
    """The page of a running review."""

    def __init__(self, url: str) -> None:
        self.url = url

    def request(self, method: str, path: str, body: str | None = None, **headers: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=TIMEOUT)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def next(self, after: int = 0) -> Any:
        status, body = self.request("GET", f"/api/next?after={after}")
        assert status == 200, body
        return json.loads(body)

    def put(self, number: int, label: str, **headers: str) -> int:
        """The status of the request that labels an account."""
        return self.request("PUT", f"/api/labels/{number}", label, **headers)[0]


@contextmanager
def reviewing(db: str, github_url: str) -> Iterator[Review]:
    process = subprocess.Popen(
        [sys.executable, "-m", "github_avatars.cli", "review", db, "--port", "0"],
        cwd=ROOT,
        env=clean_environment(GITHUB_URL=github_url),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stderr
    address = process.stdout.readline().strip()
    try:
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", address), process.stderr.read()
        yield Review(address)
    finally:
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=TIMEOUT)
    assert err == ""


@pytest.fixture
def review(db: str, github: GitHubStandIn) -> Iterator[Review]:
    with reviewing(db, github.url) as review:
        yield review


def export(db: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """Export the labels; returns what the command prints."""
    capsys.readouterr()
    assert command_line.main(["review", db, "--export", str(folder)]) == 0
    return capsys.readouterr().out


def test_candidates_are_shown_with_their_pictures(review: Review, avatars: Path) -> None:
    first = review.next()
    assert first["left"] == 2
    assert {"thief", "blur"} == {first["account"]["name"], review.next(first["account"]["number"])["account"]["name"]}
    assert (first["account"]["label"], first["account"]["verified"]) == ("default", False)
    status, picture = review.request("GET", f"/api/pictures/{first['account']['number']}")
    assert (status, picture) == (200, (avatars / f"{first['account']['name']}.png").read_bytes())


def test_pictures_come_from_the_addresses_that_the_scan_used(github: GitHubStandIn, avatars: Path) -> None:
    by_address = Candidate(1, "<>", None, None, "default", 0.9, None, email="hans@example.com")
    app = Candidate(2, "#5", "x-ci[bot]", 5, "custom", 0.5, None, avatar_url=f"{github.url}/in/15368?v=4")
    with GitHub(github.url) as client:
        assert _fetch(client, by_address) == (avatars / "hans.png").read_bytes()
        assert _fetch(client, app)
    assert github.requests["/in/15368?v=4"] == 1


def test_labels_are_exported_with_the_pictures_that_were_shown(
    db: str, github: GitHubStandIn, avatars: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with reviewing(db, github.url) as review:
        numbers: dict[str, int] = {}
        for _ in range(2):
            account = review.next(max(numbers.values(), default=0))["account"]
            numbers[account["name"]] = account["number"]
            assert review.request("GET", f"/api/pictures/{account['number']}")[0] == 200
        # The account changes its avatar after the person has seen it.
        github.faults["/u/41"] = responding(200, {}, b"GIF89a")
        assert review.put(numbers["thief"], "custom") == 204
        assert review.next()["left"] == 1
        assert review.put(numbers["blur"], "default") == 204
        assert review.next() == {"left": 0, "account": None}
        assert review.request("DELETE", f"/api/labels/{numbers['blur']}")[0] == 204
        assert review.next()["account"]["name"] == "blur"
        assert review.put(numbers["blur"], "unsure") == 204
    assert export(db, tmp_path / "out", capsys) == f"0 default, 1 custom in {tmp_path}/out\n"
    (example,) = dataset.read(tmp_path / "out")
    assert (example.label, example.login, example.account_id, example.family) == ("custom", "thief", 41, "reviewed")
    assert (tmp_path / "out" / example.file).read_bytes() == (avatars / "thief.png").read_bytes()


def test_the_largest_of_several_pictures_on_disk_is_reviewed(
    github: GitHubStandIn, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, db = tmp_path / "pictures/zeke", str(tmp_path / "scan.db")
    folder.mkdir(parents=True)
    identicon.render(1).save(folder / "large.png")
    identicon.render(1, 64).save(folder / "small.png")
    (folder / "broken.png").touch()
    words = ["scan", "--images", str(tmp_path / "pictures"), "--db", db, "-o", str(tmp_path / "rows")]
    assert command_line.main(words) == 0
    with reviewing(db, github.url) as review:
        assert review.next() == {"left": 0, "account": None}
        assert review.put(1, "default") == 204
    export(db, tmp_path / "out", capsys)
    (example,) = dataset.read(tmp_path / "out")
    assert (tmp_path / "out" / example.file).read_bytes() == (folder / "large.png").read_bytes()


def test_invalid_requests_are_rejected(review: Review, github: GitHubStandIn) -> None:
    number = review.next()["account"]["number"]
    for method, path, body, status in (
        ("PUT", f"/api/labels/{number}", "fake", 400),
        ("PUT", "/api/labels/999", "default", 400),
        ("GET", "/api/pictures/999", None, 400),
        ("GET", "/api/next?after=x", None, 400),
        ("GET", "/api/gone", None, 404),
        ("POST", f"/api/labels/{number}", "default", 405),
    ):
        code, problem = review.request(method, path, body)
        assert (code, json.loads(problem)["kind"]) == (status, "bad-input"), path
    for path in (
        f"/api/pictures/{2**63}",
        f"/api/pictures/{'9' * 5000}",
        "/api/pictures/x",
        "/api/next?after=" + "9" * 19,
    ):
        code, problem = review.request("GET", path)
        assert (code, json.loads(problem)["kind"]) == (400, "bad-input"), path
    for method in ("PUT", "DELETE"):
        assert review.request(method, f"/api/labels/{2**63}", "default")[0] == 400
    github.faults |= {f"/u/{account_id}": responding(401) for account_id, _ in ACCOUNTS.values()}
    code, problem = review.request("GET", f"/api/pictures/{number}")
    assert (code, json.loads(problem)["kind"]) == (502, "login-required")
    assert review.put(number, "default") == 502
    assert review.next()["left"] == 2


def test_endless_label_is_not_read_to_its_end(review: Review) -> None:
    number = review.next()["account"]["number"]
    code, problem = review.request("PUT", f"/api/labels/{number}", "x" * 51)
    assert (code, json.loads(problem)["kind"]) == (413, "too-large")
    port = int(review.url.rpartition(":")[2])
    assert send_endlessly(port, "PUT", f"/api/labels/{number}", 20 * DISCARDED_BYTES) < 3 * DISCARDED_BYTES
    assert review.next()["left"] == 2


def test_other_sites_cannot_label(review: Review) -> None:
    number = review.next()["account"]["number"]
    for headers in ({"Origin": "https://example.com"}, {"Sec-Fetch-Site": "cross-site"}, {"Host": "example.com"}):
        assert review.put(number, "default", **headers) == 403
    assert review.next()["left"] == 2


def test_wrong_calls_are_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "text").write_text("octocat")
    monkeypatch.setenv("GITHUB_URL", "https://github.example.com")
    for words, reason in (
        (["gone.db"], "no file gone.db"),
        ([str(tmp_path / "text")], "not a database"),
        ([db, "--unsure", "1..0"], "1..0"),
        ([db, "--port", "70000"], "no port 70000"),
        ([db, "--port", "0"], "not of https://github.example.com"),
        ([db, "--export", str(tmp_path)], "give a folder that does not exist"),
    ):
        capsys.readouterr()
        assert command_line.main(["review", *words]) == 1
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("error: ")
        assert reason in line


@pytest.fixture
def visit(browser: Browser, review: Review) -> Iterator[Visit]:
    context = browser.new_context()
    visit = Visit(context.new_page(), review.url).open()
    yield visit
    context.close()
    assert visit.complaints == []
    assert visit.foreign == []


def test_keys_label_the_picture_that_is_shown(visit: Visit) -> None:
    page = visit.page
    left, name, default = page.locator("#left"), page.locator("#name"), page.get_by_role("button", name="d default")
    expect(left).to_have_text("2 to review")
    expect(page.locator("#verdict")).to_contain_text("the identicon is not the account’s own")
    expect(default).to_be_enabled()
    first = name.text_content()
    page.keyboard.press("l")
    expect(name).not_to_have_text(first or "")
    second = name.text_content()
    expect(default).to_be_enabled()
    page.keyboard.press("d")
    expect(left).to_have_text("1 to review")
    expect(name).to_have_text(first or "")
    expect(default).to_be_enabled()
    page.keyboard.press("c")
    expect(left).to_have_text("Nothing is left to review.")
    page.keyboard.press("z")
    expect(left).to_have_text("1 to review")
    expect(name).to_have_text(first or "")
    page.get_by_role("button", name="u unsure").click()
    expect(left).to_have_text("Nothing is left to review.")
    expect(default).to_be_hidden()
    assert {first, second} == {"thief", "blur"}


def test_the_page_is_accessible(visit: Visit) -> None:
    for scheme in ("light", "dark"):
        visit.page.emulate_media(color_scheme=scheme)
        expect(visit.page.get_by_role("button", name="d default")).to_be_enabled()
        visit.expect_accessible()
