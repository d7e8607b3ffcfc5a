"""Every column of every file, declared once: name, kind, order and key of its description.

CSV, DataFrame, workbook, Parquet and dictionary derive from this list.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final

PROBABILITY_PREFIX: Final = "p_"


class Kind(Enum):
    """What a column holds; decides type, decimals, unit and look of its cells."""

    TEXT = "text"
    LABEL = "label"
    SECONDS = "seconds"
    SHARE = "share"
    DISTANCE = "distance"
    SIGNED = "signed"
    COUNT = "count"
    BOOLEAN = "boolean"
    PER_SECOND = "per_second"
    PER_MINUTE = "per_minute"
    PIXELS = "pixels"
    DEGREES = "degrees"
    DECIBELS = "decibels"
    NUMBER = "number"
    SPANS = "spans"


TEXT_KINDS: Final = frozenset({Kind.TEXT, Kind.LABEL})
DECIMALS: Final = {
    Kind.SECONDS: 3,
    Kind.SHARE: 4,
    Kind.DISTANCE: 4,
    Kind.SIGNED: 4,
    Kind.PER_SECOND: 3,
    Kind.PER_MINUTE: 3,
}
"""Digits after the point in CSV, JSON and Excel; Parquet and DataFrames are never rounded."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes
    ----------
    name
        Machine name: the header in CSV, Parquet, JSON and the English workbook.
    kind
        What it holds.
    word
        Key of its description below ``tables.column``.
    about
        What the description's ``{about}`` stands for: the emotion label of a probability
        column, the name of a further column; else empty.
    """

    name: str
    kind: Kind
    word: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """One table or file of readings: its name and its columns in order."""

    name: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Machine names of the columns in order."""
        return tuple(column.name for column in self.columns)

    def __getitem__(self, name: str) -> Column:
        """Column called `name`; KeyError if there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.name} has no column {name!r}")


START: Final = Column("start", Kind.SECONDS, "start")
END: Final = Column("end", Kind.SECONDS, "end")
DURATION: Final = Column("duration", Kind.SECONDS, "duration")
VIDEO_EMOTION: Final = Column("video_emotion", Kind.LABEL, "video_emotion")
AUDIO_EMOTION: Final = Column("audio_emotion", Kind.LABEL, "audio_emotion")

VIDEO_INTERVALS: Final = Table(
    "video_intervals",
    (
        Column("emotion", Kind.LABEL, "video_emotion"),
        START,
        END,
        DURATION,
        Column("confidence", Kind.SHARE, "video_confidence"),
        Column("face_coverage", Kind.SHARE, "interval_face_coverage"),
        Column("frames", Kind.COUNT, "interval_frames"),
    ),
)
AUDIO_INTERVALS: Final = Table(
    "audio_intervals",
    (
        Column("emotion", Kind.LABEL, "audio_emotion"),
        START,
        END,
        DURATION,
        Column("confidence", Kind.SHARE, "audio_confidence"),
        Column("speech_seconds", Kind.SECONDS, "interval_speech_seconds"),
    ),
)
MODALITY_MISMATCH: Final = Table(
    "modality_mismatch",
    (
        START,
        END,
        VIDEO_EMOTION,
        AUDIO_EMOTION,
        DURATION,
        Column("severity", Kind.DISTANCE, "severity"),
    ),
)
MODALITY_DURATION: Final = Table(
    "modality_duration",
    (
        DURATION,
        START,
        END,
        VIDEO_EMOTION,
        AUDIO_EMOTION,
        Column("match", Kind.BOOLEAN, "match"),
    ),
)
TRANSITIONS: Final = Table(
    "transitions",
    (
        Column("from", Kind.LABEL, "transition_from"),
        Column("to", Kind.LABEL, "transition_to"),
        Column("count", Kind.COUNT, "transition_count"),
        Column("probability", Kind.SHARE, "transition_probability"),
    ),
)
SUMMARY: Final = Table(
    "summary",
    (
        Column("video", Kind.TEXT, "video"),
        Column("duration", Kind.SECONDS, "recording_duration"),
        Column("frames", Kind.COUNT, "recording_frames"),
        Column("frame_rate", Kind.PER_SECOND, "frame_rate"),
        Column("face_coverage", Kind.SHARE, "recording_face_coverage"),
        Column("speech_seconds", Kind.SECONDS, "recording_speech_seconds"),
        Column("intervals", Kind.COUNT, "intervals"),
        Column("transitions", Kind.COUNT, "transitions"),
        Column("transitions_per_minute", Kind.PER_MINUTE, "transitions_per_minute"),
        Column("mismatches", Kind.COUNT, "mismatches"),
        Column("mismatch_seconds", Kind.SECONDS, "mismatch_seconds"),
        Column("mismatch_share", Kind.SHARE, "mismatch_share"),
        Column("dominant_video_emotion", Kind.LABEL, "dominant_video_emotion"),
        Column("dominant_audio_emotion", Kind.LABEL, "dominant_audio_emotion"),
        Column("face_model", Kind.TEXT, "face_model"),
        Column("speech_model", Kind.TEXT, "speech_model"),
        Column("compared_seconds", Kind.SECONDS, "compared_seconds"),
        Column("emotion_seconds", Kind.SECONDS, "emotion_seconds"),
        Column("transitions_per_emotion_minute", Kind.PER_MINUTE, "transitions_per_emotion_minute"),
    ),
)
FRAMES_START: Final = (
    Column("time_s", Kind.SECONDS, "frame_time"),
    Column("frame", Kind.COUNT, "frame_index"),
    Column("faces", Kind.COUNT, "frame_faces"),
    Column("x", Kind.PIXELS, "box_x"),
    Column("y", Kind.PIXELS, "box_y"),
    Column("width", Kind.PIXELS, "box_width"),
    Column("height", Kind.PIXELS, "box_height"),
    Column("detection_score", Kind.SHARE, "detection_score"),
)
FRAME_EMOTION: Final = Column("emotion", Kind.LABEL, "frame_emotion")
VALENCE: Final = Column("valence", Kind.SIGNED, "frame_valence")
AROUSAL: Final = Column("arousal", Kind.SIGNED, "frame_arousal")
SPEECH_START: Final = (
    Column("start_s", Kind.SECONDS, "window_start"),
    Column("end_s", Kind.SECONDS, "window_end"),
    Column("speech_seconds", Kind.SECONDS, "window_speech_seconds"),
)
SPEECH_SPANS: Final = Column("speech_spans", Kind.SPANS, "speech_spans")
DESCRIBED_EXTRAS: Final = {
    "yaw_deg": Column("yaw_deg", Kind.DEGREES, "yaw"),
    "pitch_deg": Column("pitch_deg", Kind.DEGREES, "pitch"),
    "valence_raw": Column("valence_raw", Kind.NUMBER, "valence_raw"),
    "arousal_raw": Column("arousal_raw", Kind.NUMBER, "arousal_raw"),
    "snr_db": Column("snr_db", Kind.DECIBELS, "window_snr"),
    "clipping": Column("clipping", Kind.SHARE, "window_clipping"),
}
"""Further columns of the readings that have a description of their own."""

TABLE_NAMES: Final = (
    VIDEO_INTERVALS.name,
    AUDIO_INTERVALS.name,
    MODALITY_MISMATCH.name,
    MODALITY_DURATION.name,
    TRANSITIONS.name,
    SUMMARY.name,
)


def interval_tables(
    face_labels: Iterable[str], voice_labels: Iterable[str], *, dimensions: bool
) -> dict[str, Table]:
    """Return the six tables by name, with the columns that the models that ran add at the end.

    Parameters
    ----------
    face_labels, voice_labels
        Class names of the models: one ``p_<label>`` column each.
    dimensions
        Whether the face model gives valence and arousal.
    """
    video = probability_columns(face_labels, "video_probability")
    if dimensions:
        video += (
            Column("valence", Kind.SIGNED, "interval_valence"),
            Column("arousal", Kind.SIGNED, "interval_arousal"),
        )
    audio = probability_columns(voice_labels, "audio_probability")
    tables = (
        Table(VIDEO_INTERVALS.name, VIDEO_INTERVALS.columns + video),
        Table(AUDIO_INTERVALS.name, AUDIO_INTERVALS.columns + audio),
        MODALITY_MISMATCH,
        MODALITY_DURATION,
        TRANSITIONS,
        SUMMARY,
    )
    return {table.name: table for table in tables}


def frames_table(
    labels: Iterable[str],
    *,
    valence: bool = False,
    arousal: bool = False,
    extra: Iterable[str] = (),
) -> Table:
    """Columns of frames.parquet for a face model with these classes and further columns."""
    columns = FRAMES_START + probability_columns(labels, "frame_probability") + (FRAME_EMOTION,)
    columns += (VALENCE,) * valence + (AROUSAL,) * arousal
    return Table("frames", columns + tuple(map(_further, extra)))


def speech_table(labels: Iterable[str], *, extra: Iterable[str] = ()) -> Table:
    """Columns of speech.parquet for a voice model with these classes and further columns."""
    columns = SPEECH_START + probability_columns(labels, "window_probability") + (SPEECH_SPANS,)
    return Table("speech", columns + tuple(map(_further, extra)))


def _further(name: str) -> Column:
    return DESCRIBED_EXTRAS.get(name, Column(name, Kind.NUMBER, "extra", name))


def probability_columns(labels: Iterable[str], word: str) -> tuple[Column, ...]:
    """One ``p_<label>`` column per class, in the model's order."""
    return tuple(
        Column(f"{PROBABILITY_PREFIX}{label}", Kind.SHARE, word, label) for label in labels
    )


def table_of(name: str, names: Iterable[str]) -> Table:
    """Rebuild the description of one of the six tables from the columns it really has.

    Raises
    ------
    KeyError
        When `name` is none of the six tables.
    ValueError
        When the columns are not those of that table.
    """
    found = tuple(names)
    labels = tuple(
        column.removeprefix(PROBABILITY_PREFIX)
        for column in found
        if column.startswith(PROBABILITY_PREFIX)
    )
    table = interval_tables(labels, labels, dimensions="valence" in found)[name]
    if table.names != found:
        raise ValueError(f"{name} has the columns {found}, expected {table.names}")
    return table
