"""Exported graphs say what the network in torch says, in every runtime and for every shape."""

import importlib.util

import numpy as np
import onnx
import pytest
import torch

from emoreport.errors import ModelError
from emoreport.measure.optimize.voice import export_source
from emoreport.models.families.aniemore import aniemore_source, open_aniemore
from emoreport.models.families.voice_network import VoiceNetworkModel, open_form
from emoreport.models.runtimes.derived_graphs import fix_shapes, quantise
from emoreport.models.runtimes.exporting import export_graph
from emoreport.models.runtimes.forms import FLOAT32, TORCH, Form
from tests.fixtures.aniemore import GROUP_NORM, published, rounding_noise
from tests.fixtures.audio import RATE_HZ, noise, tone, voice

CLIPS = [
    *(voice(3.0, seed=seed) for seed in range(3)),
    voice(2.9, seed=3),
    noise(1.0),
    tone(1.3),
    voice(12.0, seed=4),
]


def exported(folder, name, **changes):
    pulled = published(folder, name, **changes)
    source = aniemore_source(pulled)
    graph = folder / "graph" / "model.onnx"
    graph.parent.mkdir()
    export_source(source, graph)
    return pulled, source, graph


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """One published layout, exported once."""
    return exported(tmp_path_factory.mktemp("model"), "wav2vec2-xlsr-53")


def opened(export, runtime, precision=FLOAT32, graph=None, window=None):
    pulled, source, own = export
    form = Form(runtime, precision, graph or own, window)
    runner = open_form(source, form, device="cpu", threads=1)
    return VoiceNetworkModel(source.checkpoint, runner, {}, pulled)


def windowed(export, target="model-window.onnx"):
    """The graph for one window of three seconds, beside the exported one."""
    graph = export[2]
    window = graph.with_name(target)
    fix_shapes(graph, window, {"audio": (1, 3 * RATE_HZ), "frames": (1,)})
    return window


def test_an_exported_form_says_that_it_gives_no_features(tiny):
    model = opened(tiny, "onnxruntime")
    with pytest.raises(ModelError, match=r"gives no features.*--speech-runtime torch"):
        model.embed(CLIPS[:1])


def quantised_graph(export):
    """The exported graph with 8-bit weights, ranges set by two of the clips."""
    _, source, graph = export
    target = graph.parent / "model-int8.onnx"
    samples = [dict(source.checkpoint.batches([clip])[0].feeds) for clip in CLIPS[:2]]
    quantise(graph, target, samples)
    return target


def plain(export):
    return open_aniemore(export[0], runtime=TORCH, device="cpu", threads=1)


RUNTIMES = [
    "onnxruntime",
    pytest.param(
        "openvino",
        marks=pytest.mark.skipif(
            importlib.util.find_spec("openvino") is None, reason="openvino is not installed"
        ),
    ),
]


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_graph_says_what_the_network_says(tiny, runtime):
    expected = plain(tiny).predict(CLIPS)
    assert np.ptp(expected, axis=0).max() > 1e-2
    model = opened(tiny, runtime)
    assert model.record.runtime.startswith(f"{runtime} ")
    np.testing.assert_allclose(model.predict(CLIPS), expected, atol=1e-4)
    for clip, row in zip(CLIPS, expected, strict=True):
        np.testing.assert_allclose(model.predict([clip])[0], row, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("wav2vec2-resd", {"use_weighted_layer_sum": True}),
        ("wav2vec2-resd", GROUP_NORM),
        ("wavlm-resd", {}),
        ("hubert-resd", {}),
        # The graph differs from the usual one in its last step only.
        pytest.param("wav2vec2-xlsr-53", {"pooling_mode": "max"}, marks=pytest.mark.soak),
    ],
    ids=["layer sum", "group", "wavlm", "hubert", "max"],
)
def test_every_layout_can_be_exported(tmp_path, name, changes):
    export = exported(tmp_path, name, **changes)
    expected = plain(export).predict(CLIPS)
    assert np.ptp(expected, axis=0).max() > 1e-2
    runtimes = ["onnxruntime"]
    if importlib.util.find_spec("openvino") is not None:
        runtimes.append("openvino")
    for runtime in runtimes:
        for window in (None, windowed(export)):
            found = opened(export, runtime, window=window).predict(CLIPS)
            np.testing.assert_allclose(found, expected, atol=1e-4)
    small = opened(export, "onnxruntime", "int8", quantised_graph(export)).predict(CLIPS)
    np.testing.assert_allclose(small, expected, atol=0.1)


def test_bfloat16_is_near_and_padding_stays_out(tiny):
    if importlib.util.find_spec("openvino") is None:
        pytest.skip("openvino is not installed")
    try:
        model = opened(tiny, "openvino", "bfloat16")
    except ModelError as error:
        pytest.skip(error.cause)
    assert model.record.runtime.endswith(" bfloat16")
    expected = plain(tiny).predict(CLIPS)
    noise_level = max(rounding_noise(model, CLIPS[0]), rounding_noise(model, CLIPS[3]))
    assert 0 < np.abs(model.predict(CLIPS) - expected).max() < max(0.02, 4.0 * noise_level)
    # Clips of 3.0 and 2.9 s share a batch: a number of frames that was rounded would show.
    together, alone = model.predict([CLIPS[0], CLIPS[3]])[1], model.predict([CLIPS[3]])[0]
    np.testing.assert_allclose(together, alone, atol=max(0.01, 2.0 * noise_level))


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_graph_for_one_window_says_the_same(tiny, runtime):
    model = opened(tiny, runtime, window=windowed(tiny))
    np.testing.assert_allclose(model.predict(CLIPS), plain(tiny).predict(CLIPS), atol=1e-4)


def test_a_graph_for_one_window_has_fixed_shapes_and_shares_the_weights(tiny):
    window = windowed(tiny)
    described = onnx.load(window, load_external_data=False).graph
    shapes = {
        tensor.name: [axis.dim_value for axis in tensor.type.tensor_type.shape.dim]
        for tensor in described.input
    }
    assert shapes == {"audio": [1, 48_000], "frames": [1]}
    assert window.stat().st_size < 200_000
    names = {entry.value for tensor in described.initializer for entry in tensor.external_data}
    assert "model.onnx.data" in names


def test_the_graph_for_all_lengths_is_opened_when_a_clip_needs_it(tiny):
    model = opened(tiny, "onnxruntime", window=windowed(tiny))
    runner = model._runner
    model.predict([voice(3.0), voice(3.0, seed=1), voice(1.0), voice(2.0)])
    assert runner._free is None
    model.predict([voice(3.1)])
    assert runner._free is not None


def test_fixed_shapes_need_every_input(tiny):
    target = tiny[2].with_name("broken.onnx")
    with pytest.raises(ModelError, match="fixed shapes"):
        fix_shapes(tiny[2], target, {"audio": (1, 100)})
    with pytest.raises(ModelError, match="fixed shapes"):
        fix_shapes(tiny[2], target, {"audio": (1,), "frames": (1,)})
    assert not target.exists()


@pytest.fixture(scope="module")
def quantised(tiny):
    return quantised_graph(tiny)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_quantised_weights_are_near(tiny, quantised, runtime):
    try:
        model = opened(tiny, runtime, "int8", quantised)
    except ModelError as error:
        # OpenVINO does the steps between the products in bfloat16.
        assert runtime == "openvino"
        pytest.skip(error.cause)
    assert model.record.runtime.endswith(" int8")
    difference = np.abs(model.predict(CLIPS) - plain(tiny).predict(CLIPS)).max()
    assert 0 < difference < 0.05


def test_matrices_become_8_bit_numbers_and_convolutions_do_not(quantised):
    graph = onnx.load(quantised).graph
    types = {tensor.name: tensor.data_type for tensor in graph.initializer}
    sources = {output: node for node in graph.node for output in node.output}
    by_type = {"MatMul": [], "Conv": []}
    for node in graph.node:
        if node.op_type in by_type:
            source = sources.get(node.input[1])
            by_type[node.op_type].append(
                source is not None
                and source.op_type == "DequantizeLinear"
                and types.get(source.input[0]) == onnx.TensorProto.INT8
            )
    # Six matrices in each of two layers, one before them; four products of attention.
    assert sum(by_type["MatMul"]) == 13
    assert len(by_type["MatMul"]) == 17
    assert not any(by_type["Conv"])


def test_what_cannot_be_quantised_is_an_error(tiny, tmp_path):
    with pytest.raises(ModelError, match="cannot be quantised"):
        quantise(tiny[2], tmp_path / "model-int8.onnx", [])
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"no graph")
    with pytest.raises(ModelError, match="cannot be quantised"):
        quantise(broken, tmp_path / "model-int8.onnx", [])
    assert not list(tiny[2].parent.glob(".*"))


def test_a_graph_keeps_its_weights_beside_it_and_no_paths_of_this_machine(tiny):
    graph = tiny[2]
    assert graph.with_name(f"{graph.name}.data").is_file()
    content = graph.read_bytes()
    assert len(content) < 200_000
    for word in (b"site-packages", b"emoreport/", b"stack_trace"):
        assert word not in content


def test_the_axes_of_clips_and_samples_are_free(tiny):
    described = onnx.load(tiny[2], load_external_data=False).graph
    shapes = {
        tensor.name: [axis.dim_value for axis in tensor.type.tensor_type.shape.dim]
        for tensor in (*described.input, *described.output)
    }
    assert shapes == {"audio": [0, 0], "frames": [0], "logits": [0, 7]}


def test_another_graph_is_refused(tmp_path, tiny):
    from tests.fixtures.graphs import voice_model_folder

    other = voice_model_folder(tmp_path, labels=["anger"]) / "net.onnx"
    renamed = onnx.load(other)
    renamed.graph.input[0].name = renamed.graph.node[0].input[0] = "sound"
    renamed.graph.node[0].input[1] = "sound"
    onnx.save(renamed, other)
    with pytest.raises(ModelError, match="the graph has the inputs"):
        opened(tiny, "onnxruntime", graph=other)


class Refusing(torch.nn.Module):
    def forward(self, audio, frames):
        raise RuntimeError("has no graph\nand more lines")


def test_a_network_that_cannot_be_exported_is_an_error(tiny, tmp_path):
    with pytest.raises(ModelError, match="cannot be exported") as caught:
        export_graph(Refusing(), tiny[1].checkpoint.examples(), tmp_path / "model.onnx")
    assert "and more lines" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_an_exporter_that_is_not_installed_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModelError, match="onnx and onnxscript") as caught:
        export_graph(None, {}, tmp_path / "model.onnx")
    assert "emoreport[full]" in caught.value.remedy
