"""Exported graphs say what the network in torch says, in every runtime and for every shape."""

import importlib.util

import numpy as np
import onnx
import pytest
import torch

from emoreport.errors import ModelError
from emoreport.models.optimizing import FLOAT32, TORCH, Form, quantise
from emoreport.speech.aniemore import AniemoreVoiceModel, open_aniemore
from emoreport.speech.aniemore.checkpoint import read_checkpoint
from emoreport.speech.aniemore.exporting import export_graph
from emoreport.speech.aniemore.model import open_form
from emoreport.speech.aniemore.network import load_network
from tests.fixtures.aniemore import GROUP_NORM, published
from tests.fixtures.audio import noise, tone, voice

CLIPS = [
    *(voice(3.0, seed=seed) for seed in range(3)),
    voice(2.9, seed=3),
    noise(1.0),
    tone(1.3),
    voice(12.0, seed=4),
]


def exported(folder, name, **changes):
    pulled = published(folder, name, **changes)
    checkpoint = read_checkpoint(pulled)
    graph = folder / "graph" / "model.onnx"
    graph.parent.mkdir()
    export_graph(load_network(checkpoint), checkpoint, graph)
    return pulled, checkpoint, graph


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """One published layout, exported once."""
    return exported(tmp_path_factory.mktemp("model"), "wav2vec2-xlsr-53")


def opened(export, runtime, precision=FLOAT32, graph=None):
    pulled, checkpoint, own = export
    form = Form(runtime, precision, graph or own)
    runner = open_form(checkpoint, form, device="cpu", threads=1)
    return AniemoreVoiceModel(checkpoint, runner, {}, pulled)


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
        ("wav2vec2-xlsr-53", {"pooling_mode": "max"}),
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
        np.testing.assert_allclose(opened(export, runtime).predict(CLIPS), expected, atol=1e-4)


def test_bfloat16_is_near_and_padding_stays_out(tiny):
    pytest.importorskip("openvino", reason="openvino is not installed")
    try:
        model = opened(tiny, "openvino", "bfloat16")
    except ModelError as error:
        pytest.skip(error.cause)
    assert model.record.runtime.endswith(" bfloat16")
    expected = plain(tiny).predict(CLIPS)
    # Clips of 3.0 and 2.9 s share a batch: a number of frames that was rounded would show.
    assert 0 < np.abs(model.predict(CLIPS) - expected).max() < 0.02
    together, alone = model.predict([CLIPS[0], CLIPS[3]])[1], model.predict([CLIPS[3]])[0]
    np.testing.assert_allclose(together, alone, atol=0.01)


def test_quantised_weights_are_small_and_near(tiny, tmp_path):
    graph = tmp_path / "model-int8.onnx"
    quantise(tiny[2], graph)
    kinds = {node.op_type for node in onnx.load(graph).graph.node}
    assert "MatMulInteger" in kinds
    assert "ConvInteger" not in kinds
    model = opened(tiny, "onnxruntime", "int8", graph)
    assert model.record.runtime.endswith(" int8")
    difference = np.abs(model.predict(CLIPS) - plain(tiny).predict(CLIPS)).max()
    assert 0 < difference < 0.05


def test_a_graph_keeps_its_weights_beside_it_and_no_paths_of_this_machine(tiny):
    graph = tiny[2]
    assert sorted(path.name for path in graph.parent.iterdir()) == [
        graph.name,
        f"{graph.name}.data",
    ]
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
        export_graph(Refusing(), tiny[1], tmp_path / "model.onnx")
    assert "and more lines" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_an_exporter_that_is_not_installed_is_an_error(tiny, tmp_path, monkeypatch):
    _, checkpoint, _ = tiny
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModelError, match="onnx and onnxscript") as caught:
        export_graph(None, checkpoint, tmp_path / "model.onnx")
    assert "emoreport[full]" in caught.value.remedy
