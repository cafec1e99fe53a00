"""The core dependencies, the extras, and the packages and platforms that the code needs."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from github_avatars.errors import MissingPackage
from github_avatars.extras import EXTRAS, optional_packages
from tests.support.commands import run_without
from tests.support.processes import ROOT, run_python

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
WHEEL = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
NOT_INSTALLED = {ROOT / path for path in WHEEL["exclude"]}
MODULES = sorted(set((ROOT / "github_avatars").rglob("*.py")) - NOT_INSTALLED)

POSIX_MODULES = ("fcntl", "grp", "posix", "pty", "pwd", "resource", "termios", "tty")
POSIX_FUNCTIONS = ("fork", "getuid", "geteuid", "fchmod", "killpg", "mkfifo", "setsid", "sched_getaffinity", "uname")


def imported(path: Path) -> Iterator[str]:
    """The top-level names of the modules that a file imports anywhere."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name.partition(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0]


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[>=<]", requirement)[0] for requirement in requirements}


def test_every_imported_package_is_a_core_dependency_or_in_an_extra() -> None:
    # The module names of these are those of the packages, except for Pillow.
    core = {"PIL" if name == "pillow" else name for name in names(PROJECT["dependencies"])}
    packages = {name for path in MODULES for name in imported(path)} - sys.stdlib_module_names - {"github_avatars"}
    assert core <= packages
    assert packages - core == EXTRAS.keys()


@pytest.mark.parametrize("package", sorted(EXTRAS))
def test_extra_contains_the_package(package: str) -> None:
    required = names(PROJECT["optional-dependencies"][EXTRAS[package]])
    if package == "threadpoolctl":  # scikit-learn requires it
        package = "sklearn"
    distributions = packages_distributions().get(package, [package])
    assert required & {name.lower().replace("_", "-") for name in distributions}


def test_all_contains_every_extra_but_the_networks() -> None:
    (requirement,) = PROJECT["optional-dependencies"]["all"]
    assert set(re.findall(r"[\w]+(?=[,\]])", requirement)) == PROJECT["optional-dependencies"].keys() - {"all", "deep"}


@pytest.mark.parametrize(
    ("package", "words", "extra"),
    [
        ("sklearn", ["evaluate", "avatars"], "train"),
        ("sklearn", ["train"], "train"),
        ("sklearn", ["dataset", "check", "avatars"], "train"),
        ("jinja2", ["report", "avatars", "-o", "report.html"], "report"),
        ("starlette", ["serve"], "web"),
        ("pyarrow", ["scan", "octocat", "--db", ":memory:", "--format", "parquet"], "parquet"),
        ("ray", ["scan", "names.csv", "--engine", "ray", "-o", "out"], "ray"),
        ("pyarrow", ["scan", "names.csv", "--engine", "ray", "-o", "out"], "ray"),
        ("shtab", ["completion", "zsh"], "completion"),
        ("networkx", ["map", "model.pkl", "-o", "map.html"], "map"),
    ],
)
def test_command_without_its_package_prints_one_line(package: str, words: list[str], extra: str) -> None:
    process = run_without(package, *words)
    assert (process.returncode, process.stdout) == (1, "")
    assert process.stderr == f"error: The package {package} is missing: pip install 'github-avatars[{extra}]'\n"


def test_other_missing_modules_are_not_hidden() -> None:
    with pytest.raises(ModuleNotFoundError), optional_packages():
        raise ModuleNotFoundError(name="numpy")
    with pytest.raises(MissingPackage), optional_packages():
        raise ModuleNotFoundError(name="bokeh.models")


def test_every_module_can_be_imported_without_posix() -> None:
    """As on Windows: without the modules and functions of POSIX, apart from those that the standard library needs."""
    loaded = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in MODULES
        if path.name not in ("__main__.py", "deep.py")  # torch is not installed
    ]
    program = (
        "import sys, os, importlib, asyncio, numpy, PIL.Image, requests, urllib3, tqdm, sklearn.linear_model, uvicorn\n"
        "import scipy.sparse.csgraph, sklearn.neighbors, sklearn.tree, sklearn.compose, bokeh.plotting, starlette\n"
        "import starlette.applications, starlette.staticfiles, jinja2, multiprocessing, concurrent.futures.process\n"
        "import networkx\n"
        f"for name in {POSIX_MODULES}: sys.modules[name] = None\n"
        f"for name in {POSIX_FUNCTIONS}: delattr(os, name)\n"
        f"for name in {loaded}: importlib.import_module(name)\n"
    )
    process = run_python(program)
    assert (process.returncode, process.stderr) == (0, "")
