"""Prove that a head trained on one person's labels knows more than the model that knows nobody.

It is asked about passages that it was not trained on. A passage is one unbroken stretch of the
coded time, and what is within a gap on either side of it is left out of the training as well:
frames of one smile must not be on both sides. What counts is the gain, right by the personal head
less right by the universal model, over the same time and after the same smoothing. Moments are no
independent observations, so its confidence interval comes from blocks of time (`numeric.blocks`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from emoreport.analysis.numeric.blocks import automatic_block, bootstrap_error
from emoreport.analysis.numeric.hold_times import BoolArray
from emoreport.analysis.numeric.quantiles import t_quantile
from emoreport.analysis.numeric.softmax import SoftmaxRegression, fit_softmax
from emoreport.analysis.rows.smoothing import smooth
from emoreport.records import DoubleArray, FloatArray, IntArray

PASSAGE_S: Final = 20.0
"""Coded seconds that a passage needs: some changes of emotion should be in it."""
MOST_PASSAGES: Final = 10
LEAST_PASSAGES: Final = 5
RIDGES: Final = (0.003, 0.03, 0.3, 3.0)
MOST_ROWS: Final = 4000
"""Neighbouring steps are nearly alike: of more rows than this every second, third, … is fitted."""

LEVEL: Final = 0.95
BIN_S: Final = 1.0
LEAST_BLOCK_S: Final = 20.0
BLOCK_FACTOR: Final = 2.0
"""Twice the length that suits the variance: intervals of t-type want longer blocks.

In simulated talks of 150 and 300 s in which both know equally much, a head is accepted in 1 to
6 of 100.
"""
LEAST_BLOCKS: Final = 5.0
"""With fewer blocks nothing can be said."""

TOO_SHORT: Final = "too_short"
ONE_EMOTION: Final = "one_emotion"
DEPENDENT: Final = "dependent"
NO_GAIN: Final = "no_gain"


@dataclass(frozen=True, slots=True)
class CodedSteps:
    """Steps of one recording that a person coded and a model has features of.

    Attributes
    ----------
    step
        int64 (n,), numbers on a grid of equal steps, increasing.
    rows
        float32 (n, D), features, finite.
    classes
        int64 (n,), what the person said, 0 … K − 1.
    universal
        float64 (n, U), probabilities of the universal model, finite.
    """

    step: IntArray
    rows: FloatArray
    classes: IntArray
    universal: DoubleArray


@dataclass(frozen=True, slots=True)
class Gain:
    """Personal less universal: −1 to 1, with its 95 % interval (None where there is none)."""

    value: float
    low: float | None
    high: float | None

    @property
    def above_zero(self) -> bool:
        """Whether the whole interval is above 0."""
        return self.low is not None and self.low > 0


@dataclass(frozen=True, slots=True)
class Proof:
    """What held-out passages show.

    Attributes
    ----------
    coded_s
        Coded seconds with features.
    passages, gap_s
        How many passages were held out in turn, and the time left out on either side of each.
    universal_accuracy, personal_accuracy
        Share of the coded time that is right, 0–1.
    universal_recall, personal_recall
        Mean over the emotions of the share that is right of each, 0–1.
    accuracy_gain, recall_gain
        What the personal head gains.
    ridge
        Penalty that most passages chose.
    reason
        None if both gains are above 0 with their whole intervals; else why the head is refused:
        ``too_short``, ``one_emotion``, ``dependent`` (labels change too rarely to judge) or
        ``no_gain``. With the first two all figures are NaN.
    """

    coded_s: float
    passages: int
    gap_s: float
    universal_accuracy: float = float("nan")
    personal_accuracy: float = float("nan")
    universal_recall: float = float("nan")
    personal_recall: float = float("nan")
    accuracy_gain: Gain = Gain(float("nan"), None, None)
    recall_gain: Gain = Gain(float("nan"), None, None)
    ridge: float = RIDGES[-1]
    reason: str | None = None


def prove(
    recordings: Sequence[CodedSteps],
    answers: IntArray,
    *,
    rate_hz: float,
    smoothing_s: float,
    gap_s: float,
) -> Proof:
    """Hold out every passage once and compare the personal head with the universal model there.

    Parameters
    ----------
    recordings
        Of one person, K ≥ 1 classes.
    answers
        int64 (U,), which class each column of `CodedSteps.universal` stands for; −1 for none.
    rate_hz
        Steps per second.
    smoothing_s
        Width of the mean over time that both are smoothed with, inside each passage.
    gap_s
        Time that is left out of the training on either side of a passage.
    """
    coded = sum(len(each.step) for each in recordings)
    coded_s = coded / rate_hz
    passages = int(min(MOST_PASSAGES, coded_s // PASSAGE_S))
    if passages < LEAST_PASSAGES:
        return Proof(coded_s, passages, gap_s, reason=TOO_SHORT)
    folds = [passages_of(each.step, passages) for each in recordings]
    classes = np.concatenate([each.classes for each in recordings])
    if not _in_two_passages(classes, np.concatenate(folds)):
        return Proof(coded_s, passages, gap_s, reason=ONE_EMOTION)
    count = int(classes.max()) + 1
    given = [np.zeros((len(each.step), count)) for each in recordings]
    ridges = []
    for passage in range(passages):
        head, ridge = _head_without(recordings, folds, passage, passages, count, gap_s * rate_hz)
        ridges.append(ridge)
        for each, fold, own in zip(recordings, folds, given, strict=True):
            own[fold == passage] = head.probabilities(each.rows[fold == passage])
    personal, universal = [], []
    for each, fold, own in zip(recordings, folds, given, strict=True):
        time_s = each.step / rate_hz
        personal.append(smooth(own, time_s, fold, smoothing_s).argmax(axis=1))
        best = smooth(each.universal, time_s, fold, smoothing_s).argmax(axis=1)
        universal.append(answers[best])
    return _compared(
        classes == np.concatenate(personal),
        classes == np.concatenate(universal),
        classes,
        np.concatenate([each.step // max(1, round(rate_hz * BIN_S)) for each in recordings]),
        Proof(coded_s, passages, gap_s, ridge=Counter(ridges).most_common(1)[0][0]),
    )


def fit_all(recordings: Sequence[CodedSteps], count: int, ridge: float) -> SoftmaxRegression:
    """The head that is kept: fitted to all coded time."""
    rows = np.concatenate([each.rows for each in recordings])
    classes = np.concatenate([each.classes for each in recordings])
    return _fit(rows, classes, count, ridge)


def passages_of(step: IntArray, passages: int) -> IntArray:
    """Number of the passage of each step: equal shares of the coded time, in order; int64 (n,)."""
    return np.arange(len(step)) * passages // max(len(step), 1)


def _in_two_passages(classes: IntArray, folds: IntArray) -> bool:
    """Whether two emotions or more occur in two passages or more each."""
    often = [len(np.unique(folds[classes == own])) > 1 for own in np.unique(classes)]
    return sum(often) > 1


def _head_without(
    recordings: Sequence[CodedSteps],
    folds: Sequence[IntArray],
    passage: int,
    passages: int,
    count: int,
    gap: float,
) -> tuple[SoftmaxRegression, float]:
    """A head fitted without a passage; its penalty is the best for the passage after that."""
    following = (passage + 1) % passages
    kept = [
        _away(each.step, fold == passage, gap) for each, fold in zip(recordings, folds, strict=True)
    ]
    inner = [
        own & _away(each.step, fold == following, gap)
        for each, fold, own in zip(recordings, folds, kept, strict=True)
    ]
    rows, classes = _taken(recordings, inner)
    others, wanted = _taken(
        recordings, [own & (fold == following) for fold, own in zip(folds, kept, strict=True)]
    )
    heads = {ridge: _fit(rows, classes, count, ridge) for ridge in RIDGES}
    ridge = max(RIDGES, key=lambda each: _score(heads[each].probabilities(others), wanted))
    return _fit(*_taken(recordings, kept), count, ridge), ridge


def _away(step: IntArray, held_out: BoolArray, gap: float) -> BoolArray:
    """Steps farther than `gap` steps from all that are held out."""
    if not held_out.any():
        return np.ones(len(step), np.bool_)
    first, last = step[held_out][0], step[held_out][-1]
    return np.asarray((step < first - gap) | (step > last + gap))


def _taken(
    recordings: Sequence[CodedSteps], kept: Sequence[BoolArray]
) -> tuple[FloatArray, IntArray]:
    pairs = list(zip(recordings, kept, strict=True))
    return (
        np.concatenate([each.rows[own] for each, own in pairs]),
        np.concatenate([each.classes[own] for each, own in pairs]),
    )


def _fit(rows: FloatArray, classes: IntArray, count: int, ridge: float) -> SoftmaxRegression:
    """Rarer emotions weigh more, but not so much that all weigh the same."""
    every = max(1, len(rows) // MOST_ROWS)
    rows, classes = rows[::every], classes[::every]
    number = np.bincount(classes, minlength=count)
    return fit_softmax(rows, classes, count, ridge=ridge, importance=number[classes] ** -0.5)


def _score(given: DoubleArray, classes: IntArray) -> float:
    """Accuracy and mean recall, added."""
    if len(classes) == 0:
        return 0.0
    hits = given.argmax(axis=1) == classes
    return float(hits.mean() + np.mean([hits[classes == own].mean() for own in np.unique(classes)]))


def _compared(
    personal: BoolArray, universal: BoolArray, classes: IntArray, seconds: IntArray, proof: Proof
) -> Proof:
    """Complete a proof with its figures; hits bool (n,), `seconds` int64 (n,) numbers the bins."""
    emotions = np.unique(classes)
    difference = personal.astype(np.float64) - universal
    recalls = {own: float(difference[classes == own].mean()) for own in emotions}
    shares = {own: float(np.mean(classes == own)) for own in emotions}
    of_class = np.array([recalls[own] for own in classes])
    share = np.array([shares[own] for own in classes])
    accuracy = _gain(float(difference.mean()), difference - difference.mean(), seconds)
    recall = _gain(
        float(np.mean(list(recalls.values()))),
        (difference - of_class) / (share * len(emotions)),
        seconds,
    )
    reason: str | None = None
    if accuracy.low is None or recall.low is None:
        reason = DEPENDENT
    elif not (accuracy.above_zero and recall.above_zero):
        reason = NO_GAIN
    return Proof(
        coded_s=proof.coded_s,
        passages=proof.passages,
        gap_s=proof.gap_s,
        ridge=proof.ridge,
        universal_accuracy=float(universal.mean()),
        personal_accuracy=float(personal.mean()),
        universal_recall=float(np.mean([universal[classes == own].mean() for own in emotions])),
        personal_recall=float(np.mean([personal[classes == own].mean() for own in emotions])),
        accuracy_gain=accuracy,
        recall_gain=recall,
        reason=reason,
    )


def _gain(value: float, influence: DoubleArray, seconds: IntArray) -> Gain:
    """A gain with the interval that follows from what each step does to it (n,), by blocks."""
    begins = np.append(True, np.diff(seconds) != 0)
    bins = np.add.reduceat(influence, np.flatnonzero(begins))
    bins = bins * len(bins) / len(influence)
    block = max(BLOCK_FACTOR * automatic_block(bins), LEAST_BLOCK_S / BIN_S)
    blocks = len(bins) / block
    if blocks < LEAST_BLOCKS:
        return Gain(value, None, None)
    reach = bootstrap_error(bins, block) * t_quantile(0.5 + 0.5 * LEVEL, blocks - 1.0)
    return Gain(value, max(-1.0, value - reach), min(1.0, value + reach))
