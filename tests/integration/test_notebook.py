"""The example for Jupyter, executed from its first cell to its last on a finished run."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.fixtures.stored import store, wandering_talk

NOTEBOOK = Path(__file__).parents[2] / "examples" / "notebook.ipynb"
DURATION_S = 60.0


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> nbformat.NotebookNode:
    working = tmp_path_factory.mktemp("jupyter")
    faces, speech = wandering_talk(DURATION_S)
    store(working / "statistics" / "talk", faces, speech, DURATION_S)
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(working)}})
    return client.execute()


def test_the_notebook_is_kept_without_outputs() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert len(code) > 5
    assert all(not cell.outputs and cell.execution_count is None for cell in code)


def test_every_cell_runs_and_shows_something(executed: nbformat.NotebookNode) -> None:
    for cell in executed.cells:
        if cell.cell_type == "code":
            kinds = {output.output_type for output in cell.outputs}
            assert kinds <= {"execute_result", "display_data"}, cell.source
            assert kinds, cell.source


def test_a_report_shows_its_finding_and_a_plot_its_picture(
    executed: nbformat.NotebookNode,
) -> None:
    shown = {
        cell.source.splitlines()[-1]: cell.outputs[-1].data
        for cell in executed.cells
        if cell.cell_type == "code"
    }
    report = shown["report"]
    assert "The face reads" in report["text/html"]
    assert "data:image/png;base64," in report["text/html"]
    assert len(report["text/plain"].splitlines()) == 5
    assert "image/png" in shown['report.plot("matrix")']
