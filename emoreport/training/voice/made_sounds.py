"""Sounds that are no speech of a person, made by code: noise, hum, music, sung vowels, crying."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from emoreport.records import SAMPLE_RATE_HZ
from emoreport.training.voice.augment import add_music

Samples = NDArray[np.float32]

LENGTH_S = 3.0
HARMONICS = 40
TOP_HZ = 7600.0
VOWELS = {
    "a": ((850, 90), (1250, 110), (2700, 170), (3500, 200)),
    "o": ((500, 80), (900, 100), (2600, 160), (3500, 200)),
    "e": ((500, 80), (1900, 110), (2600, 160), (3500, 200)),
    "i": ((300, 60), (2300, 110), (3000, 160), (3700, 200)),
    "cry": ((1050, 150), (1700, 200), (3500, 300), (5000, 400)),
}
"""Centres and widths of formants, Hz; a cry has those of an infant's vocal tract."""


def made_sounds(count: int = 20, seed: int = 1) -> Iterator[tuple[str, Samples]]:
    """Yield `count` sounds of each kind, (kind, (T,) float32 at 16 kHz)."""
    kinds = {"noise": _noise, "hum": _hum, "music": _music, "sung vowels": _song, "crying": _cry}
    for number, (kind, make) in enumerate(kinds.items()):
        for copy in range(count):
            sound = make(np.random.default_rng((seed, number, copy)))[: _samples(LENGTH_S)]
            yield kind, np.asarray(0.4 * sound / np.abs(sound).max(), np.float32)


def _samples(length_s: float) -> int:
    return round(length_s * SAMPLE_RATE_HZ)


def _noise(rng: np.random.Generator) -> NDArray[np.float64]:
    spectrum = np.fft.rfft(rng.standard_normal(_samples(LENGTH_S)))
    return np.fft.irfft(spectrum / np.arange(1, len(spectrum) + 1) ** rng.uniform(0.0, 1.0))


def _hum(rng: np.random.Generator) -> NDArray[np.float64]:
    time_s = np.arange(_samples(LENGTH_S)) / SAMPLE_RATE_HZ
    base_hz = rng.uniform(45.0, 120.0)
    tones = sum(np.sin(2 * np.pi * base_hz * k * time_s) / k for k in range(1, 20))
    return np.asarray(tones + 0.005 * rng.standard_normal(len(time_s)))


def _music(rng: np.random.Generator) -> NDArray[np.float64]:
    silence = np.asarray(1e-3 * rng.standard_normal(_samples(LENGTH_S)), np.float32)
    return np.asarray(add_music(silence, -40.0, rng), np.float64)


def _song(rng: np.random.Generator) -> NDArray[np.float64]:
    """Notes of a major scale on vowels, with a singer's vibrato."""
    base_hz = rng.choice([110.0, 165.0, 220.0, 330.0])
    notes: list[NDArray[np.float64]] = []
    while sum(len(note) for note in notes) < _samples(LENGTH_S):
        time_s = np.arange(_samples(rng.uniform(0.4, 1.2))) / SAMPLE_RATE_HZ
        note_hz = base_hz * 2.0 ** (rng.choice([0, 2, 4, 5, 7, 9, 12]) / 12.0)
        vibrato = 0.3 * np.clip((time_s - 0.15) / 0.2, 0.0, 1.0) * np.sin(11.0 * np.pi * time_s)
        vowel = rng.choice(["a", "e", "i", "o"])
        notes.append(_voiced(note_hz * 2.0 ** (vibrato / 12.0), vowel, 0.01, rng) * _edges(time_s))
    return np.concatenate(notes)


def _cry(rng: np.random.Generator) -> NDArray[np.float64]:
    """Cries of about a second at 380–600 Hz, distorted, with breaths between."""
    base_hz = rng.uniform(380.0, 600.0)
    parts: list[NDArray[np.float64]] = []
    while sum(len(part) for part in parts) < _samples(LENGTH_S):
        time_s = np.arange(_samples(rng.uniform(0.5, 1.3))) / SAMPLE_RATE_HZ
        share = time_s / time_s[-1]
        pitch_hz = base_hz * (1.0 + 0.25 * np.sin(np.pi * share) - 0.15 * share)
        parts.append(np.tanh(2.5 * _voiced(pitch_hz, "cry", 0.06, rng)) * _edges(time_s))
        parts.append(0.01 * rng.standard_normal(_samples(rng.uniform(0.1, 0.35))))
    return np.concatenate(parts)


def _voiced(
    pitch_hz: NDArray[np.float64], vowel: str, breath: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Harmonics of a pitch under formants, peak 1, with a little noise."""
    phase = 2.0 * np.pi * np.cumsum(pitch_hz) / SAMPLE_RATE_HZ
    sound = np.zeros(len(pitch_hz))
    for harmonic in range(1, HARMONICS):
        tone_hz = pitch_hz * harmonic
        gain = 0.01 + sum(
            10.0 ** (-0.3 * rank) / (1.0 + ((tone_hz - centre_hz) / width_hz) ** 2)
            for rank, (centre_hz, width_hz) in enumerate(VOWELS[vowel])
        )
        sound += (tone_hz < TOP_HZ) * gain / harmonic * np.sin(harmonic * phase)
    return np.asarray(sound / np.abs(sound).max() + breath * rng.standard_normal(len(sound)))


def _edges(time_s: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.minimum(1.0, np.minimum(time_s, time_s[-1] - time_s) / 0.06)
