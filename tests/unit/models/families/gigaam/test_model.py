"""GigaAM-Emo as the pipeline sees it: in torch, exported, and without torch."""

import dataclasses
import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest

from emoreport.errors import ModelError
from emoreport.measure.optimize.voice import derive_graphs, export_source, optimize_voice_model
from emoreport.models.families.gigaam import gigaam_source, open_gigaam
from emoreport.models.families.gigaam.sound import log_bands
from emoreport.models.families.voice_network import VoiceNetworkModel, open_form
from emoreport.models.runtimes.forms import FLOAT32, FOLDER, RECORD, Form
from emoreport.models.store.registry import PulledModel
from tests.fixtures.audio import noise, tone, voice
from tests.fixtures.gigaam import TINY, random_state, reference, saved
from tests.fixtures.omegaconf_pickle import settings

CLIPS = [
    *(voice(3.0, seed=seed) for seed in range(3)),
    noise(3.0),
    tone(2.0),
    voice(1.2, seed=1),
    voice(12.0, seed=2),
]


@pytest.fixture(scope="module")
def pulled(tmp_path_factory):
    return saved(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def model(pulled):
    return open_gigaam(pulled, threads=1)


@pytest.fixture(scope="module")
def graphs(pulled):
    """Folder of all exported graphs."""
    folder = pulled.folder / "graphs"
    folder.mkdir()
    source = gigaam_source(pulled)
    export_source(source, folder / "model.onnx")
    derive_graphs(folder, source.checkpoint, CLIPS[:3])
    return folder


def exported(pulled, runtime, graph, window=None):
    source = gigaam_source(pulled)
    runner = open_form(source, Form(runtime, FLOAT32, graph, window), device="cpu", threads=1)
    return VoiceNetworkModel(source.checkpoint, runner, {}, pulled)


# ------------------------------------------------------------------------------- in torch


def test_probabilities_are_those_of_the_formulae(model):
    state = random_state()
    for clip in CLIPS[:1] + CLIPS[3:6]:
        logits = reference(state, log_bands(clip), TINY["heads"])
        shares = np.exp(logits - logits.max())
        np.testing.assert_allclose(model.predict([clip])[0], shares / shares.sum(), atol=1e-5)
    assert np.ptp(model.predict(CLIPS), axis=0).max() > 0.1


def test_the_record_says_what_it_is(model, pulled):
    assert model.labels == model.record.labels == ("anger", "sadness", "neutral", "positive")
    assert (model.min_window_s, model.max_window_s) == (3.0, 12.0)
    assert model.record.name == "gigaam/emo"
    assert model.record.runtime.startswith("torch ")
    assert model.record.files == pulled.files
    assert model.record.licence.startswith("MIT")


def test_a_clip_below_a_second_is_repeated(model):
    clip = voice(0.5)
    np.testing.assert_array_equal(model.predict([clip]), model.predict([np.tile(clip, 2)]))


def test_batches_are_short_and_hold_every_clip_once(pulled):
    checkpoint = gigaam_source(pulled).checkpoint
    clips = [voice(3.0, seed=seed) for seed in range(10)] + [voice(30.0)]
    batches = checkpoint.batches(clips)
    assert [batch.feeds["features"].shape for batch in batches] == [
        (7, 64, 301),
        (3, 64, 301),
        (1, 64, 3001),
    ]
    places = np.concatenate([batch.places for batch in batches])
    np.testing.assert_array_equal(np.sort(places), np.arange(11))


def test_a_folder_of_ones_own_is_refused(tmp_path):
    with pytest.raises(ModelError, match="no GigaAM model of the registry"):
        open_gigaam(PulledModel(None, "mine", tmp_path, {}))


def test_the_registry_must_agree_with_itself(pulled):
    swapped = dataclasses.replace(
        pulled.registered, labels=("sadness", "anger", "neutral", "positive")
    )
    with pytest.raises(ModelError, match="the registry gives"):
        open_gigaam(dataclasses.replace(pulled, registered=swapped))


class Touch:
    """Unpickled by Python, it makes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_code_in_the_checkpoint_is_not_run(tmp_path):
    trap = tmp_path / "trap"
    hostile = saved(tmp_path, {}, document={"preprocessor": Touch(trap)})
    with pytest.raises(ModelError, match="nothing was run"):
        open_gigaam(hostile)
    hostile = saved(tmp_path, {}, more=settings({"hook": Touch(trap)}))
    with pytest.raises(ModelError, match="nothing was run"):
        open_gigaam(hostile)
    assert not trap.exists()


def test_torch_is_not_imported_before_it_is_needed():
    code = """
import sys, emoreport.models.families.gigaam
print({"torch", "transformers", "onnx"} & {*sys.modules})
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


# ------------------------------------------------------------------------------- exported


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
@pytest.mark.parametrize("window", [None, "model-window.onnx"])
def test_a_graph_says_what_the_network_says(pulled, model, graphs, runtime, window):
    at = None if window is None else graphs / window
    found = exported(pulled, runtime, graphs / "model.onnx", at)
    np.testing.assert_allclose(found.predict(CLIPS), model.predict(CLIPS), atol=1e-5)
    assert found.record.runtime.startswith(f"{runtime} ")


def test_the_axes_of_clips_and_frames_are_free_and_the_bands_are_not(graphs):
    described = onnx.load(graphs / "model.onnx", load_external_data=False).graph
    shapes = {
        tensor.name: [axis.dim_value for axis in tensor.type.tensor_type.shape.dim]
        for tensor in (*described.input, *described.output)
    }
    assert shapes == {"features": [0, 64, 0], "logits": [0, 4]}


def test_a_window_that_is_too_short_is_not_padded(pulled, model, graphs):
    found = exported(pulled, "onnxruntime", graphs / "model.onnx", graphs / "model-window.onnx")
    found.predict([voice(3.0)])
    assert found._runner._free is None
    np.testing.assert_allclose(found.predict([voice(2.9)]), model.predict([voice(2.9)]), atol=1e-5)
    assert found._runner._free is not None


# ------------------------------------------------------------------------------- without torch


@pytest.fixture(scope="module")
def optimised(tmp_path_factory):
    """A model whose forms were made and measured, as `emoreport models optimize` does it."""
    import wave

    folder = tmp_path_factory.mktemp("optimised")
    pulled = saved(folder)
    path = folder / "talk.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes((voice(14.0) * 32767).astype("<i2").tobytes())
    record = optimize_voice_model(pulled, [path], form="torch-float32", announce=[].append)
    return pulled, record


def test_forms_are_made_and_the_float32_ones_agree(optimised):
    pulled, record = optimised
    forms = {form.name: form for form in record.forms}
    assert forms["onnxruntime-float32"].equal
    assert forms["onnxruntime-float32"].kept
    assert (pulled.folder / FOLDER / RECORD).is_file()


def test_an_exported_form_runs_without_torch(optimised):
    """As in an install without the optional part: torch cannot be imported at all."""
    pulled, _ = optimised
    expected = open_gigaam(pulled, runtime="torch", threads=1).predict(CLIPS[:4])
    code = f"""
import importlib.metadata, json, sys
for name in ("torch", "transformers", "onnx", "onnxscript"):
    sys.modules[name] = None
version = importlib.metadata.version
def installed(name):
    if name in ("torch", "transformers"):
        raise importlib.metadata.PackageNotFoundError(name)
    return version(name)
importlib.metadata.version = installed
from pathlib import Path
from emoreport.models.families.gigaam import open_gigaam
from emoreport.models.store.registry import PulledModel, find_entry
from tests.fixtures.audio import noise, voice
files = json.loads({json.dumps(json.dumps(dict(pulled.files)))})
model = PulledModel(find_entry("gigaam/emo"), "gigaam/emo", Path({str(pulled.folder)!r}), files)
opened = open_gigaam(model, threads=1)
clips = [*(voice(3.0, seed=seed) for seed in range(3)), noise(3.0)]
print(json.dumps([opened.record.runtime, opened.predict(clips).tolist()]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    runtime, found = json.loads(done.stdout)
    assert runtime.startswith(("onnxruntime ", "openvino "))
    np.testing.assert_allclose(found, expected, atol=0.02)


def test_a_form_that_was_not_made_is_an_error_that_says_how_to_make_it(pulled):
    with pytest.raises(ModelError) as caught:
        open_gigaam(pulled, runtime="onnxruntime")
    assert "`emoreport models optimize gigaam/emo --speech RECORDING`" in caught.value.remedy
