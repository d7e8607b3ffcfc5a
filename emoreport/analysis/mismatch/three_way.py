"""How far face, voice and words agree, all three at once and one against the other two.

All figures are weighted by time over the common refinement of three sequences, each on its own
time: rows of the face, windows of the voice, clauses of the text. Exchanging the modalities
exchanges the figures and changes none of them.

- *All three*: the share of the time with all three labels in which they are the same, Fleiss' kappa
  over that time, and Krippendorff's alpha over the time with at least two labels.
- *One departs*: where the other two agree, the share of the time in which this one differs. The
  label on which two agree is a sequence of its own, so that figures, test and interval are those
  of any two sequences.

The test of all three shifts two of them in a circle, each by an amount of its own, so that every
one is shifted against both others (the null: none of the three has to do with another in time).
All pairs of shifts would be millions; some are drawn at random, and the observed position is one
of them. The test of one that departs shifts that one alone and leaves the other two as they are.
Intervals are those of the block bootstrap in `bootstrap`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from emoreport.analysis.mismatch.agreement import (
    MIN_COMPARED_S,
    NO_OVERLAP,
    NO_SHARED_LABELS,
    ONE_LABEL,
    TOO_SHORT,
)
from emoreport.analysis.mismatch.bootstrap import (
    BIN_S,
    MIN_INTERVAL_S,
    Bounds,
    Interval,
    bootstrap_bounds,
    positive,
)
from emoreport.analysis.mismatch.shift_test import (
    LABEL_STEP_S,
    MIN_POSITIONS,
    MIN_TEST_S,
    ShiftTest,
    judged,
    label_at,
)
from emoreport.analysis.numeric.blocks import Smooth, bin_edges
from emoreport.analysis.numeric.hold_times import BoolArray
from emoreport.analysis.numeric.nominal import (
    equal_pairs,
    fleiss_kappa,
    krippendorff_alpha,
    pairable,
)
from emoreport.analysis.rows.sequences import MISSING, LabelSequence, labels_of, piece_at
from emoreport.records import DoubleArray, IntArray

UNITS_PER_S: Final = 1000.0
"""A unit of alpha is a millisecond, as in the tables."""

DRAWS: Final = 1999
"""Pairs of shifts that are drawn."""

FLEISS: Final = 1
"""Place of Fleiss' kappa among the three figures."""

Sequences = tuple[LabelSequence, LabelSequence, LabelSequence]


@dataclass(frozen=True, slots=True)
class Joint:
    """A figure of all three modalities.

    Attributes
    ----------
    value
        None where it is not defined.
    expected
        What three independent modalities with the same shares of time would give.
    interval
        95 %.
    test
        Against circular shifts.
    reason
        Why something is None.
    """

    value: float | None
    expected: float | None
    interval: Interval | None
    test: ShiftTest
    reason: str | None


@dataclass(frozen=True, slots=True)
class ThreeWay:
    """Agreement of all three modalities.

    Attributes
    ----------
    complete_s, paired_s
        Seconds with all three labels, and with at least two.
    agreement
        Share of `complete_s` in which all three are the same, 0–1.
    fleiss
        Fleiss' kappa over `complete_s`.
    alpha
        Krippendorff's alpha over `paired_s`.
    """

    complete_s: float
    paired_s: float
    agreement: Joint
    fleiss: Joint
    alpha: Joint


@dataclass(frozen=True, slots=True)
class _Cells:
    """Sequences on their common refinement: bounds (C + 1,), labels (3, C) of three of them."""

    edges_s: DoubleArray
    label: IntArray
    labels: int

    @property
    def length_s(self) -> DoubleArray:
        return np.diff(self.edges_s)


def three_way(sequences: Sequences, *, draws: int = DRAWS, seed: int = 0) -> ThreeWay:
    """Measure and test the agreement of all three.

    Parameters
    ----------
    sequences
        Labels of the same space; the order changes nothing but which random shifts are drawn.
    draws, seed
        Of the bootstrap and of the shifts.

    Raises
    ------
    ValueError
        When they differ in their number of labels.
    """
    cells = _cells(sequences)
    terms = _terms(cells.label, cells.labels)
    sums = cells.length_s @ terms
    complete_s, paired_s = float(sums[0]), float(cells.length_s[_count(cells.label) > 1].sum())
    values, expected, reason = _figures(sums, cells.labels, complete_s, paired_s)
    test = _shift_test(cells, sequences, complete_s, draws, seed)
    bounds = _bounds(cells, terms, values, complete_s, draws, seed)
    figures = [
        Joint(
            value,
            by_chance,
            _clipped(bounds.bounds[index] if bounds.bounds else None, lowest),
            test[index],
            reason or test[index].reason or bounds.reason,
        )
        for index, (value, by_chance, lowest) in enumerate(
            zip(values, expected, (0.0, -np.inf, -np.inf), strict=True)
        )
    ]
    return ThreeWay(complete_s, paired_s, *figures)


def fleiss_along_time(sequences: Sequences, bin_s: float) -> Smooth:
    """Fleiss' kappa of all three along the time, in bins of about `bin_s` seconds."""
    cells = _cells(sequences)
    sums = _binned(cells, _terms(cells.label, cells.labels), bin_s)
    total, known = sums.sum(axis=0), _count(cells.label)
    complete_s, paired_s = (float(cells.length_s[known > least].sum()) for least in (2, 1))
    (_, value, _), _, _ = _figures(total, cells.labels, complete_s, paired_s)
    slopes = _slopes(total, cells.labels)[FLEISS] if value is not None else np.zeros(len(total))
    return Smooth.of(value, sums, slopes)


def same_labels(sequences: Sequence[LabelSequence]) -> BoolArray:
    """Of each cell in which all have a label, in order of time: whether it is the same, (C,)."""
    label = _cells(sequences).label
    complete = label[:, _count(label) == len(label)]
    same: BoolArray = (complete == complete[:1]).all(axis=0)
    return same


def labelled_at(sequences: Sequences, least: int) -> DoubleArray:
    """The middle of every cell in which at least so many have a label, seconds, float64 (C,)."""
    cells = _cells(sequences)
    middle_s: DoubleArray = 0.5 * (cells.edges_s[1:] + cells.edges_s[:-1])
    return middle_s[_count(cells.label) >= least]


def consensus(first: LabelSequence, second: LabelSequence) -> LabelSequence:
    """The label on which two sequences agree, missing where they do not; no distributions."""
    edges_s = np.unique(np.concatenate((first.edges_s, second.edges_s)))
    middle_s = 0.5 * (edges_s[1:] + edges_s[:-1])
    mine, theirs = (labels_of(side, piece_at(side, middle_s)) for side in (first, second))
    label = np.where(mine == theirs, mine, MISSING)
    return LabelSequence(edges_s, label, np.full((len(label), first.labels), np.nan))


def _cells(sequences: Sequence[LabelSequence]) -> _Cells:
    labels = sequences[0].labels
    if any(side.labels != labels for side in sequences):
        raise ValueError("the sequences differ in their labels")
    edges_s = np.unique(np.concatenate([side.edges_s for side in sequences]))
    middle_s = 0.5 * (edges_s[1:] + edges_s[:-1])
    label = np.stack([labels_of(side, piece_at(side, middle_s)) for side in sequences])
    return _Cells(edges_s, label, labels)


def _count(label: IntArray) -> IntArray:
    """How many of the modalities have a label, int64 (C,)."""
    known: IntArray = (label != MISSING).sum(axis=0)
    return known


def _terms(label: IntArray, labels: int) -> DoubleArray:
    """What a second of each cell adds to the sums that all figures are functions of.

    float64 (C, 2 + 3 K + 2 (2 + K)): complete, all the same, labels of each modality where
    complete, then `pairable` where complete, and `pairable` everywhere.
    """
    codes = np.arange(labels)
    hot = label[..., np.newaxis] == codes
    counts: IntArray = hot.sum(axis=0)
    complete = _count(label) == len(label)
    same = complete & (counts.max(axis=1, initial=0) == len(label))
    paired = pairable(counts)
    return np.column_stack(
        (
            complete,
            same,
            *(hot * complete[:, np.newaxis]),
            paired * complete[:, np.newaxis],
            paired,
        )
    ).astype(np.float64)


def _split(sums: DoubleArray, labels: int) -> tuple[DoubleArray, DoubleArray, DoubleArray]:
    """Shares of each modality (..., 3, K), and the two sets of pairable sums."""
    complete = np.where(sums[..., :1] > 0, sums[..., :1], np.nan)
    end = 2 + 3 * labels
    shares = (sums[..., 2:end] / complete).reshape(*sums.shape[:-1], 3, labels)
    return shares, sums[..., end : end + 2 + labels], sums[..., end + 2 + labels :]


def _figures(
    sums: DoubleArray, labels: int, complete_s: float, paired_s: float
) -> tuple[tuple[float | None, ...], tuple[float | None, ...], str | None]:
    nothing = (None, None, None)
    if labels < 2:
        return nothing, nothing, NO_SHARED_LABELS
    if paired_s <= 0 or complete_s <= 0:
        return nothing, nothing, NO_OVERLAP
    if complete_s < MIN_COMPARED_S:
        return nothing, nothing, TOO_SHORT
    shares, complete, paired = _split(sums, labels)
    kappa, alpha = fleiss_kappa(complete), krippendorff_alpha(UNITS_PER_S * paired)
    same, by_chance = float(sums[1] / sums[0]), float(shares.prod(axis=0).sum())
    zero = None if kappa is None else 0.0, None if alpha is None else 0.0
    return (same, kappa, alpha), (by_chance, *zero), ONE_LABEL if kappa is None else None


def _excess(sums: DoubleArray, labels: int) -> DoubleArray:
    """Observed less expected agreement of the three figures, float64 (3, ...)."""
    shares, complete, paired = _split(sums, labels)
    total = np.where(sums[..., 0] > 0, sums[..., 0], np.nan)
    same = sums[..., 1] / total - shares.prod(axis=-2).sum(axis=-1)
    return np.stack((same, *(np.subtract(*equal_pairs(part)) for part in (complete, paired))))


def _shift_test(
    cells: _Cells, sequences: Sequences, complete_s: float, draws: int, seed: int
) -> tuple[ShiftTest, ...]:
    """Test the three figures against random pairs of shifts, the observed position among them."""
    complete = cells.label[:, _count(cells.label) == len(cells.label)]
    refusal = NO_SHARED_LABELS if cells.labels < 2 else NO_OVERLAP if complete_s <= 0 else None
    if refusal is None and complete_s < MIN_TEST_S:
        refusal = TOO_SHORT
    # A modality that never changes is the same at every shift: two others are needed to test.
    if refusal is None and sum(len(np.unique(side)) > 1 for side in complete) < 2:
        refusal = ONE_LABEL
    if refusal is not None:
        return (ShiftTest(reason=refusal),) * 3
    duration_s = float(cells.edges_s[-1] - cells.edges_s[0])
    steps = max(MIN_POSITIONS, int(np.ceil(duration_s / LABEL_STEP_S)))
    time_s = cells.edges_s[0] + (np.arange(steps) + 0.5) * (duration_s / steps)
    drawn = [label_at(side, time_s) for side in sequences]
    shifts = np.random.default_rng(seed).integers(0, steps, (draws + 1, 2))
    shifts[0] = 0
    base = cells.labels + 1
    code = np.stack(np.unravel_index(np.arange(base**3), (base,) * 3))
    terms = _terms(np.where(code == base - 1, MISSING, code), cells.labels)
    tables, squares = _shifted(drawn, base, shifts)
    sums = tables @ terms
    complete_sure = sums[:, 0] / squares[:, 0]
    paired_sure = sums[:, 2 + 3 * cells.labels + 2 + cells.labels] / squares[:, 1]
    sure = complete_sure, complete_sure, paired_sure
    return tuple(map(judged, _excess(sums, cells.labels), sure))


def _shifted(
    labels: Sequence[IntArray], base: int, shifts: IntArray
) -> tuple[DoubleArray, DoubleArray]:
    """Labels of three sides against each other at pairs of shifts of the last two.

    Returns
    -------
    tables
        float64 (D, base³), steps by combination of labels: digits of one number, a missing label
        is the last digit.
    roots
        float64 (D, 2), ≥ 1: root of the sum of the squared lengths of the pieces with three
        labels, and of those with at least two; as in `shift_test`.
    """
    steps = len(labels[0])
    digits = [np.where(side == MISSING, base - 1, side) for side in labels]
    first = digits[0] * base**2
    second, third = (np.tile(side, 2) for side in (digits[1] * base, digits[2]))
    changes = [np.tile(np.append(True, side[1:] != side[:-1]), 2) for side in labels]
    combination = np.arange(base**3)
    known = sum((combination // base**place % base != base - 1).astype(int) for place in range(3))
    tables, roots = np.zeros((len(shifts), base**3)), np.ones((len(shifts), 2))
    for draw, (one, two) in enumerate(shifts):
        there, yonder = slice(one, one + steps), slice(two, two + steps)
        codes = first + second[there] + third[yonder]
        tables[draw] = np.bincount(codes, minlength=base**3)
        starts = np.flatnonzero(changes[0][:steps] | changes[1][there] | changes[2][yonder])
        squared = np.diff(np.append(starts, steps)).astype(np.float64) ** 2
        sides = known[codes[starts]]
        roots[draw] = [squared[sides >= least].sum() for least in (3, 2)]
    return tables, np.sqrt(np.maximum(roots, 1.0))


def _bounds(
    cells: _Cells,
    terms: DoubleArray,
    values: tuple[float | None, ...],
    complete_s: float,
    draws: int,
    seed: int,
) -> Bounds:
    if all(value is None for value in values):
        return Bounds()
    if complete_s < MIN_INTERVAL_S:
        return Bounds(reason=TOO_SHORT)
    sums = _binned(cells, terms, BIN_S)

    def figures(drawn: DoubleArray) -> DoubleArray:
        return _measured(drawn, cells.labels)

    def gradients(drawn: DoubleArray) -> DoubleArray:
        return _slopes(drawn, cells.labels)

    defined = [value is not None for value in values]
    return bootstrap_bounds(sums, figures, gradients, defined, draws=draws, seed=seed)


def _binned(cells: _Cells, terms: DoubleArray, bin_s: float) -> DoubleArray:
    """Sums of the terms over bins of about `bin_s` seconds, float64 (B, columns)."""
    before = np.zeros((len(terms) + 1, terms.shape[1]))
    np.cumsum(terms * cells.length_s[:, np.newaxis], axis=0, out=before[1:])
    duration_s = float(cells.edges_s[-1] - cells.edges_s[0])
    edges_s = cells.edges_s[0] + bin_edges(duration_s, bin_s)
    sums = [np.diff(np.interp(edges_s, cells.edges_s, column)) for column in before.T]
    return np.stack(sums, axis=1)


def _measured(sums: DoubleArray, labels: int) -> DoubleArray:
    """The three figures, float64 (..., 3)."""
    same = sums[..., 1] / positive(sums[..., 0])
    kappas = []
    for part in _split(sums, labels)[1:]:
        observed, by_chance = equal_pairs(_positive_first(part))
        kappas.append((observed - by_chance) / positive(1.0 - by_chance))
    return np.stack((same, *kappas), axis=-1)


def _slopes(sums: DoubleArray, labels: int) -> DoubleArray:
    """Derivatives of the three figures, float64 (..., 3, columns)."""
    result = np.zeros((*sums.shape[:-1], 3, sums.shape[-1]))
    complete = positive(sums[..., 0])
    result[..., 0, 0] = -sums[..., 1] / complete**2
    result[..., 0, 1] = 1.0 / complete
    start = 2 + 3 * labels
    for figure, sums_of in enumerate(_split(sums, labels)[1:], start=1):
        part = _positive_first(sums_of)
        observed, by_chance = equal_pairs(part)
        rest, total = positive(1.0 - by_chance), part[..., 0]
        per_chance = (observed - 1.0) / rest**2
        share = part[..., 2:] / total[..., np.newaxis]
        place = slice(start, start + 2 + labels)
        result[..., figure, start + 1] = 1.0 / (rest * total)
        result[..., figure, start + 2 : place.stop] = (
            2.0 * share * (per_chance / total)[..., np.newaxis]
        )
        # No figure changes when all sums grow in proportion: that gives the slope of the total.
        inner = (result[..., figure, place] * part).sum(axis=-1)
        result[..., figure, start] = -inner / total
        start = place.stop
    return result


def _positive_first(part: DoubleArray) -> DoubleArray:
    return np.concatenate((positive(part[..., :1]), part[..., 1:]), axis=-1)


def _clipped(bound: Interval | None, least: float) -> Interval | None:
    return None if bound is None else (max(least, bound[0]), min(1.0, bound[1]))
