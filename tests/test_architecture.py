"""docs/architecture.md shows the layers that pyproject.toml declares, and describes every package."""

import re
import tomllib

from tests.support.processes import ROOT

PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
PACKAGE = ROOT / "github_avatars"


def test_the_diagram_shows_the_layers_of_the_import_contract() -> None:
    (layers,) = (contract["layers"] for contract in CONTRACTS if contract["type"] == "layers")
    diagram = [set(line.strip("│ ").split()) - {"│"} for line in PAGE.splitlines() if line.startswith("│ ")]
    assert diagram == [set(layer.split(" | ")) for layer in layers]


def test_the_table_describes_every_package_and_module() -> None:
    section = PAGE.partition("\n## Layers\n")[2].partition("\n## ")[0]
    described = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    modules = [path.stem for path in PACKAGE.glob("*.py") if not path.name.startswith("__")]
    packages = [path.parent.name for path in PACKAGE.glob("*/__init__.py")]
    assert sorted(described) == sorted(modules + packages)


def test_the_page_describes_every_folder_of_the_project() -> None:
    folders = {path.parent.name for path in ROOT.glob("*/__init__.py")} | {"script"}
    assert folders - {"github_avatars"} <= set(re.findall(r"`(\w+)/`", PAGE))
