import numpy as np
import pytest

from emoreport.analysis.numeric.syllables import syllable_nuclei_s
from emoreport.records import CONTOUR_STEP_S, SoundContour
from emoreport.speech.pitch import HALF_SAMPLES, pitch_and_level
from tests.fixtures.audio import voice


def contour(level_db, *, f0_hz=120.0, start_s=0.0):
    level = np.asarray(level_db, dtype=np.float32)
    time_s = start_s + CONTOUR_STEP_S * np.arange(len(level))
    return SoundContour(time_s, np.full(len(level), f0_hz, np.float32), level)


def waves(count, *, depth_db=10.0, top_db=-20.0, frames=20):
    """`count` swells of 20 frames, each from a dip to a peak and back."""
    phase = np.arange(count * frames) / frames
    return top_db - depth_db * (1 + np.cos(2 * np.pi * phase)) / 2


@pytest.mark.parametrize("count", [1, 2, 5, 30])
def test_each_voiced_swell_of_loudness_is_a_syllable(count):
    found_s = syllable_nuclei_s(contour(waves(count), start_s=3.0))
    np.testing.assert_allclose(found_s, 3.1 + 0.2 * np.arange(count), atol=0.011)


def test_shallow_dips_part_no_syllables():
    assert len(syllable_nuclei_s(contour(waves(8, depth_db=1.5)))) == 1
    assert len(syllable_nuclei_s(contour(waves(8, depth_db=4.0)))) == 8


def test_unvoiced_peaks_are_no_nuclei():
    assert not len(syllable_nuclei_s(contour(waves(5), f0_hz=np.nan)))


def test_peaks_far_below_the_loud_end_are_no_nuclei():
    level_db = np.concatenate([waves(10, top_db=-20.0), waves(10, top_db=-50.0)])
    assert len(syllable_nuclei_s(contour(level_db))) == 10


def test_stretches_of_speech_are_parted_by_the_silence_between_them():
    level_db = np.full(20, -20.0)
    whole, parts = contour(level_db), contour(level_db)
    parts.time_s[10:] += 0.5
    assert len(syllable_nuclei_s(whole)) == 1
    assert len(syllable_nuclei_s(parts)) == 2


def test_no_speech_has_no_syllables():
    assert syllable_nuclei_s(contour([])).shape == (0,)


@pytest.mark.parametrize("rate_hz", [3.0, 4.0, 5.5, 7.0])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_syllables_of_a_babbling_voice_are_counted(rate_hz, seed):
    samples = voice(6.0, syllables_per_s=rate_hz, pitch_hz=140.0, seed=seed)
    f0_hz, level_db = pitch_and_level(np.pad(samples, HALF_SAMPLES))
    time_s = CONTOUR_STEP_S * np.arange(len(f0_hz))
    found_s = syllable_nuclei_s(SoundContour(time_s, f0_hz, level_db))
    assert len(found_s) == pytest.approx(6.0 * rate_hz, rel=0.08)
