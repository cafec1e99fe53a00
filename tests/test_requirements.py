"""The lock files: complete, with hashes that pip and Cog use, and as script/lock writes them."""

import re
import shutil
import sys
import tomllib
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.support.processes import ROOT
from tests.support.requirements import logical_lines, pins, run_or_skip

GROUPS = ("requirements/local.txt", "requirements/train.txt", "requirements/notebook.txt", "requirements/dev.txt")
IMAGES = ("requirements.txt", "requirements/serve.txt")
LOCK_FILES = (*IMAGES, *GROUPS)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.mark.parametrize("name", LOCK_FILES)
def test_every_package_has_one_version_and_hashes_that_pip_requires(name: str) -> None:
    assert logical_lines(name)[0] == "--require-hashes"
    packages = pins(name)
    assert len({pin.name for pin in packages}) == len(packages) > 10
    for pin in packages:
        assert pin.version
        assert pin.hashes, pin
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", digest) for digest in pin.hashes), pin


@pytest.mark.parametrize("name", IMAGES)
def test_cog_passes_the_hashes_to_pip(name: str) -> None:
    """Cog keeps only name and version of `name==version`, but passes lines with spaces around == to pip unchanged."""
    packages = logical_lines(name)[1:]
    assert all(" == " in line for line in packages)
    assert not any("==" in line.replace(" == ", "") for line in packages)


@pytest.mark.parametrize(
    ("name", "extras"), [("requirements.txt", ["fast", "train"]), ("requirements/serve.txt", ["fast"])]
)
def test_the_image_gets_what_serving_needs_and_nothing_else(name: str, extras: list[str]) -> None:
    """A missing package would make pip fail in the image, because it installs nothing without a hash."""
    image = {"python_version": "3.13", "python_full_version": "3.13.0", "sys_platform": "linux", "extra": ""}
    required: set[str] = set()
    pending = [
        *PROJECT["dependencies"],
        *(package for extra in extras for package in PROJECT["optional-dependencies"][extra]),
        "cog",
    ]
    while pending:
        requirement = Requirement(pending.pop())
        if requirement.name not in required and (not requirement.marker or requirement.marker.evaluate(image)):
            required.add(requirement.name)
            pending += requires(requirement.name) or []
    packages = pins(name)
    installed = {pin.name for pin in packages if not pin.requirement.marker or pin.requirement.marker.evaluate(image)}
    assert installed == {name.lower().replace("_", "-") for name in required} - {"cog", "coglet"}
    assert {pin.name for pin in packages} - installed == {"colorama"}, "other platforms must get the same packages"


def test_no_group_changes_the_packages_of_another() -> None:
    tested = {pin.name: pin for pin in pins("requirements/dev.txt")}
    for name in LOCK_FILES:
        for pin in pins(name):
            assert tested.get(pin.name, pin).version == pin.version, (name, pin.name)
            assert tested.get(pin.name, pin).hashes == pin.hashes, (name, pin.name)
    groups = [{pin.name for pin in pins(name)} for name in ("requirements/local.txt", "requirements/train.txt")]
    assert groups[0] < groups[1] < tested.keys()
    assert groups[0] < {pin.name for pin in pins("requirements/notebook.txt")}


def test_the_tests_run_with_the_packages_that_serve() -> None:
    development = pins("requirements/dev.txt")
    assert {pin.name for pin in pins("requirements.txt")} < {pin.name for pin in development}
    sdk = re.search(r'sdk_version: "(.+)"', (ROOT / "cog.yaml").read_text())
    assert sdk
    assert {pin.version for pin in development if pin.name in ("cog", "coglet")} == {sdk[1]}
    assert f"COGLET_WHEEL=pypi:{sdk[1]}\n" in (ROOT / "script" / "build").read_text()


def test_pip_refuses_a_package_with_another_hash(tmp_path: Path) -> None:
    (line,) = (line for line in logical_lines("requirements.txt") if line.startswith("idna "))
    wrong_hash = re.sub(r"sha256:\w+", f"sha256:{'0' * 64}", line)
    no_hash = line.partition(" --hash")[0]
    for name, text in (("intact", line), ("wrong", wrong_hash), ("none", no_hash)):
        (tmp_path / f"{name}.txt").write_text(f"--require-hashes\n{text}\n")
    options: list[str | Path] = ["--quiet", "--retries=0", "--no-deps", "--dest", tmp_path]
    command: list[str | Path] = [sys.executable, "-m", "pip", "download", *options]
    intact = run_or_skip([*command, "--requirement", "intact.txt"], tmp_path)
    assert intact.returncode == 0, intact.stderr
    for name, message in (("wrong", "DO NOT MATCH THE HASHES"), ("none", "Hashes are required")):
        refused = run_or_skip([*command, "--requirement", f"{name}.txt"], tmp_path)
        assert refused.returncode != 0
        assert message in refused.stderr


def test_the_lock_files_are_what_script_lock_writes(tmp_path: Path) -> None:
    """A release may have got more files since, so more hashes are allowed."""
    for name in (*LOCK_FILES, "pyproject.toml", "script/lock"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "script" / "bootstrap").symlink_to("/bin/true")
    (tmp_path / ".venv").symlink_to(sys.prefix)
    result = run_or_skip([tmp_path / "script" / "lock"], tmp_path)
    assert result.returncode == 0, result.stderr
    files = {str(path.relative_to(tmp_path)) for path in (*tmp_path.glob("*.*"), *tmp_path.glob("requirements/*"))}
    assert files == {*LOCK_FILES, "pyproject.toml", ".venv"}
    for name in LOCK_FILES:
        before, after = pins(name), pins(str(tmp_path / name))
        assert [str(pin.requirement) for pin in before] == [str(pin.requirement) for pin in after], "run script/lock"
        assert all(old.hashes <= new.hashes for old, new in zip(before, after, strict=True))
