from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from emoreport.errors import ModelError
from emoreport.models.metadata import folder_metadata
from emoreport.models.onnx_runtime import OnnxNetwork, softmax
from tests.fixtures.graphs import FACE_LABELS, face_model_folder


def greys(values: list[float]) -> np.ndarray:
    return np.stack([np.full((1, 48, 48), value, np.float32) for value in values])


def test_the_graph_runs_and_says_what_ran(tmp_path: Path) -> None:
    network = OnnxNetwork(folder_metadata(face_model_folder(tmp_path), "face"), threads=1)
    scores = network.probabilities(greys([16, 16 + 32 * 5]))
    assert scores.dtype == np.float32
    assert scores.argmax(axis=1).tolist() == [0, 5]
    np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-6)
    record = network.record("asked for")
    assert (record.name, record.device, record.reason) == ("tiny-face", "cpu", "asked for")
    assert record.runtime.startswith("onnxruntime ")
    assert record.labels == FACE_LABELS


def test_batch_equals_single(tmp_path: Path) -> None:
    network = OnnxNetwork(folder_metadata(face_model_folder(tmp_path), "face"))
    batch = greys([3, 77, 130, 255])
    single = np.concatenate([network.probabilities(face[None]) for face in batch])
    np.testing.assert_allclose(network.probabilities(batch), single, atol=1e-5)


def test_temperature_flattens(tmp_path: Path) -> None:
    sharp = OnnxNetwork(folder_metadata(face_model_folder(tmp_path / "a"), "face"))
    flat_folder = face_model_folder(tmp_path / "b", temperature=4.0)
    flat = OnnxNetwork(folder_metadata(flat_folder, "face"))
    face = greys([40])
    assert flat.probabilities(face).max() < sharp.probabilities(face).max()


@pytest.mark.parametrize(
    "changes",
    [
        {"input": {"name": "picture", "width_px": 48}},
        {"output": {"name": "scores"}},
        {"labels": ["anger", "fear"]},
    ],
)
def test_a_graph_that_does_not_fit_its_description_is_refused(
    tmp_path: Path, changes: dict[str, object]
) -> None:
    metadata = folder_metadata(face_model_folder(tmp_path, **changes), "face")
    with pytest.raises(ModelError, match="does not fit"):
        OnnxNetwork(metadata)


def test_a_file_that_is_no_graph_is_refused(tmp_path: Path) -> None:
    folder = face_model_folder(tmp_path)
    metadata = folder_metadata(folder, "face")
    (folder / "net.onnx").write_bytes(b"garbage")
    with pytest.raises(ModelError, match="cannot be loaded"):
        OnnxNetwork(metadata)


def test_output_that_is_not_finite_is_refused(tmp_path: Path) -> None:
    network = OnnxNetwork(folder_metadata(face_model_folder(tmp_path), "face"))
    with pytest.raises(ModelError, match="unusable"):
        network.probabilities(greys([float("nan")]))


def test_input_of_the_wrong_shape_is_refused(tmp_path: Path) -> None:
    network = OnnxNetwork(folder_metadata(face_model_folder(tmp_path), "face"))
    with pytest.raises(ModelError, match="inference failed"):
        network.probabilities(np.zeros((1, 1, 20, 48), np.float32))


def test_softmax_of_huge_logits_is_finite() -> None:
    rows = softmax(np.array([[1e4, 0.0], [-1e4, -1e4]]))
    np.testing.assert_allclose(rows, [[1, 0], [0.5, 0.5]])
