"""The page in a browser: lists of accounts and pictures."""

import csv
import io
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from github_avatars.demo import MODES, responding
from github_avatars.web.limits import TokenBuckets
from tests.support.sites import DEFAULT, EXAMPLES, PageServer, page_server, picture_of
from tests.support.visits import HTML_NAME, Visit

FIFTY = EXAMPLES[:: len(EXAMPLES) // 50][:50]


def test_fifty_names_fill_a_table_in_their_order(visit: Visit, server: PageServer) -> None:
    logins = [example.login for example in FIFTY]
    visit.open()
    in_flight = [0]
    visit.page.on("request", lambda request: in_flight.append(in_flight[-1] + ("/api/accounts" in request.url)))
    visit.page.on("requestfinished", lambda request: in_flight.append(in_flight[-1] - ("/api/accounts" in request.url)))
    visit.field.fill(", ".join(logins[:25]) + "\n" + "\n".join(f"https://github.com/{login}" for login in logins[25:]))
    visit.field.press("Enter")
    visit.expect_done(50)
    assert visit.card.locator("tbody th").all_inner_texts() == logins
    assert visit.results == [example.label for example in FIFTY]
    expect(visit.card).to_contain_text("50 of 50 · ")
    assert 1 < max(in_flight) <= 4
    assert all(server.standin.requests[f"/{login}.png"] == 1 for login in logins)


def test_a_pasted_list_is_checked_at_once(visit: Visit) -> None:
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
    visit.expect_done(3)
    assert visit.results == ["custom", "default", "No such account"]
    expect(visit.card).to_contain_text("3 of 3 · 1 default · 1 custom · 1 failed")


def test_a_row_opens_its_answer_without_a_request(visit: Visit, server: PageServer) -> None:
    visit.open().check(f"octocat nobody-here {DEFAULT.login}")
    visit.expect_done(3)
    requests = sum(server.standin.requests.values())
    name = visit.card.get_by_role("button", name="octocat")
    name.click()
    expect(visit.card.locator(".answer")).to_contain_text("octocat shows a custom avatar")
    expect(name).to_have_attribute("aria-expanded", "true")
    visit.card.get_by_role("button", name="nobody-here").click()
    expect(visit.card.locator(".problem")).to_contain_text("has no account nobody-here")
    visit.expect_accessible()
    name.click()
    expect(visit.card.locator(".answer")).to_have_count(0)
    assert sum(server.standin.requests.values()) == requests


def test_the_saved_table_contains_no_formula(visit: Visit) -> None:
    visit.open().check(f"octocat -Jerry- =1+1 @@cmd {DEFAULT.login}")
    visit.expect_done(5)
    with visit.page.expect_download() as saving:
        visit.page.get_by_role("button", name="Save as CSV").click()
    assert saving.value.suggested_filename == "avatars.csv"
    text = Path(saving.value.path()).read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["name"] for row in rows] == ["octocat", "'-Jerry-", "'=1+1", "'@@cmd", DEFAULT.login]
    assert [row["prediction"] for row in rows] == ["custom", "", "", "", "default"]
    assert [row["problem"] for row in rows] == ["", "no-such-account", "bad-login", "bad-login", ""]
    assert (rows[4]["verified"], rows[4]["account_id"]) == ("true", str(DEFAULT.account_id))
    assert not any(re.match(r"[=+@-]", cell) for row in rows for cell in row.values())


def test_a_list_halts_at_a_rate_limit_and_resumes(visit: Visit, server: PageServer) -> None:
    logins = [example.login for example in FIFTY[:12]]
    server.standin.faults[f"/{logins[5]}.png"] = responding(429, {"Retry-After": "3600"})
    visit.open().check(" ".join(logins))
    expect(visit.card.locator(".problem")).to_contain_text("Rate limit of GitHub exceeded")
    expect(visit.card.locator(".problem")).to_contain_text("Try again at ")
    expect(visit.card.locator("[data-state=skipped]").first).to_contain_text("not checked")
    assert server.standin.requests[f"/{logins[11]}.png"] == 0
    visit.expect_accessible()
    server.standin.faults.clear()
    visit.card.get_by_role("button", name="Resume").click()
    visit.expect_done(12)
    expect(visit.card.locator(".problem")).to_have_count(0)


def test_a_list_can_be_stopped_and_resumed(visit: Visit, server: PageServer) -> None:
    server.standin.mode = MODES["silence"]
    visit.open().check(" ".join(example.login for example in FIFTY[:8]))
    visit.card.get_by_role("button", name="Stop").click()
    expect(visit.card.locator("[data-state=skipped]")).to_have_count(8)
    server.standin.mode = None
    visit.card.get_by_role("button", name="Resume").click()
    visit.expect_done(8)


def test_a_list_slows_down_at_the_pages_own_rate_limit(browser: Browser) -> None:
    context = browser.new_context()
    with page_server(buckets=TokenBuckets(burst=4, per_second=5)) as server:
        visit = Visit(context.new_page(), server.url).open()
        visit.check(" ".join(example.login for example in FIFTY[:8]))
        visit.expect_done(8)
        assert visit.results == [example.label for example in FIFTY[:8]]
    context.close()
    assert visit.complaints == []


def test_a_list_of_more_than_500_names_is_cut(visit: Visit, server: PageServer) -> None:
    server.standin.mode = MODES["silence"]
    visit.open().check(" ".join(f"name-{number}" for number in range(501)))
    expect(visit.card).to_contain_text("Only the first 500 of 501 are checked.")
    expect(visit.card.locator("tbody")).to_have_count(500)


@pytest.mark.parametrize("how", ["drop", "select"])
def test_several_pictures_of_which_one_is_damaged(visit: Visit, server: PageServer, how: str, tmp_path: Path) -> None:
    files = [
        ("default.png", picture_of(DEFAULT.login)),
        ("damaged.png", picture_of("octocat")[:-2000]),
        (f"{HTML_NAME} x.jpg", picture_of("octocat")),
    ]
    visit.open()
    if how == "drop":
        visit.dispatch(files, "dragover")
        expect(visit.page.get_by_text("Drop pictures to classify them")).to_be_visible()
        visit.dispatch(files, "drop")
        expect(visit.page.get_by_text("Drop pictures to classify them")).to_be_hidden()
    else:
        for name, data in files:
            (tmp_path / name).write_bytes(data)
        visit.page.locator("#files").set_input_files([tmp_path / name for name, _ in files])
    visit.expect_done(3)
    assert visit.card.locator("tbody th").all_inner_texts() == [name for name, _ in files]
    assert visit.results == ["default", "Not a picture", "custom"]
    assert not server.standin.requests
    visit.card.get_by_role("button", name="damaged.png").click()
    expect(visit.card.locator(".problem")).to_contain_text("The picture is damaged")
