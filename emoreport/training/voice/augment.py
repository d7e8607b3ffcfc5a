"""Degradations of the waveform: what microphones, rooms, lines and codecs do to speech.

Every function takes and returns (T,) float32 samples at 16 kHz in [-1, 1] and makes what it adds
(noise, music, room responses) by code; no recordings are used.
"""

from __future__ import annotations

import io
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from emoreport.records import SAMPLE_RATE_HZ
from emoreport.training.voice.data import decode

Samples = NDArray[np.float32]


def degrade(samples: Samples, rng: np.random.Generator) -> Samples:
    """Apply a random chain of degradations, each with its own probability.

    The order is that of a real recording: voice, room, what else sounds in it, microphone level,
    line, codec.
    """
    if rng.random() < 0.7:
        samples = change_speed(samples, float(rng.uniform(0.87, 1.15)))
    if rng.random() < 0.4:
        samples = pad(samples, *rng.uniform(0.0, 0.5, 2))
    if rng.random() < 0.4:
        samples = add_room(samples, rng.uniform(0.15, 0.8), rng.uniform(-2.0, 10.0), rng)
    if rng.random() < 0.4:
        samples = add_noise(samples, rng.uniform(5.0, 35.0), rng)
    if rng.random() < 0.2:
        samples = add_music(samples, rng.uniform(5.0, 25.0), rng)
    if rng.random() < 0.1:
        samples = overdrive(samples, rng.uniform(1.5, 5.0))
    if rng.random() < 0.2:
        samples = telephone(samples)
    if rng.random() < 0.15:
        name, bit_rate = (("aac", 32_000), ("libopus", 12_000))[int(rng.integers(2))]
        samples = pass_codec(samples, name, bit_rate)
    return samples


def make_noisy(samples: Samples, rng: np.random.Generator) -> Samples:
    """Bury the voice in noise, coloured or white, 0 to 30 dB below it; at times in a room or line.

    White noise fills the high bands, where speech is weakest: a head that has never met it takes
    it for a change of voice.
    """
    if rng.random() < 0.4:
        samples = add_room(samples, rng.uniform(0.15, 0.8), rng.uniform(-2.0, 10.0), rng)
    if rng.random() < 0.2:
        samples = telephone(samples)
    ratio_db = rng.uniform(0.0, 30.0)
    if rng.random() < 0.5:
        return add_noise(samples, ratio_db, rng)
    return add_white_noise(samples, ratio_db, rng)


def change_speed(samples: Samples, factor: float) -> Samples:
    """Play ``factor`` times as fast: tempo, pitch and formants move together."""
    target = max(1, round(len(samples) / factor))
    spectrum = np.fft.rfft(samples)
    size = target // 2 + 1
    resized = np.zeros(size, spectrum.dtype)
    shared = min(size, len(spectrum))
    resized[:shared] = spectrum[:shared]
    return _as_samples(np.fft.irfft(resized, target) * (target / len(samples)))


def pad(samples: Samples, before_s: float, after_s: float) -> Samples:
    """Digital silence before and after."""
    widths = (round(before_s * SAMPLE_RATE_HZ), round(after_s * SAMPLE_RATE_HZ))
    return np.pad(samples, widths)


def add_room(
    samples: Samples, decay_s: float, direct_db: float, rng: np.random.Generator
) -> Samples:
    """Reverberation: direct sound, six early reflections, and a noise tail.

    Parameters
    ----------
    decay_s
        Time in which the tail falls by 60 dB.
    direct_db
        Energy of the direct sound relative to everything else, decibels.
    """
    length = max(2, round(decay_s * SAMPLE_RATE_HZ))
    time_s = np.arange(length) / SAMPLE_RATE_HZ
    decay = 10.0 ** (-3.0 * time_s / decay_s)
    tail = rng.standard_normal(length) * decay
    # Rooms swallow high frequencies first: blend the tail towards its own moving average.
    smooth = np.convolve(tail, np.full(4, 0.25), mode="same")
    tail = np.where(time_s < 0.3 * decay_s, 0.5 * (tail + smooth), smooth)
    early = rng.integers(round(0.002 * SAMPLE_RATE_HZ), round(0.03 * SAMPLE_RATE_HZ), 6)
    early = early[early < length]
    tail[early] += rng.choice([-1.0, 1.0], len(early)) * 3.0 * decay[early]
    tail[0] = 0.0
    tail *= 10.0 ** (-direct_db / 20.0) / np.sqrt(np.sum(tail**2))
    tail[0] = 1.0
    return _keep_level(_convolve(samples, tail), samples)


def add_noise(samples: Samples, ratio_db: float, rng: np.random.Generator) -> Samples:
    """Coloured noise (power falls with f^0 to f^2), sometimes with mains hum, at a given SNR."""
    size = len(samples)
    spectrum = np.fft.rfft(rng.standard_normal(size))
    hz = np.maximum(np.fft.rfftfreq(size, 1.0 / SAMPLE_RATE_HZ), 20.0)
    noise = np.fft.irfft(spectrum * (hz / 20.0) ** -rng.uniform(0.0, 1.0), size)
    if rng.random() < 0.2:
        time_s = np.arange(size) / SAMPLE_RATE_HZ
        mains_hz = rng.choice([50.0, 60.0])
        hum = sum(np.sin(2.0 * np.pi * mains_hz * k * time_s) / k for k in (1, 2, 3, 5))
        noise = noise + hum * noise.std() * rng.uniform(0.2, 1.0)
    return _blend(samples, noise, ratio_db)


def add_white_noise(samples: Samples, ratio_db: float, rng: np.random.Generator) -> Samples:
    """White noise at a given SNR."""
    return _blend(samples, rng.standard_normal(len(samples)), ratio_db)


def add_music(samples: Samples, ratio_db: float, rng: np.random.Generator) -> Samples:
    """A synthetic music bed (chords, a bass, a beat) at a given ratio of speech to music."""
    size = len(samples)
    time_s = np.arange(size) / SAMPLE_RATE_HZ
    beat_s = 60.0 / rng.uniform(70.0, 140.0)
    music = np.zeros(size)
    third = int(rng.integers(3, 5))  # minor or major
    for number in range(int(np.ceil(time_s[-1] / (4.0 * beat_s))) if size else 0):
        start, stop = (round(bar * 4.0 * beat_s * SAMPLE_RATE_HZ) for bar in (number, number + 1))
        local_s = time_s[start:stop] - time_s[start]
        root_hz = 110.0 * 2.0 ** (rng.integers(0, 12) / 12.0)
        envelope = np.exp(-local_s / rng.uniform(0.5, 2.0))
        for semitones, level in ((-12, 1.0), (0, 0.7), (third, 0.6), (7, 0.6), (12, 0.4)):
            note_hz = root_hz * 2.0 ** (semitones / 12.0)
            for harmonic in range(1, 5):
                tone = np.sin(2.0 * np.pi * note_hz * harmonic * local_s + rng.uniform(0.0, 6.28))
                music[start:stop] += level * envelope * tone / harmonic**1.2
    since_beat_s = np.mod(time_s, beat_s)
    music += rng.uniform(0.0, 1.5) * rng.standard_normal(size) * np.exp(-since_beat_s / 0.03)
    return _blend(samples, music, ratio_db)


def overdrive(samples: Samples, drive: float) -> Samples:
    """Saturate as a microphone set too hot does; ``drive`` ≥ 1 is the peak before limiting."""
    peak = float(np.abs(samples).max(initial=0.0))
    if peak == 0.0:
        return samples
    return _as_samples(np.tanh(samples / peak * drive) / np.tanh(drive) * peak)


def telephone(samples: Samples) -> Samples:
    """Narrow band 300–3400 Hz, then 8-bit µ-law as in ITU-T G.711 (continuous formula)."""
    spectrum = np.fft.rfft(samples)
    hz = np.fft.rfftfreq(len(samples), 1.0 / SAMPLE_RATE_HZ)
    lower = 1.0 / (1.0 + np.exp(-(hz - 300.0) / 25.0))
    upper = 1.0 / (1.0 + np.exp((hz - 3400.0) / 50.0))
    narrow = np.fft.irfft(spectrum * lower * upper, len(samples))
    peak = float(np.abs(narrow).max(initial=0.0))
    if peak == 0.0:
        return samples
    scaled = narrow / peak
    compressed = np.sign(scaled) * np.log1p(255.0 * np.abs(scaled)) / np.log(256.0)
    rounded = np.round(compressed * 127.0) / 127.0
    expanded = np.sign(rounded) * (256.0 ** np.abs(rounded) - 1.0) / 255.0
    return _as_samples(expanded * peak)


def pass_codec(samples: Samples, name: str, bit_rate: int) -> Samples:
    """Encode and decode again.

    Parameters
    ----------
    name
        An FFmpeg encoder: ``"aac"`` or ``"libopus"``.
    bit_rate
        Bits per second.
    """
    import av

    buffer = io.BytesIO()
    with av.open(buffer, "w", format="matroska") as container:
        stream = cast(
            "av.AudioStream",
            container.add_stream(name, rate=SAMPLE_RATE_HZ, layout="mono", bit_rate=bit_rate),
        )
        pcm = np.round(np.clip(samples, -1.0, 1.0) * 32767.0).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(pcm[None], format="s16", layout="mono")
        frame.sample_rate = SAMPLE_RATE_HZ
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    buffer.seek(0)
    return _as_samples(decode(buffer) / 32768.0)


def _as_samples(values: NDArray[Any]) -> Samples:
    return np.asarray(values, np.float32)


def _convolve(samples: Samples, response: NDArray[np.float64]) -> NDArray[np.float64]:
    """Linear convolution, cut to the length of the samples."""
    size = 1 << (len(samples) + len(response) - 1).bit_length()
    product = np.fft.rfft(samples, size) * np.fft.rfft(response, size)
    return np.fft.irfft(product, size)[: len(samples)]


def _keep_level(changed: NDArray[np.float64], original: Samples) -> Samples:
    """Scale ``changed`` to the energy of ``original``."""
    energy = float(np.sqrt(np.mean(changed**2)))
    wanted = float(np.sqrt(np.mean(original.astype(np.float64) ** 2)))
    return _as_samples(changed * (wanted / energy if energy > 0.0 else 1.0))


def _blend(samples: Samples, noise: NDArray[np.float64], ratio_db: float) -> Samples:
    """Add ``noise``, scaled to ``ratio_db`` below the samples' mean power."""
    own = float(np.mean(samples.astype(np.float64) ** 2))
    power = float(np.mean(noise**2))
    if own == 0.0 or power == 0.0:
        return samples
    gain = np.sqrt(own / power) * 10.0 ** (-ratio_db / 20.0)
    return _as_samples(samples + gain * noise)
