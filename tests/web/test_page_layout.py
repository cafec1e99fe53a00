"""The page in a browser: gallery, identicons, keyboard, widths, color schemes and the content security policy."""

import re
from contextlib import suppress

import pytest
from playwright.sync_api import Browser, Error, expect

from github_avatars.demo import MODES
from tests.support.sites import DEFAULT, PageServer
from tests.support.visits import Visit, expect_loaded

LAYOUTS = [
    {"viewport": {"width": width, "height": height}, "color_scheme": scheme, "reduced_motion": "reduce"}
    for width, height in [(360, 740), (1280, 900), (2560, 1300)]
    for scheme in ("light", "dark")
]


def test_the_gallery_works_without_github(visit: Visit, server: PageServer) -> None:
    server.standin.mode = MODES["503"]
    visit.open()
    pictures = visit.page.locator("#gallery button")
    expect(pictures).to_have_count(24)
    for image in visit.page.locator("#gallery img").all():
        expect_loaded(image)
    pictures.first.click()
    expect(visit.card.get_by_role("heading")).to_have_text("default-0 is GitHub’s default avatar")
    visit.page.reload()
    expect(visit.card).to_have_attribute("data-prediction", "default")
    assert not server.standin.requests


def test_an_identicon_can_be_drawn_and_saved(visit: Visit) -> None:
    visit.open()
    account_id = visit.page.get_by_label("Account id")
    account_id.fill("1234567")
    expect(visit.page.get_by_text("The default avatar of account 1234567.")).to_be_visible()
    identicon = visit.page.locator("#identicon")
    assert identicon.get_attribute("src") == "/api/identicons/1234567.png"
    expect_loaded(identicon)
    account_id.fill("0")
    expect(visit.page.get_by_text("Enter a whole number")).to_be_visible()
    visit.expect_accessible()
    visit.page.get_by_role("button", name="Random").click()
    expect(visit.page.get_by_text("The default avatar of account ")).to_be_visible()
    with visit.page.expect_download() as saving:
        visit.page.get_by_role("link", name="Save").click()
    assert re.fullmatch(r"identicon-\d+\.png", saving.value.suggested_filename)


def test_everything_works_with_the_keyboard(visit: Visit) -> None:
    visit.open()
    expect(visit.page.locator("#gallery li")).to_have_count(24)
    keyboard = visit.page.keyboard

    def focused() -> str:
        return str(visit.page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()"))

    order = []
    for _ in range(5):
        keyboard.press("Tab")
        order.append(focused())
        has_outline = visit.page.evaluate(
            """() => {
              const { activeElement } = document
              const styles = [activeElement, activeElement.nextElementSibling, activeElement.parentElement]
                .filter(Boolean).map((each) => getComputedStyle(each))
              return styles.some((style) => style.outlineStyle !== "none" || style.boxShadow !== "none")
            }"""
        )
        assert has_outline, order
    assert order == ["Skip to the answer", "github-avatars", "names", "Check", "files"]
    keyboard.press("Shift+Tab")
    keyboard.press("Shift+Tab")
    keyboard.type(f"octocat {DEFAULT.login}")
    keyboard.press("Enter")
    visit.expect_done(2)
    for _ in range(10):
        keyboard.press("Tab")
        if focused() == "octocat":
            break
    keyboard.press("Enter")
    expect(visit.card.locator(".answer")).to_contain_text("octocat shows a custom avatar")
    keyboard.press("Enter")
    expect(visit.card.locator(".answer")).to_have_count(0)
    while focused() != "Example 1" and visit.page.evaluate("document.activeElement.ariaLabel") != "Example 1":
        keyboard.press("Tab")
    keyboard.press("Space")
    expect(visit.card.get_by_role("heading")).to_have_text("default-0 is GitHub’s default avatar")


@pytest.mark.parametrize(
    "visit",
    LAYOUTS,
    indirect=True,
    ids=lambda layout: f"{layout['viewport']['width']}-{layout['color_scheme']}",
)
def test_every_state_fits_and_is_accessible(visit: Visit, request: pytest.FixtureRequest) -> None:
    visit.open()
    expect(visit.page.locator("#gallery li")).to_have_count(24)
    assert visit.fits()
    visit.check(DEFAULT.login)
    expect(visit.card).to_have_attribute("data-prediction", "default")
    assert visit.fits()
    visit.expect_accessible()
    visit.check("octocat nobody-here default-0 " + "a" * 60)
    visit.expect_done(4)
    visit.card.get_by_role("button", name="octocat").click()
    visit.card.get_by_role("button", name="nobody-here").click()
    assert visit.fits()
    visit.expect_accessible()
    is_light = visit.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert is_light == ("light" in request.node.name)


@pytest.mark.parametrize("visit", [{"reduced_motion": "reduce"}], indirect=True)
def test_nothing_is_animated_if_the_user_prefers_that(visit: Visit) -> None:
    visit.open("/octocat")
    expect(visit.card).to_have_attribute("data-prediction", "custom")
    assert visit.page.evaluate("document.getAnimations().length") == 0


@pytest.mark.parametrize(
    "violation",
    [
        "document.body.setAttribute('style', 'color: red')",
        "document.head.append(Object.assign(document.createElement('img'), { src: 'http://127.0.0.1:1/' }))",
        "document.head.append(Object.assign(document.createElement('script'), { textContent: '1' }))",
        "document.body.innerHTML = ''",
    ],
)
def test_a_violation_of_the_policy_would_fail_every_test(browser: Browser, server: PageServer, violation: str) -> None:
    context = browser.new_context()
    visit = Visit(context.new_page(), server.url).open()
    with visit.page.expect_console_message(), suppress(Error):
        visit.page.evaluate(violation)
    context.close()
    assert visit.complaints
