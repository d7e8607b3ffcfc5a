"""The mel bands of GigaAM against torch's Fourier transform and the formulae of HTK."""

import math

import numpy as np
import pytest
import torch

from emoreport.models.families.gigaam.sound import filters, log_bands
from tests.fixtures.audio import noise, silence, tone, voice


def triangle(band, hz):
    """Weight of a frequency in a band, from the definition."""
    top = 2595.0 * math.log10(1.0 + 8000.0 / 700.0)
    low, peak, high = (
        700.0 * (10.0 ** (top * (band + step) / 65.0 / 2595.0) - 1.0) for step in range(3)
    )
    if not low < hz < high:
        return 0.0
    return (hz - low) / (peak - low) if hz <= peak else (high - hz) / (high - peak)


def test_filters_are_triangles_on_the_mel_scale_of_htk():
    expected = [[triangle(band, 40.0 * place) for place in range(201)] for band in range(64)]
    np.testing.assert_allclose(filters(), expected, atol=1e-9)


@pytest.mark.parametrize("samples", [16_000, 16_001, 48_123])
def test_bands_are_those_of_torch(samples):
    clip = np.resize(voice(2.0) + noise(2.0, level=0.01), samples)
    spectrum = torch.stft(
        torch.from_numpy(clip).double(),
        n_fft=400,
        hop_length=160,
        window=torch.hann_window(400, dtype=torch.float64),
        center=True,
        pad_mode="reflect",
        return_complex=True,
    )
    power = torch.from_numpy(filters()) @ spectrum.abs().square()
    found = log_bands(clip)
    assert found.shape == (64, 1 + samples // 160)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, power.clamp(1e-9, 1e9).log().numpy(), atol=1e-5)


def test_silence_is_the_least_power():
    np.testing.assert_allclose(log_bands(silence(1.0)), np.log(1e-9), atol=1e-6)


def test_a_tone_is_loudest_in_its_band():
    loudest = log_bands(tone(1.0)).mean(axis=1).argmax()
    weights = [triangle(int(loudest), hz) for hz in np.linspace(0.0, 8000.0, 801)]
    hz = 10.0 * int(np.argmax(weights))
    spectrum = np.abs(np.fft.rfft(tone(1.0)))
    assert abs(spectrum.argmax() - hz) < 100.0


def test_the_level_of_the_recording_counts():
    clip = voice(1.0) + noise(1.0, level=0.01)
    raised = log_bands(2.0 * clip) - log_bands(clip)
    np.testing.assert_allclose(raised, 2.0 * math.log(2.0), atol=1e-3)
