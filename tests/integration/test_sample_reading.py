"""The compact models read the sample as docs/sample.md says."""

from __future__ import annotations

import importlib
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
