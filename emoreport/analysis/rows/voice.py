"""Label the voice inside each row of the face, from voice windows on a fixed grid.

Windows do not depend on the rows, so that other settings need no decoding and rows of a few
tenths of a second still rest on a window that the voice model can judge.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from emoreport.analysis.numeric.hold_times import TIME_TOLERANCE_S, BoolArray
from emoreport.analysis.numeric.missing import none_if_nan
from emoreport.records import WITNESS_MEASURE, DoubleArray, IntArray, Span, SpeechTrack
from emoreport.results import AudioInterval
from emoreport.settings import SpeechSettings
from emoreport.vocabulary import NO_SPEECH, UNCERTAIN


def audio_intervals(
    speech: SpeechTrack, spans: Sequence[Span], settings: SpeechSettings
) -> tuple[AudioInterval, ...]:
    """One row of the voice per span.

    - Less detected speech than ``settings.min_speech_s`` (or none) → `no_speech`.
    - A span shorter than the window: linear interpolation between the nearest judged windows
      before and after its centre. Only windows less than one window length away count (they
      overlap the span widened about its centre); with one such window, that one.
    - A longer span: mean of the judged windows inside it, weighted by seconds of speech; if
      there is none, of those that overlap it most.
    - Speech, but no judged window (or no voice model): `uncertain`; what was said is not known
      to be of any emotion, and calling it silence would be untrue.

    Parameters
    ----------
    speech
        Windows sorted by time and spans of speech; may be empty.
    spans
        The rows to hear, any order.
    settings
        Least seconds of speech.
    """
    if not spans:
        return ()
    starts = np.asarray([span.start_s for span in spans])
    ends = np.asarray([span.end_s for span in spans])
    spoken_s = spoken_before(speech.speech, ends) - spoken_before(speech.speech, starts)
    silent = is_silent(spoken_s, settings.min_speech_s)
    heard = span_means(speech, spans, np.asarray(speech.probabilities, dtype=np.float64))
    strength = known_span_means(speech, spans, intensity_of(speech))
    judged = ~silent & ~np.isnan(heard).any(axis=1) & bool(speech.labels)
    rows = []
    for row, span in enumerate(spans):
        seconds = max(0.0, float(spoken_s[row]))
        intensity = None if silent[row] else none_if_nan(strength[row, 0])
        if judged[row]:
            distribution = tuple(heard[row].tolist())
            confidence = max(distribution)
            emotion = speech.labels[distribution.index(confidence)]
        else:
            distribution, confidence = None, None
            emotion = NO_SPEECH if silent[row] else UNCERTAIN
        rows.append(
            AudioInterval(span, emotion, confidence, seconds, distribution, intensity=intensity)
        )
    return tuple(rows)


def is_silent(spoken_s: DoubleArray, min_speech_s: float) -> BoolArray:
    """Which rows hold too little speech for any label, or none; bool (R,)."""
    silent: BoolArray = spoken_s < min_speech_s - TIME_TOLERANCE_S
    return silent | (spoken_s <= TIME_TOLERANCE_S)


def judged_windows(speech: SpeechTrack) -> BoolArray:
    """Windows with probabilities, bool (M,); none where no model ran."""
    probabilities: BoolArray = ~np.isnan(speech.probabilities).any(axis=1)
    return probabilities & bool(speech.labels)


def intensity_of(speech: SpeechTrack) -> DoubleArray:
    """Intensity of each window, float64 (M, 1), 0–1; NaN where it was not measured.

    How aroused a voice sounds does not depend on who names its emotion: where the first model
    measures nothing, it is what the witness measured.
    """
    unknown = np.full(len(speech), np.nan)
    known = speech.extra.get("intensity", unknown)
    if np.isnan(known).all():
        known = speech.extra.get(WITNESS_MEASURE["intensity"], unknown)
    return np.asarray(known, dtype=np.float64)[:, np.newaxis]


def own_labels(speech: SpeechTrack, counted: BoolArray | None = None) -> DoubleArray:
    """Which label each window names by itself: of equals, the first.

    Parameters
    ----------
    speech
        Windows.
    counted
        bool (M,), the windows that are asked; None: all that were judged.

    Returns
    -------
    float64 (M, K), 1 in the column of the window's most probable class and 0 elsewhere; NaN rows
    for windows that were not judged or are not asked.
    """
    table = np.asarray(speech.probabilities, dtype=np.float64)
    named = np.full(table.shape, np.nan)
    asked = judged_windows(speech)
    asked &= True if counted is None else counted
    if asked.any():
        named[asked] = np.eye(table.shape[1])[table[asked].argmax(axis=1)]
    return named


def spoken_before(speech: Sequence[Span], time_s: DoubleArray) -> DoubleArray:
    """Seconds of speech before each time.

    Parameters
    ----------
    speech
        Sorted, disjoint spans.
    time_s
        float64 (T,), seconds.

    Returns
    -------
    float64 (T,), ≥ 0, non-decreasing in time.
    """
    if not speech:
        return np.zeros(len(time_s))
    bounds = np.asarray([(span.start_s, span.end_s) for span in speech])
    lengths = bounds[:, 1] - bounds[:, 0]
    spoken = np.cumsum(lengths) - lengths
    seconds: DoubleArray = np.interp(
        time_s,
        bounds.ravel(),
        np.column_stack((spoken, spoken + lengths)).ravel(),
    )
    return seconds


def span_means(speech: SpeechTrack, spans: Sequence[Span], values: DoubleArray) -> DoubleArray:
    """Values of the judged windows averaged over spans, by the rule of `audio_intervals`.

    Parameters
    ----------
    speech
        Windows sorted by time.
    spans
        The spans (R), any order.
    values
        float64 (M, columns), no NaN in judged windows.

    Returns
    -------
    float64 (R, columns); NaN rows where no window speaks for a span.
    """
    starts = np.asarray([span.start_s for span in spans])
    ends = np.asarray([span.end_s for span in spans])
    result = np.full((len(starts), values.shape[1]), np.nan)
    judged = judged_windows(speech)
    if not judged.any():
        return result
    window_s = float(np.max(speech.end_s - speech.start_s))
    windows = _Windows(speech, judged, values)
    short = ends - starts < window_s - TIME_TOLERANCE_S
    result[short] = windows.interpolated(0.5 * (starts + ends)[short], window_s)
    result[~short] = windows.averaged(starts[~short], ends[~short])
    return result


def known_span_means(
    speech: SpeechTrack, spans: Sequence[Span], values: DoubleArray
) -> DoubleArray:
    """As `span_means` of the same windows, where only the known values count.

    NaN where a span has none.
    """
    known = ~np.isnan(values)
    total = span_means(speech, spans, np.where(known, values, 0.0))
    weight = span_means(speech, spans, known.astype(np.float64))
    return np.divide(total, weight, out=np.full(total.shape, np.nan), where=weight > 0)


class _Windows:
    """The judged windows of a track, ready for look-ups by time."""

    def __init__(self, speech: SpeechTrack, judged: BoolArray, values: DoubleArray) -> None:
        self._start_s = speech.start_s[judged]
        self._end_s = speech.end_s[judged]
        self._centre_s = 0.5 * (self._start_s + self._end_s)
        self._spoken_s = np.asarray(speech.speech_s[judged], dtype=np.float64)
        # One memory layout for all: the order of summing, and the last bit, depend on it.
        self._table = np.asarray(values[judged], dtype=np.float64, order="C")

    def interpolated(self, time_s: DoubleArray, reach_s: float) -> DoubleArray:
        """Values at `time_s` between the neighbouring centres within `reach_s`."""
        after = np.searchsorted(self._centre_s, time_s, side="right")
        before = after - 1
        last = len(self._centre_s) - 1
        left, right = np.maximum(before, 0), np.minimum(after, last)
        left_s = np.where(before >= 0, time_s - self._centre_s[left], np.inf)
        right_s = np.where(after <= last, self._centre_s[right] - time_s, np.inf)
        near = reach_s - TIME_TOLERANCE_S
        has_left, has_right = left_s < near, right_s < near
        both = has_left & has_right
        towards_right = np.where(has_right & ~has_left, 1.0, 0.0)
        towards_right[both] = left_s[both] / (left_s[both] + right_s[both])
        share = towards_right[:, np.newaxis]
        values: DoubleArray = (1.0 - share) * self._table[left] + share * self._table[right]
        values[~(has_left | has_right)] = np.nan
        return values

    def averaged(self, starts: DoubleArray, ends: DoubleArray) -> DoubleArray:
        """Means over the windows inside each span or, without one, over the most overlapping."""
        first = np.searchsorted(self._start_s, starts - TIME_TOLERANCE_S, side="left")
        stop = np.searchsorted(self._end_s, ends + TIME_TOLERANCE_S, side="right")
        means = np.full((len(starts), self._table.shape[1]), np.nan)
        for row, (low, high) in enumerate(zip(first, stop, strict=True)):
            if high > low:
                means[row] = self._mean(slice(low, high))
                continue
            shared = np.minimum(self._end_s, ends[row]) - np.maximum(self._start_s, starts[row])
            most = float(shared.max())
            if most > TIME_TOLERANCE_S:
                means[row] = self._mean(np.flatnonzero(shared >= most - TIME_TOLERANCE_S))
        return means

    def _mean(self, chosen: slice | IntArray) -> DoubleArray:
        weight = self._spoken_s[chosen]
        if weight.sum() <= 0:
            weight = np.ones_like(weight)
        mean: DoubleArray = np.average(self._table[chosen], axis=0, weights=weight)
        return mean
