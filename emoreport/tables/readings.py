"""Frame and speech readings as Parquet files, and back, bit for bit.

NaN is stored as null and comes back as NaN. Each file carries, in the Arrow schema's metadata,
what its columns cannot say: the layout's number, the labels and the exact spans of speech.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
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
    WitnessReadings,
)
from emoreport.tables.columns import (
    SOUND,
    frames_table,
    speech_table,
)
from emoreport.tables.parquet_files import schema_facts, schema_metadata, telling_damage
from emoreport.tables.schema import Table
from emoreport.vocabulary import PROBABILITY_PREFIX, WITNESS_PREFIX

FRAMES_FILE: Final = "frames.parquet"
SPEECH_FILE: Final = "speech.parquet"
SOUND_FILE: Final = "sound.parquet"
LAYOUT: Final = 1
ROWS_AT_ONCE: Final = 8192
"""Rows that the writer holds in its buffers: five minutes of video at 25 frames a second."""
MAX_ROWS: Final = 12_000_000
"""Rows that are read: a day at 138 frames a second. A few bytes can claim, and hold, billions."""
_BOX: Final = ("x", "y", "width", "height")
_PROBABILITY_SLACK: Final = 1e-3
"""How far a stored probability may leave 0–1 (rounding in a model) before it counts as damage."""


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
    if len(set(table.names)) != len(table.names):
        raise ValueError(f"two columns of the face readings have one name: {table.names}")
    _write(stream, table, faces.columns, {"content": "frames"})


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
    if len(set(table.names)) != len(table.names):
        raise ValueError(f"two columns of the speech readings have one name: {table.names}")
    _write(stream, table, speech.columns, {"content": "speech", "speech": spans})


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
    _write(stream, SOUND, columns, {"content": "sound"})


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


def _write(stream: BinaryIO, table: Table, columns: Columns, facts: Mapping[str, object]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    metadata = schema_metadata({"layout": LAYOUT, **facts, "columns": table.names})
    types = {"emotion": pa.string(), "speech_spans": pa.list_(pa.float64())}
    arrays = [
        pa.array(columns[name], type=types.get(name), from_pandas=True) for name in table.names
    ]
    content = pa.Table.from_arrays(arrays, names=list(table.names), metadata=metadata)
    texts = [field.name for field in content.schema if pa.types.is_string(field.type)]
    pq.write_table(
        content,
        stream,
        row_group_size=ROWS_AT_ONCE,
        compression="zstd",
        use_dictionary=texts,
        write_page_checksum=True,
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
        content = _read(path)
        names = content.column_names
        labels = _labels(names)
        after = names[names.index("emotion") + 1 :] if "emotion" in names else []
        own = {"valence", "arousal", "shot"}
        extra = [name for name in _extras(after) if name not in own]
        witness = _labels(names, WITNESS_PREFIX)
        table = frames_table(
            labels,
            valence="valence" in after,
            arousal="arousal" in after,
            extra=extra,
            witness=witness,
            shot="shot" in after,
        )
        _check_names(content, table, labels, "frames")
        if not labels:
            raise ValueError("there are no probability columns")
        track = FaceTrack(
            labels=labels,
            time_s=_complete_column(content, "time_s", np.float64),
            frame=_complete_column(content, "frame", np.int64),
            faces=_complete_column(content, "faces", np.int64),
            box=_matrix(content, _BOX),
            detection_score=_floats(content, "detection_score", np.float32),
            probabilities=_probabilities(content, labels),
            valence=_floats(content, "valence", np.float32) if "valence" in after else None,
            arousal=_floats(content, "arousal", np.float32) if "arousal" in after else None,
            extra={name: _own_floats(content, name) for name in extra},
            witness=_witness(content, witness),
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
        content = _read(path)
        names = content.column_names
        labels = _labels(names)
        after = names[names.index("speech_spans") + 1 :] if "speech_spans" in names else []
        extra, witness = _extras(after), _labels(names, WITNESS_PREFIX)
        table = speech_table(labels, extra=extra, witness=witness)
        _check_names(content, table, labels, "speech")
        track = SpeechTrack(
            labels=labels,
            start_s=_complete_column(content, "start_s", np.float64),
            end_s=_complete_column(content, "end_s", np.float64),
            speech_s=_complete_column(content, "speech_seconds", np.float64),
            probabilities=_probabilities(content, labels),
            speech=_spans(content),
            extra={name: _own_floats(content, name) for name in extra},
            witness=_witness(content, witness),
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
        content = _read(path)
        _check_names(content, SOUND, (), "sound")
        contour = SoundContour(
            time_s=_complete_column(content, "time_s", np.float64),
            f0_hz=_floats(content, "f0_hz", np.float32),
            level_db=_complete_column(content, "level_db", np.float32),
        )
        if (np.diff(contour.time_s) <= 0).any():
            raise ValueError("time_s does not increase")
        return contour


def _read(path: Path) -> Any:  # noqa: ANN401 - pyarrow has no types
    import pyarrow.parquet as pq

    if path.exists() and not path.is_file():
        raise OSError("it is no regular file")
    with path.open("rb") as stream:
        file = pq.ParquetFile(stream, page_checksum_verification=True)
        # What is deeper in the footer is not asked for: of a damaged one Arrow aborts.
        if file.metadata.num_rows > MAX_ROWS:
            raise ValueError(f"it claims {file.metadata.num_rows} rows")
        content = file.read()
    content.validate(full=True)
    return content


def _labels(names: Sequence[str], prefix: str = PROBABILITY_PREFIX) -> tuple[str, ...]:
    """Labels of the run of probability columns with this prefix, in order."""
    return tuple(name.removeprefix(prefix) for name in names if name.startswith(prefix))


def _extras(names: Sequence[str]) -> list[str]:
    """Names of further columns, those of the witness left out."""
    return [name for name in names if not name.startswith(WITNESS_PREFIX)]


def _check_names(content: Any, table: Table, labels: tuple[str, ...], kind: str) -> None:  # noqa: ANN401 - pyarrow has no types
    if tuple(content.column_names) != table.names:
        raise ValueError(f"it has the columns {', '.join(content.column_names)}")
    if len(set(table.names)) != len(table.names) or "" in labels:
        raise ValueError("a column has no name of its own")
    facts = schema_facts(content.schema)
    if facts.get("layout", LAYOUT) != LAYOUT:
        raise ValueError(f"its layout is number {facts['layout']}, this program knows {LAYOUT}")
    if (
        facts.get("content", kind) != kind
        or tuple(facts.get("columns", table.names)) != table.names
    ):
        raise ValueError("its columns and its description disagree")


def _floats(content: Any, name: str, dtype: type[np.floating[Any]]) -> Any:  # noqa: ANN401 - pyarrow has no types
    import pyarrow as pa

    column = content.column(name).cast(pa.from_numpy_dtype(dtype))
    # A copy of one's own: Arrow hands out read-only views of its buffers.
    return np.array(column.to_numpy(), dtype=dtype)


def _own_floats(content: Any, name: str) -> Any:  # noqa: ANN401 - pyarrow has no types
    dtype = content.schema.field(name).type.to_pandas_dtype()
    return _floats(content, name, dtype if dtype is np.float64 else np.float32)


def _complete_column(content: Any, name: str, dtype: type[np.number[Any]]) -> Any:  # noqa: ANN401 - pyarrow has no types
    """Column that has a finite value in every row."""
    import pyarrow as pa

    column = content.column(name)
    if column.null_count:
        raise ValueError(f"{name} lacks values")
    values = np.array(column.cast(pa.from_numpy_dtype(dtype)).to_numpy(), dtype=dtype)
    if not np.isfinite(values).all():
        raise ValueError(f"{name} has values that are not finite")
    return values


def _matrix(content: Any, names: Sequence[str]) -> Any:  # noqa: ANN401 - pyarrow has no types
    matrix = np.empty((content.num_rows, len(names)), dtype=np.float32)
    for index, name in enumerate(names):
        matrix[:, index] = _floats(content, name, np.float32)
    return matrix


def _witness(content: Any, labels: tuple[str, ...]) -> WitnessReadings | None:  # noqa: ANN401 - pyarrow has no types
    if not labels:
        return None
    if "" in labels:
        raise ValueError("a column of the witness has no name of its own")
    return WitnessReadings(labels, _probabilities(content, labels, WITNESS_PREFIX))


def _probabilities(content: Any, labels: Sequence[str], prefix: str = PROBABILITY_PREFIX) -> Any:  # noqa: ANN401 - pyarrow has no types
    values = _matrix(content, [f"{prefix}{label}" for label in labels])
    present = values[~np.isnan(values)]
    if ((present < -_PROBABILITY_SLACK) | (present > 1 + _PROBABILITY_SLACK)).any():
        raise ValueError("a probability is outside 0–1")
    return values


def _shots(content: Any) -> IntArray:  # noqa: ANN401 - pyarrow has no types
    shot: IntArray = _complete_column(content, "shot", np.int64)
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
