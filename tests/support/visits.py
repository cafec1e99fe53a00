"""A visit to the page in a real browser."""

import base64
from collections.abc import Sequence

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Locator, Page, expect

HTML_NAME = "<img src=x onerror=alert(1)>"
"""A name that would execute a script if the page inserted it as HTML."""

ERROR_STATUS = "Failed to load resource: the server responded with a status of "
"""Chromium prints this for every response with an error status. The page displays those."""

DISPATCH = """
([files, types]) => {
  const transfer = new DataTransfer()
  for (const [name, content] of files) {
    const bytes = typeof content === "number"
      ? new Uint8Array(content)
      : Uint8Array.from(atob(content), (character) => character.charCodeAt(0))
    transfer.items.add(new File([bytes], name))
  }
  for (const type of types) {
    const event = type === "paste"
      ? new ClipboardEvent(type, { clipboardData: transfer, bubbles: true, cancelable: true })
      : new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true })
    document.body.dispatchEvent(event)
  }
}
"""

ANIMATIONS_FINISHED = """
Promise.allSettled(document.getAnimations().filter((each) => each.effect.getComputedTiming().iterations === 1)
  .map((each) => each.finished))
"""


class Visit:
    """A visit to the page. `complaints` are the browser's errors and warnings; `foreign`, requests to other servers."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.complaints: list[str] = []
        self.foreign: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._on_console)
        page.on("request", lambda request: self._on_request(request.url))
        page.on("dialog", lambda dialog: self.complaints.append(dialog.message))

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(ERROR_STATUS):
            self.complaints.append(message.text)

    def _on_request(self, url: str) -> None:
        if not url.startswith((f"{self.url}/", "data:", "blob:")):
            self.foreign.append(url)

    def open(self, path: str = "/") -> "Visit":
        self.page.goto(self.url + path)
        return self

    @property
    def field(self) -> Locator:
        return self.page.get_by_label("A GitHub name, or a list of names")

    @property
    def card(self) -> Locator:
        return self.page.locator("#answer > .card")

    @property
    def status(self) -> Locator:
        return self.page.get_by_role("status")

    @property
    def results(self) -> list[str]:
        """The texts of a list's column of results."""
        return self.card.locator("tbody .result").all_inner_texts()

    def check(self, text: str) -> None:
        """Submit names with the form."""
        self.field.fill(text)
        self.page.get_by_role("button", name="Check", exact=True).click()

    def dispatch(self, files: Sequence[tuple[str, bytes | int]], *types: str) -> None:
        """Send events that carry files: "dragover", "drop", "paste". A number stands for a file of so many zeros."""
        contents = [(name, data if isinstance(data, int) else base64.b64encode(data).decode()) for name, data in files]
        self.page.evaluate(DISPATCH, [contents, types])

    def expect_done(self, count: int) -> None:
        """Wait until so many rows of a list have a result."""
        expect(self.card).to_have_attribute("data-done", str(count))

    def wait_for_animations(self) -> None:
        """Wait until all animations that end have ended."""
        self.page.evaluate(ANIMATIONS_FINISHED)

    def expect_accessible(self) -> None:
        """Check the page with axe."""
        # Colors differ during an animation.
        self.wait_for_animations()
        results = Axe().run(self.page)
        assert results.violations_count == 0, results.generate_report()

    def fits(self) -> bool:
        """Whether the page does not scroll horizontally."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def expect_loaded(image: Locator) -> None:
    assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
