"""The page's server and a browser, shared by the tests of this package."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.support.browsers import chromium
from tests.support.sites import PageServer, page_server, reset
from tests.support.visits import Visit


@pytest.fixture(scope="package")
def shared_server() -> Iterator[PageServer]:
    with page_server() as server:
        yield server


@pytest.fixture
def server(shared_server: PageServer) -> Iterator[PageServer]:
    """The page's server, without recorded requests and faults."""
    yield from reset(shared_server)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def visit(browser: Browser, server: PageServer, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """A visit with a fresh browser profile. A parameter contains options of the browser context.

    The test fails if the browser complains about a script, the policy or the network, or contacts another server.
    """
    options = {"viewport": {"width": 1280, "height": 900}, **getattr(request, "param", {})}
    context = browser.new_context(**options)
    visit = Visit(context.new_page(), server.url)
    yield visit
    context.close()
    assert visit.complaints == []
    assert visit.foreign == []
