"""The HSEmotion adapter, on graphs of the published format with random weights."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from emoreport.errors import FaceStageError, ModelError
from emoreport.faces.crops import crop_face
from emoreport.faces.reading import read_faces
from emoreport.models.families.hsemotion import HSEmotionModel
from emoreport.models.store.registry import find_entry
from emoreport.records import CropSpec
from emoreport.settings import FaceSettings
from emoreport.tables.readings import read_frames, write_frames
from tests.fixtures.faces import ScriptedDetector, face_at, numbered_frame, scene
from tests.fixtures.hsemotion import (
    NAMES,
    columns_of,
    efficientnet,
    pulled,
    tiny_graph,
    tiny_graph_of,
)

VGAF = "hsemotion/enet_b0_8_best_vgaf"
MTL = "hsemotion/enet_b0_8_va_mtl"
WITH_AFFECT = tuple(name for name in NAMES if name.endswith("_mtl"))
TRUE_SHAPES = {
    VGAF: ("b0", 8),
    MTL: ("b0", 10),
    "hsemotion/enet_b2_8": ("b2", 8),
    "hsemotion/enet_b2_7": ("b2", 7),
}
RUNTIMES = [
    "onnxruntime",
    pytest.param(
        "openvino",
        marks=pytest.mark.skipif(find_spec("openvino") is None, reason="OpenVINO is missing"),
    ),
]


def crops(size_px, count=3):
    """Crops of one face as the models want them, each box and each light another."""
    frame = scene((640, 360), (220, 50, 1.0))
    spec = CropSpec(size_px, tight_box=True)
    faces = []
    for k in range(count):
        face = crop_face(frame, face_at(250 + 6 * k, 120 + 3 * k, 90 + 8 * k), spec)
        faces.append((face * (1 - 0.15 * k)).astype(np.uint8))
    return faces


def plain(size_px, red, green, blue):
    """A picture of one colour."""
    return np.full((size_px, size_px, 3), (red, green, blue), np.uint8)


def true_model(folder, name, **choice):
    """The model with a graph of its true shape."""
    return HSEmotionModel(pulled(folder, name, efficientnet(*TRUE_SHAPES[name])), **choice)


# --------------------------------------------------------------------------- the seven names


def test_there_are_seven():
    assert len(NAMES) == 7


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("name", NAMES)
def test_every_name_runs(tmp_path, name, runtime):
    files = pulled(tmp_path, name)
    entry = files.registered
    model = HSEmotionModel(files, runtime=runtime, reason="named in the settings")
    assert model.labels == entry.labels
    assert len(model.labels) == (7 if "_7" in name else 8)
    assert model.crop == CropSpec(entry.details["input_px"], tight_box=True)
    faces = crops(model.crop.size_px, 3)
    scores = model.predict(faces)
    assert scores.probabilities.shape == (3, len(entry.labels))
    assert scores.probabilities.sum(axis=1) == pytest.approx(1.0, abs=1e-5)
    assert (scores.valence is not None) == (scores.arousal is not None) == ("_mtl" in name)
    assert set(scores.extra) == ({"valence_raw", "arousal_raw"} if "_mtl" in name else set())
    features = model.features(faces)
    assert features.dtype == np.float32
    assert features.shape == (3, model.feature_width)
    assert model.feature_width == entry.details.get("features", features.shape[1])
    record = model.record
    assert (record.name, record.kind, record.version) == (name, "face", entry.source.revision)
    assert record.files == files.files
    assert record.runtime.startswith(f"{runtime} ")
    assert (record.device, record.licence) == ("cpu", entry.weights_licence)
    assert record.reason == "named in the settings"


@pytest.mark.parametrize("name", NAMES)
def test_the_graph_sees_red_green_and_blue_normalised(tmp_path, name):
    """A graph whose features are the maxima of the three planes says what it was given."""
    entry = find_entry(name)
    entry = replace(entry, details={**entry.details, "features": 3})
    size_px, columns = entry.details["input_px"], columns_of(entry)
    graph = helper.make_graph(
        [
            helper.make_node("GlobalMaxPool", ["input"], ["pooled"]),
            helper.make_node("Flatten", ["pooled"], ["maxima"]),
            helper.make_node("Gemm", ["maxima", "weight"], ["output"], transB=1),
        ],
        "maxima",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["n", 3, size_px, size_px])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["n", columns])],
        [numpy_helper.from_array(np.ones((columns, 3), np.float32), "weight")],
    )
    content = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=6
    ).SerializeToString()
    model = HSEmotionModel(replace(pulled(tmp_path, name, content), registered=entry))
    colours = [(255, 0, 128), (10, 200, 30)]
    found = model.features([plain(size_px, *colour) for colour in colours])
    if name == "hsemotion/mbf_va_mtl":
        wanted = np.array(colours) / 127.5 - 1
    else:
        wanted = (np.array(colours) / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_swapped_colours_are_another_face(tmp_path):
    model = true_model(tmp_path, VGAF)
    faces = crops(224, 2)
    right = model.predict(faces).probabilities
    swapped = model.predict([face[..., ::-1] for face in faces]).probabilities
    assert np.abs(right - swapped).max() > 0.01


# ------------------------------------------------------------------------ valence and arousal


@pytest.mark.parametrize("name", WITH_AFFECT)
@pytest.mark.parametrize(
    ("raw", "clipped"), [((0.25, -0.5), (0.25, -0.5)), ((1.5, -7.0), (1.0, -1.0))]
)
def test_valence_and_arousal_are_clipped_and_the_raw_values_kept(tmp_path, name, raw, clipped):
    entry = find_entry(name)
    graph = tiny_graph_of(entry, bias=np.array([*range(8), *raw], np.float32))
    set_to_zero(graph, "weight")
    model = HSEmotionModel(pulled(tmp_path, name, graph.SerializeToString()))
    scores = model.predict(crops(model.crop.size_px, 2))
    assert scores.valence == pytest.approx([clipped[0]] * 2)
    assert scores.arousal == pytest.approx([clipped[1]] * 2)
    assert scores.extra["valence_raw"] == pytest.approx([raw[0]] * 2)
    assert scores.extra["arousal_raw"] == pytest.approx([raw[1]] * 2)
    wanted = np.exp(np.arange(8)) / np.exp(np.arange(8)).sum()
    assert scores.probabilities[0] == pytest.approx(wanted, abs=1e-6)


def set_to_zero(graph, name):
    for tensor in graph.graph.initializer:
        if tensor.name == name:
            zeros = np.zeros(tuple(tensor.dims), np.float32)
            tensor.CopyFrom(numpy_helper.from_array(zeros, name))


def test_the_raw_values_reach_the_stored_readings_and_come_back(tmp_path):
    model = HSEmotionModel(pulled(tmp_path, MTL))
    frames = [numbered_frame(k, level=20 * k) for k in range(6)]
    script = [[], *([face_at(30, 20, 60)] for _ in range(4)), []]
    track = read_faces(frames, ScriptedDetector(script), model, FaceSettings())
    raw = track.extra["valence_raw"]
    assert np.isnan(raw).tolist() == [True, False, False, False, False, True]
    assert np.array_equal(np.clip(raw, -1, 1), track.valence, equal_nan=True)
    path = tmp_path / "frames.parquet"
    with path.open("wb") as stream:
        write_frames(stream, track)
    back = read_frames(path)
    assert list(back.extra)[-2:] == ["valence_raw", "arousal_raw"]
    for name in ("valence_raw", "arousal_raw"):
        assert np.array_equal(back.extra[name], track.extra[name], equal_nan=True)


# ------------------------------------------------------------------- batches, inputs, features


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("name", TRUE_SHAPES)
def test_batch_equals_single(tmp_path, name, runtime):
    model = true_model(tmp_path, name, runtime=runtime)
    faces = crops(model.crop.size_px)
    single = [model.predict([face]) for face in faces]
    together = model.predict(faces)
    alone = np.vstack([scores.probabilities for scores in single])
    assert np.abs(np.diff(alone, axis=0)).max(axis=1).min() > 1e-3  # the faces differ
    np.testing.assert_allclose(together.probabilities, alone, atol=1e-5)
    for part in together.extra:
        wanted = np.concatenate([scores.extra[part] for scores in single])
        np.testing.assert_allclose(together.extra[part], wanted, atol=1e-5)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_the_number_of_threads_does_not_matter(tmp_path, runtime):
    files = pulled(tmp_path, MTL)
    faces = crops(224, 7)
    answers = [
        HSEmotionModel(files, runtime=runtime, threads=threads).predict(faces) for threads in (1, 3)
    ]
    assert np.array_equal(answers[0].probabilities, answers[1].probabilities)
    assert np.array_equal(answers[0].extra["arousal_raw"], answers[1].extra["arousal_raw"])


@pytest.mark.skipif(find_spec("openvino") is None, reason="OpenVINO is missing")
@pytest.mark.parametrize("name", TRUE_SHAPES)
def test_openvino_gives_what_onnx_runtime_gives(tmp_path, name):
    models = [true_model(tmp_path, name, runtime=runtime) for runtime in ("auto", "openvino")]
    faces = crops(models[0].crop.size_px)
    answers = [model.predict(faces).probabilities for model in models]
    assert answers[0].max() < 0.95
    # Eighty layers of float32, summed in another order.
    np.testing.assert_allclose(*answers, atol=5e-5)


@pytest.mark.parametrize("name", [VGAF, MTL])
def test_no_faces_give_no_rows(tmp_path, name):
    model = HSEmotionModel(pulled(tmp_path, name))
    some, none = model.predict(crops(224, 1)), model.predict([])
    assert none.probabilities.shape == (0, 8)
    assert (none.valence is None) == (some.valence is None)
    assert set(none.extra) == set(some.extra)
    assert model.features([]).shape == (0, 1280)


@pytest.mark.parametrize(
    "face",
    [
        np.zeros((224, 224), np.uint8),
        np.zeros((224, 224, 3), np.float32),
        np.zeros((260, 260, 3), np.uint8),
        np.zeros((224, 224, 4), np.uint8),
        np.zeros((3, 224, 224), np.uint8),
    ],
)
def test_crops_of_another_kind_are_refused(tmp_path, face):
    model = HSEmotionModel(pulled(tmp_path, VGAF))
    for ask in (model.predict, model.features):
        with pytest.raises(FaceStageError, match="face crop must be RGB"):
            ask([plain(224, 1, 2, 3), face])


@pytest.mark.parametrize("end", ["gemm", "matmul"])
def test_the_last_layer_makes_the_answer_of_the_features(tmp_path, end):
    graph = tiny_graph_of(find_entry(VGAF), end=end, bias=np.arange(8, dtype=np.float32) / 3)
    stored = {
        tensor.name: numpy_helper.to_array(tensor).astype(np.float64)
        for tensor in graph.graph.initializer
    }
    weight = stored["weight"].T if end == "gemm" else stored["weight"]
    model = HSEmotionModel(pulled(tmp_path, VGAF, graph.SerializeToString()))
    faces = crops(224)
    odds = np.exp(model.features(faces) @ weight + stored["bias"])
    wanted = odds / odds.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.predict(faces).probabilities, wanted, atol=1e-5)


@pytest.mark.parametrize("name", [VGAF, "hsemotion/enet_b2_7"])
def test_the_features_of_the_true_shapes_are_the_pooled_ones(tmp_path, name):
    content = efficientnet(*TRUE_SHAPES[name])
    last = {
        tensor.name: numpy_helper.to_array(tensor)
        for tensor in onnx.load_from_string(content).graph.initializer
        if "classifier" in tensor.name
    }
    weight, bias = sorted(last.values(), key=lambda values: -values.ndim)
    model = true_model(tmp_path, name)
    faces = crops(model.crop.size_px)
    odds = np.exp(model.features(faces).astype(np.float64) @ weight.T + bias)
    wanted = odds / odds.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.predict(faces).probabilities, wanted, atol=1e-5)


# ------------------------------------------------------------------------------- other graphs


def with_second(graph, part):
    """The graph with an input or output more."""
    info = helper.make_tensor_value_info("other", TensorProto.FLOAT, ["batch", 5])
    if part == "input":
        graph.graph.input.append(info)
    else:
        graph.graph.node.append(helper.make_node("Identity", ["flat"], ["other"]))
        graph.graph.output.append(info)
    return graph


def ending_in(operator):
    """A graph whose last step is no linear layer."""
    graph = tiny_graph(224, 8, 1280)
    graph.graph.node[-1].output[0] = "logits"
    graph.graph.node.append(helper.make_node(operator, ["logits"], ["output"]))
    return graph


def in_double():
    """A graph that wants float64."""
    graph = tiny_graph(224, 8, 1280)
    graph.graph.input[0].type.tensor_type.elem_type = TensorProto.DOUBLE
    graph.graph.node.insert(0, helper.make_node("Cast", ["input"], ["single"], to=1))
    graph.graph.node[1].input[0] = "single"
    return graph


MISFITS = {
    "channels": (lambda: tiny_graph(224, 8, 1280, input_shape=("n", 1, 224, 224)), "takes float32"),
    "size": (lambda: tiny_graph(260, 8, 1280), r"\(N, 3, 260, 260\), .* \(N, 3, 224, 224\)"),
    "fixed batch": (
        lambda: tiny_graph(224, 8, 1280, input_shape=(1, 3, 224, 224)),
        r"takes float32 \(1, 3, 224, 224\)",
    ),
    "free size": (
        lambda: tiny_graph(224, 8, 1280, input_shape=("n", 3, "h", "w")),
        r"takes float32 \(N, 3, N, N\)",
    ),
    "type": (in_double, "takes float64"),
    "classes": (lambda: tiny_graph(224, 7, 1280), r"gives float32 \(N, 7\), .* \(N, 8\)"),
    "affect": (lambda: tiny_graph(224, 10, 1280), r"gives float32 \(N, 10\), .* \(N, 8\)"),
    "features": (lambda: tiny_graph(224, 8, 512), "has 512 features, .* has 1280"),
    "inputs": (lambda: with_second(tiny_graph(224, 8, 1280), "input"), r"\['input', 'other'\]"),
    "outputs": (lambda: with_second(tiny_graph(224, 8, 1280), "output"), "has 2 outputs"),
    "end": (lambda: ending_in("Relu"), "does not end in one linear layer"),
}


@pytest.mark.parametrize("misfit", MISFITS)
def test_a_graph_that_does_not_fit_its_entry_is_refused(tmp_path, misfit):
    make, message = MISFITS[misfit]
    files = pulled(tmp_path, VGAF, make().SerializeToString())
    with pytest.raises(ModelError, match=message) as caught:
        HSEmotionModel(files)
    assert caught.value.file == str(files.folder / "enet_b0_8_best_vgaf.onnx")
    assert "is not the model that its name says" in caught.value.remedy


def test_a_model_with_affect_needs_the_two_columns(tmp_path):
    content = tiny_graph(224, 8, 1280).SerializeToString()
    with pytest.raises(ModelError, match=r"gives float32 \(N, 8\), .* \(N, 10\)"):
        HSEmotionModel(pulled(tmp_path, MTL, content))


@pytest.mark.parametrize("content", [b"", b"<html>not found</html>"])
def test_a_file_that_is_no_graph_is_refused(tmp_path, content):
    with pytest.raises(ModelError):
        HSEmotionModel(pulled(tmp_path, VGAF, content))


def test_a_file_that_is_gone_is_refused(tmp_path):
    files = pulled(tmp_path, VGAF)
    (files.folder / "enet_b0_8_best_vgaf.onnx").unlink()
    with pytest.raises(ModelError, match="cannot be loaded"):
        HSEmotionModel(files)


def test_files_without_a_registry_entry_are_refused(tmp_path):
    with pytest.raises(ModelError, match="no HSEmotion model of the registry"):
        HSEmotionModel(replace(pulled(tmp_path, VGAF), registered=None))


def test_an_answer_that_is_not_finite_is_refused(tmp_path):
    graph = tiny_graph_of(find_entry(VGAF), bias=np.full(8, np.nan, np.float32))
    model = HSEmotionModel(pulled(tmp_path, VGAF, graph.SerializeToString()))
    with pytest.raises(ModelError, match="unusable"):
        model.predict(crops(224, 1))


def test_cuda_is_never_replaced_by_the_processor(tmp_path):
    with pytest.raises(ModelError, match="CUDA was asked for"):
        HSEmotionModel(pulled(tmp_path, VGAF), device="cuda")


# ---------------------------------------------------------------- the publisher's own package


@pytest.fixture
def reference(tmp_path, monkeypatch):
    """Opens a graph in the recogniser of hsemotion-onnx, which looks for it in the home folder."""
    if find_spec("hsemotion_onnx") is None:
        pytest.skip("hsemotion-onnx is missing; `make test` installs it")
    from hsemotion_onnx.facial_emotions import HSEmotionRecognizer

    home = tmp_path / "home"
    (home / ".hsemotion").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))

    def opened(name, content):
        plain_name = name.partition("/")[2]
        (home / ".hsemotion" / f"{plain_name}.onnx").write_bytes(content)
        return HSEmotionRecognizer(plain_name)

    return opened


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("name", TRUE_SHAPES)
def test_we_say_what_the_publishers_recogniser_says(tmp_path, reference, name, runtime):
    content = efficientnet(*TRUE_SHAPES[name])
    theirs = reference(name, content)
    model = HSEmotionModel(pulled(tmp_path, name, content), runtime=runtime)
    assert tuple(label.lower() for label in theirs.idx_to_class.values()) == model.labels
    faces = crops(model.crop.size_px)
    ours = model.predict(faces)
    # A crop of the network's own size goes through its resize unchanged.
    labels, wanted = theirs.predict_multi_emotions(faces, logits=False)
    classes = len(model.labels)
    np.testing.assert_allclose(ours.probabilities, wanted[:, :classes], atol=1e-4)
    best = [model.labels[place] for place in ours.probabilities.argmax(axis=1)]
    assert best == [label.lower() for label in labels]
    assert np.abs(np.diff(wanted[:, :classes], axis=0)).max(axis=1).min() > 1e-3
    if name == MTL:
        np.testing.assert_allclose(ours.extra["valence_raw"], wanted[:, 8], atol=1e-4)
        np.testing.assert_allclose(ours.extra["arousal_raw"], wanted[:, 9], atol=1e-4)


def test_one_face_at_a_time_is_the_same_to_the_publishers_recogniser(tmp_path, reference):
    content = efficientnet(*TRUE_SHAPES[VGAF])
    theirs = reference(VGAF, content)
    faces = crops(224)
    ours = HSEmotionModel(pulled(tmp_path, VGAF, content)).predict(faces).probabilities
    for face, row in zip(faces, ours, strict=True):
        label, wanted = theirs.predict_emotions(face, logits=False)
        np.testing.assert_allclose(row, wanted, atol=1e-4)
        assert find_entry(VGAF).labels[row.argmax()] == label.lower()
