"""Pitch and level of speech every 10 ms, by autocorrelation.

The method is Boersma's (1993, Proceedings of the Institute of Phonetic Sciences 17, 97–110), which
Praat made the usual one: the autocorrelation of a windowed frame is divided by that of the window,
its peaks are candidates, and the best path through them is the contour. The costs have Praat's
values. docs/acoustics.md says how far the two differ.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from emoreport.records import CONTOUR_STEP_S, SAMPLE_RATE_HZ, DoubleArray, FloatArray, IntArray

HOP_SAMPLES: Final = round(CONTOUR_STEP_S * SAMPLE_RATE_HZ)
LOWEST_HZ: Final = 75.0
HIGHEST_HZ: Final = 500.0
HALF_SAMPLES: Final = round(1.5 / LOWEST_HZ * SAMPLE_RATE_HZ)
"""Half a window: together three periods of the lowest pitch, as in Praat."""
QUIETEST_DB: Final = -120.0
"""Level of digital silence; one step of 16-bit samples is at −90 dB."""
CANDIDATES: Final = 6
VOICING_THRESHOLD: Final = 0.45
SILENCE_THRESHOLD: Final = 0.03
OCTAVE_COST: Final = 0.01
OCTAVE_JUMP_COST: Final = 0.35
VOICED_UNVOICED_COST: Final = 0.14
FRAMES_AT_ONCE: Final = 200

_FFT: Final = 1024
"""Window and longest lag together are shorter, so nothing wraps round."""
_FINER: Final = 2
"""The autocorrelation is taken at this part of a sample: high voices have short periods."""
_LAGS: Final = np.arange(
    _FINER * SAMPLE_RATE_HZ // int(HIGHEST_HZ) - 1, _FINER * SAMPLE_RATE_HZ // int(LOWEST_HZ) + 2
)
_WINDOW: Final = np.hanning(2 * HALF_SAMPLES + 1)[:-1]


def pitch_and_level(samples: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Pitch and level of a stretch of sound at 16 kHz.

    Parameters
    ----------
    samples
        float32 (n,), [-1, 1], with `HALF_SAMPLES` before the first frame's centre and after the
        last one's.

    Returns
    -------
    f0_hz, level_db
        float32 (F,) each, F = 1 + (n − 2 · `HALF_SAMPLES`) // `HOP_SAMPLES`, none for a stretch
        shorter than a window. Pitch is NaN where the frame is not voiced. Level is that of the
        windowed frame, without its mean, in decibels; 0 is the mean square of full scale.
    """
    if len(samples) < 2 * HALF_SAMPLES:
        return np.zeros(0, np.float32), np.zeros(0, np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(samples, 2 * HALF_SAMPLES)[::HOP_SAMPLES]
    parts = [
        _frame_measures(frames[at : at + FRAMES_AT_ONCE].astype(np.float64))
        for at in range(0, len(frames), FRAMES_AT_ONCE)
    ]
    lag, strength, peak, level_db = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    f0_hz = _best_path(_FINER * SAMPLE_RATE_HZ / lag, strength, peak)
    return f0_hz.astype(np.float32), level_db.astype(np.float32)


def _frame_measures(
    frames: DoubleArray,
) -> tuple[DoubleArray, DoubleArray, DoubleArray, DoubleArray]:
    """Lags and strengths of the candidates (F, C), largest amplitude and level (F,)."""
    centred = frames - frames.mean(axis=1, keepdims=True)
    peak = np.abs(centred).max(axis=1)
    power = np.square(np.abs(np.fft.rfft(centred * _WINDOW, _FFT)))
    around = _autocorrelation(power)
    energy = around[:, 0] / _OWN[0]
    level_db = 10 * np.log10(np.maximum(energy, 10 ** (QUIETEST_DB / 10)))
    around = around[:, _LAGS] / _OWN[_LAGS] / np.maximum(energy, 1e-12)[:, np.newaxis]
    return *_peaks(around), peak, level_db


def _autocorrelation(power: DoubleArray) -> DoubleArray:
    around: DoubleArray = np.fft.irfft(power, _FINER * _FFT) * _FINER
    return around


_OWN: Final = _autocorrelation(np.square(np.abs(np.fft.rfft(_WINDOW, _FFT))))
"""Autocorrelation of the window."""


def _peaks(around: DoubleArray) -> tuple[DoubleArray, DoubleArray]:
    """The highest peaks of each row between two samples: lags and strengths, (F, C) each."""
    inner = around[:, 1:-1]
    rises = (inner > around[:, :-2]) & (inner >= around[:, 2:]) & (inner > 0.5 * VOICING_THRESHOLD)
    order = np.argpartition(np.where(rises, -inner, 0.0), CANDIDATES, axis=1)[:, :CANDIDATES]
    before, middle, after = (
        np.take_along_axis(around, order + shift, axis=1) for shift in range(3)
    )
    risen = np.take_along_axis(rises, order, axis=1)
    bend = before - 2 * middle + after
    shift = np.divide(0.5 * (before - after), bend, out=np.zeros(bend.shape), where=risen)
    height = middle - 0.25 * (before - after) * shift
    # What is above 1 is the window's doing (short frames of noise): Praat reflects it likewise.
    height = np.where(height > 1, 1 / np.maximum(height, 1), height)
    lag = _LAGS[order + 1] + shift
    strength = height - OCTAVE_COST * np.log2(lag / _LAGS[0])
    return lag, np.where(risen, strength, -np.inf)


def _best_path(pitch_hz: DoubleArray, strength: DoubleArray, peak: DoubleArray) -> DoubleArray:
    """The contour that gains most strength and jumps least (Viterbi), NaN where unvoiced."""
    loudest = max(float(peak.max(initial=0.0)), 1e-9)
    silence = peak / loudest / (SILENCE_THRESHOLD / (1 + VOICING_THRESHOLD))
    unvoiced = VOICING_THRESHOLD + np.maximum(0.0, 2.0 - silence)
    gain = np.column_stack((unvoiced, strength))
    octaves = np.column_stack((np.full(len(peak), np.nan), np.log2(pitch_hz)))
    jumps = OCTAVE_JUMP_COST * np.abs(octaves[:-1, np.newaxis, :] - octaves[1:, :, np.newaxis])
    jumps[:, 0, :] = jumps[:, :, 0] = VOICED_UNVOICED_COST
    jumps[:, 0, 0] = 0.0
    previous: IntArray = np.zeros(gain.shape, dtype=np.int64)
    total = gain[0]
    for at, jump in enumerate(jumps, start=1):
        reached = total - jump  # (to, from)
        previous[at] = reached.argmax(axis=1)
        total = reached.max(axis=1) + gain[at]
    chosen = np.empty(len(gain), dtype=np.int64)
    chosen[-1] = total.argmax()
    for at in range(len(gain) - 1, 0, -1):
        chosen[at - 1] = previous[at, chosen[at]]
    best_hz: DoubleArray = np.exp2(octaves[np.arange(len(gain)), chosen])
    return best_hz
