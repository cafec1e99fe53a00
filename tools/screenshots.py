"""Write the screenshots of the web page, docs/web-light.png and docs/web-dark.png.

Run `.venv/bin/python -m tools.screenshots`.
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
"""Pixels below the result."""

COLORS = 128
"""The size of the palette. The page has few colors, so it looks the same in half of the bytes."""

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def shoot(browser: Browser, url: str, scheme: Literal["light", "dark"]) -> Image.Image:
    """A screenshot of the page with the prediction for LOGIN."""
    context = browser.new_context(viewport=SIZE, color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{url}/{LOGIN}")
    page.wait_for_selector("#answer > .card")
    page.wait_for_load_state("networkidle")
    # Hide the line that only the demo shows.
    page.evaluate("document.getElementById('server').textContent = ''")
    card = page.locator("#answer > .card").bounding_box()
    assert card
    height = card["y"] + card["height"] + MARGIN
    clip = {"x": 0, "y": 0, "width": SIZE["width"], "height": height}
    shot = Image.open(io.BytesIO(page.screenshot(full_page=True, clip=clip)))  # type: ignore[arg-type]
    context.close()
    return shot.convert("RGB").quantize(COLORS, dither=Image.Dither.NONE)


def main() -> None:
    with page_server() as server, chromium() as browser:
        for scheme in SCHEMES:
            shoot(browser, server.url, scheme).save(ROOT / "docs" / f"web-{scheme}.png", optimize=True)


if __name__ == "__main__":
    main()
