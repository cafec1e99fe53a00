"""The page in a browser: one account or one picture."""

import re
import shlex
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from github_avatars.demo import MODES
from github_avatars.picture.decoding import MAX_BYTES
from tests.support.processes import ROOT, clean_environment
from tests.support.sites import DEFAULT, PageServer, picture_of
from tests.support.timing import TIMEOUT
from tests.support.visits import Visit, expect_loaded

CLIPBOARD = {"permissions": ["clipboard-read", "clipboard-write"]}


def test_default_avatar_is_shown_with_its_explanation(visit: Visit) -> None:
    visit.open().check(DEFAULT.login)
    expect(visit.card.get_by_role("heading")).to_have_text(f"{DEFAULT.login} shows GitHub’s default avatar")
    expect(visit.card).to_contain_text("Over 99.9 % sure.")
    expect(visit.card).to_contain_text(f"Every pixel is as GitHub draws it for account {DEFAULT.account_id}.")
    expect(visit.status).to_have_text(f"{DEFAULT.login} shows GitHub’s default avatar: over 99.9 % sure.")
    assert visit.card.locator(".panels figure").count() == 3
    for image in visit.card.locator("img").all():
        expect_loaded(image)
    assert visit.card.locator(".bars tbody tr").count() == 5
    assert visit.page.url == f"{visit.url}/{DEFAULT.login}"
    assert visit.page.title() == f"{DEFAULT.login}: default · Default or custom?"


def test_custom_avatar_is_shown_beside_the_default_one(visit: Visit) -> None:
    visit.open().check("octocat")
    expect(visit.card.get_by_role("heading")).to_have_text("octocat shows a custom avatar")
    expect(visit.card.locator(".panels figure")).to_have_count(4)
    expect_loaded(visit.card.locator(".panels img").last)


def test_bars_are_proportional_to_the_contributions(visit: Visit, server: PageServer) -> None:
    why = server.request("/octocat.json").json["why"]
    values = [why["base"], *(contribution["log_odds"] for contribution in why["contributions"]), why["score"]]
    visit.open("/octocat")
    track = visit.card.locator(".track").first.bounding_box()
    assert track
    visit.wait_for_animations()
    largest = max(1, *map(abs, values))
    for value, bar in zip(values, visit.card.locator(".bar").all(), strict=True):
        box = bar.bounding_box()
        assert box
        middle = track["x"] + track["width"] / 2
        assert box["width"] == pytest.approx(track["width"] / 2 * abs(value) / largest, abs=1)
        assert (box["x"] if value > 0 else box["x"] + box["width"]) == pytest.approx(middle, abs=1)


def test_an_address_shows_its_answer_and_the_history_works(visit: Visit) -> None:
    visit.open("/octocat")
    expect(visit.card).to_have_attribute("data-prediction", "custom")
    expect(visit.field).to_have_value("octocat")
    visit.check(f"@{DEFAULT.login}")
    expect(visit.card).to_have_attribute("data-prediction", "default")
    visit.page.go_back()
    expect(visit.card).to_have_attribute("data-prediction", "custom")
    visit.page.get_by_role("link", name="github-avatars").click()
    expect(visit.card).to_have_count(0)


@pytest.mark.parametrize("spelling", ["@octocat", "https://github.com/octocat", "github.com/octocat.png"])
def test_every_spelling_of_a_login_is_shown_as_the_login(visit: Visit, spelling: str) -> None:
    visit.open().check(spelling)
    expect(visit.card).to_contain_text("octocat shows a custom avatar")
    expect(visit.page).to_have_url(f"{visit.url}/octocat")
    expect(visit.card.get_by_role("link", name="Profile")).to_have_attribute("href", re.compile("/octocat$"))


def test_an_account_by_its_id_is_shown_with_the_address_of_its_picture(visit: Visit) -> None:
    account_id = DEFAULT.account_id
    visit.open().check(f"https://avatars.githubusercontent.com/u/{account_id}?v=4")
    expect(visit.card).to_have_attribute("data-prediction", "default")
    expect(visit.card).to_contain_text(f"Every pixel is as GitHub draws it for account {account_id}.")
    picture = visit.card.get_by_role("link", name="Picture")
    expect(picture).to_have_attribute("href", re.compile(rf"/u/{account_id}\?v=4$"))
    json_link = visit.card.get_by_role("link", name="JSON")
    visit.page.goto(visit.page.url)
    expect(visit.card).to_have_attribute("data-prediction", "default")
    expect(json_link).to_have_attribute("href", re.compile(r"^/api/accounts\?login=https%3A%2F%2Favatars"))


def test_a_new_request_replaces_the_previous_one(visit: Visit, server: PageServer) -> None:
    release = threading.Event()
    server.standin.faults["/octocat.png"] = MODES["silence"].fault
    server.standin.faults[f"/{DEFAULT.login}.png"] = lambda _: not release.wait(TIMEOUT)
    visit.open().check("octocat")
    expect(visit.card).to_contain_text("Fetching the avatar of octocat …")
    with visit.page.expect_event("requestfailed", lambda request: request.url.endswith("login=octocat")):
        visit.check(DEFAULT.login)
    expect(visit.card).to_contain_text(f"Fetching the avatar of {DEFAULT.login} …")
    release.set()
    expect(visit.card).to_have_attribute("data-prediction", "default")


def test_a_request_can_be_stopped_and_repeated(visit: Visit, server: PageServer) -> None:
    server.standin.mode = MODES["silence"]
    visit.open().check("octocat")
    expect(visit.card.get_by_role("progressbar")).to_be_visible()
    visit.expect_accessible()
    visit.card.get_by_role("button", name="Stop").click()
    expect(visit.card).to_have_attribute("data-kind", "stopped")
    server.standin.mode = None
    visit.card.get_by_role("button", name="Try again").click()
    expect(visit.card).to_have_attribute("data-prediction", "custom")


@pytest.mark.parametrize("visit", [CLIPBOARD], indirect=True)
def test_copied_commands_return_the_same_answer(visit: Visit, server: PageServer) -> None:
    visit.open("/octocat")

    def copy(button: str, name: str) -> str:
        visit.card.get_by_role("button", name=button).click()
        expect(visit.status).to_have_text(f"{name} is copied.")
        return str(visit.page.evaluate("navigator.clipboard.readText()"))

    assert copy("Copy link", "The link") == f"{server.url}/octocat"
    program, address = shlex.split(copy("Copy as curl", "The curl command"))
    assert (program, address) == ("curl", f"{server.url}/octocat.json")
    assert server.request(address.removeprefix(server.url)).json["prediction"] == "custom"
    process = subprocess.run(
        [sys.executable, "-c", copy("Copy as Python", "The Python code")],
        cwd=ROOT,
        env=clean_environment(GITHUB_URL=server.standin.url),
        capture_output=True,
        text=True,
        check=True,
    )
    assert process.stdout.startswith("Verdict(label='custom', ")
    assert visit.card.get_by_role("link", name="JSON").get_attribute("href") == "/octocat.json"


def test_without_a_clipboard_the_text_is_selected(visit: Visit) -> None:
    visit.page.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    visit.open("/octocat")
    visit.card.get_by_role("button", name="Copy as curl").click()
    expect(visit.page.get_by_label("Text to copy")).to_be_focused()
    assert visit.page.evaluate("document.activeElement.value.length === document.activeElement.selectionEnd")


@pytest.mark.parametrize("visit", [CLIPBOARD], indirect=True)
def test_a_picture_can_be_pasted(visit: Visit) -> None:
    visit.open().dispatch([("it's.png", picture_of(DEFAULT.login))], "paste")
    expect(visit.card.get_by_role("heading")).to_have_text("it's.png is GitHub’s default avatar")
    visit.card.get_by_role("button", name="Copy as curl").click()
    expect(visit.status).to_have_text("The curl command is copied.")
    words = shlex.split(visit.page.evaluate("navigator.clipboard.readText()"))
    assert words == ["curl", "--data-binary", "@it's.png", f"{visit.url}/api/pictures"]
    visit.card.get_by_role("button", name="Copy as Python").click()
    expect(visit.status).to_have_text("The Python code is copied.")
    assert 'print(classify("it\'s.png"))' in visit.page.evaluate("navigator.clipboard.readText()")


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        pytest.param(b"<!DOCTYPE html>", "not-a-picture", id="HTML"),
        pytest.param(b"", "not-a-picture", id="empty"),
        pytest.param(MAX_BYTES + 1, "too-large", id="too many bytes"),
    ],
)
def test_an_unusable_file_is_a_problem(visit: Visit, data: bytes | int, kind: str) -> None:
    visit.open().dispatch([("file.png", data)], "drop")
    expect(visit.card).to_have_attribute("data-kind", kind)
    visit.expect_accessible()


def test_a_deleted_file_is_a_problem(browser: Browser, server: PageServer, tmp_path: Path) -> None:
    context = browser.new_context()
    visit = Visit(context.new_page(), server.url).open()
    file = tmp_path / "deleted.png"
    file.write_bytes(picture_of("octocat"))
    context.set_offline(True)
    visit.page.locator("#files").set_input_files(file)
    expect(visit.card).to_have_attribute("data-kind", "offline")
    file.unlink()
    visit.card.get_by_role("button", name="Try again").click()
    expect(visit.card).to_contain_text("The file cannot be read: give a picture file.")
    context.close()
