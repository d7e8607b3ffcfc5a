"""What GigaAM hears: logarithms of the power in mel bands."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np

from emoreport.models.families.log_mel import band_power, triangles
from emoreport.records import SAMPLE_RATE_HZ, DoubleArray, FloatArray

BANDS: Final = 64
WINDOW_SAMPLES: Final = 400
HOP_SAMPLES: Final = 160
LEAST_POWER: Final = 1e-9
MOST_POWER: Final = 1e9
"""Limits of the power before its logarithm."""


def log_bands(samples: FloatArray) -> FloatArray:
    """Log power in mel bands of one clip.

    Short-time Fourier transform with a periodic Hann window of 25 ms every 10 ms, the first one
    centred on the first sample and the sound mirrored beyond its ends; power in 64 bands from 0 to
    8 kHz; natural logarithm. The level of the recording counts.

    Parameters
    ----------
    samples
        float32 (n,), 16 kHz, n > 200.

    Returns
    -------
    float32 (64, 1 + n // 160).
    """
    padded = np.pad(np.asarray(samples, dtype=np.float64), WINDOW_SAMPLES // 2, mode="reflect")
    power = band_power(padded, filters(), WINDOW_SAMPLES, HOP_SAMPLES)
    return np.asarray(np.log(np.clip(power, LEAST_POWER, MOST_POWER)), dtype=np.float32)


@cache
def filters() -> DoubleArray:
    """Triangles of height 1 on the mel scale of HTK (Young et al., The HTK Book).

    Returns
    -------
    float64 (64, 201): weights of the power of the bins 0, 40, …, 8000 Hz.
    """
    top_mel = 2595.0 * np.log10(1.0 + SAMPLE_RATE_HZ / 2 / 700.0)
    edges_hz = 700.0 * (10.0 ** (np.linspace(0.0, top_mel, BANDS + 2) / 2595.0) - 1.0)
    return triangles(edges_hz, WINDOW_SAMPLES)
