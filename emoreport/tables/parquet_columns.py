"""Columns of Parquet files of readings: written, read and checked alike for every kind of readings.

NaN is stored as null and comes back as NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, BinaryIO, Final

import numpy as np

from emoreport.records import Columns, WitnessReadings
from emoreport.tables.arrow_arrays import list_array, number_array, numbers_of, text_array
from emoreport.tables.parquet_files import schema_facts, schema_metadata
from emoreport.tables.schema import Table
from emoreport.vocabulary import PROBABILITY_PREFIX, WITNESS_PREFIX

LAYOUT: Final = 1
ROWS_AT_ONCE: Final = 8192
"""Rows that the writer holds in its buffers: five minutes of video at 25 frames a second."""
BOX: Final = ("x", "y", "width", "height")
_PROBABILITY_SLACK: Final = 1e-3
"""How far a stored probability may leave 0–1 (rounding in a model) before it counts as damage."""


def write_columns(
    stream: BinaryIO, table: Table, columns: Columns, facts: Mapping[str, object]
) -> None:
    """Write the columns of a table as a Parquet file; `facts` say what it holds.

    Raises
    ------
    ValueError
        When a further column has the name of a column of the file.
    OSError
        When the stream cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if len(set(table.names)) != len(table.names):
        raise ValueError(f"two columns of the {facts['content']} have one name: {table.names}")
    metadata = schema_metadata({"layout": LAYOUT, **facts, "columns": table.names})
    makers: dict[str, Callable[..., Any]] = {
        "emotion": text_array,
        "speech_spans": list_array,
    }

    def array(name: str, start: int) -> Any:  # noqa: ANN401 - pyarrow has no types
        make: Callable[..., Any] = makers.get(name, number_array)
        return make(columns[name][start : start + ROWS_AT_ONCE])

    def part(start: int) -> Any:  # noqa: ANN401 - pyarrow has no types
        arrays = [array(name, start) for name in table.names]
        return pa.Table.from_arrays(arrays, names=list(table.names), metadata=metadata)

    first, rows = part(0), len(columns[table.names[0]])
    texts = [field.name for field in first.schema if pa.types.is_string(field.type)]
    with pq.ParquetWriter(
        stream, first.schema, compression="zstd", use_dictionary=texts, write_page_checksum=True
    ) as writer:
        writer.write_table(first)
        for start in range(ROWS_AT_ONCE, rows, ROWS_AT_ONCE):
            writer.write_table(part(start))
    del first
    pa.default_memory_pool().release_unused()


def labels_of(names: Sequence[str], prefix: str = PROBABILITY_PREFIX) -> tuple[str, ...]:
    """Labels of the run of probability columns with this prefix, in order."""
    return tuple(name.removeprefix(prefix) for name in names if name.startswith(prefix))


def further_names(names: Sequence[str]) -> list[str]:
    """Names of further columns, those of the witness left out."""
    return [name for name in names if not name.startswith(WITNESS_PREFIX)]


def check_names(content: Any, table: Table, labels: tuple[str, ...], kind: str) -> None:  # noqa: ANN401 - pyarrow has no types
    """Raise ValueError where a file has other columns than `table`, or tells otherwise."""
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


def floats(content: Any, name: str, dtype: type[np.floating[Any]]) -> Any:  # noqa: ANN401 - pyarrow has no types
    """Column of numbers, NaN where it has none."""
    import pyarrow as pa

    return numbers_of(content.column(name).cast(pa.from_numpy_dtype(dtype)), dtype)


def own_floats(content: Any, name: str) -> Any:  # noqa: ANN401 - pyarrow has no types
    """Column of numbers, float64 where it is stored so, else float32."""
    import pyarrow as pa

    is_double = pa.types.is_float64(content.schema.field(name).type)
    return floats(content, name, np.float64 if is_double else np.float32)


def complete_column(content: Any, name: str, dtype: type[np.number[Any]]) -> Any:  # noqa: ANN401 - pyarrow has no types
    """Column that has a finite value in every row."""
    import pyarrow as pa

    column = content.column(name)
    if column.null_count:
        raise ValueError(f"{name} lacks values")
    values = numbers_of(column.cast(pa.from_numpy_dtype(dtype)), dtype)
    if not np.isfinite(values).all():
        raise ValueError(f"{name} has values that are not finite")
    return values


def matrix(content: Any, names: Sequence[str]) -> Any:  # noqa: ANN401 - pyarrow has no types
    """Columns of numbers side by side, float32 (rows, columns)."""
    values = np.empty((content.num_rows, len(names)), dtype=np.float32)
    for index, name in enumerate(names):
        values[:, index] = floats(content, name, np.float32)
    return values


def witness_of(content: Any, labels: tuple[str, ...]) -> WitnessReadings | None:  # noqa: ANN401 - pyarrow has no types
    """Probabilities of a second model; None without its labels."""
    if not labels:
        return None
    if "" in labels:
        raise ValueError("a column of the witness has no name of its own")
    return WitnessReadings(labels, probabilities_of(content, labels, WITNESS_PREFIX))


def probabilities_of(content: Any, labels: Sequence[str], prefix: str = PROBABILITY_PREFIX) -> Any:  # noqa: ANN401 - pyarrow has no types
    """Probabilities of a model, float32 (rows, labels); ValueError where one is none."""
    values = matrix(content, [f"{prefix}{label}" for label in labels])
    present = values[~np.isnan(values)]
    if ((present < -_PROBABILITY_SLACK) | (present > 1 + _PROBABILITY_SLACK)).any():
        raise ValueError("a probability is outside 0–1")
    return values
