"""The oldest and the newest packages that pyproject.toml admits give the same verdicts, or refuse the shipped model.

Each set is installed into a virtual environment of its own. What the verdicts shall be is asked of this one, so that
nothing here has to be changed where the model is trained anew.
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
WROTE = json.loads(classifier.card_path(classifier.MODEL).read_bytes())["versions"]["scikit-learn"]
LOGINS = sorted({example.family: example.login for example in dataset.read_index(AVATARS)}.values())
"""One account of each family of drawn avatars."""

SETS: dict[str, list[str]] = {
    "oldest": ["--resolution=lowest-direct"],
    "oldest beside the scikit-learn of the model": ["--resolution=lowest-direct", f"scikit-learn=={WROTE}"],
    "newest": ["--resolution=highest"],
}

PROGRAM = """
import json, sys, tempfile
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from PIL import Image
from github_avatars import classifier, features
from github_avatars.errors import BadModel
from github_avatars.github.client import GitHub
from github_avatars.picture import decoding
from github_avatars.prediction import predict

found = {"versions": {name: version(name) for name in ("scikit-learn", "numpy", "pillow", "requests", "urllib3")}}
try:
    judge = classifier.load(classifier.MODEL)
except BadModel as error:
    found["refusal"] = str(error)
    # Any weights do, to hold the features and the road of a prediction against.
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    rows = [[0, 1, 1], [300, 8, 0], [10, 9, 0.9], [400, 3, 0.1]]
    pipeline = make_pipeline(StandardScaler(), LogisticRegression()).fit(rows, [False, True, False, True])
    fitted = classifier.Classifier(pipeline)
    card = {
        "versions": {"scikit-learn": version("scikit-learn")},
        "features": features.NAMES,
        "weights": dict(zip(features.NAMES, fitted.weights)),
        "means": dict(zip(features.NAMES, fitted.means)),
        "intercept": fitted.intercept,
    }
    with tempfile.TemporaryDirectory() as folder:
        classifier.save(pipeline, Path(folder) / "model.pkl", card)
        judge = classifier.load(Path(folder) / "model.pkl")
with GitHub() as github:
    answers = {login: predict(login, None, github, judge) for login in sys.argv[1:]}
# NumPy has versions that crash on these.
verdict = judge.classify(features.extract(decoding.normalize(Image.new("I;16B", (9, 9), 32768))))
found["answers"] = {name: [answer.prediction, answer.evidence] for name, answer in answers.items()}
found["answers"]["16-bit greys"] = [verdict.label, asdict(verdict.features)]
print(json.dumps(found))
"""


def found_by(python: str | Path, github: GitHubStandIn) -> dict[str, Any]:
    """What PROGRAM prints: versions, answers, and the refusal of the shipped model if it is refused."""
    environment = clean_environment(GITHUB_URL=github.url, PYTHONPATH=str(ROOT), PYTHONWARNINGS="error")
    ended = subprocess.run([python, "-c", PROGRAM, *LOGINS], capture_output=True, text=True, env=environment)
    assert ended.returncode == 0, ended.stderr
    decoded = json.loads(ended.stdout)
    assert isinstance(decoded, dict)
    return decoded


@pytest.fixture(scope="module")
def here(github_for_all: GitHubStandIn) -> dict[str, Any]:
    """What this environment finds."""
    return found_by(sys.executable, github_for_all)


@pytest.fixture(scope="module", params=SETS)
def there(
    request: pytest.FixtureRequest, github_for_all: GitHubStandIn, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """What an environment of one of the sets finds, which is made for it."""
    folder = tmp_path_factory.mktemp("environment")
    python = folder / "bin" / "python"
    uv: list[str | Path] = [sys.executable, "-m", "uv", "--quiet"]
    run_or_skip([*uv, "venv", "--python", sys.executable, folder], folder)
    install = [*uv, "pip", "install", "--only-binary=:all:", "--python", python]
    installed = run_or_skip([*install, *PROJECT["dependencies"], *SETS[request.param]], folder)
    assert installed.returncode == 0, installed.stderr
    return {"set": request.param, **found_by(python, github_for_all)}


def test_the_oldest_packages_are_those_that_the_project_names(there: dict[str, Any]) -> None:
    bounds = dict(re.findall(r"([a-z0-9-]+)>=([0-9.]+)", " ".join(PROJECT["dependencies"])))
    assert bounds.keys() == there["versions"].keys()
    pinned = dict(argument.split("==") for argument in SETS[there["set"]][1:])
    for name, version in there["versions"].items():
        oldest = Version(pinned.get(name, bounds[name]))
        assert Version(version) == oldest or (there["set"] == "newest" and Version(version) >= oldest)


def test_verdicts_are_the_same(here: dict[str, Any], there: dict[str, Any]) -> None:
    assert len(here["answers"]) > 20
    for name, (label, evidence) in here["answers"].items():
        its_label, its_evidence = there["answers"][name]
        compared = {key: value for key, value in evidence.items() if not key.startswith("timing.")}
        if "refusal" in there:
            compared.pop("probability", None)
        else:
            assert its_label == label, name
        assert {key: its_evidence[key] for key in compared} == pytest.approx(compared, rel=0, abs=1e-9), name


def test_the_shipped_model_is_refused_by_any_other_scikit_learn(there: dict[str, Any]) -> None:
    runs = there["versions"]["scikit-learn"]
    if runs == WROTE:
        assert "refusal" not in there
    else:
        assert f"was written by scikit-learn {WROTE}, but {runs} is installed" in there["refusal"]
