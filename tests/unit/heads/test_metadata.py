"""model.json of a head: what is written is read, and what contradicts itself is refused."""

from __future__ import annotations

import json

import pytest

from emoreport.errors import ModelError
from emoreport.heads.metadata import HeadMetadata, Smoothing, is_head, read_head
from tests.fixtures.heads import VOICE, head_metadata, write_head


def test_what_is_written_is_read(tmp_path):
    head = head_metadata(
        task="au",
        labels=("AU1", "AU2"),
        features={"voice": VOICE},
        thresholds=(0.3, 0.7),
        smoothing=Smoothing("median", 1.5),
        late_weight=0.6,
        fusion="late",
        metrics={"test": {"mean_f1": {"value": 0.5, "low": None, "high": None}}},
    )
    read = read_head(write_head(tmp_path, head))
    assert read == HeadMetadata.from_document(json.loads(json.dumps(read.document())))
    assert (read.thresholds, read.smoothing, read.metrics) == (
        head.thresholds,
        head.smoothing,
        head.metrics,
    )
    assert is_head(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"family": "compact"},
        {"layout": 2},
        {"task": "poetry"},
        {"labels": []},
        {"labels": ["neutral", "neutral"]},
        {"unit": "hour"},
        {"features": {}},
        {"features": {"face": {}}},
        {"rate_hz": 0.0},
        {"rate_hz": True},
        {"window_steps": 0},
        {"hop_steps": 99},
        {"smoothing": {"kind": "mean", "half_width_s": -1.0}},
        {"thresholds": [0.5, 0.5]},
        {"late_weight": "half"},
        {"files": {}},
        {"files": {"head.onnx": "0" * 64}},
    ],
)
def test_a_contradictory_description_is_refused(tmp_path, change):
    write_head(tmp_path)
    path = tmp_path / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ModelError):
        read_head(tmp_path)


def test_other_folders_are_told_of(tmp_path):
    with pytest.raises(ModelError, match=r"no model\.json"):
        read_head(tmp_path)
    assert not is_head(tmp_path)
    (tmp_path / "model.json").write_text("[" * 100_000)
    assert not is_head(tmp_path)
    with pytest.raises(ModelError):
        read_head(tmp_path)
    (tmp_path / "model.json").write_text("[1]")
    assert not is_head(tmp_path)
    with pytest.raises(ModelError):
        read_head(tmp_path)
