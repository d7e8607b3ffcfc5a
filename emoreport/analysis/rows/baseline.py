"""Z-scores of the readings against the speaker's own neutral state.

Faces and voices at rest differ between people, and models answer that difference with emotion: a
face with lowered corners of the mouth reads a little sad all day. Subtracting what the same person
gave while neutral, in units of how much that varied, takes the constant part of it out. The result
is only as good as the stretch that is taken as neutral. Where the user names none it is what the
model itself calls neutral, and then the column ``neutral`` is cut off from below by that choice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from emoreport.analysis.numeric.hold_times import TIME_TOLERANCE_S, BoolArray, hold_times
from emoreport.records import DoubleArray, FaceTrack, FloatArray, Span, SpeechTrack
from emoreport.results import VideoInterval

NEUTRAL: Final = "neutral"

LEAST_S: Final = 10.0
"""Seconds that a baseline needs: with fewer its own spread is hardly known."""

LEAST_READINGS: Final = 5
"""… and so many readings, however long each of them counts."""

LEAST_SD: Final = 1e-3
"""A spread below this is none: a thousandth of probability would make a z-score of 1."""

NO_NEUTRAL: Final = "no_neutral"
TOO_SHORT: Final = "too_short"
NO_VARIATION: Final = "no_variation"


@dataclass(frozen=True, slots=True)
class Baseline:
    """Level and spread of every label's probability in the speaker's baseline.

    Attributes
    ----------
    mean, sd
        float64 (K,), weighted by time; NaN where there are no z-scores.
    seconds
        float64 (K,), seconds of readings that they rest on.
    reasons
        Per label None, or why its z-scores are NaN: ``no_neutral`` (the model never called the
        speaker neutral), ``too_short`` (less than `LEAST_S` or `LEAST_READINGS`),
        ``no_variation`` (a spread below `LEAST_SD`).
    """

    mean: DoubleArray
    sd: DoubleArray
    seconds: DoubleArray
    reasons: tuple[str | None, ...]


def face_baseline(
    faces: FaceTrack,
    rows: Sequence[VideoInterval],
    duration_s: float,
    *,
    seconds: float,
    chosen: Span | None = None,
) -> Baseline:
    """Find the baseline of the face.

    Parameters
    ----------
    faces
        Frame readings (N).
    rows
        Rows of the face, in order; the readings in neutral ones make the baseline.
    duration_s
        Length of the recording in seconds.
    seconds
        How many of the first neutral seconds to take. Where there are fewer, all of them.
    chosen
        Take all readings in this span instead, whatever their label.
    """
    hold_s = np.where(faces.valid, hold_times(faces.time_s, duration_s), 0.0)
    if chosen is None:
        resting = _within(faces.time_s, [row.span for row in rows if row.emotion == NEUTRAL])
        resting = first_seconds(resting, hold_s, seconds)
    else:
        resting = _within(faces.time_s, [chosen])
    nothing = NO_NEUTRAL if chosen is None else TOO_SHORT
    return fit_baseline(faces.probabilities, np.where(resting, hold_s, 0.0), nothing)


def voice_baseline(speech: SpeechTrack, *, seconds: float, chosen: Span | None = None) -> Baseline:
    """Find the baseline of the voice.

    Neighbouring windows share most of their sound, so that each counts only as the seconds to the
    start of the next one. Without `chosen`, the first windows whose most probable label is neutral
    make the baseline; with it, those whose centre is in the span.

    Parameters
    ----------
    speech
        Voice windows (M).
    seconds
        How many of the first neutral seconds to take. Where there are fewer, all of them.
    chosen
        Take all judged windows in this span instead.
    """
    table = np.asarray(speech.probabilities, dtype=np.float64)
    judged = ~np.isnan(table).any(axis=1)
    length_s = speech.end_s - speech.start_s
    if len(speech) > 1:
        step_s = np.diff(speech.start_s)
        length_s = np.minimum(length_s, np.append(step_s, np.median(step_s)))
    hold_s = np.where(judged, length_s, 0.0)
    centre_s = 0.5 * (speech.start_s + speech.end_s)
    if chosen is None:
        resting = np.zeros(len(speech), dtype=np.bool_)
        if NEUTRAL in speech.labels:
            best = np.argmax(np.nan_to_num(table, nan=-1.0), axis=1)
            resting = judged & (best == speech.labels.index(NEUTRAL))
        resting = first_seconds(resting, hold_s, seconds)
    else:
        resting = _within(centre_s, [chosen])
    nothing = NO_NEUTRAL if chosen is None else TOO_SHORT
    return fit_baseline(table, np.where(resting, hold_s, 0.0), nothing)


def first_seconds(resting: BoolArray, hold_s: DoubleArray, seconds: float) -> BoolArray:
    """The first of the `resting` readings until they hold `seconds` together; bool (N,).

    The reading that crosses the limit is still taken.
    """
    own_s = np.where(resting, hold_s, 0.0)
    before_s = np.cumsum(own_s) - own_s
    first: BoolArray = resting & (before_s < seconds - TIME_TOLERANCE_S)
    return first


def fit_baseline(
    table: FloatArray | DoubleArray, weight_s: DoubleArray, nothing: str = NO_NEUTRAL
) -> Baseline:
    """Level and spread of each label over weighted readings.

    The spread is the standard deviation with the n − 1 of the effective number of readings
    (Σ w)² / Σ w² (Kish 1965). Neighbouring readings resemble each other, so that a short baseline
    still finds too small a spread.

    Parameters
    ----------
    table
        float (N, K), NaN where unknown.
    weight_s
        float64 (N,), seconds that each reading counts; 0 for those outside the baseline.
    nothing
        Reason where no reading is in the baseline.
    """
    table = np.asarray(table, dtype=np.float64)
    used = np.where(np.isnan(table), 0.0, weight_s[:, np.newaxis])
    filled = np.nan_to_num(table)
    seconds = used.sum(axis=0)
    readings = np.count_nonzero(used, axis=0)
    total = np.where(seconds > 0, seconds, np.nan)
    mean = (used * filled).sum(axis=0) / total
    # Differences, not squares of sums: a constant column must have a spread of exactly 0.
    variance = (used * (filled - mean) ** 2).sum(axis=0) / total
    number = total**2 / np.where(seconds > 0, (used**2).sum(axis=0), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        sd = np.sqrt(variance * number / (number - 1.0))
    reasons: list[str | None] = []
    for column in range(table.shape[1]):
        if readings[column] == 0:
            reasons.append(nothing)
        elif seconds[column] < LEAST_S - TIME_TOLERANCE_S or readings[column] < LEAST_READINGS:
            reasons.append(TOO_SHORT)
        else:
            reasons.append(NO_VARIATION if sd[column] < LEAST_SD else None)
    defined = np.asarray([reason is None for reason in reasons], dtype=np.bool_)
    return Baseline(
        mean=np.where(defined, mean, np.nan),
        sd=np.where(defined, sd, np.nan),
        seconds=seconds,
        reasons=tuple(reasons),
    )


def _within(time_s: DoubleArray, spans: Sequence[Span]) -> BoolArray:
    """Which times are in one of the spans (sorted, disjoint, half-open); bool (N,)."""
    if not spans:
        return np.zeros(len(time_s), dtype=np.bool_)
    starts_s = np.asarray([span.start_s for span in spans])
    ends_s = np.asarray([span.end_s for span in spans])
    span = np.searchsorted(starts_s, time_s, side="right") - 1
    inside: BoolArray = (span >= 0) & (time_s < ends_s[span])
    return inside
