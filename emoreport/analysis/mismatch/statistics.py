"""The rows of the mismatch statistics: face against voice over the whole talk, number by number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from emoreport.analysis.mismatch.agreement import agreement
from emoreport.analysis.mismatch.lag import LagResult, lead_and_lag
from emoreport.analysis.mismatch.shift_test import MismatchStatistics, mismatch_statistics
from emoreport.analysis.numeric.hold_times import BoolArray
from emoreport.analysis.rows.bridge import Bridge
from emoreport.analysis.rows.pauses import SCOPES, Scope, only
from emoreport.analysis.rows.relabelling import coded_sequence
from emoreport.analysis.rows.sequences import LabelSequence, face_sequence, join, voice_sequence
from emoreport.analysis.rows.valence_arousal import derived_dimensions
from emoreport.records import (
    DoubleArray,
    FaceTrack,
    FloatArray,
    LabelledSpan,
    Span,
    SpeechTrack,
)
from emoreport.results import MismatchFigure, Statistic, VideoInterval


def face_against_voice(
    rows: Sequence[VideoInterval],
    faces: FaceTrack,
    speech: SpeechTrack,
    duration_s: float,
    bridge: Bridge,
    usable: BoolArray | None,
    coded: Sequence[LabelledSpan] | None = None,
) -> MismatchStatistics:
    """Measure and test the agreement of face and voice on the voice's own time.

    Parameters
    ----------
    rows
        Rows of the face, abstentions included.
    faces, speech
        Readings.
    duration_s
        Length of the recording, seconds.
    bridge
        Shared label space.
    usable
        bool (M,), voice windows with enough evidence; None: all that were judged.
    coded
        The voice as a person coded it; None: as the model heard it.
    """
    face = face_sequence(rows, faces.labels, speech.labels, bridge)
    voice = _voice(speech, duration_s, faces.labels, bridge, usable, coded)
    return mismatch_statistics(join(face, voice))


def _voice(
    speech: SpeechTrack,
    duration_s: float,
    face_labels: Sequence[str],
    bridge: Bridge,
    usable: BoolArray | None,
    coded: Sequence[LabelledSpan] | None,
) -> LabelSequence:
    machine = voice_sequence(speech, duration_s, face_labels, bridge, usable)
    if coded is None:
        return machine
    return coded_sequence(machine, coded, bridge.shared_space(face_labels, speech.labels), bridge)


def mismatch_rows(
    figure: MismatchFigure,
    statistics: MismatchStatistics,
    pieces: Sequence[VideoInterval],
    faces: FaceTrack,
    speech: SpeechTrack,
    duration_s: float,
    bridge: Bridge,
    usable: BoolArray | None,
    coded: Sequence[LabelledSpan] | None = None,
    others: Sequence[Span] = (),
) -> tuple[Statistic, ...]:
    """Lay out everything about face against voice.

    Parameters
    ----------
    figure
        The share of the compared time in mismatch, with its verdict.
    statistics
        Statistics of the whole talk.
    pieces
        Rows of the face, cut into speech and pauses.
    faces, speech, duration_s, bridge, usable, coded
        As for `face_against_voice`.
    others
        Speech of others, which nothing of this takes in; how long it is becomes a row.
    """
    scoped = (
        statistic
        for scope in SCOPES
        for statistic in _scoped(pieces, scope, faces, speech, duration_s, bridge, usable, coded)
    )
    unmapped = (
        _unmapped(speech.labels, faces.labels, bridge),
        _unmapped_face(faces, speech, bridge),
    )
    return (
        _share(figure, statistics),
        *_labels(statistics),
        *_distances(statistics),
        *scoped,
        *_lag(valence_lag(faces, speech, bridge)),
        *(statistic for rows in unmapped for statistic in rows),
        *_left_out(others),
    )


def valence_lag(faces: FaceTrack, speech: SpeechTrack, bridge: Bridge) -> LagResult:
    """Which of the two valences leads; the model's own where it gives one, else derived."""
    face: FloatArray | DoubleArray | None = faces.valence
    if face is None:
        # A copy: what comes with it is as long as the talk.
        face = derived_dimensions(faces.probabilities, faces.labels, bridge)[0].copy()
    voice = derived_dimensions(speech.probabilities, speech.labels, bridge)[0]
    centres_s = 0.5 * (speech.start_s + speech.end_s)
    apart = np.append(True, np.diff(centres_s) > 0) if len(centres_s) else np.zeros(0, dtype=bool)
    window_s = float(np.median(speech.end_s - speech.start_s)) if len(speech) else 0.0
    return lead_and_lag(faces.time_s, face, centres_s[apart], voice[apart], window_s=window_s)


def _left_out(others: Sequence[Span]) -> Iterator[Statistic]:
    """Seconds of speech that is not compared, since it is somebody else's; no row without any."""
    if others:
        total_s = sum(span.duration_s for span in others)
        yield Statistic("others_speech_seconds", "seconds", value=total_s)


def _share(figure: MismatchFigure, statistics: MismatchStatistics) -> Statistic:
    return Statistic(
        "mismatch_share",
        "share",
        value=figure.share,
        expected=figure.expected,
        count=statistics.label_test.shifts or None,
        p_value=figure.p_value,
        verdict=figure.verdict,
        note=figure.note,
    )


def _labels(statistics: MismatchStatistics) -> Iterator[Statistic]:
    figures, test, intervals = statistics.agreement, statistics.label_test, statistics.intervals
    reason = figures.reason or test.reason or intervals.reason
    yield _estimate(
        "window_mismatch_share",
        "share",
        figures.disagreement,
        intervals.disagreement,
        expected=figures.expected_disagreement,
        note=reason,
    )
    yield Statistic("window_seconds", "seconds", value=figures.compared_s)
    yield _estimate("kappa", "coefficient", figures.kappa, intervals.kappa, note=reason)
    yield _estimate("ac1", "coefficient", figures.ac1, intervals.ac1, note=reason)


def _distances(statistics: MismatchStatistics) -> Iterator[Statistic]:
    figures, test, intervals = statistics.agreement, statistics.severity_test, statistics.intervals
    reason = figures.reason or test.reason or intervals.reason
    yield _estimate(
        "mean_severity",
        "distance",
        figures.severity,
        intervals.severity,
        expected=figures.expected_severity,
        count=test.shifts or None,
        p_value=test.p_value,
        verdict=statistics.severity_verdict,
        note=reason,
    )
    kappa = figures.severity_kappa
    yield _estimate("severity_kappa", "coefficient", kappa, intervals.severity_kappa, note=reason)


def _estimate(
    name: str,
    unit: str,
    value: float | None,
    interval: tuple[float, float] | None,
    **facts: Any,  # noqa: ANN401 - fields of several types
) -> Statistic:
    low, high = interval or (None, None)
    return Statistic(name, unit, value=value, low=low, high=high, **facts)


def _scoped(
    pieces: Sequence[VideoInterval],
    scope: Scope,
    faces: FaceTrack,
    speech: SpeechTrack,
    duration_s: float,
    bridge: Bridge,
    usable: BoolArray | None,
    coded: Sequence[LabelledSpan] | None,
) -> Iterator[Statistic]:
    """The same figures over one part of the time; in a pause, the window around it speaks."""
    if scope == "pausing":
        speech = replace(speech, speech=(Span(0.0, max(duration_s, 0.0)),))
    face = face_sequence(only(pieces, scope), faces.labels, speech.labels, bridge)
    voice = _voice(speech, duration_s, faces.labels, bridge, usable, coded)
    figures = agreement(join(face, voice))
    yield Statistic(
        "window_mismatch_share",
        "share",
        value=figures.disagreement,
        expected=figures.expected_disagreement,
        scope=scope,
        note=figures.reason,
    )
    yield Statistic("window_seconds", "seconds", value=figures.compared_s, scope=scope)
    yield Statistic("kappa", "coefficient", value=figures.kappa, scope=scope, note=figures.reason)
    yield Statistic(
        "mean_severity",
        "distance",
        value=figures.severity,
        expected=figures.expected_severity,
        scope=scope,
        note=figures.reason,
    )


def _lag(lag: LagResult) -> Iterator[Statistic]:
    yield _estimate(
        "voice_after_face",
        "seconds",
        lag.lag_s,
        lag.interval_s,
        p_value=lag.p_value,
        verdict=lag.lead,
        note=lag.reason,
    )
    yield Statistic(
        "valence_correlation",
        "coefficient",
        value=lag.correlation,
        expected=lag.threshold,
        p_value=lag.p_value,
        note=lag.reason,
    )


def _unmapped(labels: Sequence[str], others: Sequence[str], bridge: Bridge) -> Iterator[Statistic]:
    """Labels of the voice model that no label of the face model answers to."""
    space = bridge.shared_space(others, labels)
    for label in labels if others else ():
        if bridge.shared(label) not in space:
            yield Statistic("unmapped_voice_label", "count", emotion=label, note="no_partner")


def _unmapped_face(faces: FaceTrack, speech: SpeechTrack, bridge: Bridge) -> Iterator[Statistic]:
    for statistic in _unmapped(faces.labels, speech.labels, bridge):
        yield replace(statistic, statistic="unmapped_face_label")
