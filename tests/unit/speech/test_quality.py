import numpy as np
import pytest

from emoreport.records import Span
from emoreport.speech.quality import (
    LEAST_SNR_DB,
    MOST_SNR_DB,
    signal_to_noise_db,
    window_power,
)

RATE_HZ = 16_000
WINDOW = Span(10.0, 13.0)
SPEECH = (Span(9.0, 11.0), Span(12.0, 12.5))


def noisy(snr_db, *, seed=0):
    """Noise of power 1e-4 with speech-like noise on top of it inside SPEECH."""
    generator = np.random.default_rng(seed)
    samples = generator.normal(0, 0.01, 3 * RATE_HZ)
    voice = generator.normal(0, 0.01 * 10 ** (snr_db / 20), 3 * RATE_HZ)
    spoken = np.zeros(3 * RATE_HZ, bool)
    spoken[:RATE_HZ] = spoken[2 * RATE_HZ : round(2.5 * RATE_HZ)] = True
    return np.where(spoken, samples + voice, samples).astype(np.float32)


def measured(samples, speech=SPEECH):
    power = window_power(samples, WINDOW, speech, RATE_HZ)
    arrays = (np.array([value]) for value in (power.speech, power.noise, 11.5))
    return float(signal_to_noise_db(*arrays)[0])


@pytest.mark.parametrize("snr_db", [0.0, 5.0, 10.0, 20.0, 40.0])
def test_the_ratio_of_a_known_mixture_is_found(snr_db):
    assert measured(noisy(snr_db)) == pytest.approx(snr_db, abs=0.4)


def test_the_gain_does_not_matter():
    samples = noisy(15.0)
    assert measured(0.1 * samples) == pytest.approx(measured(samples), abs=1e-3)


def test_digital_silence_between_words_gives_the_largest_ratio():
    samples = noisy(20.0)
    spoken = np.zeros(len(samples), bool)
    spoken[:RATE_HZ] = spoken[2 * RATE_HZ : round(2.5 * RATE_HZ)] = True
    found_db = measured(np.where(spoken, samples, 0.0).astype(np.float32))
    assert found_db == pytest.approx(MOST_SNR_DB)


def test_speech_no_louder_than_the_pauses_gives_the_smallest_ratio():
    samples = np.full(3 * RATE_HZ, 0.1, np.float32)
    assert measured(samples) == LEAST_SNR_DB


def test_without_speech_nothing_is_known():
    power = window_power(noisy(10.0), WINDOW, (), RATE_HZ)
    assert np.isnan(power.speech)
    assert np.isnan(power.clipping)
    assert np.isnan(measured(noisy(10.0), ()))


def test_without_any_pause_nothing_is_known():
    power = window_power(noisy(10.0), WINDOW, (Span(0.0, 20.0),), RATE_HZ)
    assert np.isnan(power.noise)
    assert np.isnan(measured(noisy(10.0), (Span(0.0, 20.0),)))


def test_a_window_without_pauses_takes_the_noise_of_its_neighbours():
    speech = np.array([1.0, 1.0, 1.0])
    noise = np.array([1e-3, np.nan, 1e-1])
    found = signal_to_noise_db(speech, noise, np.array([0.0, 1.0, 2.0]))
    expected = 10 * np.log10((1 - 1e-2) / 1e-2)
    assert found[1] == pytest.approx(expected, abs=0.01)
    assert found[0] > found[1] > found[2]


def test_only_clipped_speech_counts():
    samples = np.zeros(3 * RATE_HZ, np.float32)
    samples[: RATE_HZ // 2] = 1.0
    samples[round(1.2 * RATE_HZ) : round(1.8 * RATE_HZ)] = -1.0
    power = window_power(samples, WINDOW, SPEECH, RATE_HZ)
    assert power.clipping == pytest.approx(0.5 / 1.5, abs=1e-3)


def test_no_window_gives_no_ratio():
    nothing = np.zeros(0)
    assert signal_to_noise_db(nothing, nothing, nothing).shape == (0,)
