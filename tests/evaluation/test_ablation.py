"""The competition: what each light competitor measures, that all are scored alike, and what is committed of it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import pytest
from PIL import Image

import synthesis
from github_avatars import features, identicon
from github_avatars.evaluation import evaluating
from github_avatars.evaluation.ablation import __main__ as command
from github_avatars.evaluation.ablation import harness
from github_avatars.evaluation.ablation.competitors import (
    LIGHT,
    Competitor,
    Row,
    Rule,
    counts,
    histogram,
    nothing,
    ours,
    properties,
    whole,
)
from github_avatars.evaluation.ablation.harness import EVERY, Rows
from github_avatars.evaluation.ablation.page import DEEP, page
from github_avatars.picture import decoding
from github_avatars.training import dataset, fitting
from github_avatars.training.dataset import Example
from github_avatars.training.fitting import COPIES, Table
from tests.support.processes import ROOT

DOCS = ROOT / "docs"
GREY = identicon.GITHUB_GREY
EACH = 6
FAMILIES = ("logo", "plain", "flag", "grey-logo", "sprite", "grid-eights")
NAMED = {competitor.name: competitor for competitor in LIGHT}
CELLS = [degradation for _, degradation in evaluating.grid()]


def plainly(items: Any, _: int) -> Any:
    return items


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few identicons and drawings, with an index."""
    directory = tmp_path_factory.mktemp("avatars")
    listed = []
    for account_id in range(1, EACH + 1):
        identicon.render(account_id).save(directory / f"{account_id}.png")
        listed.append(Example(f"{account_id}.png", "default", f"user-{account_id}", account_id, "identicon"))
    for number, family in enumerate(FAMILIES, start=100):
        drawing = synthesis.draw(family, 1)
        (directory / f"{family}.{drawing.extension}").write_bytes(drawing.data)
        listed.append(Example(f"{family}.{drawing.extension}", "custom", family, number, family))
    dataset.write_index(directory, listed)
    return directory


# What the competitors measure


def test_v1_is_the_shares_of_eight_ranges_of_each_channel() -> None:
    picture = Image.new("RGB", (4, 2), (0, 31, 255))
    picture.putpixel((3, 1), (32, 240, 224))
    red, green, blue = [7 / 8, 1 / 8, *[0] * 6], [7 / 8, *[0] * 6, 1 / 8], [*[0] * 7, 1]
    assert histogram(picture).tolist() == [*red, *green, *blue]


def test_v2_counts_grey_and_colors_on_sixteen_by_sixteen_pixels() -> None:
    picture = Image.new("RGB", (16, 16), GREY)
    assert counts(picture).tolist() == [256, 1]
    picture.paste((1, 2, 3), (0, 0, 16, 4))
    picture.putpixel((0, 0), (241, 240, 240))
    assert counts(picture).tolist() == [192, 3]
    assert counts(picture.resize((160, 160), Image.Resampling.NEAREST)).tolist() == [192, 3]
    assert counts(Image.new("RGB", (16, 16), (9, 9, 9))).tolist() == [0, 1]
    checked = np.zeros((32, 32, 3), dtype=np.uint8)
    checked[1::2, 1::2] = GREY
    assert counts(Image.fromarray(checked)).tolist() == [256, 1]  # nothing is mixed


def test_v3_is_the_librarys_features() -> None:
    picture = identicon.render(583231, size=40)
    assert ours(picture).tolist() == list(features.extract(picture).row())


@pytest.mark.parametrize("account_id", [1, 583231])
def test_the_rule_knows_originals_and_nothing_else(account_id: int, tmp_path: Path) -> None:
    original = identicon.render(account_id)
    original.save(tmp_path / "identicon.png")
    original.save(tmp_path / "identicon.gif")
    identicon.render(account_id, size=419).save(tmp_path / "smaller.png")
    Image.new("RGB", (420, 420), GREY).save(tmp_path / "plain.png")
    original.putpixel((0, 0), (1, 2, 3))
    original.save(tmp_path / "third.png")
    files = ("identicon.png", "identicon.gif", "smaller.png", "plain.png", "third.png")
    rows = np.stack([properties(decoding.load((tmp_path / file).read_bytes())) for file in files])
    assert rows.tolist() == [[1, 420, 420, 2], [0, 420, 420, 2], [1, 419, 419, 2], [1, 420, 420, 1], [1, 420, 420, 3]]
    assert Rule().fit(rows, rows[:, 0]).predict_proba(rows).tolist() == [[0, 1], [1, 0], [1, 0], [1, 0], [1, 0]]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "I;16"])
def test_every_measure_takes_every_mode(mode: str) -> None:
    picture = Image.new("L", (30, 50), 240).convert(mode) if mode != "I;16" else Image.new("I;16", (30, 50))
    for competitor in LIGHT:
        assert competitor.measure(picture).shape == competitor.measure(identicon.render(1)).shape


@pytest.mark.parametrize("feature", features.NAMES)
def test_a_feature_left_out_has_no_say(feature: str) -> None:
    rows = np.random.default_rng(0).random((40, 3))
    column = features.NAMES.index(feature)
    judge = NAMED[f"v3 without {feature}"].untrained().fit(rows, rows.sum(axis=1) > 1.5)
    moved = rows.copy()
    moved[:, column] += 1
    np.testing.assert_array_equal(judge.predict_proba(moved), judge.predict_proba(rows))
    moved[:, column - 1] += 1
    assert (judge.predict_proba(moved) != judge.predict_proba(rows)).any()


# Measuring


def test_the_grid_takes_every_third_of_each_family_and_label() -> None:
    kinds = [("default", "a"), ("custom", "a"), ("custom", "b")]
    examples = [Example(f"{n}.png", *kinds[n % 3][:1], "", 0, kinds[n % 3][1]) for n in range(24)]  # type: ignore[arg-type]
    assert harness.chosen(examples) == [0, 1, 2, 9, 10, 11, 18, 19, 20]
    assert EVERY == 3


def test_rows_are_those_of_training_and_evaluation(folder: Path) -> None:
    examples = dataset.read_index(folder)
    ways = (decoding.load, ours), (whole, nothing)
    found = harness.measure(folder, examples, ways, plainly)
    rows, none = (found[way] for way in ways)
    table = fitting.tabulate(folder, examples)
    for field in ("rows", "default", "picture", "original"):
        np.testing.assert_array_equal(getattr(rows.table, field), getattr(table, field))
    assert rows.chosen.tolist() == harness.chosen(examples) == [0, 3, *range(EACH, 2 * EACH)]
    assert none.grid.shape == (8, len(CELLS), 0)
    for place in (0, 3):
        _, *copies = dataset.measure(folder / examples[rows.chosen[place]].file, CELLS)
        assert rows.grid[place].tolist() == [list(copy.row()) for copy in copies]


# Scores


@dataclass
class Memory:
    """Takes for default what it was fitted to."""

    seen: frozenset[float] = frozenset()

    def fit(self, rows: Row, _: Row) -> Self:
        self.seen = frozenset(rows[:, 0].tolist())
        return self

    def predict_proba(self, rows: Row) -> Row:
        default = np.isin(rows[:, 0], list(self.seen))
        return np.column_stack([~default, default]).astype(float)


class Echo(Memory):
    """Says the probability that the row itself is."""

    def predict_proba(self, rows: Row) -> Row:
        return np.column_stack([1 - rows[:, 0], rows[:, 0]])


def made(originals: Sequence[float], grid: Row) -> Rows:
    """Rows of one number each, of pictures of which the first half are default; the grid is of the even ones."""
    count, pictures = 1 + COPIES, len(originals)
    table = Table(
        rows=np.repeat(originals, count)[:, np.newaxis],
        default=np.repeat(np.arange(pictures) < pictures / 2, count),
        picture=np.repeat(np.arange(pictures), count),
        original=np.tile(np.arange(count) == 0, pictures),
    )
    return Rows(table, grid[..., np.newaxis], np.arange(0, pictures, 2))


def test_nothing_is_scored_by_what_was_fitted_to_it() -> None:
    numbers = np.arange(20.0)
    score = harness.score(
        replace(NAMED["v1"], untrained=Memory), made(numbers, np.repeat(numbers[::2, None], 96, axis=1))
    )
    # Fitted to a picture, Memory would call it default; so it calls all custom, which half of them are.
    assert (score["originals"]["right"], score["originals"]["count"]) == (10, 20)
    assert score["customs_called_default"] == 0
    assert (score["grid"]["right"], score["small"]["right"]) == (5 * 88, 5 * 8)


def test_scores_by_hand() -> None:
    originals = np.array([0.9] * 9 + [0.4] + [0.1] * 7 + [0.8] * 3)
    small = np.array([cell.size < 20 for cell in CELLS])
    wanted = (np.arange(0, 20, 2) < 10)[:, None]
    grid = np.where(wanted ^ small, 1.0, 0.0)  # right but for the small ones
    score = harness.score(replace(NAMED["v1"], untrained=Echo), made(originals, grid))
    assert (score["originals"]["right"], score["originals"]["value"]) == (16, 0.8)
    assert score["customs_called_default"] == 3
    assert (score["grid"]["count"], score["grid"]["right"]) == (880, 880)
    assert (score["small"]["count"], score["small"]["right"]) == (80, 0)
    assert score["brier"]["originals"] == pytest.approx((9 * 0.01 + 0.36 + 7 * 0.01 + 3 * 0.64) / 20)
    assert score["brier"]["grid"] == pytest.approx(80 / 960, abs=1e-6)


@pytest.mark.parametrize("competitor", LIGHT, ids=lambda competitor: competitor.name)
def test_an_answer_is_what_the_fitted_classifier_says(competitor: Competitor, folder: Path) -> None:
    pictures = [decoding.read(folder / example.file) for example in dataset.read_index(folder)]
    rows = np.stack([competitor.measure(picture) for picture in pictures])
    fitted = competitor.untrained().fit(rows, np.arange(2 * EACH) < EACH)
    expected = fitted.predict_proba(rows)[:, 1]
    answer = competitor.answer(fitted)
    np.testing.assert_allclose([answer(picture) for picture in pictures], expected, atol=1e-12)
    assert competitor.size(fitted) > 50


# The command


@pytest.fixture(scope="module")
def docs(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    written = tmp_path_factory.mktemp("made") / "docs"
    assert command.main(["--avatars", str(folder), "--docs", str(written)]) == 0
    return written


def lasting(found: dict[str, Any]) -> list[dict[str, Any]]:
    return [{key: value for key, value in row.items() if key != "fitting_seconds"} for row in found["competitors"]]


def test_a_run_writes_data_and_page(docs: Path, folder: Path) -> None:
    found = json.loads((docs / "ablation.json").read_text(encoding="utf-8"))
    assert [row["name"] for row in found["competitors"]] == list(found["times"]["competitors"]) == list(NAMED)
    balance = {"default": EACH, "custom": EACH}
    digest = dataset.digest(folder, dataset.read_index(folder))
    grid = {"default": 2, "custom": 6}
    assert found["pictures"] == {
        "directory": folder.name, "digest": digest, **balance, "copies": COPIES, "grid": grid
    }  # fmt: skip
    rows = {row["name"]: row for row in found["competitors"]}
    assert rows["v3"]["originals"]["right"] == rows["rule"]["originals"]["right"] == 2 * EACH
    assert rows["always custom"]["originals"]["right"] == EACH
    assert rows["v3"]["grid"]["value"] > rows["v3 without identicon_error"]["grid"]["value"]
    assert (docs / "ablation.md").read_text(encoding="utf-8") == page(found)


def test_another_run_gives_the_same_and_keeps_who_did_not_take_part(docs: Path, folder: Path) -> None:
    results = docs / "ablation.json"
    first = json.loads(results.read_text(encoding="utf-8"))
    absent = first["competitors"][0] | {"name": "absent"}
    results.write_text(json.dumps(first | {"competitors": [*first["competitors"], absent]}), encoding="utf-8")
    assert command.main(["--avatars", str(folder), "--docs", str(docs)]) == 0
    second = json.loads(results.read_text(encoding="utf-8"))
    assert second["times"] == first["times"]
    assert second["competitors"][-1] == absent
    second["competitors"].pop()
    assert lasting(second) == lasting(first)


def results(digest: str, *names: str) -> dict[str, Any]:
    rows = [{"name": name, "of": digest} for name in names]
    return {"pictures": digest, "competitors": rows, "times": {"of": names}}


def test_results_on_other_pictures_are_not_kept() -> None:
    new = results("b", "v3")
    assert command.merge(results("a", "v3", "network"), new) == new
    assert command.merge({}, new) == new


def test_times_of_all_replace_those_of_before() -> None:
    assert command.merge(results("a", "v3"), results("a", "v3", "network")) == results("a", "v3", "network")


def damage(folder: Path) -> None:
    (folder / "1.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")


def lose(folder: Path) -> None:
    (folder / "index.csv").unlink()


def shorten(folder: Path) -> None:
    dataset.write_index(folder, dataset.read_index(folder)[2:])


def garble(folder: Path) -> None:
    (folder / "docs" / "ablation.json").write_text("{", encoding="utf-8")


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (damage, "1.png is damaged"),
        (lose, "index.csv cannot be read"),
        (shorten, "fewer than 5 pictures labelled default"),
        (garble, "ablation.json is not JSON"),
    ],
)
def test_what_is_wrong_is_told_in_one_line_and_leaves_the_results(
    harm: Any, told: str, folder: Path, docs: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for source in (*folder.iterdir(), *docs.iterdir()):
        target = tmp_path / ("docs" if source.parent == docs else "") / source.name
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(source.read_bytes())
    harm(tmp_path)
    before = (tmp_path / "docs" / "ablation.json").read_bytes()
    assert command.main(["--avatars", str(tmp_path), "--docs", str(tmp_path / "docs")]) == 1
    (line,) = [line for line in capfd.readouterr().err.splitlines() if "error" in line or "Traceback" in line]
    assert line.startswith("error: ")
    assert told in line
    assert (tmp_path / "docs" / "ablation.json").read_bytes() == before


# What is committed


@pytest.fixture
def committed() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((DOCS / "ablation.json").read_text(encoding="utf-8"))
    return found


def test_the_committed_page_is_that_of_the_committed_data(committed: dict[str, Any]) -> None:
    assert (DOCS / "ablation.md").read_text(encoding="utf-8") == page(committed)


def test_the_committed_data_is_of_the_shipped_pictures_and_of_all_competitors(committed: dict[str, Any]) -> None:
    avatars = ROOT / "avatars"
    assert committed["pictures"]["digest"] == dataset.digest(avatars, dataset.read_index(avatars))
    assert [row["name"] for row in committed["competitors"]] == [*NAMED, *DEEP]
    assert list(committed["times"]["competitors"]) == [*NAMED, *DEEP]
    assert "torch" in committed["competitors"][-1]["versions"]


def test_the_page_tells_where_a_network_is_better(committed: dict[str, Any]) -> None:
    networks = {row["name"]: row for row in committed["competitors"] if row["name"] in DEEP}
    assert len(networks) == len(DEEP)
    for network in networks.values():
        for where in ("originals", "grid", "small"):
            network[where]["value"] = 0.5
    assert "none of them is better than v3 anywhere." in page(committed)
    networks["small network"]["small"]["value"] = 1.0
    text = page(committed)
    assert "better than v3 is the small network at the small copies (100.0 % against " in text
    assert "none of them" not in text


def test_the_page_tells_whether_the_tenth_is_reached(committed: dict[str, Any]) -> None:
    times = committed["times"]["competitors"]
    times["v3"]["whole"] = 1.0
    times["small network"]["whole"] = times["EfficientNet-Lite0"]["whole"] = 10.0
    assert "is reached beside each." in page(committed)
    times["small network"]["whole"] = 9.9
    assert "is not reached beside the small network, of whose time decoding the file is " in page(committed)
