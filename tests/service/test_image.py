"""The image that the real `cog build` makes, where the cog command and Docker exist."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from github_avatars import identicon
from tests.support.processes import ROOT, clean_environment
from tests.support.requirements import pins

pytestmark = pytest.mark.alone

TIMEOUT = 900
"""Seconds for one command. A build downloads the base image and all packages."""


def run(*command: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command,
        cwd=ROOT,
        env=clean_environment(COGLET_WHEEL="pypi:0.23.1"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
    )


@pytest.fixture(scope="module")
def image() -> Iterator[str]:
    """The name of the image, which is removed at the end."""
    for program in ("cog", "docker"):
        if not shutil.which(program):
            pytest.skip(f"the {program} command is missing")
    if run("docker", "info").returncode:
        pytest.skip("Docker does not run")
    name = f"github-avatars-test-{uuid4().hex[:12]}"
    built = run("cog", "build", "--openapi-schema", "openapi.json", "--tag", name)
    assert built.returncode == 0, built.stderr
    yield name
    run("docker", "image", "rm", "--force", name)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "picture.png"
    identicon.render(1).save(path)
    return path


def test_cog_run_prints_indented_json_with_sorted_keys(image: str, picture: Path) -> None:
    result = run("cog", "run", image, "-i", f"image=@{picture}")
    assert result.returncode == 0, result.stderr
    output = json.loads(result.stdout)
    assert {name: value for name, value in output.items() if value is not None} == {"prediction": "default"}
    assert result.stdout.strip() == json.dumps(output, indent=2, sort_keys=True)


def test_image_runs_as_another_user_on_a_read_only_file_system(image: str) -> None:
    options = ["--user=65534:65534", "--read-only", "--tmpfs=/tmp", "--cap-drop=ALL", "--network=none"]
    program = "import predict; predictor = predict.Predictor(); predictor.setup(); print(predictor.classifier.weights)"
    result = run("docker", "run", "--rm", *options, image, "python", "-c", program)
    assert result.returncode == 0, result.stderr
    assert len(json.loads(result.stdout.replace("(", "[").replace(")", "]"))) == 3


def test_image_contains_the_pinned_packages(image: str) -> None:
    result = run("docker", "run", "--rm", image, "python", "-m", "pip", "list", "--format=json")
    installed = {package["name"].lower().replace("_", "-"): package["version"] for package in json.loads(result.stdout)}
    expected = {pin.name: pin.version for pin in pins("requirements.txt") if not pin.requirement.marker}
    assert {name: installed.get(name) for name in expected} == expected
    assert (installed["cog"], installed["coglet"]) == ("0.23.1", "0.23.1")
