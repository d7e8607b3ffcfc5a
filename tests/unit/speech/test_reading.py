import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from emoreport.errors import SpeechStageError
from emoreport.models.families.compact import CompactVoiceModel
from emoreport.models.store.model_metadata import folder_metadata
from emoreport.records import VOICE_MEASURES, Span, VoiceScores
from emoreport.settings import SpeechSettings
from emoreport.speech.reading import (
    CLIPS_AT_ONCE,
    CLIPS_ON_A_CARD,
    LEAST_SPEECH_S,
    WINDOW_WITHOUT_MODEL_S,
    read_speech,
)
from tests.fixtures.audio import (
    RATE_HZ,
    KnownSpeech,
    LevelDetector,
    LoudnessModel,
    MemoryTrack,
    RepeatedTrack,
    noise,
    silence,
    tone,
    voice,
)
from tests.fixtures.graphs import voice_model_folder

SETTINGS = SpeechSettings()


def spoken(readings):
    return ~np.isnan(readings.probabilities).any(axis=1)


def test_windows_with_speech_are_judged_and_the_others_are_unknown():
    track = MemoryTrack(np.concatenate([silence(4.0), tone(2.0, level=0.25), silence(4.0)]))
    readings = read_speech(track, LevelDetector(), LoudnessModel(), SETTINGS)
    np.testing.assert_allclose(readings.start_s, np.arange(8.0), atol=1e-9)
    np.testing.assert_allclose(readings.end_s, np.arange(8.0) + 3.0, atol=1e-9)
    np.testing.assert_allclose(readings.speech_s, [0, 0, 1, 2, 2, 1, 0, 0], atol=0.2)
    assert spoken(readings).tolist() == [False, False, True, True, True, True, False, False]
    np.testing.assert_allclose(readings.probabilities[2:6], [[0.25, 0.75]] * 4, atol=1e-3)
    assert readings.labels == ("anger", "neutral")
    assert len(readings) == 8


def test_each_window_is_judged_on_its_own_samples():
    levels = np.repeat(np.linspace(0.1, 0.9, 9, dtype=np.float32), RATE_HZ)
    model = LoudnessModel(min_window_s=1.0)
    vad = KnownSpeech((0.0, 9.0))
    readings = read_speech(MemoryTrack(levels), vad, model, SETTINGS)
    np.testing.assert_allclose(readings.probabilities[:, 0], np.linspace(0.1, 0.9, 9), atol=1e-6)
    assert max(model.batches) == CLIPS_AT_ONCE
    assert sum(model.batches) == 9


def test_a_graphics_card_gets_more_windows_a_call_and_reads_the_same():
    tables, batches = [], []
    for device in ("cpu", "cuda"):
        model = LoudnessModel(min_window_s=1.0)
        model.record = replace(model.record, device=device)
        track = MemoryTrack(np.linspace(0.0, 1.0, 40 * RATE_HZ, dtype=np.float32))
        readings = read_speech(track, KnownSpeech((0.0, 40.0)), model, SETTINGS)
        tables.append(readings.probabilities)
        batches.append(max(model.batches))
    assert batches == [CLIPS_AT_ONCE, CLIPS_ON_A_CARD]
    np.testing.assert_array_equal(*tables)


def test_features_of_every_window_are_handed_on_as_they_come():
    samples = np.concatenate([silence(12.0), voice(30.0), silence(12.0)])
    parts = []
    alone = read_speech(MemoryTrack(samples), LevelDetector(), LoudnessModel(), SpeechSettings())
    found = read_speech(
        MemoryTrack(samples), LevelDetector(), LoudnessModel(), SpeechSettings(), keep=parts.append
    )
    np.testing.assert_array_equal(found.probabilities, alone.probabilities)
    assert len(parts) > 2
    np.testing.assert_array_equal(np.concatenate([part.start_s for part in parts]), found.start_s)
    np.testing.assert_array_equal(np.concatenate([part.end_s for part in parts]), found.end_s)
    values = np.concatenate([part.values for part in parts])
    assert values.shape == (len(found), 3)
    judged = ~np.isnan(found.probabilities).any(axis=1)
    assert 0 < judged.sum() < len(found)
    np.testing.assert_array_equal(~np.isnan(values).any(axis=1), judged)
    loudest = [
        np.abs(samples[round(start * RATE_HZ) : round(end * RATE_HZ)]).max()
        for start, end in zip(found.start_s, found.end_s, strict=True)
    ]
    np.testing.assert_allclose(np.abs(values[judged, :2]).max(axis=1), np.array(loudest)[judged])


class Quietness(LoudnessModel):
    """The quieter the clip, the more sadness; notes what it was given."""

    labels = ("sadness", "neutral", "fear")

    def __init__(self):
        super().__init__()
        self.clips = []

    def predict(self, clips):
        self.clips += [clip.copy() for clip in clips]
        loud = super().predict(clips)[:, 0]
        return np.stack((1.0 - loud, loud, 0.0 * loud), axis=1)


def test_a_witness_hears_the_same_windows():
    track = MemoryTrack(np.concatenate([silence(4.0), tone(2.0, level=0.25), silence(4.0)]))
    witness = Quietness()
    alone = read_speech(track, LevelDetector(), LoudnessModel(), SETTINGS)
    readings = read_speech(track, LevelDetector(), LoudnessModel(), SETTINGS, witness=witness)
    assert readings.witness.labels == ("sadness", "neutral", "fear")
    np.testing.assert_array_equal(readings.probabilities, alone.probabilities)
    second = readings.witness.probabilities
    assert (~np.isnan(second).any(axis=1)).tolist() == spoken(readings).tolist()
    np.testing.assert_allclose(second[2:6], [[0.75, 0.25, 0.0]] * 4, atol=1e-3)
    heard = [track.read(Span(at, at + 3.0)) for at in (2.0, 3.0, 4.0, 5.0)]
    np.testing.assert_array_equal(witness.clips, heard)
    assert read_speech(None, LevelDetector(), LoudnessModel(), SETTINGS, witness=witness).witness


def test_a_witness_for_another_sample_rate_is_refused():
    witness = Quietness()
    witness.sample_rate_hz = 8_000
    with pytest.raises(SpeechStageError, match="8000 Hz"):
        read_speech(
            MemoryTrack(tone(4.0)), LevelDetector(), LoudnessModel(), SETTINGS, witness=witness
        )


def test_the_late_start_of_the_sound_is_kept():
    track = MemoryTrack(tone(4.0), start_s=1.5)
    readings = read_speech(track, LevelDetector(), LoudnessModel(), SETTINGS)
    np.testing.assert_allclose(readings.start_s, [1.5, 2.0, 2.5])
    assert readings.speech[0].start_s == 1.5
    assert spoken(readings).all()


def test_a_recording_without_sound_has_no_windows():
    readings = read_speech(None, LevelDetector(), LoudnessModel(), SETTINGS, duration_s=7.0)
    assert len(readings) == 0
    assert readings.probabilities.shape == (0, 2)
    assert readings.speech == ()
    assert readings.labels == ("anger", "neutral")


def test_an_empty_track_has_no_windows():
    readings = read_speech(MemoryTrack(silence(0.0)), LevelDetector(), LoudnessModel(), SETTINGS)
    assert (len(readings), readings.speech) == (0, ())


@pytest.mark.parametrize("model", [None, LoudnessModel()])
def test_how_clean_the_judged_windows_are_is_measured(model):
    hiss = noise(6.0, level=0.001)
    words = np.concatenate([silence(2.0), tone(2.0, level=0.1), silence(2.0)])
    track = MemoryTrack(hiss + words)
    readings = read_speech(track, KnownSpeech((2.0, 4.0)), model, SETTINGS)
    assert np.isfinite(readings.extra["snr_db"]).tolist() == [True, True, True, True]
    power_ratio_db = 10 * np.log10(np.mean(tone(2.0, level=0.1) ** 2) / np.mean(hiss**2))
    np.testing.assert_allclose(readings.extra["snr_db"], power_ratio_db, atol=0.5)
    assert (readings.extra["clipping"] == 0).all()


def test_measures_of_the_model_stand_beside_the_windows_it_judged(tmp_path):
    folder = voice_model_folder(tmp_path, measures=("distance",))
    model = CompactVoiceModel(folder_metadata(folder, "voice"), threads=1)
    track = MemoryTrack(np.concatenate([silence(4.0), tone(2.0, level=0.5), silence(4.0)]))
    readings = read_speech(track, LevelDetector(), model, SETTINGS)
    power = (
        np.array([np.nan, np.nan, 1, 2, 2, 1, np.nan, np.nan])
        / 3.0
        * np.mean(tone(2.0, level=0.5) ** 2)
    )
    np.testing.assert_allclose(readings.extra["distance"], power, rtol=1e-3)
    assert np.isnan(readings.extra["intensity"]).all()


def test_measures_of_a_witness_have_names_of_their_own(tmp_path):
    folder = voice_model_folder(tmp_path, measures=("distance", "intensity"))
    witness = CompactVoiceModel(folder_metadata(folder, "voice"), threads=1)
    track = MemoryTrack(np.concatenate([silence(4.0), tone(2.0, level=0.5), silence(4.0)]))
    led = read_speech(track, LevelDetector(), witness, SETTINGS)
    beside = read_speech(track, LevelDetector(), LoudnessModel(), SETTINGS, witness=witness)
    for name in VOICE_MEASURES:
        np.testing.assert_array_equal(beside.extra[f"witness_{name}"], led.extra[name])
        assert np.isnan(beside.extra[name]).all()
        assert f"witness_{name}" not in led.extra


@pytest.mark.parametrize("model", [None, LoudnessModel()])
def test_what_no_model_measures_is_unknown(model):
    readings = read_speech(MemoryTrack(tone(4.0)), LevelDetector(), model, SETTINGS)
    for name in VOICE_MEASURES:
        assert readings.extra[name].dtype == np.float32
        assert np.isnan(readings.extra[name]).tolist() == [True] * len(readings)


def test_silence_has_windows_that_nobody_judges():
    model = LoudnessModel()
    readings = read_speech(MemoryTrack(silence(6.0)), LevelDetector(), model, SETTINGS)
    assert len(readings) == 4
    assert not spoken(readings).any()
    assert model.batches == []


def test_without_a_model_speech_is_found_all_the_same():
    track = MemoryTrack(np.concatenate([tone(4.0), silence(2.0)]))
    readings = read_speech(track, LevelDetector(), None, SETTINGS)
    assert readings.labels == ()
    assert readings.probabilities.shape == (4, 0)
    assert readings.speech_s[0] == pytest.approx(WINDOW_WITHOUT_MODEL_S)
    assert readings.speech[0].duration_s == pytest.approx(4.0, abs=0.11)


@pytest.mark.parametrize(
    ("speech_s", "judged"),
    [(0.0, False), (LEAST_SPEECH_S - 0.01, False), (LEAST_SPEECH_S, True), (1.0, True)],
)
def test_how_much_speech_a_window_needs(speech_s, judged):
    vad = KnownSpeech((0.1, 0.1 + speech_s)) if speech_s else KnownSpeech()
    readings = read_speech(MemoryTrack(tone(3.0)), vad, LoudnessModel(), SETTINGS)
    assert spoken(readings).tolist() == [judged]


@pytest.mark.parametrize("min_speech_s", [0.0, 0.3, 9.0])
def test_readings_do_not_depend_on_what_an_interval_needs(min_speech_s):
    track = MemoryTrack(np.concatenate([silence(4.0), tone(0.4), silence(2.0), tone(3.0)]))
    settings = SpeechSettings(min_speech_s=min_speech_s)
    found = read_speech(track, LevelDetector(), LoudnessModel(), settings)
    usual = read_speech(track, LevelDetector(), LoudnessModel(), SETTINGS)
    np.testing.assert_array_equal(found.probabilities, usual.probabilities)


@pytest.mark.parametrize("hop_s", [0.5, 1.0, 2.5])
def test_every_span_of_speech_is_heard_by_some_window(hop_s):
    starts_s = np.arange(0.0, 40.0, 4.13)
    vad = KnownSpeech(*((at_s, at_s + LEAST_SPEECH_S) for at_s in starts_s))
    settings = SpeechSettings(speech_hop_s=hop_s)
    readings = read_speech(MemoryTrack(tone(41.0)), vad, LoudnessModel(), settings)
    judged = spoken(readings)
    for span in vad.speech:
        inside = (readings.start_s <= span.start_s) & (span.end_s <= readings.end_s)
        assert (inside & judged).any()


def test_a_sound_shorter_than_a_window_is_judged_as_it_is():
    model = LoudnessModel()
    readings = read_speech(MemoryTrack(tone(0.8, level=0.5)), LevelDetector(), model, SETTINGS)
    assert model.clip_lengths == [round(0.8 * RATE_HZ)]
    assert readings.end_s.tolist() == [0.8]
    assert readings.probabilities[0, 0] == pytest.approx(0.5, abs=1e-3)


def test_the_hop_of_the_settings_is_used():
    settings = SpeechSettings(speech_hop_s=0.5)
    readings = read_speech(MemoryTrack(tone(5.0)), LevelDetector(), None, settings)
    np.testing.assert_allclose(np.diff(readings.start_s), 0.5)


class Settling(LoudnessModel):
    """Turns every window round once all of them are known; notes what it was told."""

    def settle(self, probabilities, weight_s, speech_s):
        self.told = (weight_s.tolist(), speech_s)
        return probabilities[:, ::-1].copy()


def test_a_model_that_can_holds_its_windows_against_the_recording():
    track = MemoryTrack(np.concatenate([tone(4.0, level=0.25), silence(3.0), tone(2.0, level=0.5)]))
    vad, model = KnownSpeech((0.0, 4.0), (7.0, 9.0)), Settling()
    alone = read_speech(track, vad, Settling(), SpeechSettings(speech_context="window"))
    settled = read_speech(track, vad, model, SETTINGS)
    np.testing.assert_array_equal(settled.probabilities, alone.probabilities[:, ::-1])
    weights, speech_s = model.told
    np.testing.assert_allclose(weights, settled.speech_s)
    assert speech_s == pytest.approx(6.0)
    plain = read_speech(track, vad, LoudnessModel(), SETTINGS)
    np.testing.assert_array_equal(plain.probabilities, alone.probabilities)


def test_the_witness_holds_its_windows_against_the_recording_too():
    track, vad = MemoryTrack(tone(5.0, level=0.25)), KnownSpeech((0.0, 5.0))
    found = read_speech(track, vad, LoudnessModel(), SETTINGS, witness=Settling())
    np.testing.assert_array_equal(found.witness.probabilities, found.probabilities[:, ::-1])


class Far(Settling):
    """Finds loud windows far from all that it knows."""

    def measure(self, clips):
        loud = np.array([np.abs(clip).max() for clip in clips], np.float32)
        return VoiceScores(self.predict(clips), {"distance": loud * 4.0})


def test_windows_unlike_the_training_data_do_not_say_what_is_usual():
    track = MemoryTrack(np.concatenate([tone(4.0, level=0.1), tone(6.0, level=0.9)]))
    model = Far(min_window_s=1.0)
    found = read_speech(track, KnownSpeech((0.0, 10.0)), model, SETTINGS)
    weights, speech_s = model.told
    assert weights == [1.0] * 4 + [0.0] * 6
    assert speech_s == pytest.approx(4.0)
    assert found.speech_s.tolist() == [1.0] * 10


def test_the_witness_asks_its_own_distance_what_is_usual():
    track = MemoryTrack(np.concatenate([tone(4.0, level=0.1), tone(6.0, level=0.9)]))
    vad, first, witness = KnownSpeech((0.0, 10.0)), Settling(min_window_s=1.0), Far()
    read_speech(track, vad, first, SETTINGS, witness=witness)
    assert witness.told == ([1.0] * 4 + [0.0] * 6, pytest.approx(4.0))
    assert first.told == ([1.0] * 10, pytest.approx(10.0))


def test_progress_rises_through_the_stages_and_keeps_to_the_total():
    told = []
    read_speech(
        MemoryTrack(tone(30.0)),
        LevelDetector(),
        LoudnessModel(),
        SETTINGS,
        duration_s=29.0,
        progress=lambda *facts: told.append(facts),
    )
    assert list(dict.fromkeys(stage for stage, _, _ in told)) == [
        "speech",
        "voice",
        "sound",
    ]
    for wanted in ("speech", "voice", "sound"):
        done = [done_s for stage, done_s, _ in told if stage == wanted]
        assert done == sorted(done)
        assert done[-1] == 29.0
    assert {total for _, _, total in told} == {29.0}


def test_another_sample_rate_is_refused():
    model = LoudnessModel()
    model.sample_rate_hz = 8000
    with pytest.raises(SpeechStageError, match="8000 Hz"):
        read_speech(MemoryTrack(tone(1.0)), LevelDetector(), model, SETTINGS)


def test_unusable_probabilities_are_refused():
    class Broken(LoudnessModel):
        def predict(self, clips):
            return np.full((len(clips), 2), np.nan, dtype=np.float32)

    with pytest.raises(SpeechStageError, match="unusable probabilities"):
        read_speech(MemoryTrack(tone(4.0)), LevelDetector(), Broken(), SETTINGS)


def peak_bytes(duration_s):
    track = RepeatedTrack(noise(1.0), duration_s)
    model = LoudnessModel()
    vad = KnownSpeech((0.0, duration_s))
    tracemalloc.start()
    try:
        readings = read_speech(track, vad, model, SpeechSettings(acoustics=False))
        return tracemalloc.get_traced_memory()[1], len(readings)
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_recording():
    peak_bytes(20.0)
    short, short_windows = peak_bytes(60.0)
    long, long_windows = peak_bytes(1800.0)
    assert long_windows > 30 * short_windows - 100
    # The readings themselves: some hundred bytes a window.
    assert long - short < 1000 * (long_windows - short_windows)
