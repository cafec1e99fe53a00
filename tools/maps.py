"""Measure the map of 5,000 accounts, and write its screenshots, docs/map-light.png and docs/map-dark.png.

Run `.venv/bin/python -m tools.maps`. The accounts are those of the stand-in's graph, with kept pictures.
"""

import io
import tempfile
import time
from pathlib import Path

from PIL import Image

from github_avatars.demo import Graph
from github_avatars.web.map import write
from tests.support.browsers import chromium
from tests.support.networks import write_graph
from tests.support.processes import ROOT
from tools.screenshots import COLORS, SCHEMES

ACCOUNTS = 5000
SIZE = {"width": 1280, "height": 760}

FRAMES = """
() => new Promise((resolve) => {
  const times = []
  let last
  const tick = (now) => {
    if (last) times.push(now - last)
    last = now
    if (times.length < 120) requestAnimationFrame(tick)
    else resolve(times.sort((one, other) => one - other))
  }
  requestAnimationFrame(tick)
  const canvas = document.getElementById("map")
  for (let step = 0; step < 100; step++) {
    setTimeout(() => canvas.dispatchEvent(new WheelEvent("wheel", { deltaY: step < 50 ? -12 : 12 })), step * 16)
  }
})
"""
"""Zoom in and out for 100 frames. Returns the milliseconds between frames, in ascending order."""


def main() -> None:
    with tempfile.TemporaryDirectory() as temporary, chromium() as browser:
        folder = Path(temporary)
        db = write_graph(folder / "scan.db", Graph(ACCOUNTS), keep_pictures=True)
        path = folder / "map.html"
        started = time.process_time()
        with path.open("wb") as file:
            write(db, file)
        print(f"{ACCOUNTS:,} accounts, {len(Graph(ACCOUNTS).edges):,} edges: {path.stat().st_size / 1e6:.2f} MB")
        print(f"written in {time.process_time() - started:.1f} s of processor time")
        for scheme in SCHEMES:
            context = browser.new_context(viewport=SIZE, color_scheme=scheme)  # type: ignore[arg-type]
            page = context.new_page()
            started = time.perf_counter()
            page.goto(path.as_uri())
            page.wait_for_selector("html[data-ready]")
            page.evaluate("new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))")
            print(f"opened and drawn in {time.perf_counter() - started:.2f} s")
            frames = page.evaluate(FRAMES)
            print(f"while it zooms, a frame takes {frames[60]:.0f} ms (median), {frames[114]:.0f} ms (95 %)")
            page.get_by_role("button", name="Fit").click()
            page.get_by_label("Search").fill("graph-7")
            page.keyboard.press("Enter")
            page.get_by_label("Search").fill("")
            page.locator("#map").focus()
            page.locator("#map").blur()
            page.wait_for_timeout(500)
            shot = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
            shot.quantize(COLORS, dither=Image.Dither.NONE).save(ROOT / "docs" / f"map-{scheme}.png", optimize=True)
            context.close()


if __name__ == "__main__":
    main()
