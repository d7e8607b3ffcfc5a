"""features.parquet: what the models' last layers know of every frame and voice window.

Rows of the face come first, then those of the voice, each in order of time. Numbers are stored in
half precision and read as float32; a missing value is null and comes back as NaN.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final, Self

import numpy as np

from emoreport.records import (
    DoubleArray,
    FaceFeatures,
    FeatureSource,
    FloatArray,
    IntArray,
    Modality,
    VoiceFeatures,
)
from emoreport.tables.parquet_files import schema_facts, schema_metadata, telling_damage

FEATURES_FILE: Final = "features.parquet"
LAYOUT: Final = 1
ROWS_AT_ONCE: Final = 1024
"""Rows that the writer holds: 5 MB of the widest features."""
LARGEST: Final = float(np.finfo(np.float16).max)
"""What half precision can hold; features beyond are stored as that."""


class FeatureWriter:
    """Writes features.parquet row group by row group; memory does not grow with the recording.

    Parameters
    ----------
    stream
        Where the bytes go.
    face, voice
        What made the features of either modality; None where there are none. Measured columns of
        a source keep their names, all others are called f0 … fN.

    Raises
    ------
    OSError
        When the stream cannot be written; also from the methods.
    """

    def __init__(
        self, stream: BinaryIO, face: FeatureSource | None, voice: FeatureSource | None
    ) -> None:
        import pyarrow as pa

        self._sources: dict[Modality, FeatureSource | None] = {"face": face, "voice": voice}
        self._names = _value_names((face, voice))
        facts = {
            "layout": LAYOUT,
            "content": "features",
            "sources": {
                name: source.document()
                for name, source in self._sources.items()
                if source is not None
            },
        }
        fields = [("time_s", pa.float64()), ("kind", pa.string()), ("person", pa.string())]
        fields += [(name, pa.float16()) for name in self._names]
        fields += [("end_s", pa.float64()), ("frame", pa.int64())]
        self._schema = pa.schema(fields, metadata=schema_metadata(facts))
        self._writer = parquet_writer(stream, self._schema)
        self._kind: Modality = "face"
        self._waiting: list[
            tuple[DoubleArray, DoubleArray | None, IntArray | None, FloatArray]
        ] = []
        self._rows = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def add_face(self, time_s: DoubleArray, frame: IntArray, values: FloatArray) -> None:
        """Add rows of frames; shapes as in `FaceFeatures`, after all earlier ones.

        Raises
        ------
        ValueError
            When there is no source of face features, the width is another, or the voice has begun.
        """
        self._add("face", time_s, None, frame, values)

    def add_voice(self, start_s: DoubleArray, end_s: DoubleArray, values: FloatArray) -> None:
        """Add rows of voice windows; shapes as in `VoiceFeatures`, after all of the face.

        Raises
        ------
        ValueError
            When there is no source of voice features or the width is another.
        """
        self._add("voice", start_s, end_s, None, values)

    def close(self) -> None:
        """Write what waits and the end of the file."""
        self._flush()
        self._writer.close()

    def _add(
        self,
        kind: Modality,
        time_s: DoubleArray,
        end_s: DoubleArray | None,
        frame: IntArray | None,
        values: FloatArray,
    ) -> None:
        source = self._sources[kind]
        width = None if source is None else source.width
        if values.ndim != 2 or values.shape != (len(time_s), width):
            raise ValueError(f"{kind} features {values.shape} for {len(time_s)} rows of {width}")
        if kind != self._kind:
            if kind == "face":
                raise ValueError("face features after those of the voice")
            self._flush()
            self._kind = kind
        for start in range(0, len(time_s), ROWS_AT_ONCE):
            part = slice(start, start + ROWS_AT_ONCE)
            self._waiting.append(
                (
                    time_s[part],
                    None if end_s is None else end_s[part],
                    None if frame is None else frame[part],
                    values[part],
                )
            )
            self._rows += len(time_s[part])
            if self._rows >= ROWS_AT_ONCE:
                self._flush()

    def _flush(self) -> None:
        import pyarrow as pa

        if not self._rows:
            return
        times, ends, frames, tables = zip(*self._waiting, strict=True)
        values = np.concatenate(tables)
        missing = np.isnan(values)
        stored = np.clip(values, -LARGEST, LARGEST).astype(np.float16)
        own = dict(zip(_own_names(self._sources[self._kind]), range(values.shape[1]), strict=True))
        nothing = pa.nulls(self._rows)
        columns = {
            "time_s": pa.array(np.concatenate(times)),
            "kind": pa.array([self._kind] * self._rows),
            "person": nothing,
            **{
                name: pa.array(stored[:, own[name]], mask=missing[:, own[name]])
                for name in self._names
                if name in own
            },
        }
        if self._kind == "voice":
            columns["end_s"] = pa.array(np.concatenate(ends))
        else:
            columns["frame"] = pa.array(np.concatenate(frames))
        arrays = [columns.get(field.name, nothing).cast(field.type) for field in self._schema]
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema))
        self._waiting.clear()
        self._rows = 0


def parquet_writer(stream: BinaryIO, schema: Any) -> Any:  # noqa: ANN401 - pyarrow has no types
    """Open a features.parquet for writing."""
    import pyarrow.parquet as pq

    # Every row group has a chunk for each of the thousand columns: no statistics of them.
    return pq.ParquetWriter(
        stream,
        schema,
        compression="zstd",
        use_dictionary=["kind"],
        write_statistics=["kind"],
        write_page_checksum=True,
    )


def _own_names(source: FeatureSource | None) -> tuple[str, ...]:
    if source is None:
        return ()
    return source.columns or tuple(f"f{number}" for number in range(source.width))


def _value_names(sources: Sequence[FeatureSource | None]) -> tuple[str, ...]:
    """Names of all columns of values: f0 … fN of the widest, then the measured ones."""
    named = [name for source in sources if source and source.columns for name in source.columns]
    width = max((each.width for each in sources if each and not each.columns), default=0)
    return (*(f"f{number}" for number in range(width)), *named)


def read_sources(path: Path) -> Mapping[Modality, FeatureSource]:
    """What made the features of a file, by modality.

    Raises
    ------
    StoredReadingsError
        When the file is missing, damaged or something else.
    """
    import pyarrow.parquet as pq

    with telling_damage(path):
        facts = feature_facts(pq.read_schema(path))
        sources = (FeatureSource.from_document(each) for each in facts["sources"].values())
        return {source.modality: source for source in sources}


def feature_facts(schema: Any) -> Mapping[str, Any]:  # noqa: ANN401 - pyarrow has no types
    """What the description of a file says.

    Raises
    ------
    ValueError, TypeError
        When it is damaged or that of another file.
    """
    facts = schema_facts(schema)
    if facts.get("content") != "features" or facts.get("layout") != LAYOUT:
        raise ValueError("it holds no features")
    return facts


def joined_sources(path: Path) -> tuple[FeatureSource, ...]:
    """What other programs measured of the face, joined to a file; `columns` name it.

    Raises
    ------
    StoredReadingsError
        As for `read_sources`.
    """
    import pyarrow.parquet as pq

    with telling_damage(path):
        facts = feature_facts(pq.read_schema(path))
        return tuple(FeatureSource.from_document(each) for each in facts.get("joined", ()))


def row_counts(path: Path) -> Mapping[Modality, int]:
    """Rows of each modality that a file has a source of.

    Raises
    ------
    StoredReadingsError
        As for `read_sources`.
    """
    import pyarrow.parquet as pq

    sources = read_sources(path)
    with telling_damage(path):
        kinds = pq.read_table(path, columns=["kind"]).column("kind").to_pylist()
    return {modality: kinds.count(modality) for modality in sources}


def read_frame_times(path: Path) -> tuple[IntArray, DoubleArray]:
    """Numbers and times of the frames in a file, int64 and float64 (N,); no features are read.

    Raises
    ------
    StoredReadingsError
        As for `read_sources`.
    """
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    read_sources(path)
    with telling_damage(path):
        rows = pq.read_table(path, columns=["kind", "time_s", "frame"])
        rows = rows.filter(pc.equal(rows["kind"], "face"))
        return _numbers(rows, "frame", np.int64), _numbers(rows, "time_s", np.float64)


def read_face(path: Path, columns: Sequence[str] | None = None) -> Iterator[FaceFeatures]:
    """Features of the face, row group by row group.

    Parameters
    ----------
    path
        The file.
    columns
        Names of the columns to read, joined ones among them; None for those of the face model.

    Raises
    ------
    StoredReadingsError
        As for `read_sources`.
    """
    for content, values in _parts(path, "face", columns):
        yield FaceFeatures(
            _numbers(content, "time_s", np.float64), _numbers(content, "frame", np.int64), values
        )


def read_voice(path: Path) -> Iterator[VoiceFeatures]:
    """Features of the voice, row group by row group.

    Raises
    ------
    StoredReadingsError
        As for `read_sources`.
    """
    for content, values in _parts(path, "voice"):
        yield VoiceFeatures(
            _numbers(content, "time_s", np.float64), _numbers(content, "end_s", np.float64), values
        )


def _parts(
    path: Path, kind: Modality, columns: Sequence[str] | None = None
) -> Iterator[tuple[Any, FloatArray]]:
    """Rows of one modality, and their values (N, D), by row group."""
    import pyarrow.parquet as pq

    source = read_sources(path).get(kind)
    if source is None:
        return
    names = _own_names(source) if columns is None else columns
    with telling_damage(path), pq.ParquetFile(path, page_checksum_verification=True) as file:
        for group in range(file.num_row_groups):
            kinds = file.read_row_group(group, columns=["kind"]).column("kind").to_pylist()
            rows = [row for row, own in enumerate(kinds) if own == kind]
            if not rows:
                continue
            content = file.read_row_group(group)
            if len(rows) < len(kinds):  # another program wrote the file again
                content = content.take(rows)
            values = np.empty((content.num_rows, len(names)), np.float32)
            for column, name in enumerate(names):
                values[:, column] = content.column(name).to_numpy()
            yield content, values


def _numbers(content: Any, name: str, dtype: type[np.number[Any]]) -> Any:  # noqa: ANN401 - pyarrow has no types
    column = content.column(name)
    if column.null_count:
        raise ValueError(f"{name} lacks values")
    return np.array(column.to_numpy(), dtype=dtype)
