"""How far two or more codings of one recording agree, weighted by time.

A coding is a list of labelled spans. Two of them are laid over each other and cut into cells
wherever one of them changes; every figure is a sum of the lengths of cells, in whole milliseconds,
so that a coding agrees with itself to the last digit.

What nobody named an emotion for (`no_face`, `no_speech`, `uncertain`, and time that was not coded)
is never an agreement and never a disagreement: it is left out of kappa and of the figures per
emotion, and its length is reported instead. The seconds of a talk are not independent of each
other, so there is no test and no interval here.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from emoreport.analysis.annotators.matching import match_moments
from emoreport.analysis.numeric import nominal
from emoreport.records import LabelledSpan
from emoreport.results import milliseconds
from emoreport.vocabulary import ALL_LABELS, is_emotion

NOT_CODED: Final = "not_coded"
"""In the confusion matrix: time that a coding says nothing about."""

NO_OVERLAP: Final = "no_overlap"
ONE_LABEL: Final = "one_label"
ONE_CODER: Final = "one_coder"

Cells = Mapping[tuple[str, str], int]
"""Milliseconds by (label in the first coding, label in the second)."""


@dataclass(frozen=True, slots=True)
class EmotionAgreement:
    """One emotion, over the time where both codings name an emotion.

    Attributes
    ----------
    emotion
        Which.
    reference_s, other_s, both_s
        Seconds of it in the first coding, in the second, and in both at once.
    precision, recall, f1
        both / other, both / reference, their harmonic mean; 0–1, None where nothing is divided by.
    iou
        Seconds in both over seconds in either, 0–1.
    """

    emotion: str
    reference_s: float
    other_s: float
    both_s: float
    precision: float | None
    recall: float | None
    f1: float | None
    iou: float | None


@dataclass(frozen=True, slots=True)
class BoundaryAgreement:
    """Moments at which the label changes, matched one to one.

    A moment counts where the other coding labels the time just before and just after it; the edges
    of time that was not coded are no boundaries.

    Attributes
    ----------
    tolerance_s
        Farthest distance of a match.
    reference, other, matched
        Number of boundaries in the first coding, in the second, and of pairs.
    found
        matched / reference, 0–1.
    precise
        matched / other, 0–1.
    mean_error_s
        Mean absolute distance of the pairs.
    mean_shift_s
        Mean of the second's time less the first's: positive where the second is late.
    """

    tolerance_s: float
    reference: int
    other: int
    matched: int
    found: float | None
    precise: float | None
    mean_error_s: float | None
    mean_shift_s: float | None


@dataclass(frozen=True, slots=True)
class CoderAgreement:
    """Two codings of one modality; None where a figure is not defined.

    Attributes
    ----------
    compared_s
        Seconds where both name an emotion. All shares are shares of it.
    reference_only_s, other_only_s, neither_s
        Seconds where only the first, only the second, or neither names one.
    agreement, expected, kappa
        Share of the time with the same emotion, what independent codings with the same shares would
        have, and Cohen's kappa.
    emotions
        Every emotion that one of them names in the compared time.
    intervals, interval_iou
        Number of the first coding's emotion intervals; mean over them of the largest intersection
        over union with an interval of the same emotion in the second, 0 where there is none.
    boundaries
        Where the labels change.
    confusion
        (label in the first, label in the second, seconds), all labels and `NOT_CODED`.
    reason
        Why kappa is None: ``no_overlap`` or ``one_label``.
    """

    compared_s: float
    reference_only_s: float
    other_only_s: float
    neither_s: float
    agreement: float | None
    expected: float | None
    kappa: float | None
    emotions: tuple[EmotionAgreement, ...]
    intervals: int
    interval_iou: float | None
    boundaries: BoundaryAgreement
    confusion: tuple[tuple[str, str, float], ...]
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Alpha:
    """Krippendorff's alpha of several coders, nominal, weighted by time.

    Attributes
    ----------
    alpha
        1 for perfect agreement, 0 for chance; None where it is not defined.
    coders
        Their number.
    paired_s
        Seconds where at least two of them name an emotion.
    reason
        Why alpha is None: ``one_coder``, ``no_overlap`` or ``one_label``.
    """

    alpha: float | None
    coders: int
    paired_s: float
    reason: str | None = None


def compare_codings(
    reference: Sequence[LabelledSpan],
    candidate: Sequence[LabelledSpan],
    duration_s: float,
    tolerance_s: float,
) -> CoderAgreement:
    """Compare a coding with another one.

    Parameters
    ----------
    reference, candidate
        Spans in order of time, disjoint. Time outside of [0, `duration_s`] is cut off.
    duration_s
        Length of the recording, seconds.
    tolerance_s
        Farthest distance of two boundaries that count as one.

    References
    ----------
    Cohen, J. (1960). A coefficient of agreement for nominal scales. Educational and Psychological
    Measurement 20, 37–46; here with shares of time instead of shares of cases.
    """
    end_ms = milliseconds(duration_s)
    first, second = _Coding(reference, end_ms), _Coding(candidate, end_ms)
    cells: dict[tuple[str, str], int] = {}
    for length_ms, (first_label, second_label) in _cells((first, second), end_ms):
        cells[first_label, second_label] = cells.get((first_label, second_label), 0) + length_ms
    named = {
        pair: length for pair, length in cells.items() if all(_is_named(label) for label in pair)
    }
    compared = sum(named.values())
    figures = _kappa(named, compared)
    return CoderAgreement(
        compared_s=compared / 1000,
        reference_only_s=_seconds(cells, first_named=True, second_named=False),
        other_only_s=_seconds(cells, first_named=False, second_named=True),
        neither_s=_seconds(cells, first_named=False, second_named=False),
        agreement=figures[0],
        expected=figures[1],
        kappa=figures[2],
        emotions=tuple(_emotions(named)),
        intervals=len(first.emotions),
        interval_iou=_interval_iou(first.emotions, second.emotions),
        boundaries=_boundaries(first, second, tolerance_s),
        confusion=tuple(
            (first_label, second_label, length / 1000)
            for (first_label, second_label), length in sorted(cells.items(), key=_by_label)
        ),
        reason=figures[3],
    )


def krippendorff_alpha(codings: Sequence[Sequence[LabelledSpan]], duration_s: float) -> Alpha:
    """Agreement among several coders, for nominal data; a millisecond is one unit.

    Units in which fewer than two coders name an emotion are left out; a unit with m names counts
    with each of its m (m − 1) ordered pairs, weighted by 1 / (m − 1).

    Parameters
    ----------
    codings
        One per coder, as for `compare_codings`.
    duration_s
        Length of the recording, seconds.

    References
    ----------
    Krippendorff, K. (2011). Computing Krippendorff's alpha-reliability. University of Pennsylvania.
    """
    if len(codings) < 2:
        return Alpha(None, len(codings), 0.0, ONE_CODER)
    end_ms = milliseconds(duration_s)
    spans_of = [_Coding(spans, end_ms) for spans in codings]
    cells = [
        (length_ms, named)
        for length_ms, labels in _cells(spans_of, end_ms)
        if len(named := [label for label in labels if _is_named(label)]) > 1
    ]
    if not cells:
        return Alpha(None, len(codings), 0.0, NO_OVERLAP)
    names = sorted({label for _, named in cells for label in named})
    counts = np.asarray([[named.count(name) for name in names] for _, named in cells])
    lengths_ms = np.asarray([length_ms for length_ms, _ in cells])
    alpha = nominal.krippendorff_alpha(lengths_ms @ nominal.pairable(counts))
    paired_s = int(lengths_ms.sum()) / 1000
    return Alpha(alpha, len(codings), paired_s, ONE_LABEL if alpha is None else None)


class _Coding:
    """A coding in whole milliseconds, inside the recording, touching spans of one label joined."""

    def __init__(self, spans: Sequence[LabelledSpan], end_ms: int) -> None:
        self.pieces: list[tuple[int, int, str]] = []
        for labelled in spans:
            start_ms = max(milliseconds(labelled.span.start_s), 0)
            stop_ms = min(milliseconds(labelled.span.end_s), end_ms)
            if stop_ms <= start_ms:
                continue
            before = self.pieces[-1] if self.pieces else None
            if before and before[1] == start_ms and before[2] == labelled.emotion:
                self.pieces[-1] = before[0], stop_ms, labelled.emotion
            else:
                self.pieces.append((start_ms, stop_ms, labelled.emotion))
        self._starts = [start_ms for start_ms, _, _ in self.pieces]

    @property
    def emotions(self) -> list[tuple[int, int, str]]:
        """Pieces that name an emotion."""
        return [piece for piece in self.pieces if is_emotion(piece[2])]

    @property
    def bounds(self) -> Iterator[int]:
        """Starts and ends of all pieces."""
        for start_ms, stop_ms, _ in self.pieces:
            yield start_ms
            yield stop_ms

    @property
    def changes(self) -> list[int]:
        """Moments at which one label follows another."""
        return [left[1] for left, right in pairwise(self.pieces) if left[1] == right[0]]

    def at(self, time_ms: int) -> str | None:
        """Label of the millisecond that begins at a time; None where it was not coded."""
        index = bisect_right(self._starts, time_ms) - 1
        if index < 0 or time_ms >= self.pieces[index][1]:
            return None
        return self.pieces[index][2]


def _cells(codings: Sequence[_Coding], end_ms: int) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Length and labels of every cell between two neighbouring bounds of any coding."""
    bounds = sorted({0, end_ms, *(bound for coding in codings for bound in coding.bounds)})
    for start_ms, stop_ms in pairwise(bounds):
        yield stop_ms - start_ms, tuple(coding.at(start_ms) or NOT_CODED for coding in codings)


def _is_named(label: str) -> bool:
    return label != NOT_CODED and is_emotion(label)


def _by_label(cell: tuple[tuple[str, str], int]) -> tuple[tuple[int, str], tuple[int, str]]:
    first_label, second_label = cell[0]
    return label_order(first_label), label_order(second_label)


def label_order(label: str) -> tuple[int, str]:
    """Position of a label in the canonical order; labels that it does not hold come last."""
    order = (*ALL_LABELS, NOT_CODED)
    return (order.index(label) if label in order else len(order)), label


def _seconds(cells: Cells, *, first_named: bool, second_named: bool) -> float:
    chosen = (
        length
        for (first_label, second_label), length in cells.items()
        if _is_named(first_label) is first_named and _is_named(second_label) is second_named
    )
    return sum(chosen) / 1000


def _shares(named: Cells) -> tuple[dict[str, int], dict[str, int]]:
    """Milliseconds of every emotion in the first and in the second coding."""
    first: dict[str, int] = {}
    second: dict[str, int] = {}
    for (first_label, second_label), length in named.items():
        first[first_label] = first.get(first_label, 0) + length
        second[second_label] = second.get(second_label, 0) + length
    return first, second


def _kappa(
    named: Cells, compared: int
) -> tuple[float | None, float | None, float | None, str | None]:
    """Agreement, what chance would give, kappa, and why there is no kappa."""
    if compared == 0:
        return None, None, None, NO_OVERLAP
    first, second = _shares(named)
    agreed = sum(
        length
        for (first_label, second_label), length in named.items()
        if first_label == second_label
    )
    by_chance = sum(length * second.get(label, 0) for label, length in first.items())
    agreement, expected = agreed / compared, by_chance / compared**2
    # In whole numbers: with one label on both sides chance explains everything.
    if by_chance == compared**2:
        return agreement, expected, None, ONE_LABEL
    kappa = (agreed * compared - by_chance) / (compared**2 - by_chance)
    return agreement, expected, kappa, None


def _emotions(named: Cells) -> Iterator[EmotionAgreement]:
    first, second = _shares(named)
    for emotion in sorted({*first, *second}, key=label_order):
        mine, theirs = first.get(emotion, 0), second.get(emotion, 0)
        both = named.get((emotion, emotion), 0)
        yield EmotionAgreement(
            emotion=emotion,
            reference_s=mine / 1000,
            other_s=theirs / 1000,
            both_s=both / 1000,
            precision=_ratio(both, theirs),
            recall=_ratio(both, mine),
            f1=_ratio(2 * both, mine + theirs),
            iou=_ratio(both, mine + theirs - both),
        )


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _interval_iou(
    reference: Sequence[tuple[int, int, str]], candidate: Sequence[tuple[int, int, str]]
) -> float | None:
    if not reference:
        return None
    starts = [start_ms for start_ms, _, _ in candidate]
    best = []
    for start_ms, stop_ms, label in reference:
        # Pieces are disjoint, so that those that overlap are neighbours.
        first = max(bisect_right(starts, start_ms) - 1, 0)
        last = bisect_right(starts, stop_ms)
        best.append(
            max(
                (
                    _iou((start_ms, stop_ms), piece)
                    for piece in candidate[first:last]
                    if piece[2] == label
                ),
                default=0.0,
            )
        )
    return sum(best) / len(best)


def _iou(reference: tuple[int, int], candidate: tuple[int, int, str]) -> float:
    shared = max(0, min(reference[1], candidate[1]) - max(reference[0], candidate[0]))
    return shared / (reference[1] - reference[0] + candidate[1] - candidate[0] - shared)


def _boundaries(first: _Coding, second: _Coding, tolerance_s: float) -> BoundaryAgreement:
    mine = [moment for moment in first.changes if _seen(second, moment)]
    theirs = [moment for moment in second.changes if _seen(first, moment)]
    pairs = match_moments(mine, theirs, milliseconds(tolerance_s))
    shifts = [theirs_ms - mine_ms for mine_ms, theirs_ms in pairs]
    return BoundaryAgreement(
        tolerance_s=tolerance_s,
        reference=len(mine),
        other=len(theirs),
        matched=len(pairs),
        found=_ratio(len(pairs), len(mine)),
        precise=_ratio(len(pairs), len(theirs)),
        mean_error_s=_ratio(sum(map(abs, shifts)) / 1000, len(pairs)),
        mean_shift_s=_ratio(sum(shifts) / 1000, len(pairs)),
    )


def _seen(coding: _Coding, moment_ms: int) -> bool:
    return coding.at(moment_ms - 1) is not None and coding.at(moment_ms) is not None
