"""How clean the sound of a voice window is: signal-to-noise ratio and clipping."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from emoreport.records import DoubleArray, FloatArray, Span

CLIPPED_FROM: Final = 0.999
"""Samples from this share of full scale on count as clipped; 16-bit full scale is 0.99997."""
LEAST_NOISE_S: Final = 0.1
"""Pauses in a window shorter than this in sum say too little of the noise."""
MOST_SNR_DB: Final = 60.0
"""Larger ratios are given as this: digital silence between words is no measurement."""
LEAST_SNR_DB: Final = -20.0
"""Smaller ratios, down to speech that adds nothing to the noise, are given as this."""


@dataclass(frozen=True, slots=True)
class WindowPower:
    """Mean squares of one window.

    Attributes
    ----------
    speech
        Mean square of the samples inside detected speech; NaN without any.
    noise
        Mean square of the others; NaN where they last less than `LEAST_NOISE_S`.
    clipping
        Share of the samples inside speech that are clipped, 0–1; NaN without speech.
    """

    speech: float
    noise: float
    clipping: float


def window_power(
    samples: FloatArray, window: Span, speech: Sequence[Span], sample_rate_hz: int
) -> WindowPower:
    """Measure one window.

    Parameters
    ----------
    samples
        float32 (n,), the window's sound, [-1, 1].
    window
        Its place on the time line.
    speech
        Sorted, disjoint spans of speech of the recording.
    sample_rate_hz
        Rate of the samples.
    """
    spoken = np.zeros(len(samples), dtype=bool)
    for span in speech:
        if span.end_s > window.start_s and span.start_s < window.end_s:
            first = max(0, round((span.start_s - window.start_s) * sample_rate_hz))
            spoken[first : max(0, round((span.end_s - window.start_s) * sample_rate_hz))] = True
    loud, rest = samples[spoken], samples[~spoken]
    enough = len(rest) >= LEAST_NOISE_S * sample_rate_hz
    return WindowPower(
        speech=_mean_square(loud) if len(loud) else float("nan"),
        noise=_mean_square(rest) if enough else float("nan"),
        clipping=float((np.abs(loud) >= CLIPPED_FROM).mean()) if len(loud) else float("nan"),
    )


def signal_to_noise_db(
    speech: DoubleArray, noise: DoubleArray, centre_s: DoubleArray
) -> FloatArray:
    """Signal-to-noise ratio of M windows.

    Speech is heard together with the noise, so the noise's power is subtracted from it. A window
    without pauses takes the noise, in decibels, from its neighbours in time that have some.

    Parameters
    ----------
    speech, noise
        float64 (M,), mean squares; NaN where unknown.
    centre_s
        float64 (M,), non-decreasing, middle of each window.

    Returns
    -------
    float32 (M,), decibels from `LEAST_SNR_DB` to `MOST_SNR_DB`; NaN where a window has no speech
    or no window has a pause.
    """
    ratio = np.full(len(speech), np.nan, dtype=np.float32)
    known = ~np.isnan(noise)
    heard = ~np.isnan(speech)
    if not known.any() or not heard.any():
        return ratio
    floor = 10 ** (-MOST_SNR_DB / 10)
    tiny = np.finfo(np.float64).tiny
    level_db = 10 * np.log10(np.maximum(noise[known], tiny))
    around = 10 ** (np.interp(centre_s, centre_s[known], level_db) / 10)
    around = np.maximum(around, np.maximum(speech * floor, tiny))
    clean = np.maximum(speech - around, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        measured_db = 10 * np.log10(clean / around)
    ratio[heard] = np.clip(measured_db[heard], LEAST_SNR_DB, MOST_SNR_DB)
    return ratio


def _mean_square(samples: FloatArray) -> float:
    return float(np.mean(np.square(samples, dtype=np.float64)))
