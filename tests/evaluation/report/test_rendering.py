"""The report as text, its figures, and the command and script that write it."""

import json
import math
import shutil
from copy import deepcopy
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from bokeh.plotting import figure

from github_avatars import classifier, features, identicon
from github_avatars.cli import command_line
from github_avatars.errors import BadFile, NotAPicture
from github_avatars.evaluation import report
from github_avatars.evaluation.evaluating import summarize
from github_avatars.evaluation.report import figures
from github_avatars.evaluation.results import Evaluation
from github_avatars.features import Features
from github_avatars.training import dataset
from tests.evaluation.report.conftest import AVATARS
from tests.support.commands import run_without
from tests.support.processes import ROOT, run


def test_report_is_reproducible_and_does_not_change_the_evaluation(
    html: str, evaluation: Evaluation, folder: Path
) -> None:
    before = deepcopy(evaluation)
    assert report.page(evaluation, folder) == html
    assert evaluation == before


def test_folder_without_readme_must_not_be_published(evaluation: Evaluation, folder: Path, tmp_path: Path) -> None:
    bare = Path(shutil.copytree(folder, tmp_path / "bare"))
    (bare / "README.md").unlink()
    assert "must not be published" in report.page(evaluation, bare)


NONSENSE: list[dict[str, Any]] = [
    *({"pictures": value} for value in (5, [None], [{"file": 5}])),
    *({name: "x"} for name in ("versions", "scores", "learning_curve")),
    *({name: [{}]} for name in ("families", "robustness", "robustness_errors", "unreadable")),
]


def test_nonsense_in_a_field_is_refused(evaluation: Evaluation, folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "evaluation.json"
    (picture, *_) = evaluation.pictures
    fields = asdict(evaluation) | {"pictures": [picture], "robustness_errors": []}
    assert report.page(Evaluation(**fields), folder)
    for change in (*NONSENSE, {"pictures": [picture | {"features": dict.fromkeys(features.NAMES, 0)}]}):
        path.write_text(json.dumps(fields | change))
        with pytest.raises(BadFile, match=r"evaluation\.json is not an evaluation \(.+\): give what"):
            report.page_of_file(path, folder)


def test_empty_evaluation_can_be_reported(tmp_path: Path) -> None:
    about = {"directory": "empty", "date": "2000-01-01", "model": "0" * 64, "versions": {}}
    empty = summarize([], **about, held_out=False, unreadable=[], learning_curve=[])
    assert "0 pictures" in report.page(empty, tmp_path)


def test_name_that_is_not_utf8_can_be_written(tmp_path: Path, evaluation: Evaluation, folder: Path) -> None:
    picture = evaluation.pictures[0]
    shutil.copy(folder / picture["file"], tmp_path / "\udcff.png")
    renamed = replace(evaluation, pictures=[picture | {"file": "\udcff.png", "family": "\udcff"}], robustness_errors=[])
    assert "<b>?.png</b>" in report.page(renamed, tmp_path).encode("utf-8").decode()


def test_missing_picture_is_named_in_the_error(evaluation: Evaluation, folder: Path, tmp_path: Path) -> None:
    rest = Path(shutil.copytree(folder, tmp_path / "rest"))
    (rest / "custom" / "wrong.png").unlink()
    with pytest.raises(NotAPicture, match=r"custom/wrong\.png cannot be read"):
        report.page(evaluation, rest)


# Figures


@pytest.mark.parametrize("plane", figures.PLANES)
def test_dashed_line_is_the_decision_boundary(plane: tuple[str, str]) -> None:
    shipped = classifier.shipped()
    plot = figure()
    figures._surface(plot, *plane)
    contours: Any = plot.renderers[0]
    lines = contours.line_renderer.data_source.data
    (number,) = [number for number, color in enumerate(lines["line_color"]) if color != "#0000"]
    points = list(zip(lines["xs"][number], lines["ys"][number], strict=True))
    # At the mean error, no number of grey pixels or colors changes the label.
    assert len(points) == (2 if "identicon_error" in plane else 0)
    for point in points:
        row = dict(zip(features.NAMES, shipped.means, strict=True)) | dict(zip(plane, point, strict=True))
        score = shipped.intercept + sum(
            weight * row[name] for weight, name in zip(shipped.weights, features.NAMES, strict=True)
        )
        assert score == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("measured", [Features(0, 1, 0.0), Features(300, 2, 0.25), Features(576, 576, 1.0)])
def test_scale_of_the_axes_is_that_of_the_classifier(measured: Features) -> None:
    row = dict(zip(features.NAMES, measured.row(), strict=True))
    assert {name: figures.scaled(name, getattr(measured, name)) for name in features.NAMES} == row


@pytest.mark.parametrize("count", [2, 300, 3000])
def test_pictures_with_equal_features_are_spread_around_their_position(count: int) -> None:
    xs, ys = figures._spread_out("distinct_colors", [2] * count + [8], "identicon_error", [0.0] * count + [1.0])
    assert (xs[0], ys[0]) == (math.log(2), 0)
    assert (xs[-1], ys[-1]) == (math.log(8), 1)
    assert len(set(zip(xs, ys, strict=True))) == count + 1
    assert min(ys) > figures._axis_range("identicon_error")[0]


# The command and the script


@pytest.fixture(scope="module")
def evaluation_file(evaluation: Evaluation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("evaluated") / "evaluation.json"
    path.write_text(json.dumps(asdict(evaluation)), encoding="utf-8")
    return path


def test_command_evaluates_the_folder_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "default").mkdir()
    identicon.render(1).save(tmp_path / "default" / "one.png")
    output = tmp_path / "page.html"
    assert command_line.main(["report", str(tmp_path), "-o", str(output)]) == 0
    printed = capsys.readouterr()
    assert printed.out == f"{output}\n"
    assert "1/1" in printed.err
    assert "default/one.png" in output.read_text(encoding="utf-8")


def test_errors_of_the_command_are_one_line(
    folder: Path, evaluation_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "broken.json").write_text("{}")
    for source, output in (
        (tmp_path / "broken.json", tmp_path / "page.html"),
        (tmp_path / "gone.json", tmp_path / "page.html"),
        (evaluation_file, tmp_path / "no" / "such" / "folder" / "page.html"),
    ):
        assert command_line.main(["report", str(folder), "--evaluation", str(source), "-o", str(output)]) == 1
        printed = capsys.readouterr()
        assert printed.out == ""
        assert printed.err.startswith("error: ")
        assert printed.err.count("\n") == 1
        assert not output.exists()


def test_missing_bokeh_is_named_in_the_error(tmp_path: Path) -> None:
    process = run_without("bokeh", "report", str(tmp_path), "-o", str(tmp_path / "page.html"))
    assert process.returncode == 1
    assert process.stderr == "error: The package bokeh is missing: pip install 'github-avatars[report]'\n"


def test_script_takes_paths_relative_to_the_current_folder(
    evaluation_file: Path, folder: Path, html: str, tmp_path: Path
) -> None:
    shutil.copy(evaluation_file, tmp_path / "mine.json")
    done = run([ROOT / "script" / "report", folder, "--evaluation", "mine.json", "-o", "mine.html"], folder=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "mine.html\n", "")
    assert (tmp_path / "mine.html").read_text(encoding="utf-8") == html


def test_script_without_arguments_reports_on_the_shipped_evaluation(tmp_path: Path) -> None:
    root = tmp_path / "a checkout"
    root.mkdir()
    for name in ("github_avatars", "avatars", "docs", "script", "model.pkl", "model.json", ".venv"):
        (root / name).symlink_to(ROOT / name)
    (root / "script").unlink()
    (root / "script").mkdir()
    shutil.copy(ROOT / "script" / "report", root / "script" / "report")
    (root / "script" / "bootstrap").symlink_to("/bin/true")
    done = run([root / "script" / "report"], folder=tmp_path)
    output = root / "build" / "report.html"
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{output}\n", "")
    html = output.read_text(encoding="utf-8")
    assert "An evaluation of avatars" in html
    examples = dataset.read_index(AVATARS)
    assert len(examples) >= 400
    assert all(example.file in html for example in examples)
    assert output.stat().st_size < 8_000_000
