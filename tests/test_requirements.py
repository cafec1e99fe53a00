"""What is installed, by version and hash: in the image, in .venv, and as script/lock writes it."""

import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import requires
from pathlib import Path
from typing import NamedTuple

import pytest
from packaging.requirements import Requirement

from tests.support.processes import ROOT

LOCKED = ("requirements.txt", "requirements/dev.txt")
UNREACHABLE = re.compile(
    r"error sending request|dns error|failed to lookup|Connection(Error| ?refused)|NewConnection|timed? ?out"
)
"""What pip and uv say where there is no package registry to ask."""


class Pin(NamedTuple):
    """One requirement of a file."""

    name: str
    version: str
    hashes: frozenset[str]


def logical_lines(name: str) -> list[str]:
    """The lines of a requirements file without comments, those that a backslash continues put together."""
    text = re.sub(r"\\\n\s*", "", (ROOT / name).read_text())
    return [line for line in text.splitlines() if not line.startswith("#")]


def pins(name: str) -> list[Pin]:
    """The requirements of a file."""
    found = []
    for line in logical_lines(name)[1:]:
        requirement, *hashes = line.split("--hash=")
        parsed = re.fullmatch(r"([a-z0-9-]+) == ([0-9a-z.]+)( ; [^;]+)? *", requirement)
        assert parsed, line
        found.append(Pin(parsed[1], parsed[2], frozenset(found.strip() for found in hashes)))
    return found


def ask(command: list[str | Path], folder: Path) -> subprocess.CompletedProcess[str]:
    """A command that asks the package registry, ended; skips the test where that cannot be reached."""
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    if ended.returncode and UNREACHABLE.search(ended.stderr):
        pytest.skip("the package registry cannot be reached")
    return ended


@pytest.mark.parametrize("name", LOCKED)
def test_every_requirement_has_one_version_and_hashes_that_pip_requires(name: str) -> None:
    assert logical_lines(name)[0] == "--require-hashes"
    assert len({pin.name for pin in pins(name)}) == len(pins(name)) > 10
    for pin in pins(name):
        assert pin.hashes, pin
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", found) for found in pin.hashes), pin


def test_cog_passes_the_hashes_on_to_pip() -> None:
    """Of a line in which its pattern finds something, Cog writes the name and the version alone; others it leaves."""
    # https://github.com/replicate/cog/blob/main/pkg/requirements/requirements.go, SplitPinnedPythonRequirement
    pattern = r"[a-zA-Z0-9\-_]+==[^ ]+|--find-links=\S+|-f\s+\S+|--extra-index-url=\S+"
    assert [line for line in logical_lines("requirements.txt") if re.search(pattern, line)] == []
    assert re.search(pattern, "numpy==2.4.6 --hash=sha256:00")


def test_the_image_gets_all_that_serving_needs_and_nothing_else() -> None:
    """Else pip, which may install nothing without a hash, would fail there."""
    image = {"python_version": "3.13", "python_full_version": "3.13.0", "sys_platform": "linux", "extra": ""}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed: set[str] = set()
    waiting = list(project["dependencies"])
    while waiting:
        requirement = Requirement(waiting.pop())
        if requirement.name not in needed and (not requirement.marker or requirement.marker.evaluate(image)):
            needed.add(requirement.name)
            waiting += requires(requirement.name) or []
    assert {pin.name for pin in pins("requirements.txt")} == {name.lower().replace("_", "-") for name in needed}
    assert not any(";" in line for line in logical_lines("requirements.txt")), "the image and all others get the same"


def test_the_tests_run_with_what_serves() -> None:
    serving, developing = set(pins("requirements.txt")), set(pins("requirements/dev.txt"))
    assert serving < developing
    sdk = re.search(r'sdk_version: "(.+)"', (ROOT / "cog.yaml").read_text())
    assert sdk
    assert {pin.version for pin in developing if pin.name in ("cog", "coglet")} == {sdk[1]}


def test_pip_refuses_a_package_of_another_hash(tmp_path: Path) -> None:
    (line,) = (line for line in logical_lines("requirements.txt") if line.startswith("idna "))
    for name, text in (("intact", line), ("other", re.sub(r"sha256:\w+", f"sha256:{'0' * 64}", line))):
        (tmp_path / f"{name}.txt").write_text(f"--require-hashes\n{text}\n")
    (tmp_path / "none.txt").write_text(f"--require-hashes\n{line.partition(' --hash')[0]}\n")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--retries=0", "--no-deps", "--dest", tmp_path]
    intact = ask([*command, "--requirement", "intact.txt"], tmp_path)
    assert intact.returncode == 0, intact.stderr
    for name, complaint in (("other", "DO NOT MATCH THE HASHES"), ("none", "Hashes are required")):
        refused = ask([*command, "--requirement", f"{name}.txt"], tmp_path)
        assert refused.returncode != 0
        assert complaint in refused.stderr


def test_the_files_are_what_script_lock_writes(tmp_path: Path) -> None:
    """Except that a release may have got more files since."""
    for name in (*LOCKED, "pyproject.toml", "script/lock"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "script" / "bootstrap").symlink_to("/bin/true")
    (tmp_path / ".venv").symlink_to(sys.prefix)
    ended = ask([tmp_path / "script" / "lock"], tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == [".venv", "pyproject.toml", *sorted(LOCKED), "script"]
    for name in LOCKED:
        before, after = pins(name), pins(str(tmp_path / name))
        assert [pin[:2] for pin in before] == [pin[:2] for pin in after], "stale: run script/lock"
        assert all(old.hashes <= new.hashes for old, new in zip(before, after, strict=True))
