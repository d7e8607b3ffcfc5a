"""From the results of one analysis to typed DataFrames."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from emoreport.records import FaceTrack, SpeechTrack
from emoreport.results import (
    Analysis,
    CompoundScores,
    FaceEvidence,
    Statistic,
    Summary,
    VoiceEvidence,
)
from emoreport.tables.codes import CODES, COMPOUND
from emoreport.tables.columns import result_tables
from emoreport.tables.kinds import TEXT_KINDS, Kind, Table

if TYPE_CHECKING:
    import pandas as pd

DTYPES: Final[Mapping[Kind, str]] = {
    **dict.fromkeys(TEXT_KINDS, "object"),
    Kind.COUNT: "Int64",
    Kind.BOOLEAN: "boolean",
}
"""Type of a DataFrame column by kind; every other kind is float64 with NaN for unknown."""


def build_tables(
    analysis: Analysis, faces: FaceTrack, speech: SpeechTrack
) -> dict[str, pd.DataFrame]:
    """Lay the results out as the tables of one video.

    Parameters
    ----------
    analysis
        What the analysis found.
    faces, speech
        The readings it rests on; their labels name the probability columns.

    Returns
    -------
    ``{table name: DataFrame}`` with exact, unrounded values. Times and shares are float64 with
    NaN for unknown, counts ``Int64``, `match` ``boolean``, texts ``object`` with None for unknown.
    Column names and order are those of the files. Scores against a baseline and compound
    expressions are there if the analysis has them.

    Raises
    ------
    ValueError
        When a distribution does not have one value per label of its model, or evidence, reasons,
        scores or compounds that are there do not have one entry per row.
    """
    layout = result_tables(
        faces.labels,
        speech.labels,
        baseline=bool(analysis.video_z or analysis.audio_z),
        compounds=bool(analysis.compounds),
    )
    rows = {
        "video_intervals": _video_rows(analysis, len(faces.labels)),
        "audio_intervals": _audio_rows(analysis, len(speech.labels)),
        "modality_mismatch": _mismatch_rows(analysis),
        "modality_duration": _comparison_rows(analysis),
        "transitions": [
            (entry.origin, entry.target, entry.count, entry.probability)
            for entry in analysis.transitions
        ],
        "summary": [_summary_row(analysis.summary)],
        "transition_statistics": [
            (
                row.statistic,
                row.emotion,
                row.target,
                row.scope,
                row.setting,
                *_figures(row),
                row.p_adjusted,
                row.unit,
                row.note,
            )
            for row in analysis.transition_statistics
        ],
        "mismatch_statistics": [
            (
                row.statistic,
                row.emotion,
                row.scope,
                *_figures(row),
                row.verdict,
                row.unit,
                row.note,
            )
            for row in analysis.mismatch_statistics
        ],
        "compound_emotions": _compound_rows(analysis),
    }
    return {name: data_frame(table, rows[name]) for name, table in layout.items()}


def data_frame(table: Table, rows: Sequence[Sequence[Any]]) -> pd.DataFrame:
    """Build a typed DataFrame of one table from its rows, None for unknown.

    Raises
    ------
    ValueError
        When a row does not have one value per column.
    """
    import pandas as pd

    columns = zip(*rows, strict=True) if rows else ((),) * len(table.columns)
    typed = {
        column.name: pd.Series(list(values), dtype=DTYPES.get(column.kind, "float64"))
        for column, values in zip(table.columns, columns, strict=True)
    }
    return pd.DataFrame(typed)


def _video_rows(analysis: Analysis, classes: int) -> list[tuple[Any, ...]]:
    rows = analysis.video_intervals
    return [
        (
            row.emotion,
            row.span.start_s,
            row.span.end_s,
            row.span.duration_s,
            row.confidence,
            row.face_coverage,
            row.frames,
            *_distribution(row.distribution, classes),
            *_dimensions(row.valence, row.arousal, analysis.dimensions),
            *_face_evidence(evidence),
            " ".join(reasons) or None,
            *scores,
        )
        for row, evidence, reasons, scores in zip(
            rows,
            _per_row(analysis.video_evidence, rows, None),
            _per_row(analysis.video_reasons, rows, ()),
            _per_row(analysis.video_z, rows, ()),
            strict=True,
        )
    ]


def _audio_rows(analysis: Analysis, classes: int) -> list[tuple[Any, ...]]:
    rows = analysis.audio_intervals
    return [
        (
            row.emotion,
            row.span.start_s,
            row.span.end_s,
            row.span.duration_s,
            row.confidence,
            row.speech_s,
            *_distribution(row.distribution, classes),
            *_dimensions(row.valence, row.arousal, "derived"),
            *_voice_evidence(evidence),
            " ".join(reasons) or None,
            *scores,
        )
        for row, evidence, reasons, scores in zip(
            rows,
            _per_row(analysis.audio_evidence, rows, None),
            _per_row(analysis.audio_reasons, rows, ()),
            _per_row(analysis.audio_z, rows, ()),
            strict=True,
        )
    ]


def _per_row(values: Sequence[Any], rows: Sequence[Any], missing: object) -> Sequence[Any]:
    """What belongs to each row; `missing` for all of them where nothing was collected."""
    return values or (missing,) * len(rows)


def _dimensions(
    valence: float | None, arousal: float | None, source: str
) -> tuple[float | None, float | None, str | None]:
    return valence, arousal, None if valence is None and arousal is None else source


def _face_evidence(evidence: FaceEvidence | None) -> tuple[float | None, ...]:
    """All but the coverage, which the row itself has."""
    if evidence is None:
        return (None,) * 10
    return (
        evidence.mean_score,
        evidence.worst_score,
        evidence.face_px,
        evidence.yaw_deg,
        evidence.pitch_deg,
        evidence.sharpness,
        evidence.relative_sharpness,
        evidence.frame_entropy,
        evidence.entropy,
        evidence.margin,
    )


def _voice_evidence(evidence: VoiceEvidence | None) -> tuple[float | None, ...]:
    """All but the seconds of speech, which the row itself has."""
    if evidence is None:
        return (None,) * 5
    return (
        evidence.window_speech_s,
        evidence.snr_db,
        evidence.clipping,
        evidence.entropy,
        evidence.margin,
    )


def _mismatch_rows(analysis: Analysis) -> list[tuple[Any, ...]]:
    return [
        (
            row.span.start_s,
            row.span.end_s,
            row.video_emotion,
            row.audio_emotion,
            row.span.duration_s,
            row.severity,
        )
        for row in analysis.comparisons
        if row.match is False
    ]


def _comparison_rows(analysis: Analysis) -> list[tuple[Any, ...]]:
    return [
        (
            row.span.duration_s,
            row.span.start_s,
            row.span.end_s,
            row.video_emotion,
            row.audio_emotion,
            row.match,
        )
        for row in analysis.comparisons
    ]


def _summary_row(summary: Summary) -> tuple[Any, ...]:
    return (
        summary.video,
        summary.duration_s,
        summary.frames,
        summary.frame_rate_hz,
        summary.face_coverage,
        summary.speech_s,
        summary.intervals,
        summary.transitions,
        summary.transitions_per_minute,
        summary.mismatches,
        summary.mismatch_s,
        summary.mismatch_share,
        summary.dominant_video_emotion,
        summary.dominant_audio_emotion,
        summary.face_model,
        summary.speech_model,
        summary.compared_s,
        summary.emotion_s,
        summary.transitions_per_emotion_minute,
        summary.uncertain_s,
        summary.judged_share,
        summary.kappa,
        summary.expected_mismatch_share,
        summary.mismatch_p_value,
        summary.mismatch_verdict,
    )


def _figures(row: Statistic) -> tuple[float | None, ...]:
    return row.value, row.low, row.high, row.expected, row.count, row.p_value


def _compound_rows(analysis: Analysis) -> list[tuple[Any, ...]]:
    unknown = CompoundScores((None,) * len(CODES[COMPOUND]), "")
    rows = analysis.video_intervals
    found = (scores or unknown for scores in _per_row(analysis.compounds, rows, None))
    return [
        (row.span.start_s, row.span.end_s, row.emotion, scores.leading or None, *scores.scores)
        for row, scores in zip(rows, found, strict=True)
    ]


def _distribution(values: Iterable[float] | None, classes: int) -> tuple[float, ...]:
    if values is None:
        return (math.nan,) * classes
    distribution = tuple(values)
    if len(distribution) != classes:
        raise ValueError(f"a distribution over {classes} labels has {len(distribution)} values")
    return distribution
