import numpy as np
import pytest

from tests.fixtures.audio import RATE_HZ, silence

pytest.importorskip("parselmouth")

from emoreport.speech.perturbation import jitter_and_shimmer


def pulses(duration_s, *, jitter=0.0, shimmer=0.0, pitch_hz=125.0, seed=0):
    """Ringing pulses whose periods and amplitudes change by known shares of their mean."""
    rng = np.random.default_rng(seed)
    # The mean difference of neighbours with independent uniform errors ±a is 2a/3.
    count = int(duration_s * pitch_hz)
    periods_s = (1 + rng.uniform(-1.5 * jitter, 1.5 * jitter, count)) / pitch_hz
    heights = 1 + rng.uniform(-1.5 * shimmer, 1.5 * shimmer, count)
    time_s = np.arange(round(duration_s * RATE_HZ)) / RATE_HZ
    sound = np.zeros(len(time_s))
    for at_s, height in zip(np.cumsum(periods_s), heights, strict=True):
        first = int(at_s * RATE_HZ) + 1
        after_s = time_s[first : first + 480] - at_s
        ring = np.exp(-after_s / 0.002) * np.sin(2 * np.pi * 600 * after_s)
        sound[first : first + 480] += height * ring
    planted = (
        np.abs(np.diff(periods_s)).mean() / periods_s.mean(),
        np.abs(np.diff(heights)).mean() / heights.mean(),
    )
    return (0.5 * sound / np.abs(sound).max()).astype(np.float32), planted


@pytest.mark.parametrize("share", [0.005, 0.01, 0.02])
def test_planted_jitter_is_measured(share):
    samples, (jitter, _) = pulses(3.0, jitter=share)
    [(measured, _)] = jitter_and_shimmer(samples, [(0.0, 3.0)])
    assert measured == pytest.approx(jitter, rel=0.25)


@pytest.mark.parametrize("share", [0.02, 0.05, 0.1])
def test_planted_shimmer_is_measured(share):
    samples, (_, shimmer) = pulses(3.0, shimmer=share)
    [(_, measured)] = jitter_and_shimmer(samples, [(0.0, 3.0)])
    assert measured == pytest.approx(shimmer, rel=0.25)


def test_each_stretch_is_measured_on_its_own():
    steady, _ = pulses(2.0)
    rough, (jitter, _) = pulses(2.0, jitter=0.02)
    samples = np.concatenate([steady, rough])
    (first, _), (second, _) = jitter_and_shimmer(samples, [(0.0, 1.9), (2.1, 4.0)])
    assert first < 0.002
    assert second == pytest.approx(jitter, rel=0.25)


@pytest.mark.parametrize("samples", [silence(2.0), silence(0.001)])
def test_of_silence_and_of_scraps_nothing_is_known(samples):
    assert np.isnan(jitter_and_shimmer(samples, [(0.0, 2.0)])).all()
