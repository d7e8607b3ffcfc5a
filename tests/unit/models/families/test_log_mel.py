import numpy as np
import pytest
import torch

from emoreport.models.families.log_mel import (
    BANDS,
    HOP_SAMPLES,
    WINDOW_SAMPLES,
    hz_to_mel,
    log_mel,
    mel_filters,
    mel_to_hz,
)
from tests.fixtures.audio import noise, silence, tone, voice

BIN_HZ = 50.0
FIRST_STEP_HZ = (15 + 27 * np.log(8.0) / np.log(6.4)) / 65 * 200 / 3
"""Distance of the lowest band edges: 8 kHz in mel, over 65 steps, back in Hz; 46.4 Hz."""


def with_torch(clip):
    """The same levels from torch's own short-time Fourier transform."""
    spectrum = torch.stft(
        torch.from_numpy(clip).double(),
        WINDOW_SAMPLES,
        HOP_SAMPLES,
        window=torch.hann_window(WINDOW_SAMPLES, dtype=torch.float64),
        center=True,
        pad_mode="constant",
        return_complex=True,
    )
    power = torch.from_numpy(mel_filters()) @ spectrum.abs() ** 2
    levels_db = 10 * torch.log10(torch.clamp(power, min=1e-10))
    return torch.clamp(levels_db - levels_db.max(), min=-80).numpy()


@pytest.mark.parametrize(
    ("hz", "mel"),
    [
        (0, 0),
        (200, 3),
        (500, 7.5),
        (1000, 15),
        (6400, 42),
        (8000, 15 + 27 * np.log(8) / np.log(6.4)),
    ],
)
def test_the_mel_scale_is_straight_to_1_khz_and_then_27_steps_for_a_factor_of_6_4(hz, mel):
    assert hz_to_mel(hz) == pytest.approx(mel)
    assert mel_to_hz(mel) == pytest.approx(hz)


def test_the_lowest_filters_have_the_weights_found_by_hand():
    step = FIRST_STEP_HZ
    filters = mel_filters()
    # 50 Hz lies past the peak of the first triangle (0, s, 2 s) and on the rise of the second.
    assert filters[0, 1] == pytest.approx((2 * step - 50) / step * 2 / (2 * step))
    assert filters[1, 1] == pytest.approx((50 - step) / step * 2 / (2 * step))
    assert filters[1, 2] == pytest.approx((3 * step - 100) / step * 2 / (2 * step))
    assert np.count_nonzero(filters[0]) == 1
    assert filters[:, 0].max() == 0


def test_every_filter_is_one_triangle_of_area_one():
    filters = mel_filters()
    assert filters.shape == (BANDS, WINDOW_SAMPLES // 2 + 1)
    for row in filters:
        used = np.flatnonzero(row)
        assert len(used)
        assert (np.diff(used) == 1).all()
        peak = row.argmax()
        assert (np.diff(row[used[0] : peak + 1]) > 0).all()
        assert (np.diff(row[peak : used[-1] + 1]) < 0).all()
    # Wide triangles are sampled finely enough for their sum to be their area.
    np.testing.assert_allclose(filters[-10:].sum(axis=1) * BIN_HZ, 1.0, atol=0.02)


def test_peaks_are_evenly_spaced_on_the_mel_scale():
    peaks_hz = mel_filters().argmax(axis=1) * BIN_HZ
    expected_hz = [mel_to_hz(hz_to_mel(8000) * band / 65) for band in range(1, 65)]
    np.testing.assert_allclose(peaks_hz, expected_hz, atol=BIN_HZ)
    assert (np.diff(peaks_hz) >= 0).all()


@pytest.mark.parametrize(
    "clip",
    [voice(3.0), noise(0.5), tone(0.013), noise(2.0)[:31_999], np.array([0.2], np.float32)],
    ids=["voice", "noise", "shorter than a window", "odd length", "one sample"],
)
def test_levels_are_those_of_torch(clip):
    found = log_mel(clip)
    assert found.shape == (BANDS, 1 + len(clip) // HOP_SAMPLES)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, with_torch(clip), atol=1e-4)


def test_levels_run_from_the_floor_to_zero():
    levels = log_mel(np.concatenate([silence(0.5), voice(1.0)]))
    assert levels.max() == 0
    assert levels.min() == -80


def test_loudness_plays_no_part():
    clip = noise(1.0)
    np.testing.assert_allclose(log_mel(clip * np.float32(0.25)), log_mel(clip), atol=1e-3)


@pytest.mark.parametrize("frequency_hz", [300.0, 1000.0, 3000.0, 7000.0])
def test_a_tone_is_loudest_in_its_band(frequency_hz):
    levels = log_mel(tone(1.0, frequency_hz=frequency_hz))
    centres_hz = np.array([mel_to_hz(hz_to_mel(8000) * band / 65) for band in range(1, 65)])
    loudest = levels.mean(axis=1).argmax()
    assert abs(centres_hz[loudest] - frequency_hz) <= np.diff(centres_hz)[loudest - 1]


def test_a_silent_clip_is_as_loud_as_its_loudest_value_everywhere():
    np.testing.assert_array_equal(log_mel(silence(1.0)), 0)
