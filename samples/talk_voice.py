"""The sample's sound: Festival reads the sentences, Praat's overlap-add acts them.

The voice is festvox-ru (N. Shmyrev, free to use and to pass on), a man's. It is raised to fit the
portrait, and every sentence gets the pitch, melody, pace and colour of its scene.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
from talk_script import DELIVERIES, FRAME_RATE_HZ, SCENES, Delivery, starts_s

if TYPE_CHECKING:
    from parselmouth import Data, Sound

FloatArray = npt.NDArray[np.float64]

SAMPLE_RATE_HZ: Final = 16_000
"""What festvox-ru is recorded at."""
VOICE: Final = "voice_msu_ru_nsh_clunits"
FORMANT_SHIFT: Final = 1.17
"""A woman's vocal tract is about this much shorter than a man's."""
PITCH_FLOOR_HZ: Final = 75.0
PITCH_CEILING_HZ: Final = 500.0
LEAD_S: Final = 0.3
"""Silence before and after a sentence within its scene, at least."""
ENDING_S: Final = 0.45
"""How long before the end of a sentence its melody begins to turn."""
TREMOR_HZ: Final = 5.5
PEAK: Final = 0.7
ROOM_NOISE: Final = 3e-4
NOISE_SEED: Final = 20


class MissingProgramError(RuntimeError):
    """A program or voice that the sample needs is not installed."""


def read_aloud(words: str) -> FloatArray:
    """Return a sentence as Festival reads it: samples, about -1..1, at `SAMPLE_RATE_HZ`.

    Raises
    ------
    MissingProgramError
        When Festival or its voice is not there.
    """
    program = shutil.which("text2wave")
    if program is None:
        raise MissingProgramError("Festival is missing: apt-get install festival festvox-ru")
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "made.raw"
        command = [program, "-otype", "raw", "-o", str(made), "-eval", f"({VOICE})"]
        done = subprocess.run(command, input=words.encode(), capture_output=True, check=False)  # noqa: S603
        if done.returncode != 0 or not made.exists():
            problem = done.stderr.decode(errors="replace").strip()
            raise MissingProgramError(f"text2wave: {problem}: apt-get install festvox-ru")
        samples: FloatArray = np.frombuffer(made.read_bytes(), "<i2") / 32768.0
    return _trimmed(samples)


def act(samples: FloatArray, delivery: Delivery) -> FloatArray:
    """Return a sentence with the pitch, pace, loudness and colour of a delivery."""
    from parselmouth import Sound
    from parselmouth.praat import call, run

    # Overlap-add draws lots where there is no voice: the same ones in every run.
    run(f"random_initializeWithSeedUnsafelyButPredictably ({NOISE_SEED})")
    # Played faster, formants rise; overlap-add then gives pitch and pace back.
    faster = FORMANT_SHIFT * delivery.formants
    shifted = Sound(samples, SAMPLE_RATE_HZ * faster)
    manipulation = call(shifted, "To Manipulation", 0.01, PITCH_FLOOR_HZ, PITCH_CEILING_HZ)
    call([_melody(manipulation, shifted, delivery), manipulation], "Replace pitch tier")
    pace = call("Create DurationTier", "pace", 0.0, shifted.duration)
    call(pace, "Add point", 0.0, faster / delivery.pace)
    call([pace, manipulation], "Replace duration tier")
    sound = call(manipulation, "Get resynthesis (overlap-add)")
    acted = call(sound, "Resample", SAMPLE_RATE_HZ, 50).values[0]
    coloured = _trimmed(_coloured(acted, delivery.brightness))
    loudness = float(np.sqrt(np.mean(coloured**2)))
    louder: FloatArray = coloured * (delivery.loudness / loudness)
    return louder


def _melody(manipulation: Data, sound: Sound, delivery: Delivery) -> Data:
    """Return the sentence's melody: centred, stretched, and turned up or down at its end."""
    from parselmouth.praat import call

    read = call(manipulation, "Extract pitch tier")
    times_s = np.array([call(read, "Get time from index", n + 1) for n in range(_points(read))])
    pitch_hz = np.array([call(read, "Get value at index", n + 1) for n in range(_points(read))])
    octaves = np.log2(pitch_hz)
    away = np.clip(octaves - np.median(octaves), -0.5, 0.5)
    ending = np.clip(1.0 - (sound.duration - times_s) / (ENDING_S * delivery.pace), 0.0, 1.0)
    shaken = np.sin(2.0 * np.pi * TREMOR_HZ * times_s / delivery.pace) * delivery.tremor_semitones
    turned = away * delivery.melody + (ending * delivery.ending_semitones + shaken) / 12
    acted = call("Create PitchTier", "melody", 0.0, sound.duration)
    for time_s, octave in zip(times_s, turned, strict=True):
        call(acted, "Add point", time_s, delivery.pitch_hz * 2.0**octave)
    return acted


def _points(tier: Data) -> int:
    from parselmouth.praat import call

    return int(call(tier, "Get number of points"))


def _coloured(samples: FloatArray, brightness: float) -> FloatArray:
    """Tilt the spectrum: above 0 tense and bright, below 0 soft and dark; -1 to 1."""
    before = np.concatenate([[0.0], samples[:-1]])
    return samples - brightness * before if brightness > 0 else _softened(samples, -brightness)


def _softened(samples: FloatArray, share: float) -> FloatArray:
    from scipy.signal import lfilter

    soft: FloatArray = lfilter([1.0 - share], [1.0, -share], samples)
    return soft


def _trimmed(samples: FloatArray) -> FloatArray:
    heard = np.nonzero(np.abs(samples) > 0.02 * np.abs(samples).max())[0]
    return samples[heard[0] : heard[-1] + 1]


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
        samples = act(read_aloud(scene.words), DELIVERIES[scene.voice])
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
    rounding follows how low the spectrum is.
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
