"""The command dataset check."""

import json
from pathlib import Path

from tests.cli.conftest import Run


def test_sound_dataset_is_reported(run: Run, labeled: Path) -> None:
    (labeled / "custom/copy.jpg").write_bytes((labeled / "custom/2.jpg").read_bytes())
    result = run("dataset", "check", labeled, "--json", labeled / "result.json")
    assert result.code == 0, result.err
    written = json.loads((labeled / "result.json").read_text())
    assert written["counts"] == {"default": 1, "custom": 2}
    assert [example["file"] for example in written["same"][0]] == ["custom/2.jpg", "custom/copy.jpg"]
    assert "custom/2.jpg (custom), custom/copy.jpg (custom)\n" in result.out
    assert "3/3" in result.err


def test_unusable_dataset_is_an_error(run: Run, labeled: Path) -> None:
    (labeled / "default/2.jpg").write_bytes((labeled / "custom/2.jpg").read_bytes())
    assert "pictures under both labels: 1" in run("dataset", "check", labeled).error
    (labeled / "default/2.jpg").write_text("<!DOCTYPE html>")
    assert "unreadable files: 1" in run("dataset", "check", labeled).error
