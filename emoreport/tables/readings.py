"""Frame and speech readings as Parquet files, and back, bit for bit.

NaN is stored as null and comes back as NaN. Each file carries, in the Arrow schema's metadata,
what its columns cannot say: the layout's number, the labels and the exact spans of speech.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np

from emoreport.records import (
    Columns,
    FaceTrack,
    IntArray,
    SoundContour,
    Span,
    SpeechTrack,
)
from emoreport.tables.columns import (
    SOUND,
    frames_table,
    speech_table,
)
from emoreport.tables.parquet_columns import (
    BOX,
    check_names,
    complete_column,
    floats,
    further_names,
    labels_of,
    matrix,
    own_floats,
    probabilities_of,
    witness_of,
    write_columns,
)
from emoreport.tables.parquet_files import read_table, schema_facts, telling_damage
from emoreport.tables.schema import Table
from emoreport.vocabulary import WITNESS_PREFIX

FRAMES_FILE: Final = "frames.parquet"
SPEECH_FILE: Final = "speech.parquet"
SOUND_FILE: Final = "sound.parquet"


# ------------------------------------------------------------------------------------ writing


def write_frames(stream: BinaryIO, faces: FaceTrack) -> None:
    """Write frames.parquet.

    Parameters
    ----------
    stream
        Where the bytes go.
    faces
        The readings; `emotion` is derived: the label of the highest probability of the frame,
        null where the frame has no prediction.

    Raises
    ------
    ValueError
        When a further column has the name of a column of the file.
    OSError
        When the stream cannot be written.
    """
    table = frames_description(faces)
    write_columns(stream, table, faces.columns, {"content": "frames"})


def write_speech(stream: BinaryIO, speech: SpeechTrack) -> None:
    """Write speech.parquet.

    Parameters
    ----------
    stream
        Where the bytes go.
    speech
        The readings. `speech_spans` of a window are the spans of speech clipped to it; the
        exact spans are in the file's metadata.

    Raises
    ------
    ValueError
        When a further column has the name of a column of the file.
    OSError
        When the stream cannot be written.
    """
    spans = [[span.start_s, span.end_s] for span in speech.speech]
    table = speech_description(speech)
    write_columns(stream, table, speech.columns, {"content": "speech", "speech": spans})


def write_contour(stream: BinaryIO, contour: SoundContour) -> None:
    """Write sound.parquet: pitch and level of the speech.

    Raises
    ------
    OSError
        When the stream cannot be written.
    """
    columns: Columns = {
        "time_s": contour.time_s,
        "f0_hz": contour.f0_hz,
        "level_db": contour.level_db,
    }
    write_columns(stream, SOUND, columns, {"content": "sound"})


def frames_description(faces: FaceTrack) -> Table:
    """Columns that frames.parquet has for these readings."""
    return frames_table(
        faces.labels,
        valence=faces.valence is not None,
        arousal=faces.arousal is not None,
        extra=faces.extra,
        witness=() if faces.witness is None else faces.witness.labels,
        shot=faces.shot is not None,
    )


def speech_description(speech: SpeechTrack) -> Table:
    """Columns that speech.parquet has for these readings."""
    return speech_table(
        speech.labels,
        extra=speech.extra,
        witness=() if speech.witness is None else speech.witness.labels,
    )


# ------------------------------------------------------------------------------------ reading


def read_frames(path: Path) -> FaceTrack:
    """Read frames.parquet.

    Returns
    -------
    The readings that were written, bit for bit.

    Raises
    ------
    StoredReadingsError
        When the file is missing, damaged or something else.
    """
    with telling_damage(path):
        content = read_table(path)
        names = content.column_names
        labels = labels_of(names)
        after = names[names.index("emotion") + 1 :] if "emotion" in names else []
        own = {"valence", "arousal", "shot"}
        extra = [name for name in further_names(after) if name not in own]
        witness = labels_of(names, WITNESS_PREFIX)
        table = frames_table(
            labels,
            valence="valence" in after,
            arousal="arousal" in after,
            extra=extra,
            witness=witness,
            shot="shot" in after,
        )
        check_names(content, table, labels, "frames")
        if not labels:
            raise ValueError("there are no probability columns")
        track = FaceTrack(
            labels=labels,
            time_s=complete_column(content, "time_s", np.float64),
            frame=complete_column(content, "frame", np.int64),
            faces=complete_column(content, "faces", np.int64),
            box=matrix(content, BOX),
            detection_score=floats(content, "detection_score", np.float32),
            probabilities=probabilities_of(content, labels),
            valence=floats(content, "valence", np.float32) if "valence" in after else None,
            arousal=floats(content, "arousal", np.float32) if "arousal" in after else None,
            extra={name: own_floats(content, name) for name in extra},
            witness=witness_of(content, witness),
            shot=_shots(content) if "shot" in after else None,
        )
        if (np.diff(track.time_s) <= 0).any():
            raise ValueError("time_s does not increase")
        return track


def read_speech(path: Path) -> SpeechTrack:
    """Read speech.parquet.

    Returns
    -------
    The readings that were written, bit for bit. In a file that another program wrote again the
    spans of speech are put together from the windows' own.

    Raises
    ------
    StoredReadingsError
        When the file is missing, damaged or something else.
    """
    with telling_damage(path):
        content = read_table(path)
        names = content.column_names
        labels = labels_of(names)
        after = names[names.index("speech_spans") + 1 :] if "speech_spans" in names else []
        extra, witness = further_names(after), labels_of(names, WITNESS_PREFIX)
        table = speech_table(labels, extra=extra, witness=witness)
        check_names(content, table, labels, "speech")
        track = SpeechTrack(
            labels=labels,
            start_s=complete_column(content, "start_s", np.float64),
            end_s=complete_column(content, "end_s", np.float64),
            speech_s=complete_column(content, "speech_seconds", np.float64),
            probabilities=probabilities_of(content, labels),
            speech=_spans(content),
            extra={name: own_floats(content, name) for name in extra},
            witness=witness_of(content, witness),
        )
        if (np.diff(track.start_s) < 0).any() or (track.end_s < track.start_s).any():
            raise ValueError("its windows are out of order")
        return track


def read_contour(path: Path) -> SoundContour | None:
    """Read sound.parquet; None where there is none: pitch and loudness were not measured.

    Raises
    ------
    StoredReadingsError
        When the file is damaged or something else.
    """
    if not os.path.lexists(path):
        return None
    with telling_damage(path):
        content = read_table(path)
        check_names(content, SOUND, (), "sound")
        contour = SoundContour(
            time_s=complete_column(content, "time_s", np.float64),
            f0_hz=floats(content, "f0_hz", np.float32),
            level_db=complete_column(content, "level_db", np.float32),
        )
        if (np.diff(contour.time_s) <= 0).any():
            raise ValueError("time_s does not increase")
        return contour


def _shots(content: Any) -> IntArray:  # noqa: ANN401 - pyarrow has no types
    shot: IntArray = complete_column(content, "shot", np.int64)
    if len(shot) and (shot[0] != 1 or not np.isin(np.diff(shot), (0, 1)).all()):
        raise ValueError("its shots are not numbered in order")
    return shot


def _spans(content: Any) -> tuple[Span, ...]:  # noqa: ANN401 - pyarrow has no types
    facts = schema_facts(content.schema)
    if "speech" in facts:
        return tuple(Span(float(start), float(end)) for start, end in facts["speech"])
    pairs: list[tuple[float, float]] = []
    for values in content.column("speech_spans").to_pylist():
        bounds = [float(value) for value in values or ()]
        pairs.extend(zip(bounds[::2], bounds[1::2], strict=True))
    return _union(pairs)


def _union(pairs: Sequence[tuple[float, float]]) -> tuple[Span, ...]:
    merged: list[tuple[float, float]] = []
    for start, end in sorted(pairs):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return tuple(Span(start, end) for start, end in merged)
