"""From a checkpoint and a recording to the form that runs from then on."""

import dataclasses
import hashlib
import importlib.util
import json
import wave

import numpy as np
import pytest

from emoreport.errors import InputNotFoundError, ModelError, SettingsError
from emoreport.measure.optimize.voice import (
    FORMS,
    MOST_WINDOWS,
    optimize_voice_model,
    speech_clips,
)
from emoreport.media.sound import read_sound
from emoreport.models.families.aniemore import open_aniemore
from emoreport.models.runtimes.forms import FOLDER, FormsRecord
from emoreport.settings import Settings
from tests.fixtures.aniemore import published
from tests.fixtures.audio import RATE_HZ, noise, silence, voice

NAME = "wav2vec2-xlsr-53"


def written(path, samples):
    """A WAV file."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    return path


# ------------------------------------------------------------------------------- recordings


def test_windows_with_speech_are_taken_and_others_are_not(tmp_path):
    sound = np.concatenate([silence(20.0), voice(14.0), noise(20.0, level=0.01)])
    found = speech_clips([written(tmp_path / "a.wav", sound)], 3.0)
    # Twelve windows lie inside, two at each end hold half a window of speech or more.
    assert 12 <= len(found) <= 16
    assert {len(clip) for clip in found} == {3 * RATE_HZ}
    assert all(np.abs(clip).max() > 0.1 for clip in found)


def test_several_recordings_are_one_measurement(tmp_path):
    paths = [written(tmp_path / f"{n}.wav", voice(9.0, seed=n)) for n in range(2)]
    assert len(speech_clips(paths, 3.0)) == 14


def test_long_recordings_are_thinned_out_evenly(tmp_path):
    sound = np.tile(voice(10.0), 12)
    found = speech_clips([written(tmp_path / "a.wav", sound)], 3.0)
    assert len(found) == MOST_WINDOWS
    heard = read_sound(tmp_path / "a.wav")
    np.testing.assert_array_equal(found[0], heard[: 3 * RATE_HZ])
    np.testing.assert_array_equal(found[-1], heard[-3 * RATE_HZ :])


@pytest.mark.parametrize("seconds", [2.0, 8.0])
def test_too_little_speech_is_refused(tmp_path, seconds):
    path = written(tmp_path / "a.wav", np.concatenate([voice(seconds), silence(30.0)]))
    with pytest.raises(SettingsError, match="windows with speech, 10 are needed"):
        speech_clips([path], 3.0)


def test_a_recording_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(InputNotFoundError):
        speech_clips([tmp_path / "nowhere.wav"], 3.0)


def test_an_unknown_form_is_refused_before_anything_is_read(tmp_path):
    pulled = published(tmp_path, NAME, weights={})
    with pytest.raises(SettingsError, match="openvino-int4"):
        optimize_voice_model(
            pulled, [tmp_path / "nowhere.wav"], form="openvino-int4", announce=print
        )


# ------------------------------------------------------------------------------- all of it


@pytest.fixture(scope="module")
def made(tmp_path_factory, talk):
    """A tiny checkpoint, its forms made once."""
    pulled = published(tmp_path_factory.mktemp("model"), NAME)
    lines = []
    record = optimize_voice_model(
        pulled, [talk], settings=Settings().replace(threads=1), announce=lines.append
    )
    return pulled, record, lines


@pytest.mark.slow
def test_every_form_is_measured_or_says_why_not(made, talk):
    pulled, record, lines = made
    assert {form.name for form in record.forms} | set(record.failed) == set(FORMS)
    assert {"torch-float32", "onnxruntime-float32", "onnxruntime-int8"} <= {
        form.name for form in record.forms
    }
    assert record.measured_on["recordings"] == [
        {"name": "talk.mp4", "sha256": hashlib.sha256(talk.read_bytes()).hexdigest()}
    ]
    assert record.unit == "× real time"
    assert record.measured_on["windows"] >= 10
    assert record.source == pulled.files
    assert [f"measuring {form.name}" in lines for form in record.forms] == [True] * len(
        record.forms
    )
    document = json.loads((pulled.folder / FOLDER / "forms.json").read_text(encoding="utf-8"))
    assert FormsRecord.from_document(document) == record


@pytest.mark.slow
def test_the_figures_are_those_of_the_recording(made, talk):
    pulled, record, _ = made
    clips = speech_clips([talk], 3.0)
    expected = open_aniemore(pulled, runtime="torch", device="cpu", threads=1).predict(clips)
    for form in record.forms:
        assert form.speed > 0
        if form.precision == "float32":
            assert form.max_difference < 1e-4
            assert form.same_label == 1.0
    (form,) = [form for form in record.forms if form.name == "onnxruntime-float32"]
    found = open_aniemore(pulled, runtime="onnxruntime", device="cpu", threads=1).predict(clips)
    assert np.abs(found - expected).max() == pytest.approx(form.max_difference, abs=1e-6)


@pytest.mark.slow
def test_the_chosen_form_is_used_from_then_on(made):
    pulled, record, _ = made
    (chosen,) = [form for form in record.forms if form.name == record.chosen]
    assert chosen.equal
    assert chosen.precision != "int8"
    found = open_aniemore(pulled, device="cpu", threads=1).record
    assert found.runtime.split()[0] == chosen.runtime
    assert found.runtime.endswith(" bfloat16") == (chosen.precision == "bfloat16")
    assert pulled.files.items() <= found.files.items()
    assert ("optimized/model.onnx" in found.files) == bool(chosen.graph)


@pytest.mark.slow
def test_each_runtime_runs_by_name(made):
    pulled, record, _ = made
    clip = voice(3.0)
    expected = open_aniemore(pulled, runtime="torch", device="cpu", threads=1).predict([clip])
    runtimes = {form.runtime for form in record.forms}
    assert ("openvino" in runtimes) == (importlib.util.find_spec("openvino") is not None)
    for runtime in runtimes:
        model = open_aniemore(pulled, runtime=runtime, device="cpu", threads=1)
        assert model.record.runtime.startswith(f"{runtime} ")
        np.testing.assert_allclose(model.predict([clip]), expected, atol=0.02)


@pytest.mark.slow
def test_changed_weights_make_the_forms_void(made):
    pulled, _, _ = made
    other = dataclasses.replace(pulled, files={**pulled.files, "config.json": "0" * 64})
    with pytest.raises(ModelError, match="made from other files"):
        open_aniemore(other, device="cpu")
    assert open_aniemore(other, runtime="torch", device="cpu").record.runtime.startswith("torch ")


@pytest.mark.slow
def test_eight_bit_weights_run_when_they_are_asked_for(tmp_path, talk):
    pulled = published(tmp_path, NAME)
    record = optimize_voice_model(
        pulled,
        [talk],
        settings=Settings().replace(threads=1),
        form="onnxruntime-int8",
        announce=lambda _: None,
    )
    assert record.chosen == "onnxruntime-int8"
    found = open_aniemore(pulled, device="cpu", threads=1).record
    assert found.runtime.endswith(" int8")
    assert set(found.files) - set(pulled.files) == {
        "optimized/model-int8.onnx",
        "optimized/model-int8.onnx.data",
    }
