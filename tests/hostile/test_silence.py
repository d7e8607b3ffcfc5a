"""Nothing is kept about the user, and nothing is prepared to be sent."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

CODE = """
import sys
from pathlib import Path
from emoreport.models.store.model_metadata import shipped_metadata
from emoreport.models.runtimes.onnx_runtime import OnnxSession
session = OnnxSession(shipped_metadata("face").path, device="cpu")
print(session.runtime)
"""


def run_a_model(folder: Path) -> list[str]:
    """Open a model in a process of its own; return the files that it leaves in its home."""
    home = folder / "home"
    home.mkdir()
    places = dict.fromkeys(("HOME", "XDG_CACHE_HOME", "TMPDIR", "LOCALAPPDATA"), str(home))
    # The library also keeps quiet where it takes the machine for one that runs tests.
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("ORT_", "CI", "GITHUB", "PYTEST", "BUILD"))
    }
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        env={**kept, **places},
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("onnxruntime ")
    return sorted(str(path.relative_to(home)) for path in home.rglob("*") if path.is_file())


def test_no_identifier_and_no_store_of_events_is_left_in_the_home_folder(tmp_path: Path) -> None:
    assert run_a_model(tmp_path) == []
