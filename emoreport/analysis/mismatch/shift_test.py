"""Test whether face and voice disagree more, as much or less than chance alone would give.

Both sequences are autocorrelated: who is neutral now was neutral a second ago. Tests and intervals
that take moments as independent would find something in every talk.

The test shifts the voice in a circle against the face. A shift keeps everything about either
sequence (how long each label lasts, what follows what, where it is missing) and breaks only what
ties the two together in time. If nothing does, and the talk keeps its character from start to end,
the observed position is one among equals, and the share of positions with a statistic at least as
extreme is an exact p-value. Shifts near 0 belong to the set of equals: leaving them out makes the
test find something too often (benchmarks/validity_agreement.py).

Time that is missing in either sequence is shifted with it, and the statistic is taken over what
then overlaps: observed less expected disagreement, expected from the shares of time on that same
overlap. What chance alone does to it depends on how the labels then cut each other: pieces, from
one change of either label to the next, agree or disagree as wholes, so that the variance grows
with the sum of their squared lengths. Where both sides change at the same moments, as in a
recording put together from clips, only the observed position has long pieces. Every position is
therefore measured in its own standard deviation (`sureness`).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from emoreport.analysis.mismatch.agreement import (
    NO_OVERLAP,
    NO_SHARED_LABELS,
    ONE_LABEL,
    TOO_SHORT,
    Agreement,
    agreement,
    distances,
    is_flat,
    mean_distance,
)
from emoreport.analysis.mismatch.bootstrap import Intervals, block_bootstrap
from emoreport.analysis.mismatch.shift_pieces import sureness
from emoreport.analysis.numeric.hold_times import BoolArray
from emoreport.analysis.rows.sequences import (
    MISSING,
    JointSequence,
    LabelSequence,
    labels_of,
    piece_at,
)
from emoreport.records import DoubleArray, IntArray
from emoreport.vocabulary import NOT_ENOUGH_DATA, Verdict

MIN_TEST_S: Final = 60.0
"""Comparable seconds that a test needs."""

MIN_POSITIONS: Final = 2000
"""Positions on the circle: all of them but the observed one are the shifts, so at least 1,999."""

LABEL_STEP_S: Final = 0.25
"""Longest step of the circle for labels: half of the shortest row."""

DISTANCE_STEP_S: Final = 0.5
"""Longest step of the circle for distributions: half of the usual hop of the voice windows."""

MAX_DISTANCE_POSITIONS: Final = 7200
"""Positions for distributions at most; the time that they take grows with their square."""

TIE: Final = 1e-9
"""Statistics closer than this are equal: the Fourier transform rounds."""

ALPHA: Final = 0.05
"""Level of the verdict."""

MARGIN: Final = 0.1
"""Agreement corrected for chance of less than this either way counts as none.

Half of what Landis and Koch (1977, Biometrics 33, 159–174) call slight. Not more, since the errors
of the models shrink it: simulated voices that follow the face in 60 % of the time give 0.11.
"""


@dataclass(frozen=True, slots=True)
class ShiftTest:
    """Observed disagreement against all circular shifts of the voice.

    Attributes
    ----------
    shifts
        Shifts that were tried; 0 where there was no test.
    excess
        Observed less expected disagreement (or distance) at the true position, −1 to 1.
    p_value
        Two-sided: twice the smaller of the shares of positions, the observed one included, with at
        least and with at most the observed excess; at most 1.
    reason
        None, or why there is no test: ``no_shared_labels``, ``no_overlap``, ``too_short`` (less
        than `MIN_TEST_S` comparable seconds) or ``one_label`` (one side never changed).
    """

    shifts: int = 0
    excess: float | None = None
    p_value: float | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class MismatchStatistics:
    """Everything about face against voice in one recording.

    Attributes
    ----------
    agreement
        The figures.
    label_test, severity_test
        Labels, and distributions, against circular shifts.
    intervals
        95 % intervals of the figures.
    verdict, severity_verdict
        Disagreement of labels, and distance of distributions: ``more`` than chance, ``as_much``,
        ``less`` or ``not_enough_data``.
    """

    agreement: Agreement
    label_test: ShiftTest
    severity_test: ShiftTest
    intervals: Intervals
    verdict: Verdict
    severity_verdict: Verdict


def mismatch_statistics(
    joint: JointSequence, *, draws: int = 1999, seed: int = 0
) -> MismatchStatistics:
    """Measure, test and judge the agreement of face and voice.

    Parameters
    ----------
    joint
        Face and voice on one time axis.
    draws, seed
        Of the block bootstrap.
    """
    label_test = shift_test(joint)
    severity_test = severity_shift_test(joint)
    intervals = block_bootstrap(joint, draws=draws, seed=seed)
    return MismatchStatistics(
        agreement=agreement(joint),
        label_test=label_test,
        severity_test=severity_test,
        intervals=intervals,
        verdict=verdict(label_test, intervals.kappa),
        severity_verdict=verdict(severity_test, intervals.severity_kappa),
    )


def verdict(test: ShiftTest, interval: tuple[float, float] | None) -> Verdict:
    """Put a test and an interval into words.

    A small p-value says more or less. A large one alone says nothing: only where the interval of
    the agreement corrected for chance is within ± `MARGIN` do the data show that there is no
    more and no less than chance; otherwise they are not enough.

    Parameters
    ----------
    test
        Test of the disagreement.
    interval
        95 % interval of kappa (or of the severity's), None where there is none.
    """
    if test.p_value is None or test.excess is None:
        return NOT_ENOUGH_DATA
    if test.p_value <= ALPHA:
        return "more" if test.excess > 0 else "less"
    if interval is not None and interval[0] >= -MARGIN and interval[1] <= MARGIN:
        return "as_much"
    return NOT_ENOUGH_DATA


def shift_test(joint: JointSequence) -> ShiftTest:
    """Test the disagreement of the labels against all circular shifts.

    Labels are read off a grid of equal steps, `LABEL_STEP_S` or less. The agreement and the shares
    of time at all shifts at once are correlations of 0/1 sequences, by Fourier transform.

    Parameters
    ----------
    joint
        Face and voice on one time axis.

    References
    ----------
    Circular shifts as a null for two autocorrelated series: Harris, K. D. (2020). Nonsense
    correlations in neuroscience. bioRxiv 2020.11.29.402719. The + 1 for the observed position:
    Phipson, B. and Smyth, G. K. (2010). Permutation p-values should never be zero. Statistical
    Applications in Genetics and Molecular Biology 9, 39.
    """
    refusal = _refusal(joint)
    if refusal is not None:
        return ShiftTest(reason=refusal)
    time_s = _grid(joint, LABEL_STEP_S)
    face = label_at(joint.face, time_s)
    voice = label_at(joint.voice, time_s)
    excess, overlap = label_excess(face, voice, joint.labels)
    return judged(excess, sureness(face, voice, overlap))


def severity_shift_test(joint: JointSequence) -> ShiftTest:
    """Test the mean distance of the distributions against all circular shifts.

    As `shift_test`, on a grid of at most `DISTANCE_STEP_S`. What is expected at a shift is what
    the distributions that then overlap have as mean distances to all of the other side.

    Parameters
    ----------
    joint
        Face and voice on one time axis.
    """
    refusal = _refusal(joint)
    parts = distances(joint)
    if refusal is None and float(parts.length_s.sum()) < MIN_TEST_S:
        refusal = TOO_SHORT
    if refusal is None and is_flat(joint, parts):
        refusal = ONE_LABEL
    if refusal is not None:
        return ShiftTest(reason=refusal)
    time_s = _grid(joint, DISTANCE_STEP_S, MAX_DISTANCE_POSITIONS)
    face = _distribution_at(joint.face, time_s)
    voice = _distribution_at(joint.voice, time_s)
    excess, overlap = distance_excess(face, voice)
    labels = label_at(joint.face, time_s), label_at(joint.voice, time_s)
    return judged(excess, sureness(*labels, overlap))


def label_excess(face: IntArray, voice: IntArray, labels: int) -> tuple[DoubleArray, DoubleArray]:
    """Excess disagreement at every circular shift.

    Parameters
    ----------
    face, voice
        int64 (N,), labels at equal steps, `MISSING` where unknown.
    labels
        Number of labels.

    Returns
    -------
    excess, overlap
        float64 (N,) each, by shift in steps (0 is the observed position): observed less expected
        disagreement on the overlap, NaN without any; and the positions in common.
    """
    steps = len(face)
    codes = np.arange(labels)[:, np.newaxis]
    seen, heard = (face == codes).astype(np.float64), (voice == codes).astype(np.float64)
    seen_f, heard_f = np.fft.rfft(seen), np.fft.rfft(heard)
    any_seen, any_heard = seen_f.sum(axis=0), heard_f.sum(axis=0)
    agreed = np.fft.irfft((seen_f * np.conj(heard_f)).sum(axis=0), steps)
    overlap = np.rint(np.fft.irfft(any_seen * np.conj(any_heard), steps))
    face_share = np.fft.irfft(seen_f * np.conj(any_heard), steps)
    voice_share = np.fft.irfft(any_seen * np.conj(heard_f), steps)
    count = np.where(overlap > 0, overlap, np.nan)
    excess = (face_share * voice_share).sum(axis=0) / count**2 - agreed / count
    return excess, overlap


def distance_excess(face: DoubleArray, voice: DoubleArray) -> tuple[DoubleArray, DoubleArray]:
    """Excess of the mean distance at every circular shift.

    Parameters
    ----------
    face, voice
        float64 (N, K), distributions at equal steps, NaN rows where unknown.

    Returns
    -------
    excess, overlap
        As in `label_excess`.
    """
    steps = len(face)
    seen, heard = ~np.isnan(face).any(axis=1), ~np.isnan(voice).any(axis=1)
    face_mean, voice_mean = np.zeros(steps), np.zeros(steps)
    face_mean[seen] = mean_distance(face[seen], voice[heard], np.ones(np.count_nonzero(heard)))
    voice_mean[heard] = mean_distance(voice[heard], face[seen], np.ones(np.count_nonzero(seen)))
    overall = face_mean[seen].mean()
    total = _summed_distances(face, voice, seen, heard)
    seen_f, heard_f = np.fft.rfft(seen.astype(np.float64)), np.fft.rfft(heard.astype(np.float64))
    overlap = np.rint(np.fft.irfft(seen_f * np.conj(heard_f), steps))
    by_face = np.fft.irfft(np.fft.rfft(face_mean) * np.conj(heard_f), steps)
    by_voice = np.fft.irfft(seen_f * np.conj(np.fft.rfft(voice_mean)), steps)
    count = np.where(overlap > 0, overlap, np.nan)
    excess = (total - by_face - by_voice) / count + overall
    return excess, overlap


def _summed_distances(
    face: DoubleArray, voice: DoubleArray, seen: BoolArray, heard: BoolArray
) -> DoubleArray:
    """Sum of the distances over the overlap, by shift; float64 (N,)."""
    steps = len(face)
    mine = np.nan_to_num(face).astype(np.float32)
    # One row per label: the sums run along memory.
    theirs = np.ascontiguousarray(np.nan_to_num(voice).T.astype(np.float32))
    total = np.zeros(steps)
    # The face keeps its distribution for a whole interval: one sum over the voice serves all of it.
    changes = (mine[1:] != mine[:-1]).any(axis=1) | (seen[1:] != seen[:-1])
    bounds = np.concatenate(([0], np.flatnonzero(changes) + 1, [steps]))
    for first, end in pairwise(bounds):
        if not seen[first]:
            continue
        length = end - first
        apart = np.abs(theirs - mine[first][:, np.newaxis]).sum(axis=0) * heard
        before = np.zeros(steps + length + 1)
        np.cumsum(np.concatenate((apart, apart[:length])), out=before[1:])
        # By the place on the circle of the voice that the interval's first step meets.
        met = before[length : length + steps] - before[:steps]
        total[: steps - first] += met[first:]
        total[steps - first :] += met[:first]
    # At shift s a step of the face meets the voice s steps earlier.
    return 0.5 * np.roll(total[::-1], 1)


def judged(excess: DoubleArray, sure: DoubleArray) -> ShiftTest:
    """Compare the observed position, which comes first, with all positions; two-sided.

    Parameters
    ----------
    excess
        float64 (P,), NaN where nothing overlaps.
    sure
        float64 (P,), what each is multiplied with before they are compared.
    """
    scaled = (excess * sure)[~np.isnan(excess)]
    observed = scaled[0]
    more = float(np.mean(scaled >= observed - TIE))
    less = float(np.mean(scaled <= observed + TIE))
    return ShiftTest(
        shifts=len(scaled) - 1,
        excess=float(excess[0]),
        p_value=min(1.0, 2.0 * min(more, less)),
    )


def _grid(joint: JointSequence, longest_step_s: float, most: int | None = None) -> DoubleArray:
    steps = max(MIN_POSITIONS, int(np.ceil(joint.duration_s / longest_step_s)))
    steps = steps if most is None else min(steps, most)
    times: DoubleArray = joint.edges_s[0] + (np.arange(steps) + 0.5) * (joint.duration_s / steps)
    return times


def label_at(sequence: LabelSequence, time_s: DoubleArray) -> IntArray:
    """Labels at times, int64 (T,); `MISSING` where there is none."""
    return labels_of(sequence, piece_at(sequence, time_s))


def _distribution_at(sequence: LabelSequence, time_s: DoubleArray) -> DoubleArray:
    """Distributions where there is a label: an abstention has a distribution, but no say."""
    table = np.where(sequence.label[:, np.newaxis] == MISSING, np.nan, sequence.distribution)
    outside = np.full((1, sequence.labels), np.nan)
    padded: DoubleArray = np.concatenate((table, outside))
    return padded[piece_at(sequence, time_s)]


def _refusal(joint: JointSequence) -> str | None:
    if joint.labels < 2:
        return NO_SHARED_LABELS
    both = joint.compared
    compared_s = float(joint.length_s[both].sum())
    if compared_s <= 0:
        return NO_OVERLAP
    if compared_s < MIN_TEST_S:
        return TOO_SHORT
    varied = [len(np.unique(side[both])) > 1 for side in (joint.face_label, joint.voice_label)]
    return None if all(varied) else ONE_LABEL
