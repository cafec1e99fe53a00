"""The report in a real browser."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from github_avatars import features
from github_avatars.evaluation import tables
from github_avatars.evaluation.report import figures, rendering
from github_avatars.evaluation.results import Evaluation
from github_avatars.training import dataset
from tests.evaluation.report.conftest import HOSTILE, WRONG
from tests.support.browsers import chromium
from tests.support.timing import TIMEOUT

PLANES = range(len(figures.PLANES))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def file(html: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(html, encoding="utf-8")
    return path


class Report:
    """The report in a browser without a network."""

    def __init__(self, page: Page, file: Path) -> None:
        self.page = page
        self.requests: list[str] = []
        self.errors: list[str] = []
        page.route(lambda url: not url.startswith(("file:", "data:")), lambda route: route.abort())
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda message: self._log(message.type, message.text))
        page.goto(file.as_uri())
        page.wait_for_selector("html[data-drawn]")

    def _log(self, level: str, text: str) -> None:
        if level in ("error", "warning"):
            self.errors.append(text)

    def column(self, name: str) -> list[Any]:
        """A column of the data source of the scatter plots."""
        values: list[Any] = self.page.evaluate(f"{SOURCE}; source.data[{name!r}]")
        return values

    def show_plane(self, plane: int) -> None:
        self.page.locator("#figure-features .bk-tab").nth(plane).click()
        expect(self.page.locator("#figure-features .bk-tab.bk-active")).to_have_count(1)

    def position(self, name: str, plane: int = 0) -> tuple[float, float]:
        """The position on the screen of a file's point, in the plane that is report."""
        self.page.locator("#figure-features").scroll_into_view_if_needed()
        self.page.wait_for_function(f"([name, plane]) => {{ {POSITION} return position !== null }}", arg=[name, plane])
        x, y = self.page.evaluate(f"([name, plane]) => {{ {POSITION} return position }}", [name, plane])
        return x, y

    def point_at(self, name: str, plane: int = 0) -> None:
        self.page.mouse.move(*self.position(name, plane))

    def click(self, name: str, plane: int = 0) -> None:
        self.page.mouse.click(*self.position(name, plane))

    def tooltip(self) -> Any:
        return self.page.locator(".bk-Tooltip img:visible")

    def expect_pinned(self, name: str) -> None:
        expect(self.page.locator("#pinned [data-field=file]")).to_have_text(name)
        expect(self.page.locator("#pinned img")).to_be_visible()
        thumbnails = dict(zip(self.column("file"), self.column("thumbnail"), strict=True))
        expect(self.page.locator("#pinned img")).to_have_attribute("src", thumbnails[name])
        assert self.page.locator("#pinned img").evaluate("image => image.decode().then(() => image.naturalWidth)") > 0

    def expect_nothing_pinned(self) -> None:
        expect(self.page.locator("#pinned img")).to_be_hidden()
        expect(self.page.locator("#pinned [data-empty]")).to_be_visible()


SOURCE = "var source = Bokeh.documents.map((drawn) => drawn.get_model_by_name('pictures')).find(Boolean)"
POSITION = f"""
    {SOURCE}
    const plot = source.document.roots()[0].tabs[plane].child
    const {{x, y}} = plot.renderers.find((renderer) => renderer.data_source === source).glyph
    const index = source.data.file.indexOf(name)
    const view = Bokeh.index.find_one(plot)
    const box = view?.el.getBoundingClientRect()
    const position = box?.width > 0 ? [
      box.x + view.frame.x_scale.compute(source.data[x.field][index]),
      box.y + view.frame.y_scale.compute(source.data[y.field][index]),
    ] : null
"""


@pytest.fixture
def report(browser: Browser, file: Path) -> Iterator[Report]:
    page = browser.new_page(viewport={"width": 1600, "height": 1000})
    page.set_default_timeout(TIMEOUT * 1000)
    expect.set_options(timeout=TIMEOUT * 1000)
    report = Report(page, file)
    yield report
    assert report.requests[0] == file.as_uri()
    assert [url for url in report.requests[1:] if not url.startswith("data:")] == []
    assert report.errors == []
    page.close()


def test_every_picture_is_a_point(report: Report, evaluation: Evaluation) -> None:
    assert sorted(report.column("file")) == sorted(picture["file"] for picture in evaluation.pictures)
    for plane in PLANES:
        report.show_plane(plane)
        positions = {report.position(picture["file"], plane) for picture in evaluation.pictures}
        assert len(positions) == len(evaluation.pictures)


def test_tooltip_shows_the_avatar(report: Report, folder: Path) -> None:
    for plane in PLANES:
        report.show_plane(plane)
        for name in WRONG:
            report.point_at(name, plane)
            expect(report.page.locator(".bk-Tooltip b")).to_have_text(name)
            expect(report.tooltip()).to_have_count(1)
            expect(report.tooltip()).to_have_attribute("src", rendering._thumbnail(folder / name))
            report.page.mouse.move(1, 1)
            expect(report.tooltip()).to_have_count(0)


def test_click_pins_in_all_planes_and_second_click_unpins(report: Report) -> None:
    report.expect_nothing_pinned()
    for plane in PLANES:
        report.show_plane(plane)
        report.click("custom/wrong.png", plane)
        report.expect_pinned("custom/wrong.png")
        report.page.mouse.move(1, 1)
        expect(report.tooltip()).to_have_count(0)
        report.point_at("default/wrong.png", plane)
        expect(report.tooltip()).to_have_count(1)
        report.expect_pinned("custom/wrong.png")
        other = (plane + 1) % len(PLANES)
        report.show_plane(other)
        report.expect_pinned("custom/wrong.png")
        report.click("custom/wrong.png", other)
        report.expect_nothing_pinned()


def test_quick_clicks_are_not_lost(report: Report) -> None:
    for name in ["custom/wrong.png", "default/wrong.png"] * 3:
        report.page.mouse.click(*report.position(name))
        report.expect_pinned(name)
    report.page.mouse.click(*report.position("default/wrong.png"))
    report.expect_nothing_pinned()


def test_click_beside_all_points_changes_nothing(report: Report) -> None:
    report.click("custom/wrong.png")
    x, y = report.position("custom/wrong.png")
    report.page.mouse.click(x + 150, y - 150)
    report.expect_pinned("custom/wrong.png")


def test_picture_can_be_unpinned_without_the_point(report: Report) -> None:
    page = report.page
    for unpin in (lambda: page.keyboard.press("Escape"), lambda: page.get_by_role("button", name="unpin").click()):
        report.click("custom/wrong.png")
        report.expect_pinned("custom/wrong.png")
        unpin()
        report.expect_nothing_pinned()


def test_pinned_picture_has_all_its_fields(report: Report, evaluation: Evaluation) -> None:
    (picture,) = [picture for picture in evaluation.pictures if picture["file"] == f"custom/{HOSTILE}"]
    report.click(picture["file"])
    report.expect_pinned(picture["file"])
    fields = {
        field.get_attribute("data-field"): field.inner_text()
        for field in report.page.locator("#pinned [data-field]").all()
    }
    assert fields.pop("probability") == f"{picture['probability']:.4f}"
    expected = {"file": picture["file"], "label": "custom", "family": "<i>family</i>", "prediction": "default"}
    assert {name: float(fields.pop(name)) for name in features.NAMES} == picture["features"]
    assert fields == expected


def gallery(report: Report, within: str) -> list[str]:
    cards = report.page.locator(f"{within} .card").all()
    for card in cards:
        assert card.locator("b").inner_text() == card.get_attribute("data-file")
        assert card.locator("img").evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    return [card.locator("b").inner_text() for card in cards]


def test_galleries_contain_every_error_and_the_least_certain_right_predictions(
    report: Report, evaluation: Evaluation
) -> None:
    assert sorted(gallery(report, "#errors")) == WRONG
    assert "{{ 7 * 7 }}" in report.page.locator("#errors").inner_text()
    assert report.page.locator("img[src=x]").count() == 0
    degraded = {error["file"] for error in evaluation.robustness_errors}
    assert sorted(gallery(report, "#robustness")) == sorted(degraded)
    right = [picture for picture in evaluation.pictures if picture["prediction"] == picture["label"]]
    right.sort(key=lambda picture: (round(abs(picture["probability"] - 0.5), 6), picture["file"]))
    assert gallery(report, "#least-certain") == [picture["file"] for picture in right[: rendering.LEAST_CERTAIN]]


def test_page_contains_scores_robustness_families_files_figures_and_license(
    report: Report, evaluation: Evaluation
) -> None:
    assert report.page.title().startswith("Default or custom: avatars <b> & more, ")
    scores = report.page.locator("#scores").inner_text()
    assert f"{tables.percent(evaluation.scores['accuracy']['value'])} %" in scores
    confusion = [cell.inner_text() for cell in report.page.locator("#scores td").all()]
    counts = evaluation.scores["confusion"]
    assert confusion == [str(counts[label][predicted]) for label in dataset.LABELS for predicted in dataset.LABELS]
    titles = [cell.get_attribute("title") for cell in report.page.locator(".heat td").all()]
    assert titles == [f"{row['right']} of {row['count']}" for row in evaluation.robustness]
    assert report.page.locator("#families tbody tr").count() == len(evaluation.families)
    assert "License: <script>hacked()</script> MIT" in report.page.locator("#data").inner_text()
    assert "custom/damaged.png" in report.page.locator("#data").inner_text()
    for name in ("features", "reliability", "accuracy", "brier"):
        expect(report.page.locator(f"#figure-{name} canvas").first).to_be_visible()


@pytest.mark.parametrize("width", [360, 1600])
def test_page_fits_the_window(report: Report, width: int) -> None:
    report.page.set_viewport_size({"width": width, "height": 800})
    report.page.wait_for_function("document.documentElement.scrollWidth <= window.innerWidth")
    report.click("custom/wrong.png")
    report.expect_pinned("custom/wrong.png")
    expect(report.page.locator("#pinned img")).to_be_in_viewport()
    report.page.wait_for_function("document.documentElement.scrollWidth <= window.innerWidth")
