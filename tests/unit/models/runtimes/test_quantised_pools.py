"""Means of quantised maps as convolutions: the same answers, to the bit."""

import numpy as np
import onnx
import pytest

from emoreport.errors import ModelError
from emoreport.models.runtimes.onnx_runtime import OnnxSession
from emoreport.models.runtimes.quantised_pools import with_fast_pools
from emoreport.models.store.model_metadata import shipped_metadata


def faces(seed: int) -> np.ndarray:
    """Sixteen pictures: noise, slopes, and black and white, float32 (16, 1, 48, 48)."""
    random = np.random.default_rng(seed)
    pictures = random.uniform(0, 255, (16, 1, 48, 48))
    pictures[4:8] = np.linspace(0, 255, 48) * random.uniform(0.2, 1, (4, 1, 48, 1))
    pictures[8], pictures[9] = 0, 255
    return pictures.astype(np.float32)


def test_the_compact_face_network_says_the_same_without_means():
    path = shipped_metadata("face").path
    written = with_fast_pools(path)
    assert isinstance(written, bytes)
    kinds = [node.op_type for node in onnx.load_model_from_string(written).graph.node]
    assert "AveragePool" in [node.op_type for node in onnx.load(path).graph.node]
    assert "AveragePool" not in kinds
    sessions = [OnnxSession(each, device="cpu", threads=1, file=path) for each in (path, written)]
    for seed in range(4):
        plain, fast = (session.run({"face": faces(seed)}) for session in sessions)
        assert plain.keys() == fast.keys()
        for name, values in plain.items():
            np.testing.assert_array_equal(values, fast[name])


def test_a_graph_without_such_means_is_left_alone(tmp_path):
    path = shipped_metadata("voice").path
    assert with_fast_pools(path) is path
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"no graph")
    with pytest.raises(ModelError):
        with_fast_pools(broken)
