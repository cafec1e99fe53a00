"""The oldest and newest dependencies that pyproject.toml allows give the same results, with scikit-learn and without.

Each set of dependencies is installed into its own virtual environment. The expected results come from the current
environment, so retraining the model does not require changes here.
"""

import json
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.version import Version

from github_avatars.demo import AVATARS, GitHubStandIn
from github_avatars.training import dataset
from tests.support.processes import ROOT, clean_environment, run
from tests.support.requirements import run_or_skip

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOGINS = sorted({example.family: example.login for example in dataset.read_index(AVATARS)}.values())
"""One account of each family of drawn avatars."""

BOUNDS: dict[str, str] = dict(
    re.findall(
        r"([a-z0-9-]+)>=([0-9.]+)", " ".join([*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["train"]])
    )
)
"""The oldest version of each package that pyproject.toml bounds."""

SETS = {
    "oldest without scikit-learn": ("lowest-direct", PROJECT["dependencies"]),
    "oldest with scikit-learn": (
        "lowest-direct",
        [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["train"]],
    ),
    "newest with scikit-learn": ("highest", [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["train"]]),
}
"""uv's resolution, and the packages to install."""

PROGRAM = """
import json, sys, tempfile
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from PIL import Image
from github_avatars import classifier
from github_avatars.github import GitHub
from github_avatars.prediction import predict

shipped = classifier.shipped()
with GitHub() as github:
    predictions = {login: predict(login, None, github, shipped) for login in sys.argv[2:]}
report = {
    "results": {login: [prediction.label, prediction.metrics()] for login, prediction in predictions.items()},
    "versions": {},
}
# Some versions of NumPy crash on 16-bit greys.
verdict = classifier.classify(Image.new("I;16B", (9, 9), 32768), shipped)
report["results"]["16-bit grey"] = [verdict.label, asdict(verdict.features)]
for name in sys.argv[1].split():
    try:
        report["versions"][name] = version(name)
    except PackageNotFoundError:
        pass
if "scikit-learn" in report["versions"]:
    # A model that this scikit-learn writes, read by the program and by scikit-learn.
    from tests.support.models import card_for, fitted_pipeline, random_features
    pipeline = fitted_pipeline()
    with tempfile.TemporaryDirectory() as folder:
        classifier.save(pipeline, Path(folder) / "model.pkl", card_for(pipeline))
        loaded = classifier.load(Path(folder) / "model.pkl")
    report["written"] = [loaded.classify(each).probability for each in random_features()]
    report["expected"] = pipeline.predict_proba([each.row() for each in random_features()])[:, 1].tolist()
print(json.dumps(report))
"""


def run_program(python: str | Path, github: GitHubStandIn) -> dict[str, Any]:
    """PROGRAM's report: versions, results, and the probabilities of a model that scikit-learn has written."""
    environment = clean_environment(GITHUB_URL=github.url, PYTHONPATH=str(ROOT), PYTHONWARNINGS="error")
    result = run([python, "-c", PROGRAM, " ".join(BOUNDS), *LOGINS], environment=environment)
    assert result.returncode == 0, result.stderr
    report: dict[str, Any] = json.loads(result.stdout)
    return report


@pytest.mark.parametrize("name", SETS)
def test_results_are_the_same_with_the_oldest_and_the_newest_packages(
    name: str, github_for_all: GitHubStandIn, tmp_path: Path
) -> None:
    python = tmp_path / "bin" / "python"
    uv: list[str | Path] = [sys.executable, "-m", "uv", "--quiet"]
    run_or_skip([*uv, "venv", "--python", sys.executable, tmp_path], tmp_path)
    resolution, packages = SETS[name]
    install = [*uv, "pip", "install", "--only-binary=:all:", "--python", python, f"--resolution={resolution}"]
    installation = run_or_skip([*install, *packages], tmp_path)
    assert installation.returncode == 0, installation.stderr
    report = run_program(python, github_for_all)

    assert report["versions"].keys() == BOUNDS.keys() - ({"scikit-learn"} if "without" in name else set())
    for package, version in report["versions"].items():
        oldest, installed = Version(BOUNDS[package]), Version(version)
        assert installed >= oldest if "newest" in name else installed == oldest

    expected = run_program(sys.executable, github_for_all)
    assert len(expected["results"]) > 20
    for login, (label, metrics) in expected["results"].items():
        actual_label, actual_metrics = report["results"][login]
        compared = {key: value for key, value in metrics.items() if not key.startswith("timing.")}
        assert actual_label == label, login
        assert {key: actual_metrics[key] for key in compared} == pytest.approx(compared, rel=0, abs=1e-9), login

    # A model that scikit-learn has written predicts as its pipeline.
    assert ("written" in report) == ("with scikit-learn" in name)
    assert report.get("written") == pytest.approx(report.get("expected"), abs=1e-12)
