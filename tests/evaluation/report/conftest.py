"""A folder of labeled pictures, its evaluation, and the report about it."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from github_avatars import classifier
from github_avatars.errors import BadImage
from github_avatars.evaluation import report
from github_avatars.evaluation.evaluating import Classified, robustness_conditions, summarize
from github_avatars.evaluation.results import Evaluation
from github_avatars.training import dataset
from tests.support.processes import ROOT

AVATARS = ROOT / "avatars"
HOSTILE = """<img src=x onerror=hacked()> & '"{{ 7 * 7 }}.png"""
WRONG = sorted(["custom/wrong.png", f"custom/{HOSTILE}", "default/wrong.png"])


def evaluate_originals(folder: Path, **about: Any) -> Evaluation:
    """An evaluation of the index of `folder` where all copies of a picture have the verdict on the original."""
    classified, unreadable = [], []
    for example in dataset.read_index(folder):
        try:
            verdict = classifier.classify(folder / example.file)
        except BadImage as error:
            unreadable.append({"file": example.file, "reason": str(error)})
        else:
            copies = 0 if example.is_lookalike else len(robustness_conditions())
            classified.append(Classified(example, verdict, (verdict,) * copies))
    fields = {"date": "2000-01-01", "model": "0" * 64, "versions": {}, "held_out": False, "learning_curve": []}
    return summarize(classified, **{"directory": folder.name, "unreadable": unreadable, **fields, **about})


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some of the shipped avatars: three with the wrong label, one of them with a hostile name, and a damaged file."""
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
    (folder / "custom" / "damaged.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    dataset.write_index(folder, [*examples, *wrong, replace(examples[-1], file="custom/damaged.png")])
    (folder / "README.md").write_text("License: <script>hacked()</script> MIT\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def evaluation(folder: Path) -> Evaluation:
    curve = [{"pictures": 4, "accuracy": 0.9, "brier": 0.1}, {"pictures": 16, "accuracy": 0.99, "brier": 0.01}]
    evaluation = evaluate_originals(folder, learning_curve=curve)
    wrong = [picture["file"] for picture in evaluation.pictures if picture["prediction"] != picture["label"]]
    assert sorted(wrong) == WRONG
    assert [file["file"] for file in evaluation.unreadable] == ["custom/damaged.png"]
    return evaluation


@pytest.fixture(scope="session")
def html(evaluation: Evaluation, folder: Path) -> str:
    return report.page(evaluation, folder)
