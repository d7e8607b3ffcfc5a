"""Log-mel spectrograms as librosa makes them with its default settings, in NumPy."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np

from emoreport.records import SAMPLE_RATE_HZ, DoubleArray, FloatArray

WINDOW_SAMPLES: Final = 320
HOP_SAMPLES: Final = 160
BANDS: Final = 64
FLOOR_DB: Final = -80.0
"""Further below the loudest value than this is cut off."""
SMALLEST_POWER: Final = 1e-10
"""Power that counts as silence, so that its logarithm exists."""

LINEAR_HZ_PER_MEL: Final = 200.0 / 3.0
LINEAR_UP_TO_HZ: Final = 1000.0
LOG_STEP: Final = float(np.log(6.4)) / 27.0
"""Slaney's mel scale (Auditory Toolbox, 1998): straight up to 1 kHz, then 27 steps for 6.4×."""


def log_mel(samples: FloatArray) -> FloatArray:
    """Mel-band levels of one clip, relative to its loudest value.

    Short-time Fourier transform with a periodic Hann window of 20 ms every 10 ms, the first one
    centred on the first sample and zeros beyond the ends; power in 64 bands from 0 to 8 kHz;
    ``10 · log10`` of it, at least `SMALLEST_POWER`, over that of the clip's loudest value.

    Parameters
    ----------
    samples
        float32 (n,), 16 kHz, n ≥ 1.

    Returns
    -------
    float32 (64, 1 + n // 160), decibels from −80 to 0. All 0 for a silent clip: every value is as
    loud as the loudest.
    """
    padded = np.pad(np.asarray(samples, dtype=np.float64), WINDOW_SAMPLES // 2)
    power = band_power(padded, mel_filters(), WINDOW_SAMPLES, HOP_SAMPLES)
    levels_db = 10.0 * np.log10(np.maximum(power, SMALLEST_POWER))
    return np.asarray(np.maximum(levels_db - levels_db.max(), FLOOR_DB), dtype=np.float32)


def band_power(
    samples: DoubleArray, filters: DoubleArray, window_samples: int, hop_samples: int
) -> DoubleArray:
    """Power in bands of each window that lies within a sound.

    Parameters
    ----------
    samples
        float64 (n,).
    filters
        float64 (bands, 1 + window_samples // 2), weights of the power of each frequency.
    window_samples, hop_samples
        Length of the windows and from one to the next.

    Returns
    -------
    float64 (bands, windows).
    """
    frames = np.lib.stride_tricks.sliding_window_view(samples, window_samples)[::hop_samples]
    spectrum = np.fft.rfft(frames * hann(window_samples), axis=1)
    return np.asarray(filters @ (spectrum.real**2 + spectrum.imag**2).T)


@cache
def hann(samples: int) -> DoubleArray:
    """Hann window of one period, so that shifted copies add up evenly."""
    return np.asarray(0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(samples) / samples))


@cache
def mel_filters() -> DoubleArray:
    """Triangles on Slaney's mel scale, each of area 1 over frequency in Hz.

    Returns
    -------
    float64 (64, 161): weights of the power of the bins 0, 50, …, 8000 Hz.
    """
    top_mel = hz_to_mel(SAMPLE_RATE_HZ / 2)
    edges_hz = np.array([mel_to_hz(mel) for mel in np.linspace(0.0, top_mel, BANDS + 2)])
    widths_hz = edges_hz[2:, None] - edges_hz[:-2, None]
    return np.asarray(triangles(edges_hz, WINDOW_SAMPLES) * 2.0 / widths_hz)


def triangles(edges_hz: DoubleArray, window_samples: int) -> DoubleArray:
    """Filters that rise from one edge to the next, to 1, and fall to the one after it.

    Parameters
    ----------
    edges_hz
        float64 (bands + 2,), rising.
    window_samples
        Length of the windows whose frequencies are weighted.

    Returns
    -------
    float64 (bands, 1 + window_samples // 2).
    """
    bins_hz = np.fft.rfftfreq(window_samples, 1.0 / SAMPLE_RATE_HZ)
    low, peak, high = edges_hz[:-2, None], edges_hz[1:-1, None], edges_hz[2:, None]
    rising = (bins_hz - low) / (peak - low)
    falling = (high - bins_hz) / (high - peak)
    return np.asarray(np.maximum(0.0, np.minimum(rising, falling)))


def hz_to_mel(hz: float) -> float:
    """Place of a frequency on Slaney's mel scale."""
    if hz < LINEAR_UP_TO_HZ:
        return hz / LINEAR_HZ_PER_MEL
    return LINEAR_UP_TO_HZ / LINEAR_HZ_PER_MEL + float(np.log(hz / LINEAR_UP_TO_HZ)) / LOG_STEP


def mel_to_hz(mel: float) -> float:
    """Frequency of a place on Slaney's mel scale."""
    knee_mel = LINEAR_UP_TO_HZ / LINEAR_HZ_PER_MEL
    if mel < knee_mel:
        return mel * LINEAR_HZ_PER_MEL
    return LINEAR_UP_TO_HZ * float(np.exp((mel - knee_mel) * LOG_STEP))
