"""The notebook runs without errors, and its results support its text."""

import json

import nbformat
import pytest
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


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> NotebookNode:
    """The notebook after running in its own folder, as in JupyterLab."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    home = tmp_path_factory.mktemp("home")
    environment = clean_environment(IPYTHONDIR=str(home), JUPYTER_CONFIG_DIR=str(home))
    client = NotebookClient(notebook, timeout=2 * TIMEOUT, resources={"metadata": {"path": str(NOTEBOOK.parent)}})
    return client.execute(env=environment)


def outputs(executed: NotebookNode, media_type: str) -> list[str]:
    shown = [output for cell in executed.cells for output in cell.get("outputs", [])]
    return [output.data[media_type] for output in shown if media_type in output.get("data", {})]


def test_all_cells_run_without_warnings(executed: NotebookNode) -> None:
    code = [cell for cell in executed.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    shown = [output for cell in code for output in cell.outputs]
    assert {output.output_type for output in shown} == {"display_data", "stream"}
    assert {output.name for output in shown if output.output_type == "stream"} == {"stdout"}


def test_it_shows_pictures_and_explanations(executed: NotebookNode) -> None:
    assert len(outputs(executed, "image/png")) >= 8
    last = [cell for cell in executed.cells if cell.cell_type == "code"][-1]
    texts = [output.text for output in last.outputs if output.output_type == "stream"]
    assert [text.split()[0] for text in texts] == ["Default", "Custom"]


def test_only_v3_trained_on_copies_recognizes_thumbnails(executed: NotebookNode) -> None:
    (text,) = (text for text in outputs(executed, "text/markdown") if "trained on" in text)
    lines = [line.strip("| ").split(" | ") for line in text.splitlines()[2:]]
    scores = {(version, data): [float(cell.rstrip("%")) for cell in cells] for version, data, *cells in lines}
    assert len(scores) == 6
    assert min(scores.pop(("v3", "originals and copies"))) > 95
    for key, (_, *thumbnails) in scores.items():
        assert max(thumbnails) < 80, key


def test_jupyterlab_has_an_exact_version() -> None:
    (line,) = (ROOT / "requirements" / "notebook.txt").read_text().splitlines()
    assert line.startswith("jupyterlab==")
