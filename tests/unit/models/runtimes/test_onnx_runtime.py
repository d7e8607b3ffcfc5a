from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from emoreport.errors import ModelError
from emoreport.models.runtimes.classifiers import OnnxNetwork, softmax
from emoreport.models.runtimes.onnx_runtime import CPU, CUDA, OnnxSession
from emoreport.models.store.model_metadata import folder_metadata
from tests.fixtures.graphs import FACE_LABELS, face_model_folder


def greys(values: list[float]) -> np.ndarray:
    return np.stack([np.full((1, 48, 48), value, np.float32) for value in values])


def test_the_graph_runs_and_says_what_ran(tmp_path: Path) -> None:
    metadata = folder_metadata(face_model_folder(tmp_path), "face")
    network = OnnxNetwork(metadata, threads=1, reason="asked for")
    scores = network.probabilities(greys([16, 16 + 32 * 5]))
    assert scores.dtype == np.float32
    assert scores.argmax(axis=1).tolist() == [0, 5]
    np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-6)
    record = network.record
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
    with pytest.raises(ModelError, match=r"must be float32 \(N, 1, 48, 48\)"):
        network.probabilities(np.zeros((1, 1, 20, 48), np.float32))


def test_the_number_of_threads_is_kept(tmp_path: Path) -> None:
    path = face_model_folder(tmp_path) / "net.onnx"
    for threads in (1, 3):
        session = OnnxSession(path, threads=threads)
        assert session._session.get_session_options().intra_op_num_threads == threads


def claim_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make ONNX Runtime say that it has CUDA; asked for it, it goes on without, as it does."""
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [CUDA, CPU])


@pytest.mark.filterwarnings("ignore:Specified provider")
def test_a_silent_change_to_the_processor_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = face_model_folder(tmp_path) / "net.onnx"
    claim_cuda(monkeypatch)
    if CUDA in onnxruntime.InferenceSession(str(path), providers=[CUDA, CPU]).get_providers():
        pytest.skip("this ONNX Runtime really has CUDA")
    with pytest.raises(ModelError, match="CUDA was asked for"):
        OnnxSession(path, device="cuda")
    assert OnnxSession(path, device="auto").device == "cpu"


class OnCuda(onnxruntime.InferenceSession):
    """A session that says that CUDA runs it; the processor does."""

    asked: ClassVar[list[list[str]]] = []

    def __init__(self, source: str | bytes, *, providers: list[str], **options: object) -> None:
        self.asked.append(providers)
        super().__init__(source, providers=[CPU], **options)

    def get_providers(self) -> list[str]:
        return [CUDA, CPU]

    def get_provider_graph_assignment_info(self) -> list[SimpleNamespace]:
        return [SimpleNamespace(ep_name=CUDA)]


@pytest.mark.parametrize("device", ["auto", "cuda"])
def test_cuda_is_taken_where_it_runs_the_graph(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, device: str
) -> None:
    metadata = folder_metadata(face_model_folder(tmp_path), "face")
    batch = greys([3, 77, 130, 255])
    expected = OnnxNetwork(metadata, device="cpu").probabilities(batch)
    claim_cuda(monkeypatch)
    monkeypatch.setattr(onnxruntime, "InferenceSession", OnCuda)
    OnCuda.asked.clear()
    network = OnnxNetwork(metadata, device=device)
    assert OnCuda.asked == [[CUDA, CPU]]
    assert network.record.device == "cuda"
    np.testing.assert_allclose(network.probabilities(batch), expected, atol=1e-6)


@pytest.mark.filterwarnings("ignore:Specified provider")
def test_a_bad_graph_is_not_blamed_on_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    claim_cuda(monkeypatch)
    with pytest.raises(ModelError, match="cannot be loaded"):
        OnnxSession(b"garbage", device="auto")


def test_a_run_that_fails_is_an_error_of_the_program() -> None:
    """The batch of 2 contradicts the reshape to 5 values, which only the run can find."""
    graph = helper.make_graph(
        [helper.make_node("Reshape", ["a", "shape"], ["b"])],
        "bad",
        [helper.make_tensor_value_info("a", TensorProto.FLOAT, ["n", 3])],
        [helper.make_tensor_value_info("b", TensorProto.FLOAT, [5])],
        [numpy_helper.from_array(np.array([5], np.int64), "shape")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    session = OnnxSession(model.SerializeToString(), file=Path("bad.onnx"))
    with pytest.raises(ModelError, match="the model failed") as caught:
        session.run({"a": np.zeros((2, 3), np.float32)})
    assert caught.value.file == "bad.onnx"


def test_softmax_of_huge_logits_is_finite() -> None:
    rows = softmax(np.array([[1e4, 0.0], [-1e4, -1e4]]))
    np.testing.assert_allclose(rows, [[1, 0], [0.5, 0.5]])
