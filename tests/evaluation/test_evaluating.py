"""Scores on folders of labelled pictures, the shipped ones among them."""

import io
import json
import math
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from sklearn.model_selection import cross_val_predict

import synthesis
from github_avatars import classifier, classify, features, identicon
from github_avatars.classifier import Label, Verdict
from github_avatars.errors import BadDataset
from github_avatars.evaluation import evaluating, scoring
from github_avatars.evaluation.evaluating import Evaluation
from github_avatars.features import Features
from github_avatars.training import dataset, fitting
from github_avatars.training.dataset import Example, measure
from tests.support.processes import ROOT, clean_environment
from tests.support.timing import TIMEOUT

AVATARS = ROOT / "avatars"
REAL_AVATARS = ROOT.parent / "shared" / "avatars"
SIZES = (16, 20, 24, 32, 40, 64, 80, 128, 200, 256, 420, 460)
COLUMNS = ("png", "gif", "jpeg 90", "jpeg 75", "jpeg 50", "webp 80", "jpeg 75 twice", "circle")
PALE = 91103165
"""An account id whose identicon is hard to recognize in a small JPEG, and easy in everything else."""
NOTHING = {"value": None, "low": None, "high": None}


def save(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def verdict(label: Label, probability: float) -> Verdict:
    return Verdict(label, probability, Features(0, 1, 0.5))


def rows_of(found: dict[str, Any], sizes: Iterable[int]) -> tuple[int, int]:
    cells = [cell for cell in found["robustness"] if cell["size"] in sizes]
    return sum(cell["right"] for cell in cells), sum(cell["count"] for cell in cells)


# The grid


def test_the_grid_is_every_size_in_every_column_once() -> None:
    cells = evaluating.grid()
    assert [(degradation.size, column) for column, degradation in cells] == [(s, c) for s in SIZES for c in COLUMNS]
    assert len({degradation for _, degradation in cells}) == len(cells)
    assert {degradation.resampling for _, degradation in cells} == {"LANCZOS"}


def test_a_column_is_what_its_name_says() -> None:
    picture = identicon.render(583231)
    formats = {}
    for column, degradation in evaluating.grid():
        with Image.open(io.BytesIO(degradation.apply(picture))) as copy:
            assert copy.size == (degradation.size, degradation.size)
            transparent = copy.convert("RGBA").getchannel("A").getextrema()[0] == 0
            formats.setdefault(column, (copy.format, transparent))
            assert formats[column] == (copy.format, transparent)
    jpegs = dict.fromkeys(("jpeg 90", "jpeg 75", "jpeg 50", "jpeg 75 twice"), ("JPEG", False))
    others = {"png": ("PNG", False), "gif": ("GIF", False), "webp 80": ("WEBP", False), "circle": ("PNG", True)}
    assert formats == jpegs | others


# Scores


@pytest.mark.parametrize(
    ("right", "count", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilsons_interval_is_as_published(right: int, count: int, low: float, high: float) -> None:
    # R. G. Newcombe, Statistics in Medicine 17 (1998), 857–872, table I, method 3.
    found = scoring.share(right, count)
    assert found == {"value": pytest.approx(right / count, abs=1e-6), "low": found["low"], "high": found["high"]}
    assert (found["low"], found["high"]) == pytest.approx((low, high), abs=6e-5)


@given(st.integers(1, 10**6).flatmap(lambda count: st.tuples(st.integers(0, count), st.just(count))))
def test_an_intervals_ends_are_where_the_share_is_just_not_too_far_off(numbers: tuple[int, int]) -> None:
    right, count = numbers
    found = scoring.share(right, count)
    assert 0 <= found["low"] <= found["value"] <= found["high"] <= 1
    for end in (found["low"], found["high"]):
        if 0 < end < 1:
            assert abs(right / count - end) == pytest.approx(1.959964 * math.sqrt(end * (1 - end) / count), abs=2e-4)
    opposite = scoring.share(count - right, count)
    assert opposite["low"] == pytest.approx(1 - found["high"], abs=2e-6)


def test_scores_by_hand() -> None:
    judgements: list[scoring.Judgement] = [
        ("default", verdict("default", 0.9)),
        ("default", verdict("default", 1.0)),
        ("default", verdict("custom", 0.2)),
        ("custom", verdict("default", 0.6)),
        ("custom", verdict("default", 0.7)),
        ("custom", verdict("custom", 0.0)),
    ]
    found = scoring.scores(judgements)
    assert found["count"] == 6
    assert found["confusion"] == {"default": {"default": 2, "custom": 1}, "custom": {"default": 2, "custom": 1}}
    assert found["accuracy"] == scoring.share(3, 6)
    assert found["precision"] == scoring.share(2, 4)
    assert found["recall"] == scoring.share(2, 3)
    assert found["brier"] == pytest.approx((0.01 + 0 + 0.64 + 0.36 + 0.49 + 0) / 6, abs=1e-6)


def test_scores_of_nothing_are_none() -> None:
    found = scoring.scores([])
    assert (found["count"], found["brier"]) == (0, None)
    assert found["accuracy"] == found["precision"] == found["recall"] == NOTHING


def test_reliability_by_hand() -> None:
    found = scoring.reliability(
        [
            ("default", verdict("default", 1.0)),
            ("custom", verdict("default", 0.9)),
            ("custom", verdict("custom", 0.0)),
            ("custom", verdict("custom", 0.1)),
        ]
    )
    assert [(row["low"], row["high"]) for row in found] == [(n / 10, (n + 1) / 10) for n in range(10)]
    assert [row["count"] for row in found] == [1, 1, 0, 0, 0, 0, 0, 0, 0, 2]
    assert (found[9]["mean_probability"], found[9]["share_default"]) == (0.95, 0.5)
    assert (found[2]["mean_probability"], found[2]["share_default"]) == (None, None)


# A folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Labelled by its folders alone: two identicons, a drawing, an identicon in the wrong place, and what is none."""
    folder = tmp_path_factory.mktemp("folder") / "mixed avatars"
    save(folder / "default" / "pale.png", png(identicon.render(PALE)))
    save(folder / "default" / "deeper" / "2.webp", png(identicon.render(2)))
    save(folder / "custom" / "logo.png", synthesis.draw("logo", 1).data)
    save(folder / "custom" / "wrong|place.png", png(identicon.render(3)))
    save(folder / "custom" / "cut.png", png(identicon.render(4))[:400])
    save(folder / "custom" / "empty.png", b"")
    save(folder / "custom" / ".hidden", b"none of these")
    save(folder / "thumbnails" / "default" / "5.png", png(identicon.render(5)))
    return folder


@pytest.fixture(scope="module")
def result(folder: Path) -> Evaluation:
    return evaluating.evaluate(folder)


@pytest.fixture(scope="module")
def found(result: Evaluation) -> dict[str, Any]:
    """What a reader of the JSON gets."""
    decoded = json.loads(json.dumps(result.as_json(), allow_nan=False))
    assert isinstance(decoded, dict)
    return decoded


def test_each_picture_gets_the_verdict_of_classify(found: dict[str, Any], folder: Path) -> None:
    labels = {"default/pale.png": "default", "default/deeper/2.webp": "default"}
    labels |= {"custom/logo.png": "custom", "custom/wrong|place.png": "custom"}
    assert {row["file"]: row["label"] for row in found["pictures"]} == labels
    for row in found["pictures"]:
        expected = classify(folder / row["file"])
        assert row["prediction"] == expected.label
        assert row["probability"] == pytest.approx(expected.probability, abs=1e-6)
        assert Features(**row["features"]).row() == pytest.approx(expected.features.row(), abs=1e-3)
        assert row["family"] == ""


def test_a_file_that_is_no_picture_is_a_row_with_a_reason(found: dict[str, Any]) -> None:
    rows = {row["file"]: row["reason"] for row in found["unreadable"]}
    assert set(rows) == {"custom/cut.png", "custom/empty.png"}
    assert "cut.png is damaged" in rows["custom/cut.png"]
    assert "empty.png is not a PNG, JPEG, WebP or GIF" in rows["custom/empty.png"]


def test_scores_are_of_what_could_be_read(found: dict[str, Any]) -> None:
    assert found["scores"]["confusion"] == {
        "default": {"default": 2, "custom": 0},
        "custom": {"default": 1, "custom": 1},
    }
    assert found["scores"]["accuracy"] == scoring.share(3, 4)
    assert found["scores"]["brier"] == pytest.approx(0.25, abs=0.01)
    assert sum(row["count"] for row in found["reliability"]) == 4 * (1 + 96)
    assert found["families"] == []


def test_robustness_counts_each_copy_and_names_each_error(found: dict[str, Any]) -> None:
    cells = [(cell["size"], cell["column"]) for cell in found["robustness"]]
    assert cells == [(size, column) for size in SIZES for column in COLUMNS]
    assert {cell["count"] for cell in found["robustness"]} == {4}
    wrong = [(error["size"], error["column"]) for error in found["robustness_errors"]]
    for cell in found["robustness"]:
        assert cell["right"] == 4 - wrong.count((cell["size"], cell["column"]))
        assert {name: cell[name] for name in NOTHING} == scoring.share(cell["right"], 4)
    pale = {(error["size"], error["column"]) for error in found["robustness_errors"] if error["label"] == "default"}
    assert (16, "jpeg 50") in pale
    assert {column for _, column in pale} <= set(COLUMNS[2:7])
    large = [error for error in found["robustness_errors"] if error["size"] >= 64]
    assert {error["file"] for error in large} == {"custom/wrong|place.png"}
    assert len(large) == 8 * sum(size >= 64 for size in SIZES)
    for error in large:
        assert error["label"] == "custom"
        assert error["probability"] > 0.5


def test_a_copys_verdict_is_that_of_classify_on_its_bytes(result: Evaluation, folder: Path) -> None:
    judged = result.pictures[0]
    with Image.open(folder / judged.example.file) as picture:
        for (_, degradation), copy in list(zip(evaluating.grid(), judged.copies, strict=True))[::7]:
            assert copy == classify(degradation.apply(picture))


def test_it_says_what_was_judged_by_what(found: dict[str, Any]) -> None:
    card = json.loads(classifier.card_path(classifier.MODEL).read_text())
    assert found["directory"] == "mixed avatars"
    assert found["held_out"] is False
    assert found["model"] == card["sha256"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", found["date"])
    assert set(found["versions"]) == {"python", "scikit-learn", "numpy", "pillow"}


def test_the_text_names_every_error_and_every_score(result: Evaluation) -> None:
    text = evaluating.as_text(result)
    assert text.startswith("4 pictures of mixed avatars, each judged by the shipped model.")
    assert re.search(r"\| accuracy +\| +75.0 % \| +30.0–95.5 % \|", text)
    assert re.search(r"\| custom/wrong\\\|place.png +\| custom +\| WRONG +\| +96 \| +16–460 \| png, gif, jpeg 90", text)
    assert re.search(r"\| custom/empty.png +\| empty.png is not a PNG", text)
    assert re.search(r"\| +16 \| +75.0 \|", text)


def test_progress_is_shown_of_every_file(folder: Path) -> None:
    calls = []

    def progress(items: Iterable[Any], total: int) -> Iterator[Any]:
        calls.append(total)
        yield from items

    evaluating.evaluate(folder / "thumbnails", progress)
    assert calls == [1]


# Folders that lack something


def test_one_picture_of_one_label(tmp_path: Path) -> None:
    save(tmp_path / "custom" / "logo.png", synthesis.draw("logo", 2).data)
    found = evaluating.evaluate(tmp_path).as_json()
    assert found["scores"]["accuracy"]["value"] == 1
    assert found["scores"]["precision"] == found["scores"]["recall"] == NOTHING
    assert {cell["count"] for cell in found["robustness"]} == {1}


@pytest.mark.parametrize("data", [None, b"", b"\x89PNG\r\n\x1a\n"], ids=["no file", "empty file", "damaged file"])
def test_nothing_that_can_be_judged(data: bytes | None, tmp_path: Path) -> None:
    (tmp_path / "default").mkdir()
    if data is not None:
        save(tmp_path / "default" / "none.png", data)
    result = evaluating.evaluate(tmp_path)
    found = result.as_json()
    assert [row["file"] for row in found["unreadable"]] == (["default/none.png"] if data is not None else [])
    assert found["pictures"] == found["robustness_errors"] == found["families"] == []
    assert found["scores"]["accuracy"] == found["scores"]["precision"] == found["scores"]["recall"] == NOTHING
    assert found["scores"]["brier"] is found["robustness_brier"] is None
    assert all(cell["count"] == 0 and cell["value"] is None for cell in found["robustness"])
    assert re.search(r"\| accuracy +\| +– % \|", evaluating.as_text(result))


def test_a_folder_without_labels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadDataset, match=r"no index.csv and neither of default and custom: give a folder that has"):
        evaluating.evaluate(tmp_path)


def test_a_file_that_the_index_lists_in_vain_and_a_name_that_is_no_text(tmp_path: Path) -> None:
    odd = os.fsdecode(b"custom/\xff.png")
    save(tmp_path / odd, b"")
    text = evaluating.as_text(evaluating.evaluate(tmp_path))
    assert "custom/\\udcff.png" in text
    dataset.write_index(tmp_path, [Example("gone.png", "default", "", 0, "some family")])
    (row,) = evaluating.evaluate(tmp_path).as_json()["unreadable"]
    assert row["file"] == "gone.png"
    assert "cannot be read (No such file or directory)" in row["reason"]


# Pictures that the model was trained on


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project whose model was trained on six avatars of each label, in its folder `drawn`."""
    project = tmp_path_factory.mktemp("project")
    shutil.copytree(ROOT / "github_avatars", project / "github_avatars")
    shutil.copy(ROOT / "train.py", project)
    examples = []
    for number, family in enumerate(("logo", "plain", "flag", "grey-logo", "sprite", "grid-eights"), start=1):
        drawing = synthesis.draw(family, 0)
        examples.append(Example(f"custom/{family}.{drawing.extension}", "custom", family, 100 + number, family))
        save(project / "drawn" / examples[-1].file, drawing.data)
        examples.append(Example(f"default/{number}.png", "default", f"user-{number}", number, "identicon"))
        save(project / "drawn" / examples[-1].file, png(identicon.render(number)))
    dataset.write_index(project / "drawn", examples)
    run_in(project, "train.py", "--data", "drawn")
    return project


def run_in(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    ended = subprocess.run(
        [sys.executable, *arguments], cwd=project, env=clean_environment(), capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
    return ended


def test_each_of_them_is_judged_by_a_model_that_did_not_see_it(project: Path) -> None:
    ended = run_in(project, "-m", "github_avatars.cli", "evaluate", "drawn", "--json", "found.json")
    assert ended.stdout.startswith("12 pictures of drawn, each judged by a model that was fitted without it.")
    assert "12/12" in ended.stderr
    found = json.loads((project / "found.json").read_text())
    assert found["held_out"] is True
    examples = dataset.read(project / "drawn")
    table = fitting.tabulate(project / "drawn", examples)
    expected = cross_val_predict(
        fitting.build_pipeline(), table.rows, table.default, cv=fitting.folds(table), method="predict_proba"
    )[table.original, 1]
    assert [row["file"] for row in found["pictures"]] == [example.file for example in examples]
    assert [row["probability"] for row in found["pictures"]] == pytest.approx(expected.tolist(), abs=2e-6)
    shipped = classifier.load(project / "model.pkl")
    seeing = [classify(project / "drawn" / example.file, shipped).probability for example in examples]
    assert [row["probability"] for row in found["pictures"]] != pytest.approx(seeing, abs=1e-4)
    assert {row["family"]: row["count"] for row in found["families"]}["identicon"] == 6


def test_a_part_of_them_is_judged_by_the_shipped_model(project: Path, tmp_path: Path) -> None:
    shutil.copytree(project / "drawn", tmp_path / "part")
    dataset.write_index(tmp_path / "part", dataset.read(project / "drawn")[:2])
    run_in(project, "-m", "github_avatars.cli", "evaluate", str(tmp_path / "part"), "--json", "part.json")
    found = json.loads((project / "part.json").read_text())
    assert found["held_out"] is False
    shipped = classifier.load(project / "model.pkl")
    expected = [classify(tmp_path / "part" / row["file"], shipped).probability for row in found["pictures"]]
    assert [row["probability"] for row in found["pictures"]] == pytest.approx(expected, abs=2e-6)


# The command


def script(*arguments: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ROOT / "script" / "evaluate", *arguments],
        cwd=folder,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
    )


def test_the_script_scores_another_folder_and_leaves_the_documents_alone(tmp_path: Path) -> None:
    save(tmp_path / "set" / "default" / "1.png", png(identicon.render(1)))
    before = {path: path.read_bytes() for path in (ROOT / "docs").iterdir() if path.is_file()}
    ended = script("set", "--json", "found.json", folder=tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert "1/1" in ended.stderr
    assert ended.stdout.startswith("1 pictures of set, ")
    assert json.loads((tmp_path / "found.json").read_text())["scores"]["recall"]["value"] == 1
    assert {path: path.read_bytes() for path in (ROOT / "docs").iterdir() if path.is_file()} == before


def test_the_script_tells_an_error_in_one_line(tmp_path: Path) -> None:
    ended = script("nowhere", folder=tmp_path)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert (
        ended.stderr == "error: nowhere has no index.csv and neither of default and custom: give a folder that has.\n"
    )


def test_the_scores_are_printed_even_if_they_cannot_be_written(tmp_path: Path) -> None:
    save(tmp_path / "set" / "default" / "1.png", png(identicon.render(1)))
    ended = script("set", "--json", "no folder/found.json", folder=tmp_path)
    assert ended.returncode == 1
    assert "accuracy" in ended.stdout
    assert "no folder/found.json" in ended.stderr.splitlines()[-1]


# The shipped model on its own pictures, and on real ones


@pytest.fixture(scope="module")
def shipped_evaluation() -> dict[str, Any]:
    """docs/evaluation.json, which script/evaluate wrote."""
    found = json.loads((ROOT / "docs" / "evaluation.json").read_text())
    assert isinstance(found, dict)
    return found


def assert_good(found: dict[str, Any]) -> None:
    right, count = rows_of(found, [size for size in SIZES if size >= 20])
    assert right / count >= 0.995
    right, count = rows_of(found, [16])
    assert right / count >= 0.97
    assert found["scores"]["confusion"]["custom"]["default"] == 0
    assert found["scores"]["accuracy"]["value"] == 1
    assert found["scores"]["brier"] <= 0.01
    assert found["robustness_brier"] <= 0.01


def test_the_shipped_evaluation_is_of_the_shipped_model_and_pictures(shipped_evaluation: dict[str, Any]) -> None:
    card = json.loads((ROOT / "model.json").read_text())
    assert shipped_evaluation["model"] == card["sha256"], "stale: run script/evaluate"
    assert shipped_evaluation["held_out"] is True
    assert shipped_evaluation["directory"] == "avatars"
    assert shipped_evaluation["unreadable"] == []
    listed = [(example.file, example.label, example.family) for example in dataset.read(AVATARS)]
    assert [(row["file"], row["label"], row["family"]) for row in shipped_evaluation["pictures"]] == listed
    assert (ROOT / "docs" / "evaluation.json").stat().st_size < 300_000


def test_the_shipped_model_is_good_on_pictures_that_it_did_not_see(shipped_evaluation: dict[str, Any]) -> None:
    assert_good(shipped_evaluation)


def test_the_shipped_evaluation_is_what_the_code_gives_today(shipped_evaluation: dict[str, Any]) -> None:
    """On the four hardest pictures of each label and on four others, copies and all."""
    examples = dataset.read(AVATARS)
    table = fitting.tabulate(AVATARS, examples)
    assert shipped_evaluation["learning_curve"] == [
        {name: pytest.approx(value, abs=1e-6) for name, value in point.items()}
        for point in fitting.learning_curve(table)
    ]
    judges = evaluating.judges_of(table)
    wrong: dict[str, dict[tuple[int, str], float]] = {example.file: {} for example in examples}
    for error in shipped_evaluation["robustness_errors"]:
        wrong[error["file"]][error["size"], error["column"]] = error["probability"]
    numbers = sorted(range(len(examples)), key=lambda number: -len(wrong[examples[number].file]))
    hardest = [[n for n in numbers if examples[n].label == label][:4] for label in dataset.LABELS]
    for number in (*hardest[0], *hardest[1], *numbers[100::140]):
        file, label = examples[number].file, examples[number].label
        degradations = [degradation for _, degradation in evaluating.grid()]
        original, *copies = map(judges[number].classify, measure(AVATARS / file, degradations))
        row = shipped_evaluation["pictures"][number]
        assert row["prediction"] == original.label
        assert row["probability"] == pytest.approx(original.probability, abs=1e-4)
        assert Features(**row["features"]).row() == pytest.approx(original.features.row(), abs=1e-3)
        found = {
            (degradation.size, column): copy.probability
            for (column, degradation), copy in zip(evaluating.grid(), copies, strict=True)
            if copy.label != label
        }
        assert found == pytest.approx(wrong[file], abs=1e-4)


@pytest.mark.skipif(not REAL_AVATARS.is_dir(), reason="the folder of real avatars is not at hand")
def test_the_shipped_model_is_good_on_real_avatars() -> None:
    found = evaluating.evaluate(REAL_AVATARS).as_json()
    assert found["held_out"] is False
    assert found["unreadable"] == []
    assert_good(found)


def test_every_feature_is_told(shipped_evaluation: dict[str, Any]) -> None:
    assert {tuple(row["features"]) for row in shipped_evaluation["pictures"]} == {features.NAMES}
