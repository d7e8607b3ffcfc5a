"""How far pitch, loudness and tempo of the voice are right: the figures in docs/acoustics.md.

    python -m benchmarks.acoustics praat FOLDER...  # against Praat, on clips of speech
    python -m benchmarks.acoustics espeak           # syllables that are counted, needs espeak-ng
    python -m benchmarks.acoustics festvox FOLDER   # vowels that are marked, of Debian's festvox-ru
    python -m benchmarks.acoustics cost VIDEO       # processor time with and without

Praat is that of praat-parselmouth (extra `acoustics`), with the same floor, ceiling and step.
"""

from __future__ import annotations

import argparse
import io
import random
import re
import subprocess
import time
import wave
from pathlib import Path

import numpy as np
from scipy.signal import resample_poly

from emoreport import Settings, analyze
from emoreport.analysis.numeric.syllables import syllable_nuclei_s
from emoreport.analysis.rows.acoustics import span_acoustics
from emoreport.media.sound import read_sound
from emoreport.records import CONTOUR_STEP_S, SAMPLE_RATE_HZ, FloatArray, SoundContour, Span
from emoreport.speech.pitch import HALF_SAMPLES, HIGHEST_HZ, LOWEST_HZ, pitch_and_level

CLIPS = 200
SENTENCES_READ = 80
FESTVOX_VOWELS = {"a", "aa", "ae", "ay", "e", "ee", "i", "ii", "oo", "u", "ur", "uu", "y", "yy"}
SPEEDS = (90, 130, 170, 220, 280)
VOWELS = re.compile(r"[aeiouyɐɑɒæɛɜəɪɔʊʌøœɵʉɨɚᵻɯ]+ː?")
SENTENCES = {
    "en": (
        "The morning train was late again, and nobody on the platform seemed surprised.",
        "Please remember to bring your umbrella, because the weather will change tomorrow.",
        "When the children came home they found the kitchen completely empty.",
    ),
    "ru": (
        "Утром поезд снова опоздал, и никто на платформе не удивился.",
        "Не забудь взять зонтик, потому что завтра погода изменится.",
        "Когда дети вернулись домой, кухня была совершенно пустой.",
    ),
    "de": ("Bitte vergiss nicht deinen Regenschirm, denn morgen ändert sich das Wetter.",),
}


def contour_of(samples: FloatArray) -> SoundContour:
    """Pitch and level of a whole clip, taken as speech."""
    f0_hz, level_db = pitch_and_level(np.pad(samples, HALF_SAMPLES))
    return SoundContour(CONTOUR_STEP_S * np.arange(len(f0_hz)), f0_hz, level_db)


def praat_contour(samples: FloatArray) -> SoundContour:
    """The same by Praat."""
    from parselmouth import Sound

    sound = Sound(np.pad(samples, HALF_SAMPLES).astype(float), SAMPLE_RATE_HZ)
    pitch = sound.to_pitch_ac(
        time_step=CONTOUR_STEP_S, pitch_floor=LOWEST_HZ, pitch_ceiling=HIGHEST_HZ
    )
    f0_hz = np.where(pitch.selected_array["frequency"] > 0, pitch.selected_array["frequency"], 0)
    f0_hz = f0_hz.astype(np.float32)
    f0_hz[f0_hz == 0] = np.nan
    time_s = pitch.xs() - HALF_SAMPLES / SAMPLE_RATE_HZ
    intensity = sound.to_intensity(minimum_pitch=LOWEST_HZ, time_step=CONTOUR_STEP_S)
    level_db = np.interp(pitch.xs(), intensity.xs(), intensity.values[0])
    # Praat's decibels are above 20 µPa; a mean square of 1 is 93.98.
    return SoundContour(time_s, f0_hz, (level_db - 93.98).astype(np.float32))


def against_praat(folder: Path) -> None:
    """Differences from Praat over clips of a folder."""
    clips = sorted(path for path in folder.rglob("*") if path.suffix in {".ogg", ".wav", ".flac"})
    random.Random(0).shuffle(clips)  # noqa: S311 - the same clips each time
    measured: dict[str, list[tuple[float, float]]] = {}
    seconds = own_s = praat_s = 0.0
    for path in clips[:CLIPS]:
        samples = read_sound(path)
        length_s = len(samples) / SAMPLE_RATE_HZ
        begun = time.process_time()
        own = contour_of(samples)
        own_s, begun = own_s + time.process_time() - begun, time.process_time()
        theirs = praat_contour(samples)
        praat_s, seconds = praat_s + time.process_time() - begun, seconds + length_s
        pair = [
            span_acoustics(contour, [Span(0.0, length_s)], np.zeros(1), np.array([length_s]))
            for contour in (own, theirs)
        ]
        for name in pair[0]:
            measured.setdefault(name, []).append((pair[0][name].item(), pair[1][name].item()))
    print(f"{folder}: {min(len(clips), CLIPS)} clips, {seconds:.0f} s of sound")
    for name, pairs in measured.items():
        own_values, praat_values = np.array(pairs).T
        if name == "f0_median_hz":
            difference = 12 * np.log2(own_values / praat_values)
        else:
            difference = own_values - praat_values
        difference = difference[np.isfinite(difference)]
        size = np.abs(difference)
        print(
            f"  {name}: mean {difference.mean():+.3f}, median size {np.median(size):.3f}, "
            f"nine in ten below {np.percentile(size, 90):.3f}"
        )
    print(f"  {seconds / own_s:.0f} times real time on one core, Praat {seconds / praat_s:.0f}")


def spoken(text: str, lang: str, speed: int) -> FloatArray:
    """A sentence by espeak-ng, at 16 kHz."""
    command = ["espeak-ng", "-v", lang, "-s", str(speed), "--stdout", text]
    sound = subprocess.run(command, capture_output=True, check=True).stdout
    with wave.open(io.BytesIO(sound)) as file:
        rate_hz = file.getframerate()
    samples = np.frombuffer(sound[44:], dtype="<i2") / 32768
    return resample_poly(samples, SAMPLE_RATE_HZ, rate_hz).astype(np.float32)


def syllables(text: str, lang: str) -> int:
    """How many syllables a sentence has, by its vowels."""
    if lang == "ru":
        return len(re.findall("[аеёиоуыэюя]", text.lower()))
    command = ["espeak-ng", "-q", "--ipa", "-v", lang, text]
    sounds = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    return len(VOWELS.findall(sounds))


def counted_syllables() -> None:
    """Syllables found in synthetic speech of several speeds."""
    found, true = [], []
    for lang, texts in SENTENCES.items():
        for text in texts:
            for speed in SPEEDS:
                contour = contour_of(spoken(text, lang, speed))
                loud = contour.level_db > np.percentile(contour.level_db, 99) - 35
                length_s = loud.sum() * CONTOUR_STEP_S
                found.append(len(syllable_nuclei_s(contour)) / length_s)
                true.append(syllables(text, lang) / length_s)
    off = np.array(found) - true
    print(
        f"{len(true)} synthetic sentences, {min(true):.1f} to {max(true):.1f} syllables a second: "
        f"mean size of the error {np.abs(off).mean():.2f}, mean error {off.mean():+.2f}, "
        f"correlation {np.corrcoef(found, true)[0, 1]:.3f}"
    )


def marked_vowels(voice: Path) -> None:
    """Syllables found in read speech whose sounds are marked: ``lab`` and ``wav`` of a voice."""
    labels = sorted((voice / "lab").glob("*.lab"))
    random.Random(1).shuffle(labels)  # noqa: S311 - the same sentences each time
    found, true, seconds = [], [], []
    for path in labels[:SENTENCES_READ]:
        lines = [line.split() for line in path.read_text().splitlines()]
        marks = [(float(line[0]), line[2]) for line in lines if len(line) == 3]
        starts = [0.0, *(end_s for end_s, _ in marks)]
        true.append(sum(sound in FESTVOX_VOWELS for _, sound in marks))
        spans = zip(starts, marks, strict=False)
        seconds.append(sum(end_s - start for start, (end_s, sound) in spans if sound != "pau"))
        samples = read_sound(voice / "wav" / f"{path.stem}.wav")
        found.append(len(syllable_nuclei_s(contour_of(samples))))
    off = (np.array(found) - true) / np.array(seconds)
    print(
        f"{len(true)} sentences, {sum(true)} vowels, {sum(found)} nuclei; "
        f"mean size of the error {np.abs(off).mean():.2f} syllables a second"
    )


def cost(video: Path) -> None:
    """Processor time of an analysis with and without acoustics, in turn."""
    taken: dict[bool, list[float]] = {True: [], False: []}
    for repeat in range(7):
        for acoustics in (True, False):
            begun = time.process_time()
            analyze(video, Settings.from_values({"acoustics": acoustics, "offline": True}))
            if repeat:  # the first one warms the caches
                taken[acoustics].append(time.process_time() - begun)
    with_s, without_s = np.median(taken[True]), np.median(taken[False])
    print(f"{video}: {with_s:.2f} s with acoustics, {without_s:.2f} s without; ", end="")
    print(f"ratio {with_s / without_s:.3f}")


def main() -> None:
    """Print what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("praat", "espeak", "festvox", "cost"))
    parser.add_argument("paths", nargs="*", type=Path)
    wanted = parser.parse_args()
    if wanted.what == "espeak":
        counted_syllables()
    measure = {"praat": against_praat, "festvox": marked_vowels, "cost": cost}.get(wanted.what)
    for path in wanted.paths if measure else ():
        measure(path)


if __name__ == "__main__":
    main()
