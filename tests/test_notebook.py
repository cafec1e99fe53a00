"""The notebook runs without errors, and its results support its text."""

import json
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

from tests.support.processes import ROOT, clean_environment
from tests.support.timing import TIMEOUT

NOTEBOOK = ROOT / "notebooks" / "features.ipynb"


def test_notebook_is_stored_without_outputs() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    stale = [cell.id for cell in code if cell.outputs or cell.execution_count is not None or cell.metadata]
    assert stale == [], "clear the outputs (Kernel, Restart Kernel and Clear Outputs of All Cells) and save"
    assert NOTEBOOK.stat().st_size < 20_000


def test_notebook_uses_the_default_kernel_of_jupyter() -> None:
    assert json.loads(NOTEBOOK.read_text(encoding="utf-8"))["metadata"]["kernelspec"]["name"] == "python3"


def outputs(executed: NotebookNode, media_type: str) -> list[str]:
    shown = [output for cell in executed.cells for output in cell.get("outputs", [])]
    return [output.data[media_type] for output in shown if media_type in output.get("data", {})]


def test_notebook_runs_without_warnings_and_its_results_support_its_text(tmp_path: Path) -> None:
    """It runs in its own folder, as in JupyterLab."""
    environment = clean_environment(IPYTHONDIR=str(tmp_path), JUPYTER_CONFIG_DIR=str(tmp_path))
    resources = {"metadata": {"path": str(NOTEBOOK.parent)}}
    client = NotebookClient(nbformat.read(NOTEBOOK, as_version=4), timeout=2 * TIMEOUT, resources=resources)
    executed = client.execute(env=environment)
    code = [cell for cell in executed.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    shown = [output for cell in code for output in cell.outputs]
    assert {output.output_type for output in shown} == {"display_data", "stream"}
    assert {output.name for output in shown if output.output_type == "stream"} == {"stdout"}

    assert len(outputs(executed, "image/png")) >= 8
    texts = [output.text for output in code[-1].outputs if output.output_type == "stream"]
    assert [text.split()[0] for text in texts] == ["Default", "Custom"]

    # Only v3, trained on copies, recognizes thumbnails.
    (text,) = (text for text in outputs(executed, "text/markdown") if "trained on" in text)
    lines = [line.strip("| ").split(" | ") for line in text.splitlines()[2:]]
    scores = {(version, data): [float(cell.rstrip("%")) for cell in cells] for version, data, *cells in lines}
    assert len(scores) == 6
    assert min(scores.pop(("v3", "originals and copies"))) > 95
    for key, (_, *thumbnails) in scores.items():
        assert max(thumbnails) < 80, key
