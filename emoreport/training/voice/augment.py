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

FRAME = 160
CODECS = (
    ("libopus", 12_000),
    ("libopus", 8_000),
    ("aac", 24_000),
    ("libmp3lame", 16_000),
    ("libopus", 10_000),
)
"""FFmpeg encoders and bits per second of cheap lines."""


def rerecord(samples: Samples, rng: np.random.Generator) -> Samples:
    """Another microphone, line and room: the same voice as it comes out of other equipment."""
    samples = _stretch(samples, rng)
    if rng.random() < 0.5:
        samples = change_speed(samples, float(rng.uniform(0.9, 1.12)))
    return _through_equipment(samples, rng)


def recut(samples: Samples, rng: np.random.Generator) -> Samples:
    """Pauses mostly cut out, else silence added; then often other equipment or noise.

    How much silence lies round the words tells corpora apart, and must tell nothing else.
    """
    samples = _stretch(samples, rng)
    if rng.random() < 0.8:
        samples = without_pauses(samples)
    else:
        samples = pad(samples, *rng.uniform(0.0, 1.2, 2))
    if rng.random() < 0.5:
        samples = change_speed(samples, float(rng.uniform(0.9, 1.12)))
    way = rng.random()
    if way < 0.45:
        return _through_equipment(samples, rng)
    return add_noise(samples, rng.uniform(8.0, 35.0), rng) if way < 0.6 else samples


def telephone_call(samples: Samples, rng: np.random.Generator) -> Samples:
    """What arrives through a telephone: its band, 8-bit steps or a thin codec, sometimes noise."""
    samples = _stretch(samples, rng)
    if rng.random() < 0.5:
        samples = change_speed(samples, float(rng.uniform(0.9, 1.12)))
    if rng.random() < 0.5:
        samples = without_pauses(samples)
    if rng.random() < 0.6:
        samples = colour(samples, 8.0, rng)
    if rng.random() < 0.6:
        samples = telephone(samples)
    else:
        lower_hz, upper_hz = rng.uniform(100.0, 300.0), rng.uniform(3300.0, 3900.0)
        samples = limit_band(samples, float(lower_hz), float(upper_hz))
    if rng.random() < 0.5:
        samples = pass_codec(samples, "libopus", int(rng.choice([6_000, 8_000, 10_000])))
    return add_noise(samples, rng.uniform(15.0, 40.0), rng) if rng.random() < 0.4 else samples


def bury(samples: Samples, rng: np.random.Generator) -> Samples:
    """Loud noise, white or coloured, or music under the voice; at times in a room."""
    samples = _stretch(samples, rng)
    if rng.random() < 0.3:
        samples = add_room(samples, rng.uniform(0.15, 0.6), rng.uniform(2.0, 12.0), rng)
    add = (add_noise, add_noise, add_white_noise, add_music)[int(rng.integers(4))]
    return add(samples, rng.uniform(2.0, 25.0), rng)


def without_pauses(samples: Samples) -> Samples:
    """Only what lies within 80 ms of a moment at most 35 dB below the loudest one."""
    frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME)
    level_db = 10.0 * np.log10((frames**2).mean(axis=1) + 1e-12)
    loud = level_db > level_db.max() - 35.0
    kept = np.convolve(loud, np.ones(17), mode="same") > 0
    return frames[kept].reshape(-1)


def _stretch(samples: Samples, rng: np.random.Generator) -> Samples:
    """A part of 2.5 to 5.5 s of a clip that is longer."""
    if len(samples) <= 5.5 * SAMPLE_RATE_HZ:
        return samples
    length = int(rng.uniform(2.5, 5.5) * SAMPLE_RATE_HZ)
    start = int(rng.integers(0, len(samples) - length))
    return samples[start : start + length]


def _through_equipment(samples: Samples, rng: np.random.Generator) -> Samples:
    """Random frequency response, band limit, codec, noise and room, each with its probability."""
    if rng.random() < 0.6:
        samples = colour(samples, 10.0, rng)
    line = rng.random()
    if line < 0.2:
        samples = telephone(samples)
    elif line < 0.6:
        upper_hz = float(rng.choice([3400.0, 3800.0, 3900.0, 5500.0]))
        samples = limit_band(samples, float(rng.choice([0.0, 80.0, 200.0])), upper_hz)
    if rng.random() < 0.4:
        name, bit_rate = CODECS[int(rng.integers(len(CODECS)))]
        samples = pass_codec(samples, name, bit_rate)
    if rng.random() < 0.5:
        samples = add_noise(samples, rng.uniform(15.0, 45.0), rng)
    if rng.random() < 0.3:
        samples = add_room(samples, rng.uniform(0.15, 0.6), rng.uniform(2.0, 12.0), rng)
    return samples


def colour(samples: Samples, most_db: float, rng: np.random.Generator) -> Samples:
    """A random smooth frequency response within ``most_db`` either way; peak brought to 0.5."""
    spectrum = np.fft.rfft(samples)
    knots = int(rng.integers(3, 9))
    gain_db = np.interp(
        np.linspace(0.0, 1.0, len(spectrum)),
        np.linspace(0.0, 1.0, knots),
        rng.uniform(-most_db, most_db, knots),
    )
    heard = np.fft.irfft(spectrum * 10.0 ** (gain_db / 20.0), len(samples))
    peak = float(np.abs(heard).max(initial=0.0))
    return _as_samples(heard * (0.5 / peak) if peak > 0.0 else heard)


def limit_band(samples: Samples, lower_hz: float, upper_hz: float) -> Samples:
    """Leave what lies between two frequencies; 0 leaves the low end alone."""
    spectrum = np.fft.rfft(samples)
    hz = np.fft.rfftfreq(len(samples), 1.0 / SAMPLE_RATE_HZ)
    spectrum *= 1.0 / (1.0 + np.exp((hz - upper_hz) / 40.0))
    if lower_hz > 0.0:
        spectrum *= 1.0 / (1.0 + np.exp((lower_hz - hz) / 10.0))
    return _as_samples(np.fft.irfft(spectrum, len(samples)))


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
