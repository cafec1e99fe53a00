"""The oldest and newest dependencies that pyproject.toml allows give the same results, with scikit-learn and without.

Each set of dependencies is installed into its own virtual environment. The expected results come from the current
environment, so retraining the model does not require changes here.
"""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.version import Version

from github_avatars.demo import AVATARS, GitHubStandIn
from github_avatars.training import dataset
from tests.support.processes import ROOT, clean_environment
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
from github_avatars import classifier, features
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
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    measured = [features.Features(*values) for values in ((0, 1, 1.0), (300, 8, 0.0), (10, 9, 0.9), (400, 3, 0.1))]
    rows = [each.row() for each in measured]
    pipeline = make_pipeline(StandardScaler(), LogisticRegression()).fit(rows, [False, True, False, True])
    fitted = classifier.Classifier(pipeline)
    card = {
        "features": features.NAMES,
        "weights": dict(zip(features.NAMES, fitted.weights)),
        "means": dict(zip(features.NAMES, fitted.means)),
        "intercept": fitted.intercept,
    }
    with tempfile.TemporaryDirectory() as folder:
        classifier.save(pipeline, Path(folder) / "model.pkl", card)
        loaded = classifier.load(Path(folder) / "model.pkl")
    report["written"] = [loaded.classify(each).probability for each in measured]
    report["expected"] = pipeline.predict_proba(rows)[:, 1].tolist()
print(json.dumps(report))
"""


def run_program(python: str | Path, github: GitHubStandIn) -> dict[str, Any]:
    """PROGRAM's report: versions, results, and the probabilities of a model that scikit-learn has written."""
    environment = clean_environment(GITHUB_URL=github.url, PYTHONPATH=str(ROOT), PYTHONWARNINGS="error")
    result = subprocess.run(
        [python, "-c", PROGRAM, " ".join(BOUNDS), *LOGINS], capture_output=True, text=True, env=environment
    )
    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout)
    assert isinstance(report, dict)
    return report


@pytest.fixture(scope="module")
def expected(github_for_all: GitHubStandIn) -> dict[str, Any]:
    """The report of the current environment."""
    return run_program(sys.executable, github_for_all)


@pytest.fixture(scope="module", params=SETS)
def report(
    request: pytest.FixtureRequest, github_for_all: GitHubStandIn, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """The report of a new environment with one set of dependencies."""
    folder = tmp_path_factory.mktemp("environment")
    python = folder / "bin" / "python"
    uv: list[str | Path] = [sys.executable, "-m", "uv", "--quiet"]
    run_or_skip([*uv, "venv", "--python", sys.executable, folder], folder)
    resolution, packages = SETS[request.param]
    install = [*uv, "pip", "install", "--only-binary=:all:", "--python", python, f"--resolution={resolution}"]
    installation = run_or_skip([*install, *packages], folder)
    assert installation.returncode == 0, installation.stderr
    return {"set": request.param, **run_program(python, github_for_all)}


def test_installed_versions_are_the_oldest_or_newest_allowed(report: dict[str, Any]) -> None:
    expected = BOUNDS.keys() - ({"scikit-learn"} if "without" in report["set"] else set())
    assert report["versions"].keys() == expected
    for name, version in report["versions"].items():
        oldest, installed = Version(BOUNDS[name]), Version(version)
        assert installed >= oldest if "newest" in report["set"] else installed == oldest


def test_results_are_the_same(expected: dict[str, Any], report: dict[str, Any]) -> None:
    assert len(expected["results"]) > 20
    for name, (label, metrics) in expected["results"].items():
        actual_label, actual_metrics = report["results"][name]
        compared = {key: value for key, value in metrics.items() if not key.startswith("timing.")}
        assert actual_label == label, name
        assert {key: actual_metrics[key] for key in compared} == pytest.approx(compared, rel=0, abs=1e-9), name


def test_model_that_scikit_learn_writes_predicts_as_its_pipeline(report: dict[str, Any]) -> None:
    assert ("written" in report) == ("with scikit-learn" in report["set"])
    assert report.get("written") == pytest.approx(report.get("expected"), abs=1e-12)
