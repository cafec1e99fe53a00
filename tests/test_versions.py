"""The oldest and newest dependencies that pyproject.toml allows give the same results, or refuse the shipped model.

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

from github_avatars import classifier
from github_avatars.demo import AVATARS, GitHubStandIn
from github_avatars.training import dataset
from tests.support.processes import ROOT, clean_environment
from tests.support.requirements import run_or_skip

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
MODEL_VERSION = json.loads(classifier.card_path(classifier.MODEL).read_bytes())["versions"]["scikit-learn"]
LOGINS = sorted({example.family: example.login for example in dataset.read_index(AVATARS)}.values())
"""One account of each family of drawn avatars."""

SETS: dict[str, list[str]] = {
    "oldest": ["--resolution=lowest-direct"],
    "oldest with the scikit-learn of the model": ["--resolution=lowest-direct", f"scikit-learn=={MODEL_VERSION}"],
    "newest": ["--resolution=highest"],
}

PROGRAM = """
import json, sys, tempfile
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from PIL import Image
from github_avatars import features
from github_avatars.classifier import MODEL, Classifier, classify, load, save
from github_avatars.errors import BadModel
from github_avatars.github import GitHub
from github_avatars.prediction import predict

report = {"versions": {name: version(name) for name in ("scikit-learn", "numpy", "pillow", "requests", "urllib3")}}
try:
    classifier = load(MODEL)
except BadModel as error:
    report["refusal"] = str(error)
    # Any other classifier suffices to compare the features.
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    rows = [[0, 1, 1], [300, 8, 0], [10, 9, 0.9], [400, 3, 0.1]]
    pipeline = make_pipeline(StandardScaler(), LogisticRegression()).fit(rows, [False, True, False, True])
    fitted = Classifier(pipeline)
    card = {
        "versions": {"scikit-learn": version("scikit-learn")},
        "features": features.NAMES,
        "weights": dict(zip(features.NAMES, fitted.weights)),
        "means": dict(zip(features.NAMES, fitted.means)),
        "intercept": fitted.intercept,
    }
    with tempfile.TemporaryDirectory() as folder:
        save(pipeline, Path(folder) / "model.pkl", card)
        classifier = load(Path(folder) / "model.pkl")
with GitHub() as github:
    predictions = {login: predict(login, None, github, classifier) for login in sys.argv[1:]}
report["results"] = {login: [prediction.label, prediction.metrics()] for login, prediction in predictions.items()}
# Some versions of NumPy crash on 16-bit greys.
verdict = classify(Image.new("I;16B", (9, 9), 32768), classifier)
report["results"]["16-bit grey"] = [verdict.label, asdict(verdict.features)]
print(json.dumps(report))
"""


def run_program(python: str | Path, github: GitHubStandIn) -> dict[str, Any]:
    """PROGRAM's report: versions, results, and the refusal of the shipped model if it is refused."""
    environment = clean_environment(GITHUB_URL=github.url, PYTHONPATH=str(ROOT), PYTHONWARNINGS="error")
    result = subprocess.run([python, "-c", PROGRAM, *LOGINS], capture_output=True, text=True, env=environment)
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
    install = [*uv, "pip", "install", "--only-binary=:all:", "--python", python]
    installation = run_or_skip([*install, *PROJECT["dependencies"], *SETS[request.param]], folder)
    assert installation.returncode == 0, installation.stderr
    return {"set": request.param, **run_program(python, github_for_all)}


def test_installed_versions_are_the_oldest_or_newest_allowed(report: dict[str, Any]) -> None:
    bounds: dict[str, str] = dict(re.findall(r"([a-z0-9-]+)>=([0-9.]+)", " ".join(PROJECT["dependencies"])))
    assert bounds.keys() == report["versions"].keys()
    pinned: dict[str, str] = dict(argument.split("==") for argument in SETS[report["set"]][1:])
    for name, version in report["versions"].items():
        oldest = Version(pinned.get(name, bounds[name]))
        assert Version(version) == oldest or (report["set"] == "newest" and Version(version) >= oldest)


def test_results_are_the_same(expected: dict[str, Any], report: dict[str, Any]) -> None:
    assert len(expected["results"]) > 20
    for name, (label, metrics) in expected["results"].items():
        actual_label, actual_metrics = report["results"][name]
        compared = {key: value for key, value in metrics.items() if not key.startswith("timing.")}
        if "refusal" in report:
            compared.pop("probability", None)
        else:
            assert actual_label == label, name
        assert {key: actual_metrics[key] for key in compared} == pytest.approx(compared, rel=0, abs=1e-9), name


def test_shipped_model_is_refused_by_other_versions_of_scikit_learn(report: dict[str, Any]) -> None:
    installed = report["versions"]["scikit-learn"]
    if installed == MODEL_VERSION:
        assert "refusal" not in report
    else:
        assert f"was written by scikit-learn {MODEL_VERSION}, but {installed} is installed" in report["refusal"]
