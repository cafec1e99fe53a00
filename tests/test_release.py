"""The wheel: its contents, and its commands in a new environment without extras."""

import re
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

import github_avatars
from github_avatars import resources
from github_avatars.training import dataset
from github_avatars.web import examples
from tests.support.processes import ROOT, run
from tests.support.requirements import NETWORK_ERROR
from tools import release

WORKFLOWS = {path.stem: path.read_text() for path in (ROOT / ".github" / "workflows").glob("*.yml")}
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
CLASSIFIERS = PYPROJECT["project"]["classifiers"]
WHEEL = PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return release.build(tmp_path_factory.mktemp("dist"))[1]


@pytest.fixture(scope="module")
def unpacked(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_wheel_contains_the_package_the_model_and_some_pictures(unpacked: Path) -> None:
    tracked = run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "github_avatars"]).stdout.split()
    index = dataset.read_index(unpacked / "github_avatars" / "data" / "avatars")
    data = {"model.pkl", "model.json", "avatars/index.csv", *(f"avatars/{example.file}" for example in index)}
    expected = {path for path in tracked if (ROOT / path).exists()} - set(WHEEL["exclude"])
    expected |= {f"github_avatars/data/{name}" for name in data}
    assert {name for name in files(unpacked) if ".dist-info/" not in name} == expected
    for name in data - {"avatars/index.csv"}:
        assert (unpacked / "github_avatars" / "data" / name).read_bytes() == (ROOT / name).read_bytes()


def test_wheel_contains_as_many_default_as_custom_pictures_and_those_of_the_gallery(unpacked: Path) -> None:
    index = dataset.read_index(unpacked / "github_avatars" / "data" / "avatars")
    counts = dataset.count_labels(index)
    assert counts["default"] == counts["custom"] > 30
    assert {"octocat", "default-0", "default-10"} <= {example.login for example in index}
    assert set(index) >= set(examples.gallery().examples.values())


def test_metadata_has_the_version_the_pythons_the_extras_and_absolute_links(unpacked: Path) -> None:
    (path,) = unpacked.glob("*.dist-info/METADATA")
    metadata = path.read_text(encoding="utf-8")
    assert f"\nVersion: {github_avatars.__version__}\n" in metadata
    assert re.findall(r"^Classifier: .* :: (3\.\d+)$", metadata, re.MULTILINE) == ["3.11", "3.12", "3.13", "3.14"]
    links = re.findall(r"\]\(([^)]+)\)", metadata)
    assert len(links) > 10
    assert all(link.startswith("https://") for link in links)
    assert any(f"/raw/v{github_avatars.__version__}/docs/explanation.png" in link for link in links)
    extras = set(re.findall("^Provides-Extra: (.+)", metadata, re.MULTILINE))
    assert extras == PYPROJECT["project"]["optional-dependencies"].keys()


def test_every_command_works_or_names_its_extra_in_a_new_environment(wheel: Path, tmp_path: Path) -> None:
    try:
        python = release.install(wheel, tmp_path / "environment")
    except SystemExit as error:
        if NETWORK_ERROR.search(str(error)):
            pytest.skip("the package registry is unreachable")
        raise
    folder = tmp_path / "empty"
    folder.mkdir()
    release.check(python, folder, frozenset())


def test_checkout_uses_the_files_at_its_top() -> None:
    assert resources.CHECKOUT == ROOT
    assert (resources.MODEL, resources.AVATARS) == (ROOT / "model.pkl", ROOT / "avatars")


def test_changelog_describes_the_version() -> None:
    headings = re.findall("^## (.+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    versions = [heading for heading in headings if heading != "Unreleased"]
    assert versions[0] == github_avatars.__version__
    assert "Unreleased" not in headings[1:]


def test_continuous_integration_checks_the_wheel_on_every_python_and_platform() -> None:
    jobs = yaml.safe_load(WORKFLOWS["ci"])["jobs"]
    assert {"run": ".ci/run"} in jobs["test"]["steps"]
    matrix = jobs["wheel"]["strategy"]["matrix"]
    assert matrix["python"] == re.findall(r"Python :: (3\.\d+)", "\n".join(CLASSIFIERS))
    systems = {"ubuntu-latest": "POSIX :: Linux", "macos-latest": "MacOS", "windows-latest": "Microsoft :: Windows"}
    prefix = "Operating System :: "
    supported = {name.removeprefix(prefix) for name in CLASSIFIERS if name.startswith(prefix)}
    assert {systems[name] for name in matrix["os"]} == supported


@pytest.mark.parametrize("text", WORKFLOWS.values(), ids=WORKFLOWS)
def test_actions_are_pinned_by_commit(text: str) -> None:
    actions = re.findall(r"uses: (.+)", text)
    assert actions
    assert all(re.fullmatch(r"\S+@[0-9a-f]{40} # v[0-9.]+", action) for action in actions)


def test_release_of_another_version_than_the_tag_is_refused() -> None:
    result = run([ROOT / "script" / "release", "--check", "--tag", "v0.0.1"])
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == f"error: the tag is v0.0.1, but the version is {github_avatars.__version__}\n"
