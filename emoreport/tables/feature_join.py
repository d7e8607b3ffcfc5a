"""Columns of other programs beside the features of the face in a features.parquet."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np

from emoreport.atomic import Staging
from emoreport.records import (
    DoubleArray,
    FeatureSource,
    FloatArray,
    IntArray,
    MeasuredFaces,
)
from emoreport.tables.feature_files import feature_facts, parquet_writer
from emoreport.tables.parquet_files import schema_metadata, telling_damage

ROUNDING_S: Final = 0.001
"""Times are written with so many seconds as their last digit."""


def join_measured(path: Path, measured: MeasuredFaces) -> tuple[int, int]:
    """Add what another program measured to the rows of the face; the file is replaced as a whole.

    A row takes the measurement of its own frame, or else the one nearest in time if that is within
    half a step of the measurements; else its cells are empty. Columns that the same program filled
    before are replaced. Numbers are stored as float32: they may be pixels.

    Parameters
    ----------
    path
        The file.
    measured
        What to add.

    Returns
    -------
    Rows of the face with a measurement, and all of them.

    Raises
    ------
    StoredReadingsError
        When the file is missing, damaged or something else.
    OutputError
        When it cannot be written.
    """
    counts = [0, 0]

    def write(stream: Any) -> None:  # noqa: ANN401 - a binary stream
        import pyarrow.parquet as pq

        with telling_damage(path), pq.ParquetFile(path, page_checksum_verification=True) as file:
            schema = _extended(file.schema_arrow, measured)
            with parquet_writer(stream, schema) as writer:
                for group in range(file.num_row_groups):
                    content, known = _joined(file.read_row_group(group), measured, schema)
                    writer.write_table(content)
                    counts[0] += known
                    counts[1] += content.column("kind").to_pylist().count("face")

    with Staging(path.parent) as staging:
        staging.add(path.name, write)
        staging.commit()
    return counts[0], counts[1]


def _extended(schema: Any, measured: MeasuredFaces) -> Any:  # noqa: ANN401 - pyarrow has no types
    import pyarrow as pa

    facts = dict(feature_facts(schema))
    others = [each for each in facts.get("joined", ()) if each["model"] != measured.program]
    old = {name for each in facts.get("joined", ()) for name in each["columns"]}
    old -= {name for each in others for name in each["columns"]}
    source = FeatureSource(
        "face", measured.program, len(measured.columns), columns=measured.columns
    )
    facts["joined"] = [*others, source.document()]
    fields = [field for field in schema if field.name not in old]
    fields += [pa.field(name, pa.float32()) for name in measured.columns]
    return pa.schema(fields, metadata=schema_metadata(facts))


def _joined(content: Any, measured: MeasuredFaces, schema: Any) -> tuple[Any, int]:  # noqa: ANN401 - as above
    """Rows with the new columns, and in how many of them anything was measured."""
    import pyarrow as pa

    is_face = np.array([kind == "face" for kind in content.column("kind").to_pylist()], bool)
    found = np.full(len(is_face), -1, np.int64)
    if measured.frame is not None:
        frame = content.column("frame").to_numpy()[is_face]
        found[is_face] = same_frame(measured.frame, frame)
    elif measured.time_s is not None:
        found[is_face] = nearest(measured.time_s, content.column("time_s").to_numpy()[is_face])
    values: FloatArray = np.full((len(is_face), len(measured.columns)), np.nan, np.float32)
    values[found >= 0] = measured.values[found[found >= 0]]
    added = {
        name: pa.array(column, mask=np.isnan(column))
        for name, column in zip(measured.columns, values.T, strict=True)
    }
    arrays = [
        added[field.name] if field.name in added else content.column(field.name) for field in schema
    ]
    known = int((~np.isnan(values).all(axis=1)).sum())
    return pa.table(arrays, schema=schema), known


def same_frame(measured: IntArray, frame: Any) -> IntArray:  # noqa: ANN401 - whole numbers of any type
    """Place of each frame among the measured ones, int64; -1 for one that was not measured."""
    if not len(measured):
        return np.full(len(frame), -1, np.int64)
    places = np.minimum(np.searchsorted(measured, frame), len(measured) - 1)
    return np.where(measured[places] == frame, places, -1).astype(np.int64)


def nearest(measured_s: DoubleArray, time_s: DoubleArray) -> IntArray:
    """Place of the measurement nearest to each time, int64; -1 where it is too far.

    Too far is more than half of the usual (median) step from one measurement to the next.
    """
    if not len(measured_s):
        return np.full(len(time_s), -1, np.int64)
    steps = np.diff(measured_s)
    limit_s = 0.5 * (float(np.median(steps)) if len(steps) else 0.0) + ROUNDING_S
    after = np.searchsorted(measured_s, time_s).clip(1, max(len(measured_s) - 1, 1))
    after = np.minimum(after, len(measured_s) - 1)
    before = np.maximum(after - 1, 0)
    closer = np.abs(measured_s[before] - time_s) <= np.abs(measured_s[after] - time_s)
    places = np.where(closer, before, after)
    return np.where(np.abs(measured_s[places] - time_s) <= limit_s, places, -1).astype(np.int64)
