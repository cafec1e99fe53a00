"""The map of a scan: its data, and the page in a real browser without a network."""

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from github_avatars.demo import Graph
from github_avatars.github import Account, Profile
from github_avatars.identicon import drawing
from github_avatars.scan import network
from github_avatars.scan.network import Network
from github_avatars.scan.rows import COLUMNS
from github_avatars.scan.store import Store
from github_avatars.web.map import layout, rendering, write
from tests.support.networks import HOST, result_for, write_graph, write_network
from tests.support.visits import HTML_NAME, Visit

GRAPH = Graph(400)
HOSTILE = [HTML_NAME, "</script><script>alert(1)</script>", "<!--<script>", "javascript:alert(1)", "\u2028'\"\\"]
PLAIN = ["anna", "zeke"]
MARGIN = 28
"""The margin of plane.js."""


def render(db: Path, **options: Any) -> str:
    file = io.BytesIO()
    write(db, file, **options)
    return file.getvalue().decode()


def data_of(html: str) -> Any:
    match = re.search('<script type="application/json" id="data">(.*?)</script>', html, re.DOTALL)
    assert match
    return json.loads(match[1])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("map")


@pytest.fixture(scope="module")
def db(folder: Path) -> Path:
    return write_graph(folder / "graph.db", GRAPH, keep_pictures=True)


@pytest.fixture(scope="module")
def hostile_db(folder: Path) -> Path:
    """Two plain accounts that follow each other, and accounts with names that a page could misinterpret."""
    accounts = [Account(login, 1000 + place) for place, login in enumerate([*PLAIN, *HOSTILE])]
    results = [result_for(account.account_id or 0, place == 0) for place, account in enumerate(accounts)]
    profiles = {"anna": Profile(1000, "User", name=HTML_NAME, followers=7)}
    return write_network(folder / "hostile.db", accounts, results, [(0, 1), (1, 0)], profiles=profiles)


@pytest.fixture(scope="module")
def pages(folder: Path, db: Path, hostile_db: Path) -> dict[str, Path]:
    """The files of the pages by name."""
    contents = {
        "graph": render(db),
        "redacted": render(db, redact=True),
        "hostile": render(hostile_db),
        "empty": render(write_network(folder / "empty.db", [], [], [])),
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rendering, "MAX_ACCOUNTS", 100)
        contents["grouped"] = render(db)
    for name, html in contents.items():
        (folder / f"{name}.html").write_text(html, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in contents}


class Map:
    """The page in a browser, and its data."""

    def __init__(self, page: Page, path: Path) -> None:
        self.page = page
        self.data = data_of(path.read_text(encoding="utf-8"))
        self.visit = Visit(page, path.as_uri())
        page.on("request", lambda request: self.requests.append(request.url))
        self.requests: list[str] = []
        page.goto(path.as_uri())
        page.wait_for_selector("html[data-ready]")

    @property
    def details(self) -> Any:
        return self.page.locator("#details")

    @property
    def status(self) -> Any:
        return self.page.get_by_role("status").last

    def position(self, login: str) -> tuple[float, float]:
        """Where an account is on the screen if the map shows all of them."""
        (index,) = (place for place, row in enumerate(self.data["rows"]) if row[0] == login)
        return self.place(self.data["x"][index], self.data["y"][index])

    def place(self, x: float, y: float) -> tuple[float, float]:
        box = self.page.locator("#map").bounding_box()
        assert box
        discs = self.data["discs"]
        low = [min(disc[axis] - disc["radius"] for disc in discs) for axis in "xy"]
        high = [max(disc[axis] + disc["radius"] for disc in discs) for axis in "xy"]
        scale = min(
            (length - 2 * MARGIN) / (end - start)
            for length, start, end in zip((box["width"], box["height"]), low, high, strict=True)
        )
        return (
            box["x"] + box["width"] / 2 + scale * (x - (low[0] + high[0]) / 2),
            box["y"] + box["height"] / 2 + scale * (y - (low[1] + high[1]) / 2),
        )

    def tab(self, name: str) -> None:
        self.page.get_by_role("tab", name=name).click()

    def colors(self, canvas: str) -> set[tuple[int, ...]]:
        """The colors of the pixels of a canvas as it is on the screen."""
        shot = Image.open(io.BytesIO(self.page.locator(canvas).screenshot())).convert("RGB")
        return {tuple(color) for _, color in shot.getcolors(shot.width * shot.height) or []}  # type: ignore[arg-type]


@pytest.fixture
def opened(browser: Browser, pages: dict[str, Path], request: pytest.FixtureRequest) -> Iterator[Map]:
    """A page that is open. The parameter is its name, or its name and options of the browser context."""
    name, options = request.param if isinstance(request.param, tuple) else (request.param, {})
    context = browser.new_context(viewport={"width": 1280, "height": 860}, **options)
    context.route(lambda url: not url.startswith(("file:", "data:")), lambda route: route.abort())
    opened = Map(context.new_page(), pages[name])
    yield opened
    context.close()
    assert opened.visit.complaints == []
    assert [url for url in opened.requests if not url.startswith(("file:", "data:"))] == []


def test_same_store_has_the_same_map(db: Path, pages: dict[str, Path]) -> None:
    assert render(db) == pages["graph"].read_text(encoding="utf-8")


def test_accounts_do_not_overlap_and_are_in_their_discs(db: Path) -> None:
    with Store(db) as store:
        found = network.read(store)
    arranged = layout.arrange(found)
    positions = arranged.positions
    distances = np.hypot(*(positions[:, None] - positions).T)
    np.fill_diagonal(distances, np.inf)
    assert distances.min() > 0.8
    assert [disc.community for disc in arranged.discs] == [1, 2]
    for index, disc in enumerate(arranged.discs):
        assert {found.communities[member] for member in disc.members} == {disc.community}
        assert set(disc.members) == set(np.flatnonzero(arranged.disc_of == index))
        away = positions[disc.members] - (disc.x, disc.y)
        assert np.hypot(*away.T).max() < disc.radius
    one, other = arranged.discs
    assert np.hypot(one.x - other.x, one.y - other.y) > one.radius + other.radius
    ends = arranged.disc_of[np.array(found.edges)]
    assert arranged.between.tolist() == [[int((ends == (a, b)).all(axis=1).sum()) for b in (0, 1)] for a in (0, 1)]


def test_many_communities_share_discs() -> None:
    pairs = layout.MAX_DISCS + 5
    edges = [(2 * number, 2 * number + 1) for number in range(pairs)]
    found = Network([{}] * (2 * pairs + 1), [], edges, network.find_communities(2 * pairs + 1, edges))
    arranged = layout.arrange(found)
    assert len(arranged.discs) == layout.MAX_DISCS + 2
    assert [(disc.name, len(disc.members)) for disc in arranged.discs[-3:]] == [
        ("Community 200", 2),
        ("5 smaller communities", 10),
        ("No edges", 1),
    ]
    centers = np.array([(disc.x, disc.y) for disc in arranged.discs])
    radii = np.array([disc.radius for disc in arranged.discs])
    distances = np.hypot(*(centers[:, None] - centers).T)
    np.fill_diagonal(distances, np.inf)
    assert (distances > radii[:, None] + radii).all()


def test_pictures_are_identicons_of_verified_accounts_and_kept_pictures(pages: dict[str, Path]) -> None:
    data = data_of(pages["graph"].read_text(encoding="utf-8"))
    for row, code, tile in zip(data["rows"], data["identicons"], data["tiles"], strict=True):
        columns = dict(zip(data["columns"], row, strict=True))
        assert (code is not None) == (columns["label"] == "default")
        assert (tile is not None) == (columns["label"] == "custom")
        if code:
            expected = drawing.for_account(columns["account_id"])
            assert code >> 15 == int.from_bytes(expected.color, "big")
            assert drawing.format_grid(cell for cell in range(15) if code >> cell & 1) == expected.grid
    assert [url.partition(",")[0] for url in data["sheets"]] == ["data:image/webp;base64"]


def test_redacted_map_has_nothing_that_identifies_an_account(db: Path, pages: dict[str, Path]) -> None:
    graphml = io.BytesIO()
    write(db, graphml, "graphml", redact=True)
    html = pages["redacted"].read_text(encoding="utf-8")
    data = data_of(html)
    assert (data["host"], data["sheets"]) == (None, [])
    assert {*data["identicons"], *data["tiles"]} == {None}
    for text in (json.dumps(data), graphml.getvalue().decode().partition("<node")[2]):
        assert "graph-" not in text
        assert "http" not in text
        assert not [account_id for account_id in GRAPH.accounts.values() if str(account_id) in text]
    assert list(COLUMNS) == data["columns"]


@pytest.mark.parametrize("opened", ["hostile"], indirect=True)
def test_names_are_text(opened: Map) -> None:
    opened.tab("Table")
    names = opened.page.locator("#view-table tbody th button").all_inner_texts()
    assert names == [*PLAIN, *HOSTILE]
    for name in HOSTILE:
        opened.page.get_by_role("button", name=name, exact=True).click()
        assert opened.details.locator("h2").text_content() == name
        # Such a login has no profile.
        expect(opened.details.get_by_role("link", name="Profile")).to_have_count(0)
    assert opened.page.locator("img, script").count() == 2
    opened.page.get_by_role("button", name="anna", exact=True).click()
    expect(opened.details.get_by_role("link", name="Profile")).to_have_attribute("href", f"{HOST}/anna")
    values = opened.details.locator("dd").all_inner_texts()
    assert {HTML_NAME, "7", "User"} <= set(values)


@pytest.mark.parametrize("opened", ["graph"], indirect=True)
def test_pointing_shows_the_row_and_a_click_opens_the_profile(opened: Map) -> None:
    page = opened.page
    expect(page.locator("#summary")).to_have_text(f"400 accounts · {len(GRAPH.edges):,} edges · 2 communities")
    page.mouse.move(*opened.position("graph-7"))
    expect(page.locator("#tip")).to_contain_text("graph-7 · ")
    expect(opened.details.locator("h2")).to_have_text("graph-7")
    row = dict(zip(*(opened.details.locator(name).all_inner_texts() for name in ("dt", "dd")), strict=True))
    assert (row["account id"], row["status"], row["community"] in ("1", "2")) == ("50000008", "judged", True)
    followers = [follower for follower, followed in GRAPH.edges if followed == 7]
    assert row["followers here"] == str(len(followers))
    neighbors = opened.details.locator("section").first.get_by_role("button")
    assert neighbors.all_inner_texts() == [f"graph-{follower}" for follower in followers]
    with page.context.expect_page() as profile:
        page.mouse.click(*opened.position("graph-7"))
    with profile.value.expect_event("close"):
        assert profile.value.evaluate("opener") is None
        profile.value.close()
    page.mouse.move(1, 1)
    expect(opened.details.locator("h2")).to_have_text("graph-7")
    neighbors.first.click()
    expect(opened.details.locator("h2")).to_have_text(f"graph-{followers[0]}")


@pytest.mark.parametrize("opened", ["graph"], indirect=True)
def test_dragging_moves_and_the_wheel_zooms(opened: Map) -> None:
    page = opened.page
    x, y = opened.position("graph-7")
    page.evaluate("opened = []; open = (url) => opened.push(url); null")
    page.mouse.move(x, y)
    page.mouse.wheel(0, -480)
    # Zooming keeps the point under the pointer.
    page.mouse.move(x + 1, y)
    expect(opened.details.locator("h2")).to_have_text("graph-7")
    page.mouse.down()
    page.mouse.move(x + 100, y + 50, steps=4)
    page.mouse.up()
    page.mouse.move(1, 1)
    page.mouse.move(x + 100, y + 50)
    expect(page.locator("#tip")).to_contain_text("graph-7 · ")
    assert page.evaluate("opened") == []
    page.get_by_role("button", name="Fit").click()
    page.mouse.move(x, y)
    expect(opened.details.locator("h2")).to_have_text("graph-7")


@pytest.mark.parametrize("opened", ["graph"], indirect=True)
def test_search_and_legend_select_accounts(opened: Map) -> None:
    page = opened.page
    page.get_by_label("Search").fill("graph-39")
    expect(page.locator("#matches")).to_have_text("11 of 400")
    page.keyboard.press("Enter")
    expect(opened.details.locator("h2")).to_have_text("graph-39")
    page.get_by_label("Search").fill("50000008")
    expect(page.locator("#matches")).to_have_text("1 of 400")
    opened.tab("Table")
    rows = page.locator("#view-table table").last.locator("tbody tr")
    expect(rows).to_have_count(1)
    page.get_by_label("Search").fill("")
    page.get_by_label("default").uncheck()
    page.get_by_label("custom").uncheck()
    expect(page.locator("#matches")).to_have_text("8 of 400")
    expect(rows).to_have_count(8)
    assert set(rows.locator("td:nth-child(2)").all_inner_texts()) == {"not classified"}


@pytest.mark.parametrize("opened", ["graph"], indirect=True)
def test_table_is_sorted_and_paged(opened: Map) -> None:
    page = opened.page
    opened.tab("Table")
    communities = page.locator("#communities tbody tr")
    assert [text.split("\t")[:2] for text in communities.all_inner_texts()] == [
        ["Community 1", "200"],
        ["Community 2", "200"],
    ]
    names = page.locator("#view-table tbody th button")
    expect(names).to_have_count(100)
    assert names.all_inner_texts() == [f"graph-{number}" for number in range(100)]
    page.get_by_role("button", name="Next").click()
    assert names.first.inner_text() == "graph-100"
    head = page.get_by_role("columnheader", name="followers here")
    counts = page.locator("#view-table tbody td:nth-child(6)")
    page.get_by_role("button", name="followers here").click()
    expect(head).to_have_attribute("aria-sort", "ascending")
    page.get_by_role("button", name="followers here").click()
    expect(head).to_have_attribute("aria-sort", "descending")
    shown = [int(text) for text in counts.all_inner_texts()]
    assert shown == sorted(shown, reverse=True)
    assert shown[0] == max(sum(followed == account for _, followed in GRAPH.edges) for account in range(400))


@pytest.mark.parametrize("opened", ["graph"], indirect=True)
def test_features_show_every_classified_account_and_open_its_picture(opened: Map) -> None:
    page = opened.page
    opened.tab("Features")
    page.locator("#features").focus()
    page.keyboard.press("ArrowRight")
    expect(opened.details.locator("h2")).to_contain_text("graph-")
    name = opened.details.locator("h2").inner_text()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name=name)
    expect(dialog.get_by_role("img", name=f"The avatar of {name}")).to_be_visible()
    expect(dialog.get_by_role("link", name="Picture")).to_have_attribute("href", re.compile(f"^{HOST}/u/"))
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()
    expect(page.locator("#features")).to_be_focused()
    before = page.locator("#features").screenshot()
    page.get_by_label("Vertical").select_option("github grey")
    assert page.locator("#features").screenshot() != before


@pytest.mark.parametrize("opened", ["graph"], indirect=True)
def test_everything_works_with_the_keyboard(opened: Map) -> None:
    page = opened.page
    focused = "document.activeElement.id || document.activeElement.textContent.trim()"
    order = []
    for _ in range(8):
        page.keyboard.press("Tab")
        order.append(page.evaluate(focused))
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none", order
    assert order[:2] == ["tab-map", "search"]
    assert order[-1] == "map"
    page.keyboard.press("ArrowRight")
    names = [opened.details.locator("h2").inner_text()]
    for key in ("ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp"):
        page.keyboard.press(key)
        names.append(opened.details.locator("h2").inner_text())
        expect(opened.status).to_contain_text(f"{names[-1]}: ")
    assert len(set(names)) > 2
    for key in ("+", "Shift+ArrowLeft", "-", "0"):
        page.keyboard.press(key)
    with page.context.expect_page() as profile:
        page.keyboard.press("Enter")
    profile.value.close()
    page.keyboard.press("Escape")
    expect(opened.details.locator("h2")).to_have_count(0)
    page.locator("#tab-map").focus()
    for tab, panel in (("Features", "#features"), ("Table", "#communities"), ("Map", "#map")):
        page.keyboard.press("ArrowRight")
        expect(page.get_by_role("tab", name=tab)).to_be_focused()
        expect(page.locator(panel)).to_be_visible()


@pytest.mark.parametrize(
    ("name", "scheme"),
    [
        ("graph", "light"),
        ("graph", "dark"),
        ("redacted", "light"),
        ("grouped", "dark"),
        ("empty", "light"),
    ],
)
def test_every_view_is_accessible_and_in_the_colors_of_the_scheme(
    browser: Browser, pages: dict[str, Path], name: str, scheme: Any
) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 860}, color_scheme=scheme)
    opened = Map(context.new_page(), pages[name])
    if name != "empty":
        expected = {"light": {(0, 114, 178), (213, 94, 0)}, "dark": {(74, 168, 228), (240, 138, 60)}}[scheme]
        assert expected <= opened.colors("#map")
        if name != "redacted":
            opened.tab("Features")
            assert expected <= opened.colors("#features")
        opened.tab("Map")
        opened.page.locator("#map").focus()
        opened.page.keyboard.press("ArrowRight")
        expect(opened.details.locator("h2")).to_be_visible()
    for tab in ("Map", "Features", "Table"):
        opened.tab(tab)
        assert opened.visit.fits()
        opened.visit.expect_accessible()
    opened.page.set_viewport_size({"width": 360, "height": 740})
    for tab in ("Map", "Features", "Table"):
        opened.tab(tab)
        assert opened.visit.fits()
    context.close()
    assert opened.visit.complaints == []


@pytest.mark.parametrize("opened", ["grouped"], indirect=True)
def test_many_accounts_are_drawn_as_groups(opened: Map) -> None:
    page = opened.page
    assert len(opened.data["rows"]) == 100
    assert "edges" not in opened.data
    assert [disc["size"] for disc in opened.data["discs"]] == [200, 200]
    expect(page.locator("#summary")).to_contain_text("100 accounts, chosen at random, are listed")
    for disc in opened.data["discs"]:
        page.mouse.move(*opened.place(disc["x"], disc["y"]))
        expect(opened.details.locator("h2")).to_have_text(disc["name"])
        assert opened.details.locator("dd").all_inner_texts()[0] == "200"
    opened.tab("Table")
    expect(page.get_by_role("heading", name="A sample of 100 accounts")).to_be_visible()


@pytest.mark.parametrize("opened", ["redacted"], indirect=True)
def test_redacted_page_explains_what_it_does_not_have(opened: Map) -> None:
    expect(opened.page.locator("#summary")).to_contain_text("redacted")
    opened.tab("Features")
    expect(opened.page.locator("#no-features")).to_be_visible()
    opened.tab("Table")
    assert opened.page.get_by_role("link").count() == 0


@pytest.mark.parametrize("opened", ["graph"], indirect=True)
@pytest.mark.parametrize(
    "violation",
    [
        "document.body.innerHTML = ''",
        "document.head.append(Object.assign(document.createElement('img'), { src: 'http://127.0.0.1:1/' }))",
        "document.head.append(Object.assign(document.createElement('style'), { textContent: '*{}' }))",
        "fetch('http://127.0.0.1:1/').catch(() => 0)",
    ],
)
def test_policy_forbids_everything_else(opened: Map, violation: str) -> None:
    with opened.page.expect_console_message(
        lambda message: "Content Security Policy" in message.text or "Trusted" in message.text
    ):
        opened.page.evaluate(f"() => {{ try {{ {violation} }} catch {{}} }}")
    assert opened.visit.complaints
    opened.visit.complaints.clear()
    opened.requests.clear()
