"""What each label rests on, so that a reader can tell a firm one from a guess.

Nothing is judged here: `abstention` decides which labels the evidence is too thin for.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from emoreport.analysis.timeline import hold_times
from emoreport.analysis.voice import spoken_before
from emoreport.records import DoubleArray, FaceTrack, FloatArray, IntArray, SpeechTrack
from emoreport.results import AudioInterval, FaceEvidence, VideoInterval, VoiceEvidence


def face_evidence(
    faces: FaceTrack, intervals: Sequence[VideoInterval], duration_s: float
) -> tuple[FaceEvidence, ...]:
    """Collect the evidence of each row of the face.

    A frame belongs to the row that holds its presentation time.

    Parameters
    ----------
    faces
        Frame readings; `extra` may hold ``yaw_deg``, ``pitch_deg`` and ``sharpness``.
    intervals
        Rows that tile the recording, in order of time.
    duration_s
        Length of the recording, seconds.
    """
    if not intervals:
        return ()
    usable = faces.valid & (faces.time_s < duration_s)
    frames = _Frames(
        np.searchsorted(faces.time_s[usable], [row.span.start_s for row in intervals][1:]),
        hold_times(faces.time_s, duration_s)[usable],
    )
    unknown = np.full(len(faces), np.nan, dtype=np.float32)
    yaw = frames.means(np.abs(faces.extra.get("yaw_deg", unknown)[usable]))
    pitch = frames.means(np.abs(faces.extra.get("pitch_deg", unknown)[usable]))
    score = faces.detection_score[usable]
    mean_score, worst_score = frames.means(score), frames.lowest(score)
    face_px = frames.medians(np.sqrt(faces.box[usable, 2] * faces.box[usable, 3]))
    sharpness_of_frames = faces.extra.get("sharpness", unknown)[usable]
    sharpness = frames.medians(sharpness_of_frames)
    known = sharpness_of_frames[~np.isnan(sharpness_of_frames)]
    usual = float(np.median(known)) if len(known) else 0.0
    doubt = frames.means(normalised_entropy(faces.probabilities[usable]))
    shares = _shares(intervals, faces.labels)
    entropy = normalised_entropy(shares)
    margin = _margins(shares, faces.labels, [row.emotion for row in intervals])
    return tuple(
        FaceEvidence(
            face_coverage=row.face_coverage,
            mean_score=_known(mean_score[place]),
            worst_score=_known(worst_score[place]),
            face_px=_known(face_px[place]),
            yaw_deg=_known(yaw[place]),
            pitch_deg=_known(pitch[place]),
            sharpness=_known(sharpness[place]),
            relative_sharpness=_known(sharpness[place] / usual) if usual > 0 else None,
            frame_entropy=_known(doubt[place]),
            entropy=_known(entropy[place]),
            margin=_known(margin[place]),
        )
        for place, row in enumerate(intervals)
    )


def voice_evidence(
    speech: SpeechTrack,
    intervals: Sequence[AudioInterval],
    *,
    snr_db: FloatArray | None = None,
    clipping: FloatArray | None = None,
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
    """
    starts = np.asarray([row.span.start_s for row in intervals])
    ends = np.asarray([row.span.end_s for row in intervals])
    window_s = float(np.max(speech.end_s - speech.start_s)) if len(speech) else 0.0
    missing_s = np.maximum(0.0, window_s - (ends - starts))
    starts, ends = starts - 0.5 * missing_s, ends + 0.5 * missing_s
    heard_s = spoken_before(speech.speech, ends) - spoken_before(speech.speech, starts)
    first = np.searchsorted(speech.end_s, starts, side="right")
    stop = np.searchsorted(speech.start_s, ends, side="left")
    shares = _shares(intervals, speech.labels)
    entropy = normalised_entropy(shares)
    margin = _margins(shares, speech.labels, [row.emotion for row in intervals])
    overlaps = _Overlaps(speech, first, np.maximum(stop - first, 0), starts, ends)
    snr, clipped = overlaps.means(snr_db), overlaps.means(clipping)
    return tuple(
        VoiceEvidence(
            speech_s=row.speech_s,
            window_speech_s=max(0.0, float(heard_s[place])),
            snr_db=_known(snr[place]),
            clipping=_known(clipped[place]),
            entropy=_known(entropy[place]),
            margin=_known(margin[place]),
        )
        for place, row in enumerate(intervals)
    )


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


class _Frames:
    """Values of the frames with a face, summed up row by row."""

    def __init__(self, cuts: IntArray, weight_s: DoubleArray) -> None:
        self._bounds = np.concatenate(([0], cuts, [len(weight_s)]))
        # A frame without time of its own (its hold fell to a tie or the end) still was seen.
        self._weight_s = np.maximum(weight_s, 1e-9)

    def means(self, values: FloatArray | DoubleArray) -> DoubleArray:
        """Weighted means of the known values, float64 (R,); NaN where there is none."""
        known = ~np.isnan(values)
        weight = np.where(known, self._weight_s, 0.0)
        total, seconds = self._sums(np.where(known, values, 0.0) * weight), self._sums(weight)
        return np.divide(total, seconds, out=np.full(len(total), np.nan), where=seconds > 5e-10)

    def medians(self, values: FloatArray) -> DoubleArray:
        """Medians of the known values, float64 (R,); NaN where there is none."""
        ordered, first, count = self._ordered(values)
        some = count > 0
        lower = ordered[(first + (count - 1) // 2)[some]]
        upper = ordered[(first + count // 2)[some]]
        found = np.full(len(count), np.nan)
        # As NumPy's median does: the mean of the middle two, in the type of the values.
        found[some] = np.mean([lower, upper], axis=0)
        return found

    def lowest(self, values: FloatArray) -> DoubleArray:
        """Smallest known values, float64 (R,); NaN where there is none."""
        ordered, first, count = self._ordered(values)
        found = np.full(len(count), np.nan)
        found[count > 0] = ordered[first[count > 0]]
        return found

    def _ordered(self, values: FloatArray) -> tuple[FloatArray, IntArray, IntArray]:
        """Known values sorted inside each row, where each row begins, how many it has."""
        known = ~np.isnan(values)
        rows = len(self._bounds) - 1
        row = np.repeat(np.arange(rows), np.diff(self._bounds))[known]
        ordered = values[known][np.lexsort((values[known], row))]
        count = np.bincount(row, minlength=rows)
        return ordered, np.cumsum(count) - count, count

    def _sums(self, values: DoubleArray) -> DoubleArray:
        total = np.concatenate(([0.0], np.cumsum(values)))
        return np.diff(total[self._bounds])


class _Overlaps:
    """The voice windows that overlap each row, weighted by the speech that both share."""

    def __init__(
        self,
        speech: SpeechTrack,
        first: IntArray,
        count: IntArray,
        starts: DoubleArray,
        ends: DoubleArray,
    ) -> None:
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
        known = ~np.isnan(part) & (self._weight_s > 0)
        row, weight_s = self._row[known], self._weight_s[known]
        total = np.bincount(row, part[known] * weight_s, minlength=self._rows)
        seconds = np.bincount(row, weight_s, minlength=self._rows)
        return np.divide(total, seconds, out=np.full(self._rows, np.nan), where=seconds > 0)


def _shares(
    intervals: Sequence[VideoInterval | AudioInterval], labels: Sequence[str]
) -> DoubleArray:
    """Mean probabilities of each row, float64 (R, K); NaN where it has none."""
    table = np.full((len(intervals), len(labels)), np.nan)
    for place, row in enumerate(intervals):
        if row.distribution is not None:
            table[place] = row.distribution
    return table


def _margins(shares: DoubleArray, labels: Sequence[str], given: Sequence[str]) -> DoubleArray:
    """Share of the label given (or the largest one) less the largest other, float64 (R,)."""
    if shares.shape[1] < 2:
        return np.full(len(shares), np.nan)
    column = {label: place for place, label in enumerate(labels)}
    own = np.asarray([column.get(label, -1) for label in given], dtype=np.int64)
    own = np.where(own < 0, shares.argmax(axis=1), own)
    rows = np.arange(len(shares))
    others = shares.copy()
    others[rows, own] = np.where(np.isnan(shares[:, 0]), np.nan, -np.inf)
    margins: DoubleArray = shares[rows, own] - others.max(axis=1)
    return margins


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
