"""From the results of one analysis to typed DataFrames."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from emoreport.records import Analysis, FaceTrack, SpeechTrack, Summary
from emoreport.tables.columns import TEXT_KINDS, Kind, Table, interval_tables

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
    """Lay the results out as the six tables of one video.

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
    Column names and order are those of the files.

    Raises
    ------
    ValueError
        When a distribution does not have one value per label of its model.
    """
    dimensions = faces.valence is not None or faces.arousal is not None
    layout = interval_tables(faces.labels, speech.labels, dimensions=dimensions)
    rows = {
        "video_intervals": _video_rows(analysis, len(faces.labels), dimensions=dimensions),
        "audio_intervals": _audio_rows(analysis, len(speech.labels)),
        "modality_mismatch": _mismatch_rows(analysis),
        "modality_duration": _comparison_rows(analysis),
        "transitions": [
            (entry.origin, entry.target, entry.count, entry.probability)
            for entry in analysis.transitions
        ],
        "summary": [_summary_row(analysis.summary)],
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


def _video_rows(analysis: Analysis, classes: int, *, dimensions: bool) -> list[tuple[Any, ...]]:
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
            *((row.valence, row.arousal) if dimensions else ()),
        )
        for row in analysis.video_intervals
    ]


def _audio_rows(analysis: Analysis, classes: int) -> list[tuple[Any, ...]]:
    return [
        (
            row.emotion,
            row.span.start_s,
            row.span.end_s,
            row.span.duration_s,
            row.confidence,
            row.speech_s,
            *_distribution(row.distribution, classes),
        )
        for row in analysis.audio_intervals
    ]


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
    )


def _distribution(values: Iterable[float] | None, classes: int) -> tuple[float, ...]:
    if values is None:
        return (math.nan,) * classes
    distribution = tuple(values)
    if len(distribution) != classes:
        raise ValueError(f"a distribution over {classes} labels has {len(distribution)} values")
    return distribution
