"""Measure what each label rests on, so that a reader can tell a firm one from a guess.

Nothing is judged here: `abstention` decides which labels the evidence is too thin for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from emoreport.analysis.numeric.hold_times import hold_times
from emoreport.analysis.numeric.missing import none_if_nan, none_where_nan
from emoreport.analysis.numeric.pieces import by_rows
from emoreport.analysis.rows.doubt import DISTANCE, HEAD_TURN
from emoreport.analysis.rows.voice import spoken_before
from emoreport.records import (
    WITNESS_MEASURE,
    DoubleArray,
    FaceTrack,
    FloatArray,
    IntArray,
    SpeechTrack,
)
from emoreport.results import AudioInterval, FaceEvidence, VideoInterval, VoiceEvidence


class FrameEvidence:
    """What the frames of a talk give as evidence, ready to be summed up under any rows.

    Parameters
    ----------
    faces
        Frame readings; `extra` may hold ``yaw_deg``, ``pitch_deg``, ``sharpness``, `HEAD_TURN`
        and `DISTANCE`, the last two as `doubted` gives them.
    duration_s
        Length of the recording, seconds.
    """

    def __init__(self, faces: FaceTrack, duration_s: float) -> None:
        self._faces, self._usable = faces, faces.valid & (faces.time_s < duration_s)
        usable = self._usable
        self.labels = faces.labels
        self.witness_labels = () if faces.witness is None else faces.witness.labels
        self.heeds_witness = faces.witness is not None and faces.witness.is_heeded
        # A frame without time of its own (its hold fell to a tie or the end) still was seen.
        self._weight_s = np.maximum(hold_times(faces.time_s, duration_s)[usable], 1e-9)
        self._doubt = by_rows(normalised_entropy, faces.probabilities[usable])
        self._ranked_score = _Ranked(faces.detection_score[usable])
        self._face_px = _Ranked(np.sqrt(faces.box[usable, 2] * faces.box[usable, 3]))
        self._sharpness = _Ranked(self._measured("sharpness"))
        sharpness = self._sharpness.ordered
        self._usual = float(np.median(sharpness)) if len(sharpness) else 0.0

    def of(self, intervals: Sequence[VideoInterval]) -> tuple[FaceEvidence, ...]:
        """Collect the evidence of rows that tile the recording, in order of time.

        A frame belongs to the row that holds its presentation time.
        """
        if not intervals:
            return ()
        frames = self._by_row(intervals)
        yaw, pitch = (
            frames.means(np.abs(self._measured(name))) for name in ("yaw_deg", "pitch_deg")
        )
        mean_score = frames.means(self._faces.detection_score[self._usable])
        worst_score = frames.lowest(self._ranked_score)
        face_px, sharpness = frames.medians(self._face_px), frames.medians(self._sharpness)
        doubt = frames.means(self._doubt)
        shares = _shares(intervals, self.labels)
        entropy = normalised_entropy(shares)
        margin = _margins(shares, self.labels, [row.emotion for row in intervals])
        relative = sharpness / self._usual if self._usual > 0 else np.full(len(sharpness), np.nan)
        columns = (
            mean_score,
            worst_score,
            face_px,
            yaw,
            pitch,
            sharpness,
            relative,
            doubt,
            entropy,
            margin,
            frames.means(self._measured(HEAD_TURN)),
            frames.means(self._measured(DISTANCE)),
        )
        lists = [none_where_nan(column) for column in columns]
        return tuple(
            replace(FaceEvidence(row.face_coverage, *facts), of_shortest=row.of_shortest)
            for row, *facts in zip(intervals, *lists, strict=True)
        )

    def witness_means(self, intervals: Sequence[VideoInterval]) -> DoubleArray:
        """Mean probabilities of the witness over the same rows, float64 (R, K); NaN without one."""
        means = np.full((len(intervals), len(self.witness_labels)), np.nan)
        witness = self._faces.witness
        if witness is not None and intervals:
            frames = self._by_row(intervals)
            for column, values in enumerate(witness.probabilities.T):
                means[:, column] = frames.means(values[self._usable])
        return means

    def witness_distances(self, intervals: Sequence[VideoInterval]) -> DoubleArray:
        """Mean distance of the witness over the same rows, float64 (R,); NaN without one."""
        if not intervals:
            return np.zeros(0)
        return self._by_row(intervals).means(self._measured(WITNESS_MEASURE[DISTANCE]))

    def _measured(self, name: str) -> FloatArray:
        """A further column of the usable frames; NaN where it was not measured."""
        values = self._faces.extra.get(name)
        if values is None:
            return np.full(np.count_nonzero(self._usable), np.nan, np.float32)
        return values[self._usable]

    def _by_row(self, intervals: Sequence[VideoInterval]) -> _Frames:
        starts_s = [row.span.start_s for row in intervals]
        cuts = np.searchsorted(self._faces.time_s[self._usable], starts_s[1:])
        return _Frames(cuts, self._weight_s)


@dataclass(frozen=True, slots=True)
class WindowShares:
    """How the windows of each row are shared out among the labels that they name by themselves.

    Attributes
    ----------
    judged
        float64 (R, K), shares of the judged windows, weighted as in the row's probabilities; NaN
        rows where there are none.
    firm
        The same of the windows that rest on enough by themselves.
    """

    judged: DoubleArray
    firm: DoubleArray


def voice_evidence(
    speech: SpeechTrack,
    intervals: Sequence[AudioInterval],
    *,
    snr_db: FloatArray | None = None,
    clipping: FloatArray | None = None,
    shares: WindowShares | None = None,
    distance: FloatArray | None = None,
) -> tuple[VoiceEvidence, ...]:
    """Collect the evidence of each row of the voice.

    Parameters
    ----------
    speech
        Voice windows and spans of speech.
    intervals
        Rows of the voice.
    snr_db, clipping
        float32 (M,), per voice window: signal-to-noise ratio in decibels, and the share of the
        samples with speech that are clipped; NaN where unknown. None: not measured.
    shares
        How the windows of each row are shared out among the labels; None: not known.
    distance
        float32 (M,), how far each window is from the training data; as `snr_db`.
    """
    starts = np.asarray([row.span.start_s for row in intervals])
    ends = np.asarray([row.span.end_s for row in intervals])
    starts, ends = widened(speech, starts, ends)
    heard_s = spoken_before(speech.speech, ends) - spoken_before(speech.speech, starts)
    means = _shares(intervals, speech.labels)
    entropy = normalised_entropy(means)
    margin = _margins(means, speech.labels, [row.emotion for row in intervals])
    leading, firm_leading = _leading_shares(shares, means, speech.labels, intervals)
    overlaps = WindowOverlaps(speech, starts, ends)
    snr, clipped, away = map(overlaps.means, (snr_db, clipping, distance))
    return tuple(
        VoiceEvidence(
            speech_s=row.speech_s,
            window_speech_s=max(0.0, float(heard_s[index])),
            snr_db=none_if_nan(snr[index]),
            clipping=none_if_nan(clipped[index]),
            entropy=none_if_nan(entropy[index]),
            margin=none_if_nan(margin[index]),
            leading_share=none_if_nan(leading[index]),
            firm_leading_share=none_if_nan(firm_leading[index]),
            distance=none_if_nan(away[index]),
        )
        for index, row in enumerate(intervals)
    )


def widened(
    speech: SpeechTrack, starts: DoubleArray, ends: DoubleArray
) -> tuple[DoubleArray, DoubleArray]:
    """Bounds of rows, those shorter than a voice window widened about their centre to its length.

    That is what the voice model hears of such a row.
    """
    window_s = float(np.max(speech.end_s - speech.start_s)) if len(speech) else 0.0
    missing_s = np.maximum(0.0, window_s - (ends - starts))
    return starts - 0.5 * missing_s, ends + 0.5 * missing_s


def normalised_entropy(probabilities: FloatArray | DoubleArray) -> DoubleArray:
    """Entropy −Σ p log p over its maximum log K.

    Parameters
    ----------
    probabilities
        float (N, K), rows sum to 1; NaN rows give NaN.

    Returns
    -------
    float64 (N,), 0 (one class is certain) to 1 (all are equally likely); 0 for one class.
    """
    table = np.asarray(probabilities, dtype=np.float64)
    classes = table.shape[1]
    logs = np.log(table, out=np.zeros(table.shape), where=~(table <= 0))
    entropy: DoubleArray = -(table * logs).sum(axis=1)
    return np.clip(entropy / np.log(classes), 0.0, 1.0) if classes > 1 else 0.0 * entropy


class _Ranked:
    """The known values of the frames in rising order, each with the frame that it is of."""

    def __init__(self, values: FloatArray) -> None:
        present = np.flatnonzero(~np.isnan(values))
        order = np.argsort(values[present], kind="stable")
        self.frame: NDArray[np.int32] = present[order].astype(np.int32)
        self.ordered: FloatArray = values[self.frame]


class _Frames:
    """Values of the frames with a face, summed up row by row."""

    def __init__(self, cuts: IntArray, weight_s: DoubleArray) -> None:
        self._bounds = np.concatenate(([0], cuts, [len(weight_s)]))
        self._weight_s = weight_s
        self._row = np.repeat(np.arange(len(cuts) + 1, dtype=np.int32), np.diff(self._bounds))

    def means(self, values: FloatArray | DoubleArray) -> DoubleArray:
        """Weighted means of the known values, float64 (R,); NaN where there is none."""
        present = ~np.isnan(values)
        weight = np.where(present, self._weight_s, 0.0)
        total, seconds = self._sums(np.where(present, values, 0.0) * weight), self._sums(weight)
        return np.divide(total, seconds, out=np.full(len(total), np.nan), where=seconds > 5e-10)

    def medians(self, values: _Ranked) -> DoubleArray:
        """Medians of the known values, float64 (R,); NaN where there is none."""
        ordered, first, count = self._by_row(values)
        some = count > 0
        lower = ordered[(first + (count - 1) // 2)[some]]
        upper = ordered[(first + count // 2)[some]]
        medians = np.full(len(count), np.nan)
        # As NumPy's median does: the mean of the middle two, in the type of the values.
        medians[some] = np.mean([lower, upper], axis=0)
        return medians

    def lowest(self, values: _Ranked) -> DoubleArray:
        """Smallest known values, float64 (R,); NaN where there is none."""
        ordered, first, count = self._by_row(values)
        lowest = np.full(len(count), np.nan)
        lowest[count > 0] = ordered[first[count > 0]]
        return lowest

    def _by_row(self, values: _Ranked) -> tuple[FloatArray, IntArray, IntArray]:
        """Known values sorted inside each row, where each row begins, how many it has."""
        rows = len(self._bounds) - 1
        row = self._row[values.frame]
        # Values are in order already; a stable sort by row keeps that. Small integers sort fast.
        small = row.astype(np.uint16) if rows <= np.iinfo(np.uint16).max else row
        count = np.bincount(row, minlength=rows)
        ordered = values.ordered[np.argsort(small, kind="stable")]
        return ordered, np.cumsum(count) - count, count

    def _sums(self, values: DoubleArray) -> DoubleArray:
        total = np.concatenate(([0.0], np.cumsum(values)))
        return np.diff(total[self._bounds])


class WindowOverlaps:
    """The voice windows that overlap each of R rows, weighted by the speech that both share.

    Parameters
    ----------
    speech
        Voice windows and spans of speech.
    starts, ends
        float64 (R,), bounds of the rows in seconds, any order.
    """

    def __init__(self, speech: SpeechTrack, starts: DoubleArray, ends: DoubleArray) -> None:
        first = np.searchsorted(speech.end_s, starts, side="right")
        stop = np.searchsorted(speech.start_s, ends, side="left")
        count = np.maximum(stop - first, 0)
        self._rows = len(count)
        self._row = np.repeat(np.arange(self._rows), count)
        before = np.cumsum(count) - count
        self._window = np.arange(len(self._row)) + (first - before)[self._row]
        low = np.maximum(speech.start_s[self._window], starts[self._row])
        high = np.maximum(np.minimum(speech.end_s[self._window], ends[self._row]), low)
        self._weight_s = spoken_before(speech.speech, high) - spoken_before(speech.speech, low)

    def means(self, values: FloatArray | None) -> DoubleArray:
        """Weighted means of the known values, float64 (R,); NaN where there is none."""
        if values is None:
            return np.full(self._rows, np.nan)
        part = np.asarray(values[self._window], dtype=np.float64)
        present = ~np.isnan(part) & (self._weight_s > 0)
        row, weight_s = self._row[present], self._weight_s[present]
        total = np.bincount(row, part[present] * weight_s, minlength=self._rows)
        seconds = np.bincount(row, weight_s, minlength=self._rows)
        return np.divide(total, seconds, out=np.full(self._rows, np.nan), where=seconds > 0)


def _shares(
    intervals: Sequence[VideoInterval | AudioInterval], labels: Sequence[str]
) -> DoubleArray:
    """Mean probabilities of each row, float64 (R, K); NaN where it has none."""
    table = np.full((len(intervals), len(labels)), np.nan)
    for index, row in enumerate(intervals):
        if row.distribution is not None:
            table[index] = row.distribution
    return table


def _margins(shares: DoubleArray, labels: Sequence[str], emotions: Sequence[str]) -> DoubleArray:
    """Share of the label given (or the largest one) less the largest other, float64 (R,)."""
    if shares.shape[1] < 2:
        return np.full(len(shares), np.nan)
    own = _own_columns(shares, labels, emotions)
    rows = np.arange(len(shares))
    others = shares.copy()
    others[rows, own] = np.where(np.isnan(shares[:, 0]), np.nan, -np.inf)
    margins: DoubleArray = shares[rows, own] - others.max(axis=1)
    return margins


def _own_columns(shares: DoubleArray, labels: Sequence[str], emotions: Sequence[str]) -> IntArray:
    """Column of the label given or, without one, of the largest share; int64 (R,)."""
    column = {label: index for index, label in enumerate(labels)}
    own = np.asarray([column.get(label, -1) for label in emotions], dtype=np.int64)
    columns: IntArray = np.where(own < 0, shares.argmax(axis=1), own)
    return columns


def _leading_shares(
    shares: WindowShares | None,
    means: DoubleArray,
    labels: Sequence[str],
    intervals: Sequence[AudioInterval],
) -> tuple[DoubleArray, DoubleArray]:
    """Share of the windows that name the row's label, of all and of the firm ones, float64 (R,)."""
    unknown = np.full(len(intervals), np.nan)
    if shares is None or not labels or not intervals:
        return unknown, unknown
    own = _own_columns(means, labels, [row.emotion for row in intervals])
    rows, judged = np.arange(len(intervals)), ~np.isnan(means).any(axis=1)
    named = np.where(judged, shares.judged[rows, own], np.nan)
    several = judged & ((shares.firm > 0).sum(axis=1) > 1)
    return named, np.where(several, shares.firm[rows, own], np.nan)
