"""Strong, cheap changes of sound for imitation, drawn afresh for every stretch.

What the teacher says of a stretch is known whatever was done to it, so that changes may go far
beyond what a listener would call the same voice.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from emoreport.records import SAMPLE_RATE_HZ

Samples = NDArray[np.float32]

SPEED = 0.32
"""Largest change of speed (pitch, formants and tempo together), logarithm of the factor."""

COLOUR_DB = 14.0
TELEPHONE_HZ = (300.0, 3400.0)


def changed_stretch(
    clips: Sequence[NDArray[np.int16]], samples: int, rng: np.random.Generator
) -> Samples:
    """Cut a stretch out of random clips, joined where one is too short, and change it.

    Parameters
    ----------
    clips
        Recordings, int16 at 16 kHz.
    samples
        Length of the stretch.
    rng
        Source of all choices.

    Returns
    -------
    float32 (samples,); its level is of no account, for the front end takes it off.
    """
    sound = _cut(clips, samples, rng).astype(np.float64)
    if rng.random() < 0.1:
        sound = sound[::-1].copy()
    if rng.random() < 0.12:
        sound += _at_level(_cut(clips, samples, rng), sound, -rng.uniform(0.0, 15.0))
    if rng.random() < 0.6:
        sound = _coloured(sound, rng)
    if rng.random() < 0.4:
        sound += _at_level(_noise(samples, rng), sound, -rng.uniform(3.0, 40.0))
    return sound.astype(np.float32)


def _cut(
    clips: Sequence[NDArray[np.int16]], samples: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    speed = float(np.exp(rng.uniform(-SPEED, SPEED))) if rng.random() < 0.8 else 1.0
    needed = int(samples * speed) + 2
    parts: list[NDArray[np.int16]] = []
    while sum(len(part) for part in parts) < needed:
        parts.append(clips[rng.integers(len(clips))])
    joined = np.concatenate(parts) / 32768.0
    start = rng.integers(0, len(joined) - needed + 1)
    stretch = joined[start : start + needed]
    return np.interp(np.arange(samples) * speed, np.arange(needed), stretch)


def _coloured(sound: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """A random smooth frequency response, at times a telephone's band and a room."""
    spectrum = np.fft.rfft(sound)
    knots = int(rng.integers(3, 9))
    gain_db = np.interp(
        np.linspace(0.0, 1.0, len(spectrum)),
        np.linspace(0.0, 1.0, knots),
        rng.uniform(-COLOUR_DB, COLOUR_DB, knots),
    )
    if rng.random() < 0.15:
        hz = np.linspace(0.0, SAMPLE_RATE_HZ / 2, len(spectrum))
        gain_db[(hz < TELEPHONE_HZ[0]) | (hz > TELEPHONE_HZ[1])] -= 50.0
    spectrum *= 10.0 ** (gain_db / 20.0)
    if rng.random() < 0.3:
        length = int(rng.uniform(0.1, 0.8) * SAMPLE_RATE_HZ)
        tail = rng.standard_normal(length) * 10.0 ** (-3.0 * np.arange(length) / length)
        tail *= rng.uniform(0.02, 0.3)
        tail[0] = 1.0
        if length <= len(sound):
            spectrum *= np.fft.rfft(tail, len(sound))
    return np.fft.irfft(spectrum, len(sound))


def _noise(samples: int, rng: np.random.Generator) -> NDArray[np.float64]:
    spectrum = np.fft.rfft(rng.standard_normal(samples))
    spectrum /= (np.arange(len(spectrum)) + 1.0) ** rng.uniform(0.0, 0.8)
    return np.fft.irfft(spectrum, samples)


def _at_level(
    noise: NDArray[np.float64], sound: NDArray[np.float64], level_db: float
) -> NDArray[np.float64]:
    """`noise` with its power `level_db` above that of `sound`."""
    ratio = np.sqrt((sound @ sound + 1e-6) / (noise @ noise + 1e-6))
    return np.asarray(noise * ratio * 10.0 ** (level_db / 20.0))
