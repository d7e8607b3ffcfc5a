import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import butter, sosfilt

from emoreport.speech.pitch import HALF_SAMPLES, HOP_SAMPLES, QUIETEST_DB, pitch_and_level
from tests.fixtures.audio import RATE_HZ, noise, silence, tone, voice


def harmonics(pitch_hz, *, first=1, last=12):
    """Harmonics of a pitch that may change from sample to sample, peak 0.5."""
    phase = 2 * np.pi * np.cumsum(pitch_hz) / RATE_HZ
    sound = sum(np.sin(k * phase + k) / k for k in range(first, last + 1))
    return (0.5 * sound / np.abs(sound).max()).astype(np.float32)


def semitones_off(f0_hz, truth_hz):
    return np.abs(12 * np.log2(f0_hz / truth_hz))


@pytest.mark.parametrize("pitch_hz", [80.0, 97.3, 150.0, 220.0, 333.0, 480.0])
@pytest.mark.parametrize("sound", [tone, None])
def test_the_pitch_of_tones_and_harmonics_is_known_to_a_twentieth_of_a_semitone(pitch_hz, sound):
    samples = (
        tone(1.0, frequency_hz=pitch_hz)
        if sound
        else harmonics(np.full(RATE_HZ, pitch_hz), last=int(4000 / pitch_hz))
    )
    f0_hz, _ = pitch_and_level(samples)
    assert not np.isnan(f0_hz).any()
    assert semitones_off(f0_hz, pitch_hz).max() < 0.05


def test_a_glide_over_an_octave_is_followed_frame_by_frame():
    glide_hz = 110 * 2 ** np.linspace(0, 1, 2 * RATE_HZ)
    f0_hz, _ = pitch_and_level(harmonics(glide_hz))
    truth_hz = glide_hz[HALF_SAMPLES::HOP_SAMPLES][: len(f0_hz)]
    assert semitones_off(f0_hz, truth_hz).max() < 0.1


def test_a_telephone_that_drops_the_fundamental_leaves_the_pitch():
    f0_hz, _ = pitch_and_level(harmonics(np.full(RATE_HZ, 120.0), first=3, last=28))
    assert semitones_off(f0_hz, 120.0).max() < 0.05


def test_a_narrow_band_and_clipping_leave_the_pitch_of_a_voice():
    clean = voice(3.0)
    usual_hz = np.nanmedian(pitch_and_level(clean)[0])
    narrow = sosfilt(butter(6, [300, 3400], "bandpass", fs=RATE_HZ, output="sos"), clean)
    for samples in (narrow.astype(np.float32), np.clip(8 * clean, -1, 1)):
        f0_hz, _ = pitch_and_level(samples)
        assert semitones_off(np.nanmedian(f0_hz), usual_hz) < 0.3


def test_noise_and_silence_are_not_voiced():
    assert np.isnan(pitch_and_level(noise(5.0))[0]).mean() > 0.97
    f0_hz, level_db = pitch_and_level(silence(1.0))
    assert np.isnan(f0_hz).all()
    assert (level_db == QUIETEST_DB).all()


def test_between_syllables_nothing_is_voiced():
    samples = np.concatenate([tone(0.5), noise(0.5, level=0.001), tone(0.5)])
    f0_hz, _ = pitch_and_level(samples)
    voiced = ~np.isnan(f0_hz)
    assert voiced[:40].all()
    assert not voiced[52:92].any()
    assert voiced[105:].all()


@pytest.mark.parametrize("level", [1.0, 0.1, 0.01])
def test_level_is_the_mean_square_below_full_scale(level):
    _, level_db = pitch_and_level(tone(1.0, level=level) + 0.0)
    np.testing.assert_allclose(level_db, 20 * np.log10(level) - 3.01, atol=0.05)


def test_a_constant_shift_of_the_samples_is_no_loudness():
    _, level_db = pitch_and_level(tone(1.0, level=0.1))
    _, shifted_db = pitch_and_level(tone(1.0, level=0.1) + np.float32(0.3))
    np.testing.assert_allclose(shifted_db, level_db, atol=0.1)


@given(st.integers(0, 4 * HALF_SAMPLES))
def test_every_ten_milliseconds_that_a_window_fits_has_a_frame(length):
    f0_hz, level_db = pitch_and_level(np.zeros(length, np.float32))
    frames = max(0, 1 + (length - 2 * HALF_SAMPLES) // HOP_SAMPLES)
    assert f0_hz.shape == level_db.shape == (frames,)
    assert f0_hz.dtype == level_db.dtype == np.float32


@given(st.floats(0.01, 1.9))
def test_the_pitch_does_not_depend_on_the_gain(gain):
    samples = voice(1.0, seed=3)
    f0_hz, level_db = pitch_and_level(samples)
    other_hz, other_db = pitch_and_level((gain * samples).astype(np.float32))
    np.testing.assert_allclose(other_hz, f0_hz, rtol=1e-3)
    np.testing.assert_allclose(other_db - level_db, 20 * np.log10(gain), atol=0.01)


@pytest.mark.parametrize(("pitch_hz", "seed"), [(95.0, 0), (120.0, 1), (210.0, 2), (290.0, 3)])
def test_praat_hears_the_same_pitch(pitch_hz, seed):
    parselmouth = pytest.importorskip("parselmouth")
    samples = voice(4.0, pitch_hz=pitch_hz, seed=seed)
    f0_hz, _ = pitch_and_level(samples)
    pitch = parselmouth.Sound(samples.astype(float), RATE_HZ).to_pitch_ac(
        time_step=0.01, pitch_floor=75, pitch_ceiling=500
    )
    at_s = (HALF_SAMPLES + HOP_SAMPLES * np.arange(len(f0_hz))) / RATE_HZ
    theirs_hz = np.array([pitch.get_value_at_time(time_s) for time_s in at_s])
    both = ~np.isnan(f0_hz) & ~np.isnan(theirs_hz)
    assert (np.isnan(f0_hz) == np.isnan(theirs_hz)).mean() > 0.95
    assert np.median(semitones_off(f0_hz[both], theirs_hz[both])) < 0.1
    assert semitones_off(np.nanmedian(f0_hz), np.nanmedian(theirs_hz)) < 0.2
