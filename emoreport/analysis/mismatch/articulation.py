"""How much of what the face seems to show goes with articulation.

Speech moves the mouth, and a face model may take an open mouth for surprise or spread lips for
happiness. Words with times tell when the mouth works: whether a word is being said, and whether
just now an open vowel is, each letter of a word being given an equal part of its time. Both are
held against the face's probabilities before any smoothing:

- *In speech*: mean probability while words are said, less that while none is.
- *At open vowels*: how much higher the probability is at an open vowel than at another letter, by
  a regression on words and open vowels (sounds are shorter than a step: means would mix them).
- *Explained*: share of the variance of the probability that this regression explains.

The words are shifted in a circle against the face, all of them together and by every step. That
keeps how both run by themselves, and breaks what ties them together. The intervals of the two
differences are those of the stationary bootstrap (`blocks`).

None of this says why: who smiles more while talking gives the same figures in speech as a model
that takes talking for a smile. Open vowels are said too fast to follow a feeling, so what goes with
them is articulation; but the letters' times are rough, and what is found there is the least of it.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from emoreport.analysis.mismatch.agreement import MIN_COMPARED_S, NO_OVERLAP, TOO_SHORT
from emoreport.analysis.mismatch.lag import CONSTANT, resample
from emoreport.analysis.mismatch.shift_test import MIN_TEST_S, TIE
from emoreport.analysis.numeric.blocks import (
    LEAST_BLOCKS,
    Ratio,
    automatic_block,
    bootstrap_error,
    time_in_bins,
)
from emoreport.analysis.numeric.hold_times import BoolArray
from emoreport.records import DoubleArray, FaceTrack, Word

OPEN_VOWELS: Final = frozenset("аоэеяё" + "aoeáàâäãåæóòôöõéèê")
"""Letters that open the mouth: Russian, and what European spellings have for the same sounds."""

STEP_S: Final = 0.1
"""Step of the grid: about a sound of speech."""

CELLS_PER_BIN: Final = 5
"""Cells of a bin of the bootstrap."""

NORMAL: Final = 1.96
"""Standard errors to either end of a 95 % interval."""

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Effect:
    """One figure of one emotion.

    Attributes
    ----------
    value
        The figure; None where it is not defined.
    expected
        Its mean over all shifts of the words.
    interval
        95 %; None for what is explained, and where the talk is too short for one.
    p_value
        Share of the shifts, the observed position included, at which it is at least as large; of
        a difference, either way.
    reason
        Why there is no value: ``no_overlap``, ``too_short``, ``constant``.
    """

    value: float | None = None
    expected: float | None = None
    interval: Interval | None = None
    p_value: float | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Articulation:
    """What goes with articulation in the probabilities of one emotion.

    Attributes
    ----------
    emotion
        Which, by the face model's name.
    in_speech, at_open_vowels
        Differences of probabilities.
    explained
        Share of the variance, 0–1.
    known_s
        Seconds with a face that all rest on.
    """

    emotion: str
    in_speech: Effect
    at_open_vowels: Effect
    explained: Effect
    known_s: float


def articulation(
    faces: FaceTrack, words: Sequence[Word], duration_s: float
) -> tuple[Articulation, ...]:
    """Measure what goes with articulation, emotion by emotion.

    Parameters
    ----------
    faces
        Frame readings.
    words
        Words with their text, in order of time.
    duration_s
        Length of the recording, seconds.
    """
    cells = max(1, int(np.floor(max(duration_s, 0.0) / STEP_S)))
    grid_s = (np.arange(cells) + 0.5) * STEP_S
    said, open_vowel = mouth_work(words, cells)
    readings = np.stack(
        [resample(faces.time_s, column, grid_s, STEP_S) for column in faces.probabilities.T]
        if len(faces)
        else [np.full(cells, np.nan)] * len(faces.labels)
    )
    known = ~np.isnan(readings).any(axis=0)
    known_s = float(np.count_nonzero(known)) * STEP_S
    refusal = _refusal(known, said)
    rows = []
    for emotion, probability in zip(faces.labels, readings, strict=True):
        why = refusal
        if why is None and float(np.ptp(probability[known])) < TIE:
            why = CONSTANT
        if why is not None:
            nothing = Effect(reason=why)
            rows.append(Articulation(emotion, nothing, nothing, nothing, known_s))
            continue
        centred = np.where(known, probability - probability[known].mean(), 0.0)
        at_vowels, explained = _by_regression(centred, known, said, open_vowel)
        in_speech = _in_speech(centred, known, said)
        rows.append(Articulation(emotion, in_speech, at_vowels, explained, known_s))
    return tuple(rows)


def mouth_work(words: Sequence[Word], cells: int) -> tuple[DoubleArray, DoubleArray]:
    """Share of each cell of `STEP_S` with a word, and with an open vowel; float64 (C,) each.

    Every letter of a word gets the same part of its time. A word that begins before the last one
    has ended is cut there.
    """
    edges_s = np.arange(cells + 1) * STEP_S
    # Pairs of bounds, one after the other: of hours of words, lists of them take ten times as much.
    spans, vowels = array("d"), array("d")
    free_s = 0.0
    for word in words:
        start_s, free_s = max(word.start_s, free_s), max(word.end_s, free_s)
        letters = [letter for letter in word.text.casefold() if letter.isalpha()]
        if start_s >= word.end_s:
            continue
        spans.extend((start_s, word.end_s))
        length_s = (word.end_s - start_s) / max(len(letters), 1)
        for index, letter in enumerate(letters):
            if letter in OPEN_VOWELS:
                vowels.extend((start_s + index * length_s, start_s + (index + 1) * length_s))
    said, opened = (
        time_in_bins(bounds[:, 0], bounds[:, 1], np.ones(len(bounds)), edges_s) / STEP_S
        for bounds in (np.reshape(pairs, (-1, 2)) for pairs in (spans, vowels))
    )
    return np.clip(said, 0.0, 1.0), np.minimum(opened, said)


def _refusal(known: BoolArray, said: DoubleArray) -> str | None:
    if not known.any() or not said.any():
        return NO_OVERLAP
    parts_s = [float(part[known].sum()) * STEP_S for part in (said, 1.0 - said)]
    short = sum(parts_s) < MIN_TEST_S or min(parts_s) < MIN_COMPARED_S
    return TOO_SHORT if short else None


def _in_speech(centred: DoubleArray, known: BoolArray, said: DoubleArray) -> Effect:
    """Mean while words are said, less that while none is."""
    apart = np.zeros(len(said))
    influence = np.zeros(len(said))
    for sign, weight in ((1.0, said), (-1.0, 1.0 - said)):
        below = _at_all_shifts(known, weight)
        apart += sign * _at_all_shifts(centred, weight) / np.where(below > TIE, below, np.nan)
        influence += sign * Ratio(centred * weight, known * weight).influence
    return _two_sided(apart, influence)


def _by_regression(
    centred: DoubleArray, known: BoolArray, said: DoubleArray, opened: DoubleArray
) -> tuple[Effect, Effect]:
    """The slope on open vowels beside words, and the share of the variance of both; all shifts."""
    number = np.count_nonzero(known)
    sums = [_at_all_shifts(known, part) for part in (said, opened)]
    # What the predictors have in common with each other over the known cells, after any shift.
    one, both, other = (
        _at_all_shifts(known, first * second) - mine * theirs / number
        for first, second, mine, theirs in (
            (said, said, sums[0], sums[0]),
            (said, opened, sums[0], sums[1]),
            (opened, opened, sums[1], sums[1]),
        )
    )
    with_said, with_opened = (_at_all_shifts(centred, part) for part in (said, opened))
    spread = one * other - both**2
    spread = np.where(spread > TIE * number**2, spread, np.nan)
    if np.isnan(spread[0]):
        return Effect(reason=CONSTANT), Effect(reason=CONSTANT)
    slopes = (with_opened * one - with_said * both) / spread
    slope_of_said = (with_said * other - with_opened * both) / spread
    share = (slope_of_said * with_said + slopes * with_opened) / float(centred @ centred)
    del spread, other, with_said, with_opened  # each of them is as long as the talk
    rest = np.where(known, opened - sums[1][0] / number, 0.0)
    left = np.where(known, said - sums[0][0] / number, 0.0)
    error = centred - slope_of_said[0] * left - slopes[0] * rest
    rest -= left * (both[0] / one[0])
    del left, both, one, slope_of_said, sums
    tried = share[~np.isnan(share)]
    explained = Effect(
        float(np.clip(share[0], 0.0, 1.0)),
        float(np.clip(tried.mean(), 0.0, 1.0)),
        None,
        float(np.mean(tried >= share[0] - TIE)),
    )
    return _two_sided(slopes, len(known) * rest * error / float(rest @ rest)), explained


def _two_sided(values: DoubleArray, influence: DoubleArray) -> Effect:
    """The observed value, which comes first, among all shifts, with its interval."""
    size = np.abs(values[~np.isnan(values)])
    value = float(values[0])
    return Effect(
        value,
        float(np.nanmean(values)),
        _interval(influence, value),
        float(np.mean(size >= abs(value) - TIE)),
    )


def _at_all_shifts(fixed: DoubleArray | BoolArray, moved: DoubleArray) -> DoubleArray:
    """Sum of fixed[t] · moved[t − shift] on the circle, by shift; float64 (C,)."""
    product = np.fft.rfft(fixed.astype(np.float64)) * np.conj(np.fft.rfft(moved))
    return np.fft.irfft(product, len(moved))


def _interval(influence: DoubleArray, value: float) -> Interval | None:
    bins = len(influence) // CELLS_PER_BIN
    effect = influence[: bins * CELLS_PER_BIN].reshape(bins, -1).mean(axis=1)
    block = automatic_block(effect)
    if bins / block < LEAST_BLOCKS:
        return None
    reach = NORMAL * bootstrap_error(effect, block)
    return value - reach, value + reach
