"""Columns of what a face did besides its emotions: readings, means over rows, events, sums."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from operator import attrgetter
from typing import Any, Final

from emoreport.records import MEASURES, POSE
from emoreport.records.actions import EYE_OPENING, MOUTH_OPENING
from emoreport.tables.codes import ACTION
from emoreport.tables.schema import DURATION, END, START, Column, Kind, Table

ACTION_TIME: Final = Column("time_s", Kind.SECONDS, "action_time")
ACTION_PERSON: Final = Column("person", Kind.TEXT, "action_person")
NO_SHARES: Final = ("gaze_right", "gaze_down", EYE_OPENING, MOUTH_OPENING)
"""Measures that do not go from 0 to 1."""
ACTION_MEASURES: Final = (
    *(Column(name, Kind.DEGREES, f"action_{name.removesuffix('_deg')}") for name in POSE),
    *(
        Column(name, Kind.NUMBER if name in NO_SHARES else Kind.SHARE, f"action_{name.lower()}")
        for name in MEASURES
    ),
)
ACTION_READINGS: Final = Table("actions", (ACTION_TIME, ACTION_PERSON, *ACTION_MEASURES))
"""actions.parquet: a row for each look."""
EYE_READINGS: Final = Table(
    "eyes",
    (
        ACTION_TIME,
        ACTION_PERSON,
        *(column for column in ACTION_MEASURES if column.name == EYE_OPENING),
    ),
)
"""eyes.parquet: the eyes at the rate of the video."""


def _mean_of(name: str) -> Callable[[Any], object]:
    """What gives the mean of a measure over a row of the table of means."""
    return lambda row: row.means[name]


ACTION_INTERVALS: Final = Table(
    "action_intervals",
    (
        Column("emotion", Kind.LABEL, "video_emotion"),
        START,
        END,
        DURATION,
        Column("looks", Kind.COUNT, "action_looks"),
        Column("blinks", Kind.COUNT, "action_blinks"),
        *(replace(column, get=_mean_of(column.name)) for column in ACTION_MEASURES),
    ),
    rows=attrgetter("action_intervals"),
)
ACTION_EVENTS: Final = Table(
    "action_events",
    (
        Column("action", Kind.CODE, "action_name", codes=ACTION),
        START,
        END,
        DURATION,
        Column("peak_time", Kind.SECONDS, "action_peak_time", get="peak_s"),
        Column("peak", Kind.NUMBER, "action_peak"),
        Column("with_eyes", Kind.BOOLEAN, "action_with_eyes"),
    ),
    rows=attrgetter("action_events"),
)
ACTION_SUMMARY: Final = Table(
    "action_summary",
    (
        Column("looks", Kind.COUNT, "action_looks"),
        Column("eye_seconds", Kind.SECONDS, "action_eye_seconds", get="eyes_s"),
        Column("blinks", Kind.COUNT, "action_blinks"),
        Column("blinks_per_minute", Kind.PER_MINUTE, "action_blink_rate"),
        Column("blink_seconds", Kind.SECONDS, "action_blink_length", get="blink_s"),
        Column("smiles", Kind.COUNT, "action_smiles"),
        Column("smile_seconds", Kind.SECONDS, "action_smile_seconds", get="smile_s"),
        Column("smiles_with_eyes", Kind.COUNT, "action_smiles_with_eyes"),
        Column("mouth_openings", Kind.COUNT, "action_mouth_openings"),
    ),
    rows=lambda analysis: (analysis.action_summary,),
)
