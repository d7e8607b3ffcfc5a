from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from emoreport.errors import ModelError
from emoreport.models.store.model_metadata import folder_metadata, read_metadata, shipped_metadata

WEIGHTS = b"not really a graph"


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def make(**changes: Any) -> Path:
        (tmp_path / "net.onnx").write_bytes(WEIGHTS)
        document: dict[str, Any] = {
            "name": "mine",
            "kind": "face",
            "version": "1",
            "licence": "own",
            "file": "net.onnx",
            "sha256": hashlib.sha256(WEIGHTS).hexdigest(),
            "labels": ["anger", "neutral"],
            "input": {"name": "face", "width_px": 48, "height_px": 48},
            "output": {"name": "logits"},
            "temperature": 1.5,
            "crop": {"scale": 1.3, "shift_x": 0.0, "shift_y": -0.1, "align_roll": True},
        }
        document.update(changes)
        path = tmp_path / "model.json"
        path.write_text(json.dumps({k: v for k, v in document.items() if v is not None}))
        return path

    return make


def test_a_description_is_read(write: Callable[..., Path]) -> None:
    metadata = read_metadata(write(), "face", remedy="")
    assert metadata.labels == ("anger", "neutral")
    assert metadata.crop is not None
    assert (metadata.crop.size_px, metadata.crop.shift_y) == (48, -0.1)
    assert metadata.files == {"net.onnx": hashlib.sha256(WEIGHTS).hexdigest()}


@pytest.mark.parametrize(
    "changes",
    [
        {"sha256": "0" * 64},
        {"kind": "voice"},
        {"labels": ["anger", "anger"]},
        {"labels": ["anger", "boredom"]},
        {"temperature": 0},
        {"temperature": "hot"},
        {"file": "../net.onnx"},
        {"file": "absent.onnx"},
        {"crop": None},
        {"input": None},
        {"labels": 3},
    ],
)
def test_contradictions_are_refused(write: Callable[..., Path], changes: dict[str, Any]) -> None:
    path = write(**changes)
    with pytest.raises(ModelError):
        read_metadata(path, "face", remedy="")


def test_json_that_is_no_object_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.json").write_text("[1, 2]")
    with pytest.raises(ModelError, match=r"model\.json"):
        folder_metadata(tmp_path, "face")


def test_a_folder_without_description_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no model\.json"):
        folder_metadata(tmp_path, "voice")


@pytest.mark.parametrize("kind", ["face", "voice"])
def test_the_shipped_models_are_the_ones_described(kind: Any) -> None:
    metadata = shipped_metadata(kind)
    assert metadata.name == "compact"
    assert metadata.path.stat().st_size <= 8_000_000
    assert len(metadata.labels) == {"face": 8, "voice": 7}[kind]
