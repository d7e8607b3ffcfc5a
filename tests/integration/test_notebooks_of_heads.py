"""The examples on features and heads, executed from the first cell to the last."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from emoreport.cli.app import run
from tests.fixtures.personal_talk import coded_talk

EXAMPLES = Path(__file__).parents[2] / "examples"
SAMPLE = EXAMPLES.parent / "samples" / "talk.mp4"
PICTURE = "image/png"


def executed(name: str, working: Path) -> nbformat.NotebookNode:
    notebook = nbformat.read(EXAMPLES / name, as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert not cell.outputs
            assert cell.execution_count is None
    client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(working)}})
    return client.execute()


def shown(notebook: nbformat.NotebookNode) -> list[dict[str, str]]:
    """What each cell shows; a cell that shows nothing, or warns, is a fault."""
    found = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            values = [output for output in cell.outputs if output.output_type != "stream"]
            assert values, cell.source
            printed = "".join(output.text for output in cell.outputs if output not in values)
            assert "Warning" not in printed
            found.append(values[-1].data)
    return found


def test_features(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    command = ["features", str(SAMPLE), "--fps", "2", "--face", "compact", "--speech", "compact"]
    assert run([*command, "--quiet"]) == 0
    cells = shown(executed("features.ipynb", tmp_path))
    assert "1593" in cells[1]["text/plain"]
    assert all(PICTURE in cell for cell in cells[2:])


def test_personalize(tmp_path: Path) -> None:
    coded_talk(tmp_path / "statistics" / "anna", 150.0, shifted=True).rename(tmp_path / "anna.csv")
    cells = shown(executed("personalize.ipynb", tmp_path))
    assert "universal" in cells[1]["text/plain"]
    assert PICTURE in cells[2]
    assert cells[3]["text/plain"] == "('no_gain', False)"
    assert (tmp_path / "anna-head" / "model.json").is_file()


def test_train_head(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="the train extra is not installed")
    cells = shown(executed("train_head.ipynb", tmp_path))
    assert "'validation'" in cells[1]["text/plain"]
    assert "constant answer" in cells[2]["text/plain"]
    assert PICTURE in cells[3]
    stored = json.loads((tmp_path / "head" / "model.json").read_text(encoding="utf-8"))
    scores = {part: stored["metrics"][part]["scores"]["macro_f1"] for part in ("test", "constant")}
    assert scores["test"]["low"] > scores["constant"]["high"]
