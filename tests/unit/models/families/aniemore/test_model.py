"""The Aniemore models as the pipeline sees them, on tiny checkpoints of the published layouts."""

import dataclasses
import itertools
import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from emoreport.errors import ModelError, SpeechStageError
from emoreport.models.families import voice_network as room
from emoreport.models.families.aniemore import local_aniemore, open_aniemore
from emoreport.models.families.aniemore.batches import prepared
from emoreport.models.families.aniemore.checkpoint import read_checkpoint
from emoreport.models.families.aniemore.network import load_network
from emoreport.models.families.voice_network import VoiceNetworkModel
from emoreport.models.runtimes import forms as optimizing
from emoreport.models.runtimes.forms import FormsRecord, MeasuredForm
from emoreport.settings import SpeechSettings
from emoreport.speech.reading import read_speech
from tests.fixtures.aniemore import (
    GROUP_NORM,
    LABELS,
    PUBLISHED,
    checkpoint_folder,
    published,
    rounding_noise,
)
from tests.fixtures.audio import (
    RATE_HZ,
    KnownSpeech,
    LevelDetector,
    MemoryTrack,
    noise,
    silence,
    tone,
    voice,
)

NORMS = {"layer": {}, "group": GROUP_NORM}
MIXED = [
    voice(3.0),
    noise(2.9),
    voice(2.8, seed=1),
    tone(3.0),
    voice(1.2, seed=2),
    noise(0.2),
    voice(7.0, seed=3),
    silence(2.7),
    voice(2.6, seed=4),
    np.array([0.1], np.float32),
]


@pytest.fixture(scope="module")
def pulled(tmp_path_factory):
    return published(tmp_path_factory.mktemp("model"), "wav2vec2-xlsr-53")


@pytest.fixture(scope="module")
def model(pulled):
    return open_aniemore(pulled, threads=1, reason="a test")


# ------------------------------------------------------------------------------- prediction


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("name", PUBLISHED)
def test_clips_of_mixed_lengths_get_the_answers_they_get_alone(tmp_path, name, norm):
    model = open_aniemore(published(tmp_path, name, **NORMS[norm]), threads=1)
    alone = np.concatenate([model.predict([clip]) for clip in MIXED])
    np.testing.assert_allclose(model.predict(MIXED), alone, atol=1e-5)
    np.testing.assert_allclose(model.predict(MIXED[::-1]), alone[::-1], atol=1e-5)
    # The answers differ by far more than that, so that a wrong one would show.
    assert np.ptp(alone, axis=0).max() > 1e-2


def test_probabilities_are_those_of_the_network_on_the_prepared_clip(pulled, model):
    network = load_network(read_checkpoint(pulled))
    for clip in (voice(3.0), noise(1.5)):
        sound = torch.from_numpy(prepared(clip, shortest=1, normalise=True))
        with torch.inference_mode():
            expected = torch.softmax(network(sound[None]), dim=1).numpy()
        np.testing.assert_allclose(model.predict([clip]), expected, atol=1e-6)


def test_loudness_does_not_count_where_it_is_taken_out(tmp_path, model):
    clip = voice(3.0)
    np.testing.assert_allclose(model.predict([clip]), model.predict([0.1 * clip]), atol=1e-4)
    plain = open_aniemore(
        published(tmp_path, "wav2vec2-xlsr-53", preprocessor={"do_normalize": False}), threads=1
    )
    assert np.abs(plain.predict([clip]) - plain.predict([0.1 * clip])).max() > 1e-3


def test_a_clip_below_a_second_is_repeated(model):
    clip = voice(0.5)
    np.testing.assert_allclose(model.predict([clip]), model.predict([np.tile(clip, 2)]), atol=1e-5)


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_hidden_layer_is_the_mean_of_transformers_own(tmp_path, name):
    pulled = published(tmp_path, name)
    checkpoint = read_checkpoint(pulled)
    clip = prepared(voice(2.0), shortest=1, normalise=checkpoint.normalise)
    encoder = getattr(load_network(checkpoint).classifier, checkpoint.family)
    with torch.inference_mode():
        hidden = encoder(torch.from_numpy(clip)[None], output_hidden_states=True).hidden_states
    assert len(hidden) == 3
    for layer, states in enumerate(hidden):
        model = open_aniemore(pulled, threads=1, features=f"layer:{layer}")
        _, features = model.embed([voice(2.0), voice(1.9, seed=1)])
        assert features.shape == (2, 32)
        np.testing.assert_allclose(features[0], states[0].mean(dim=0), atol=1e-4)
    with pytest.raises(ModelError, match=r"no layer 3.*layer:0 to layer:2"):
        open_aniemore(pulled, threads=1, features="layer:3")


def test_what_the_last_layer_sees_gives_the_answer_of_the_model(tmp_path):
    pulled = published(tmp_path, "wavlm-resd")
    model = open_aniemore(pulled, threads=1, features="model")
    scores, features = model.embed([voice(2.0), noise(1.0)])
    head = load_file(pulled.folder / "model.safetensors")
    logits = features @ head["classifier.weight"].numpy().T + head["classifier.bias"].numpy()
    answers = torch.from_numpy(logits).softmax(dim=1).numpy()
    np.testing.assert_allclose(scores.probabilities, answers, atol=1e-5)


class Listening:
    """A stand-in runner that remembers what it was given."""

    runtime, device = "none", "cpu"

    def __init__(self):
        self.shapes = []

    def logits(self, feeds):
        audio, *frames = feeds.values()
        self.shapes.append((audio.shape, *[counts.tolist() for counts in frames]))
        return np.zeros((len(audio), len(LABELS)), np.float32)


def test_convolutions_that_need_more_than_a_second_get_it(pulled):
    checkpoint = dataclasses.replace(read_checkpoint(pulled), steps=((20_000, 10),))
    runner = Listening()
    VoiceNetworkModel(checkpoint, runner, {}, pulled).predict([voice(1.0), voice(1.5)])
    assert runner.shapes == [((2, 24_000), [1, 401])]


def test_a_model_that_takes_no_padding_is_told_of_no_frames(tmp_path):
    pulled = published(tmp_path, "wavlm-resd", weights={})
    runner = Listening()
    model = VoiceNetworkModel(read_checkpoint(pulled), runner, {}, pulled)
    model.predict([voice(3.0), voice(2.9), voice(3.0)])
    assert runner.shapes == [((1, 46_400),), ((2, 48_000),)]


@pytest.mark.parametrize(
    "clip",
    [
        np.zeros(0, np.float32),
        np.zeros((2, RATE_HZ), np.float32),
        np.full(RATE_HZ, np.nan, np.float32),
    ],
    ids=["empty", "stereo", "not finite"],
)
def test_unusable_clips_are_refused(model, clip):
    with pytest.raises(SpeechStageError):
        model.predict([voice(1.0), clip])


def test_weights_that_give_no_numbers_are_an_error(tmp_path):
    folder = checkpoint_folder(tmp_path)
    weights = load_file(folder / "model.safetensors")
    weights["classifier.out_proj.bias"][0] = float("nan")
    save_file(weights, folder / "model.safetensors")
    with pytest.raises(ModelError, match="unusable output"):
        open_aniemore(local_aniemore(folder)).predict([voice(1.0)])


# ------------------------------------------------------------------------------- the whole path


@pytest.mark.parametrize("file", ["model.safetensors", "pytorch_model.bin"])
@pytest.mark.parametrize("name", PUBLISHED)
def test_a_recording_is_read_from_the_files_to_the_windows(tmp_path, name, file):
    model = open_aniemore(published(tmp_path, name, file=file), threads=1)
    sound = np.concatenate([silence(4.0), voice(9.0), silence(4.0)])
    readings = read_speech(MemoryTrack(sound), LevelDetector(), model, SpeechSettings())
    assert readings.labels == LABELS
    judged = ~np.isnan(readings.probabilities).any(axis=1)
    np.testing.assert_array_equal(judged, readings.speech_s >= 0.25)
    assert 9 <= judged.sum() < len(readings)
    for start_s, row in itertools.islice(
        zip(readings.start_s[judged], readings.probabilities[judged], strict=True), 3
    ):
        first = round(start_s * RATE_HZ)
        alone = model.predict([sound[first : first + 3 * RATE_HZ]])[0]
        np.testing.assert_allclose(row, alone, atol=1e-4)


def test_a_recording_shorter_than_a_window_is_read(model):
    speech = KnownSpeech((0.0, 1.4))
    readings = read_speech(MemoryTrack(voice(1.4)), speech, model, SpeechSettings())
    np.testing.assert_allclose(readings.probabilities, model.predict([voice(1.4)]), atol=1e-5)


# ------------------------------------------------------------------------------- what ran


def test_the_record_says_what_ran(pulled, model):
    record = model.record
    assert (record.name, record.kind) == ("aniemore/wav2vec2-xlsr-53", "voice")
    assert record.version == "0" * 40
    assert record.files == pulled.files
    assert (record.runtime, record.device) == (f"torch {torch.__version__.split('+')[0]}", "cpu")
    assert (record.licence, record.reason) == ("none, random", "a test")
    assert record.labels == model.labels == LABELS
    assert (model.sample_rate_hz, model.min_window_s, model.max_window_s) == (RATE_HZ, 3.0, 12.0)


def test_a_local_folder_is_a_model(tmp_path):
    folder = checkpoint_folder(tmp_path / "mine", "hubert", "sequence")
    record = open_aniemore(local_aniemore(folder)).record
    assert (record.name, record.version, record.licence) == ("mine", "local", "")
    assert set(record.files) == {"config.json", "preprocessor_config.json", "model.safetensors"}


def test_a_graphics_card_that_is_not_there_is_an_error(pulled, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ModelError, match="no graphics card"):
        open_aniemore(pulled, device="cuda")
    for device in ("auto", "cpu"):
        assert open_aniemore(pulled, device=device).record.device == "cpu"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no graphics card")
def test_a_graphics_card_gives_the_same_answers(pulled, model):
    found = open_aniemore(pulled, device="cuda")
    assert found.record.device == "cuda"
    np.testing.assert_allclose(found.predict(MIXED), model.predict(MIXED), atol=1e-3)


def test_threads_are_those_asked_for(pulled):
    before = torch.get_num_threads()
    try:
        for threads in (2, 1):
            open_aniemore(pulled, threads=threads)
            assert torch.get_num_threads() == threads
        open_aniemore(pulled, threads=0)
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
def test_a_form_that_was_not_made_is_an_error_that_says_how_to_make_it(pulled, tmp_path, runtime):
    with pytest.raises(ModelError) as caught:
        open_aniemore(pulled, runtime=runtime)
    assert runtime in caught.value.cause
    assert "`emoreport models optimize aniemore/wav2vec2-xlsr-53 " in caught.value.remedy
    folder = checkpoint_folder(tmp_path / "mine", weights={})
    with pytest.raises(ModelError) as caught:
        open_aniemore(local_aniemore(folder), runtime=runtime)
    assert f"`emoreport models optimize {folder} " in caught.value.remedy


def record_of(pulled, **changes):
    """A record that chose torch in bfloat16: the one form without files."""
    version = torch.__version__.split("+")[0]
    form = MeasuredForm("torch", "bfloat16", version, "", "", 10.0, 0.001, 1.0, kept=True)
    facts = {
        "model": pulled.name,
        "source": dict(pulled.files),
        "versions": {},
        "measured_on": {},
        "unit": "× real time",
        "forms": (form,),
        "failed": {},
        "chosen": form.name,
    }
    return FormsRecord(**(facts | changes))


def test_the_form_that_was_chosen_runs_unless_another_is_named(tmp_path):
    pulled = published(tmp_path, "wav2vec2-xlsr-53")
    folder = tmp_path / optimizing.FOLDER
    folder.mkdir()
    document = record_of(pulled).document()
    (folder / optimizing.RECORD).write_text(json.dumps(document), encoding="utf-8")
    chosen = open_aniemore(pulled, device="cpu")
    plain = open_aniemore(pulled, runtime="torch", device="cpu")
    assert chosen.record.runtime == f"{plain.record.runtime} bfloat16"
    clip = voice(3.0)
    difference = np.abs(chosen.predict([clip]) - plain.predict([clip])).max()
    assert 0 < difference < max(0.02, 4.0 * rounding_noise(chosen, clip))
    again = open_aniemore(pulled, runtime="torch", device="cpu").predict([clip])
    np.testing.assert_array_equal(again, plain.predict([clip]))


def test_a_graphics_card_goes_before_a_form_for_the_processor(tmp_path, monkeypatch):
    pulled = published(tmp_path, "wav2vec2-xlsr-53")
    folder = tmp_path / optimizing.FOLDER
    folder.mkdir()
    document = record_of(pulled).document()
    (folder / optimizing.RECORD).write_text(json.dumps(document), encoding="utf-8")
    monkeypatch.setattr(room, "graphics_card", lambda: True)
    for device, precision in (("auto", "float32"), ("cuda", "float32"), ("cpu", "bfloat16")):
        assert room._form(pulled, "auto", device).precision == precision


def test_torch_is_not_imported_before_it_is_needed():
    code = """
import sys, emoreport.models.families.aniemore
print({"torch", "transformers"} & {*sys.modules})
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
