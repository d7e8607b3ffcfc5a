"""The compact models read the sample as docs/sample.md says."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from types import ModuleType

import pytest

from tests.integration.conftest import ROOT, Emoreport

VOICE_MODEL_MISSES = {"happiness": "uncertain", "sadness": "neutral"}
"""What the script intends, and what the voice model says of it; the page names both."""


@pytest.fixture
def agreement(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """samples/agreement.py."""
    monkeypatch.syspath_prepend(str(ROOT / "samples"))
    return importlib.import_module("agreement")


def test_each_scene_is_read_as_the_page_of_the_sample_says(
    emoreport: Emoreport, talk: Path, agreement: ModuleType
) -> None:
    assert emoreport("analyze", talk, "--quiet", "--fps", "5", "--no-acoustics").code == 0
    tables = {
        "face": agreement.read_rows(Path("statistics/talk/video_intervals.csv")),
        "voice": agreement.read_rows(Path("statistics/talk/audio_intervals.csv")),
    }
    read, intended = [], []
    for scene in agreement.read_rows(agreement.SCRIPT):
        bounds = float(scene["start"]), float(scene["end"])
        read.append([next(iter(agreement.labels_within(tables[name], *bounds))) for name in tables])
        intended.append([scene["face"], VOICE_MODEL_MISSES.get(scene["voice"], scene["voice"])])
    assert read == intended
    # The slide in the middle fills the picture.
    run = json.loads(Path("statistics/talk/run.json").read_text("utf-8"))
    assert run["media"]["cuts_s"] == [13.0, 16.6]
    shots = [
        [row["start"], row["end"], row["shot"]] for row in tables["face"] if row["shot"] == "2"
    ]
    assert shots == [["13.000", "16.600", "2"]]
