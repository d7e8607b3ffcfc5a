"""Add valence, arousal and z-scores to the rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from emoreport.analysis.numeric.missing import none_if_nan
from emoreport.analysis.rows.baseline import Baseline, face_baseline, voice_baseline
from emoreport.analysis.rows.bridge import Bridge
from emoreport.analysis.rows.valence_arousal import derived_dimensions
from emoreport.records import DoubleArray, FaceTrack, Span, SpeechTrack
from emoreport.results import AudioInterval, VideoInterval
from emoreport.settings import AnalysisSettings, parse_baseline

_Row = TypeVar("_Row", VideoInterval, AudioInterval)


def with_video_dimensions(
    rows: Sequence[VideoInterval], faces: FaceTrack, bridge: Bridge
) -> tuple[VideoInterval, ...]:
    """Rows with valence and arousal, and with where these come from: ``model`` or ``derived``."""
    if faces.valence is not None and faces.arousal is not None:
        return tuple(replace(row, dimensions="model") for row in rows)
    return _with_derived(rows, faces.labels, bridge)


def with_audio_dimensions(
    rows: Sequence[AudioInterval], speech: SpeechTrack, bridge: Bridge
) -> tuple[AudioInterval, ...]:
    """Rows of the voice with valence and arousal, derived from their distributions."""
    return _with_derived(rows, speech.labels, bridge)


def _with_derived(rows: Sequence[_Row], labels: Sequence[str], bridge: Bridge) -> tuple[_Row, ...]:
    valence, arousal = derived_dimensions(_table(rows, len(labels)), labels, bridge)
    return tuple(
        replace(row, valence=none_if_nan(pleasure), arousal=none_if_nan(excitement))
        for row, pleasure, excitement in zip(rows, valence, arousal, strict=True)
    )


def with_z_scores(
    faces: FaceTrack,
    speech: SpeechTrack,
    video: Sequence[VideoInterval],
    audio: Sequence[AudioInterval],
    voice: Sequence[AudioInterval],
    duration_s: float,
    settings: AnalysisSettings,
) -> tuple[tuple[VideoInterval, ...], tuple[AudioInterval, ...], tuple[AudioInterval, ...]]:
    """Rows with their mean probabilities in units of the speaker's baseline, where one is set."""
    wanted = parse_baseline(settings.baseline)
    if wanted is None:
        return tuple(video), tuple(audio), tuple(voice)
    chosen = None if isinstance(wanted, float) else Span(*wanted)
    seconds = wanted if isinstance(wanted, float) else 0.0
    face = face_baseline(faces, video, duration_s, seconds=seconds, chosen=chosen)
    usual = voice_baseline(speech, seconds=seconds, chosen=chosen)
    return (
        _scored(video, len(faces.labels), face),
        _scored(audio, len(speech.labels), usual),
        _scored(voice, len(speech.labels), usual),
    )


def _scored(rows: Sequence[_Row], labels: int, baseline: Baseline) -> tuple[_Row, ...]:
    with np.errstate(invalid="ignore"):
        scores = (_table(rows, labels) - baseline.mean) / baseline.sd
    return tuple(
        replace(row, z=tuple(map(none_if_nan, values)))
        for row, values in zip(rows, scores.tolist(), strict=True)
    )


def _table(rows: Sequence[VideoInterval | AudioInterval], labels: int) -> DoubleArray:
    """Distributions of the rows, float64 (R, K); NaN where a row has none."""
    unknown = (np.nan,) * labels
    table = [row.distribution or unknown for row in rows]
    return np.asarray(table, dtype=np.float64).reshape(len(rows), labels)
