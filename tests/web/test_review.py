"""The review of what a scan is unsure of: by HTTP, and in a real browser."""

import http.client
import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

import synthesis
from github_avatars import identicon
from github_avatars.cli import command_line
from github_avatars.demo import GitHubStandIn, responding
from github_avatars.training import dataset
from github_avatars.training.dataset import Example
from github_avatars.training.degradation import Degradation
from tests.support.browsers import chromium
from tests.support.processes import ROOT, clean_environment
from tests.support.timing import TIMEOUT

SMEARED = Degradation(200, "BOX", False, "jpeg 90").apply(identicon.render(42))
ACCOUNTS = {"hans": ("default", 11), "thief": ("custom", 41), "paul": ("custom", 21), "smear": ("custom", 42)}
"""Of these, thief shows the identicon of another, and smear one that is not to the pixel its own."""


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shown")
    identicon.render(11).save(folder / "hans.png")
    identicon.render(51).save(folder / "thief.png")
    (folder / "paul.png").write_bytes(synthesis.draw("photo-landscape", 0).data)
    (folder / "smear.png").write_bytes(SMEARED)
    examples = [Example(f"{login}.png", label, login, number, "") for login, (label, number) in ACCOUNTS.items()]  # type: ignore[arg-type]
    dataset.write_index(folder, examples)
    return folder


@pytest.fixture
def github(shown: Path) -> Iterator[GitHubStandIn]:
    with GitHubStandIn(shown) as github:
        yield github


@pytest.fixture
def db(github: GitHubStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The store of a scan of all accounts."""
    monkeypatch.setenv("GITHUB_URL", github.url)
    path = str(tmp_path / "scan.db")
    assert command_line.main(["scan", *ACCOUNTS, "nobody", "--db", path, "-o", str(tmp_path / "rows")]) == 0
    return path


class Review:
    """The command as a process, and its page."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, method: str, path: str, body: str | None = None, **headers: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=TIMEOUT)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def next(self, after: int = 0) -> Any:
        status, body = self.ask("GET", f"/api/next?after={after}")
        assert status == 200, body
        return json.loads(body)


@pytest.fixture
def review(db: str, github: GitHubStandIn) -> Iterator[Review]:
    yield from serving(db, github.url)


def serving(db: str, github: str) -> Iterator[Review]:
    process = subprocess.Popen(
        [sys.executable, "-m", "github_avatars.cli", "review", db, "--port", "0"],
        cwd=ROOT,
        env=clean_environment(GITHUB_URL=github),
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
    assert "Traceback" not in err


def export(db: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert command_line.main(["review", db, "--export", str(folder)]) == 0
    return capsys.readouterr().out


# By HTTP


def test_what_is_in_doubt_is_shown_one_after_the_other(review: Review, shown: Path) -> None:
    first = review.next()
    assert first["left"] == 2
    assert {"thief", "smear"} == {first["account"]["name"], review.next(first["account"]["number"])["account"]["name"]}
    assert (first["account"]["label"], first["account"]["verified"]) == ("default", False)
    status, picture = review.ask("GET", f"/api/pictures/{first['account']['number']}")
    assert (status, picture) == (200, (shown / f"{first['account']['name']}.png").read_bytes())


def test_what_is_said_is_kept_with_the_picture_that_was_shown(
    db: str, github: GitHubStandIn, shown: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for review in serving(db, github.url):
        numbers = {}
        for _ in range(2):
            account = review.next(max(numbers.values(), default=0))["account"]
            numbers[account["name"]] = account["number"]
            assert review.ask("GET", f"/api/pictures/{account['number']}")[0] == 200
        # What the account shows from now on was not looked at.
        github.faults["/u/41"] = responding(200, {}, b"GIF89a")
        assert review.ask("PUT", f"/api/labels/{numbers['thief']}", "custom")[0] == 204
        assert review.next()["left"] == 1
        assert review.ask("PUT", f"/api/labels/{numbers['smear']}", "default")[0] == 204
        assert review.next() == {"left": 0, "account": None}
        assert review.ask("DELETE", f"/api/labels/{numbers['smear']}")[0] == 204
        assert review.next()["account"]["name"] == "smear"
        assert review.ask("PUT", f"/api/labels/{numbers['smear']}", "unsure")[0] == 204
    assert export(db, tmp_path / "out", capsys) == f"0 default, 1 custom in {tmp_path}/out\n"
    (example,) = dataset.read(tmp_path / "out")
    assert (example.label, example.login, example.account_id, example.family) == ("custom", "thief", 41, "reviewed")
    assert (tmp_path / "out" / example.file).read_bytes() == (shown / "thief.png").read_bytes()


def test_pictures_on_disk_are_reviewed_by_the_largest(
    shown: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, db = tmp_path / "pictures/zeke", str(tmp_path / "scan.db")
    folder.mkdir(parents=True)
    identicon.render(1).save(folder / "large.png")
    identicon.render(1, 64).save(folder / "small.png")
    (folder / "broken.png").touch()
    assert (
        command_line.main(["scan", "--images", str(tmp_path / "pictures"), "--db", db, "-o", str(tmp_path / "rows")])
        == 0
    )
    with GitHubStandIn(shown) as github:
        for review in serving(db, github.url):
            assert review.next() == {"left": 0, "account": None}
            assert review.ask("PUT", "/api/labels/1", "default")[0] == 204
    export(db, tmp_path / "out", capsys)
    (example,) = dataset.read(tmp_path / "out")
    assert (tmp_path / "out" / example.file).read_bytes() == (folder / "large.png").read_bytes()


def test_wrong_requests_are_told(review: Review, github: GitHubStandIn) -> None:
    number = review.next()["account"]["number"]
    for method, path, body, expected, kind in (
        ("PUT", f"/api/labels/{number}", "fake", 400, "bad-input"),
        ("PUT", "/api/labels/999", "default", 400, "bad-input"),
        ("GET", "/api/pictures/999", None, 400, "bad-input"),
        ("GET", "/api/next?after=x", None, 400, "bad-input"),
        ("GET", "/api/gone", None, 404, "bad-input"),
        ("POST", f"/api/labels/{number}", "default", 405, "bad-input"),
    ):
        status, answer = review.ask(method, path, body)
        assert (status, json.loads(answer)["kind"]) == (expected, kind), path
    github.faults |= {f"/u/{number}": responding(401) for _, number in ACCOUNTS.values()}
    status, answer = review.ask("GET", f"/api/pictures/{number}")
    assert (status, json.loads(answer)["kind"]) == (502, "login-required")
    assert review.ask("PUT", f"/api/labels/{number}", "default")[0] == 502
    assert review.next()["left"] == 2


def test_another_site_cannot_label(review: Review) -> None:
    number = review.next()["account"]["number"]
    for headers in ({"Origin": "https://example.com"}, {"Sec-Fetch-Site": "cross-site"}, {"Host": "example.com"}):
        assert review.ask("PUT", f"/api/labels/{number}", "default", **headers)[0] == 403
    assert review.next()["left"] == 2


def test_wrong_calls_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str], db: str) -> None:
    (tmp_path / "text").write_text("octocat")
    for words, why in (
        (["gone.db"], "no file gone.db"),
        ([str(tmp_path / "text")], "not a database"),
        ([db, "--unsure", "1..0"], "unsure band"),
        ([db, "--port", "70000"], "no port 70000"),
        ([db, "--export", str(tmp_path)], "give a folder that is not there"),
    ):
        capsys.readouterr()
        assert command_line.main(["review", *words]) == 1
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("error: ")
        assert why in line


# In a browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, review: Review) -> Iterator[Page]:
    page = browser.new_page()
    page.set_default_timeout(1000 * TIMEOUT)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(review.url)
    yield page
    page.close()
    assert complaints == []


def test_keys_label_what_is_shown(page: Page) -> None:
    left, name, default = page.locator("#left"), page.locator("#name"), page.get_by_role("button", name="d default")
    expect(left).to_have_text("2 to review")
    expect(page.locator("#said")).to_contain_text("its identicon is not the account’s own")
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
    assert {first, second} == {"thief", "smear"}


@pytest.mark.parametrize("colors", ["light", "dark"])
def test_the_page_is_usable_for_all(page: Page, colors: Any) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
    page.emulate_media(color_scheme=colors)
    expect(page.get_by_role("button", name="d default")).to_be_enabled()
    assert axe.Axe().run(page).violations_count == 0
