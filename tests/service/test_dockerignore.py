"""What the Docker image would carry: cog build copies what .dockerignore leaves."""

import fnmatch
import os
import shutil
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.support.processes import ROOT
from tests.support.requirements import pins


def tracked() -> list[str]:
    """Every file that git tracks, or would add."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return [path for path in listed if (ROOT / path).exists()]


def is_left(path: str) -> bool:
    """Whether Docker copies `path`: the last pattern that matches it, or a folder above it, decides."""
    places = [path, *map(str, Path(path).parents)]
    left = True
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        if any(fnmatch.fnmatchcase(place, line.removeprefix("!")) for place in places):
            left = line.startswith("!")
    return left


@pytest.fixture(scope="module")
def carried() -> list[str]:
    return sorted(filter(is_left, tracked()))


def test_the_image_carries_what_serving_needs_and_nothing_else(carried: list[str]) -> None:
    assert carried == [
        "cog.yaml",
        "github_avatars/__init__.py",
        "github_avatars/cancellation.py",
        "github_avatars/classifier.py",
        "github_avatars/container.py",
        "github_avatars/errors.py",
        "github_avatars/features.py",
        "github_avatars/github.py",
        "github_avatars/grid.py",
        "github_avatars/hosts.py",
        "github_avatars/identicon.py",
        "github_avatars/image.py",
        "github_avatars/leftovers.py",
        "github_avatars/logs.py",
        "github_avatars/orientation.py",
        "github_avatars/prediction.py",
        "github_avatars/py.typed",
        "github_avatars/rate_limit.py",
        "github_avatars/transport.py",
        "model.json",
        "model.pkl",
        "predict.py",
    ]


def test_the_service_works_with_these_files_alone(carried: list[str], tmp_path: Path) -> None:
    for path in carried:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, tmp_path / path)
    picture = next((ROOT / "avatars" / "default").iterdir())
    program = (
        "import asyncio, cog, predict\n"
        "predictor = predict.Predictor()\n"
        "predictor.setup()\n"
        f"output = asyncio.run(predictor.run(username=None, image=cog.Path({str(picture)!r})))\n"
        "print(output.prediction, predict.__file__)\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert result.stdout.split() == ["default", str(tmp_path / "predict.py")]


def test_every_package_that_serving_imports_is_pinned() -> None:
    program = "import sys, predict; predict.Predictor().setup(); print(*{name.split('.')[0] for name in sys.modules})"
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True, env=dict(os.environ)
    )
    imported = set(result.stdout.split())
    providers = packages_distributions()
    distributions = {name.lower().replace("_", "-") for module in imported for name in providers.get(module, ())}
    pinned = {pin.name for pin in pins("requirements.txt")}
    # Cog brings itself and what it needs into the image; joblib uses psutil, and structlog rich, where there is one.
    others = {"cog", "coglet", "github-avatars", "psutil", "pyyaml", "rich", "setuptools", "structlog"}
    others |= {"typing-extensions"}
    assert distributions - pinned <= others
