"""A real browser for the tests that look at pages: Debian's Chromium, driven by Playwright."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.support.timing import TIMEOUT

CHROMIUM = next(filter(None, map(shutil.which, ("chromium-headless-shell", "chromium", "chromium-browser"))), None)
"""Of its builds the one without windows, where there is one: pages are the same in it, and come in half the time."""

# Nothing of these is about the page: a browser in a container, without a graphics card, that calls nobody.
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

expect.set_options(timeout=1000 * TIMEOUT)


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser, for as long as the `with` lasts; skips the test where there is none."""
    if CHROMIUM is None:
        pytest.skip("no chromium found: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield browser
        browser.close()
