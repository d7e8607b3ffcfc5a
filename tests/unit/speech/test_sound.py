import tracemalloc

import numpy as np
import pytest

from emoreport.records import CONTOUR_STEP_S, Span
from emoreport.settings import SpeechSettings
from emoreport.speech import sound
from emoreport.speech.reading import read_speech
from emoreport.speech.sound import measure_contour, with_sound
from tests.fixtures.audio import (
    RATE_HZ,
    KnownSpeech,
    MemoryTrack,
    RepeatedTrack,
    noise,
    silence,
    tone,
    voice,
)


def readings_of(samples, *speech, start_s=0.0):
    track = MemoryTrack(samples, start_s=start_s)
    readings = read_speech(track, KnownSpeech(*speech), None, SpeechSettings(acoustics=False))
    return with_sound(readings, track)


def test_the_contour_holds_the_frames_inside_speech():
    track = MemoryTrack(np.concatenate([tone(3.0, frequency_hz=150.0), silence(1.0)]))
    contour = measure_contour(track, (Span(0.5, 0.7), Span(1.004, 1.032)))
    expected_s = [*np.arange(0.5, 0.695, 0.01), 1.01, 1.02, 1.03]
    np.testing.assert_allclose(contour.time_s, expected_s, atol=1e-9)
    np.testing.assert_allclose(contour.f0_hz[:20], 150.0, rtol=0.003)


def test_a_late_sound_is_measured_where_it_is():
    samples = np.concatenate([tone(1.0, frequency_hz=110.0), tone(1.0, frequency_hz=220.0)])
    contour = measure_contour(MemoryTrack(samples, start_s=1.5), (Span(1.5, 3.5),))
    early = contour.time_s < 2.45
    np.testing.assert_allclose(contour.f0_hz[early][3:], 110.0, rtol=0.003)
    np.testing.assert_allclose(contour.f0_hz[contour.time_s > 2.55][:-3], 220.0, rtol=0.003)


def test_pieces_join_without_a_seam(monkeypatch):
    track = MemoryTrack(voice(5.0))
    whole = measure_contour(track, (Span(0.0, 5.0),))
    monkeypatch.setattr(sound, "PIECE_S", 1.37)
    pieces = measure_contour(track, (Span(0.0, 5.0),))
    np.testing.assert_array_equal(pieces.time_s, whole.time_s)
    np.testing.assert_allclose(pieces.level_db, whole.level_db, atol=1e-4)
    assert (np.isnan(pieces.f0_hz) == np.isnan(whole.f0_hz)).mean() > 0.98
    np.testing.assert_allclose(np.nanmedian(pieces.f0_hz), np.nanmedian(whole.f0_hz), rtol=0.005)


def test_every_window_is_measured():
    samples = np.concatenate([0.2 * voice(4.0, pitch_hz=100.0), voice(4.0, pitch_hz=200.0)])
    readings = readings_of(samples, (0.0, 8.0))
    low, high = readings.extra["f0_median_hz"][[0, -1]]
    assert 12 * np.log2(high / low) == pytest.approx(12.0, abs=2.0)
    quiet, loud = readings.extra["loudness_db"][[0, -1]]
    assert loud - quiet == pytest.approx(14.0, abs=1.5)
    assert (readings.extra["voiced_share"] > 0.6).all()
    np.testing.assert_allclose(readings.extra["syllables_per_s"], 4.0, atol=0.7)
    assert all(values.dtype == np.float32 for values in readings.extra.values())


def test_jitter_and_shimmer_need_praat_and_a_second_of_voice():
    pytest.importorskip("parselmouth")
    samples = np.concatenate([voice(6.0), silence(3.0)])
    readings = readings_of(samples, (0.0, 6.0))
    known = ~np.isnan(readings.extra["jitter"])
    np.testing.assert_array_equal(known, ~np.isnan(readings.extra["shimmer"]))
    assert known[:4].all()
    assert not known[-1]
    assert (readings.extra["jitter"][known] < 0.03).all()


def test_without_praat_the_rest_is_measured(monkeypatch):
    monkeypatch.setattr(sound, "has_praat", lambda: False)
    readings = readings_of(voice(4.0), (0.0, 4.0))
    assert np.isnan(readings.extra["jitter"]).all()
    assert not np.isnan(readings.extra["f0_median_hz"]).any()


@pytest.mark.parametrize(
    ("samples", "speech"),
    [
        (silence(5.0), (0.0, 5.0)),
        (noise(5.0), (0.0, 5.0)),
        (np.sign(voice(5.0)), (0.0, 5.0)),
        (voice(0.5), (0.0, 0.5)),
        (voice(0.03), (0.0, 0.03)),
        (voice(5.0), (4.9999, 5.0)),
    ],
    ids=["silence", "noise", "clipped", "half a second", "a scrap", "no frame"],
)
def test_hostile_sound_is_measured_or_unknown_but_never_wrong(samples, speech):
    readings = readings_of(samples.astype(np.float32), speech)
    extra = readings.extra
    assert not np.isinf(np.concatenate([*extra.values()])).any()
    pitch_hz = extra["f0_median_hz"][~np.isnan(extra["f0_median_hz"])]
    assert ((pitch_hz > 70) & (pitch_hz < 520)).all()
    shares = extra["voiced_share"][~np.isnan(extra["voiced_share"])]
    assert ((shares >= 0) & (shares <= 1)).all()


def test_silence_that_is_taken_for_speech_has_no_pitch():
    readings = readings_of(silence(5.0), (0.0, 5.0))
    assert np.isnan(readings.extra["f0_median_hz"]).all()
    assert (readings.extra["voiced_share"] == 0).all()


def test_a_recording_without_sound_has_an_empty_contour():
    readings = read_speech(None, KnownSpeech(), None, SpeechSettings(), duration_s=3.0)
    assert len(with_sound(readings, None).contour) == 0


def test_memory_does_not_grow_with_the_length_of_the_speech():
    def peak_bytes(duration_s):
        track = RepeatedTrack(voice(5.0), duration_s)
        tracemalloc.start()
        contour = measure_contour(track, (Span(0.0, duration_s),))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert len(contour) == round(duration_s / CONTOUR_STEP_S)
        return peak

    # A second of readings is 100 frames of 16 bytes, and as much again while they are joined.
    assert peak_bytes(200.0) < peak_bytes(40.0) + 160 * 100 * 40
    assert 160 * RATE_HZ * 4 / 10 > 160 * 100 * 40
