"""The contents of the Docker image: `cog build` copies the files that .dockerignore does not exclude."""

import json
import re
import shutil
import sys
from collections.abc import Iterable
from importlib.metadata import packages_distributions
from pathlib import PurePosixPath
from typing import NamedTuple

import pytest

from tests.support.processes import ROOT, clean_environment, run
from tests.support.requirements import pins

PROGRAM = """
import asyncio, json, sys
opened = set()
sys.addaudithook(lambda event, values: opened.add(str(values[0])) if event == "open" else None)
import cog, predict
predictor = predict.Predictor()
predictor.setup()
output = asyncio.run(predictor.run(username=None, image=cog.Path(sys.argv[1])))
modules = {name: getattr(module, "__file__", None) for name, module in sys.modules.items()}
print(json.dumps({"prediction": output.prediction, "modules": modules, "opened": sorted(opened)}))
"""


class Service(NamedTuple):
    """What one prediction used in a folder that contains the files of the image only."""

    prediction: str
    imported: set[PurePosixPath]
    """The project's modules that were imported, as paths in the image."""
    opened: set[PurePosixPath]
    """The files of the image that were opened."""
    modules: set[str]
    """The names of all imported top-level modules."""


def pattern(line: str) -> re.Pattern[str]:
    """A line of .dockerignore as a regular expression, which also matches the contents of a folder."""
    text = re.escape(line.removeprefix("!")).replace(r"\*\*/", "(.*/)?").replace(r"\*", "[^/]*")
    return re.compile(f"{text}(/.*)?")


LINES = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]


def is_copied(path: str) -> bool:
    """Whether Docker copies a file: the last pattern that matches decides."""
    matching = [line for line in LINES if pattern(line).fullmatch(path)]
    return not matching or matching[-1].startswith("!")


@pytest.fixture(scope="module")
def image() -> set[PurePosixPath]:
    """The files in the image. The files in the project are those that git tracks, or would add."""
    listed = run(["git", "ls-files", "--cached", "--others", "--exclude-standard"]).stdout.splitlines()
    return {PurePosixPath(path) for path in listed if is_copied(path) and (ROOT / path).exists()}


@pytest.fixture(scope="module")
def service(image: set[PurePosixPath], tmp_path_factory: pytest.TempPathFactory) -> Service:
    folder = tmp_path_factory.mktemp("image")
    for path in image:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, folder / path)
    picture = next((ROOT / "avatars" / "default").iterdir())
    result = run([sys.executable, "-c", PROGRAM, picture], folder=folder, environment=clean_environment())
    assert result.returncode == 0, result.stderr
    output = json.loads(result.stdout)

    def within(paths: Iterable[str | None]) -> set[PurePosixPath]:
        absolute = [folder / path for path in paths if path]
        return {PurePosixPath(path.relative_to(folder)) for path in absolute if path.is_relative_to(folder)}

    modules = output["modules"]
    # In a development environment, Python finds a module that the folder lacks in the project.
    missing = [name for name, path in modules.items() if name.startswith("github_avatars") and str(ROOT) in str(path)]
    assert missing == []
    return Service(
        output["prediction"],
        within(modules.values()),
        within(output["opened"]),
        {name.split(".")[0] for name in modules},
    )


def test_image_suffices_for_a_prediction(service: Service) -> None:
    assert service.prediction == "default"


def test_image_contains_only_what_a_prediction_uses(image: set[PurePosixPath], service: Service) -> None:
    """For the packages in github_avatars, at least one module; for all other files, each of them."""
    root = PurePosixPath("github_avatars")
    packages = {path.parent for path in service.imported if path.parent.parent == root}
    used = service.imported | service.opened | {PurePosixPath("cog.yaml"), root / "py.typed"}
    assert {path.parent for path in image} == {PurePosixPath(), root} | packages
    assert [path for path in image if path.parent not in packages and path not in used] == []


@pytest.mark.parametrize("folder", ["github_avatars", "github_avatars/github"])
def test_image_contains_no_bytecode(folder: str) -> None:
    assert is_copied(f"{folder}/__init__.py")
    assert not is_copied(f"{folder}/__pycache__/__init__.cpython-313.pyc")


def test_imported_packages_are_pinned(service: Service) -> None:
    providers = packages_distributions()
    names = {name.lower().replace("_", "-") for module in service.modules for name in providers.get(module, ())}
    pinned = {pin.name for pin in pins("requirements.txt")}
    # Cog installs itself into the image. joblib imports psutil, and structlog rich, if installed.
    others = {"cog", "coglet", "github-avatars", "psutil", "rich", "setuptools"}
    assert names - pinned <= others
