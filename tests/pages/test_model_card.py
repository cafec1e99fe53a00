"""docs/model-card.md: written by the code, from the evaluation and the model that are there."""

import copy
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from github_avatars import classifier
from github_avatars.errors import BadDataset
from pages import model_card
from tests.support.processes import ROOT, clean_environment

DOCS = ROOT / "docs"


@pytest.fixture
def found() -> dict[str, Any]:
    decoded = json.loads((DOCS / "evaluation.json").read_text())
    assert isinstance(decoded, dict)
    return decoded


@pytest.fixture
def card() -> dict[str, Any]:
    decoded = json.loads((ROOT / "model.json").read_text())
    assert isinstance(decoded, dict)
    return decoded


def rows(page: str, head: str) -> list[list[str]]:
    """The cells of the table whose first heading is `head`, line by line."""
    table = re.search(rf"^\| {head} .*\n\|[-:|]+\|\n((?:\|.*\n)+)", page, re.MULTILINE)
    assert table, head
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[1].splitlines()]


def test_the_shipped_page_is_what_the_code_writes_today(tmp_path: Path) -> None:
    model_card.write(DOCS / "evaluation.json", classifier.MODEL, tmp_path / "page.md")
    assert (tmp_path / "page.md").read_text() == (DOCS / "model-card.md").read_text(), "stale: run script/evaluate"


def test_every_place_is_filled_in(found: dict[str, Any], card: dict[str, Any]) -> None:
    page = model_card.text(found, card)
    assert not set("{}") & set(page)
    assert "None" not in page
    assert "nan" not in page


def test_its_numbers_are_those_of_the_evaluation_and_the_model(found: dict[str, Any], card: dict[str, Any]) -> None:
    page = model_card.text(found, card)
    assert [row[0] for row in rows(page, "feature")] == [f"`{name}`" for name in card["features"]]
    for (_, _, weight, mean), name in zip(rows(page, "feature"), card["features"], strict=True):
        assert float(weight) == pytest.approx(card["weights"][name], abs=1e-4)
        assert float(mean) == pytest.approx(card["means"][name], abs=1e-4)
    confusion = {row[0]: row[1:] for row in rows(page, "label")}
    counts = found["scores"]["confusion"]
    assert confusion == {label: [str(counts[label][said]) for said in counts] for label in counts}
    robustness = rows(page, "size")
    assert len(robustness) == 2 * 12
    shown = [float(cell) for values in robustness[::2] for cell in values[1:]]
    assert shown == pytest.approx([100 * cell["value"] for cell in found["robustness"]], abs=0.1)
    ends = [tuple(map(float, cell.split("–"))) for line in robustness[1::2] for cell in line[1:]]
    for (low, high), cell in zip(ends, found["robustness"], strict=True):
        assert (low, high) == pytest.approx((100 * cell["low"], 100 * cell["high"]), abs=0.1)


def test_a_hundred_per_cent_means_all(found: dict[str, Any], card: dict[str, Any]) -> None:
    changed = copy.deepcopy(found)
    changed["scores"]["accuracy"] = {"value": 0.9999, "low": 0.99951, "high": 0.99994}
    (accuracy, *_) = rows(model_card.text(changed, card), "score")
    assert accuracy == ["accuracy", "99.9 %", "99.9–100.0 %"]


def test_the_families_that_fail_are_those_with_errors(found: dict[str, Any], card: dict[str, Any]) -> None:
    family = {picture["file"]: picture["family"] for picture in found["pictures"]}
    failing = [family[error["file"]] for error in found["robustness_errors"]]
    shown = {row[0]: row for row in rows(model_card.text(found, card), "family")}
    assert set(shown) == set(failing)
    for name, (_, count, _, right) in shown.items():
        expected = 100 * (1 - failing.count(name) / (96 * int(count)))
        assert float(right.removesuffix(" %")) == pytest.approx(expected, abs=0.1)


def test_where_nothing_fails_it_says_so(found: dict[str, Any], card: dict[str, Any]) -> None:
    perfect = found | {"robustness_errors": []}
    assert "Families with errors:\n\nNone.\n" in model_card.text(perfect, card)


def test_the_example_of_bots_is_what_counting_gives(found: dict[str, Any], card: dict[str, Any]) -> None:
    page = " ".join(model_card.text(found, card).split())
    numbers = re.search(
        r"of ([\d,]+) accounts (\d+) % are bots, and that (\d+) % of the bots and (\d+) % of the people .*"
        r"Then ([\d,]+) bots and ([\d,]+) people show one\. .* wrong about ([\d.]+) % of them",
        page,
    )
    assert numbers
    accounts, bots, bots_default, people_default, bots_found, people_found = (
        int(number.replace(",", "")) for number in numbers.groups()[:-1]
    )
    assert bots_found == accounts * bots * bots_default // 10_000
    assert people_found == accounts * (100 - bots) * people_default // 10_000
    assert float(numbers[7]) == pytest.approx(100 * people_found / (people_found + bots_found), abs=0.1)


def test_precision_falls_with_the_base_rate_as_counting_gives(found: dict[str, Any], card: dict[str, Any]) -> None:
    changed = copy.deepcopy(found)
    small = [error for error in changed["robustness_errors"] if error["size"] == 16]
    called = [picture["label"] for picture in changed["pictures"]]
    # Eight columns of copies of each picture; 1,000,000 of them shared out as the base rate says.
    missed = sum(error["label"] == "default" for error in small) / (8 * called.count("default"))
    alarms = sum(error["label"] == "custom" for error in small) / (8 * called.count("custom"))
    table = rows(model_card.text(changed, card), "default among all")
    assert [row[0] for row in table] == ["50 %", "10 %", "1 %", "0.1 %"]
    for rate, _, copies in table:
        default = round(1_000_000 * float(rate.removesuffix(" %")) / 100)
        hits, others = default * (1 - missed), (1_000_000 - default) * alarms
        assert float(copies.removesuffix(" %")) == pytest.approx(100 * hits / (hits + others), abs=0.1)
    originals = [float(row[1].removesuffix(" %")) for row in table]
    assert originals == sorted(originals, reverse=True)


@pytest.mark.parametrize("change", [{"held_out": False}, {"model": "0" * 64}])
def test_an_evaluation_of_something_else_is_refused(change: dict[str, Any], tmp_path: Path) -> None:
    found = json.loads((DOCS / "evaluation.json").read_text())
    (tmp_path / "evaluation.json").write_text(json.dumps(found | change))
    with pytest.raises(BadDataset, match=r"run script/train, then script/evaluate"):
        model_card.write(tmp_path / "evaluation.json", classifier.MODEL, tmp_path / "page.md")
    assert not (tmp_path / "page.md").exists()


def test_the_command_tells_an_error_in_one_line(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "github_avatars", tmp_path / "github_avatars")
    command = [sys.executable, "-m", "pages.model_card"]
    ended = subprocess.run(command, cwd=tmp_path, env=clean_environment(), capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert re.fullmatch(r"error: .*No such file.*docs/evaluation\.json'\n", ended.stderr)
