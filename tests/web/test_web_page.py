"""The page in a real browser. Whatever the browser complains of fails the test: scripts, its policy, the network."""

import base64
import csv
import io
import re
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Error, Locator, Page, expect

from github_avatars.demo import AVATARS, MODES, responding
from github_avatars.picture.decoding import MAX_BYTES
from github_avatars.training import dataset
from github_avatars.web.limits import TokenBuckets
from tests.support.browsers import chromium
from tests.support.processes import ROOT, clean_environment
from tests.support.sites import PageServer, page_server, reset
from tests.support.timing import TIMEOUT

EXAMPLES = dataset.read_index(AVATARS)
DEFAULT = next(example for example in EXAMPLES if example.label == "default")
FIFTY = EXAMPLES[:: len(EXAMPLES) // 50][:50]
REFUSED = "Failed to load resource: the server responded with a status of "
"""How Chromium tells of every answer that is not one of success; what comes of these is what the page draws."""
HOSTILE = "<img src=x onerror=alert(1)>"
DROP = """
([files, types]) => {
  const carried = new DataTransfer()
  for (const [name, given] of files) {
    const zeros = typeof given === "number"
    const bytes = zeros ? new Uint8Array(given) : Uint8Array.from(atob(given), (sign) => sign.charCodeAt(0))
    carried.items.add(new File([bytes], name))
  }
  for (const type of types) {
    const event = type === "paste"
      ? new ClipboardEvent(type, { clipboardData: carried, bubbles: true, cancelable: true })
      : new DragEvent(type, { dataTransfer: carried, bubbles: true, cancelable: true })
    document.body.dispatchEvent(event)
  }
}
"""


REST = """
Promise.allSettled(document.getAnimations().filter((each) => each.effect.getComputedTiming().iterations === 1)
  .map((each) => each.finished))
"""
"""Comes when everything has come to rest that ever will."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def whole_module() -> Iterator[PageServer]:
    with page_server() as running:
        yield running


@pytest.fixture
def served(whole_module: PageServer) -> Iterator[PageServer]:
    yield from reset(whole_module)


class Visit:
    """Someone's visit to the page; `complaints` is all that the browser found wrong."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.complaints: list[str] = []
        self.foreign: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._heard)
        page.on("request", lambda request: self._asked(request.url))
        page.on("dialog", lambda dialog: self.complaints.append(dialog.message))

    def _heard(self, said: ConsoleMessage) -> None:
        if said.type in ("error", "warning") and not said.text.startswith(REFUSED):
            self.complaints.append(said.text)

    def _asked(self, url: str) -> None:
        if not url.startswith((f"{self.url}/", "data:", "blob:")):
            self.foreign.append(url)

    def open(self, path: str = "/") -> "Visit":
        self.page.goto(self.url + path)
        return self

    @property
    def field(self) -> Locator:
        return self.page.get_by_label("A GitHub name, or a list of them")

    @property
    def card(self) -> Locator:
        return self.page.locator("#answer > .card")

    @property
    def status(self) -> Locator:
        return self.page.get_by_role("status")

    def look(self, text: str) -> None:
        self.field.fill(text)
        self.page.get_by_role("button", name="Look", exact=True).click()

    def hand_over(self, files: Sequence[tuple[str, bytes | int]], *types: str) -> None:
        """Have files dropped or pasted; a number is that of zeros in it."""
        given = [(name, data if isinstance(data, int) else base64.b64encode(data).decode()) for name, data in files]
        self.page.evaluate(DROP, [given, types])

    def expect_settled(self, count: int) -> None:
        expect(self.card).to_have_attribute("data-settled", str(count))


@pytest.fixture
def visit(browser: Browser, served: PageServer, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """A visit with a fresh profile. A parameter gives options of the browser's context."""
    options = {"viewport": {"width": 1280, "height": 900}, **getattr(request, "param", {})}
    context = browser.new_context(**options)
    visit = Visit(context.new_page(), served.url)
    yield visit
    context.close()
    assert visit.complaints == []
    assert visit.foreign == []


def picture_of(login: str) -> bytes:
    (file,) = (example.file for example in EXAMPLES if example.login == login)
    return (AVATARS / file).read_bytes()


def expect_loaded(image: Locator) -> None:
    assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0


def expect_accessible(visit: Visit) -> None:
    # What has not come to rest yet has other colours.
    visit.page.evaluate(REST)
    found = Axe().run(visit.page)
    assert found.violations_count == 0, found.generate_report()


# One name


def test_a_default_avatar_is_told_in_words_and_shown_with_the_why(visit: Visit, served: PageServer) -> None:
    visit.open().look(DEFAULT.login)
    expect(visit.card.get_by_role("heading")).to_have_text(f"{DEFAULT.login} shows GitHub’s default avatar")
    expect(visit.card).to_contain_text("Over 99.9 % sure.")
    expect(visit.card).to_contain_text(f"To the pixel what GitHub draws for account {DEFAULT.account_id}.")
    expect(visit.status).to_have_text(f"{DEFAULT.login} shows GitHub’s default avatar: over 99.9 % sure.")
    assert visit.card.locator(".panels figure").count() == 3
    for image in visit.card.locator("img").all():
        expect_loaded(image)
    rows = visit.card.locator(".bars tbody tr")
    assert rows.count() == 5
    assert visit.page.url == f"{served.url}/{DEFAULT.login}"
    assert visit.page.title() == f"{DEFAULT.login}: default · Default or custom?"


def test_a_custom_avatar_is_shown_beside_what_it_would_be(visit: Visit) -> None:
    visit.open().look("octocat")
    expect(visit.card.get_by_role("heading")).to_have_text("octocat shows an avatar of its own")
    expect(visit.card.locator(".panels figure")).to_have_count(4)
    expect_loaded(visit.card.locator(".panels img").last)


def test_the_bars_are_as_long_as_what_they_tell(visit: Visit, served: PageServer) -> None:
    why = served.request("/octocat.json").json["why"]
    values = [why["base"], *(one["log_odds"] for one in why["contributions"]), why["score"]]
    visit.open("/octocat")
    track = visit.card.locator(".track").first.bounding_box()
    assert track
    visit.page.evaluate(REST)
    reach = max(1, *map(abs, values))
    for value, bar in zip(values, visit.card.locator(".bar").all(), strict=True):
        box = bar.bounding_box()
        assert box
        middle = track["x"] + track["width"] / 2
        assert box["width"] == pytest.approx(track["width"] / 2 * abs(value) / reach, abs=1)
        assert (box["x"] if value > 0 else box["x"] + box["width"]) == pytest.approx(middle, abs=1)


def test_a_link_leads_to_the_answer_and_back_leads_back(visit: Visit) -> None:
    visit.open("/octocat")
    expect(visit.card).to_have_attribute("data-prediction", "custom")
    expect(visit.field).to_have_value("octocat")
    visit.look(f"@{DEFAULT.login}")
    expect(visit.card).to_have_attribute("data-prediction", "default")
    visit.page.go_back()
    expect(visit.card).to_have_attribute("data-prediction", "custom")
    visit.page.get_by_role("link", name="github-avatars").click()
    expect(visit.card).to_have_count(0)


def test_what_is_asked_last_is_what_is_shown(visit: Visit, served: PageServer) -> None:
    release = threading.Event()
    served.standin.faults["/octocat.png"] = MODES["silence"].fault
    served.standin.faults[f"/{DEFAULT.login}.png"] = lambda _: not release.wait(TIMEOUT)
    visit.open().look("octocat")
    expect(visit.card).to_contain_text("Asking GitHub for octocat …")
    with visit.page.expect_event("requestfailed", lambda request: request.url.endswith("login=octocat")):
        visit.look(DEFAULT.login)
    expect(visit.card).to_contain_text(f"Asking GitHub for {DEFAULT.login} …")
    release.set()
    expect(visit.card).to_have_attribute("data-prediction", "default")


def test_waiting_can_be_stopped(visit: Visit, served: PageServer) -> None:
    served.standin.mode = MODES["silence"]
    visit.open().look("octocat")
    expect(visit.card.get_by_role("progressbar")).to_be_visible()
    expect_accessible(visit)
    visit.card.get_by_role("button", name="Stop").click()
    expect(visit.card).to_have_attribute("data-kind", "stopped")
    served.standin.mode = None
    visit.card.get_by_role("button", name="Ask again").click()
    expect(visit.card).to_have_attribute("data-prediction", "custom")


@pytest.mark.parametrize("visit", [{"permissions": ["clipboard-read", "clipboard-write"]}], indirect=True)
def test_the_question_can_be_copied_and_asked_elsewhere(visit: Visit, served: PageServer) -> None:
    visit.open("/octocat")

    def copied(name: str, told: str) -> str:
        visit.card.get_by_role("button", name=name).click()
        expect(visit.status).to_have_text(f"{told} is copied.")
        return str(visit.page.evaluate("navigator.clipboard.readText()"))

    assert copied("Copy link", "The link") == f"{served.url}/octocat"
    program, address = shlex.split(copied("Copy as curl", "The curl command"))
    assert (program, address) == ("curl", f"{served.url}/octocat.json")
    assert served.request(address.removeprefix(served.url)).json["prediction"] == "custom"
    ran = subprocess.run(
        [sys.executable, "-c", copied("Copy as Python", "The Python code")],
        cwd=ROOT,
        env=clean_environment(GITHUB_URL=served.standin.url),
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.startswith("Verdict(label='custom', ")
    assert visit.card.get_by_role("link", name="JSON").get_attribute("href") == "/octocat.json"


def test_without_a_clipboard_the_text_is_shown_and_selected(visit: Visit) -> None:
    visit.page.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    visit.open("/octocat")
    visit.card.get_by_role("button", name="Copy as curl").click()
    expect(visit.page.get_by_label("To copy")).to_be_focused()
    selected = visit.page.evaluate("document.activeElement.value.length === document.activeElement.selectionEnd")
    assert selected


# Many names


def test_fifty_names_fill_a_table_in_their_order(visit: Visit, served: PageServer) -> None:
    logins = [example.login for example in FIFTY]
    visit.open()
    asking = [0]
    visit.page.on("request", lambda request: asking.append(asking[-1] + ("/api/accounts" in request.url)))
    visit.page.on("requestfinished", lambda request: asking.append(asking[-1] - ("/api/accounts" in request.url)))
    visit.field.fill(", ".join(logins[:25]) + "\n" + "\n".join(f"https://github.com/{login}" for login in logins[25:]))
    visit.field.press("Enter")
    visit.expect_settled(50)
    assert visit.card.locator("tbody th").all_inner_texts() == logins
    assert visit.card.locator("tbody .shows").all_inner_texts() == [example.label for example in FIFTY]
    expect(visit.card).to_contain_text("50 of 50 · ")
    assert 1 < max(asking) <= 4
    assert all(served.standin.requests[f"/{login}.png"] == 1 for login in logins)


def test_a_list_that_is_pasted_is_looked_at(visit: Visit) -> None:
    visit.open()
    visit.field.focus()
    visit.page.evaluate(
        """text => {
          const clipboardData = new DataTransfer()
          clipboardData.setData("text/plain", text)
          const event = new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true })
          if (document.activeElement.dispatchEvent(event)) document.execCommand("insertText", false, text)
        }""",
        f"octocat\n{DEFAULT.login}\nnobody-here",
    )
    visit.expect_settled(3)
    assert visit.card.locator("tbody .shows").all_inner_texts() == [
        "custom",
        "default",
        "GitHub knows nobody of this name",
    ]
    expect(visit.card).to_contain_text("3 of 3 · 1 default · 1 custom · 1 without an answer")


def test_a_row_opens_to_its_answer(visit: Visit, served: PageServer) -> None:
    visit.open().look(f"octocat nobody-here {DEFAULT.login}")
    visit.expect_settled(3)
    asked = sum(served.standin.requests.values())
    opener = visit.card.get_by_role("button", name="octocat")
    opener.click()
    expect(visit.card.locator(".answer")).to_contain_text("octocat shows an avatar of its own")
    expect(opener).to_have_attribute("aria-expanded", "true")
    visit.card.get_by_role("button", name="nobody-here").click()
    expect(visit.card.locator(".problem")).to_contain_text("has no account nobody-here")
    expect_accessible(visit)
    opener.click()
    expect(visit.card.locator(".answer")).to_have_count(0)
    assert sum(served.standin.requests.values()) == asked


def test_the_table_can_be_saved_and_holds_no_formula(visit: Visit) -> None:
    visit.open().look(f"octocat -Jerry- =1+1 @@cmd {DEFAULT.login}")
    visit.expect_settled(5)
    with visit.page.expect_download() as saving:
        visit.page.get_by_role("button", name="Save as CSV").click()
    assert saving.value.suggested_filename == "avatars.csv"
    text = Path(saving.value.path()).read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["name"] for row in rows] == ["octocat", "'-Jerry-", "'=1+1", "'@cmd", DEFAULT.login]
    assert [row["prediction"] for row in rows] == ["custom", "", "", "", "default"]
    assert [row["problem"] for row in rows] == ["", "no-such-account", "bad-login", "bad-login", ""]
    assert (rows[4]["verified"], rows[4]["account_id"]) == ("true", str(DEFAULT.account_id))
    assert not any(re.match(r"[=+@-]", cell) for row in rows for cell in row.values())


def test_a_list_halts_where_github_wants_fewer_requests_and_goes_on_later(visit: Visit, served: PageServer) -> None:
    logins = [example.login for example in FIFTY[:12]]
    served.standin.faults[f"/{logins[5]}.png"] = responding(429, {"Retry-After": "3600"})
    visit.open().look(" ".join(logins))
    expect(visit.card.locator(".problem")).to_contain_text("GitHub asks us to wait")
    expect(visit.card.locator(".problem")).to_contain_text("Ask again at ")
    expect(visit.card.locator("[data-state=skipped]").first).to_contain_text("not asked")
    assert served.standin.requests[f"/{logins[11]}.png"] == 0
    expect_accessible(visit)
    served.standin.faults.clear()
    visit.card.get_by_role("button", name="Go on").click()
    visit.expect_settled(12)
    expect(visit.card.locator(".problem")).to_have_count(0)


def test_a_list_can_be_stopped_and_goes_on(visit: Visit, served: PageServer) -> None:
    served.standin.mode = MODES["silence"]
    visit.open().look(" ".join(example.login for example in FIFTY[:8]))
    visit.card.get_by_role("button", name="Stop").click()
    expect(visit.card.locator("[data-state=skipped]")).to_have_count(8)
    served.standin.mode = None
    visit.card.get_by_role("button", name="Go on").click()
    visit.expect_settled(8)


def test_a_list_slows_down_where_the_page_itself_is_asked_too_often(browser: Browser) -> None:
    context = browser.new_context()
    with page_server(buckets=TokenBuckets(burst=4, per_second=5)) as running:
        visit = Visit(context.new_page(), running.url).open()
        visit.look(" ".join(example.login for example in FIFTY[:8]))
        visit.expect_settled(8)
        assert visit.card.locator("tbody .shows").all_inner_texts() == [example.label for example in FIFTY[:8]]
    context.close()
    assert visit.complaints == []


def test_a_list_that_is_too_long_is_cut_and_says_so(visit: Visit, served: PageServer) -> None:
    served.standin.mode = MODES["silence"]
    visit.open().look(" ".join(f"name-{number}" for number in range(501)))
    expect(visit.card).to_contain_text("Only the first 500 of 501 are asked for.")
    expect(visit.card.locator("tbody")).to_have_count(500)


# Pictures


@pytest.mark.parametrize("how", ["drop", "choose"])
def test_three_pictures_of_which_one_is_corrupt(visit: Visit, served: PageServer, how: str, tmp_path: Path) -> None:
    files = [
        ("default.png", picture_of(DEFAULT.login)),
        ("corrupt.png", picture_of("octocat")[:-2000]),
        (f"{HOSTILE[:-1]} x.jpg".replace("/", ""), picture_of("octocat")),
    ]
    visit.open()
    if how == "drop":
        visit.hand_over(files, "dragover")
        expect(visit.page.get_by_text("Drop pictures to judge them")).to_be_visible()
        visit.hand_over(files, "drop")
        expect(visit.page.get_by_text("Drop pictures to judge them")).to_be_hidden()
    else:
        for name, data in files:
            (tmp_path / name).write_bytes(data)
        visit.page.locator("#files").set_input_files([tmp_path / name for name, _ in files])
    visit.expect_settled(3)
    assert visit.card.locator("tbody th").all_inner_texts() == [name for name, _ in files]
    assert visit.card.locator("tbody .shows").all_inner_texts() == ["default", "Not a picture", "custom"]
    assert not served.standin.requests
    visit.card.get_by_role("button", name="corrupt.png").click()
    expect(visit.card.locator(".problem")).to_contain_text("The picture is damaged")


@pytest.mark.parametrize("visit", [{"permissions": ["clipboard-read", "clipboard-write"]}], indirect=True)
def test_a_picture_that_is_pasted(visit: Visit) -> None:
    visit.open().hand_over([("it's.png", picture_of(DEFAULT.login))], "paste")
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
        pytest.param(b"<!DOCTYPE html>", "not-a-picture", id="a page"),
        pytest.param(b"", "not-a-picture", id="empty"),
        pytest.param(MAX_BYTES + 1, "too-large", id="many bytes"),
    ],
)
def test_what_cannot_be_judged_is_told(visit: Visit, data: bytes | int, kind: str) -> None:
    visit.open().hand_over([("file.png", data)], "drop")
    expect(visit.card).to_have_attribute("data-kind", kind)
    expect_accessible(visit)


def test_a_picture_that_is_gone_is_told(browser: Browser, served: PageServer, tmp_path: Path) -> None:
    context = browser.new_context()
    visit = Visit(context.new_page(), served.url).open()
    file = tmp_path / "gone.png"
    file.write_bytes(picture_of("octocat"))
    context.set_offline(True)
    visit.page.locator("#files").set_input_files(file)
    expect(visit.card).to_have_attribute("data-kind", "offline")
    file.unlink()
    visit.card.get_by_role("button", name="Ask again").click()
    expect(visit.card).to_contain_text("It cannot be read: give a picture file.")
    context.close()


# Every other state


@pytest.mark.parametrize(
    ("mode", "kind", "text"),
    [
        ("404", "no-such-account", "GitHub knows nobody of this name"),
        ("429", "rate-limited", "retry in a few minutes"),
        ("429-retry-after", "rate-limited", "Ask again at "),
        ("503", "unreachable", "No answer"),
        ("reset", "unreachable", "No answer"),
        ("gigabyte", "too-large", "Too large"),
        ("html", "not-a-picture", "Not a picture"),
        ("login-page", "login-required", "Only for those who log in"),
        ("redirect-loop", "foreign-redirect", "Something answers in GitHub’s place"),
    ],
)
@pytest.mark.parametrize("visit", [{"color_scheme": "dark", "viewport": {"width": 360, "height": 740}}], indirect=True)
def test_a_bad_day_of_github_is_drawn(visit: Visit, served: PageServer, mode: str, kind: str, text: str) -> None:
    served.standin.mode = MODES[mode]
    visit.open("/octocat")
    expect(visit.card).to_have_attribute("data-kind", kind)
    expect(visit.card).to_contain_text(text)
    expect(visit.card).to_contain_text("octocat")
    expect(visit.card.get_by_role("button", name="Ask again")).to_have_count(
        int(kind in ("rate-limited", "unreachable"))
    )
    expect(visit.status).to_contain_text("octocat")
    assert not re.search(r"Traceback|Error\b.*line|undefined|\[object", visit.card.inner_text())
    expect_accessible(visit)


@pytest.mark.parametrize("name", ["two--words!", HOSTILE, "..", "%", "a" * 300, "Ж"])
def test_what_can_be_no_login_is_drawn_as_text(visit: Visit, served: PageServer, name: str) -> None:
    visit.open().look(name.replace(" ", "/"))
    expect(visit.card).to_have_attribute("data-kind", "bad-login")
    assert visit.card.locator("img").count() == 0
    assert not served.standin.requests
    assert visit.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("path", ["/%3Cimg%20src=x%20onerror=alert(1)%3E", "/no/such/place", "/%E0%A4%A", "/a.b"])
def test_an_address_that_names_nobody_is_drawn(visit: Visit, path: str) -> None:
    visit.open(path)
    expect(visit.card).to_have_attribute("data-kind", "bad-login")


def test_without_its_server_the_page_says_so_and_recovers(browser: Browser) -> None:
    context = browser.new_context()
    with page_server() as running:
        visit = Visit(context.new_page(), running.url)
        visit.open()
        expect(visit.page.locator("#gallery li")).not_to_have_count(0)
        context.set_offline(True)
        visit.look("octocat")
        expect(visit.card).to_have_attribute("data-kind", "offline")
        expect_accessible(visit)
        visit.look("octocat default-0 default-1")
        expect(visit.card.locator(".problem")).to_contain_text("Offline")
        context.set_offline(False)
        visit.card.get_by_role("button", name="Go on").click()
        visit.expect_settled(3)
    context.close()
    assert all("net::ERR_INTERNET_DISCONNECTED" in text for text in visit.complaints), visit.complaints


# The gallery and the toy


def test_the_gallery_works_without_a_network(visit: Visit, served: PageServer) -> None:
    served.standin.mode = MODES["503"]
    visit.open()
    pictures = visit.page.locator("#gallery button")
    expect(pictures).to_have_count(24)
    for image in visit.page.locator("#gallery img").all():
        expect_loaded(image)
    pictures.first.click()
    expect(visit.card.get_by_role("heading")).to_have_text("default-0 is GitHub’s default avatar")
    visit.page.reload()
    expect(visit.card).to_have_attribute("data-prediction", "default")
    assert not served.standin.requests


def test_the_toy_draws_what_github_draws(visit: Visit) -> None:
    visit.open()
    identifier = visit.page.get_by_label("Account id")
    identifier.fill("1234567")
    expect(visit.page.get_by_text("This is what account 1234567 gets.")).to_be_visible()
    shown = visit.page.locator("#identicon")
    assert shown.get_attribute("src") == "/api/identicons/1234567.png"
    expect_loaded(shown)
    identifier.fill("0")
    expect(visit.page.get_by_text("A whole number from 1 on")).to_be_visible()
    expect_accessible(visit)
    visit.page.get_by_role("button", name="Another").click()
    expect(visit.page.get_by_text("This is what account ")).to_be_visible()
    with visit.page.expect_download() as saving:
        visit.page.get_by_role("link", name="Save").click()
    assert re.fullmatch(r"identicon-\d+\.png", saving.value.suggested_filename)


# By keyboard, at every width, in both colour schemes


def test_the_keyboard_alone_is_enough(visit: Visit) -> None:
    visit.open()
    expect(visit.page.locator("#gallery li")).to_have_count(24)
    keyboard = visit.page.keyboard

    def focused() -> str:
        return str(visit.page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()"))

    reached = []
    for _ in range(5):
        keyboard.press("Tab")
        reached.append(focused())
        outline = visit.page.evaluate(
            """() => {
              const seen = [document.activeElement, document.activeElement.nextElementSibling,
                document.activeElement.parentElement].filter(Boolean).map((each) => getComputedStyle(each))
              return seen.some((style) => style.outlineStyle !== "none" || style.boxShadow !== "none")
            }"""
        )
        assert outline, reached
    assert reached == ["Skip to the answer", "github-avatars", "names", "Look", "files"]
    keyboard.press("Shift+Tab")
    keyboard.press("Shift+Tab")
    keyboard.type(f"octocat {DEFAULT.login}")
    keyboard.press("Enter")
    visit.expect_settled(2)
    for _ in range(10):
        keyboard.press("Tab")
        if focused() == "octocat":
            break
    keyboard.press("Enter")
    expect(visit.card.locator(".answer")).to_contain_text("octocat shows an avatar of its own")
    keyboard.press("Enter")
    expect(visit.card.locator(".answer")).to_have_count(0)
    while focused() != "Example 1" and visit.page.evaluate("document.activeElement.ariaLabel") != "Example 1":
        keyboard.press("Tab")
    keyboard.press("Space")
    expect(visit.card.get_by_role("heading")).to_have_text("default-0 is GitHub’s default avatar")


SIZES = [(360, 740), (1280, 900), (2560, 1300)]
LOOKS = [
    {"viewport": {"width": width, "height": height}, "color_scheme": scheme, "reduced_motion": "reduce"}
    for width, height in SIZES
    for scheme in ("light", "dark")
]


@pytest.mark.parametrize(
    "visit", LOOKS, indirect=True, ids=lambda look: f"{look['viewport']['width']}-{look['color_scheme']}"
)
def test_every_state_fits_and_is_accessible(visit: Visit, request: pytest.FixtureRequest) -> None:
    def expect_fitting() -> None:
        assert visit.page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    visit.open()
    expect(visit.page.locator("#gallery li")).to_have_count(24)
    expect_fitting()
    visit.look(DEFAULT.login)
    expect(visit.card).to_have_attribute("data-prediction", "default")
    expect_fitting()
    expect_accessible(visit)
    visit.look("octocat nobody-here default-0 " + "a" * 60)
    visit.expect_settled(4)
    visit.card.get_by_role("button", name="octocat").click()
    visit.card.get_by_role("button", name="nobody-here").click()
    expect_fitting()
    expect_accessible(visit)
    light = visit.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert light == ("light" in request.node.name)


@pytest.mark.parametrize("visit", [{"reduced_motion": "reduce"}], indirect=True)
def test_nothing_moves_for_those_who_want_it_still(visit: Visit) -> None:
    visit.open("/octocat")
    expect(visit.card).to_have_attribute("data-prediction", "custom")
    assert visit.page.evaluate("document.getAnimations().length") == 0


@pytest.mark.parametrize(
    "forbidden",
    [
        "document.body.setAttribute('style', 'color: red')",
        "document.head.append(Object.assign(document.createElement('img'), { src: 'http://127.0.0.1:1/' }))",
        "document.head.append(Object.assign(document.createElement('script'), { textContent: '1' }))",
        "document.body.innerHTML = ''",
    ],
)
def test_what_the_policy_forbids_is_complained_of(browser: Browser, served: PageServer, forbidden: str) -> None:
    """So that every test above would fail."""
    context = browser.new_context()
    visit = Visit(context.new_page(), served.url).open()
    with visit.page.expect_console_message(), suppress(Error):
        visit.page.evaluate(forbidden)
    context.close()
    assert visit.complaints
