"""The comparison with other methods: features of the competitors, scores, the command, and the committed results."""

import hashlib
import json
import shutil
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

import numpy as np
import pytest
from PIL import Image

from github_avatars import features, identicon
from github_avatars.cli import ablation as command
from github_avatars.evaluation.ablation import harness
from github_avatars.evaluation.ablation.comparison import merge
from github_avatars.evaluation.ablation.competitors import (
    LIGHT,
    Array,
    Competitor,
    counts,
    decode_whole,
    histogram,
    no_features,
    our_features,
    properties,
)
from github_avatars.evaluation.ablation.harness import Data
from github_avatars.evaluation.evaluating import robustness_conditions
from github_avatars.picture import decoding
from github_avatars.training import dataset, fitting
from github_avatars.training.dataset import Example, no_progress
from github_avatars.training.fitting import Table
from github_avatars.training.measuring import COPIES, extract_features, measure
from tests.support.datasets import FAMILIES, write_dataset

GREY = identicon.GITHUB_GREY
EACH = len(FAMILIES)
BY_NAME = {competitor.name: competitor for competitor in LIGHT}
CONDITIONS = [condition for _, condition in robustness_conditions()]
SMALL = sum(condition.size < 20 for condition in CONDITIONS)
LARGE = len(CONDITIONS) - SMALL


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("avatars")
    write_dataset(directory)
    return directory


def test_v1_features_are_the_shares_of_eight_ranges_of_each_channel() -> None:
    picture = Image.new("RGB", (4, 2), (0, 31, 255))
    picture.putpixel((3, 1), (32, 240, 224))
    red, green, blue = [7 / 8, 1 / 8, *[0] * 6], [7 / 8, *[0] * 6, 1 / 8], [*[0] * 7, 1]
    assert histogram(picture).tolist() == [*red, *green, *blue]


def test_v2_features_count_grey_and_colors_of_256_pixels() -> None:
    picture = Image.new("RGB", (16, 16), GREY)
    assert counts(picture).tolist() == [256, 1]
    picture.paste((1, 2, 3), (0, 0, 16, 4))
    picture.putpixel((0, 0), (241, 240, 240))
    assert counts(picture).tolist() == [192, 3]
    assert counts(picture.resize((160, 160), Image.Resampling.NEAREST)).tolist() == [192, 3]
    assert counts(Image.new("RGB", (16, 16), (9, 9, 9))).tolist() == [0, 1]
    checkered = np.zeros((32, 32, 3), dtype=np.uint8)
    checkered[1::2, 1::2] = GREY
    assert counts(Image.fromarray(checkered)).tolist() == [256, 1], "pixels must not be averaged"


def test_rule_recognizes_originals_only(tmp_path: Path) -> None:
    original = identicon.render(583231)
    original.save(tmp_path / "identicon.png")
    original.save(tmp_path / "identicon.gif")
    identicon.render(583231, size=419).save(tmp_path / "smaller.png")
    Image.new("RGB", (420, 420), GREY).save(tmp_path / "plain.png")
    original.putpixel((0, 0), (1, 2, 3))
    original.save(tmp_path / "third.png")
    files = ("identicon.png", "identicon.gif", "smaller.png", "plain.png", "third.png")
    rows = np.stack([properties(decoding.load((tmp_path / file).read_bytes())) for file in files])
    assert rows.tolist() == [[1, 420, 420, 2], [0, 420, 420, 2], [1, 419, 419, 2], [1, 420, 420, 1], [1, 420, 420, 3]]
    rule = BY_NAME["rule"].build().fit(rows, rows[:, 0])
    assert rule.predict_proba(rows).tolist() == [[0, 1], [1, 0], [1, 0], [1, 0], [1, 0]]


def test_color_rule_recognizes_originals_only() -> None:
    original, competitor = identicon.render(583231), BY_NAME["color rule"]
    thumbnail = original.resize((64, 64), Image.Resampling.LANCZOS)
    plain, black = Image.new("RGB", (9, 9), GREY), Image.new("1", (9, 9))
    rows = np.stack([competitor.extract(picture) for picture in (original, thumbnail, plain, black)])
    assert competitor.build().fit(rows, rows[:, 0]).predict_proba(rows)[:, 1].tolist() == [1, 0, 1, 0]


def test_features_can_be_extracted_from_every_mode() -> None:
    grey = Image.new("L", (30, 50), 240)
    modes = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK")
    for picture in (*map(grey.convert, modes), Image.new("I;16", (30, 50))):
        for competitor in LIGHT:
            assert competitor.extract(picture).shape == competitor.extract(identicon.render(1)).shape


def test_removed_feature_has_no_effect() -> None:
    rows = np.random.default_rng(0).random((40, 3))
    for column, feature in enumerate(features.NAMES):
        pipeline = BY_NAME[f"v3 without {feature}"].build().fit(rows, rows.sum(axis=1) > 1.5)
        changed = rows.copy()
        changed[:, column] += 1
        np.testing.assert_array_equal(pipeline.predict_proba(changed), pipeline.predict_proba(rows))
        changed[:, column - 1] += 1
        assert (pipeline.predict_proba(changed) != pipeline.predict_proba(rows)).any()


def test_every_eighth_example_of_each_family_and_label_is_chosen() -> None:
    kinds = [("default", "a"), ("custom", "a"), ("custom", "lookalike-b")]
    examples = [Example(f"{n}.png", *kinds[n % 3][:1], "", 0, kinds[n % 3][1]) for n in range(27)]  # type: ignore[arg-type]
    assert harness.choose(examples) == [0, 1, 24, 25]


def test_data_are_those_of_training_and_evaluation(folder: Path) -> None:
    examples = dataset.read_index(folder)
    extractions = (decoding.load, our_features), (decode_whole, no_features)
    measurements = harness.measure_all(folder, examples, extractions, no_progress)
    ours, none = (harness.arrange(folder, examples, measurements, place) for place in range(2))
    table = fitting.feature_table(folder, examples, fitting.measure_for_training(folder, examples))
    for field in ("X", "y", "groups", "original"):
        np.testing.assert_array_equal(getattr(ours.table, field), getattr(table, field))
    assert ours.chosen.tolist() == [0, *range(EACH, 2 * EACH)]
    assert none.robustness.shape == (7, len(CONDITIONS), 0)
    expected = measure(folder, [examples[0], examples[EACH]], [CONDITIONS] * 2, extract_features)
    for place, measurement in enumerate(fitting.readable(expected)):
        assert ours.robustness[place].tolist() == [list(copy.row()) for copy in measurement.values[1:]]


@dataclass
class Memory:
    """An estimator that predicts "default" for the rows that it was fitted to."""

    seen: frozenset[float] = frozenset()

    def fit(self, rows: Array, _: Array) -> Self:
        self.seen = frozenset(rows[:, 0].tolist())
        return self

    def predict_proba(self, rows: Array) -> Array:
        default = np.isin(rows[:, 0], list(self.seen))
        return np.column_stack([~default, default]).astype(float)


class Identity(Memory):
    """An estimator whose probability is the only feature."""

    def predict_proba(self, rows: Array) -> Array:
        return np.column_stack([1 - rows[:, 0], rows[:, 0]])


def data_of(originals: Array, robustness: Array) -> Data:
    """Data with one feature. The first half of the pictures are default; those with even numbers are chosen."""
    count, pictures = 1 + COPIES, len(originals)
    table = Table(
        X=np.repeat(originals, count)[:, np.newaxis],
        y=np.repeat(np.arange(pictures) < pictures / 2, count),
        groups=np.repeat(np.arange(pictures), count),
        original=np.tile(np.arange(count) == 0, pictures),
    )
    return Data(table, robustness[..., np.newaxis], np.arange(0, pictures, 2))


def test_scores_are_those_of_held_out_predictions() -> None:
    numbers = np.arange(20.0)
    data = data_of(numbers, np.repeat(numbers[::2, None], len(CONDITIONS), axis=1))
    score = harness.score(replace(BY_NAME["v1"], build=Memory), data)
    # Memory would predict default for a picture that it was fitted to, so all predictions are custom: half are right.
    assert (score["originals"]["right"], score["originals"]["count"]) == (10, 20)
    assert score["customs_called_default"] == 0
    assert (score["grid"]["right"], score["small"]["right"]) == (5 * LARGE, 5 * SMALL)


def test_scores_of_known_probabilities() -> None:
    originals = np.array([0.9] * 9 + [0.4] + [0.1] * 7 + [0.8] * 3)
    small = np.array([condition.size < 20 for condition in CONDITIONS])
    labels = (np.arange(0, 20, 2) < 10)[:, None]
    robustness = np.where(labels ^ small, 1.0, 0.0)  # right except for small copies
    score = harness.score(replace(BY_NAME["v1"], build=Identity), data_of(originals, robustness))
    assert (score["originals"]["right"], score["originals"]["value"]) == (16, 0.8)
    assert score["customs_called_default"] == 3
    assert (score["grid"]["count"], score["grid"]["right"]) == (10 * LARGE, 10 * LARGE)
    assert (score["small"]["count"], score["small"]["right"]) == (10 * SMALL, 0)
    assert score["brier"]["originals"] == pytest.approx((9 * 0.01 + 0.36 + 7 * 0.01 + 3 * 0.64) / 20)
    assert score["brier"]["grid"] == pytest.approx(SMALL / (SMALL + LARGE), abs=1e-6)


@pytest.mark.parametrize("competitor", LIGHT, ids=lambda competitor: competitor.name)
def test_probability_function_returns_the_probability_of_the_estimator(competitor: Competitor, folder: Path) -> None:
    pictures = [decoding.read(folder / example.file) for example in dataset.read_index(folder)]
    rows = np.stack([competitor.extract(picture) for picture in pictures])
    estimator = competitor.build().fit(rows, np.arange(2 * EACH) < EACH)
    expected = estimator.predict_proba(rows)[:, 1]
    function = competitor.probability_function(estimator)
    np.testing.assert_allclose([function(picture) for picture in pictures], expected, atol=1e-12)
    assert competitor.size(estimator) > 50


def test_command_writes_pictures_competitors_and_times_and_keeps_other_competitors(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(harness, "ROUNDS", 1)
    monkeypatch.setattr(harness, "robustness_conditions", lambda: robustness_conditions()[::9])
    path = tmp_path / "ablation.json"
    runs = []
    for _ in range(2):
        assert command.main(["--avatars", str(folder), "-o", str(path)]) == 0
        runs.append(json.loads(path.read_text(encoding="utf-8")))
        other = runs[0]["competitors"][0] | {"name": "other"}
        path.write_text(json.dumps(runs[0] | {"competitors": [other]}), encoding="utf-8")
    first, second = runs
    assert second["times"] == first["times"]
    assert second["competitors"].pop() == other
    for row in (*first["competitors"], *second["competitors"]):
        assert row.pop("fitting_seconds") >= 0
    assert second["competitors"] == first["competitors"]

    assert [row["name"] for row in first["competitors"]] == list(first["times"]["competitors"]) == list(BY_NAME)
    examples = dataset.read_index(folder)
    digests = [hashlib.sha256((folder / example.file).read_bytes()).hexdigest() for example in examples]
    digest = dataset.digest(examples, digests)
    counts = {"default": EACH, "custom": EACH, "copies": COPIES, "grid": {"default": 1, "custom": EACH}}
    assert first["pictures"] == {"directory": folder.name, "digest": digest, **counts}
    rows = {row["name"]: row for row in first["competitors"]}
    assert rows["rule"]["originals"]["right"] == 2 * EACH
    assert rows["v3"]["originals"]["right"] >= 2 * EACH - 1
    assert rows["always custom"]["originals"]["right"] == EACH
    assert rows["v3"]["grid"]["value"] > rows["v3 without identicon_error"]["grid"]["value"]


def comparison_of(digest: str, *names: str) -> dict[str, Any]:
    rows = [{"name": name, "of": digest} for name in names]
    return {"pictures": digest, "competitors": rows, "times": {"of": names}}


def test_competitors_on_other_pictures_are_not_kept_and_times_of_all_replace_earlier_ones() -> None:
    for earlier in (comparison_of("a", "v3", "network"), {}, comparison_of("b", "v3")):
        latest = comparison_of("b", "v3", *(["network"] if earlier.get("pictures") == "b" else []))
        assert merge(earlier, latest) == latest


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("1.png", "\x89PNG", "1.png is not a PNG"),
        ("index.csv", None, "avatars has neither index.csv nor a folder default or custom"),
        ("index.csv", ",".join(dataset.NAMES), "fewer than 5 pictures labeled default"),
        ("ablation.json", "{", "ablation.json is not JSON"),
    ],
)
def test_error_is_one_line_and_the_output_is_unchanged(
    file: str, content: str | None, message: str, folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    avatars = Path(shutil.copytree(folder, tmp_path / "avatars"))
    output = avatars / "ablation.json"
    output.write_text("{}", encoding="utf-8")
    if content is None:
        (avatars / file).unlink()
    else:
        (avatars / file).write_text(content, encoding="utf-8")
    before = output.read_bytes()
    assert command.main(["--avatars", str(avatars), "-o", str(output)]) == 1
    (line,) = [line for line in capfd.readouterr().err.splitlines() if "error" in line or "Traceback" in line]
    assert line.startswith("error: ")
    assert message in line
    assert output.read_bytes() == before


@pytest.mark.skipif(find_spec("torch") is not None, reason="needs an environment without torch")
def test_missing_torch_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--deep", "-o", str(tmp_path / "ablation.json")]) == 1
    line = capsys.readouterr().err
    assert line == "error: The package torch is missing: pip install 'github-avatars[deep]'\n"
