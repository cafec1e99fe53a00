"""The pictures of the page in the README, docs/web-light.png and docs/web-dark.png.

PYTHONPATH=tests .venv/bin/python tests/screenshots.py
"""

import io
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser

from tests.support.browsers import chromium
from tests.support.processes import ROOT
from tests.support.sites import page_server

LOGIN = "default-10"
SIZE = {"width": 1000, "height": 800}
MARGIN = 28
"""Pixels below the answer."""

COLORS = 128
"""A page of few colours looks the same with as many, in half of the bytes."""

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def shoot(browser: Browser, url: str, scheme: Literal["light", "dark"]) -> Image.Image:
    """The page with the answer for LOGIN."""
    context = browser.new_context(viewport=SIZE, color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{url}/{LOGIN}")
    page.wait_for_selector("#answer > .answer")
    page.wait_for_load_state("networkidle")
    # The demo's own line is not what one sees in front of GitHub.
    page.evaluate("document.getElementById('served').textContent = ''")
    card = page.locator("#answer > .answer").bounding_box()
    assert card
    height = card["y"] + card["height"] + MARGIN
    clip = {"x": 0, "y": 0, "width": SIZE["width"], "height": height}
    shot = Image.open(io.BytesIO(page.screenshot(full_page=True, clip=clip)))  # type: ignore[arg-type]
    context.close()
    return shot.convert("RGB").quantize(COLORS, dither=Image.Dither.NONE)


def main() -> None:
    """Write both."""
    with page_server() as server, chromium() as browser:
        for scheme in SCHEMES:
            shoot(browser, server.url, scheme).save(ROOT / "docs" / f"web-{scheme}.png", optimize=True)


if __name__ == "__main__":
    main()
