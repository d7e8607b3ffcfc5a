"""What every voice activity detector and every voice-emotion model keeps to, stand-ins included."""

import itertools
import math

import numpy as np
import pytest

from emoreport.errors import ModelError
from emoreport.models.families.aniemore import open_aniemore
from emoreport.models.families.compact import CompactVoiceModel
from emoreport.models.families.gigaam import open_gigaam
from emoreport.models.store.model_metadata import folder_metadata, shipped_metadata
from emoreport.records import (
    VOICE_MEASURES,
    EmbeddingVoiceModel,
    MeasuringVoiceModel,
    VoiceActivityDetector,
    VoiceEmotionModel,
)
from emoreport.settings import SpeechSettings
from emoreport.speech.activity import SileroDetector
from emoreport.speech.reading import read_speech
from emoreport.vocabulary import EMOTIONS, VOICE_ONLY_EMOTIONS
from tests.fixtures.aniemore import GROUP_NORM, PUBLISHED, published, published_dusha
from tests.fixtures.audio import (
    RATE_HZ,
    LevelDetector,
    LoudnessModel,
    MemoryTrack,
    noise,
    silence,
    tone,
    voice,
)
from tests.fixtures.gigaam import saved as saved_gigaam
from tests.fixtures.graphs import voice_model_folder


def shipped_model(folder):
    return CompactVoiceModel(shipped_metadata("voice"), threads=1)


def folder_model(folder):
    described = folder_metadata(voice_model_folder(folder, temperature=20.0), "voice")
    return CompactVoiceModel(described, threads=1)


def measuring_model(folder):
    described = folder_metadata(voice_model_folder(folder, measures=VOICE_MEASURES), "voice")
    return CompactVoiceModel(described, threads=1)


DETECTORS = {"silero": lambda: SileroDetector(0.5), "level": LevelDetector}


def aniemore_model(name, **changes):
    return lambda folder: open_aniemore(published(folder, name, **changes), threads=1)


MODELS = {
    "shipped": shipped_model,
    "folder": folder_model,
    "measuring": measuring_model,
    "loudness": lambda folder: LoudnessModel(),
    **{f"aniemore {name}": aniemore_model(name) for name in PUBLISHED},
    "aniemore group": aniemore_model("wav2vec2-resd", **GROUP_NORM),
    "dusha": lambda folder: random_dusha(folder),  # noqa: PLW0108 - defined below
    "dusha/hubert-large": lambda folder: open_aniemore(published_dusha(folder), threads=1),
    "aniemore wavlm layer": lambda folder: open_aniemore(
        published(folder, "wavlm-resd"), threads=1, features="layer:1"
    ),
    "aniemore xlsr-53 layer": lambda folder: open_aniemore(
        published(folder, "wav2vec2-xlsr-53"), threads=1, features="layer:1"
    ),
    "gigaam layer": lambda folder: open_gigaam(saved_gigaam(folder), threads=1, features="layer:1"),
    "gigaam/emo": lambda folder: open_gigaam(saved_gigaam(folder), threads=1),
}


@pytest.fixture(params=DETECTORS, scope="module")
def detector(request):
    return DETECTORS[request.param]()


@pytest.fixture(params=MODELS, scope="module")
def model(request, tmp_path_factory):
    return MODELS[request.param](tmp_path_factory.mktemp("model"))


# ------------------------------------------------------------------------------- detectors


def test_a_detector_is_one(detector):
    assert isinstance(detector, VoiceActivityDetector)
    assert detector.name


@pytest.mark.parametrize("start_s", [0.0, 0.0213, 4.0])
def test_spans_are_sorted_disjoint_and_inside_the_track(detector, start_s):
    samples = np.concatenate([voice(1.5), silence(1.0), voice(1.73, seed=1)])
    track = MemoryTrack(samples, start_s=start_s)
    found = detector.detect(track)
    assert isinstance(found, tuple)
    assert found
    assert all(span.duration_s > 0 for span in found)
    assert track.start_s <= found[0].start_s
    assert found[-1].end_s <= track.end_s
    for earlier, later in itertools.pairwise(found):
        assert earlier.end_s < later.start_s


@pytest.mark.parametrize("length_s", [0.0, 0.01, 5.0])
def test_silence_holds_no_speech(detector, length_s):
    assert detector.detect(MemoryTrack(silence(length_s))) == ()


def test_a_detector_remembers_nothing(detector):
    track = MemoryTrack(voice(2.0))
    first = detector.detect(track)
    detector.detect(MemoryTrack(noise(1.0)))
    assert detector.detect(track) == first


def test_a_detector_leaves_the_track_open(detector):
    track = MemoryTrack(voice(1.0))
    detector.detect(track)
    assert not track.closed


# ------------------------------------------------------------------------------- models


def test_a_model_is_one(model):
    assert isinstance(model, VoiceEmotionModel)
    assert model.record.kind == "voice"
    assert model.record.labels == model.labels
    assert model.sample_rate_hz == RATE_HZ
    assert 0 < model.min_window_s <= model.max_window_s < math.inf


def test_labels_are_known_emotions_each_once(model):
    assert len(set(model.labels)) == len(model.labels) > 1
    assert set(model.labels) <= {*EMOTIONS, *VOICE_ONLY_EMOTIONS}


CLIPS = {
    "voice": voice(3.0),
    "noise": noise(3.0),
    "silence": silence(3.0),
    "loud": np.ones(3 * RATE_HZ, dtype=np.float32),
    "tone": tone(2.0),
    "long": voice(12.0, seed=2),
    "short": voice(0.5, seed=3),
    "very short": voice(0.05, seed=4),
    "one sample": np.array([0.1], dtype=np.float32),
}


@pytest.mark.parametrize("name", CLIPS)
def test_rows_are_distributions(model, name):
    found = model.predict([CLIPS[name]])
    assert found.shape == (1, len(model.labels))
    assert found.dtype == np.float32
    assert (found >= 0).all()
    assert found.sum() == pytest.approx(1.0, abs=1e-5)


def test_a_batch_says_what_its_clips_say_alone(model):
    clips = list(CLIPS.values())
    together = model.predict(clips)
    alone = np.concatenate([model.predict([clip]) for clip in clips])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    np.testing.assert_allclose(model.predict(clips[::-1]), alone[::-1], atol=1e-5)


def test_clips_of_one_length_say_what_they_say_alone(model):
    clips = [voice(3.0, seed=seed) for seed in range(8)]
    alone = np.concatenate([model.predict([clip]) for clip in clips])
    np.testing.assert_allclose(model.predict(clips), alone, atol=1e-5)


def test_the_same_clip_says_the_same_twice(model):
    np.testing.assert_array_equal(model.predict([CLIPS["voice"]]), model.predict([CLIPS["voice"]]))


@pytest.mark.parametrize("name", ["shipped", "folder", "measuring"])
def test_measures_beside_the_emotions_are_those_that_are_described(name, tmp_path):
    model = MODELS[name](tmp_path)
    assert isinstance(model, MeasuringVoiceModel)
    clips = list(CLIPS.values())
    scores, alone = model.measure(clips), [model.measure([clip]) for clip in clips]
    np.testing.assert_array_equal(scores.probabilities, model.predict(clips))
    assert set(scores.measures) <= set(VOICE_MEASURES)
    assert set(model.measure([]).measures) == set(scores.measures)
    for measure, values in scores.measures.items():
        assert (values.shape, values.dtype) == ((len(clips),), np.float32)
        assert (values >= 0).all()
        single = np.concatenate([said.measures[measure] for said in alone])
        np.testing.assert_allclose(values, single, rtol=1e-4, atol=1e-4)
    assert (scores.measures.get("intensity", np.zeros(1)) <= 1).all()


def embeds(model):
    """Whether a model gives features: all but a graph without a linear layer at its end."""
    if isinstance(model, CompactVoiceModel) and model.record.name == "tiny-voice":
        with pytest.raises(ModelError, match="does not end in one linear layer"):
            model.embed([CLIPS["voice"]])
        return False
    return True


def test_an_embedding_comes_with_the_scores_of_predict(model):
    if not embeds(model):
        return
    assert isinstance(model, EmbeddingVoiceModel)
    clips = [CLIPS[name] for name in ("voice", "noise", "tone")]
    scores, features = model.embed(clips)
    assert features.shape == (3, model.feature_width)
    assert features.dtype == np.float32
    assert np.isfinite(features).all()
    assert np.ptp(features, axis=0).max() > 0
    np.testing.assert_allclose(scores.probabilities, model.predict(clips), atol=1e-5)
    if isinstance(model, MeasuringVoiceModel):
        for name, values in model.measure(clips).measures.items():
            np.testing.assert_allclose(scores.measures[name], values, rtol=1e-4, atol=1e-5)


def test_an_embedding_in_a_batch_is_that_of_the_clip_alone(model):
    if not embeds(model):
        return
    clips = [voice(3.0), voice(1.5, seed=1), CLIPS["short"]]
    together = model.embed(clips)[1]
    alone = np.concatenate([model.embed([clip])[1] for clip in clips])
    np.testing.assert_allclose(together, alone, rtol=1e-5, atol=1e-5)
    scores, features = model.embed([])
    assert scores.probabilities.shape == (0, len(model.labels))
    assert features.shape == (0, model.feature_width)


def test_no_clips_give_no_rows(model):
    assert model.predict([]).shape == (0, len(model.labels))


def test_clips_stay_as_they_are(model):
    clip = voice(1.0)
    model.predict([clip])
    np.testing.assert_array_equal(clip, voice(1.0))


# ------------------------------------------------------------------------------- together


def test_every_pair_gives_readings_that_fit_together(detector, model):
    track = MemoryTrack(np.concatenate([silence(4.0), voice(3.0), silence(4.0)]))
    readings = read_speech(track, detector, model, SpeechSettings(), duration_s=11.0)
    windows = len(readings)
    assert readings.labels == model.labels
    assert readings.end_s.shape == readings.speech_s.shape == (windows,)
    assert readings.probabilities.shape == (windows, len(model.labels))
    unknown = np.isnan(readings.probabilities)
    np.testing.assert_array_equal(unknown.any(axis=1), unknown.all(axis=1))
    np.testing.assert_allclose(
        readings.probabilities[~unknown.any(axis=1)].sum(axis=1), 1.0, atol=1e-5
    )
    assert not unknown[3:6].any()
    assert unknown[0].all()


# ------------------------------------------------------------------------------- dusha


def random_dusha(folder):
    from emoreport.models.families.dusha import open_dusha
    from tests.fixtures.dusha import random_network, saved

    return open_dusha(saved(folder, random_network().state_dict()), threads=1)
