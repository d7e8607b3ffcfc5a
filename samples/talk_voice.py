"""The sample's sound: espeak-ng reads the sentences; the mouth follows the result."""

from __future__ import annotations

import io
import shutil
import subprocess
import wave
from typing import Final

import numpy as np
import numpy.typing as npt
from talk_script import DELIVERIES, FRAME_RATE_HZ, SCENES, Delivery, starts_s

FloatArray = npt.NDArray[np.float64]

SAMPLE_RATE_HZ: Final = 22_050
"""What espeak-ng writes."""
VOICE: Final = "ru+f3"
LEAD_S: Final = 0.3
"""Silence before and after a sentence within its scene, at least."""
PEAK: Final = 0.7
ROOM_NOISE: Final = 3e-4
NOISE_SEED: Final = 20


class MissingProgramError(RuntimeError):
    """A program that the sample needs is not installed."""


def speak(words: str, delivery: Delivery) -> FloatArray:
    """Return a sentence as samples, about -1..1, at `SAMPLE_RATE_HZ`.

    Raises
    ------
    MissingProgramError
        When espeak-ng is not there.
    RuntimeError
        When espeak-ng fails.
    """
    program = shutil.which("espeak-ng")
    if program is None:
        raise MissingProgramError("espeak-ng is not installed: apt-get install espeak-ng")
    marked = f'<prosody range="{delivery.pitch_range}%">{words}</prosody>'
    numbers = (delivery.words_per_minute, delivery.pitch, delivery.amplitude)
    rate, pitch, amplitude = (str(number) for number in numbers)
    command = [program, "-v", VOICE, "-s", rate, "-p", pitch, "-a", amplitude, "-m", "--stdout"]
    done = subprocess.run([*command, marked], capture_output=True, check=False)  # noqa: S603
    if done.returncode != 0:
        raise RuntimeError(f"espeak-ng failed: {done.stderr.decode(errors='replace').strip()}")
    with wave.open(io.BytesIO(done.stdout)) as stream:
        if stream.getframerate() != SAMPLE_RATE_HZ:
            raise RuntimeError(f"espeak-ng wrote {stream.getframerate()} Hz")
        # The header of a stream states no length: read what came.
        raw = done.stdout[44:]
    samples: FloatArray = np.frombuffer(raw[: len(raw) // 2 * 2], "<i2") / 32768.0
    heard = np.nonzero(np.abs(samples) > 0.003)[0]
    trimmed: FloatArray = samples[heard[0] : heard[-1] + 1]
    return trimmed


def sound_track() -> FloatArray:
    """Return the whole sound track, -1..1, at `SAMPLE_RATE_HZ`.

    Raises
    ------
    ValueError
        When a sentence is longer than its scene.
    """
    starts = starts_s()
    noise = np.random.default_rng(NOISE_SEED)
    track: FloatArray = np.zeros(round(starts[-1] * SAMPLE_RATE_HZ))
    for scene, start_s in zip(SCENES, starts, strict=False):
        if not scene.words:
            continue
        samples = speak(scene.words, DELIVERIES[scene.voice])
        room_s = scene.duration_s - len(samples) / SAMPLE_RATE_HZ
        if room_s < 2 * LEAD_S:
            raise ValueError(f"too long by {2 * LEAD_S - room_s:.2f} s: {scene.words}")
        first = round((start_s + min(room_s / 2, 0.6)) * SAMPLE_RATE_HZ)
        track[first : first + len(samples)] += samples
    track *= PEAK / np.abs(track).max()
    return track + ROOM_NOISE * noise.standard_normal(len(track))


def mouth_track(track: FloatArray) -> FloatArray:
    """Return per video frame how far speech opens and rounds the mouth, (N, 2), 0-1.

    Opening follows the loudness around the frame, relative to the loudness of its scene;
    rounding follows how low the spectrum lies.
    """
    hop = SAMPLE_RATE_HZ / FRAME_RATE_HZ
    count = round(len(track) / hop)
    window = np.hanning(int(2 * hop))
    padded = np.pad(track, len(window))
    frequencies = np.fft.rfftfreq(len(window), 1 / SAMPLE_RATE_HZ)
    loudness, brightness = np.zeros(count), np.zeros(count)
    for frame in range(count):
        centre = len(window) + round((frame + 0.5) * hop)
        part = padded[centre - len(window) // 2 :][: len(window)] * window
        spectrum = np.abs(np.fft.rfft(part)) ** 2
        loudness[frame] = np.sqrt(np.mean(part**2))
        brightness[frame] = np.sum(spectrum * frequencies) / (np.sum(spectrum) + 1e-12)
    opening = np.clip((loudness / _scene_loudness(loudness) - 0.12) / 0.9, 0.0, 1.0)
    rounding = np.clip((900.0 - brightness) / 700.0, 0.0, 1.0) * (opening > 0)
    return np.stack([_smoothed(opening), _smoothed(rounding)], axis=1)


def _scene_loudness(loudness: FloatArray) -> FloatArray:
    reference = np.full(len(loudness), loudness.max())
    starts = np.round(np.array(starts_s()) * FRAME_RATE_HZ).astype(int)
    for first, last, scene in zip(starts, starts[1:], SCENES, strict=False):
        if scene.words:
            reference[first:last] = np.percentile(loudness[first:last], 95)
    return reference


def _smoothed(values: FloatArray) -> FloatArray:
    smooth: FloatArray = np.convolve(np.pad(values, 1, mode="edge"), [0.25, 0.5, 0.25], "valid")
    return smooth
