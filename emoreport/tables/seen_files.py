"""All faces of a recording, and what their tracks look like, as Parquet files, and back."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np

from emoreport.records import (
    Columns,
    FaceTrack,
    FloatArray,
    SeenFaces,
    TrackAppearance,
)
from emoreport.records.arrays import class_columns
from emoreport.records.models import witness_columns
from emoreport.tables.arrow_arrays import number_array, truths_of
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
from emoreport.tables.parquet_files import described, read_table, telling_damage, write_described
from emoreport.tables.schema import Table
from emoreport.tables.seen_columns import TRACKS, faces_table
from emoreport.vocabulary import PROBABILITY_PREFIX, WITNESS_PREFIX

FACES_FILE: Final = "faces.parquet"
TRACKS_FILE: Final = "tracks.parquet"
LAYOUT: Final = 1
_AFFECT: Final = ("valence", "arousal")


# ------------------------------------------------------------------------------------ writing


def faces_description(seen: SeenFaces) -> Table:
    """Columns that faces.parquet has for these readings."""
    return faces_table(
        seen.labels,
        valence=seen.valence is not None,
        arousal=seen.arousal is not None,
        extra=seen.extra,
        witness=() if seen.witness is None else seen.witness.labels,
    )


def write_faces(stream: BinaryIO, seen: SeenFaces) -> None:
    """Write faces.parquet.

    Raises
    ------
    ValueError
        When a further column has the name of a column of the file.
    OSError
        When the stream cannot be written.
    """
    table = faces_description(seen)
    affect = {"valence": seen.valence, "arousal": seen.arousal}
    columns: Columns = {
        "time_s": seen.time_s,
        "frame": seen.frame,
        "track": seen.track,
        "leads": seen.leads,
        **dict(zip(BOX, seen.box.T, strict=True)),
        "detection_score": seen.detection_score,
        "mouth_motion": seen.mouth_motion,
        **class_columns(PROBABILITY_PREFIX, seen.labels, seen.probabilities),
        **{name: values for name, values in affect.items() if values is not None},
        **seen.extra,
        **witness_columns(seen.witness),
    }
    write_columns(stream, table, columns, {"content": "faces"})


def write_tracks(stream: BinaryIO, appearance: TrackAppearance) -> None:
    """Write tracks.parquet.

    Raises
    ------
    OSError
        When the stream cannot be written.
    """
    arrays = [
        number_array(appearance.track),
        _lists(appearance.descriptor),
        _lists(appearance.set_up),
    ]
    facts = {"layout": LAYOUT, "content": "tracks", "recogniser": appearance.recogniser}
    write_described(stream, arrays, TRACKS.names, facts)


def _lists(rows: FloatArray) -> Any:  # noqa: ANN401 - pyarrow has no types
    import pyarrow as pa

    values = number_array(rows.ravel())
    return pa.FixedSizeListArray.from_arrays(values, max(rows.shape[1], 1))


# ------------------------------------------------------------------------------------ reading


def read_seen(
    folder: Path, frames: FaceTrack
) -> tuple[SeenFaces, TrackAppearance] | tuple[None, None]:
    """Read faces.parquet and tracks.parquet of a folder; None for both where neither is.

    Parameters
    ----------
    folder
        The run.
    frames
        Its readings of frames.parquet, which the faces must fit.

    Returns
    -------
    What was written, bit for bit.

    Raises
    ------
    StoredReadingsError
        When one is damaged or something else, or lacks while the other does not.
    """
    path = folder / FACES_FILE
    if not any(os.path.lexists(each) for each in (path, folder / TRACKS_FILE)):
        return None, None
    seen = _read_faces(path, frames)
    return seen, _read_tracks(folder / TRACKS_FILE, seen)


def _read_faces(path: Path, frames: FaceTrack) -> SeenFaces:
    with telling_damage(path):
        content = read_table(path)
        names = content.column_names
        labels, witness = labels_of(names), labels_of(names, WITNESS_PREFIX)
        known = faces_table(labels).names
        after = [name for name in further_names(names) if name not in known]
        extra = [name for name in after if name not in _AFFECT]
        has_valence, has_arousal = (name in after for name in _AFFECT)
        table = faces_table(
            labels, valence=has_valence, arousal=has_arousal, extra=extra, witness=witness
        )
        check_names(content, table, labels, "faces")
        seen = SeenFaces(
            labels=labels,
            time_s=complete_column(content, "time_s", np.float64),
            frame=complete_column(content, "frame", np.int64),
            track=complete_column(content, "track", np.int64),
            leads=truths_of(content.column("leads")),
            box=matrix(content, BOX),
            detection_score=complete_column(content, "detection_score", np.float32),
            probabilities=probabilities_of(content, labels),
            mouth_motion=floats(content, "mouth_motion", np.float32),
            valence=floats(content, "valence", np.float32) if has_valence else None,
            arousal=floats(content, "arousal", np.float32) if has_arousal else None,
            extra={name: own_floats(content, name) for name in extra},
            witness=witness_of(content, witness),
        )
        _check(seen, frames)
        return seen


def _check(seen: SeenFaces, frames: FaceTrack) -> None:
    """Raise ValueError where the faces do not fit each other, or the frames."""
    if seen.labels != frames.labels:
        raise ValueError("its classes are not those of the frames")
    same, later = np.diff(seen.time_s) == 0, np.diff(seen.time_s) > 0
    if not (later | (same & (np.diff(seen.track) > 0))).all():
        raise ValueError("its faces are out of order")
    if len(seen) == 0 or seen.track.min() < 1:
        raise ValueError("its tracks are not numbered from 1")
    at = np.searchsorted(frames.time_s, seen.time_s)
    if at.max() >= len(frames) or (frames.time_s[at] != seen.time_s).any():
        raise ValueError("its times are not those of the frames")
    if not np.isfinite(seen.box).all() or not np.isfinite(seen.probabilities).all():
        raise ValueError("a face has no box or no reading")


def _read_tracks(path: Path, seen: SeenFaces) -> TrackAppearance:
    most = len(seen.tracks)
    with described(path, TRACKS.name, LAYOUT, "it holds no tracks", most_rows=most) as (
        content,
        facts,
    ):
        if tuple(content.column_names) != TRACKS.names:
            raise ValueError(f"it has the columns {', '.join(content.column_names)}")
        appearance = TrackAppearance(
            recogniser=str(facts["recogniser"]),
            track=complete_column(content, "track", np.int64),
            descriptor=_vectors(content, "descriptor"),
            set_up=_vectors(content, "set_up"),
        )
        if not np.array_equal(appearance.track, seen.tracks):
            raise ValueError("its tracks are not those of the faces")
        return appearance


def _vectors(content: Any, name: str) -> FloatArray:  # noqa: ANN401 - pyarrow has no types
    """Column of vectors of one length, float32 (rows, length)."""
    rows = content.column(name).to_pylist()
    vectors = np.array(rows, np.float32).reshape(len(rows), -1)
    if not np.isfinite(vectors).all():
        raise ValueError(f"{name} has values that are not finite")
    return vectors
