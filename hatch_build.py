"""What pyproject.toml cannot express of the build.

The wheel gets the model, and the pictures that the demo and the gallery show, as github_avatars/data. The description
is README.md with absolute links.
"""

import csv
import re
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface


def select(examples: list[dict[str, str]]) -> list[dict[str, str]]:
    """The first picture of each family of custom avatars, and as many default avatars, in the order of the index."""
    default = [example for example in examples if example["label"] == "default"]
    first_of_family = {example["family"]: example for example in reversed(examples) if example["label"] == "custom"}
    selected = [*first_of_family.values(), *default[: len(first_of_family)]]
    return [example for example in examples if example in selected]


class WheelData(BuildHookInterface[Any]):
    """The build hook of hatchling that pyproject.toml names."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the files."""
        if version == "editable":
            return  # the package reads the files at the top of the checkout
        root = Path(self.root)
        with (root / "avatars" / "index.csv").open(newline="", encoding="utf-8") as file:
            examples = select(list(csv.DictReader(file)))
        self._temporary = tempfile.TemporaryDirectory()
        index = Path(self._temporary.name) / "index.csv"
        with index.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, examples[0], lineterminator="\n")
            writer.writeheader()
            writer.writerows(examples)
        files = {f"avatars/{example['file']}": root / "avatars" / example["file"] for example in examples}
        files |= {"avatars/index.csv": index, "model.pkl": root / "model.pkl", "model.json": root / "model.json"}
        build_data["force_include"] |= {str(source): f"github_avatars/data/{name}" for name, source in files.items()}

    def finalize(self, version: str, _build_data: dict[str, Any], _artifact_path: str) -> None:
        """Remove the temporary files."""
        if version != "editable":
            self._temporary.cleanup()


class Description(MetadataHookInterface):
    """The metadata hook of hatchling that pyproject.toml names."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set the description."""
        project = f"{metadata['urls']['Repository']}/{{}}/v{metadata['version']}/"
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        text = re.sub(r"\]\((?!https:|#)([^)]+\.png)\)", rf"]({project.format('raw')}\1)", text)
        text = re.sub(r"\]\((?!https:|#)([^)]+)\)", rf"]({project.format('blob')}\1)", text)
        metadata["readme"] = {"content-type": "text/markdown", "text": text}
