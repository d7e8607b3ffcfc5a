import dataclasses
import hashlib
import json

import numpy as np
import onnx
import pytest

from emoreport.errors import ModelError, SpeechStageError
from emoreport.models.families.compact import CompactVoiceModel
from emoreport.models.families.voice_clips import SHORTEST_CLIP_S
from emoreport.models.store.model_metadata import folder_metadata
from tests.fixtures.audio import RATE_HZ, noise, tone
from tests.fixtures.graphs import VOICE_LABELS, voice_model_folder

TEMPERATURE = 100.0


@pytest.fixture
def metadata(tmp_path):
    return folder_metadata(voice_model_folder(tmp_path, temperature=TEMPERATURE), "voice")


@pytest.fixture
def model(metadata):
    return CompactVoiceModel(metadata, threads=1, reason="a test")


def expected(clip):
    power = float(np.mean(np.square(clip, dtype=np.float64)))
    logits = -2000.0 * (power - np.arange(len(VOICE_LABELS)) / 10.0) ** 2
    weights = np.exp(logits / TEMPERATURE)
    return weights / weights.sum()


def test_probabilities_are_the_softmax_of_logits_over_temperature(model):
    clips = [tone(3.0, level=level) for level in (0.1, 0.4)]
    np.testing.assert_allclose(model.predict(clips), [expected(c) for c in clips], atol=1e-4)


def test_clips_of_several_lengths_keep_their_order(model):
    clips = [
        noise(length_s, level=level, seed=n)
        for n, (length_s, level) in enumerate(
            [(3.0, 0.1), (1.0, 0.3), (3.0, 0.05), (1.4, 0.2), (1.0, 0.02)]
        )
    ]
    np.testing.assert_allclose(model.predict(clips), [expected(c) for c in clips], atol=1e-4)


def test_a_short_clip_is_repeated_so_that_its_level_stays(model):
    clip = noise(0.1, level=0.2)
    repeats = np.tile(clip, round(SHORTEST_CLIP_S / 0.1))
    np.testing.assert_allclose(model.predict([clip]), model.predict([repeats]), atol=1e-6)
    np.testing.assert_allclose(model.predict([clip])[0], expected(clip), atol=1e-4)


def test_a_single_sample_is_a_clip(model):
    found = model.predict([np.array([0.5], dtype=np.float32)])
    assert found.shape == (1, len(VOICE_LABELS))
    assert found.sum() == pytest.approx(1.0, abs=1e-5)


def test_no_clips_give_no_rows(model):
    found = model.predict([])
    assert (found.shape, found.dtype) == ((0, len(VOICE_LABELS)), np.float32)


@pytest.mark.parametrize(
    "clip",
    [
        np.zeros(0, dtype=np.float32),
        np.zeros((2, RATE_HZ), dtype=np.float32),
        np.full(RATE_HZ, np.nan, dtype=np.float32),
    ],
    ids=["empty", "stereo", "not finite"],
)
def test_unusable_clips_are_refused(model, clip):
    with pytest.raises(SpeechStageError):
        model.predict([tone(1.0), clip])


def test_the_record_says_what_ran(model, metadata):
    record = model.record
    assert (record.name, record.kind, record.device, record.reason) == (
        "tiny-voice",
        "voice",
        "cpu",
        "a test",
    )
    assert record.files == {"net.onnx": metadata.sha256}
    assert record.labels == model.labels == VOICE_LABELS


@pytest.mark.parametrize(
    "changes",
    [
        {"sample_rate_hz": 8000},
        {"min_window_s": 0.0},
        {"min_window_s": 13.0},
        {"max_window_s": float("inf")},
        {"min_window_s": float("nan")},
        {"labels": ("anger", "neutral")},
        {"input_name": "sound"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_descriptions_that_do_not_fit_are_refused(metadata, changes):
    with pytest.raises(ModelError):
        CompactVoiceModel(dataclasses.replace(metadata, **changes))


@pytest.mark.parametrize("measures", [(), ("distance",), ("intensity", "distance")])
def test_measures_are_the_outputs_that_the_graph_has(tmp_path, measures):
    folder = voice_model_folder(tmp_path, temperature=TEMPERATURE, measures=measures)
    model = CompactVoiceModel(folder_metadata(folder, "voice"), threads=1)
    clips = [tone(3.0, level=0.4), tone(1.0, level=0.1), tone(3.0, level=0.2)]
    scores = model.measure(clips)
    assert set(scores.measures) == set(measures)
    for values in scores.measures.values():
        np.testing.assert_allclose(values, [np.mean(clip**2) for clip in clips], rtol=1e-4)
    np.testing.assert_array_equal(scores.probabilities, model.predict(clips))


def test_a_measure_of_another_shape_is_refused(tmp_path):
    folder = voice_model_folder(tmp_path, measures=("distance",))
    wide = onnx.load(folder / "net.onnx")
    del wide.graph.node[-1]
    wide.graph.node.append(onnx.helper.make_node("Identity", ["mean"], ["distance"]))
    content = wide.SerializeToString()
    (folder / "net.onnx").write_bytes(content)
    description = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    description["sha256"] = hashlib.sha256(content).hexdigest()
    (folder / "model.json").write_text(json.dumps(description), encoding="utf-8")
    model = CompactVoiceModel(folder_metadata(folder, "voice"), threads=1)
    with pytest.raises(ModelError, match="unusable output"):
        model.predict([tone(1.0)])
