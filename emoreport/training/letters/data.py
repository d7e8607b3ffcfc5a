"""Utterances with the time of every letter, heard through other equipment, as spectrograms."""

from __future__ import annotations

import csv
import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emoreport.models.families.log_mel import log_mel
from emoreport.records import FloatArray, IntArray
from emoreport.training.letters.espeak import VARIANTS, Speaker, Spoken, sentences
from emoreport.training.letters.festvox import Sentence, read_sentences
from emoreport.training.letters.spans import BOUNDARY, learn_costs, phones_of_units, units_of
from emoreport.training.voice.augment import (
    add_noise,
    add_room,
    change_speed,
    colour,
    limit_band,
)
from emoreport.words.sounding import RUSSIAN_LETTERS, heard_letters

FRAME_MS: Final = 20.0
BLANK: Final = 0
CLASS_OF: Final = {letter: number for number, letter in enumerate(RUSSIAN_LETTERS, start=1)}
WORST_FIT: Final = 1.5
"""Utterances whose letters fit their phones worse than this are left out."""
LEARNT_FROM: Final = 1500
TEXTS: Final = ("ru_izard_train.csv", "cedr_main_train.csv")


@dataclass(frozen=True, slots=True)
class Utterance:
    """Sound and the letters in it.

    Attributes
    ----------
    name
        Of the sentence.
    samples
        float32 (n,), 16 kHz.
    words
        For each word its letters as (letter, start_ms, end_ms), in order.
    """

    name: str
    samples: FloatArray
    words: tuple[tuple[tuple[str, float, float], ...], ...]


@dataclass(frozen=True, slots=True)
class Example:
    """What the network sees: float16 (64, T) spectrogram and int8 (⌈T/2⌉,) classes."""

    spectrogram: NDArray[np.float16]
    classes: NDArray[np.int8]


def speak(data: Path, count: int, seed: int) -> list[tuple[str, Spoken]]:
    """Sentences of ../shared/data/text spoken in voices, tempos and pitches drawn at random."""
    texts: list[str] = []
    for name in TEXTS:
        with (data / "text" / name).open(encoding="utf-8", newline="") as file:
            texts += [row["text"] for row in csv.DictReader(file)]
    rng = np.random.default_rng(seed)
    chosen = list(sentences(texts))
    rng.shuffle(chosen)
    speaker = Speaker()
    spoken = []
    for number, text in enumerate(chosen[:count]):
        variant = str(rng.choice(VARIANTS))
        rate, pitch, spread = (
            int(rng.integers(low, high)) for low, high in ((110, 231), (20, 81), (20, 81))
        )
        said = speaker.say(text, variant, rate=rate, pitch=pitch, spread=spread)
        if said is not None:
            spoken.append((f"espeak/{number}", said))
    return spoken


def with_letters(
    items: Sequence[tuple[str, FloatArray, Sequence[str], Sequence[tuple[str, float]], float]],
) -> list[Utterance]:
    """Utterances from (name, samples, words, phones with starts, end in milliseconds)."""
    units = [units_of(map(heard_letters, words)) for _, _, words, _, _ in items]
    names = [[name for name, _ in phones] for _, _, _, phones, _ in items]
    cost = learn_costs(list(zip(units, names, strict=True))[:LEARNT_FROM])
    utterances = []
    for (name, samples, _, phones, end_ms), own, heard in zip(items, units, names, strict=True):
        ranges, fit = phones_of_units(own, heard, cost)
        if ranges is None or fit > WORST_FIT:
            continue
        edges = [start for _, start in phones] + [end_ms]
        words: list[list[tuple[str, float, float]]] = [[]]
        for unit, (first, last) in zip(own, ranges, strict=True):
            if unit == BOUNDARY:
                words.append([])
            elif last > first:
                words[-1].append((unit, edges[first], edges[last]))
        utterances.append(Utterance(name, samples, tuple(tuple(word) for word in words if word)))
    return utterances


def utterances_of(spoken: Sequence[tuple[str, Spoken]]) -> list[Utterance]:
    """Utterances of sentences that eSpeak NG spoke."""
    return with_letters(
        [
            (name, said.samples, said.words, said.phones, len(said.samples) / 16.0)
            for name, said in spoken
        ]
    )


def kept(path: Path, make: Callable[[], list[Utterance]]) -> list[Utterance]:
    """What an earlier run made, else what `make` makes."""
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pickle.dumps(make()))
    utterances: list[Utterance] = pickle.loads(path.read_bytes())  # noqa: S301 - our own file
    return utterances


def kept_festvox(work: Path) -> list[Utterance]:
    """Utterances of festvox-ru, kept in a folder."""
    return kept(work / "festvox.pickle", lambda: utterances_of_festvox(read_sentences()))


def utterances_of_festvox(read: Sequence[Sentence]) -> list[Utterance]:
    """Utterances of the sentences of festvox-ru."""
    return with_letters(
        [(each.name, each.samples(), each.words, each.phones, each.end_ms) for each in read]
    )


def elsewhere(samples: FloatArray, rng: np.random.Generator) -> tuple[FloatArray, float]:
    """The same speech faster or slower, through other equipment, in another room; the factor."""
    factor = 1.0
    if rng.random() < 0.85:
        factor = float(np.clip(rng.normal(1.0, 0.11), 0.75, 1.3))
        samples = change_speed(samples, factor)
    if rng.random() < 0.5:
        samples = colour(samples, 8.0, rng)
    if rng.random() < 0.35:
        samples = add_room(samples, float(rng.uniform(0.15, 0.7)), float(rng.uniform(-3, 10)), rng)
    if rng.random() < 0.3:
        samples = limit_band(samples, float(rng.uniform(0, 300)), float(rng.uniform(3000, 7000)))
    if rng.random() < 0.5:
        samples = add_noise(samples, float(rng.uniform(5, 35)), rng)
    return np.asarray(samples, np.float32), factor


def example(utterance: Utterance, rng: np.random.Generator | None = None) -> Example:
    """An utterance as the network sees it: as it is, or through random equipment."""
    samples, factor = utterance.samples, 1.0
    if rng is not None:
        samples, factor = elsewhere(samples, rng)
    spectrogram = log_mel(samples).astype(np.float16)
    frames = (spectrogram.shape[1] + 1) // 2
    return Example(spectrogram, classes_of(utterance, frames, factor))


def classes_of(utterance: Utterance, frames: int, factor: float = 1.0) -> NDArray[np.int8]:
    """Class of every frame of an utterance that is played ``factor`` times as fast."""
    classes = np.full(frames, BLANK, np.int8)
    for letter, start_ms, end_ms in (each for word in utterance.words for each in word):
        first = round(start_ms / factor / FRAME_MS)
        last = max(first + 1, round(end_ms / factor / FRAME_MS))
        classes[first:last] = CLASS_OF[letter]
    return classes


def boundary_errors_ms(utterance: Utterance, first: IntArray, last: IntArray) -> list[float]:
    """Distances of the starts and ends of all placed words from where they are.

    Parameters
    ----------
    first, last
        int64 (W,): frames of each word, half-open; the same for a word without a place.
    """
    errors = []
    for word, start, end in zip(utterance.words, first.tolist(), last.tolist(), strict=True):
        if end > start:
            errors.append(abs(start * FRAME_MS - word[0][1]))
            errors.append(abs(end * FRAME_MS - word[-1][2]))
    return errors
