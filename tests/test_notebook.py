"""The notebook and the script that opens it."""

import json
import shutil
import subprocess
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode

from tests.support.processes import ROOT, clean_environment
from tests.support.timing import TIMEOUT

NOTEBOOK = ROOT / "notebooks" / "features.ipynb"
RECORDER = """#!/usr/bin/env bash
(IFS="|"; echo "$(basename "$0")|$*" >>"$RECORD")
case "$(basename "$0") $*" in *"$FAIL"*) [ -n "$FAIL" ] && exit 3 ;; esac
exit 0
"""
"""A program that writes its name and arguments down, and fails where they have the word in FAIL."""

# The notebook


def test_the_notebook_is_kept_without_outputs_and_small() -> None:
    kept = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(kept)
    code = [cell for cell in kept.cells if cell.cell_type == "code"]
    stale = [cell.id for cell in code if cell.outputs or cell.execution_count is not None or cell.metadata]
    assert stale == [], "clear the outputs (Kernel, Restart Kernel and Clear Outputs of All Cells) and save"
    assert NOTEBOOK.stat().st_size < 20_000


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> NotebookNode:
    """The notebook after a run from its own folder, as JupyterLab runs it."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    home = tmp_path_factory.mktemp("home")
    environment = clean_environment(IPYTHONDIR=str(home), JUPYTER_CONFIG_DIR=str(home))
    client = NotebookClient(notebook, timeout=2 * TIMEOUT, resources={"metadata": {"path": str(NOTEBOOK.parent)}})
    return client.execute(env=environment)


def outputs(executed: NotebookNode, kind: str) -> list[str]:
    """What all cells show of one media type."""
    shown = [output for cell in executed.cells for output in cell.get("outputs", [])]
    return [output.data[kind] for output in shown if kind in output.get("data", {})]


def test_every_cell_runs_without_a_word_of_complaint(executed: NotebookNode) -> None:
    code = [cell for cell in executed.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    shown = [output for cell in code for output in cell.outputs]
    assert {output.output_type for output in shown} == {"display_data", "stream"}
    assert {output.name for output in shown if output.output_type == "stream"} == {"stdout"}


def test_it_shows_pictures_and_ends_with_explanations(executed: NotebookNode) -> None:
    assert len(outputs(executed, "image/png")) >= 8
    last = [cell for cell in executed.cells if cell.cell_type == "code"][-1]
    said = [output.text for output in last.outputs if output.output_type == "stream"]
    assert [text.split()[0] for text in said] == ["Default", "Custom"]


def test_what_it_tells_of_the_generations_is_what_it_finds(executed: NotebookNode) -> None:
    (text,) = (text for text in outputs(executed, "text/markdown") if "fitted to" in text)
    lines = [line.strip("| ").split(" | ") for line in text.splitlines()[2:]]
    scores = {(version, data): [float(cell.rstrip("%")) for cell in cells] for version, data, *cells in lines}
    ours = scores.pop(("v3", "copies, too"))
    assert min(ours) > 95
    for version, data in scores:
        others = scores[version, data]
        assert max(others[1:]) < 80, "some other generation copes with thumbnails"
        assert data == "originals" or version == "v3" or max(others) < 80


# The script


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with the real script/start, around which programs only write down how they are called."""
    folder = tmp_path / "a checkout"
    for name in ("script/start", "requirements/dev.txt", "requirements/notebook.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    for name in ("script/bootstrap", ".venv/bin/python"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(RECORDER)
        (folder / name).chmod(0o755)
    return folder


def start(checkout: Path, *arguments: str, fail: str = "") -> tuple[int, list[list[str]]]:
    """The exit code of script/start, and what it called: names and arguments."""
    record = checkout / "record"
    record.unlink(missing_ok=True)
    ended = subprocess.run(
        [checkout / "script" / "start", *arguments],
        cwd=checkout.parent,
        env=clean_environment(RECORD=str(record), FAIL=fail),
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
    )
    lines = record.read_text().splitlines() if record.exists() else []
    return ended.returncode, [line.removesuffix("|").split("|") for line in lines]


def lab(checkout: Path, *arguments: str) -> list[str]:
    return ["python", "-m", "jupyterlab", str(checkout / "notebooks" / "features.ipynb"), *arguments]


def test_start_installs_jupyterlab_once_and_opens_the_notebook(checkout: Path) -> None:
    code, calls = start(checkout, "--port=8899")
    bootstrap, install, opened = calls
    assert (code, bootstrap, opened) == (0, ["bootstrap"], lab(checkout, "--port=8899"))
    assert install[:4] == ["python", "-m", "pip", "install"]
    assert install[-2:] == ["--requirement", str(checkout / "requirements/notebook.txt")]
    assert start(checkout, "--no-browser") == (0, [["bootstrap"], lab(checkout, "--no-browser")])


@pytest.mark.parametrize("name", ["requirements/dev.txt", "requirements/notebook.txt"])
def test_start_installs_again_where_requirements_changed(checkout: Path, name: str) -> None:
    start(checkout)
    with (checkout / name).open("a") as file:
        file.write("another==1.0\n")
    assert len(start(checkout)[1]) == 3


def test_start_stops_where_bootstrap_fails(checkout: Path) -> None:
    assert start(checkout, fail="bootstrap") == (3, [["bootstrap"]])


def test_start_tries_again_where_installing_failed(checkout: Path) -> None:
    assert start(checkout, fail="pip")[0] == 3
    code, calls = start(checkout)
    assert (code, len(calls)) == (0, 3)


@pytest.mark.parametrize("word", ["--help", "-h"])
def test_start_tells_how_to_use_it_and_does_nothing_else(checkout: Path, word: str) -> None:
    assert start(checkout, word) == (0, [])


def test_jupyterlab_is_pinned() -> None:
    (line,) = (ROOT / "requirements/notebook.txt").read_text().splitlines()
    assert line.startswith("jupyterlab==")


def test_the_notebook_runs_in_the_kernel_that_every_jupyter_has() -> None:
    assert json.loads(NOTEBOOK.read_text(encoding="utf-8"))["metadata"]["kernelspec"]["name"] == "python3"
