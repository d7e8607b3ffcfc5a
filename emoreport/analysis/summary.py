"""The row of summary.csv: one video in a few figures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from emoreport.analysis.mismatch.figure import mismatch_figure
from emoreport.analysis.mismatch.shift_test import MismatchStatistics
from emoreport.analysis.numeric.hold_times import hold_times
from emoreport.analysis.rows.abstention import judged_time
from emoreport.analysis.rows.bridge import Bridge
from emoreport.analysis.rows.voice import spoken_before
from emoreport.records import FaceTrack, Recording, SpeechTrack
from emoreport.results import (
    AudioInterval,
    Comparison,
    Summary,
    Transition,
    VideoInterval,
    seconds_by_label,
)
from emoreport.vocabulary import ALL_LABELS, is_emotion


def summarize(
    recording: Recording,
    faces: FaceTrack,
    speech: SpeechTrack,
    video: Sequence[VideoInterval],
    voice: Sequence[AudioInterval],
    comparisons: Sequence[Comparison],
    transitions: Sequence[Transition],
    agreement: MismatchStatistics,
    bridge: Bridge,
) -> Summary:
    """Sum one video up.

    `face_coverage` is the share of the duration held by frames with a usable face, `speech_s`
    the detected speech within the duration, `emotion_s` the seconds of rows with a face emotion.
    Rates and shares over nothing are None. `voice` are the voice's own rows: where the face changes
    does not decide what the voice is. A dominant emotion has the most seconds; of equals, the
    first in canonical order. `uncertain_s` are the seconds of rows whose evidence was too thin,
    `judged_share` the share of the seconds with a face that rows with an emotion have. Kappa is of
    `agreement`.
    """
    duration_s = max(0.0, recording.duration_s)
    covered_s = float(hold_times(faces.time_s, duration_s)[faces.valid].sum())
    changes = sum(transition.count for transition in transitions)
    judged = judged_time(video)
    emotion_s = judged.emotion_s
    return Summary(
        video=recording.name,
        duration_s=recording.duration_s,
        frames=int(faces.looked_at.sum()),
        frame_rate_hz=recording.frame_rate_hz,
        face_coverage=min(1.0, covered_s / duration_s) if duration_s > 0 else 0.0,
        speech_s=float(np.diff(spoken_before(speech.speech, np.array([0.0, duration_s])))[0]),
        intervals=len(video),
        transitions=changes,
        transitions_per_minute=_ratio(60.0 * changes, duration_s),
        mismatches=sum(row.match is False for row in comparisons),
        mismatch=mismatch_figure(
            comparisons, bridge, agreement.agreement, agreement.label_test, agreement.intervals
        ),
        dominant_video_emotion=dominant_emotion(video),
        dominant_audio_emotion=dominant_emotion(voice),
        face_model=recording.face_model,
        speech_model=recording.speech_model,
        emotion_s=emotion_s,
        transitions_per_emotion_minute=_ratio(60.0 * changes, emotion_s),
        uncertain_s=judged.uncertain_s,
        judged_share=judged.share,
        kappa=agreement.agreement.kappa,
    )


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None


def dominant_emotion(rows: Sequence[VideoInterval] | Sequence[AudioInterval]) -> str | None:
    """The emotion with the most seconds; of equals, the first in canonical order; None without."""
    seconds = seconds_by_label(row for row in rows if is_emotion(row.emotion))
    if not seconds:
        return None
    # Sums of the same rows in another order differ in the last bits; a microsecond is no lead.
    most = max(seconds.values()) - 1e-6
    return next((name for name in ALL_LABELS if seconds.get(name, 0.0) >= most), None)
