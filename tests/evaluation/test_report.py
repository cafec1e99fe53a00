"""The report of real evaluations, read as text and looked at in a real browser."""

import json
import math
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from github_avatars import classifier, features
from github_avatars.cli import command_line
from github_avatars.errors import BadInput, NotAPicture
from github_avatars.evaluation import evaluating, report
from github_avatars.evaluation.evaluating import Evaluation, Judged
from github_avatars.evaluation.report import figures
from github_avatars.features import Features
from github_avatars.training import dataset
from tests.support.browsers import chromium
from tests.support.processes import ROOT, clean_environment
from tests.support.timing import TIMEOUT

AVATARS = ROOT / "avatars"
MEGABYTE = 1_000_000
HOSTILE = """<img src=x onerror=hacked()> & '"{{ 7 * 7 }}.png"""
CURVE = [{"pictures": 4, "accuracy": 0.9, "brier": 0.1}, {"pictures": 16, "accuracy": 0.99, "brier": 0.01}]
PLANES = range(len(figures.PLANES))

Json = dict[str, Any]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some of the shipped avatars: three with the wrong label, one of a hostile name, and a torn file."""
    folder = tmp_path_factory.mktemp("any") / "avatars <b> & more"
    (folder / "custom").mkdir(parents=True)
    (folder / "default").mkdir()
    shipped = dataset.read_index(AVATARS)
    default = [example for example in shipped if example.label == "default"]
    examples = default[:8] + [example for example in shipped if example.label == "custom"][::16]
    for example in examples:
        shutil.copy(AVATARS / example.file, folder / example.file)
    wrong = [
        replace(default[9], file="custom/wrong.png", label="custom"),
        replace(default[10], file=f"custom/{HOSTILE}", label="custom", family="<i>family</i>"),
        replace(examples[-1], file="default/wrong.png", label="default"),
    ]
    for example, original in zip(wrong, (default[9], default[10], examples[-1]), strict=True):
        shutil.copy(AVATARS / original.file, folder / example.file)
    (folder / "custom" / "torn.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    torn = replace(examples[-1], file="custom/torn.png")
    dataset.write_index(folder, [*examples, *wrong, torn])
    (folder / "README.md").write_text("Licence: <script>hacked()</script> MIT\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def result(folder: Path) -> Json:
    return evaluating.evaluate(folder).as_json() | {"learning_curve": CURVE}


@pytest.fixture(scope="module")
def html(result: Json, folder: Path) -> str:
    return report.page(result, folder)


def wrong_files(result: Json) -> list[str]:
    return sorted(picture["file"] for picture in result["pictures"] if picture["prediction"] != picture["label"])


# The text


def test_the_folder_has_the_errors_that_these_tests_are_about(result: Json) -> None:
    assert wrong_files(result) == sorted(["custom/wrong.png", f"custom/{HOSTILE}", "default/wrong.png"])
    assert [file["file"] for file in result["unreadable"]] == ["custom/torn.png"]


def test_a_report_is_the_same_every_time(html: str, result: Json, folder: Path) -> None:
    assert report.page(result, folder) == html


def test_a_report_leaves_the_evaluation_as_it_was(result: Json, folder: Path) -> None:
    before = deepcopy(result)
    report.page(result, folder)
    assert result == before


def test_a_report_of_all_avatars_stays_small() -> None:
    """Judged without degraded copies, each of which would only be counted."""
    judged = []
    for example in dataset.read_index(AVATARS):
        verdict = classifier.classify(AVATARS / example.file)
        judged.append(Judged(example, verdict, (verdict,) * len(evaluating.grid())))
    assert len(judged) >= 400
    whole = Evaluation("avatars", "2000-01-01", "0" * 64, {}, True, judged, [])
    assert len(report.page(whole.as_json(), AVATARS).encode()) < 8 * MEGABYTE


def test_a_folder_that_tells_nothing_of_itself_is_nobodys_to_publish(
    result: Json, folder: Path, tmp_path: Path
) -> None:
    bare = shutil.copytree(folder, tmp_path / "bare")
    (bare / "README.md").unlink()
    assert "nobody’s to publish" in report.page(result, bare)


def test_an_evaluation_of_nothing_is_reported(tmp_path: Path) -> None:
    empty = Evaluation("empty", "2000-01-01", "0" * 64, {}, False, [], [])
    assert "0 pictures" in report.page(empty.as_json(), tmp_path)


def test_a_name_that_is_no_text_can_be_written(tmp_path: Path) -> None:
    example = next(example for example in dataset.read_index(AVATARS) if example.label == "default")
    odd = replace(example, file="\udcff.png", family="\udcff")
    shutil.copy(AVATARS / example.file, tmp_path / odd.file)
    verdict = classifier.classify(tmp_path / odd.file)
    judged = Judged(odd, verdict, (verdict,) * len(evaluating.grid()))
    whole = Evaluation("odd", "2000-01-01", "0" * 64, {}, False, [judged], [])
    assert "<b>?.png</b>" in report.page(whole.as_json(), tmp_path).encode("utf-8").decode()


# What cannot be reported


def test_a_picture_that_is_gone_is_told(result: Json, folder: Path, tmp_path: Path) -> None:
    rest = shutil.copytree(folder, tmp_path / "rest")
    (rest / "custom" / "wrong.png").unlink()
    with pytest.raises(NotAPicture, match=r"custom/wrong\.png cannot be read"):
        report.page(result, rest)


@pytest.mark.parametrize(
    ("keys", "value", "told"),
    [
        ((), [], r"The evaluation is '\[\]', not an object"),
        (("pictures",), {}, r"The evaluation, pictures is '{}', not a list"),
        (("pictures", 0, "label"), "robot", r"pictures, number 0, label is 'robot', not one of default, custom"),
        (("pictures", 0, "file"), 7, r"pictures, number 0, file is '7', not a text"),
        (("pictures", 0, "probability"), math.nan, r"probability is 'nan', not a number from 0 to 1"),
        (("pictures", 0, "probability"), None, r"probability is 'None', not a number from 0 to 1"),
        (
            ("pictures", 0, "features", "distinct_colors"),
            0,
            r"distinct_colors is '0', not a whole number from 1 to 576",
        ),
        (("pictures", 0, "features", "github_grey"), True, r"github_grey is 'True', not a whole number"),
        (("pictures", 0, "features", "identicon_error"), -0.1, r"identicon_error is '-0.1', not a number"),
        (("scores", "accuracy"), {}, r"scores, accuracy is '{}', not an object with 'value'"),
        (("held_out",), 1, r"held_out is '1', not true or false"),
        (("robustness_errors", 0, "file"), "gone.png", r"robustness_errors is 'gone.png', not a file of its pictures"),
        (("learning_curve", 0, "pictures"), 0, r"learning_curve, number 0, pictures is '0', not a whole number"),
    ],
)
def test_what_is_no_evaluation_is_told(
    keys: tuple[str | int, ...], value: object, told: str, result: Json, folder: Path
) -> None:
    broken: Any = {"whole": deepcopy(result)}
    *outer, last = ("whole", *keys)
    place = broken
    for key in outer:
        place = place[key]
    place[last] = value
    with pytest.raises(BadInput, match=told + r".*: give what github-avatars evaluate --json wrote\.$"):
        report.page(broken["whole"], folder)


def test_every_part_of_an_evaluation_is_needed(result: Json, folder: Path) -> None:
    for key in set(result) - {"learning_curve", "model", "robustness_brier"}:
        with pytest.raises(BadInput, match=f"not an object with '{key}'"):
            report.page({name: part for name, part in result.items() if name != key}, folder)


@pytest.mark.parametrize("text", [b"{", b"\xff", b"[" * 200_000])
def test_what_is_no_json_is_told(text: bytes, tmp_path: Path) -> None:
    (tmp_path / "evaluation.json").write_bytes(text)
    with pytest.raises(BadInput, match=r"evaluation\.json is not JSON \("):
        report.read(tmp_path / "evaluation.json")


# Where points and the decision are drawn


@pytest.mark.parametrize("plane", figures.PLANES)
def test_the_dashed_line_is_where_the_classifier_is_undecided(plane: tuple[str, str]) -> None:
    shipped = classifier.shipped()
    drawn = figures.figure()
    figures._surface(drawn, *plane)
    lines = drawn.renderers[0].line_renderer.data_source.data
    (number,) = [number for number, color in enumerate(lines["line_color"]) if color != "#0000"]
    rows = []
    for x, y in zip(lines["xs"][number], lines["ys"][number], strict=True):
        row = dict(zip(features.NAMES, shipped.means, strict=True)) | {plane[0]: x, plane[1]: y}
        rows.append([row[name] for name in features.NAMES])
    assert len(rows) == 2
    for row in rows:
        score = shipped.intercept + sum(weight * value for weight, value in zip(shipped.weights, row, strict=True))
        assert score == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("measured", [Features(0, 1, 0.0), Features(300, 2, 0.25), Features(576, 576, 1.0)])
def test_points_are_drawn_where_the_classifier_sees_them(measured: Features) -> None:
    seen = dict(zip(features.NAMES, measured.row(), strict=True))
    assert {name: figures.scaled(name, getattr(measured, name)) for name in features.NAMES} == seen


def test_pictures_at_the_very_same_spot_are_fanned_out_around_it() -> None:
    for count in (2, 300, 3000):
        xs, ys = figures._fanned("distinct_colors", [2] * count + [8], "identicon_error", [0.0] * count + [1.0])
        assert (xs[0], ys[0]) == (math.log(2), 0)
        assert (xs[-1], ys[-1]) == (math.log(8), 1)
        assert len(set(zip(xs, ys, strict=True))) == count + 1
        assert min(ys) > figures._reach("identicon_error")[0]


# In a browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def file(html: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("report") / "report.html"
    file.write_text(html, encoding="utf-8")
    return file


class Report:
    """The page in a browser that has no network; `asked` is whatever it asked for, `complaints` what went wrong."""

    def __init__(self, page: Page, file: Path) -> None:
        self.page = page
        self.asked: list[str] = []
        self.complaints: list[str] = []
        page.route(lambda url: not url.startswith(("file:", "data:")), lambda route: route.abort())
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on(
            "console", lambda said: self.complaints.append(said.text) if said.type in ("error", "warning") else None
        )
        page.goto(file.as_uri())
        page.wait_for_selector("html[data-drawn]")

    def pictures(self, column: str) -> list[Any]:
        """A column of what the scatter is drawn from."""
        found: list[Any] = self.page.evaluate(f"{SOURCE}; source.data[{column!r}]")
        return found

    def turn_to(self, plane: int) -> None:
        self.page.locator("#figure-features .bk-tab").nth(plane).click()
        expect(self.page.locator("#figure-features .bk-tab.bk-active")).to_have_count(1)

    def place(self, name: str, plane: int = 0) -> tuple[float, float]:
        """Where on the screen the point of a file is, in a plane that is shown."""
        self.page.locator("#figure-features").scroll_into_view_if_needed()
        self.page.wait_for_function(f"([name, plane]) => {{ {PLACE} return place !== null }}", arg=[name, plane])
        x, y = self.page.evaluate(f"([name, plane]) => {{ {PLACE} return place }}", [name, plane])
        return x, y

    def point_at(self, name: str, plane: int = 0) -> None:
        self.page.mouse.move(*self.place(name, plane))

    def click(self, name: str, plane: int = 0) -> None:
        self.page.mouse.click(*self.place(name, plane))

    def tooltip(self) -> Any:
        return self.page.locator(".bk-Tooltip img:visible")

    def expect_pinned(self, name: str) -> None:
        expect(self.page.locator("#pinned [data-field=file]")).to_have_text(name)
        expect(self.page.locator("#pinned img")).to_be_visible()
        (thumbnail,) = [
            shown for file, shown in zip(self.pictures("file"), self.pictures("thumbnail"), strict=True) if file == name
        ]
        expect(self.page.locator("#pinned img")).to_have_attribute("src", thumbnail)
        assert self.page.locator("#pinned img").evaluate("image => image.decode().then(() => image.naturalWidth)") > 0

    def expect_nothing_pinned(self) -> None:
        expect(self.page.locator("#pinned img")).to_be_hidden()
        expect(self.page.locator("#pinned [data-empty]")).to_be_visible()


SOURCE = "var source = Bokeh.documents.map((drawn) => drawn.get_model_by_name('pictures')).find(Boolean)"
PLACE = f"""
    {SOURCE}
    const plot = source.document.roots()[0].tabs[plane].child
    const {{x, y}} = plot.renderers.find((renderer) => renderer.data_source === source).glyph
    const index = source.data.file.indexOf(name)
    const view = Bokeh.index.find_one(plot)
    const box = view?.el.getBoundingClientRect()
    const place = box?.width > 0 ? [
      box.x + view.frame.x_scale.compute(source.data[x.field][index]),
      box.y + view.frame.y_scale.compute(source.data[y.field][index]),
    ] : null
"""


@pytest.fixture
def shown(browser: Browser, file: Path) -> Iterator[Report]:
    page = browser.new_page(viewport={"width": 1600, "height": 1000})
    page.set_default_timeout(TIMEOUT * 1000)
    expect.set_options(timeout=TIMEOUT * 1000)
    shown = Report(page, file)
    yield shown
    assert shown.asked[0] == file.as_uri()
    assert [asked for asked in shown.asked[1:] if not asked.startswith("data:")] == []
    assert shown.complaints == []
    page.close()


def test_every_picture_is_a_point(shown: Report, result: Json) -> None:
    assert sorted(shown.pictures("file")) == sorted(picture["file"] for picture in result["pictures"])
    for plane in PLANES:
        shown.turn_to(plane)
        places = {shown.place(picture["file"], plane) for picture in result["pictures"]}
        assert len(places) == len(result["pictures"])


@pytest.mark.parametrize("plane", PLANES)
@pytest.mark.parametrize("name", ["custom/wrong.png", f"custom/{HOSTILE}", "default/wrong.png"])
def test_pointing_at_a_point_shows_its_avatar(shown: Report, folder: Path, name: str, plane: int) -> None:
    shown.turn_to(plane)
    shown.point_at(name, plane)
    expect(shown.tooltip()).to_have_count(1)
    expect(shown.tooltip()).to_have_attribute("src", report._thumbnail(folder / name))
    expect(shown.page.locator(".bk-Tooltip b")).to_have_text(name)
    shown.page.mouse.move(1, 1)
    expect(shown.tooltip()).to_have_count(0)


@pytest.mark.parametrize("plane", PLANES)
def test_a_click_pins_and_a_second_one_unpins(shown: Report, plane: int) -> None:
    shown.expect_nothing_pinned()
    shown.turn_to(plane)
    shown.click("custom/wrong.png", plane)
    shown.expect_pinned("custom/wrong.png")
    shown.page.mouse.move(1, 1)
    expect(shown.tooltip()).to_have_count(0)
    shown.point_at("default/wrong.png", plane)
    expect(shown.tooltip()).to_have_count(1)
    shown.expect_pinned("custom/wrong.png")
    shown.click("custom/wrong.png", plane)
    shown.expect_nothing_pinned()


def test_a_click_on_another_point_pins_that_instead(shown: Report) -> None:
    shown.click("custom/wrong.png")
    shown.expect_pinned("custom/wrong.png")
    shown.click("default/wrong.png")
    shown.expect_pinned("default/wrong.png")


def test_no_click_is_lost_however_fast_they_come(shown: Report) -> None:
    for name in ["custom/wrong.png", "default/wrong.png"] * 3:
        shown.page.mouse.click(*shown.place(name))
        shown.expect_pinned(name)
    shown.page.mouse.click(*shown.place("default/wrong.png"))
    shown.expect_nothing_pinned()


def test_a_click_beside_all_points_leaves_the_pinned_one(shown: Report) -> None:
    shown.click("custom/wrong.png")
    x, y = shown.place("custom/wrong.png")
    shown.page.mouse.click(x + 150, y - 150)
    shown.expect_pinned("custom/wrong.png")


def test_a_pinned_picture_stays_from_plane_to_plane(shown: Report) -> None:
    shown.click("custom/wrong.png")
    shown.turn_to(1)
    shown.expect_pinned("custom/wrong.png")
    shown.click("custom/wrong.png", 1)
    shown.expect_nothing_pinned()


@pytest.mark.parametrize(
    "let_go",
    [lambda page: page.keyboard.press("Escape"), lambda page: page.get_by_role("button", name="unpin").click()],
    ids=["Escape", "button"],
)
def test_a_pinned_picture_is_let_go_by_keyboard_too(shown: Report, let_go: Callable[[Page], None]) -> None:
    shown.click("custom/wrong.png")
    shown.expect_pinned("custom/wrong.png")
    let_go(shown.page)
    shown.expect_nothing_pinned()


def test_what_is_pinned_is_told_in_full(shown: Report, result: Json) -> None:
    (picture,) = [picture for picture in result["pictures"] if picture["file"] == f"custom/{HOSTILE}"]
    shown.click(picture["file"])
    shown.expect_pinned(picture["file"])
    told = {
        field.get_attribute("data-field"): field.inner_text()
        for field in shown.page.locator("#pinned [data-field]").all()
    }
    assert told.pop("probability") == f"{picture['probability']:.4f}"
    expected = {"file": picture["file"], "label": "custom", "family": "<i>family</i>", "prediction": "default"}
    assert {name: float(told.pop(name)) for name in features.NAMES} == picture["features"]
    assert told == expected


def gallery(shown: Report, within: str) -> list[str]:
    cards = shown.page.locator(f"{within} .card").all()
    for card in cards:
        assert card.locator("b").inner_text() == card.get_attribute("data-file")
        assert card.locator("img").evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    return [card.locator("b").inner_text() for card in cards]


def test_the_galleries_hold_every_error(shown: Report, result: Json) -> None:
    assert sorted(gallery(shown, "#errors")) == wrong_files(result)
    degraded = {error["file"] for error in result["robustness_errors"]}
    assert sorted(gallery(shown, "#robustness")) == sorted(degraded)


def test_the_least_certain_right_ones_come_in_their_order(shown: Report, result: Json) -> None:
    right = [picture for picture in result["pictures"] if picture["prediction"] == picture["label"]]
    right.sort(key=lambda picture: (round(abs(picture["probability"] - 0.5), 6), picture["file"]))
    assert gallery(shown, "#least-certain") == [picture["file"] for picture in right[: report.LEAST_CERTAIN]]


def test_the_robustness_table_has_every_cell(shown: Report, result: Json) -> None:
    cells = shown.page.locator(".heat td").all()
    assert len(cells) == len(result["robustness"]) == len(evaluating.grid())
    for cell, found in zip(cells, sorted(result["robustness"], key=lambda cell: cell["size"]), strict=True):
        assert cell.get_attribute("title") == f"{found['right']} of {found['count']}"


def test_the_page_tells_scores_families_files_and_licence(shown: Report, result: Json) -> None:
    scores = shown.page.locator("#scores").inner_text()
    assert f"{math.floor(result['scores']['accuracy']['value'] * 1000) / 10} %" in scores
    confusion = [cell.inner_text() for cell in shown.page.locator("#scores td").all()]
    counts = result["scores"]["confusion"]
    assert confusion == [str(counts[label][said]) for label in dataset.LABELS for said in dataset.LABELS]
    assert shown.page.locator("#families tbody tr").count() == len(result["families"])
    assert "Licence: <script>hacked()</script> MIT" in shown.page.locator("#data").inner_text()
    assert "custom/torn.png" in shown.page.locator("#data").inner_text()


def test_every_figure_is_drawn(shown: Report) -> None:
    for name in ("features", "reliability", "accuracy", "brier"):
        expect(shown.page.locator(f"#figure-{name} canvas").first).to_be_visible()


def test_hostile_names_are_only_text(shown: Report) -> None:
    assert shown.page.title().startswith("Default or custom: avatars <b> & more, ")
    assert shown.page.locator("img[src=x]").count() == 0
    assert "{{ 7 * 7 }}" in shown.page.locator("#errors").inner_text()


@pytest.mark.parametrize("width", [360, 1600])
def test_the_page_fits_its_window(shown: Report, width: int) -> None:
    shown.page.set_viewport_size({"width": width, "height": 800})
    shown.page.wait_for_function("document.documentElement.scrollWidth <= window.innerWidth")
    shown.click("custom/wrong.png")
    shown.expect_pinned("custom/wrong.png")
    expect(shown.page.locator("#pinned img")).to_be_in_viewport()
    shown.page.wait_for_function("document.documentElement.scrollWidth <= window.innerWidth")


# The command and the script


@pytest.fixture(scope="module")
def evaluated(result: Json, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("evaluated") / "evaluation.json"
    path.write_text(json.dumps(result), encoding="utf-8")
    return path


def test_the_command_writes_the_page_and_prints_its_path(
    evaluated: Path, folder: Path, html: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "page.html"
    assert command_line.main(["report", str(evaluated), str(folder), "-o", str(output)]) == 0
    assert capsys.readouterr() == (f"{output}\n", "")
    assert output.read_text(encoding="utf-8") == html


def test_the_command_tells_what_cannot_be_reported_in_one_line(
    folder: Path, evaluated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "broken.json").write_text("{}")
    for first, output in (
        (tmp_path / "broken.json", tmp_path / "page.html"),
        (tmp_path / "gone.json", tmp_path / "page.html"),
        (evaluated, tmp_path / "no" / "such" / "folder" / "page.html"),
    ):
        assert command_line.main(["report", str(first), str(folder), "-o", str(output)]) == 1
        told = capsys.readouterr()
        assert told.out == ""
        assert told.err.startswith("error: ")
        assert told.err.count("\n") == 1
        assert not output.exists()


def script(
    *arguments: str | Path, folder: Path, root: Path = ROOT, **variables: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [root / "script" / "report", *arguments],
        cwd=folder,
        env=clean_environment(**variables),
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
    )


def test_the_script_takes_files_relative_to_where_one_stands(
    evaluated: Path, folder: Path, html: str, tmp_path: Path
) -> None:
    shutil.copy(evaluated, tmp_path / "mine.json")
    ended = script("mine.json", "--avatars", folder, "-o", "mine.html", folder=tmp_path)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "mine.html\n", "")
    assert (tmp_path / "mine.html").read_text(encoding="utf-8") == html


def test_the_script_wants_the_evaluation_of_another_folder(folder: Path, tmp_path: Path) -> None:
    ended = script("--avatars", folder, folder=tmp_path)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.endswith("script/report: error: --avatars also needs the evaluation of that folder\n")


@pytest.fixture
def checkout(folder: Path, tmp_path: Path) -> Path:
    """A copy of the project with other avatars, where nothing needs to be installed and script/evaluate only copies."""
    root = tmp_path / "a checkout"
    shutil.copytree(ROOT / "github_avatars", root / "github_avatars", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(folder, root / "avatars")
    for name in ("model.pkl", "model.json"):
        shutil.copy(ROOT / name, root / name)
    (root / "script").mkdir()
    (root / "docs").mkdir()
    shutil.copy(ROOT / "script" / "report", root / "script" / "report")
    (root / ".venv" / "bin").mkdir(parents=True)
    for name, body in (
        ("script/bootstrap", ""),
        ("script/evaluate", 'echo "evaluating"\ncp "$EVALUATED" "$(dirname "$0")/../docs/evaluation.json"'),
        (".venv/bin/python", f'exec "{sys.executable}" "$@"'),
    ):
        (root / name).write_text(f"#!/usr/bin/env bash\nset -e\n{body}\n")
        (root / name).chmod(0o755)
    return root


def test_the_script_evaluates_first_and_only_where_it_must(
    checkout: Path, evaluated: Path, html: str, tmp_path: Path
) -> None:
    ended = script(folder=tmp_path, root=checkout, EVALUATED=str(evaluated))
    output = checkout / "build" / "report.html"
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, f"{output}\n", "evaluating\n")
    assert output.read_text(encoding="utf-8") == html
    again = script(folder=tmp_path, root=checkout)
    assert (again.returncode, again.stdout, again.stderr) == (0, f"{output}\n", "")


def test_the_script_fails_where_evaluating_does(checkout: Path, tmp_path: Path) -> None:
    ended = script(folder=tmp_path, root=checkout, EVALUATED="/nowhere")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert not (checkout / "build").exists()
