"""Turn the results of one analysis into typed DataFrames."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from emoreport.records import FaceTrack, HeadTrack, SpeechTrack
from emoreport.results import Analysis, AudioInterval, TextInterval, VideoInterval
from emoreport.tables.cells import ShownTable, show_rows
from emoreport.tables.columns import OPTIONAL_NAMES, TABLE_NAMES, result_tables
from emoreport.tables.schema import TEXT_KINDS, Kind, Table

if TYPE_CHECKING:
    import pandas as pd

DTYPES: Final[Mapping[Kind, str]] = {
    **dict.fromkeys(TEXT_KINDS, "object"),
    Kind.COUNT: "Int64",
    Kind.BOOLEAN: "boolean",
}
"""Type of a DataFrame column by kind; every other kind is float64 with NaN for unknown."""


def build_tables(
    analysis: Analysis,
    faces: FaceTrack,
    speech: SpeechTrack,
    head: HeadTrack | None = None,
) -> dict[str, pd.DataFrame]:
    """Lay the results out as the tables of one video.

    Parameters
    ----------
    analysis
        What the analysis found.
    faces, speech
        The readings it rests on; their labels name the probability columns.
    head
        Readings of a trained head that has a table of its own.

    Returns
    -------
    ``{table name: DataFrame}`` with exact, unrounded values. Times and shares are float64 with
    NaN for unknown, counts ``Int64``, `match` ``boolean``, texts ``object`` with None for unknown.
    Column names and order are those of the files. Scores against a baseline and compound
    expressions, words, what they say and rates of speech are there if the analysis has them,
    acoustics if the readings have a contour.

    Raises
    ------
    ValueError
        When the distribution or the scores of a row do not have one value per label of its model.
    """
    layout = _layout(analysis, faces, speech, head)
    return {name: data_frame(table, table.values(analysis)) for name, table in layout.items()}


def shown_tables(
    analysis: Analysis,
    faces: FaceTrack,
    speech: SpeechTrack,
    head: HeadTrack | None = None,
) -> dict[str, ShownTable]:
    """The tables as their files show them, by name; parameters are those of `build_tables`.

    Raises
    ------
    ValueError
        As for `build_tables`.
    """
    layout = _layout(analysis, faces, speech, head)
    names = (*TABLE_NAMES, *(name for name in OPTIONAL_NAMES if name in layout))
    return {name: show_rows(layout[name], analysis) for name in names}


def _layout(
    analysis: Analysis, faces: FaceTrack, speech: SpeechTrack, head: HeadTrack | None
) -> dict[str, Table]:
    """The tables that an analysis has, by name.

    Raises
    ------
    ValueError
        When the distribution or the scores of a row do not have one value per label of its model.
    """
    video = analysis.video_intervals
    voices = (*analysis.audio_intervals, *analysis.voice_intervals)
    said = (*analysis.text_intervals, *analysis.text_clauses)
    for rows, labels in (
        (video, faces.labels),
        (voices, speech.labels),
        (said, analysis.text_labels),
    ):
        _check_classes(rows, len(labels))
    return result_tables(
        faces.labels,
        speech.labels,
        baseline=any(row.z for row in video) or any(row.z for row in voices),
        compounds=any(row.compounds is not None for row in video),
        acoustics=speech.contour is not None,
        head=None if head is None or head.task == "va" else head.task,
        words=analysis.words is not None,
        rates=bool(analysis.speech_rates),
        text_labels=analysis.text_labels,
        modalities=bool(analysis.modality_statistics),
        actions=analysis.action_summary is not None,
    )


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


def _check_classes(
    rows: Iterable[VideoInterval | AudioInterval | TextInterval], classes: int
) -> None:
    """Refuse rows whose distributions or scores are not those of the model."""
    for row in rows:
        scores = None if isinstance(row, TextInterval) else row.z or None
        for values in (row.distribution, scores):
            if values is not None and len(values) != classes:
                raise ValueError(f"a row over {classes} labels has {len(values)} values")
