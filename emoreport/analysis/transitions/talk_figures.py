"""Figures of one talk, with confidence intervals that allow for neighbouring moments being alike.

The error of each figure comes from the talk itself, by the stationary bootstrap (`blocks`). It says
how much the figure would move if the same person had gone on in the same way. It says nothing about
another day, and nothing about other people; for those see `groups`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from emoreport.analysis.numeric.blocks import (
    BIN_S,
    LEAST_BLOCKS,
    Ratio,
    Smooth,
    automatic_block,
    bin_edges,
    bootstrap_error,
    events_in_bins,
    time_in_bins,
)
from emoreport.analysis.numeric.quantiles import t_quantile
from emoreport.analysis.transitions.chains import CONFIDENCE, unbroken_chains
from emoreport.records import DoubleArray
from emoreport.results import Comparison, VideoInterval
from emoreport.vocabulary import ALL_LABELS, is_emotion

EMOTION_SHARE: Final = "emotion_share"
TRANSITION_RATE: Final = "transitions_per_minute"
MISMATCH_SHARE: Final = "mismatch_share"
MEAN_VALENCE: Final = "mean_valence"
WORD_RATE: Final = "words_per_minute"

PAIR_KAPPA: Final = {
    ("face", "voice"): "kappa_face_voice",
    ("face", "text"): "kappa_face_text",
    ("voice", "text"): "kappa_voice_text",
}
FLEISS_KAPPA: Final = "fleiss_kappa"
DEPARTS: Final = {name: f"departs_{name}" for name in ("face", "voice", "text")}

RATES: Final = frozenset({TRANSITION_RATE, WORD_RATE})
SHARES: Final = frozenset({EMOTION_SHARE, MISMATCH_SHARE, *DEPARTS.values()})

LEAST_INTERVALS: Final = 5
"""Intervals of each kind (with and without the emotion, say) that an error must rest on."""

BLOCK_FACTOR: Final = 1.5
"""Blocks are so much longer than Politis and White's rule says.

Their length is best for the size of the error, not for the coverage of intervals, which need longer
ones. In simulated talks 1 covers 93–96 %, 1.5 covers 94–97 % (benchmarks/validity_transitions.py).
"""

UNKNOWN: Final = "unknown"
"""Reason: one side has no time on which the figure is defined."""
TOO_FEW_INTERVALS: Final = "too_few_intervals"
"""Reason: fewer than `LEAST_INTERVALS` intervals of a kind in a talk."""
TOO_SHORT: Final = "too_short"
"""Reason: a talk is shorter than ten times the stretch over which it resembles itself."""


@dataclass(frozen=True, slots=True)
class Talk:
    """What is compared of one talk.

    Attributes
    ----------
    name
        Name of the recording.
    video
        Rows of the face that tile the recording.
    comparisons
        Face against voice; may be empty.
    valence
        Valence of each row of `video`, [-1, 1] or None; None takes the rows' own.
    words_s
        Middle of each word, seconds; None leaves words out.
    agreement
        How face, voice and words agree (`talks.agreement`); None leaves that out.
    """

    name: str
    video: Sequence[VideoInterval]
    comparisons: Sequence[Comparison] = ()
    valence: Sequence[float | None] | None = None
    words_s: Sequence[float] | None = None
    agreement: Sequence[Measure] | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of one talk.

    Attributes
    ----------
    measure
        `EMOTION_SHARE` (of the seconds with an emotion, 0–1), `TRANSITION_RATE` (per minute with
        an emotion), `MISMATCH_SHARE` (of the seconds compared, 0–1), `MEAN_VALENCE` (−1 … 1),
        `WORD_RATE` (per minute of the talk), a kappa of `PAIR_KAPPA`, `FLEISS_KAPPA`, or one of
        `DEPARTS` (of the seconds in which the other two agree, 0–1).
    emotion
        Which one, for `EMOTION_SHARE`.
    value
        None where it is not defined.
    low, high
        Its 95 % interval, or None.
    reason
        Why there is no interval, or None.
    """

    measure: str
    emotion: str | None
    value: float | None
    low: float | None
    high: float | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure along the time of one talk.

    Attributes
    ----------
    measure, emotion
        As in `Figure`.
    course
        The figure along the time.
    intervals
        How many intervals of the rarer kind it rests on.
    """

    measure: str
    emotion: str | None
    course: Ratio | Smooth
    intervals: int


def describe_talk(
    talk: Talk, emotions: Sequence[str] | None = None, *, confidence: float = CONFIDENCE
) -> tuple[Figure, ...]:
    """Figures of one talk with intervals that respect serial dependence.

    The same stretches of time serve all figures: the longest block that any of them asks for. The
    interval is symmetric on a scale without bounds (logit for shares, logarithm for rates), with
    Student's t for half as many degrees of freedom as there are blocks: the error is itself
    estimated, from about that many independent pieces.

    Parameters
    ----------
    talk
        The talk.
    emotions
        For which to give shares; None takes those that occur.
    confidence
        Coverage of the intervals, 0–1.

    Returns
    -------
    One share per emotion, in canonical order, then transitions, mismatches, valence, words, and how
    face, voice and words agree.
    """
    if emotions is None:
        emotions = emotions_shown([talk])
    measures = talk_measures(talk, emotions)
    block = BLOCK_FACTOR * max(automatic_block(measure.course.influence) for measure in measures)
    figures = []
    for measure in measures:
        value = measure.course.value
        blocks = float(measure.course.bottom.sum()) / (BIN_S * block)
        low = high = reason = None
        if value is None:
            reason = UNKNOWN
        elif measure.intervals < LEAST_INTERVALS:
            reason = TOO_FEW_INTERVALS
        elif blocks < LEAST_BLOCKS:
            reason = TOO_SHORT
        else:
            error = bootstrap_error(measure.course.influence, block)
            low, high = _limits(measure.measure, value, error, 0.5 * blocks, confidence)
        figures.append(Figure(measure.measure, measure.emotion, value, low, high, reason))
    return tuple(figures)


def emotions_shown(talks: Sequence[Talk]) -> tuple[str, ...]:
    """Emotions that the faces of the talks show, in canonical order."""
    seen = {row.emotion for talk in talks for row in talk.video}
    return tuple(name for name in ALL_LABELS if is_emotion(name) and name in seen)


def talk_measures(talk: Talk, emotions: Sequence[str]) -> list[Measure]:
    """All figures along the time of a talk, in the order of `describe_talk`."""
    duration_s = talk.video[-1].span.end_s if talk.video else 0.0
    edges_s = bin_edges(duration_s)
    chains = unbroken_chains(talk.video)
    names = np.asarray([chains.labels[label] for label in chains.label], dtype=object)
    bounds = chains.start_s, chains.end_s
    judged = time_in_bins(*bounds, np.ones(len(chains)), edges_s)
    measures = []
    for emotion in emotions:
        shown = (names == emotion).astype(np.float64)
        rarer = int(min(shown.sum(), len(shown) - shown.sum()))
        ratio = Ratio(time_in_bins(*bounds, shown, edges_s), judged)
        measures.append(Measure(EMOTION_SHARE, emotion, ratio, rarer))
    changes = events_in_bins(chains.end_s[:-1][chains.linked], edges_s)
    rate = Ratio(60.0 * changes, judged)
    measures.append(Measure(TRANSITION_RATE, None, rate, int(changes.sum())))
    measures.append(_mismatch(talk.comparisons, edges_s))
    measures.append(_valence(talk, edges_s))
    if talk.words_s is not None:
        spoken = events_in_bins(np.asarray(talk.words_s, dtype=np.float64), edges_s)
        rate = Ratio(60.0 * spoken, np.diff(edges_s))
        measures.append(Measure(WORD_RATE, None, rate, len(talk.words_s)))
    return [*measures, *(talk.agreement or ())]


def _mismatch(comparisons: Sequence[Comparison], edges_s: DoubleArray) -> Measure:
    compared = [row for row in comparisons if row.match is not None]
    differ = np.asarray([row.match is False for row in compared], dtype=np.float64)
    starts_s = np.asarray([row.span.start_s for row in compared])
    ends_s = np.asarray([row.span.end_s for row in compared])
    ratio = Ratio(
        time_in_bins(starts_s, ends_s, differ, edges_s),
        time_in_bins(starts_s, ends_s, np.ones(len(compared)), edges_s),
    )
    changes = np.append(1, differ[1:] != differ[:-1])[: len(compared)] > 0
    rarer = int(min(differ[changes].sum(), (1.0 - differ[changes]).sum()))
    return Measure(MISMATCH_SHARE, None, ratio, rarer)


def _valence(talk: Talk, edges_s: DoubleArray) -> Measure:
    valences = [row.valence for row in talk.video] if talk.valence is None else talk.valence
    stretches = [
        (row.span.start_s, row.span.end_s, value)
        for row, value in zip(talk.video, valences, strict=True)
        if value is not None and is_emotion(row.emotion)
    ]
    columns = np.asarray(stretches, dtype=np.float64).reshape(-1, 3).T
    ratio = Ratio(
        time_in_bins(columns[0], columns[1], columns[2], edges_s),
        time_in_bins(columns[0], columns[1], np.ones(len(stretches)), edges_s),
    )
    levels = len(stretches) and 1 + int((np.diff(columns[2]) != 0).sum())
    return Measure(MEAN_VALENCE, None, ratio, levels)


def _limits(
    measure: str, value: float, error: float, freedom: float, confidence: float
) -> tuple[float, float]:
    from scipy.special import expit, logit

    reach = error * t_quantile(0.5 + 0.5 * confidence, max(freedom, 1.0))
    if measure in RATES:
        factor = float(np.exp(reach / value))
        return value / factor, value * factor
    if measure in SHARES:
        centre, reach = float(logit(value)), reach / (value * (1.0 - value))
        return float(expit(centre - reach)), float(expit(centre + reach))
    return max(-1.0, value - reach), min(1.0, value + reach)
