"""Valence, arousal and z-scores of the rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from emoreport.analysis.rows.baseline import Baseline, face_scores, voice_scores
from emoreport.analysis.rows.bridge import Bridge
from emoreport.analysis.rows.valence_arousal import derived_dimensions
from emoreport.records import DoubleArray, FaceTrack, Span, SpeechTrack
from emoreport.results import AudioInterval, VideoInterval
from emoreport.settings import AnalysisSettings, parse_baseline

Scores = tuple[tuple[float | None, ...], ...]


def with_video_dimensions(
    rows: Sequence[VideoInterval], faces: FaceTrack, bridge: Bridge
) -> tuple[tuple[VideoInterval, ...], str]:
    """Rows with valence and arousal, and where these come from: ``model`` or ``derived``."""
    if faces.valence is not None and faces.arousal is not None:
        return tuple(rows), "model"
    valence, arousal = derived_dimensions(_table(rows, len(faces.labels)), faces.labels, bridge)
    return tuple(
        replace(row, valence=_known(pleasure), arousal=_known(excitement))
        for row, pleasure, excitement in zip(rows, valence, arousal, strict=True)
    ), "derived"


def with_audio_dimensions(
    rows: Sequence[AudioInterval], speech: SpeechTrack, bridge: Bridge
) -> tuple[AudioInterval, ...]:
    """Rows of the voice with valence and arousal, derived from their distributions."""
    valence, arousal = derived_dimensions(_table(rows, len(speech.labels)), speech.labels, bridge)
    return tuple(
        replace(row, valence=_known(pleasure), arousal=_known(excitement))
        for row, pleasure, excitement in zip(rows, valence, arousal, strict=True)
    )


def z_scores(
    faces: FaceTrack,
    speech: SpeechTrack,
    video: Sequence[VideoInterval],
    audio: Sequence[AudioInterval],
    duration_s: float,
    settings: AnalysisSettings,
) -> tuple[Scores, Scores]:
    """Mean probabilities of the rows in units of the speaker's baseline; empty without one."""
    wanted = parse_baseline(settings.baseline)
    if wanted is None:
        return (), ()
    chosen = None if isinstance(wanted, float) else Span(*wanted)
    seconds = wanted if isinstance(wanted, float) else 0.0
    face = face_scores(faces, video, duration_s, seconds=seconds, chosen=chosen).baseline
    voice = voice_scores(speech, seconds=seconds, chosen=chosen).baseline
    return _scored(_table(video, len(faces.labels)), face), _scored(
        _table(audio, len(speech.labels)), voice
    )


def _scored(table: DoubleArray, baseline: Baseline) -> Scores:
    labels = table.shape[1]
    with np.errstate(invalid="ignore"):
        scores = (table - baseline.mean[:labels]) / baseline.sd[:labels]
    return tuple(tuple(map(_known, row)) for row in scores.tolist())


def _table(rows: Sequence[VideoInterval | AudioInterval], labels: int) -> DoubleArray:
    """Distributions of the rows, float64 (R, K); NaN where a row has none."""
    unknown = (np.nan,) * labels
    table = [row.distribution or unknown for row in rows]
    return np.asarray(table, dtype=np.float64).reshape(len(rows), labels)


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
