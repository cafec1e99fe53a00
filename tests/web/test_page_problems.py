"""The page in a browser: what it shows when there is no answer."""

import re

import pytest
from playwright.sync_api import Browser, expect

from github_avatars.demo import MODES, responding
from tests.support.sites import PageServer, page_server
from tests.support.visits import HTML_NAME, Visit


@pytest.mark.parametrize(
    ("mode", "kind", "text"),
    [
        ("404", "no-such-account", "No such account"),
        ("429", "rate-limited", "retry in a few minutes"),
        ("429-retry-after", "rate-limited", "Try again at "),
        ("503", "unreachable", "GitHub is unavailable"),
        ("reset", "unreachable", "GitHub is unavailable"),
        ("gigabyte", "too-large", "Too large"),
        ("html", "not-a-picture", "Not a picture"),
        ("login-page", "login-required", "Login required"),
        ("redirect-loop", "foreign-redirect", "The response is not from GitHub"),
    ],
)
@pytest.mark.parametrize("visit", [{"color_scheme": "dark", "viewport": {"width": 360, "height": 740}}], indirect=True)
def test_an_error_of_github_is_shown(visit: Visit, server: PageServer, mode: str, kind: str, text: str) -> None:
    server.standin.mode = MODES[mode]
    visit.open("/octocat")
    expect(visit.card).to_have_attribute("data-kind", kind)
    expect(visit.card).to_contain_text(text)
    expect(visit.card).to_contain_text("octocat")
    can_retry = kind in ("rate-limited", "unreachable")
    expect(visit.card.get_by_role("button", name="Try again")).to_have_count(int(can_retry))
    expect(visit.status).to_contain_text("octocat")
    assert not re.search(r"Traceback|Error\b.*line|undefined|\[object", visit.card.inner_text())
    visit.expect_accessible()


@pytest.mark.parametrize(
    ("retry_after", "left"),
    [
        ("60", r"\d\d s"),
        ("3000", r"\d\d minutes"),
        ("169000", "47 hours"),
        ("259200", "3 days"),
        ("Fri, 31 Dec 9999 23:59:59 GMT", r"2,\d\d\d,\d\d\d days"),
    ],
)
def test_the_time_until_a_retry(visit: Visit, server: PageServer, retry_after: str, left: str) -> None:
    server.standin.faults["/octocat.png"] = responding(429, {"Retry-After": retry_after})
    visit.open("/octocat")
    expect(visit.card.locator(".until")).to_have_text(re.compile(rf"\(in {left}\)"))


@pytest.mark.parametrize("name", ["two--words!", HTML_NAME, "..", "%", "a" * 300, "Ж"])
def test_an_invalid_login_is_shown_as_text(visit: Visit, server: PageServer, name: str) -> None:
    visit.open().check(name.replace(" ", "/"))
    expect(visit.card).to_have_attribute("data-kind", "bad-login")
    assert visit.card.locator("img").count() == 0
    assert not server.standin.requests
    assert visit.fits()


@pytest.mark.parametrize("path", ["/%3Cimg%20src=x%20onerror=alert(1)%3E", "/no/such/place", "/%E0%A4%A", "/a.b"])
def test_an_address_without_a_valid_login_is_a_problem(visit: Visit, path: str) -> None:
    visit.open(path)
    expect(visit.card).to_have_attribute("data-kind", "bad-login")


def test_the_page_recovers_from_a_lost_connection(browser: Browser) -> None:
    context = browser.new_context()
    with page_server() as server:
        visit = Visit(context.new_page(), server.url).open()
        expect(visit.page.locator("#gallery li")).not_to_have_count(0)
        context.set_offline(True)
        visit.check("octocat")
        expect(visit.card).to_have_attribute("data-kind", "offline")
        visit.expect_accessible()
        visit.check("octocat default-0 default-1")
        expect(visit.card.locator(".problem")).to_contain_text("Offline")
        context.set_offline(False)
        visit.card.get_by_role("button", name="Resume").click()
        visit.expect_done(3)
    context.close()
    assert all("net::ERR_INTERNET_DISCONNECTED" in text for text in visit.complaints), visit.complaints
