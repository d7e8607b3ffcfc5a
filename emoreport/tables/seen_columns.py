"""Columns of faces.parquet and tracks.parquet: every face that was followed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from emoreport.records import MOUTH_MOTION
from emoreport.tables.columns import (
    AROUSAL,
    FRAMES_START,
    VALENCE,
    further_column,
    probability_columns,
    witness_columns,
)
from emoreport.tables.schema import Column, Kind, Table

TRACK: Final = Column("track", Kind.COUNT, "face_track")
TRACKS: Final = Table(
    "tracks",
    (
        TRACK,
        Column("descriptor", Kind.NUMBER, "track_descriptor"),
        Column("set_up", Kind.NUMBER, "track_set_up"),
    ),
)
"""tracks.parquet: a row for each track."""

_TIME, _FRAME, _, *_FOUND = FRAMES_START


def faces_table(
    labels: Iterable[str],
    *,
    valence: bool = False,
    arousal: bool = False,
    extra: Iterable[str] = (),
    witness: Iterable[str] = (),
) -> Table:
    """Columns of faces.parquet; parameters as of `frames_table`."""
    columns = (
        _TIME,
        _FRAME,
        TRACK,
        Column("leads", Kind.BOOLEAN, "face_leads"),
        *_FOUND,
        further_column(MOUTH_MOTION),
        *probability_columns(labels, "frame_probability"),
    )
    columns += (VALENCE,) * valence + (AROUSAL,) * arousal
    return Table("faces", (*columns, *map(further_column, extra), *witness_columns(witness)))
